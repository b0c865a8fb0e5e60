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
# What a check has of its own and a credential plugin wants as its caller has it; never a secret.
PLACES = ("HOME", "PATH", "TMPDIR", "KUBECONFIG")
PYTHON = "PYTHON"  # how names begin that would change the check itself


def alone(source: str, context: str, env: Mapping[str, str]) -> Json:
    """The context of a kubeconfig with its cluster and user; InputError when one is not there.

    `source` is one path or several, as in KUBECONFIG: of each name the first one counts. With
    `plugin_environment` programs that give credentials find what kubectl would start them with.
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


def plugin_environment(config: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """What a check has to hand on to the credential plugin of its kubeconfig; nothing without one.

    It may be secret (AWS_SECRET_ACCESS_KEY), so it is in the environment and never in a file.
    """
    if not any("exec" in part(entry, "user") for entry in items(config, "users")):
        return {}
    return {
        name: value
        for name, value in env.items()
        if name not in (*contract.ENGINE_ENV, *PLACES) and not name.startswith((OURS, PYTHON))
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
    """A credential plugin with its places as in the operator's shell, and no libraries of ours."""
    command = text(given, "command")
    if os.sep in command:  # without one it is looked for in PATH
        command = str(folder / command)
    places = {name: env[name] for name in PLACES if name in env}
    own = {text(item, "name"): text(item, "value") for item in items(given, "env")}
    variables = {**places, "PYTHONPATH": "", **own}
    listed = [{"name": name, "value": value} for name, value in variables.items()]
    return {**given, "command": command, "env": listed}
