from typing import Any

import pytest

from helper.check import SkipCode
from orchestrator import plan as planning
from orchestrator.catalog import Catalog
from orchestrator.errors import UsageError
from orchestrator.outcome import PhaseStatus, Status
from orchestrator.plan import Plan
from orchestrator.rights import Grants
from orchestrator.selection import Label, Selection, narrow
from tests.orchestrator.engine import Engine, everything, script
from tests.orchestrator.samples import component, entry, recipe

PODS = {"resources": ["pods"], "verbs": ["list"]}
ENTRIES = (
    entry("dra-support", requirement="dra_support", rbac=[PODS]),
    entry("gang-scheduling", requirement="gang_scheduling"),
    entry("gpu-load", locks=["gpu"], rbac=[PODS]),
    entry("not-in-recipe"),
)
CATALOG = Catalog.model_validate({"validators": list(ENTRIES)})


def planned() -> Plan:
    given = recipe("dra-support", "gang-scheduling", "gpu-load", componentRefs=[component()])
    return planning.build(CATALOG, given, ["conformance"])


ALL = ["dra-support", "gang-scheduling", "gpu-load"]


def chosen(*checks: str, skips: tuple[str, ...] = (), labels: tuple[str, ...] = ()) -> list[str]:
    narrowed = narrow(planned(), Selection.of(checks, skips, labels), CATALOG)
    return [check.name for check in narrowed.checks if not check.refusal]


@pytest.mark.parametrize(
    ("checks", "skips", "labels", "left"),
    [
        pytest.param([], [], [], ALL, id="nothing-said"),
        pytest.param(["dra-support"], [], [], ["dra-support"], id="one-name"),
        pytest.param(["g*"], [], [], ["gang-scheduling", "gpu-load"], id="a-glob"),
        pytest.param(["g*"], ["gpu-*"], [], ["gang-scheduling"], id="skip-wins"),
        pytest.param([], ["not-in-recipe"], [], ALL, id="what-the-recipe-leaves-out-anyway"),
        pytest.param([], [], ["lock!=gpu"], ALL[:2], id="without-a-lock"),
        pytest.param([], [], ["requirement=d*"], ["dra-support"], id="requirement"),
        pytest.param([], [], ["requirement=*", "requirement!=d*"], ["gang-scheduling"], id="and"),
    ],
)
def test_the_operator_narrows_what_the_recipe_selects(
    checks: list[str], skips: list[str], labels: list[str], left: list[str]
) -> None:
    assert chosen(*checks, skips=tuple(skips), labels=tuple(labels)) == left


def test_what_is_left_out_stays_in_the_plan_without_image_and_rights() -> None:
    narrowed = narrow(planned(), Selection.of([], ["gpu-load"], []), CATALOG)

    found = narrowed.checks[2]
    assert (found.name, found.skip) == ("gpu-load", SkipCode.USER_EXCLUDED)
    assert found.refusal == "left out by --skip gpu-load"
    assert (found.image, found.grants, found.locks) == ("", Grants(), frozenset())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param((["dra-suport"], [], []), "did you mean dra-support?", id="name"),
        pytest.param(([], ["nothing-*"], []), "--skip nothing-*: no such check", id="glob"),
        pytest.param(
            (["not-in-recipe"], [], []),
            "the recipe does not select it in conformance; it selects dra-support, gang",
            id="not-of-the-recipe",
        ),
        pytest.param(([], ["*"], []), "leave out all 3 selected checks", id="empty"),
        pytest.param((["dra-*"], ["dra-*"], []), "nothing would be tested", id="contradiction"),
        pytest.param(([], [], ["gpu"]), "want KEY=VALUE", id="label-without-value"),
        pytest.param(([], [], ["=gpu"]), "want KEY=VALUE", id="label-without-key"),
        pytest.param(([], [], ["phse=x"]), "did you mean phase?", id="label-key"),
        pytest.param(([], [], ["lock!=gpuu"]), "no check has this lock, did", id="label-value"),
    ],
)
def test_what_means_nothing_is_an_error(given: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        narrow(planned(), Selection.of(*given), CATALOG)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_label_is_shown_as_it_was_given() -> None:
    assert [str(Label.parse(text)) for text in ("lock!=gpu", "phase=a")] == ["lock!=gpu", "phase=a"]


def test_a_check_that_is_left_out_is_skipped_and_its_phase_is_not_passed() -> None:
    class Narrowed(Engine):
        def plan(self) -> Plan:
            catalog = Catalog.model_validate({"validators": list(self.entries)})
            return narrow(super().plan(), Selection.of(["alpha"], [], []), catalog)

    done = Narrowed([entry("alpha"), entry("beta")], [script("alpha"), script("beta")]).run()

    left_out = done.outcome("beta")
    assert (left_out.status, left_out.facts) == (Status.SKIPPED, {"skip": "user-excluded"})
    assert left_out.message == "left out by --check alpha"
    assert done.outcome("alpha").status is Status.PASSED
    assert [phase.status for phase in done.result.phases if phase.outcomes] == [
        PhaseStatus.NARROWED
    ]
    assert (int(done.result.exit), done.result.complete) == (0, True)
    made = [r.path for r in done.cluster.requests if r.method == "POST"]
    assert not any("beta" in str(obj) for obj in everything(done.cluster))
    assert sum(path.endswith("/jobs") for path in made) == 1
