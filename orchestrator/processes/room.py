"""The files and the environment of a check that runs as a process: those of its container."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helper import contract
from helper.credentials import Credentials
from helper.errors import InputError
from orchestrator.local.variables import expanded
from orchestrator.manifests import RunContext, environment
from orchestrator.plan import PlannedCheck
from orchestrator.processes import kubeconfig

PACKAGE_ROOT = Path(__file__).resolve().parents[2]  # holds orchestrator, helper and images
# How this machine reaches a cluster; the rest of the environment stays outside, but for what
# a credential plugin gets.
REACH = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
IN_CLUSTER = ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")
ACCOUNT_FILES = ("token", "ca.crt")


@dataclass(frozen=True)
class Room:
    """One prepared check: where its files are, and what it is started with."""

    root: Path
    argv: tuple[str, ...]
    env: Mapping[str, str]

    @property
    def termination_message(self) -> str:
        """What the check wrote as its reason, cut as kubelet cuts it."""
        try:
            data = _inside(self.root, contract.TERMINATION_LOG).read_bytes()
        except OSError:
            return ""
        return data[: contract.TERMINATION_LOG_BYTES].decode(errors="replace").strip()


@dataclass(frozen=True)
class Identity:
    """As whom checks talk to the cluster: the caller, by the caller's own credentials."""

    env: Mapping[str, str]  # of the caller
    root: Path  # below which a pod's account lies
    config: Mapping[str, Any] | None = None  # None in a pod

    @classmethod
    def read(cls, credentials: Credentials, context: str, env: Mapping[str, str]) -> "Identity":
        """Read the kubeconfig once, so that all checks see one cluster; InputError when unusable.

        Whoever points the context elsewhere meanwhile does not change what a report is about.
        """
        source = credentials.kubeconfig
        config = kubeconfig.alone(source, context, env) if source else None
        return cls(env, credentials.root, config)

    def put(self, root: Path) -> dict[str, str]:
        """Write what a check needs to connect; gives its variables."""
        if self.config is not None:
            config = root / "kubeconfig"
            _write(config, json.dumps(self.config))
            return {"KUBECONFIG": str(config)}
        own, theirs = (
            _inside(folder, contract.SERVICE_ACCOUNT_DIR) for folder in (root, self.root)
        )
        own.mkdir(parents=True)
        for name in ACCOUNT_FILES:  # as links, since kubelet renews them
            (own / name).symlink_to(theirs / name)
        return {name: self.env[name] for name in IN_CLUSTER if name in self.env}

    @property
    def for_plugin(self) -> dict[str, str]:
        """What a program that gives credentials finds in the environment of its check."""
        return kubeconfig.plugin_environment(self.config, self.env) if self.config else {}


class Rooms:
    """Prepares rooms below a folder, all with the same inputs."""

    def __init__(self, folder: Path, context: RunContext, identity: Identity) -> None:
        self._folder = folder
        self._context = context
        self._identity = identity

    def put_inputs(self, data: Mapping[str, str]) -> None:
        """Write what all checks read; `data` maps a kind to its text."""
        for kind, content in data.items():
            place = self._folder / "inputs" / kind / f"{kind}.yaml"
            place.parent.mkdir(parents=True)
            _write(place, content)

    def prepare(self, planned: PlannedCheck, command: Sequence[str]) -> Room:
        """Lay out one check; OSError or InputError when that cannot be."""
        root = self._folder / planned.object_name
        termination = _inside(root, contract.TERMINATION_LOG)
        for folder in (termination.parent, root / "data", root / "tmp"):
            folder.mkdir(parents=True)
        termination.touch()
        for kind, place in (
            ("snapshot", contract.SNAPSHOT_DIR),
            ("validation", contract.VALIDATION_DIR),
        ):
            _inside(root, place).symlink_to(self._folder / "inputs" / kind)
        declared = self._declared(planned)
        argv = tuple(expanded(word, declared) for word in command)  # shown, so of no other variable
        return Room(root, argv, self._environment(declared, root))

    def _declared(self, planned: PlannedCheck) -> dict[str, str]:
        """The variables of the check's container, as far as the contract and the catalog say."""
        found = {contract.NAMESPACE: self._context.namespace}
        for item in environment(self._context, planned):
            if "value" in item:  # the others are known from elsewhere, or for no process
                found[item["name"]] = expanded(item["value"], found)
        return found

    def _environment(self, declared: Mapping[str, str], root: Path) -> dict[str, str]:
        caller = self._identity.env
        names = (spelling for name in REACH for spelling in (name, name.lower()))
        return {
            **self._identity.for_plugin,
            **{name: caller[name] for name in names if name in caller},
            "PATH": os.defpath,
            "PYTHONPATH": str(PACKAGE_ROOT),
            "HOME": str(root),
            "TMPDIR": str(root / "tmp"),
            **declared,
            contract.FILE_ROOT: str(root),
            **self._identity.put(root),
        }


def command_of(package: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """What runs a check of a package; InputError when the package is not installed."""
    if not PACKAGE_ROOT.joinpath(*package.split("."), "__main__.py").is_file():
        raise InputError(f"{package} is not installed beside this program")
    return (sys.executable, "-m", package, *arguments)


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _write(path: Path, text: str) -> None:
    """Write a new file for the caller's eyes only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
