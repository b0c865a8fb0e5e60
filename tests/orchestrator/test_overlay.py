import os
from pathlib import Path

import pytest

from helper import documents
from orchestrator.catalog import Catalog
from orchestrator.errors import StopError
from orchestrator.overlay import MAX_FILE_BYTES, apply
from tests.orchestrator.samples import Json, entry

BUILT_IN = Catalog.model_validate(
    {
        "apiVersion": "validator.nvidia.com/v1alpha1",
        "kind": "ValidatorCatalog",
        "metadata": {"name": "built-in", "version": "1"},
        "validators": [entry("alpha", locks=["gpu"]), entry("beta")],
    }
)


def data_folder(folder: Path, *entries: Json, **header: str) -> str:
    path = folder / "validators/catalog.yaml"
    path.parent.mkdir()
    path.write_text(documents.dump({**header, "validators": list(entries)}))
    return str(folder)


def problem(folder: Path | str) -> str:
    with pytest.raises(StopError) as caught:
        apply(BUILT_IN, str(folder))
    return str(caught.value)


def test_without_a_folder_the_built_in_catalog_stays() -> None:
    assert apply(BUILT_IN, "").catalog is BUILT_IN


def test_an_entry_replaces_the_built_in_one_whole_and_in_its_place(tmp_path: Path) -> None:
    mine = entry("alpha", phase="deployment", timeout="9m")

    found = apply(BUILT_IN, data_folder(tmp_path, entry("gamma"), mine))

    assert [item.name for item in found.catalog.validators] == ["alpha", "beta", "gamma"]
    assert found.catalog.validators[0].phase == "deployment"
    assert found.catalog.validators[0].timeout_s == 540
    assert found.catalog.validators[0].locks == []
    assert found.catalog.metadata == BUILT_IN.metadata
    assert found.warnings == ()


def test_a_header_is_not_needed_but_must_be_right(tmp_path: Path) -> None:
    folder = data_folder(tmp_path, entry("alpha"), kind="RecipeResult")

    assert "kind is 'RecipeResult', want 'ValidatorCatalog'" in problem(folder)


def test_names_file_entry_and_field(tmp_path: Path) -> None:
    folder = data_folder(tmp_path, entry("mine", timout="5m"))

    said = f"{tmp_path}/validators/catalog.yaml: entry mine, timout: unknown key, did you mean time"
    assert problem(folder).startswith(said)


def test_one_file_may_not_have_two_entries_of_one_name(tmp_path: Path) -> None:
    folder = data_folder(tmp_path, entry("alpha"), entry("alpha"))

    assert "more than one entry is named alpha" in problem(folder)


def test_a_catalog_without_entries_is_a_mistake(tmp_path: Path) -> None:
    assert "has no validators" in problem(data_folder(tmp_path))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param([], "is empty; entries are read from validators/catalog.yaml", id="empty"),
        pytest.param(["catalog.yaml"], "catalog.yaml not used by this version", id="elsewhere"),
        pytest.param(["registry.yaml", "checks/a.yaml"], "checks/a.yaml", id="others"),
        pytest.param([f"{n}.yaml" for n in range(9)], " and 4 more not used", id="many"),
    ],
)
def test_what_is_not_used_is_told(tmp_path: Path, files: list[str], said: str) -> None:
    for file in files:
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.touch()

    found = apply(BUILT_IN, str(tmp_path))

    assert found.catalog is BUILT_IN
    assert said in found.warnings[0]


def test_says_that_a_folder_is_missing(tmp_path: Path) -> None:
    assert problem(tmp_path / "gone") == f"--data {tmp_path}/gone: no such folder"


def test_says_that_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert problem(tmp_path / "file").endswith("/file: is no folder")


@pytest.mark.parametrize("place", ["validators", "checks/deep", "registry.yaml"])
def test_links_lead_out_of_the_folder_and_are_refused(tmp_path: Path, place: str) -> None:
    folder, outside = tmp_path / "data", tmp_path / "outside"
    outside.mkdir()
    link = folder / place
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)

    assert problem(folder) == f"--data: {link}: is a symbolic link; give the file itself"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert problem(tmp_path).endswith("/pipe: is no regular file")


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)

    assert problem(tmp_path).endswith(f"/large: larger than {MAX_FILE_BYTES} bytes")


def test_a_large_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "validators").mkdir()
    (tmp_path / "validators/catalog.yaml").write_bytes(b"#" * 2 * 1024 * 1024)

    assert "more than the 1048576 that are read" in problem(tmp_path)
