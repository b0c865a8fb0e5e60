"""`-o cm://NAMESPACE/NAME`: the report in a ConfigMap of the cluster that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from helper import contract
from helper.errors import CannotTell, Forbidden, NotFound
from helper.kinds import CONFIG_MAPS, NAMESPACES
from helper.kube import Kube
from helper.resource import labels
from orchestrator.errors import ClusterError, PermissionsError, UsageError
from orchestrator.inputs import CONFIG_MAP_NAME
from orchestrator.shrink import shrink

Json = dict[str, Any]

KEY = "report.json"
# Not those of a run's own objects: a report outlives its run, and `gc` leaves it alone.
OWN = {contract.LABEL_NAME: "aicr", contract.LABEL_COMPONENT: "validation"}


@dataclass(frozen=True)
class ReportMap:
    """The ConfigMap that an operator wants the report in."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, location: str) -> Self:
        """Read `cm://NAMESPACE/NAME`; UsageError for anything else."""
        match = CONFIG_MAP_NAME.fullmatch(location)
        if not match:
            raise UsageError(f"--output {location}: want cm://NAMESPACE/NAME")
        return cls(*match.groups())

    def __str__(self) -> str:
        return f"cm://{self.namespace}/{self.name}"

    def check(self, kube: Kube, run_namespace: str) -> None:
        """Make sure before the run that the report can be written after it; StopError if not."""
        try:
            found = kube.find(CONFIG_MAPS, self.name, self.namespace)
            if found and not OWN.items() <= labels(found).items():
                raise UsageError(
                    f"--output {self}: exists, and is no report of this program; choose another "
                    "name or delete it"
                )
            is_there = kube.find(NAMESPACES, self.namespace) is not None
            if not is_there and self.namespace == run_namespace:
                self._ask(kube)  # the run makes it
            elif not is_there:
                raise UsageError(f"--output {self}: no namespace {self.namespace}")
            else:
                self._apply(kube, {KEY: "{}"}, dry_run=True)
        except Forbidden as error:
            raise PermissionsError(f"--output {self}: not allowed to write: {error}") from error
        except CannotTell as error:
            raise ClusterError(f"--output {self}: {error}") from error

    def write(self, kube: Kube, report: Mapping[str, Any], version: str) -> None:
        """Write the report; evidence that a ConfigMap cannot hold is left out of it."""
        timestamp = str(report.get("timestamp", ""))
        text = shrink(report, contract.CONFIG_MAP_BYTES)
        data = {KEY: text + "\n", "format": "json", "timestamp": timestamp}
        self._apply(kube, data, version=version)

    def _ask(self, kube: Kube) -> None:
        for verb in ("create", "patch"):
            if not kube.allowed(verb, CONFIG_MAPS, self.namespace):
                raise PermissionsError(
                    f"--output {self}: not allowed to {verb} configmaps in {self.namespace}"
                )

    def _apply(
        self, kube: Kube, data: Mapping[str, str], *, version: str = "", dry_run: bool = False
    ) -> None:
        tags = {**OWN, contract.LABEL_MANAGED_BY: contract.MANAGER}
        body: Json = {
            "apiVersion": CONFIG_MAPS.api_version,
            "kind": CONFIG_MAPS.kind,
            "metadata": {"name": self.name, "labels": {**tags, **_version_label(version)}},
            "data": dict(data),
        }
        try:
            kube.apply(CONFIG_MAPS, body, self.namespace, dry_run=dry_run)
        except NotFound as error:
            raise UsageError(f"--output {self}: {error}") from error


def _version_label(version: str) -> dict[str, str]:
    return {"app.kubernetes.io/version": version.replace("+", "-")} if version else {}
