"""Goal: what is wrong within a published mapping is found, and what to do about it is said.

Method: as for test_mapping.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.classification.model import PriceCeiling
from services.kit.wire import write_date
from tests.integration.catalogue.support import (
    BED,
    FULL,
    HOSPITAL,
    PHARMACY,
    REGION,
    Client,
    entry,
    owner_of,
    served,
    three_stages,
)
from tests.support.rpc import refused
from yijie.catalogue.v1 import mapping_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def client(dsn) -> AsyncIterator[Client]:
    async with served(dsn) as found:
        yield found


async def conflicts(client, owner, page_size=0, on_date=None):
    request = pb.ListMappingConflictsRequest(owner=owner_of(owner), page_size=page_size)
    if on_date is not None:
        request.on_date.CopyFrom(write_date(on_date))
    found = []
    while True:
        page = await client.mapping.ListMappingConflicts(request, timeout=20)
        for each in page.conflicts:
            assert each.explanation_zh
            assert each.explanation_en
            kind = pb.ConflictKind.Name(each.kind).removeprefix("CONFLICT_KIND_")
            found.append((each.entry.source_code, kind))
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return found


async def test_conflicts_of_a_hospital_and_of_a_region_are_found(client):
    missing = await refused(conflicts(client, HOSPITAL))
    assert missing.reason == "RESOURCE_NOT_FOUND"
    await three_stages(client)
    expected = [("2", "PRICE_ABOVE_CEILING"), ("4", "NOT_LISTED")]
    assert await conflicts(client, HOSPITAL) == expected
    assert await conflicts(client, REGION) == [("NX-NEW", "NOT_LISTED")]
    await client.map(
        HOSPITAL,
        entry("1", "NX-DRUG"),
        entry("2", "NX-DRUG", list_type="101", name="别的药"),
        entry("3", "NX-BED", price="80"),
        version="m2",
    )
    expected = [("1", "OTHER_LIST_TYPE"), ("1", "SHARED_TARGET"), ("2", "SHARED_TARGET")]
    assert await conflicts(client, HOSPITAL) == expected
    assert await conflicts(client, HOSPITAL, page_size=1) == expected
    assert await conflicts(client, HOSPITAL, on_date=date(2019, 1, 1)) == []


async def test_a_level_s_ceiling_counts_for_conflicts(client):
    levels = (
        PriceCeiling(price_level_code="01", price_ceiling=Decimal(60)),
        PriceCeiling(price_level_code="03", price_ceiling=Decimal(120)),
    )
    await client.load(replace(BED, price_ceilings=levels))
    await client.map(
        PHARMACY,
        entry("1", BED.item_code, price="100"),
        entry("2", BED.item_code, price="120.01"),
        mode=FULL,
    )
    assert await conflicts(client, PHARMACY) == [("2", "PRICE_ABOVE_CEILING")]
