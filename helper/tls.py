"""Certificates and keys of a kubeconfig, held in memory: a killed process leaves none behind."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Never

import urllib3
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util.ssl_ import create_urllib3_context

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own is made in it


@contextmanager
def passing_folder() -> Iterator[str]:
    """Lend a folder for keys that lasts as long as the block: in memory, where there is such one.

    OSError when nothing is writable.
    """
    memory = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="aicr-keys-", dir=memory) as folder:
        yield folder


def read_once(pool: urllib3.PoolManager, configuration: Any) -> None:
    """Read what a pool of connections would read from files at each new connection.

    `configuration` is the client's own. ValueError when a certificate or key is no use.
    """
    if not configuration.host.startswith("https:"):
        return
    if configuration.verify_ssl:
        context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
        _trust(context, configuration)
    else:
        context = create_urllib3_context(cert_reqs=ssl.CERT_NONE)
        urllib3.disable_warnings(InsecureRequestWarning)  # who wrote the kubeconfig knows
    if configuration.cert_file:
        _identify(context, configuration)
    for read in ("ca_certs", "cert_file", "key_file"):
        pool.connection_pool_kw.pop(read, None)
    pool.connection_pool_kw["ssl_context"] = context


def _trust(context: ssl.SSLContext, configuration: Any) -> None:
    if not configuration.ssl_ca_cert:
        context.load_default_certs()
        return
    try:
        context.load_verify_locations(configuration.ssl_ca_cert)
    except OSError as error:
        raise ValueError(f"its certificate-authority is no certificate ({error})") from error


def _identify(context: ssl.SSLContext, configuration: Any) -> None:
    try:
        context.load_cert_chain(configuration.cert_file, configuration.key_file, _never_asked)
    except OSError as error:
        wrong = "its client-certificate and client-key are no certificate and its key"
        raise ValueError(f"{wrong} ({error})") from error


def _never_asked() -> Never:
    # Without this the program would wait at the terminal for a password.
    raise ValueError("its client-key is encrypted; give one that is not, or a token")
