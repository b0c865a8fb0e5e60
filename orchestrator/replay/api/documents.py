"""What an API server answers outside its objects: discovery, version, health."""

from helper.kinds import Resource
from orchestrator.replay import discovery, openapi
from orchestrator.replay.api.answer import Answer
from orchestrator.replay.api.request import Request, Target
from orchestrator.replay.objects import Json
from orchestrator.replay.state import State
from orchestrator.replay.statuses import (
    ApiError,
    method_not_allowed,
    not_emulated,
    path_not_found,
    resource_not_found,
)

_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_SERVICES = Resource("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False)
_GROUP_PARTS = 3  # /apis/GROUP


class Documents:
    """Describes one cluster."""

    def __init__(self, state: State, address: str) -> None:
        self._state = state
        self._address = address

    def answer(self, request: Request, target: Target | None) -> Answer:
        """Answer a request outside the resource tree; raises ApiError 404, 405 or 501."""
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        path = request.path.rstrip("/")
        if path in _HEALTH:
            return Answer(200, "ok")
        if path == "/version":
            return Answer(200, discovery.version_document(self._state.server_version))
        found = self._described(path) or self._discovered(path, target)
        if found is not None:
            return Answer(200, found)
        if target is not None:
            raise self.unserved(target)
        if path.startswith(("/openapi", "/metrics", "/logs", "/debug")):
            raise not_emulated(f"{request.method} {request.path}")
        raise path_not_found()

    def _described(self, path: str) -> Json | None:
        kinds = self._state.kinds.all()
        if path == "/openapi/v3":
            return openapi.index(kinds)
        place = path.removeprefix("/openapi/v3/")
        return openapi.document(kinds, place, self._state.server_version) if place != path else None

    def _discovered(self, path: str, target: Target | None) -> Json | None:
        kinds = self._state.kinds.all()
        if path == "/api":
            return discovery.core_versions(self._address)
        if path == "/apis":
            services = [(s["group"], s["version"]) for s in self._services()]
            return discovery.group_list(kinds, services)
        if target is not None:
            if not self._state.kinds.serves_version(target.group, target.version):
                return None
            return discovery.resource_list(kinds, target.group, target.version)
        parts = path.split("/")
        if len(parts) == _GROUP_PARTS and parts[1] == "apis":
            versions = {k.resource.version for k in kinds if k.resource.group == parts[2]}
            if versions:
                document = discovery.group_document(parts[2], versions)
                return {"kind": "APIGroup", "apiVersion": "v1", **document}
        return None

    def unserved(self, target: Target) -> ApiError:
        """Give the error for a path whose resource nobody serves."""
        for service in self._services():
            if (service["group"], service["version"]) == (target.group, target.version):
                place = f"/apis/{target.group}/{target.version}"
                return not_emulated(place, "an aggregated API; no answer was recorded (replies/)")
        why = self._state.gaps.undiscovered(target.group, target.version)
        if why:
            return not_emulated(f"/apis/{target.group}/{target.version}", why)
        served = self._state.kinds.serves_group(target.group)
        return resource_not_found() if served else path_not_found()

    def _services(self) -> list[Json]:
        """Give the specs of aggregated APIs: their answers can only be recorded."""
        found = [service.get("spec") or {} for service in self._state.store.objects(_SERVICES)]
        return [spec for spec in found if spec.get("service")]
