from helper import documents
from orchestrator import manifests, overlay
from orchestrator.catalog import Catalog
from orchestrator.plan import build
from orchestrator.rights import Rights
from tests.orchestrator.conftest import Golden
from tests.orchestrator.samples import (
    NAMESPACE,
    OWNER,
    RUN_ID,
    Json,
    context,
    entry,
    full_check,
    full_context,
    plan,
    planned,
    recipe,
)

NODES_RULE = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}


def test_the_identity_of_a_check(golden: Golden) -> None:
    objects = [body for _, body in manifests.identity(full_context(), full_check())]

    golden("manifests/identity.yaml", "---\n".join(map(documents.dump, objects)))


def test_every_object_can_be_found_by_its_run() -> None:
    check, given = full_check(), full_context()
    objects = [
        manifests.run_record(given, {}),
        manifests.data_config_map(given, "snapshot", ""),
        manifests.job(given, check),
        manifests.job(given, check)["spec"]["template"],
        *(body for _, body in manifests.identity(given, check)),
    ]

    for body in objects:
        labels = body["metadata"]["labels"]
        assert labels["aicr.run/run-id"] == RUN_ID
        assert labels["app.kubernetes.io/name"] == "aicr-validator"
        assert labels["app.kubernetes.io/component"] == "validation"
        assert labels["app.kubernetes.io/managed-by"] == "aicr"


def test_what_belongs_to_a_check_names_it() -> None:
    check, given = full_check(), full_context()
    bodies = [manifests.job(given, check), *(body for _, body in manifests.identity(given, check))]

    for body in bodies:
        labels = body["metadata"]["labels"]
        assert labels["aicr.run/check"] == "operator-health"
        assert labels["aicr.run/phase"] == "deployment"


def owned(body: Json) -> bool:
    return bool(body["metadata"].get("ownerReferences") == [OWNER])


def test_only_objects_beside_the_run_record_are_owned_by_it() -> None:
    check, given = full_check(), full_context()
    bodies = [
        manifests.data_config_map(given, "snapshot", ""),
        manifests.job(given, check),
        *(body for _, body in manifests.identity(given, check)),
    ]

    for body in bodies:
        namespace = body["metadata"].get("namespace")
        cluster_scoped = body["kind"].startswith("ClusterRole")
        beside = not cluster_scoped and namespace in (None, NAMESPACE)
        assert owned(body) is beside, f"{body['kind']} in {namespace}"
    assert not owned(manifests.run_record(given, {}))


def test_an_owner_is_the_object_that_the_server_made() -> None:
    made = {**manifests.run_record(context(), {"recipe": "r.yaml"})}
    made["metadata"] = {**made["metadata"], "uid": "u-1"}

    assert manifests.owner_of(made) == OWNER
    assert made["data"] == {"recipe": "r.yaml"}


def test_an_identity_is_exactly_what_was_granted() -> None:
    check = full_check()
    found = manifests.identity(context(), check)

    assert [resource.kind for resource, _ in found] == [body["kind"] for _, body in found]
    assert [(body["kind"], body["metadata"].get("namespace")) for _, body in found] == [
        ("ServiceAccount", NAMESPACE),
        ("ClusterRole", None),
        ("ClusterRoleBinding", None),
        ("Role", NAMESPACE),
        ("RoleBinding", NAMESPACE),
        ("Role", "gpu-operator"),
        ("RoleBinding", "gpu-operator"),
    ]
    roles = [body for _, body in found if body["kind"] in ("Role", "ClusterRole")]
    assert [role["rules"] for role in roles] == [
        list(check.grants.cluster),
        list(check.grants.by_namespace[NAMESPACE]),
        list(check.grants.by_namespace["gpu-operator"]),
    ]


def test_a_binding_gives_its_own_role_to_its_own_account_only() -> None:
    check = full_check()
    bindings = [
        body for _, body in manifests.identity(context(), check) if body["kind"].endswith("Binding")
    ]

    for body in bindings:
        assert body["subjects"] == [
            {"kind": "ServiceAccount", "name": check.object_name, "namespace": NAMESPACE}
        ]
        assert body["roleRef"]["name"] == check.object_name
        assert body["roleRef"]["kind"] == body["kind"].removesuffix("Binding")
        assert body["metadata"]["name"] == check.object_name


def test_a_check_without_rules_has_an_account_and_no_rights() -> None:
    found = manifests.identity(context(), planned())

    assert [body["kind"] for _, body in found] == ["ServiceAccount"]


def test_a_job_runs_as_the_account_of_its_check() -> None:
    check = full_check()
    job = manifests.job(context(), check)

    assert job["metadata"]["name"] == check.object_name
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == check.object_name


def test_a_check_may_get_everything_when_the_operator_says_so() -> None:
    [check] = plan(entry(rbac=[NODES_RULE]), rights=Rights("cluster-admin")).checks

    account, binding = (body for _, body in manifests.identity(context(), check))

    assert (account["kind"], binding["kind"]) == ("ServiceAccount", "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == "cluster-admin"
    assert binding["subjects"][0]["name"] == account["metadata"]["name"]


def test_what_somebody_else_wrote_gets_everything_only_when_it_is_trusted() -> None:
    built_in = Catalog.model_validate({"validators": []})
    own = Catalog.model_validate({"validators": [entry(rbac=[NODES_RULE])]})
    merged = overlay.merge(built_in, own)

    def made(rights: Rights) -> list[str]:
        [check] = build(merged, recipe("alpha"), rights=rights).checks
        return [resource.kind for resource, _ in manifests.identity(context(), check)]

    assert made(Rights("cluster-admin")) == ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
    trusted = Rights("cluster-admin", trust_external=True)
    assert made(trusted) == ["ServiceAccount", "ClusterRoleBinding"]


def test_under_an_existing_account_nothing_is_made() -> None:
    [check] = plan(entry(rbac=[NODES_RULE]), rights=Rights("existing", "checker")).checks

    assert manifests.identity(context(), check) == []
    pod = manifests.job(context(), check)["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "checker"
