"""The mesh as one machine runs it: which services there are, in what order, and how they are wired.

The only place that knows names of environment variables of all services; each service's own
config.py declares them, and a test compares the two.

A process has the name of its service, but for the benefits of an insured province that runs apart
with a database of its own: `benefits-650000`.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from services.kit import codes

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
    "settlement": ("identity", "filing", "catalogue", "supervision", "clearing"),
    "filing": ("identity", "settlement"),
    "supervision": ("settlement", "identity", "filing", "clearing", "catalogue"),
    "clearing": ("settlement",),
}
"""Who calls whom by a fixed address; the insured regions' endpoints are routes, not callees."""

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("data_key", "index_key"),
    "filing": ("data_key",),
    "benefits": ("data_key", "index_key"),
    "settlement": ("data_key", "index_key"),
    "supervision": ("data_key",),
}
SIGNATURE_KEYS: Final = "keys.yaml"
"""Directory of public keys, in the folder of signing keys."""
_HOSTING: Final = "benefits"
"""The service that an insured province may run itself."""
_KEY_BYTES: Final = 32
_DRAIN_GRACE_S: Final = "5"


REMOTE_PROVINCES: Final = ("640000", "650000")
"""Insured provinces that `--regions` runs apart: Ningxia, and Xinjiang, where case Zhang is
insured."""


class UnknownService(Exception):
    """There is no service of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no service {name}; there are: {', '.join(SERVICES)}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service of the local mesh listens."""

    port: int
    metrics_port: int
    certs: str = ""
    """Folder of the mesh's certificates; empty: it listens without TLS."""

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

    def endpoints(self, provinces: Sequence[str] = (), *, certs: str = "") -> dict[str, Endpoint]:
        """Returns an endpoint for each process; `provinces` are those that run apart."""
        names = process_names(provinces)
        found = {name: Endpoint(self.take(), self.take(), certs) for name in names}
        if sys.platform != "linux":
            self.close()
        return found

    def close(self) -> None:
        """Lets all ports go."""
        while self._held:
            self._held.pop().close()


def process_names(provinces: Sequence[str] = ()) -> list[str]:
    """Returns the processes in the order in which they are started."""
    return [*(remote_name(province) for province in provinces), *SERVICES]


def remote_name(province: str) -> str:
    """Returns the name of the process that an insured province has for itself."""
    return f"{_HOSTING}-{province}"


def service_of(process: str) -> str:
    """Returns the service that a process runs."""
    return process.partition("-")[0]


def province_of(process: str) -> str:
    """Returns the insured province that a process is for; empty: it is not for one."""
    return process.partition("-")[2]


def provinces_apart(endpoints: Iterable[str]) -> list[str]:
    """Returns the insured provinces that have a process of these names for themselves."""
    return [province for name in endpoints if (province := province_of(name))]


def policy_areas() -> list[str]:
    """Returns the pooling areas that have a policy pack, which is where the demo is insured."""
    packs = resources.files("services.benefits") / "policy" / "packs"
    return sorted(pack.name for pack in packs.iterdir() if pack.is_dir())


def areas_of(province: str, endpoints: Iterable[str] = ()) -> list[str]:
    """Returns the areas whose policy a process serves: each is served in one place.

    Empty for `province`: those of the process that hosts all provinces that do not run apart.
    """
    apart = provinces_apart(endpoints)
    homes = {area: codes.province_of(area) for area in policy_areas()}
    if province:
        return [area for area, home in homes.items() if home == province]
    return [area for area, home in homes.items() if home not in apart]


def require_service(name: str) -> str:
    """Returns the name, or raises UnknownService."""
    if name not in SERVICES:
        raise UnknownService(name)
    return name


def trace_dir(data_dir: Path) -> Path:
    """Returns where the mesh of a data directory keeps its spans."""
    return data_dir / "traces"


def certs_dir(data_dir: Path) -> Path:
    """Returns where the mesh of a data directory has its certificates, if it uses any."""
    return data_dir / "certs"


def signatures_dir(data_dir: Path) -> Path:
    """Returns where the mesh of a data directory has its signing keys, if it has certificates."""
    return data_dir / "signatures"


def log_path(data_dir: Path, process: str) -> Path:
    """Returns the file that holds a process's output."""
    return data_dir / "logs" / f"{process}.log"


