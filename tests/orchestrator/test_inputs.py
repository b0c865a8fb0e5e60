import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helper.documents import MAX_BYTES
from helper.kube import Kube
from orchestrator.errors import ClusterError, PermissionsError, SourceError, StopError, UsageError
from orchestrator.inputs import Connect, Given, read
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.target import Target, open_cluster
from tests.fakes.scripted_server import Answer, ScriptedServer

TEXT = "kind: RecipeResult\n"


def problem(location: str, connect: Connect | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        read(location, "recipe", connect)
    return str(caught.value)


def test_reads_a_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"a: \xff\n")

    assert read(str(path), "recipe") == Given(b"a: \xff\n", str(path))


def test_reads_a_file_of_exactly_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"x" * MAX_BYTES)

    assert len(read(str(path), "recipe").data) == MAX_BYTES


def test_refuses_one_byte_more(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(b"x" * (MAX_BYTES + 1))

    assert problem(str(path)) == f"recipe {path}: larger than the {MAX_BYTES} bytes that are read"


def test_says_that_a_file_is_missing(tmp_path: Path) -> None:
    assert problem(str(tmp_path / "no")) == f"recipe {tmp_path / 'no'}: no such file"


def test_names_a_file_of_almost_that_name(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").touch()

    assert problem(str(tmp_path / "recipe.yml")).endswith("no such file, did you mean recipe.yaml?")


def test_says_that_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problem(str(tmp_path)) == f"recipe {tmp_path}: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_says_that_a_file_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.touch(mode=0o000)

    assert problem(str(path)) == f"recipe {path}: Permission denied"


@pytest.mark.parametrize(
    "path", [pytest.param("a\0b", id="null"), pytest.param("a\ud800b", id="lone-surrogate")]
)
def test_says_what_can_be_no_path(path: str) -> None:
    assert problem(path).endswith(": no path")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        pytest.param("file:///etc/recipe.yaml", "leave out file://", id="file"),
        pytest.param("htps://host/recipe.yaml", "did you mean https?", id="misspelt"),
        pytest.param("oci://me:secret@host/recipe", "oci://host/recipe: oci:// is not", id="other"),
    ],
)
def test_names_the_scheme_that_it_does_not_read(location: str, said: str) -> None:
    found = problem(location)

    assert said in found
    assert "secret" not in found


@pytest.mark.parametrize("suffix", [".table", ".txt", ".TXT"])
def test_refuses_formats_that_are_for_people(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"snapshot{suffix}"
    path.touch()

    assert problem(str(path)).endswith("file is for people; give YAML or JSON")


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\n")))

    found = read("-", "recipe")

    assert found == Given(b"a: 1\n", "standard input")
    assert found.origin == "standard input"


def test_standard_input_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * (MAX_BYTES + 1))))

    assert "standard input: larger than" in problem("-")


def test_says_that_standard_input_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert problem("-") == "recipe standard input: cannot be read"


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on loopback goes through a proxy of this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.usefixtures("no_proxy")
def test_a_url_is_read_and_named_without_its_secrets() -> None:
    with ScriptedServer([Answer(200, TEXT.encode())]).running() as server:
        url = server.url.replace("http://", "http://me:secret@")
        given = read(f"{url}/recipe.yaml?token=secret", "recipe")

    assert given == Given(TEXT.encode(), f"{server.url}/recipe.yaml")
    assert server.requests[0].query == {"token": "secret"}


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        pytest.param(Answer(404), UsageError, "HTTP 404 Not Found", id="not-found"),
        pytest.param(Answer(401), UsageError, "HTTP 401 Unauthorized", id="not-allowed"),
        pytest.param(Answer(500), SourceError, "HTTP 500 Internal", id="server-error"),
        pytest.param(Answer(429), SourceError, "HTTP 429 Too Many", id="busy"),
        pytest.param(
            Answer(200, b"x" * (MAX_BYTES + 1)), UsageError, "larger than the", id="too-large"
        ),
    ],
)
def test_an_answer_that_is_final_is_wrong_input_and_any_other_a_server_out_of_reach(
    answer: Answer, kind: type[StopError], said: str
) -> None:
    with ScriptedServer([answer]).running() as server, pytest.raises(kind) as caught:
        read(f"{server.url}/recipe.yaml", "recipe")

    assert str(caught.value).startswith(f"recipe {server.url}/recipe.yaml: {said}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("https://me:secret@[::1/r.yaml", "https://…: no valid URL", id="address"),
        pytest.param("https://me:secret@host:port/r", "https://…: no valid URL", id="port"),
        pytest.param("https://", "https://: no valid URL", id="nothing"),
        pytest.param("https://host/r.txt?x=1", "https://host/r.txt: a .txt file", id="suffix"),
    ],
)
def test_says_what_is_no_url(url: str, said: str) -> None:
    assert problem(url).startswith(f"recipe {said}")


