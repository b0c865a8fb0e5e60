"""The language of faults, on the command line and in a folder."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3

from orchestrator.errors import UsageError
from orchestrator.replay import ReplayCluster, ReplayError
from orchestrator.replay.clock import CLOCK
from orchestrator.replay.faultspec import KINDS, Eviction, parse_fault
from orchestrator.target import Target
from tests.contract.conftest import eventually
from tests.contract.http import Server, client, replay_server
from tests.fakes.objects import node
from tests.orchestrator.replay.conftest import IMAGE, Bench, Serve
from tests.orchestrator.replay.test_folder import CLUSTER, write

FLAGS = {"replay": "", "kubeconfig": "", "context": ""}


def test_a_kind_alone_is_a_fault() -> None:
    assert {type(parse_fault(kind)) for kind in KINDS} == set(KINDS.values())


def test_keys_follow_the_kind() -> None:
    fault = parse_fault("eviction:check=dra-support, by=api,after=1m30s,times=2")

    assert isinstance(fault, Eviction)
    assert (fault.check, fault.by, fault.after, fault.times) == ("dra-support", "api", 90.0, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("evicton", "no fault 'evicton', did you mean eviction?"),
        ("429:evry=2", "429 has no such key, did you mean every?"),
        ("oom:check", "want KEY=VALUE"),
        ("slow:seconds=soon", "'soon' is not a duration"),
        ("eviction:by=nobody", "Input should be 'kubelet', 'api' or 'scheduler'"),
        ("500:status=404", "greater than or equal to 500"),
        ("", "no fault ''"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Target.of({**FLAGS, "replay": "folder", "fault": (text,)})

    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"--fault {text}: ")


@pytest.mark.parametrize(
    ("make", "problem"),
    [(lambda _: None, "no such folder"), (Path.mkdir, "it has no cluster.yaml")],
    ids=["missing", "empty"],
)
def test_a_folder_that_is_no_recorded_cluster_is_named(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    make(tmp_path / "x")
    with pytest.raises(UsageError) as caught:
        Target.of({**FLAGS, "replay": str(tmp_path / "x")})

    assert str(caught.value).startswith(f"--replay {tmp_path / 'x'}: ")
    assert problem in str(caught.value)


def test_a_real_cluster_has_no_faults() -> None:
    with pytest.raises(UsageError, match="give --replay as well"):
        Target.of({**FLAGS, "fault": ("429",)})


def test_a_folder_brings_its_faults(tmp_path: Path, serve: Serve) -> None:
    kind = "apiVersion: replay.aicr.run/v1alpha1\nkind: Fault\n"
    folder = write(
        tmp_path,
        cluster=f"{CLUSTER}faults:\n- {{fault: 429, resource: nodes, retryAfter: 5, every: 1}}\n",
        faults__slow=f"{kind}fault: slow\nseconds: 0.01\n",
    )
    cluster = ReplayCluster.load(folder)
    server = serve(cluster)

    assert server.get("/api/v1/nodes").status == 429
    assert server.get("/api/v1/pods").status == 200
    assert [fault.hits for fault in cluster.faults] == [1, 1]


def test_a_wrong_fault_of_a_folder_names_its_file(tmp_path: Path) -> None:
    write(tmp_path, faults__a="fault: slow\nseconds: many\n")
    with pytest.raises(ReplayError) as caught:
        ReplayCluster.load(tmp_path)

    assert str(caught.value).startswith(f"{tmp_path}/faults/a.yaml: seconds: ")


def test_every_so_many_requests_are_hit_beginning_with_the_first(bench: Bench) -> None:
    bench.cluster.inject(parse_fault("500:resource=nodes,every=3,times=2"))
    found = [bench.server.get("/api/v1/nodes").status for _ in range(9)]

    assert found == [500, 200, 200, 500, 200, 200, 200, 200, 200]


def test_a_restart_refuses_callers_until_it_is_over() -> None:
    cluster = ReplayCluster([node("node-1")], images={IMAGE: ["python"]})
    cluster.inject(parse_fault("restart:seconds=3600,after=0"))
    with cluster.serve() as served, client(served) as server:
        bench = Bench(cluster, server)
        with suppress(urllib3.exceptions.HTTPError):  # its answer may meet the restart
            bench.post("pass")
        eventually(lambda: reached(server) == "refused")
        served.come_back()
        eventually(lambda: reached(server) == "answered")

        assert "Complete" in bench.await_end()


def reached(server: Server) -> str:
    try:
        server.get("/version")
    except urllib3.exceptions.NewConnectionError:
        return "refused"
    except urllib3.exceptions.HTTPError:
        return "broken off"
    return "answered"


def test_a_clock_jumps_while_the_cluster_is_served_and_no_longer() -> None:
    before = CLOCK.now()
    cluster = ReplayCluster([node("node-1")], images={IMAGE: ["python"]})
    cluster.inject(parse_fault("clock-jump:seconds=7200,after=0"))
    with replay_server(cluster) as server:
        Bench(cluster, server).start("import time; time.sleep(10)")
        eventually(lambda: CLOCK.now() > before + timedelta(seconds=7200))

    assert CLOCK.now() < before + timedelta(seconds=7200)


def test_a_node_that_is_lost_says_so_and_keeps_its_pods(bench: Bench) -> None:
    bench.cluster.inject(parse_fault("node-lost:after=0,deleted-after=0.1"))
    path = bench.start("import time; time.sleep(60)")
    eventually(lambda: bench.server.get(path).body["metadata"].get("deletionTimestamp"))
    pod, lost = bench.server.get(path).body, bench.server.get("/api/v1/nodes/node-1").body
    conditions = {c["type"]: c for c in lost["status"]["conditions"]}

    assert (conditions["Ready"]["status"], conditions["Ready"]["reason"]) == (
        "Unknown",
        "NodeStatusUnknown",
    )
    assert {t["effect"] for t in lost["spec"]["taints"]} == {"NoSchedule", "NoExecute"}
    assert "running" in pod["status"]["containerStatuses"][0]["state"]
    assert [
        c["reason"] for c in pod["status"]["conditions"] if c["type"] == "DisruptionTarget"
    ] == ["DeletionByTaintManager"]
    reply = bench.server.get(f"{path}/log")
    assert (reply.status, "no route to host" in reply.message) == (500, True)