def write_secrets(data_dir: Path, dsn: str, *, remote: Mapping[str, str] | None = None) -> None:
    """Writes connection strings and, once per data directory, the keys of personal data.

    `remote` holds the connection string of each province that runs apart.

    Demo keys: real ones come from the operator's secret store. What was written with a key can be
    read with no other, so a database is used with the data directory that it was filled from.
    """
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_secret(folder / "dsn", dsn, replace=True)
    for province, own in (remote or {}).items():
        _write_secret(folder / f"dsn-{province}", own, replace=True)
    for name in ("data_key", "index_key"):
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        _write_secret(folder / name, key, replace=False)
    # `yijie serve` reads this module, too, and needs no key to sign with.
    from services.cli.audit_chain.keys import write_demo_checkpoint_key  # noqa: PLC0415
    from services.cli.rules.signing import write_demo_key  # noqa: PLC0415

    write_demo_key(folder)
    write_demo_checkpoint_key(folder)


def provinces_before(data_dir: Path) -> list[str] | None:
    """Returns which provinces ran apart when a data directory was last used; None: it is new."""
    folder = data_dir / "secrets"
    if not (folder / "dsn").exists():
        return None
    return sorted(path.name.partition("-")[2] for path in folder.glob("dsn-*"))


def environment(
    process: str, endpoints: Mapping[str, Endpoint], data_dir: Path, *, log_level: str = "info"
) -> dict[str, str]:
    """Returns the YIJIE_* variables that a process of the local mesh is started with."""
    folder = data_dir / "secrets"
    here = endpoints[process]
    service, apart = service_of(process), province_of(process)
    result = {
        "YIJIE_LISTEN": here.address,
        "YIJIE_METRICS_HOST": HOST,
        "YIJIE_METRICS_PORT": str(here.metrics_port),
        "YIJIE_TRACE_DIR": str(trace_dir(data_dir)),
        "YIJIE_LOG_LEVEL": log_level,
        # A file: the environment of a process is easier to read than a file of mode 0600.
        "YIJIE_DSN_FILE": str(folder / (f"dsn-{apart}" if apart else "dsn")),
        "YIJIE_DRAIN_GRACE_S": _DRAIN_GRACE_S,
    }
    if here.certs:
        own = Path(here.certs) / process
        result["YIJIE_TLS_CERT_FILE"] = str(own / "tls.crt")
        result["YIJIE_TLS_KEY_FILE"] = str(own / "tls.key")
        result["YIJIE_TLS_CA_FILE"] = str(own / "ca.crt")
    if here.certs and service == "settlement":
        signing = signatures_dir(data_dir)
        result["YIJIE_SIGNATURE_KEYS_FILE"] = str(signing / SIGNATURE_KEYS)
        result["YIJIE_SIGNATURE_KEY_FILE"] = str(signing / "hub")
        result["YIJIE_SIGNATURES_REQUIRED"] = "known"
    for callee in CALLEES.get(service, ()):
        result[f"YIJIE_{callee.upper()}_TARGET"] = endpoints[callee].address
    if service in {"settlement", "clearing", "supervision"}:
        result["YIJIE_BENEFITS_ROUTES"] = _routes(endpoints)
    if service == _HOSTING and provinces_apart(endpoints):
        result["YIJIE_POLICY_REGIONS"] = ",".join(areas_of(apart, endpoints))
    if service == "supervision":
        result["YIJIE_RULE_KEYS_FILE"] = str(folder / "rule_keys")
        result["YIJIE_CHECKPOINT_KEY_FILE"] = str(folder / "checkpoint_key")
        result["YIJIE_CHECKPOINT_KEYS_FILE"] = str(folder / "checkpoint_keys")
    for key in _KEYS.get(service, ()):
        result[f"YIJIE_{key.upper()}_FILE"] = str(folder / key)
    return result


def _routes(endpoints: Mapping[str, Endpoint]) -> str:
    """One process hosts every insured region that does not run apart."""
    routes = {"*": endpoints[_HOSTING].address}
    for province in provinces_apart(endpoints):
        routes[province] = endpoints[remote_name(province)].address
    return ",".join(f"{region}={address}" for region, address in routes.items())


def _write_secret(path: Path, text: str, *, replace: bool) -> None:
    if path.exists() and not replace:
        return
    # Mode at creation: there is no moment at which others can read it.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
