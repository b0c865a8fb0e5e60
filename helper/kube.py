"""The API server in plain JSON; the one module that imports the kubernetes client.

The client gives connection, TLS and credentials (exec plugins and token renewal included). Its
models are left alone: checks judge whatever a cluster serves, known to a library or not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helper import contract, login, tls
from helper.answers import asked_for, items_of, next_page
from helper.credentials import Credentials, check_server, current_context, trouble
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Conflict, Expired, InputError, NotFound, Unreachable
from helper.kinds import PODS, SELF_SUBJECT_ACCESS_REVIEWS, Resource, discovered, in_words
from helper.resource import Page, text
from helper.served import ServerVersion, parse_version
from helper.transport import REQUEST_TIMEOUT_S, Json, Lines, Request, Transport, Watch

WATCH_TIMEOUT_S = 240  # below the shortest time after which API servers close watches
PAGE_SIZE = 500  # what kubectl asks for
SILENCE_S = 300.0  # after which a followed log is asked for anew; checks may think for long
LOOPBACK = "localhost,127.0.0.0/8,::1"  # kubectl never asks a proxy for these
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
APPLY_PATCH = "application/apply-patch+yaml"


class Kube:
    """One cluster under one identity; safe for use by several threads."""

    def __init__(
        self, transport: Transport, context: str = "", credentials: Credentials | None = None
    ) -> None:
        self._transport = transport
        self._discovered: dict[str, Json] = {}
        self.context = context
        self.credentials = credentials  # that the connection was made of, for another like it
        self.server = transport.title

    def patient(
        self,
        seconds: float,
        hurried: Callable[[], bool] = lambda: False,
        extra_s: Callable[[], float] = lambda: 0.0,
    ) -> "Kube":
        """Give the same, as patient as work needs that must survive a restart; see Transport."""
        other = self._transport.patient(seconds, hurried, extra_s)
        return Kube(other, self.context, self.credentials)

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Json:
        """Read one object; NotFound when it, or its API, does not exist."""
        what = in_words(resource, namespace, name)
        path = resource.path(namespace, name)
        return asked_for(self._json(Request("get", what, "GET", path)), name, what)

    def get_metadata(self, resource: Resource, name: str, namespace: str | None = None) -> Json:
        """Read one object's metadata only: what a Secret holds never leaves the server."""
        what, path = in_words(resource, namespace, name), resource.path(namespace, name)
        answer = self._json(Request("get", what, "GET", path, accept=METADATA_ONLY))
        return asked_for(answer, name, what)

    def find(self, resource: Resource, name: str, namespace: str | None = None) -> Json | None:
        """Read one object, or None when it does not exist."""
        try:
            return self.get(resource, name, namespace)
        except NotFound:
            return None

    def list(
        self, resource: Resource, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> list[Json]:
        """All objects that match, from all pages; items carry their apiVersion and kind."""
        return self.page(resource, namespace, labels, fields).items

    def page(
        self,
        resource: Resource,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        accept: str = JSON,
    ) -> Page:
        """All objects that match, with the version to start a watch from."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        query = {**selectors, "limit": str(PAGE_SIZE)}
        items: list[Json] = []
        what = in_words(resource, namespace)
        while True:
            try:
                path = resource.path(namespace)
                answer = self._json(Request("list", what, "GET", path, query, accept=accept))
            except Expired:
                if "continue" not in query or "limit" not in query:
                    raise
                # The pages read so far are of a version that the server has forgotten.
                items, query = [], selectors
                continue
            items += items_of(answer, what)
            if not (token := next_page(answer, query.get("continue", ""), what)):
                typed = {"apiVersion": resource.api_version, "kind": resource.kind}
                version = text(answer, "metadata", "resourceVersion")
                return Page([{**typed, **item} for item in items], version)
            query["continue"] = token

    def create(
        self, resource: Resource, body: Json, namespace: str | None = None, *, dry_run: bool = False
    ) -> Json:
        """Create one object; Conflict when the name is taken."""
        query = {"dryRun": "All"} if dry_run else {}
        name = (body.get("metadata") or {}).get("name")
        what, path = in_words(resource, namespace, name), resource.path(namespace)
        try:
            return self._json(Request("create", what, "POST", path, query, body))
        except Conflict as error:
            # Only an attempt of ours whose answer got lost can have made it just now.
            if error.after_lost_answer and name:
                return self.get(resource, name, namespace)
            raise

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        version: str | None = None,
        propagation: str = "Background",
        grace_s: int | None = None,
    ) -> bool:
        """Delete one object; False when it was gone or is not the one of `uid` and `version`."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions"}
        body: Json = {**options, "propagationPolicy": propagation}
        given = {"uid": uid, "resourceVersion": version}
        wanted = {key: value for key, value in given.items() if value}
        if wanted:
            body["preconditions"] = wanted
        if grace_s is not None:
            body["gracePeriodSeconds"] = grace_s
        what, path = in_words(resource, namespace, name), resource.path(namespace, name)
        try:
            self._json(Request("delete", what, "DELETE", path, body=body))
        except NotFound:
            return False
        except Conflict:
            if wanted:
                return False
            raise
        return True

    def update(self, resource: Resource, body: Json, namespace: str | None = None) -> Json:
        """Replace one object; Conflict when it is no longer of the version that `body` names."""
        name = body["metadata"]["name"]
        what, path = in_words(resource, namespace, name), resource.path(namespace, name)
        return self._json(Request("update", what, "PUT", path, body=body))

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Json,
        namespace: str | None = None,
        subresource: str | None = None,
    ) -> Json:
        """Merge `body` into one object, or into its status."""
        what = in_words(resource, namespace, name)
        path = resource.path(namespace, name, subresource)
        request = Request("patch", what, "PATCH", path, body=body, content_type=MERGE_PATCH)
        return self._json(request)

    def apply(
        self,
        resource: Resource,
        body: Json,
        namespace: str | None = None,
        *,
        manager: str = contract.MANAGER,
        force: bool = True,
        dry_run: bool = False,
    ) -> Json:
        """Server-side apply of one object."""
        name = body["metadata"]["name"]
        what, path = in_words(resource, namespace, name), resource.path(namespace, name)
        query = {"fieldManager": manager, "force": str(force).lower()}
        query["dryRun"] = "All" if dry_run else ""
        request = Request("apply", what, "PATCH", path, query, body, content_type=APPLY_PATCH)
        return self._json(request)

    def log(self, namespace: str, pod: str, container: str, tail_lines: int | None = None) -> str:
        """What a container has printed so far; bytes that are no UTF-8 are replaced."""
        query = {"container": container, "tailLines": str(tail_lines) if tail_lines else ""}
        path = PODS.path(namespace, pod, "log")
        what = f"log of pod {pod} in {namespace}"
        data = self._transport.send(Request("read", what, "GET", path, query))
        return data.decode(errors="replace")

    def follow_log(
        self, namespace: str, pod: str, container: str, since: datetime | None = None
    ) -> Lines:
        """Open a container's log as it grows, each line behind its time of writing.

        `since` leaves out what was written before; the server knows whole seconds only.
        """
        query = {"container": container, "follow": "true", "timestamps": "true"}
        query["sinceTime"] = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if since else ""
        path = PODS.path(namespace, pod, "log")
        what = f"log of pod {pod} in {namespace}"
        return self._transport.lines(Request("follow", what, "GET", path, query), SILENCE_S)

    def watch(
        self,
        resource: Resource,
        version: str,
        namespace: str | None = None,
        labels: str = "",
        timeout_s: int = WATCH_TIMEOUT_S,
        *,
        fields: str = "",
    ) -> Watch:
        """Open a stream of changes after `version`; the server ends it after `timeout_s`."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "labelSelector": labels,
            "fieldSelector": fields,
            "resourceVersion": version,
            "timeoutSeconds": str(timeout_s),
        }
        what = in_words(resource, namespace)
        request = Request("watch", what, "GET", resource.path(namespace), query)
        return self._transport.watch(request, timeout_s)

    def allowed(
        self,
        verb: str,
        resource: Resource,
        namespace: str | None = None,
        subresource: str = "",
        name: str = "",
    ) -> bool:
        """Ask the server whether this identity may do something; without a name, to all."""
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural}
        attributes |= {"subresource": subresource, "namespace": namespace or ""}
        if name:
            attributes["name"] = name
        review = SELF_SUBJECT_ACCESS_REVIEWS
        typed = {"apiVersion": review.api_version, "kind": review.kind}
        body: Json = {**typed, "spec": {"resourceAttributes": attributes}}
        answer = self.create(review, body)
        return bool((answer.get("status") or {}).get("allowed"))

    def server_version(self) -> ServerVersion:
        """Who answers: its version, and whether it serves a recorded cluster."""
        request = Request("get", "the server's version", "GET", "/version")
        return parse_version(self._json(request))

    def clock(self) -> str:
        """The server's time as HTTP writes it; empty when it does not tell."""
        request = Request("get", "the server's clock", "GET", "/version")
        return self._transport.headers(request).get("Date", "")

    def served(self, group: str) -> Sequence[str]:
        """Versions in which a group is served, preferred one first; empty when it is not."""
        answer = self._discover(f"/apis/{group}")
        versions = [str(item["version"]) for item in answer.get("versions") or []]
        preferred = (answer.get("preferredVersion") or {}).get("version")
        return sorted(versions, key=lambda version: version != preferred)

    def resource(self, group: str, plural: str) -> Resource | None:
        """Find a resource by discovery, in the preferred version that has it; None if unserved."""
        for version in self.served(group) if group else ["v1"]:
            api_version = f"{group}/{version}" if group else version
            for item in self._resources(api_version):
                if item.get("name") == plural:
                    return discovered(api_version, item)
        return None

    def resource_of_kind(self, api_version: str, kind: str) -> Resource | None:
        """Find a resource by what stands in its objects; None if unserved."""
        for item in self._resources(api_version):
            if item.get("kind") == kind and "/" not in str(item.get("name")):
                return discovered(api_version, item)
        return None

    def request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, accept: str = JSON
    ) -> bytes:
        """Send a request that no other method knows, such as a proxied GET."""
        request = Request(method.lower(), path, method, path, query, accept=accept)
        return self._transport.send(request)

    def document(
        self, path: str, query: Mapping[str, str] | None = None, accept: str = JSON
    ) -> Json:
        """GET a JSON object that no other method knows; KubeError when there is none."""
        return self._json(Request("get", path, "GET", path, query, accept=accept))

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _resources(self, api_version: str) -> Sequence[Json]:
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        return list(self._discover(base).get("resources") or [])

    def _discover(self, path: str) -> Json:
        if path not in self._discovered:
            try:
                self._discovered[path] = self._json(Request("discover", path, "GET", path))
            except NotFound:
                self._discovered[path] = {}
        return self._discovered[path]

    def _json(self, request: Request) -> Json:
        data = self._transport.send(request)
        try:
            answer = json.loads(data)
        except ValueError as error:
            message = f"the answer is no JSON: {data[:80]!r}"
            raise Unreachable(request.verb, request.what, message=message) from error
        if not isinstance(answer, dict):
            raise Unreachable(request.verb, request.what, message="the answer is no JSON object")
        return answer


