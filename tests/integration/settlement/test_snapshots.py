"""Goal: publications reach every settlement process while bills go on; what is broken stays out.

Method: two followers of one catalogue, in process, that classify without a pause; a catalogue of
tens of thousands of entries is published meanwhile, others are broken off or lack entries.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import grpc
import pytest

from services.classification.classify import classify_lines
from services.classification.model import FeeLine
from services.settlement.snapshots import Snapshots
from tests.support.callees import BED, DRUG, FakeCatalogue, item
from yijie.catalogue.v1 import catalogue_service_pb2 as pb
from yijie.catalogue.v1 import catalogue_service_pb2_grpc as rpc

CARE = "640104"
WITHIN_S = 30.0
BILL = [
    FeeLine(
        line_id="1",
        item_code=BED,
        fee_date=date(2026, 3, 16),
        unit_price=Decimal(10),
        quantity=Decimal(1),
        amount_fen=1000,
    )
]


@contextlib.asynccontextmanager
async def served(catalogue) -> AsyncIterator[str]:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    rpc.add_CatalogueServiceServicer_to_server(catalogue, server)
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield target
    finally:
        await server.stop(0)


@contextlib.asynccontextmanager
async def follower(target: str) -> AsyncIterator[Snapshots]:
    async with grpc.aio.insecure_channel(target) as channel:
        snapshots = Snapshots(rpc.CatalogueServiceStub(channel))
        async with snapshots.following():
            yield snapshots


async def until(holds) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 - what is waited for is another task
            await asyncio.sleep(0.005)


def many(count: int):
    drugs = [item(f"XA01AAA{n // 1000:03d}A001010{n % 1000:06d}", "B") for n in range(count)]
    return [item(BED, "B"), *drugs]


def of_version(snapshots: Snapshots, version: str) -> bool:
    return snapshots.of(CARE).version == version


async def test_two_followers_take_a_version_over_while_bills_go_on():
    catalogue = FakeCatalogue()
    catalogue.chunk_entries = 20_000
    async with served(catalogue) as target, follower(target) as one, follower(target) as other:
        bills: list[tuple[str, int]] = []
        stop = asyncio.Event()

        async def settle(snapshots: Snapshots) -> None:
            while not stop.is_set():
                snapshot = snapshots.of(CARE)
                (split,) = classify_lines(snapshot, BILL)
                bills.append((snapshot.version, split.prior_self_pay_fen))
                await asyncio.sleep(0)

        settling = [asyncio.create_task(settle(each)) for each in (one, other)]
        await catalogue.publish("640000", "v2", many(45_000))
        await until(lambda: of_version(one, "v2") and of_version(other, "v2"))
        stop.set()
        await asyncio.gather(*settling)
    # Every bill was split, and each by one version, whole: class A before, class B after.
    assert set(bills) <= {("v1", 0), ("v2", 100)}
    assert ("v1", 0) in bills
    assert one.of(CARE).item_count == other.of(CARE).item_count == 45_001


class Torn(FakeCatalogue):
    """Breaks the first download of a version off after a chunk, or leaves a chunk out."""

    def __init__(self, *, how: str) -> None:
        super().__init__()
        self.how = how
        self.downloads: list[str] = []

    async def DownloadSnapshot(self, request, context):
        self.downloads.append(request.version)
        torn = request.version == "v2" and self.downloads.count("v2") == 1
        number = 0
        async for chunk in super().DownloadSnapshot(request, context):
            number += 1
            if torn and self.how == "missing" and number == 2:
                continue
            if torn and self.how == "last missing" and number == 3:
                return
            if torn and self.how == "other version":
                chunk.version.version = "v9"
            if torn and self.how == "other region":
                chunk.version.region_code = "110000"
            yield chunk
            if torn and self.how == "broken":
                await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")


async def test_a_load_that_breaks_off_leaves_the_one_before_and_comes_again():
    catalogue = Torn(how="broken")
    async with served(catalogue) as target, follower(target) as snapshots:
        await catalogue.publish("640000", "v2", many(4))
        await until(lambda: catalogue.downloads.count("v2") == 1)
        assert of_version(snapshots, "v1")
        await until(lambda: of_version(snapshots, "v2"))
    assert catalogue.downloads.count("v2") == 2


@pytest.mark.parametrize("how", ["missing", "last missing", "other version", "other region"])
async def test_a_version_that_is_not_whole_never_takes_the_place(how):
    catalogue = Torn(how=how)
    async with served(catalogue) as target, follower(target) as snapshots:
        await catalogue.publish("640000", "v2", many(4))
        await catalogue.publish("110000", "w1", many(2))
        # The next announcement is taken: following goes on.
        await until(lambda: snapshots._by_province.get("110000") is not None)
        assert of_version(snapshots, "v1")
        await catalogue.publish("640000", "v3", many(4))
        await until(lambda: of_version(snapshots, "v3"))


class Failing(FakeCatalogue):
    """Answers the first downloads of a version with a code that is about that version."""

    def __init__(self, code: grpc.StatusCode, times: int) -> None:
        super().__init__()
        self.code, self.left = code, times

    async def DownloadSnapshot(self, request, context):
        if request.version == "v2" and self.left:
            self.left -= 1
            await context.abort(self.code, "not this one")
        async for chunk in super().DownloadSnapshot(request, context):
            yield chunk


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
)
async def test_a_version_that_cannot_be_had_holds_up_no_other_region(code):
    catalogue = Failing(code, times=1_000_000)
    catalogue.add("640000", "v2", many(4))
    catalogue.add("110000", "w1", many(2))
    # Also at start: the process serves what there is.
    async with served(catalogue) as target, follower(target) as snapshots:
        assert snapshots.of("110105").version == "w1"
        assert of_version(snapshots, "v1")
        await catalogue.publish("640000", "v3", many(4))
        await until(lambda: of_version(snapshots, "v3"))


async def test_what_could_not_be_had_is_asked_for_again_with_the_next_sign_of_life():
    catalogue = Failing(grpc.StatusCode.INTERNAL, times=2)
    async with served(catalogue) as target, follower(target) as snapshots:
        # Asked for when announced and with the sign of life that follows.
        await catalogue.publish("640000", "v2", many(4))
        await until(lambda: catalogue.left == 0)
        assert of_version(snapshots, "v1")
        await catalogue.publish("110000", "w1", many(2))
        await until(lambda: of_version(snapshots, "v2"))
        assert not snapshots._missed


async def test_a_zone_that_cannot_be_read_leaves_those_in_place_and_refuses_no_version():
    catalogue = FakeCatalogue()
    catalogue.add("110000", "w1", [item(DRUG, "A")])
    between = {"care_region_code": CARE, "insured_region_code": "110105"}
    zone = pb.RecognitionZone(
        zone_id="a", province_codes=["640000", "110000"], list_type_codes=["101"], applied=True
    )
    zone.begin_date.year, zone.begin_date.month, zone.begin_date.day = 2026, 1, 1
    catalogue.zones = [zone]
    async with served(catalogue) as target, follower(target) as snapshots:
        assert snapshots.recognition(**between) is not None
        bad = pb.RecognitionZone()
        bad.CopyFrom(zone)
        bad.begin_date.month = 13
        catalogue.zones = [bad]
        await catalogue.publish("640000", "v2", many(4))
        await until(lambda: of_version(snapshots, "v2"))
        assert snapshots.recognition(**between) is not None


async def test_zones_come_at_start_and_with_each_publication_and_only_applied_ones():
    catalogue = FakeCatalogue()
    zone = pb.RecognitionZone(
        zone_id="a",
        province_codes=["640000", "110000"],
        list_type_codes=["101"],
        applied=True,
    )
    zone.begin_date.year, zone.begin_date.month, zone.begin_date.day = 2026, 1, 1
    shown = pb.RecognitionZone()
    shown.CopyFrom(zone)
    shown.zone_id, shown.applied = "b", False
    catalogue.zones = [shown]
    catalogue.add("110000", "w1", [item(DRUG, "A")])
    between = {"care_region_code": CARE, "insured_region_code": "110105"}
    async with served(catalogue) as target, follower(target) as snapshots:
        assert snapshots.recognition(**between) is None
        catalogue.zones = [shown, zone]
        await catalogue.publish("640000", "v2", [item(BED, "A")])
        await until(lambda: of_version(snapshots, "v2"))
        found = snapshots.recognition(**between)
        assert found is not None
        assert (found.snapshot.version, len(found.zones)) == ("w1", 1)
        assert snapshots.recognition(care_region_code=CARE, insured_region_code="650100") is None


async def test_a_catalogue_service_that_is_down_stops_no_bill_and_is_followed_when_it_is_back():
    catalogue = FakeCatalogue()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    rpc.add_CatalogueServiceServicer_to_server(catalogue, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with follower(f"127.0.0.1:{port}") as snapshots:
        await server.stop(0)
        for _ in range(20):
            (split,) = classify_lines(snapshots.of(CARE), BILL)
            assert split.in_scope_fen == split.total_fen
            await asyncio.sleep(0.01)
        # Published while nobody could be told.
        catalogue.add("640000", "v2", many(4))
        again = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        rpc.add_CatalogueServiceServicer_to_server(catalogue, again)
        assert again.add_insecure_port(f"127.0.0.1:{port}") == port
        await again.start()
        try:
            await until(lambda: of_version(snapshots, "v2"))
        finally:
            await again.stop(0)
