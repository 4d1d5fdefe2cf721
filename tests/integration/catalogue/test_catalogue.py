"""Goal: the catalogue service keeps its contract against a real PostgreSQL.

Method: the whole service on a free port, called through its stub; a second one on the same
database stands for another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest

from services.catalogue.app import running
from services.catalogue.config import Config
from services.catalogue.sample import sample_items
from services.classification.model import CatalogueItem
from services.classification.wire import read_item, write_item
from services.kit import log
from services.kit.channel import open_channel
from services.kit.db import DatabaseConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig
from services.kit.wire import write_date, write_money
from tests.support.rpc import read_status, refused
from yijie.catalogue.v1 import catalogue_pb2
from yijie.catalogue.v1 import catalogue_service_pb2 as service_pb2
from yijie.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from yijie.common.v1 import bill_pb2

pytestmark = pytest.mark.postgres

REGION = "640000"
BED = CatalogueItem(
    item_code="001109000030000",
    name="监护病房床位费",
    list_type_code="201",
    charge_category_code="01",
    catalogue_class="A",
    prior_self_pay_ratio=Decimal(0),
    price_ceiling=Decimal("80.00"),
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
    prior_self_pay_ratio=Decimal("0.10"),
    price_ceiling=None,
    over_ceiling="self_pay",
    begin_date=date(2017, 1, 1),
    end_date=date(2019, 12, 31),
    sample=False,
)


class Client:
    """Calls the service as a provincial system would."""

    def __init__(self, channel) -> None:
        self.stub = CatalogueServiceStub(channel)

    async def load(self, *items, version="v1", publish=False, region=REGION, request_id=None):
        request = service_pb2.ImportCatalogueRequest(
            request_id=request_id or str(uuid4()),
            region_code=region,
            version=version,
            items=[
                entry if isinstance(entry, catalogue_pb2.CatalogueItem) else write_item(entry)
                for entry in items
            ],
            publish=publish,
        )
        return await self.stub.ImportCatalogue(request, timeout=20)

    async def page(self, *, version="", size=0, token="", region=REGION):
        request = service_pb2.GetSnapshotRequest(
            region_code=region, version=version, page_size=size, page_token=token
        )
        return await self.stub.GetSnapshot(request, timeout=20)

    async def all_items(self, **options):
        items, token = [], ""
        while True:
            page = await self.page(token=token, **options)
            items.extend(read_item(item, "items") for item in page.items)
            token = page.next_page_token
            if not token:
                return items

    async def classify(self, *lines, region=REGION):
        request = service_pb2.ClassifyLinesRequest(region_code=region, lines=lines)
        return await self.stub.ClassifyLines(request, timeout=20)

    def watch(self, after=0):
        request = service_pb2.WatchSnapshotsRequest(after_publication_sequence=after)
        return self.stub.WatchSnapshots(request, timeout=20)


@contextlib.asynccontextmanager
async def served(dsn: str, *, heartbeat_s: float = 10.0) -> AsyncIterator[Client]:
    log.configure("catalogue", "info")
    config = Config(
        server=ServerConfig(drain_grace_s=10.0),
        database=DatabaseConfig(dsn=dsn),
        telemetry=TelemetryConfig(),
        watch_poll_s=0.05,
        watch_heartbeat_s=heartbeat_s,
    )
    async with running(config) as server, open_channel(server.address) as channel:
        yield Client(channel)


@pytest.fixture
async def client(dsn) -> AsyncIterator[Client]:
    async with served(dsn) as found:
        yield found


def line(item_code: str, price: str, fen: int, *, quantity="1", day=date(2017, 2, 8), line_id="1"):
    message = bill_pb2.FeeLine(
        line_id=line_id, item_code=item_code, fee_date=write_date(day), amount=write_money(fen)
    )
    message.unit_price.value = price
    message.quantity.value = quantity
    return message


async def next_version(stream):
    response = await asyncio.wait_for(stream.read(), timeout=5)
    if not response.HasField("version"):
        return None
    return response.version.region_code, response.version.version


async def test_a_version_is_invisible_until_published_then_whole(client):
    first = await client.load(DRUG)
    assert (first.accepted_count, first.HasField("published_version")) == (1, False)
    unpublished = await refused(client.page())
    assert unpublished.code == "FAILED_PRECONDITION"
    assert unpublished.reason == "CATALOGUE_NOT_PUBLISHED"
    assert unpublished.metadata["regionCode"] == REGION
    assert (await refused(client.page(version="v1"))).reason == "CATALOGUE_NOT_PUBLISHED"

    last = await client.load(BED, publish=True)
    assert last.published_version == catalogue_pb2.CatalogueVersion(
        region_code=REGION,
        version="v1",
        item_count=2,
        publication_sequence=1,
        publish_time=last.published_version.publish_time,
    )
    assert last.published_version.publish_time.seconds > 0
    assert await client.all_items() == [BED, DRUG]
    page = await client.page()
    assert page.version == last.published_version
    assert [write_item(item) for item in (BED, DRUG)] == list(page.items)


async def test_a_published_version_is_immutable_by_call_and_by_sql(client, dsn):
    await client.load(BED, publish=True)
    late = await refused(client.load(DRUG))
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "CATALOGUE_VERSION_PUBLISHED")
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "catalogue"})
    try:
        for statement in (
            "UPDATE item SET catalogue_class = 'C'",
            "DELETE FROM item",
            "TRUNCATE item",
            "DELETE FROM version",
            "UPDATE version SET item_count = 7",
            "UPDATE version SET publication_sequence = NULL, publish_time = NULL",
            (
                "INSERT INTO item SELECT version_id, '001109000030100', begin_date, end_date, name,"
                " list_type_code, charge_category_code, catalogue_class, prior_self_pay_ratio,"
                " price_ceiling, over_ceiling, sample FROM item"
            ),
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert await client.all_items() == [BED]


async def test_refused_entries_are_named_and_hold_back_the_publication(client):
    later = replace(BED, begin_date=date(2020, 1, 1))
    response = await client.load(
        BED,
        replace(DRUG, list_type_code="201"),
        later,
        replace(DRUG, end_date=date(2016, 1, 1)),
        DRUG,
        publish=True,
    )
    assert response.accepted_count == 2
    assert not response.HasField("published_version")
    refusals = {entry.index: read_status(entry.error) for entry in response.refused_items}
    assert {index: (r.code, r.reason, r.fields) for index, r in refusals.items()} == {
        1: ("INVALID_ARGUMENT", "FIELD_INVALID", ["items[1].list_type_code"]),
        2: ("INVALID_ARGUMENT", "CATALOGUE_PERIOD_OVERLAP", ["items[2].begin_date"]),
        3: ("INVALID_ARGUMENT", "FIELD_INVALID", ["items[3].end_date"]),
    }
    assert all(refusal.domain == "catalogue.yijie" for refusal in refusals.values())
    assert (await refused(client.page())).reason == "CATALOGUE_NOT_PUBLISHED"
    # Against what an earlier batch put there, too.
    again = await client.load(replace(DRUG, begin_date=date(2019, 12, 31)))
    assert [entry.index for entry in again.refused_items] == [0]
    mended = await client.load(
        replace(DRUG, begin_date=date(2020, 1, 1), end_date=None), publish=True
    )
    assert mended.published_version.item_count == 3


async def test_an_entry_that_cannot_be_read_is_refused_alone(client):
    broken_date, no_handling, bad_ratio = (write_item(BED) for _ in range(3))
    broken_date.begin_date.day = 32
    no_handling.over_ceiling = catalogue_pb2.OVER_CEILING_UNSPECIFIED
    bad_ratio.prior_self_pay_ratio.value = "1e-1"
    response = await client.load(broken_date, no_handling, bad_ratio, BED)
    assert response.accepted_count == 1
    assert [read_status(entry.error).fields for entry in response.refused_items] == [
        ["items[0].begin_date"],
        ["items[1].over_ceiling"],
        ["items[2].prior_self_pay_ratio"],
    ]


async def test_a_repeated_batch_gets_the_first_answer_and_no_second_effect(client):
    request_id = str(uuid4())
    first = await client.load(BED, publish=True, request_id=request_id)
    again = await client.load(BED, publish=True, request_id=request_id)
    assert again == first
    other = await refused(client.load(DRUG, publish=True, request_id=request_id))
    assert (other.code, other.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert await client.all_items() == [BED]


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({"region": "170000"}, "INVALID_ARGUMENT", "REGION_UNKNOWN"),
        ({"region": "640100"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"version": ""}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"version": "版本"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"request_id": "1"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    ],
)
async def test_a_malformed_import_is_refused_whole(client, options, code, reason):
    refusal = await refused(client.load(BED, publish=True, **options))
    assert (refusal.code, refusal.reason) == (code, reason)
    assert (await refused(client.page())).reason == "CATALOGUE_NOT_PUBLISHED"


async def test_too_many_entries_an_oversized_name_and_an_empty_version_are_refused(client):
    assert (await refused(client.load(*[BED] * 5001))).reason == "FIELD_INVALID"
    oversized = await client.load(replace(BED, name="字" * 300_000))
    assert read_status(oversized.refused_items[0].error).fields == ["items[0].name"]
    assert (await refused(client.load(publish=True))).fields == ["items"]


async def test_pages_stay_on_the_version_of_the_first_page(client):
    old = [replace(BED, item_code=f"0011090000{number:05d}") for number in range(10)]
    await client.load(*old, publish=True)
    page = await client.page(size=4)
    assert len(page.items) == 4
    await client.load(DRUG, version="v2", publish=True)
    rest = await client.page(size=4, token=page.next_page_token)
    last = await client.page(size=4, token=rest.next_page_token)
    assert (rest.version.version, last.version.version) == ("v1", "v1")
    found = [*page.items, *rest.items, *last.items]
    assert [read_item(item, "items") for item in found] == old
    assert last.next_page_token == ""
    assert await client.all_items() == [DRUG]
    assert await client.all_items(version="v1", size=3) == old

    for bad in (
        client.page(token="nonsense"),
        client.page(version="v1", token=page.next_page_token),
    ):
        refusal = await refused(bad)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
    assert (await refused(client.page(size=-1))).reason == "FIELD_INVALID"


async def test_the_first_page_ends_exactly_at_a_full_page(client):
    await client.load(BED, DRUG, publish=True)
    assert (await client.page(size=2)).next_page_token == ""


async def test_a_page_stays_below_what_a_client_receives(client):
    codes = [f"{number:015d}-{'A' * 20}" for number in range(1_000_000, 1_009_000)]
    items = [replace(BED, item_code=code, name="字" * 180) for code in codes]
    for start in range(0, len(items), 4500):
        await client.load(*items[start : start + 4500], publish=start > 0)
    page = await client.page(size=10_000)
    assert 3_000_000 < page.ByteSize() < 4_000_000
    assert len(await client.all_items(size=10_000)) == 9000


async def test_watch_gives_the_newest_of_every_region_then_each_publication(client):
    await client.load(BED, version="old", publish=True)
    await client.load(BED, version="other", region="110000", publish=True)
    await client.load(DRUG, version="new", publish=True)
    stream = client.watch()
    assert await next_version(stream) == ("110000", "other")
    assert await next_version(stream) == (REGION, "new")
    assert await next_version(stream) is None
    await client.load(BED, version="newest", publish=True)
    assert await next_version(stream) == (REGION, "newest")
    stream.cancel()

    resumed = client.watch(after=2)
    assert await next_version(resumed) == (REGION, "new")
    assert await next_version(resumed) == (REGION, "newest")
    assert await next_version(resumed) is None
    resumed.cancel()


async def test_watch_tells_of_what_another_process_published(client, dsn):
    stream = client.watch()
    assert await next_version(stream) is None
    async with served(dsn) as other:
        await other.load(BED, version="elsewhere", publish=True)
    assert await next_version(stream) == (REGION, "elsewhere")
    stream.cancel()


async def test_a_silent_watch_gives_signs_of_life(dsn):
    async with served(dsn, heartbeat_s=0.05) as client:
        stream = client.watch()
        assert [await next_version(stream) for _ in range(3)] == [None, None, None]
        await client.load(BED, publish=True)
        heard = [await next_version(stream) for _ in range(5)]
        assert heard.count((REGION, "v1")) == 1
        stream.cancel()


async def test_a_watch_does_not_hold_up_the_drain(dsn):
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(served(dsn))
        await client.load(BED, publish=True)
        stream = client.watch()
        await next_version(stream)
        started = time.monotonic()
    # The grace is ten seconds.
    assert time.monotonic() - started < 3


async def test_concurrent_publications_are_numbered_without_a_gap(client):
    regions = ("110000", "120000", "510000", "640000", "440000", "310000")
    answers = await asyncio.gather(
        *(client.load(BED, region=region, publish=True) for region in regions)
    )
    numbers = [answer.published_version.publication_sequence for answer in answers]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


async def test_concurrent_batches_of_one_version_do_not_overlap(client):
    answers = await asyncio.gather(
        *(client.load(replace(BED, name=f"床位{number}")) for number in range(8))
    )
    assert sum(answer.accepted_count for answer in answers) == 1


async def test_lines_are_split_by_the_newest_version_as_of_their_dates(client):
    assert (await refused(client.classify(line(BED.item_code, "1", 100)))).reason == (
        "CATALOGUE_NOT_PUBLISHED"
    )
    await client.load(BED, DRUG, publish=True)
    response = await client.classify(
        line(BED.item_code, "90.00", 27000, quantity="3", line_id="a"),
        line(DRUG.item_code, "14.80", 1480, line_id="b"),
        line(DRUG.item_code, "14.80", 1480, day=date(2020, 1, 1), line_id="c"),
    )
    parts = {
        found.line_id: (
            found.split.total.fen,
            found.split.full_self_pay.fen,
            found.split.over_limit.fen,
            found.split.prior_self_pay.fen,
            found.split.in_scope.fen,
        )
        for found in response.lines
    }
    assert parts == {
        "a": (27000, 0, 3000, 0, 24000),
        "b": (1480, 0, 0, 148, 1332),
        "c": (1480, 1480, 0, 0, 0),
    }
    assert [(found.not_listed, found.sample) for found in response.lines] == [
        (False, True),
        (False, False),
        (True, False),
    ]
    assert response.lines[1].catalogue_class == bill_pb2.CATALOGUE_CLASS_B
    assert response.lines[2].charge_category_code == "09"
    assert response.version.version == "v1"

    await client.load(replace(BED, price_ceiling=None), version="v2", publish=True)
    newer = await client.classify(line(BED.item_code, "90.00", 9000))
    assert newer.version.version == "v2"
    assert newer.lines[0].split.in_scope.fen == 9000


async def test_bad_lines_are_refused_with_their_field(client):
    await client.load(replace(BED, over_ceiling="reject"), publish=True)
    good = line(BED.item_code, "80", 8000, line_id="good")
    for bad, code, reason, field in (
        (
            line(BED.item_code, "80.01", 8001),
            "FAILED_PRECONDITION",
            "PRICE_ABOVE_CEILING",
            "unit_price",
        ),
        (line(BED.item_code, "80", 8002), "INVALID_ARGUMENT", "LINE_AMOUNT_MISMATCH", "amount"),
        (
            line(BED.item_code, "80", 0, quantity="0"),
            "INVALID_ARGUMENT",
            "FIELD_INVALID",
            "quantity",
        ),
        (
            line(BED.item_code, "80", -8000, quantity="-1"),
            "INVALID_ARGUMENT",
            "FIELD_INVALID",
            "amount",
        ),
        (line(BED.item_code, "-80", 8000), "INVALID_ARGUMENT", "FIELD_INVALID", "unit_price"),
        (line(BED.item_code, "8e1", 8000), "INVALID_ARGUMENT", "FIELD_INVALID", "unit_price"),
        (line("ABCDEF", "80", 8000), "INVALID_ARGUMENT", "FIELD_INVALID", "item_code"),
        (
            line(BED.item_code, "80", 8000, line_id="good"),
            "INVALID_ARGUMENT",
            "LINE_ID_DUPLICATE",
            "line_id",
        ),
        (
            line(BED.item_code, "80", 8000, day=date(2016, 12, 31)),
            "FAILED_PRECONDITION",
            "CATALOGUE_NOT_PUBLISHED",
            "fee_date",
        ),
    ):
        refusal = await refused(client.classify(good, bad))
        assert (refusal.code, refusal.reason, refusal.fields) == (
            code,
            reason,
            [f"lines[1].{field}"],
        )
    mismatch = await refused(client.classify(line(BED.item_code, "80", 8002)))
    assert (mismatch.metadata["statedFen"], mismatch.metadata["computedFen"]) == ("8002", "8000")
    assert (await refused(client.classify())).reason == "FIELD_INVALID"
    assert (await refused(client.classify(*[good] * 501))).reason == "FIELD_INVALID"
    call = client.stub.ClassifyLines(
        service_pb2.ClassifyLinesRequest(region_code=REGION, lines=[good])
    )
    assert (await refused(call)).reason == "DEADLINE_REQUIRED"


async def test_the_four_sample_catalogues_are_imported_in_seconds(client):
    batches = []
    for region in ("110000", "120000", "510000", "640000"):
        items = sample_items(region)
        batches.append((region, items))
    started = time.monotonic()
    for region, items in batches:
        for start in range(0, len(items), 4000):
            part = items[start : start + 4000]
            answer = await client.load(
                *part, version="sample-1", region=region, publish=start + 4000 >= len(items)
            )
            assert answer.accepted_count == len(part)
        assert answer.published_version.item_count == len(items)
    assert time.monotonic() - started < 30
    assert tuple(await client.all_items(region="510000")) == batches[2][1]