def connect(
    credentials: Credentials,
    env: Mapping[str, str],
    *,
    patience_s: float = 8.0,
    forbidden_grace_s: float = 0.0,
    timeout_s: float = REQUEST_TIMEOUT_S,
    clock: Clock = SYSTEM_CLOCK,
) -> Kube:
    """Open a cluster without sending a request; InputError when the credentials are no use."""
    if credentials.kubeconfig:
        api, context = _from_kubeconfig(credentials)
    else:
        api, context = _from_pod(credentials.root, env), "in-cluster"
    transport = Transport(
        api,
        patience_s=patience_s,
        forbidden_grace_s=forbidden_grace_s,
        clock=clock,
        timeout_s=timeout_s,
        own_headers=credentials.impersonation,
    )
    return Kube(transport, context, credentials)


def _from_kubeconfig(credentials: Credentials) -> tuple[Any, str]:
    from kubernetes import client, config  # noqa: PLC0415 - 0.4 s, only when a cluster is needed

    source = credentials.kubeconfig
    if not any(Path(path).is_file() for path in source.split(":") if path):
        raise InputError(f"kubeconfig {source}: no such file")
    configuration = client.Configuration()
    configuration.no_proxy = ",".join(filter(None, (configuration.no_proxy, LOOPBACK)))
    try:
        context = credentials.context or current_context(source)
        with login.required(), tls.passing_folder() as folder:  # the client makes files of keys
            config.load_kube_config(
                config_file=source,
                context=context,
                persist_config=False,
                client_configuration=configuration,
                temp_file_path=folder,
            )
            check_server(configuration.host)
            api = client.ApiClient(configuration)
            tls.read_once(api.rest_client.pool_manager, api.configuration)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"kubeconfig {source}: {trouble(error)}") from error
    return api, context


def _from_pod(root: Path, env: Mapping[str, str]) -> Any:
    from kubernetes import client  # noqa: PLC0415 - 0.4 s, only when a cluster is needed
    from kubernetes.config import incluster_config  # noqa: PLC0415

    folder = root / contract.SERVICE_ACCOUNT_DIR.lstrip("/")
    configuration = client.Configuration()
    try:
        incluster_config.InClusterConfigLoader(
            token_filename=str(folder / "token"),
            cert_filename=str(folder / "ca.crt"),
            environ=env,
        ).load_and_set(configuration)
    except Exception as error:
        wanted = "set KUBECONFIG, have ~/.kube/config, or run in a pod with a ServiceAccount token"
        raise InputError(f"no cluster to talk to: {trouble(error)} ({wanted})") from error
    return client.ApiClient(configuration)
