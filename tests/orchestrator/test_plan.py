import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from helper.models import ValidationInput
from orchestrator.catalog import Catalog
from orchestrator.errors import RecipeError, UsageError
from orchestrator.images import ImageRules
from orchestrator.outcome import Status
from orchestrator.plan import (
    NOT_BUILT,
    RUN_ID,
    Plan,
    build,
    new_object_name,
    new_run_id,
    parse_phases,
    parse_run_id,
)
from orchestrator.result import refused
from tests.orchestrator.samples import IMAGE, Json, component, entry, plan, recipe

ALL = ("deployment", "conformance", "performance")


@pytest.mark.parametrize(
    ("given", "phases"),
    [
        pytest.param([], ALL, id="none-is-all"),
        pytest.param(["all"], ALL, id="all"),
        pytest.param(["all", "all"], ALL, id="all-repeated"),
        pytest.param(["conformance"], ("conformance",), id="one"),
        pytest.param(["performance", "deployment"], ("performance", "deployment"), id="as-given"),
        pytest.param(
            ["performance", "deployment", "performance"],
            ("performance", "deployment"),
            id="duplicates-keep-the-first-place",
        ),
    ],
)
def test_reads_the_phases(given: list[str], phases: tuple[str, ...]) -> None:
    assert parse_phases(given) == phases


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["all", "deployment"], "--phase all stands alone", id="all-and-another"),
        pytest.param(
            ["deploymnt"],
            "--phase deploymnt: want one of deployment, conformance, performance, all, did you "
            "mean deployment?",
            id="misspelt",
        ),
        pytest.param(["all", "tests"], "--phase tests: want one of", id="unknown-beside-all"),
        pytest.param(["readiness"], "--phase readiness: want one of", id="readiness-is-no-phase"),
    ],
)
def test_refuses_other_phases(given: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_phases(given)

    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "began"),
    [
        ("20260102-030405-0123456789abcdef", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("20240229-000000-0123456789abcdef", datetime(2024, 2, 29, tzinfo=UTC)),
        ("20261332-256199-0123456789abcdef", None),
        ("20260229-000000-0123456789abcdef", None),
        ("20260102-030460-0123456789abcdef", None),
        ("00000101-000000-0123456789abcdef", None),
        ("20260102-030405-0123456789abcde", None),
        ("20260102-030405-0123456789abcdef\n", None),
        ("", None),
    ],
)
def test_a_run_whose_name_tells_no_time_is_none(text: str, began: datetime | None) -> None:
    assert parse_run_id(text) == began


def test_a_run_is_named_after_its_begin_in_utc() -> None:
    evening = datetime(2026, 1, 2, 22, 4, 5, tzinfo=timezone(timedelta(hours=-5)))

    assert new_run_id(evening).startswith("20260103-030405-")


def test_run_names_are_unique_label_values() -> None:
    found = {new_run_id() for _ in range(1000)}

    assert len(found) == 1000
    assert all(RUN_ID.fullmatch(name) and len(name) == 32 for name in found)


def test_object_names_are_unique_and_short_enough_for_the_longest_check() -> None:
    found = {new_object_name("a" * 49) for _ in range(1000)}

    assert len(found) == 1000
    assert all(re.fullmatch(r"aicr-a{49}-[0-9a-f]{8}", name) for name in found)
    assert max(map(len, found)) == 63


def test_plans_the_selected_checks_in_catalog_order() -> None:
    given = recipe("c", "a", "c")

    found = plan(entry("a"), entry("b"), entry("c"), given=given)

    assert [planned.name for planned in found.checks] == ["a", "c"]


def test_plans_phases_in_the_order_given() -> None:
    given = ValidationInput.model_validate(
        {"config": {"deployment": {"checks": ["a"]}, "conformance": {"checks": ["b"]}}}
    )

    found = plan(
        entry("a", phase="deployment"), entry("b"), given=given, phases=["conformance", *ALL[:1]]
    )

    assert [phase.phase for phase in found.phases] == ["conformance", "deployment"]
    assert [planned.name for planned in found.checks] == ["b", "a"]


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="no-phase-block"),
        pytest.param({"conformance": {}}, id="no-list"),
        pytest.param({"conformance": {"checks": []}}, id="empty-list"),
        pytest.param({"deployment": {"checks": ["alpha"]}}, id="another-phase"),
    ],
)
def test_a_phase_without_a_selection_has_no_checks(config: Json) -> None:
    found = plan(entry(), given=ValidationInput.model_validate({"config": config}))

    assert [phase.phase for phase in found.phases] == ["conformance"]
    assert found.checks == []


