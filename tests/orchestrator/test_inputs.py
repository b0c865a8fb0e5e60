import os
from pathlib import Path

import pytest

from helper.documents import MAX_BYTES
from orchestrator.errors import UsageError
from orchestrator.inputs import read


def problem(location: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(location, "recipe")
    return str(caught.value)


def test_reads_a_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"a: \xff\n")

    assert read(str(path), "recipe") == b"a: \xff\n"


def test_reads_a_file_of_exactly_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"x" * MAX_BYTES)

    assert len(read(str(path), "recipe")) == MAX_BYTES


def test_refuses_one_byte_more(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"x" * (MAX_BYTES + 1))

    assert problem(str(path)) == f"recipe {path}: larger than the {MAX_BYTES} bytes that are read"


def test_says_that_a_file_is_missing(tmp_path: Path) -> None:
    assert problem(str(tmp_path / "no")) == f"recipe {tmp_path / 'no'}: no such file"


def test_says_that_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problem(str(tmp_path)) == f"recipe {tmp_path}: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_says_that_a_file_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.touch(mode=0o000)

    assert problem(str(path)) == f"recipe {path}: Permission denied"


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://example.com/recipe.yaml", id="https"),
        pytest.param("cm://namespace/name", id="config-map"),
        pytest.param("oci://registry.example/recipe", id="registry"),
    ],
)
def test_names_the_scheme_that_it_does_not_read(location: str) -> None:
    scheme = location.partition("://")[0]

    assert problem(location) == (
        f"recipe {location}: {scheme}:// is not read by this version, give a file"
    )


@pytest.mark.parametrize("suffix", [".table", ".txt", ".TXT"])
def test_refuses_formats_that_are_for_people(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"snapshot{suffix}"
    path.touch()

    assert problem(str(path)).endswith("file is for people; give YAML or JSON")
