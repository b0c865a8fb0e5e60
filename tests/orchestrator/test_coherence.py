from typing import Any

import pytest

from orchestrator.coherence import incoherent
from orchestrator.recipe_file import Component

HELM = {"type": "Helm", "source": "https://charts.example", "version": "v1", "chart": "c"}
KUSTOMIZE = {"type": "Kustomize", "source": "https://git.example/x", "path": "deploy"}


def problems(*components: dict[str, Any]) -> list[str]:
    named = [{"name": f"c{n}", **item} for n, item in enumerate(components)]
    return list(incoherent(Component.model_validate(item) for item in named))


@pytest.mark.parametrize(
    "component",
    [
        pytest.param(HELM, id="helm"),
        pytest.param({**HELM, "type": "helm"}, id="lower-case"),
        pytest.param({**HELM, "chart": ""}, id="chart-of-the-component's-name"),
        pytest.param({"type": "Helm", "manifestFiles": ["m.yaml"]}, id="manifests-only"),
        pytest.param(KUSTOMIZE, id="kustomize"),
        pytest.param({**KUSTOMIZE, "tag": "v1"}, id="kustomize-with-tag"),
        pytest.param({}, id="no-type"),
        pytest.param({**HELM, "tag": "x", "overrides": {"enabled": False}}, id="disabled"),
    ],
)
def test_a_component_is_coherent(component: dict[str, Any]) -> None:
    assert problems(component) == []


@pytest.mark.parametrize(
    ("component", "said"),
    [
        pytest.param({**HELM, "patches": [{}]}, "has patches", id="patches"),
        pytest.param({"patches": [{}]}, "has patches", id="patches-without-type"),
        pytest.param({**HELM, "tag": "v1"}, "Helm with tag or path", id="helm-tag"),
        pytest.param({**HELM, "path": "x"}, "Helm with tag or path", id="helm-path"),
        pytest.param({**HELM, "version": "v1 "}, "blanks around version", id="blanks"),
        pytest.param({**HELM, "version": "v"}, "version v", id="bare-v"),
        pytest.param({**HELM, "version": ""}, "without version", id="no-version"),
        pytest.param({"type": "Helm", "chart": "c"}, "chart but without source", id="no-source"),
        pytest.param({"type": "Helm"}, "without source, chart or manifestFiles", id="nothing"),
        pytest.param(
            {"type": "Helm", "preManifestFiles": ["m"]}, "without source", id="earlier-manifests"
        ),
        pytest.param({"type": "Kustomize"}, "Kustomize without path", id="no-path"),
        pytest.param(
            {**KUSTOMIZE, "source": "", "tag": "v1"}, "tag but without source", id="tag-only"
        ),
        pytest.param({**KUSTOMIZE, "manifestFiles": ["m"]}, "with manifestFiles", id="manifests"),
        pytest.param(
            {"type": "Hlem"}, "type 'Hlem', want Helm or Kustomize, did you mean Helm?", id="type"
        ),
    ],
)
def test_names_the_component_and_its_first_problem(component: dict[str, Any], said: str) -> None:
    [found] = problems(component)

    assert found.startswith("c0: ")
    assert said in found


def test_all_components_are_named_in_order() -> None:
    found = problems({"type": "Helm"}, HELM, {"type": "Kustomize"})

    assert [text[:2] for text in found] == ["c0", "c2"]
