"""Goal: every query of rules, alerts and dashboards asks for what a running mesh exposes.

Method: a real Prometheus scrapes the whole mesh under the committed rules while bills settle, fail
and are refused; then every query is run by it, and what has to show something does.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import grpc
import pytest

from services.cli.cases import case
from services.cli.mesh import Mesh
from services.cli.province import Province
from services.observability.check import (
    DASHBOARDS,
    REPOSITORY,
    RULES,
    Asked,
    committed_files,
    dashboard_queries,
    rule_queries,
)
from services.observability.instruments import OF_PROMETHEUS
from services.observability.queries import read_query
from tests.support.eventually import eventually
from tests.support.prometheus import Prometheus, binaries, running_prometheus
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

FILES = committed_files(REPOSITORY)
RULE_FILES = {path: text for path, text in FILES.items() if path.startswith(RULES)}
BOARD_FILES = {path: text for path, text in FILES.items() if path.startswith(DASHBOARDS)}
ASKED = [*rule_queries(RULE_FILES), *dashboard_queries(BOARD_FILES)]
TIME = "yijie_settlement_round_trip_duration_seconds"
SHOWN = (
    "sum(rate(yijie_settlement_round_trips_total[5m])) > 0",
    'sum(rate(yijie_settlement_round_trips_total{outcome="settled"}[5m])) > 0',
    'sum(rate(yijie_settlement_round_trips_total{outcome="refused"}[5m])) > 0',
    'sum(rate(yijie_settlement_round_trip_failures_total{party="institution"}[5m])) > 0',
    f"histogram_quantile(0.99, sum by (le) (rate({TIME}_bucket[5m]))) > 0",
    "hub:yijie_settlement_late:ratio_rate1h >= 0",
    "hub:yijie_settlement_late:ratio_rate30d >= 0",
    "pair:yijie_settlement_late:ratio_rate1h >= 0",
    "hub:yijie_settlement_failed:ratio_rate1h >= 0",
    "pair:yijie_settlement_failed_events:rate5m > 0",
    'hub:yijie_settlement_failed_parties:rate5m{party="institution"} > 0',
    "job:yijie_calls_failed:ratio_rate5m >= 0",
)


# Others have nothing to show where nothing goes wrong; these two are about every bill. What ends so
# lists the worst alone.
ALWAYS, WORST = ("yijie-round-trip.json", "yijie-error-budget.json"), "> 0)"


@pytest.fixture(scope="module")
async def server(running: Mesh, province: Province) -> AsyncIterator[Prometheus]:
    """A Prometheus that has scraped some round trips and evaluated the rules over them."""
    binaries()
    folder = Path(tempfile.mkdtemp(prefix="yijie-prometheus-"))
    targets = {
        name: f"127.0.0.1:{endpoint.metrics_port}" for name, endpoint in running.endpoints.items()
    }
    paths = [REPOSITORY / path for path in RULE_FILES]
    try:
        async with running_prometheus(folder, targets, paths) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


CLAIMED = "DASHBOARDS0001"
"""Invoice of a bill that settles once and is refused from then on."""


async def send(province: Province, *, wrong_total: bool = False, invoice: str = "") -> str:
    """Settles the outpatient case, or has it refused; returns the trace id of a settlement."""
    demo = case("outpatient")
    patient = await province.register(demo)
    request = pb.SettleRequest(request_id=str(uuid4()), patient=patient, bill=demo.bill)
    request.bill.invoice_number = invoice or uuid4().hex[:16].upper()
    if wrong_total:
        request.bill.total.fen += 1
    try:
        answer = await province.settlement.Settle(request, timeout=5.0)
    except grpc.aio.AioRpcError:
        return ""
    return str(answer.trace_id)


async def test_every_query_resolves(province, server):
    traces: set[str] = set()

    async def all_shown() -> None:
        # Until two scrapes have seen each kind grow: a rate needs both.
        traces.add(await send(province))
        await send(province, wrong_total=True)
        await send(province, invoice=CLAIMED)
        wanted = [Asked("here", expr) for expr in SHOWN]
        wanted += [
            asked
            for asked in dashboard_queries(BOARD_FILES)
            if any(name in asked.where for name in ALWAYS) and not asked.expr.endswith(WORST)
        ]
        empty = [asked for asked in wanted if not await server.query(asked.expr)]
        assert empty == []

    await eventually(all_shown, within_s=60, every_s=0.5)

    scraped = await series_of(server)
    missing = sorted(
        f"{asked.where}: {selected.name}"
        for asked in ASKED
        for selected in read_query(asked.expr).selected
        if selected.name not in scraped
    )
    assert missing == [], "no process of the mesh exposes what these ask for"

    refused = [problem for asked in ASKED if (problem := await refusal_of(server, asked))]
    assert refused == []

    groups = (await server.get("rules"))["groups"]
    ill = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"]
    assert ill == []
    firing = [alert["labels"] for alert in (await server.get("alerts"))["alerts"]]
    assert [one for one in firing if one["severity"] == "page"] == []

    async def a_point_leads_to_its_trace() -> None:
        # Each bound keeps one point, that of the bill that came last.
        traces.add(await send(province))
        assert await points_of(server) & traces

    await eventually(a_point_leads_to_its_trace, within_s=20, every_s=1.2)


async def points_of(server: Prometheus) -> set[str]:
    """The trace ids of the single bills shown on durations."""
    found = await server.get("query_exemplars", query=f"{TIME}_bucket", start="0", end="9999999999")
    return {exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]}


async def series_of(server: Prometheus) -> set[str]:
    """Every series that was scraped, also one that has no value yet, and every recorded one."""
    families = await server.get("metadata")
    names = set(OF_PROMETHEUS) | {"ALERTS"}
    for family, (about, *_) in families.items():
        base = family.removesuffix("_total")
        suffixes = {
            "counter": ("_total",),
            "histogram": ("_bucket", "_count", "_sum"),
        }.get(about["type"], ("",))
        names |= {base + suffix for suffix in suffixes}
    for group in (await server.get("rules"))["groups"]:
        names |= {rule["name"] for rule in group["rules"] if rule["type"] == "recording"}
    return names


async def refusal_of(server: Prometheus, asked: Asked) -> str:
    try:
        await server.query(asked.expr)
    except AssertionError as error:
        return f"{asked.where}: {error}"
    return ""
