from pathlib import Path

import yaml

from tests.orchestrator.conftest import Command
from tests.orchestrator.engine import entry


def test_only_added_checks_that_will_run_are_named_as_keeping_their_own_rights(
    aicr: Command, tmp_path: Path
) -> None:
    added = [entry("ours", image="registry.example/ours:v1"), entry("theirs")]
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "kind: RecipeResult\nvalidation: {conformance: {checks: [ours, theirs, dra-support]}}\n"
    )
    folder = tmp_path / "data/validators"
    folder.mkdir(parents=True)
    head = {"apiVersion": "validator.nvidia.com/v1alpha1", "kind": "ValidatorCatalog"}
    metadata = {"name": "more", "version": "1"}
    text = yaml.safe_dump({**head, "metadata": metadata, "validators": added})
    (folder / "catalog.yaml").write_text(text)
    how = ("-r", str(recipe), "--data", str(tmp_path / "data"), "--rbac", "cluster-admin")

    said = aicr("plan", *how, "--skip", "theirs")

    assert said.code == 0
    assert "ours came with --data and keep their own rights" in said.err
    assert "theirs came" not in said.err