def test_an_empty_catalog_leaves_every_check_unknown() -> None:
    found = plan(given=recipe("alpha"))

    assert found.checks[0].refusal.endswith("the catalog has no such check")


@pytest.mark.parametrize(
    ("selected", "refusal"),
    [
        pytest.param(
            "alhpa",
            "the recipe selects alhpa in phase conformance, the catalog has no such check, did "
            "you mean alpha?",
            id="misspelt",
        ),
        pytest.param(
            "beta",
            "the recipe selects beta in phase conformance, the catalog has it in deployment",
            id="another-phase",
        ),
    ],
)
def test_a_check_that_the_catalog_lacks_is_planned_with_the_reason(
    selected: str, refusal: str
) -> None:
    found = plan(entry(), entry("beta", phase="deployment"), given=recipe("alpha", selected))

    assert [planned.name for planned in found.checks] == ["alpha", selected]
    assert found.checks[1].refusal == refusal
    assert found.checks[1].object_name == ""


def test_a_check_that_is_not_built_is_planned_with_the_reason() -> None:
    assert plan(entry(available=False)).checks[0].refusal == NOT_BUILT


def test_a_planned_check_knows_image_budget_locks_and_rights() -> None:
    rule = {"resources": ["nodes"], "verbs": ["list"]}
    one = entry(image=f"{IMAGE}:latest", timeout="2m", locks=["gpu"], rbac=[rule])

    planned = plan(one, rules=ImageRules(version="1.2.3")).checks[0]

    assert planned.image == f"{IMAGE}:v1.2.3"
    assert planned.pull_policy == "IfNotPresent"
    assert planned.timeout_s == 120
    assert planned.locks == {"gpu"}
    assert planned.grants.cluster == ({"apiGroups": [""], **rule},)
    assert planned.refusal == ""


def near_prometheus(*components: Json, requirement: str = "preferred") -> Plan:
    affinity = {
        "componentRef": "prometheus",
        "podLabelSelector": {"app": "prometheus"},
        "requirement": requirement,
    }
    given = recipe("alpha", componentRefs=list(components))
    return plan(entry(dependencyAffinity=[affinity]), given=given)


@pytest.mark.parametrize("requirement", ["preferred", "required"])
def test_a_dependency_is_found_in_the_namespace_of_its_component(requirement: str) -> None:
    found = near_prometheus(
        component("prometheus", namespace="monitoring"), requirement=requirement
    )

    assert [near.namespace for near in found.checks[0].near] == ["monitoring"]
    assert found.warnings == ()


UNRESOLVED = [
    pytest.param((), "is not in the recipe", id="missing"),
    pytest.param(
        (component("prometheus", overrides={"enabled": False}),), "is disabled", id="disabled"
    ),
    pytest.param((component("prometheus", namespace=""),), "has no namespace", id="no-namespace"),
]


@pytest.mark.parametrize(("components", "why"), UNRESOLVED)
def test_an_unresolved_preference_warns(components: tuple[Json, ...], why: str) -> None:
    found = near_prometheus(*components)

    assert found.checks[0].near == ()
    assert found.warnings == (
        f"check alpha runs near component prometheus, which {why}; it runs anywhere",
    )


@pytest.mark.parametrize(("components", "why"), UNRESOLVED)
def test_an_unresolved_requirement_stops_the_run(components: tuple[Json, ...], why: str) -> None:
    with pytest.raises(RecipeError, match=f"near component prometheus, which {why}$"):
        near_prometheus(*components, requirement="required")


def test_each_check_gets_an_object_name_of_its_own() -> None:
    found = plan(entry("a"), entry("b"))

    assert [planned.object_name for planned in found.checks] == [
        "aicr-a-00000000",
        "aicr-b-00000000",
    ]


def test_unknown_checks_that_are_allowed_are_skipped_with_the_reason() -> None:
    catalog = Catalog.model_validate({"validators": [entry("alpha", phase="deployment")]})
    given = recipe("alpha", "no-such")
    found = build(catalog, given, ["conformance"], allow_unknown=True).checks

    outcomes = [refused(item) for item in found]
    assert [outcome.status for outcome in outcomes] == [Status.SKIPPED, Status.SKIPPED]
    assert outcomes[0].message.endswith("the catalog has it in deployment")
    assert outcomes[1].message.endswith("the catalog has no such check")
    assert all(outcome.is_neutral for outcome in outcomes)


def test_a_check_that_is_not_built_is_not_excused_by_that() -> None:
    catalog = Catalog.model_validate({"validators": [entry("alpha", available=False)]})
    [found] = build(catalog, recipe("alpha"), ["conformance"], allow_unknown=True).checks

    assert refused(found).status is Status.OTHER
