"""kubectl finds in the replay cluster what it finds in a real one."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.replay import Outcome, PodMatch, PodOutcome, ReplayCluster
from tests.contract.conftest import NODE, eventually
from tests.e2e.kubectl import Kubectl

LOG = "first\nsecond\nthird\n"
IMAGE = "example.com/none:v1"
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}


@pytest.fixture(scope="module", params=["replay", "real"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, bool]]:
    """The kubeconfig of a cluster, and whether it is a replay."""
    path = tmp_path_factory.mktemp("kubectl") / "kubeconfig"
    if request.param == "real":
        request.getfixturevalue("real_kube")  # skips where there is none
        shutil.copy(os.environ["KUBECONFIG"].split(":")[0], path)
        yield path, False
        return
    scripted = PodOutcome(
        match=PodMatch(labels={"app": "talks"}), outcome=Outcome(exit_code=0, log=LOG)
    )
    with ReplayCluster([NODE], outcomes=[scripted]).serve() as server:
        server.write_kubeconfig(path, for_kubectl=True)
        yield path, True


@pytest.fixture
def kubectl(cluster: tuple[Path, bool]) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own."""
    path, is_replay = cluster
    name = f"aicr-kubectl-{secrets.token_hex(4)}"
    run = Kubectl(path, name, is_replay)
    run("create", "namespace", name)
    run("wait", "--for=create", "serviceaccount/default", "--timeout=20s")
    yield run
    run("delete", "namespace", name, "--wait=false")


@pytest.fixture
def node(kubectl: Kubectl) -> str:
    """The name of a node that is none of KWOK's."""
    return str(get(kubectl, "nodes", "-l", "type!=kwok")["items"][0]["metadata"]["name"])


def get(kubectl: Kubectl, *words: str) -> Any:
    return json.loads(kubectl("get", *words, "-o", "json"))


class TestCreating:
    """What kubectl makes from flags goes out in protobuf, what it reads from files in JSON."""

    @pytest.mark.parametrize(
        ("words", "printed"),
        [
            ("configmap c --from-literal=a=b", "configmap/c created"),
            ("secret generic s --from-literal=a=b", "secret/s created"),
            ("serviceaccount x", "serviceaccount/x created"),
            ("role r --verb=get --resource=pods", "role.rbac.authorization.k8s.io/r created"),
            (
                "rolebinding b --role=r --serviceaccount=default:x",
                "rolebinding.rbac.authorization.k8s.io/b created",
            ),
            ("quota q --hard=pods=3,requests.cpu=2", "resourcequota/q created"),
            ("job j --image=example.com/none:v1 -- a b", "job.batch/j created"),
            ("deployment d --image=example.com/none:v1", "deployment.apps/d created"),
        ],
    )
    def test_from_flags(self, kubectl: Kubectl, words: str, printed: str) -> None:
        assert kubectl("create", *words.split()).strip() == printed

    def test_everything_that_was_said_arrives(self, kubectl: Kubectl) -> None:
        kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
        kubectl("create", "job", "j", f"--image={IMAGE}", "--", "a", "b c")
        kubectl("create", "quota", "q", "--hard=pods=3,requests.cpu=500m")
        containers = get(kubectl, "job/j")["spec"]["template"]["spec"]["containers"]

        assert get(kubectl, "secret/s")["data"] == {"a": "Yg=="}
        assert (containers[0]["image"], containers[0]["command"]) == (IMAGE, ["a", "b c"])
        assert get(kubectl, "quota/q")["spec"]["hard"] == {"pods": "3", "requests.cpu": "500m"}

    def test_from_a_file(self, kubectl: Kubectl) -> None:
        assert kubectl("create", "-f", "-", stdin=json.dumps(MANIFEST)) == "configmap/a created\n"

    def test_a_file_with_an_unknown_field_is_refused(self, kubectl: Kubectl) -> None:
        said = kubectl.fails("create", "-f", "-", stdin=json.dumps({**MANIFEST, "foo": 1}))

        assert 'strict decoding error: unknown field "foo"' in said

    def test_a_dry_run_on_the_server(self, kubectl: Kubectl) -> None:
        words = ("create", "--dry-run=server", "-f", "-")

        assert kubectl(*words, stdin=json.dumps(MANIFEST)) == (
            "configmap/a created (server dry run)\n"
        )
        assert "NotFound" in kubectl.fails("get", "configmap", "a")

    @pytest.mark.parametrize("side", [(), ("--server-side",)])
    def test_applying(self, kubectl: Kubectl, side: tuple[str, ...]) -> None:
        text = json.dumps(MANIFEST)
        kubectl("apply", *side, "-f", "-", stdin=text)
        changed = json.dumps({**MANIFEST, "data": {"other": "w"}})
        kubectl("apply", *side, "-f", "-", stdin=changed)

        assert get(kubectl, "configmap/a")["data"] == {"other": "w"}

    def test_an_apply_conflicts(self, kubectl: Kubectl) -> None:
        text = json.dumps(MANIFEST)
        kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=text)
        other = json.dumps({**MANIFEST, "data": {"k": "w"}})
        words = ("apply", "--server-side", "--field-manager=two", "-f", "-")

        assert 'conflict with "one": .data.k' in kubectl.fails(*words, stdin=other)

    def test_changing(self, kubectl: Kubectl) -> None:
        kubectl("create", "configmap", "c")
        kubectl("label", "configmap", "c", "l=1")
        kubectl("annotate", "configmap", "c", "n=2")
        kubectl("patch", "configmap", "c", "-p", '{"data":{"k":"v"}}')
        found = get(kubectl, "configmap/c")

        assert (found["metadata"]["labels"], found["data"]) == ({"l": "1"}, {"k": "v"})
        assert found["metadata"]["annotations"] == {"n": "2"}

    def test_scaling(self, kubectl: Kubectl) -> None:
        kubectl("create", "deployment", "d", f"--image={IMAGE}", "--replicas=0")
        kubectl("scale", "deployment/d", "--replicas=2")

        assert get(kubectl, "deployment/d")["spec"]["replicas"] == 2


