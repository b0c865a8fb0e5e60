"""Recipes made from the example's."""

from helper import documents
from orchestrator import recipe
from tests.example import FOLDER

THRESHOLD = {"name": "nccl-all-reduce-bw", "value": ">= 300", "unit": "GB/s"}


def demanding_recipe() -> recipe.Recipe:
    """The example's recipe with a bandwidth that the cluster must reach."""
    raw = documents.load_mapping((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")
    raw["validation"]["performance"]["constraints"] = [THRESHOLD]
    return recipe.parse(documents.dump(raw), "recipe.yaml")
