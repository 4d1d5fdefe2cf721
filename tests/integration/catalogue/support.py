"""What the tests of the catalogue service share: a served process and requests to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from services.catalogue.app import running
from services.catalogue.config import Config
from services.classification.model import CatalogueItem
from services.classification.wire import write_item
from services.kit import log
from services.kit.channel import open_channel
from services.kit.db import DatabaseConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig
from services.kit.wire import write_date
from tests.support.rpc import read_status
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2, mapping_service_pb2
from yijie.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from yijie.catalogue.v1.mapping_service_pb2_grpc import MappingServiceStub

REGION = "640000"
TODAY = date(2026, 11, 22)
BED = CatalogueItem(
    item_code="001109000030000",
    name="监护病房床位费",
    list_type_code="201",
    charge_category_code="01",
    catalogue_class="A",
    prior_self_pay_ratio=Decimal(0),
    price_ceiling=Decimal(80),
    over_ceiling="self_pay",
    begin_date=date(2017, 1, 1),
    end_date=None,
    sample=True,
)
DRUG = CatalogueItem(
    item_code="XB01AXA223B001010100269",
    name="注射用奥扎格雷钠",
    list_type_code="101",
    charge_category_code="09",
    catalogue_class="B",
    prior_self_pay_ratio=Decimal("0.1"),
    price_ceiling=None,
    over_ceiling="self_pay",
    begin_date=date(2017, 1, 1),
    end_date=None,
    sample=False,
    specification="40mg",
    unit="支",
)

HOSPITAL = "H64010400001"
PHARMACY = "P64010400002"
FULL = mapping_service_pb2.MAPPING_MODE_FULL_REPLACEMENT
OTHER_BED = replace(BED, item_code="001109000030100", price_ceiling=None, name="普通病房床位费")


class FixedClock:
    """Tells one instant of TODAY."""

    def now(self) -> datetime:
        return datetime(TODAY.year, TODAY.month, TODAY.day, 4, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Client:
    """Calls both services as a provincial system would."""

    catalogue: Any
    mapping: Any

    async def load(self, *items, version="v1", region=REGION, publish=True, **changes):
        request = catalogue_service_pb2.ImportCatalogueRequest(
            request_id=changes.pop("request_id", None) or str(uuid4()),
            region_code=region,
            version=version,
            items=[
                item if isinstance(item, catalogue_pb2.CatalogueItem) else write_item(item)
                for item in items
            ],
            publish=publish,
        )
        for name, value in changes.items():
            if name == "withdrawn":
                request.withdrawn_item_codes.extend(value)
            elif isinstance(value, date):
                getattr(request, name).CopyFrom(write_date(value))
            else:
                setattr(request, name, value)
        return await self.catalogue.ImportCatalogue(request, timeout=60)

    async def items(self, version, region=REGION):
        request = catalogue_service_pb2.GetSnapshotRequest(region_code=region, version=version)
        found = []
        while True:
            page = await self.catalogue.GetSnapshot(request, timeout=20)
            found.extend(page.items)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return found

    async def compare(self, *, on_date=None, **fields):
        request = catalogue_service_pb2.CompareVersionsRequest(
            **{"region_code": REGION, "other_region_code": REGION, **fields}
        )
        if on_date is not None:
            request.on_date.CopyFrom(write_date(on_date))
        return await self.catalogue.CompareVersions(request, timeout=20)

    async def republish(self, from_version, version, region=REGION, request_id=None):
        request = catalogue_service_pb2.RepublishVersionRequest(
            request_id=request_id or str(uuid4()),
            region_code=region,
            from_version=from_version,
            version=version,
        )
        return await self.catalogue.RepublishVersion(request, timeout=20)

    async def map(self, owner, *entries, version="m1", publish=True, mode=0, **fields):
        request = mapping_service_pb2.ImportMappingRequest(
            request_id=fields.pop("request_id", None) or str(uuid4()),
            owner=owner_of(owner),
            version=version,
            mode=mode,
            entries=entries,
            publish=publish,
            **fields,
        )
        return await self.mapping.ImportMapping(request, timeout=20)


def owner_of(code: str):
    """Returns the owner message of a province or an institution."""
    if code[0] in "HP":
        return mapping_service_pb2.MappingOwner(institution_code=code)
    return mapping_service_pb2.MappingOwner(region_code=code)


def entry(source, target="", *, name="床位费", list_type="201", begin=date(2020, 1, 1), **fields):
    """Returns a mapping entry; `fen` and `price` are its money."""
    message = mapping_service_pb2.MappingEntry(
        source_code=source,
        source_name=name,
        target_code=target,
        list_type_code=list_type,
        begin_date=write_date(begin),
        specification=fields.get("specification", ""),
    )
    if "end" in fields:
        message.end_date.CopyFrom(write_date(fields["end"]))
    if "fen" in fields:
        message.period_amount.fen = fields["fen"]
    if "price" in fields:
        message.unit_price.value = fields["price"]
    return message


def refusals(entries):
    """Returns {index: (reason, fields)} of refused entries."""
    found = {}
    for each in entries:
        status = read_status(each.error)
        assert status.code in {"INVALID_ARGUMENT", "NOT_FOUND"}
        assert status.domain == "catalogue.yijie"
        found[each.index] = (status.reason, status.fields)
    return found


async def three_stages(client):
    """Publishes a catalogue, a region's mapping and a hospital's."""
    await client.load(BED, DRUG, OTHER_BED)
    answer = await client.map(
        REGION,
        entry("NX-BED", BED.item_code),
        entry("NX-BED2", OTHER_BED.item_code, end=date(2025, 12, 31)),
        entry("NX-BED2", BED.item_code, begin=date(2026, 1, 1)),
        entry("NX-DRUG", DRUG.item_code, list_type="101", name="奥扎格雷钠"),
        entry("NX-NEW", "001109000030900"),
        entry("NX-OPEN"),
    )
    assert answer.published_version.owner == owner_of(REGION)
    assert answer.published_version.mode == mapping_service_pb2.MAPPING_MODE_UNSPECIFIED
    answer = await client.map(
        HOSPITAL,
        entry("1", "NX-BED", fen=500_00, price="80"),
        entry("2", "NX-BED2", fen=100_00, price="99.5"),
        entry("3", "NX-DRUG", list_type="101", fen=9000_00, name="奥扎格雷"),
        entry("4", "NX-NEW", fen=700_00, name="床"),
        entry("5", "NX-OPEN", fen=300_00),
        entry("6", name="注射用奥扎格雷钠", list_type="101", fen=4000_00, specification="40 mg"),
        entry("7", "NX-BED", begin=date(2027, 1, 1)),
    )
    assert answer.published_version.entry_count == 7
    assert answer.published_version.mode == mapping_service_pb2.MAPPING_MODE_THREE_STAGE


@contextlib.asynccontextmanager
async def served(dsn: str) -> AsyncIterator[Client]:
    """Serves the catalogue process on a free port, on a fixed day."""
    log.configure("catalogue", "info")
    config = Config(
        server=ServerConfig(drain_grace_s=10.0),
        database=DatabaseConfig(dsn=dsn),
        telemetry=TelemetryConfig(),
        watch_poll_s=0.05,
        watch_heartbeat_s=10.0,
    )
    async with (
        running(config, clock=FixedClock()) as server,
        open_channel(server.address) as channel,
    ):
        yield Client(CatalogueServiceStub(channel), MappingServiceStub(channel))