class TestReading:
    """get, describe, api-resources."""

    @pytest.fixture(autouse=True)
    def pods(self, kubectl: Kubectl) -> None:
        for name in ("one", "two"):
            words = ("run", name, f"--image={IMAGE}", f"--labels=app={name}")
            kubectl(*words, '--overrides={"spec":{"nodeSelector":{"no":"node"}}}')

    def test_a_list(self, kubectl: Kubectl) -> None:
        head, *rows = kubectl("get", "pods").splitlines()

        assert head.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
        assert [row.split()[:4] for row in rows] == [
            [name, "0/1", "Pending", "0"] for name in ("one", "two")
        ]

    def test_more_of_it(self, kubectl: Kubectl) -> None:
        head = kubectl("get", "po", "-o", "wide").splitlines()[0]

        assert " ".join(head.split()[5:]) == "IP NODE NOMINATED NODE READINESS GATES"

    @pytest.mark.parametrize(
        "words",
        [
            ("pods", "-l", "app=two"),
            ("pods", "--field-selector", "metadata.name=two"),
            ("pod/two",),
            ("pods", "two"),
        ],
    )
    def test_a_choice(self, kubectl: Kubectl, words: tuple[str, ...]) -> None:
        assert kubectl("get", *words, "--no-headers").split()[0] == "two"

    def test_all_namespaces(self, kubectl: Kubectl) -> None:
        rows = [row.split() for row in kubectl("get", "pods", "-A").splitlines()]

        assert rows[0][:2] == ["NAMESPACE", "NAME"]
        assert [kubectl.namespace, "one"] in [row[:2] for row in rows]

    def test_several_kinds(self, kubectl: Kubectl) -> None:
        printed = kubectl("get", "pods,sa", "-o", "name").splitlines()

        assert printed == ["pod/one", "pod/two", "serviceaccount/default"]

    @pytest.mark.parametrize("form", ["yaml", "jsonpath={.metadata.name}", "name"])
    def test_other_forms(self, kubectl: Kubectl, form: str) -> None:
        assert "one" in kubectl("get", "pod", "one", "-o", form)

    def test_describe(self, kubectl: Kubectl) -> None:
        kubectl("wait", "--for=condition=PodScheduled=False", "pod/one", "--timeout=20s")

        assert "Name:             one" in kubectl("describe", "pod", "one")
        eventually(lambda: "FailedScheduling" in kubectl("describe", "pod", "one"))

    def test_events(self, kubectl: Kubectl) -> None:
        kubectl("wait", "--for=condition=PodScheduled=False", "pod/one", "--timeout=20s")

        eventually(lambda: "pod/one" in kubectl("get", "events"))

    def test_nodes(self, kubectl: Kubectl, node: str) -> None:
        row = kubectl("get", "nodes", node).splitlines()[1].split()

        assert row[:2] == [node, "Ready"]
        assert row[2] in {"<none>", "control-plane"}
        assert "Allocatable" in kubectl("describe", "node", node)

    def test_api_resources(self, kubectl: Kubectl) -> None:
        rows = [row.split() for row in kubectl("api-resources").splitlines()]

        assert ["pods", "po", "v1", "true", "Pod"] in rows
        assert ["jobs", "batch/v1", "true", "Job"] in rows


