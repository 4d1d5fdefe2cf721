"""The mesh as one machine runs it: which services there are, in what order, and how they are wired.

The only place that knows names of environment variables of all services; each service's own
config.py declares them, and a test compares the two.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"

SERVICES: Final = (
    "identity",
    "filing",
    "catalogue",
    "benefits",
    "settlement",
    "supervision",
    "clearing",
)
"""In the order in which they are started: who is called comes before who calls."""

STOP_WAVES: Final = (
    ("clearing", "supervision"),
    ("settlement",),
    ("benefits", "catalogue", "filing", "identity"),
)
"""The order of stopping: who follows a stream goes before who serves it, or the drain waits."""

CALLEES: Final[Mapping[str, tuple[str, ...]]] = {
    "settlement": ("identity", "filing", "catalogue", "supervision"),
    "supervision": ("settlement",),
    "clearing": ("settlement",),
}
"""Who calls whom by a fixed address; the insured regions' endpoints are routes, not callees."""

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("data_key", "index_key"),
    "settlement": ("data_key", "index_key"),
    "supervision": ("data_key",),
}
_KEY_BYTES: Final = 32
_DRAIN_GRACE_S: Final = "5"


class UnknownService(Exception):
    """There is no service of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no service {name}; there are: {', '.join(SERVICES)}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service of the local mesh listens."""

    port: int
    metrics_port: int

    @property
    def address(self) -> str:
        """host:port of gRPC."""
        return f"{HOST}:{self.port}"

    @property
    def metrics_url(self) -> str:
        """Where Prometheus reads."""
        return f"http://{HOST}:{self.metrics_port}/metrics"


@dataclass(slots=True)
class PortBook:
    """Free ports, kept for us until the mesh ends.

    A port that was merely found free can be taken by anybody before the service binds it. On Linux
    a bound socket that does not listen keeps all others away, while a service that sets
    SO_REUSEADDR, as gRPC and the metrics server do, may still listen there, also after a restart.
    Elsewhere that is not so: there the port is let go at once, and taken on trust.
    """

    _held: list[socket.socket] = field(default_factory=list)

    def take(self) -> int:
        """Returns a free port of the loopback interface."""
        keeper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((HOST, 0))
        self._held.append(keeper)
        return int(keeper.getsockname()[1])

    def endpoints(self) -> dict[str, Endpoint]:
        """Returns an endpoint for each service."""
        found = {name: Endpoint(self.take(), self.take()) for name in SERVICES}
        if sys.platform != "linux":
            self.close()
        return found

    def close(self) -> None:
        """Lets all ports go."""
        while self._held:
            self._held.pop().close()


def require_service(name: str) -> str:
    """Returns the name, or raises UnknownService."""
    if name not in SERVICES:
        raise UnknownService(name)
    return name


def trace_dir(data_dir: Path) -> Path:
    """Returns where the mesh of a data directory keeps its spans."""
    return data_dir / "traces"


def log_path(data_dir: Path, service: str) -> Path:
    """Returns the file that holds a service's output."""
    return data_dir / "logs" / f"{service}.log"


def write_secrets(data_dir: Path, dsn: str) -> None:
    """Writes the connection string and, once per data directory, the keys of personal data.

    Demo keys: real ones come from the operator's secret store. What was written with a key can be
    read with no other, so a database is used with the data directory that it was filled from.
    """
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_secret(folder / "dsn", dsn, replace=True)
    for name in ("data_key", "index_key"):
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        _write_secret(folder / name, key, replace=False)


def environment(
    service: str, endpoints: Mapping[str, Endpoint], data_dir: Path, *, log_level: str = "info"
) -> dict[str, str]:
    """Returns the YIJIE_* variables that a service of the local mesh is started with."""
    folder = data_dir / "secrets"
    here = endpoints[service]
    result = {
        "YIJIE_LISTEN": here.address,
        "YIJIE_METRICS_HOST": HOST,
        "YIJIE_METRICS_PORT": str(here.metrics_port),
        "YIJIE_TRACE_DIR": str(trace_dir(data_dir)),
        "YIJIE_LOG_LEVEL": log_level,
        # A file: the environment of a process is easier to read than a file of mode 0600.
        "YIJIE_DSN_FILE": str(folder / "dsn"),
        "YIJIE_DRAIN_GRACE_S": _DRAIN_GRACE_S,
    }
    for callee in CALLEES.get(service, ()):
        result[f"YIJIE_{callee.upper()}_TARGET"] = endpoints[callee].address
    if service == "settlement":
        # One benefits process hosts all demo regions.
        result["YIJIE_BENEFITS_ROUTES"] = f"*={endpoints['benefits'].address}"
    for key in _KEYS.get(service, ()):
        result[f"YIJIE_{key.upper()}_FILE"] = str(folder / key)
    return result


def _write_secret(path: Path, text: str, *, replace: bool) -> None:
    if path.exists() and not replace:
        return
    # Mode at creation: there is no moment at which others can read it.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
