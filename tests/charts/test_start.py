"""Goal: the pod of a region, as it is rendered, starts, is healthy, and is who its callers expect.

Method: its environment is taken from the ConfigMap; only addresses and the folder of the secrets
are those of this machine. Its files are laid out by the names of the projected volume, its
certificate is issued by `yijie certs` with the names that the chart would ask cert-manager for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from typer.testing import CliRunner

from services.benefits.app import running
from services.benefits.config import Config
from services.cli.commands import app
from services.cli.health import health
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.tls import TlsConfig, open_identity, peer_name
from tests.charts.render import (
    CHARTS,
    HUB,
    NINGXIA,
    RELEASE,
    Manifest,
    load_values,
    of_kind,
    parse,
    render,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.postgres

SCHEMAS: Final = ("benefits",)
MOUNT: Final = "/run/secrets/yijie"
KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
CODE: Final = "640000"
NAME: Final = "yijie.benefits.v1.BenefitsService"


def _issue(folder: Path, region: str, role: str, names: list[str]) -> None:
    words = ["--certs", str(folder), "--region", region, "--role", role, "--name", role]
    dns = [word for name in names for word in ("--dns", name)]
    issued = CliRunner().invoke(app, ["certs", "issue", *words, *dns])
    assert issued.exit_code == 0, issued.output


def _mount(pod: Manifest, where: Path, contents: dict[str, str], certificate: Path) -> None:
    """Lays out the files that the pod's projected volume would have."""
    volume = next(v["projected"] for v in pod["volumes"] if v["name"] == "secrets")
    for source in volume["sources"]:
        for item in source["secret"]["items"]:
            text = contents.get(item["key"]) or (certificate / item["key"]).read_text("utf-8")
            file = where / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


async def _state(channel: grpc.aio.Channel) -> str:
    request = health_pb2.HealthCheckRequest(service=NAME)
    answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


async def test_the_pod_of_a_region_starts_and_is_who_it_says(dsn: str, tmp_path: Path) -> None:
    values = load_values(NINGXIA.values)
    values["global"]["tls"] = {"issuer": {"name": "yijie"}}
    objects = parse(render(CHARTS / "yijie", values))
    asked = of_kind(objects, "Certificate")[f"{RELEASE}-benefits"]["spec"]["dnsNames"]
    certs, secrets = tmp_path / "certs", tmp_path / "secrets"
    assert CliRunner().invoke(app, ["certs", "init", "--certs", str(certs)]).exit_code == 0
    # The name of who it is `yijie certs` adds by itself.
    own = peer_name("benefits", CODE)
    _issue(certs, CODE, "benefits", [name for name in asked if name != own])
    _issue(certs, HUB, "hub", [])
    pod = of_kind(objects, "Deployment")[f"{RELEASE}-benefits"]["spec"]["template"]["spec"]
    contents = {"uri": dsn, "data-key": KEY, "index-key": KEY}
    _mount(pod, secrets, contents, certs / "benefits")

    data = of_kind(objects, "ConfigMap")[f"{RELEASE}-benefits"]["data"]
    environment = {k: v.replace(MOUNT, str(secrets)) for k, v in data.items()}
    environment |= {
        "YIJIE_LISTEN": "127.0.0.1:0",
        "YIJIE_PROBE_LISTEN": "127.0.0.1:0",
        "YIJIE_METRICS_PORT": "0",
        "YIJIE_DRAIN_DELAY_S": "0",
    }
    hub = TlsConfig(*(certs / "hub" / name for name in ("tls.crt", "tls.key", "ca.crt")))
    async with running(load(Config, environment)) as server, open_identity(hub) as identity:
        for service in ("live", NAME):
            # As the probes of the Deployment ask, and as `yijie health` does.
            found = await asyncio.to_thread(health, server.probe_address, service)
            assert found == ("SERVING", True)
        # As the hub asks a province: by who it is, wherever it is.
        async with open_channel(server.address, identity, peer_name=own) as channel:
            assert await _state(channel) == "SERVING"
        for wrong in (peer_name("benefits", "650000"), "benefits.elsewhere.example"):
            async with open_channel(server.address, identity, peer_name=wrong) as channel:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await _state(channel)
                assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        async with open_channel(server.address) as plain:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await _state(plain)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
