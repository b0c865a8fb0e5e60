"""The files and the environment of a container that runs as a local process."""

import base64
import json
import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helper import contract, kinds
from orchestrator.local.variables import expanded
from orchestrator.replay.objects import (
    Json,
    annotations_of,
    labels_of,
    namespace_of,
)
from orchestrator.replay.state import State

PACKAGE_ROOT = Path(__file__).resolve().parents[3]  # holds orchestrator, helper and images


AccountConfig = Callable[[str, str], Json]
"""Gives the kubeconfig of a ServiceAccount, by namespace and name."""


class MountError(Exception):
    """A volume cannot be set up yet; kubelet tries again."""


class ConfigError(Exception):
    """A container cannot be configured yet; kubelet tries again."""


@dataclass(frozen=True)
class Sandbox:
    """A prepared container: where its files are, and what it is started with."""

    root: Path
    log: Path
    env: dict[str, str]

    def termination_message(self, path: str) -> str:
        """Give what the container wrote for the cluster, cut as kubelet cuts it."""
        file = _below(self.root, path)
        if not file.is_file():
            return ""
        return file.read_bytes()[: contract.TERMINATION_LOG_BYTES].decode(errors="replace")


class Outfitter:
    """Prepares the containers of one pod below a folder of its own."""

    def __init__(self, state: State, pod: Json, folder: Path, kubeconfig: AccountConfig) -> None:
        self.state = state
        self.pod = pod
        self.folder = folder
        self.kubeconfig = kubeconfig
        self._config: Json | None = None

    def mount(self) -> None:
        """Write the pod's volumes; raises MountError."""
        for volume in self.pod["spec"].get("volumes") or []:
            folder = self.folder / "volumes" / volume["name"]
            folder.mkdir(parents=True, exist_ok=True)
            for path, content in self._files(volume):
                file = _below(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)

    def prepare(self, container: Json, restarts: int) -> Sandbox:
        """Lay out one container, afresh after a restart; raises ConfigError."""
        root = self.folder / "containers" / container["name"]
        termination = _below(root, container["terminationMessagePath"])
        termination.parent.mkdir(parents=True, exist_ok=True)
        termination.write_bytes(b"")
        for mount in container.get("volumeMounts") or []:
            self._link(root, mount)
        config = root / "kubeconfig"
        config.write_text(json.dumps(self._account_config()))
        config.chmod(0o600)
        env = {
            "PATH": os.defpath,
            "PYTHONPATH": str(PACKAGE_ROOT),
            "HOME": str(root),  # without one, `~` would be the home of whoever runs the server
            **self._environment(container),
            contract.FILE_ROOT: str(root),
            "KUBECONFIG": str(config),
        }
        log = self.folder / f"{container['name']}.{restarts}.log"
        log.touch()
        return Sandbox(root, log, env)

    def _account_config(self) -> Json:
        if self._config is None:
            account = self.pod["spec"]["serviceAccountName"]
            self._config = self.kubeconfig(namespace_of(self.pod), account)
        return self._config

    def _link(self, root: Path, mount: Json) -> None:
        target = self.folder / "volumes" / mount["name"]
        if mount.get("subPath"):
            target = _below(target, mount["subPath"])
        place = _below(root, mount["mountPath"])
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(target)

    def _files(self, volume: Json) -> Iterator[tuple[str, bytes]]:
        """Give the files of a volume; an emptyDir has none."""
        for source in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
            if "configMap" in source:
                yield from self._stored(kinds.CONFIG_MAPS, source["configMap"], volume)
            if "secret" in source:
                yield from self._stored(kinds.SECRETS, source["secret"], volume)
            if "serviceAccountToken" in source:
                token = self._account_config()["users"][0]["user"]["token"]
                yield source["serviceAccountToken"]["path"], token.encode()
            if "downwardAPI" in source:
                for item in source["downwardAPI"].get("items") or []:
                    yield item["path"], self._field(item.get("fieldRef") or {}).encode()

    def _stored(
        self, resource: kinds.Resource, source: Json, volume: Json
    ) -> Iterator[tuple[str, bytes]]:
        name = source.get("secretName") or source.get("name") or ""
        obj = self.state.store.find(resource, namespace_of(self.pod), name)
        if obj is None:
            if source.get("optional"):
                return
            problem = f'{resource.kind.lower()} "{name}" not found'
            raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {problem}')
        content = contents(obj)
        items = source.get("items")
        if items is None:
            yield from content.items()
            return
        for item in items:
            if item["key"] in content:
                yield item["path"], content[item["key"]]
            elif not source.get("optional"):
                kind = "secret" if resource == kinds.SECRETS else "config"
                problem = f"references non-existent {kind} key: {item['key']}"
                raise MountError(
                    f'MountVolume.SetUp failed for volume "{volume["name"]}" : {problem}'
                )

    def _environment(self, container: Json) -> dict[str, str]:
        env: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            for field, resource in _ENV_SOURCES.items():
                if field in source:
                    stored = self._lookup(resource, source[field])
                    prefix = source.get("prefix", "")
                    env |= {prefix + key: value.decode() for key, value in stored.items()}
        for entry in container.get("env") or []:
            value = self._value(entry)
            if value is not None:
                env[entry["name"]] = expanded(value, env)
        return env

    def _value(self, entry: Json) -> str | None:
        source = entry.get("valueFrom")
        if not source:
            return str(entry.get("value") or "")
        if "fieldRef" in source:
            return self._field(source["fieldRef"])
        for field, resource in (
            ("configMapKeyRef", kinds.CONFIG_MAPS),
            ("secretKeyRef", kinds.SECRETS),
        ):
            if field in source:
                return self._key(resource, source[field])
        raise ConfigError(f"the replay cluster does not know {', '.join(source)}")

    def _key(self, resource: kinds.Resource, reference: Json) -> str | None:
        stored = self._lookup(resource, reference)
        key = reference["key"]
        if key in stored:
            return stored[key].decode()
        if reference.get("optional"):
            return None
        place = f"{namespace_of(self.pod)}/{reference['name']}"
        raise ConfigError(f"couldn't find key {key} in {resource.kind} {place}")

    def _lookup(self, resource: kinds.Resource, reference: Json) -> dict[str, bytes]:
        name = reference.get("name") or ""
        obj = self.state.store.find(resource, namespace_of(self.pod), name)
        if obj is None and not reference.get("optional"):
            raise ConfigError(f'{resource.kind.lower()} "{name}" not found')
        return contents(obj) if obj else {}

    def _field(self, reference: Json) -> str:
        """Give a field of the pod by its downward API path."""
        path = reference.get("fieldPath", "")
        pod = self.pod
        if match := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
            found = labels_of(pod) if match[1] == "labels" else annotations_of(pod)
            return found.get(match[2], "")
        at: Any = pod
        for step in path.split("."):
            at = at.get(step) if isinstance(at, Mapping) else None
        return str(at or "")


_ENV_SOURCES = {"configMapRef": kinds.CONFIG_MAPS, "secretRef": kinds.SECRETS}


def contents(obj: Json) -> dict[str, bytes]:
    """Give what a ConfigMap or Secret holds, decoded."""
    binary = obj.get("binaryData") or {}
    data = obj.get("data") or {}
    if obj["kind"] == "Secret":
        return {key: base64.b64decode(value or "") for key, value in data.items()}
    found = {key: value.encode() for key, value in data.items()}
    return found | {key: base64.b64decode(value) for key, value in binary.items()}


def command_line(container: Json, entry_point: list[str], env: Mapping[str, str]) -> list[str]:
    """Give what to run: `python` is the interpreter that serves the cluster."""
    command = [expanded(word, env) for word in container.get("command") or entry_point]
    arguments = [expanded(word, env) for word in container.get("args") or []]
    if command[0] in ("python", "python3"):
        command[0] = sys.executable
    return [*command, *arguments]


def _below(root: Path, path: str) -> Path:
    """Give a path of the container as one of ours; `..` cannot lead out."""
    return root / posixpath.normpath("/" + path).lstrip("/")
