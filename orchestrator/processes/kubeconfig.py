"""A kubeconfig of one context alone, which works wherever it lies."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helper import contract, documents
from helper.errors import InputError
from helper.resource import items, part, text

Json = dict[str, Any]

# Paths in a kubeconfig are relative to the file that they stand in.
CLUSTER_PATHS = ("certificate-authority",)
USER_PATHS = ("client-certificate", "client-key", "tokenFile")
OURS = "AICR_"


def alone(source: str, context: str, env: Mapping[str, str]) -> Json:
    """The context of a kubeconfig with its cluster and user; InputError when one is not there.

    `source` is one path or several, as in KUBECONFIG: of each name the first one counts. Programs
    that give credentials find the environment that they would find when kubectl starts them.
    """
    files = [Path(path).expanduser() for path in source.split(":") if path]
    read = [(path.parent.absolute(), _read(path)) for path in files if path.is_file()]
    _, chosen = _named(read, "contexts", "context", context, source)
    cluster_name, user_name = text(chosen, "cluster"), text(chosen, "user")
    base, cluster = _named(read, "clusters", "cluster", cluster_name, source)
    cluster = _absolute(cluster, base, CLUSTER_PATHS)
    base, user = _named(read, "users", "user", user_name, source)
    user = _absolute(user, base, USER_PATHS)
    if "exec" in user:
        user["exec"] = _plugin(part(user, "exec"), base, env)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": chosen}],
        "clusters": [{"name": cluster_name, "cluster": cluster}],
        "users": [{"name": user_name, "user": user}],
    }


def _read(path: Path) -> Json:
    try:
        return documents.load_mapping(path.read_bytes(), f"kubeconfig {path}")
    except OSError as error:
        raise InputError(f"kubeconfig {path}: {error.strerror}") from error


def _named(
    read: list[tuple[Path, Json]], kind: str, key: str, name: str, source: str
) -> tuple[Path, Json]:
    """The first entry of that name, and the folder of its file."""
    for folder, document in read:
        for entry in items(document, kind):
            if text(entry, "name") == name:
                return folder, dict(part(entry, key))
    raise InputError(f"kubeconfig {source}: no {key} is named {name!r}")


def _absolute(entry: Json, folder: Path, keys: tuple[str, ...]) -> Json:
    return {**entry, **{key: str(folder / entry[key]) for key in keys if text(entry, key)}}


def _plugin(given: Mapping[str, Any], folder: Path, env: Mapping[str, str]) -> Json:
    """A credential plugin as the operator's shell would start it, whatever starts it here."""
    command = text(given, "command")
    if os.sep in command:  # without one it is looked for in PATH
        command = str(folder / command)
    theirs = {
        name: value
        for name, value in env.items()
        if name not in contract.ENGINE_ENV and not name.startswith(OURS)
    }
    own = {text(item, "name"): text(item, "value") for item in items(given, "env")}
    # Ours would take its libraries for the plugin's own.
    variables = {"PYTHONPATH": "", **theirs, **own}
    listed = [{"name": name, "value": value} for name, value in variables.items()]
    return {**given, "command": command, "env": listed}
