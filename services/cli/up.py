"""`yijie up`: the mesh with demo data, until Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import Message
from rich.table import Table

from services.cli import cases
from services.cli.certs.local import agency_name
from services.cli.demo import load_demo_data
from services.cli.mesh import Mesh, mesh
from services.cli.progress import Progress
from services.cli.province import connected
from services.cli.screen import console
from services.cli.topology import (
    REMOTE_PROVINCES,
    Endpoint,
    areas_of,
    provinces_apart,
    remote_name,
    signatures_dir,
)
from services.kit import codes
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

_CASE = "outpatient"

_PYTHON = """\
import uuid
import grpc
from google.protobuf import json_format
from yijie.settlement.v1 import settlement_service_pb2, settlement_service_pb2_grpc

request = json_format.Parse('''{request}''', settlement_service_pb2.SettleRequest())
request.request_id = str(uuid.uuid4())  # keep it: a repeat with the same id gets the same answer
{channel}
    hub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
    reply = hub.Settle(request, timeout=1.0{options})
print(reply.settlement.settlement_id, reply.settlement.adjudication.fund_total.fen, "fen by funds")
"""


_PLAIN = 'with grpc.insecure_channel("{address}") as channel:'
_BY_TLS = """\
from services.kit.signing.algorithms import parse_private_key
from services.kit.signing.client import signed_metadata

signing_key = parse_private_key(open("{signing_key}").read())
signature = signed_metadata(signing_key, "/yijie.settlement.v1.SettlementService/Settle", request)
ca, key, certificate = (
    open(f"{folder}/{{name}}", "rb").read() for name in ("ca.crt", "tls.key", "tls.crt")
)
credentials = grpc.ssl_channel_credentials(ca, key, certificate)
with grpc.secure_channel("{address}", credentials) as channel:"""


async def up(data_dir: Path, dsn: str, *, regions: bool = False, tls: bool = False) -> int:
    """Runs the mesh until it is interrupted; fails when a service ends by itself.

    With `regions` two insured provinces run apart, each with a database of its own. With `tls`
    every call is by TLS, with certificates of both sides.
    """
    progress = Progress()
    provinces = REMOTE_PROVINCES if regions else ()
    started = mesh(data_dir, dsn=dsn, provinces=provinces, tls=tls, progress=progress)
    async with started as running:
        async with connected(running.endpoints, str(running.trace_dir)) as province:
            await load_demo_data(province, progress)
            patient = await province.register(cases.case(_CASE))
        _print(running, patient)
        await running.watch()
    return 0


def grpcurl_call(endpoint: Endpoint, patient: settlement_pb2.Patient) -> str:
    """Returns a shell command that asks for a quote of the outpatient bill."""
    request = settlement_service_pb2.PreSettleRequest(
        patient=patient, bill=cases.case(_CASE).bill, use_account=True
    )
    how = "-plaintext"
    if endpoint.certs:
        folder = _caller_folder(endpoint)
        how = f"-cacert {folder}/ca.crt -cert {folder}/tls.crt -key {folder}/tls.key"
    return (
        f"grpcurl {how} -max-time 2 -d '{_json(request)}' \\\n"
        f"  {endpoint.address} yijie.settlement.v1.SettlementService/PreSettle"
    )


def python_call(endpoint: Endpoint, patient: settlement_pb2.Patient) -> str:
    """Returns a Python program that settles the outpatient bill."""
    request = settlement_service_pb2.SettleRequest(
        patient=patient, bill=cases.case(_CASE).bill, use_account=True
    )
    channel, options = _PLAIN.format(address=endpoint.address), ""
    if endpoint.certs:
        folder = _caller_folder(endpoint)
        signing_key = signatures_dir(Path(endpoint.certs).parent) / folder.name
        channel = _BY_TLS.format(address=endpoint.address, folder=folder, signing_key=signing_key)
        options = ", metadata=signature"
    return _PYTHON.format(request=_json(request), channel=channel, options=options)


def _caller_folder(endpoint: Endpoint) -> Path:
    """Returns the certificate of whoever settles the bill: the agency of the place of care."""
    province = codes.province_of(cases.case(_CASE).bill.care_region_code)
    return Path(endpoint.certs) / agency_name(province)


def _json(request: Message) -> str:
    return json_format.MessageToJson(request, indent=None, ensure_ascii=False)


def _print(running: Mesh, patient: settlement_pb2.Patient) -> None:
    out = console()
    table = Table(box=None, header_style="dim")
    for name in ("服务 service", "gRPC", "指标 metrics", "日志 log"):
        table.add_column(name, no_wrap=True)
    for name, endpoint in running.endpoints.items():
        table.add_row(name, endpoint.address, endpoint.metrics_url, f"logs/{name}.log")
    out.print(table)
    for province in provinces_apart(running.endpoints):
        out.print(
            f"参保地 {province} 独立运行 · insured province {province} runs apart:"
            f" {remote_name(province)}, its own database, areas {', '.join(areas_of(province))}",
            soft_wrap=True,
            markup=False,
        )
    hub = running.endpoints["settlement"]
    if hub.certs:
        out.print(
            f"双向 TLS · mutual TLS: certificates in {hub.certs};"
            f" {beside('yijie')} certs list --certs {hub.certs}",
            soft_wrap=True,
            markup=False,
        )
    # Whole lines, whatever the width of the terminal: they are there to be pasted.
    out.print("\n试算 a quote, by grpcurl:\n", style="bold")
    out.print(grpcurl_call(hub, patient), soft_wrap=True, markup=False)
    out.print(f"\n结算 a settlement, by Python ({beside('python')}):\n", style="bold", markup=False)
    out.print(python_call(hub, patient), soft_wrap=True, markup=False)
    out.print(
        f"跟踪 its waterfall: {beside('yijie')} trace <settlement id>"
        f" --data-dir {running.data_dir}",
        soft_wrap=True,
        markup=False,
    )
    out.print("Ctrl-C 停止 stops everything.", style="dim")


def beside(program: str) -> str:
    """Returns how to call a program of the environment that Yijie runs in, ready to be pasted."""
    path = Path(sys.executable).with_name(program)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