class Cluster:
    """A replay cluster with a ConfigMap, and how an operator reaches it."""

    def __init__(self, folder: Path, **data: str) -> None:
        metadata = {"name": "my.recipe", "namespace": "team"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
        self.cluster = ReplayCluster(objects=[namespace, body])
        self._kubeconfig = folder / "kubeconfig"

    @contextmanager
    def connect(self) -> Iterator[Kube]:
        with self.cluster.serve() as server:
            server.write_kubeconfig(self._kubeconfig)
            with open_cluster(Target(kubeconfig=str(self._kubeconfig)), {}) as kube:
                yield kube


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"snapshot.yaml": TEXT}, id="key-of-snapshots"),
        pytest.param({"recipe.yaml": TEXT, "snapshot.yaml": "other"}, id="own-key-first"),
        pytest.param({"snapshot.json": TEXT, "format": "json"}, id="format"),
        pytest.param(
            {"snapshot.json": TEXT, "snapshot.yaml": "other", "format": "json"}, id="format-decides"
        ),
        pytest.param({"snapshot.json": TEXT, "format": "yaml"}, id="format-of-nothing"),
    ],
)
def test_a_config_map_is_read(tmp_path: Path, data: dict[str, str]) -> None:
    cluster = Cluster(tmp_path, **data)

    given = read("cm://team/my.recipe", "recipe", cluster.connect)

    assert given == Given(TEXT.encode(), "cm://team/my.recipe")


@pytest.mark.parametrize(
    ("location", "data", "said"),
    [
        pytest.param("cm://team", {}, "want cm://NAMESPACE/NAME", id="no-name"),
        pytest.param("cm://team/a/b", {}, "want cm://NAMESPACE/NAME", id="three-parts"),
        pytest.param("cm://Team/a", {}, "want cm://NAMESPACE/NAME", id="upper-case"),
        pytest.param("cm://team/..%2fx", {}, "want cm://NAMESPACE/NAME", id="a-path"),
        pytest.param("cm://team/other", {}, "cm://team/other: no such ConfigMap", id="missing"),
        pytest.param("cm://team/my.recipe", {}, "none of the keys recipe.yaml, ", id="no-key"),
        pytest.param(
            "cm://team/my.recipe", {"snapshot.txt": "x"}, "none of the keys", id="a-table"
        ),
        pytest.param(
            "cm://team/my.recipe", {"recipe.yaml": "é" * MAX_BYTES}, "larger than", id="large"
        ),
    ],
)
def test_says_which_config_map_and_why_not(
    tmp_path: Path, location: str, data: dict[str, str], said: str
) -> None:
    assert said in problem(location, Cluster(tmp_path, **data).connect)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        pytest.param(403, PermissionsError, "not allowed to look", id="forbidden"),
        pytest.param(500, ClusterError, "get configmaps my.recipe in team", id="server-error"),
    ],
)
def test_a_config_map_that_cannot_be_looked_at_is_no_missing_one(
    tmp_path: Path, status: int, kind: type[StopError], said: str
) -> None:
    cluster = Cluster(tmp_path)
    fault: dict[str, Any] = {"verb": "get", "resource": "configmaps", "status": status}
    cluster.cluster.faults.append(Fault(**fault))

    with pytest.raises(kind) as caught:
        read("cm://team/my.recipe", "recipe", cluster.connect)

    assert said in str(caught.value)


def test_without_a_cluster_no_config_map_is_read() -> None:
    assert problem("cm://team/recipe").endswith("no cluster is asked here; give a file or a URL")
