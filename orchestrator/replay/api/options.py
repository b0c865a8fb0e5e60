"""Query parameters: what writes, lists and watches understand."""

from collections.abc import Iterator, Mapping

from helper.kinds import Resource
from orchestrator.replay.access import Action
from orchestrator.replay.api.request import Request
from orchestrator.replay.statuses import Cause, invalid, invalid_option

_OPTIONS = {
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}
_LIST_OPTIONS = Resource("meta.k8s.io", "v1", "", "ListOptions")
_NEWER = "NotOlderThan"
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def check(request: Request, action: Action) -> None:
    """Refuse values that a server does not know; raises ApiError 422."""
    if action.verb in ("list", "watch"):
        _check_list(request.query, watch=action.verb == "watch")
    kind = _OPTIONS.get(action.verb)
    if kind is None:
        return
    dry_run = request.query.get("dryRun", "All")
    if dry_run != "All":
        raise invalid_option(kind, "dryRun", f'["{dry_run}"]', ["All"])
    validation = request.query.get("fieldValidation", "")
    if kind != "DeleteOptions" and validation not in _VALIDATIONS:
        raise invalid_option(kind, "fieldValidation", f'"{validation}"', _VALIDATIONS)


def _check_list(query: Mapping[str, str], *, watch: bool) -> None:
    causes = list(_watch_causes(query) if watch else _list_causes(query))
    if causes:
        raise invalid(_LIST_OPTIONS, "", causes)


def _list_causes(query: Mapping[str, str]) -> Iterator[Cause]:
    match, version = query.get("resourceVersionMatch", ""), query.get("resourceVersion", "")
    if query.get("sendInitialEvents"):
        yield _forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents")
    if not match:
        return
    if query.get("continue"):
        yield _forbidden("resourceVersionMatch is forbidden when continue is provided")
    if not version:
        yield _forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match not in ("Exact", _NEWER):
        yield _unsupported(match, f'"Exact", "{_NEWER}", ""')
    if match == "Exact" and version == "0":
        yield _forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')


def _watch_causes(query: Mapping[str, str]) -> Iterator[Cause]:
    match, initial = query.get("resourceVersionMatch", ""), query.get("sendInitialEvents")
    if match and not initial:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        yield _forbidden(why)
    if initial and match != _NEWER:
        yield _forbidden(f"sendInitialEvents requires setting resourceVersionMatch to {_NEWER}")
    if match not in ("", _NEWER):
        yield _unsupported(match, f'"{_NEWER}"')


def _forbidden(why: str, field: str = "resourceVersionMatch") -> Cause:
    return Cause(field, f"Forbidden: {why}", "FieldValueForbidden")


def _unsupported(match: str, supported: str) -> Cause:
    message = f'Unsupported value: "{match}": supported values: {supported}'
    return Cause("resourceVersionMatch", message, "FieldValueNotSupported")
