"""Answers of services and pods, asked for through the API server."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from helper.kube import Kube
from orchestrator.capture.redaction import Redactor
from orchestrator.errors import UsageError, shown
from orchestrator.replay.models import Reply

ANSWER_BYTES = 16 << 20
_FORM = re.compile(
    r"(?P<plural>services|pods)/(?P<namespace>[a-z0-9-]+)/(?P<name>[A-Za-z0-9.:-]+)"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)


@dataclass(frozen=True)
class Proxied:
    """One GET to a service or pod."""

    given: str
    path: str
    query: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "Proxied":
        """Understand services/NAMESPACE/NAME:PORT/PATH; UsageError."""
        match = _FORM.fullmatch(text)
        if not match:
            raise UsageError(
                f"--proxy {shown(text)}: want services/NAMESPACE/NAME:PORT/PATH, or pods/…"
            )
        base = f"/api/v1/namespaces/{match['namespace']}/{match['plural']}/{match['name']}/proxy"
        query = dict(parse_qsl(match["query"] or "", keep_blank_values=True))
        return cls(text, base + (match["path"] or "/"), query)

    def record(self, kube: Kube, redactor: Redactor) -> Reply | None:
        """Ask, and redact the answer; None when it is too large. Raises KubeError."""
        data = kube.request("GET", quote(self.path, safe="/:%"), self.query)
        if len(data) > ANSWER_BYTES:
            return None
        clean = redactor.document(data.decode(errors="replace"))
        looks_like_json = clean[:1] in ("{", "[")
        content_type = "application/json" if looks_like_json else "text/plain; charset=utf-8"
        response = {"body": clean, "contentType": content_type}
        request = {"path": redactor.name(self.path), "query": self.query}
        return Reply.model_validate({"request": request, "response": response})
