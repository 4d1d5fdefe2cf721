"""Goal: a published version is downloaded whole and in order; also one of before there were chunks.

Method: the real service on PostgreSQL, called through its stub.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from services.classification.building import Builder
from services.classification.chunk_wire import read_part
from services.classification.model import AgeBound, PaymentRestriction
from services.classification.snapshot import Snapshot
from services.classification.wire import write_item
from services.kit.wire import write_date
from tests.integration.catalogue.test_catalogue import BED, DRUG, REGION, line, served
from tests.support.rpc import refused
from yijie.catalogue.v1 import catalogue_service_pb2 as service_pb2
from yijie.common.v1 import bill_pb2

pytestmark = pytest.mark.postgres

WOMEN = replace(
    BED,
    item_code="001109000030001",
    price_ceiling=None,
    restriction=PaymentRestriction(sex="2", min_age=AgeBound(18, "year"), text="限成年女性"),
)


async def download(client, version: str = "") -> tuple[list[str], Snapshot]:
    request = service_pb2.DownloadSnapshotRequest(region_code=REGION, version=version)
    builder, versions = Builder(), []
    async for chunk in client.stub.DownloadSnapshot(request, timeout=20):
        assert chunk.first_index == len(builder)
        versions.append(chunk.version.version)
        for _ in builder.add(read_part(chunk)):
            pass
    return versions, Snapshot(region_code=REGION, version="", items=builder.finish())


def bare(item):
    restriction = item.restriction and replace(item.restriction, text="")
    return replace(item, name="", restriction=restriction)


async def test_a_version_is_downloaded_as_it_was_published(dsn):
    async with served(dsn) as client:
        assert (await refused(download(client))).reason == "CATALOGUE_NOT_PUBLISHED"
        await client.load(WOMEN, DRUG)
        assert (await refused(download(client, "v1"))).reason == "CATALOGUE_NOT_PUBLISHED"
        await client.load(BED, publish=True)
        await client.load(BED, version="v2", publish=True)
        versions, found = await download(client, "v1")
        assert versions == ["v1"]
        assert list(found) == [bare(item) for item in (BED, WOMEN, DRUG)]
        assert (await download(client))[0] == ["v2"]


async def test_chunks_of_a_version_from_before_are_made_once(dsn):
    async with served(dsn) as client:
        await client.load(BED, DRUG, publish=True)
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("ALTER TABLE catalogue.snapshot_chunk DISABLE TRIGGER USER")
            await connection.execute("DELETE FROM catalogue.snapshot_chunk")
            found = await asyncio.gather(*[download(client) for _ in range(5)])
            count = await connection.fetchval("SELECT count(*) FROM catalogue.snapshot_chunk")
        finally:
            await connection.close()
    assert {len(snapshot) for _, snapshot in found} == {2}
    assert count == 1


async def test_lines_are_classified_by_what_the_caller_tells(dsn):
    async with served(dsn) as client:
        await client.load(write_item(WOMEN), publish=True)
        request = service_pb2.ClassifyLinesRequest(
            region_code=REGION, lines=[line(WOMEN.item_code, "10", 1000)]
        )
        unknown = await client.stub.ClassifyLines(request, timeout=20)
        request.context.sex = bill_pb2.SEX_FEMALE
        request.context.birth_date.CopyFrom(write_date(date(1999, 2, 8)))
        known = await client.stub.ClassifyLines(request, timeout=20)
        request.context.birth_date.CopyFrom(write_date(date(1999, 2, 9)))
        young = await client.stub.ClassifyLines(request, timeout=20)
    assert list(unknown.lines[0].unmet_restrictions) == ["SEX", "AGE"]
    assert unknown.lines[0].split.full_self_pay.fen == 1000
    assert list(known.lines[0].unmet_restrictions) == []
    assert known.lines[0].split.in_scope.fen == 1000
    assert list(young.lines[0].unmet_restrictions) == ["AGE"]