class TestWaitingAndDeleting:
    """wait in its three forms, delete in its cascades."""

    def test_waits_for_a_field(self, kubectl: Kubectl) -> None:
        told = kubectl("wait", "--for=jsonpath={.status.phase}=Active", f"ns/{kubectl.namespace}")

        assert told == f"namespace/{kubectl.namespace} condition met\n"

    def test_waits_for_a_condition(self, kubectl: Kubectl, node: str) -> None:
        assert "condition met" in kubectl("wait", "--for=condition=Ready", f"node/{node}")

    def test_gives_up(self, kubectl: Kubectl) -> None:
        kubectl("create", "configmap", "c")
        words = ("wait", "--for=condition=Ready", "configmap/c", "--timeout=1s")

        assert "timed out waiting for the condition" in kubectl.fails(*words)

    def test_waits_until_it_is_gone(self, kubectl: Kubectl) -> None:
        kubectl("create", "configmap", "c")
        kubectl("delete", "configmap", "c", "--wait=false")
        kubectl("wait", "--for=delete", "configmap/c", "--timeout=20s")

        assert "NotFound" in kubectl.fails("get", "configmap", "c")

    @pytest.mark.parametrize("cascade", ["background", "foreground"])
    def test_deletes_what_belongs_to_it(self, kubectl: Kubectl, cascade: str) -> None:
        kubectl("create", "job", "j", f"--image={IMAGE}")
        kubectl("wait", "--for=create", "pod", "-l", "job-name=j", "--timeout=20s")
        kubectl("delete", "job", "j", f"--cascade={cascade}")
        kubectl("wait", "--for=delete", "pod", "-l", "job-name=j", "--timeout=40s")

        assert kubectl("get", "pods", "-o", "name") == ""

    def test_leaves_orphans(self, kubectl: Kubectl) -> None:
        kubectl("create", "job", "j", f"--image={IMAGE}")
        kubectl("wait", "--for=create", "pod", "-l", "job-name=j", "--timeout=20s")
        kubectl("delete", "job", "j", "--cascade=orphan")

        assert kubectl("get", "pods", "-o", "name").startswith("pod/j-")


class TestRights:
    """auth can-i, whoami, and acting as somebody else."""

    @pytest.fixture
    def account(self, kubectl: Kubectl) -> str:
        kubectl("create", "role", "r", "--verb=get,list", "--resource=pods")
        who = f"{kubectl.namespace}:default"
        kubectl("create", "rolebinding", "b", "--role=r", f"--serviceaccount={who}")
        account = f"--as=system:serviceaccount:{who}"
        # The server hears of a binding a little after it has written it down.
        eventually(lambda: kubectl.run("auth", "can-i", "list", "pods", account).returncode == 0)
        return account

    def test_the_admin_may(self, kubectl: Kubectl) -> None:
        assert kubectl("auth", "can-i", "create", "pods") == "yes\n"

    def test_an_account_may_or_may_not(self, kubectl: Kubectl, account: str) -> None:
        assert kubectl("auth", "can-i", "list", "pods", account) == "yes\n"
        assert kubectl.run("auth", "can-i", "delete", "pods", account).stdout == "no\n"

    def test_lists_rights(self, kubectl: Kubectl, account: str) -> None:
        rows = [row.split() for row in kubectl("auth", "can-i", "--list", account).splitlines()]

        assert ["pods", "[]", "[]", "[get", "list]"] in rows

    def test_acts_as_an_account(self, kubectl: Kubectl, account: str) -> None:
        assert kubectl("get", "pods", account) == ""
        assert "is forbidden: User" in kubectl.fails("get", "secrets", account)

    def test_says_who_asks(self, kubectl: Kubectl, account: str) -> None:
        assert f"{kubectl.namespace}:default" in kubectl("auth", "whoami", account)


class TestReplayOnly:
    """What needs a script, or is not emulated."""

    @pytest.fixture(autouse=True)
    def only_replay(self, kubectl: Kubectl) -> None:
        if not kubectl.is_replay:
            pytest.skip("a real node has nothing to run")

    @pytest.fixture
    def talking(self, kubectl: Kubectl) -> str:
        kubectl("run", "p", f"--image={IMAGE}", "--labels=app=talks", "--restart=Never")
        kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/p", "--timeout=20s")
        return "p"

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ((), LOG),
            (("-f",), LOG),
            (("--tail=1",), "third\n"),
            (("--since=1h",), LOG),
        ],
    )
    def test_logs(
        self, kubectl: Kubectl, talking: str, words: tuple[str, ...], expected: str
    ) -> None:
        assert kubectl("logs", talking, *words) == expected

    @pytest.mark.usefixtures("talking")
    def test_logs_of_a_selection(self, kubectl: Kubectl) -> None:
        assert kubectl("logs", "-l", "app=talks", "--tail=-1") == LOG

    def test_there_is_no_log_before(self, kubectl: Kubectl, talking: str) -> None:
        assert 'previous terminated container "p" in pod "p" not found' in kubectl.fails(
            "logs", talking, "--previous"
        )

    @pytest.mark.parametrize("verb", ["exec", "attach"])
    def test_nobody_gets_inside(self, kubectl: Kubectl, talking: str, verb: str) -> None:
        said = kubectl.fails(verb, talking, *(["--", "ls"] if verb == "exec" else []))

        assert "the replay cluster does not emulate" in said or "completed pod" in said

    def test_there_are_no_metrics(self, kubectl: Kubectl) -> None:
        assert "Metrics API not available" in kubectl.fails("top", "nodes")
