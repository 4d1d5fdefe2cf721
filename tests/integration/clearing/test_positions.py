"""Goal: positions are read page by page, whole and in order, only by tokens of the same list."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.clearing import usecases
from services.clearing.app import running
from services.clearing.config import Config
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.db import Database
from services.kit.paging import write_token
from tests.integration.clearing.harness import batch_of, environ
from tests.support.rpc import refused
from tests.support.settlement_feed import START, settled
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc

pytestmark = pytest.mark.postgres

TIMEOUT_S = 10.0
PAIRS = [
    (insured, care, scheme, month)
    for insured in ("130000", "640000", "650000")
    for care in ("110000", "310000")
    for month in (0, 31)
    for scheme in ("310", "390")
]


@contextlib.asynccontextmanager
async def clearing(dsn: str) -> AsyncIterator[Any]:
    """The whole service without a feed; gives its stub."""
    config = load(Config, environ(dsn, 1))
    async with running(config) as server, open_channel(server.address) as channel:
        yield clearing_service_pb2_grpc.ClearingServiceStub(channel)


@pytest.fixture
async def stub(dsn: str, database: Database) -> AsyncIterator[Any]:
    """Clearing with 24 positions, booked in another order than they are listed."""
    events = [
        settled(
            number,
            funds={} if number == 1 else {"390100": 1000 + number, "310100": number},
            account_fen=0 if number == 1 else 5,
            insured=insured,
            care=care,
            scheme=scheme,
            at=START - timedelta(days=days),
        )
        for number, (insured, care, scheme, days) in enumerate(reversed(PAIRS), start=1)
    ]
    await usecases.book_batch(database, after="", batch=batch_of(*events, cursor="a"))
    async with clearing(dsn) as opened:
        yield opened


async def positions(stub: Any, **wanted: Any) -> Any:
    request = clearing_service_pb2.GetPositionRequest(**wanted)
    return await stub.GetPosition(request, timeout=TIMEOUT_S)


async def refusal_of(stub: Any, **wanted: Any) -> Any:
    request = clearing_service_pb2.GetPositionRequest(**wanted)
    return await refused(stub.GetPosition(request, timeout=TIMEOUT_S))


async def pages(stub: Any, size: int, **wanted: Any) -> list[Any]:
    found, token = [], ""
    while True:
        found.append(await positions(stub, page_size=size, page_token=token, **wanted))
        token = found[-1].next_page_token
        if not token:
            return found


def key(one: Any) -> tuple[str, str, str, str]:
    return one.insured_region_code, one.care_region_code, one.month, one.scheme_code


@pytest.mark.parametrize("size", [1, 5, 8, 23, 24, 25])
async def test_pages_together_are_the_whole_list(stub: Any, size: int) -> None:
    whole = await positions(stub)
    assert (len(whole.positions), whole.next_page_token, whole.cursor) == (24, "", "a")
    assert [key(one) for one in whole.positions] == sorted(key(one) for one in whole.positions)
    found = await pages(stub, size)
    assert [one for page in found for one in page.positions] == list(whole.positions)
    # No page is empty: where the list ends with a page, that page has no token.
    assert [len(page.positions) for page in found[:-1]] == [size] * (len(found) - 1)
    assert len(found) == -(-24 // size)
    assert {page.cursor for page in found} == {"a"}


async def test_pages_keep_to_the_filter(stub: Any) -> None:
    wanted = {"insured_region_code": "640000", "scheme_code": "390"}
    found = [one for page in await pages(stub, 3, **wanted) for one in page.positions]
    assert len(found) == 4
    assert {(one.insured_region_code, one.scheme_code) for one in found} == {("640000", "390")}
    assert found == list((await positions(stub, **wanted)).positions)


async def test_a_position_without_funds_has_its_place(stub: Any) -> None:
    found = [one for page in await pages(stub, 1) for one in page.positions]
    (bare,) = [one for one in found if not one.funds]
    assert (bare.owed.fen, bare.settlement_count) == (0, 1)


async def test_each_page_has_the_cursor_of_its_reading(stub: Any, database: Database) -> None:
    first = await positions(stub, page_size=20)
    later = settled(99, funds={"310100": 7}, insured="650000", care="440000")
    await usecases.book_batch(database, after="a", batch=batch_of(later, cursor="b"))
    second = await positions(stub, page_size=20, page_token=first.next_page_token)
    assert (first.cursor, second.cursor) == ("a", "b")
    assert len(first.positions) + len(second.positions) == 25
    assert second.next_page_token == ""


async def test_a_page_is_of_1000_positions_and_at_most_5000(
    stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    plain = usecases.get_positions

    async def watched(*arguments: Any, size: int) -> Any:
        asked.append(size)
        return await plain(*arguments, size=size)

    monkeypatch.setattr(usecases, "get_positions", watched)
    for size in (0, 1, 5000, 5001, 2**31 - 1):
        await positions(stub, page_size=size)
    assert asked == [1000, 1, 5000, 5000, 5000]
    refusal = await refusal_of(stub, page_size=-1)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert refusal.fields == ["page_size"]


async def test_a_token_of_another_list_is_refused(stub: Any) -> None:
    token = (await positions(stub, page_size=5)).next_page_token
    entries = await stub.ListEntries(
        clearing_service_pb2.ListEntriesRequest(page_size=5), timeout=TIMEOUT_S
    )
    for wanted in (
        {"page_token": token, "scheme_code": "310"},
        {"page_token": token, "month": "2026-03"},
        {"page_token": entries.next_page_token},
        {"page_token": "nonsense"},
        {"page_token": token[:-6]},
    ):
        refusal = await refusal_of(stub, **wanted)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
    # The size may change from page to page.
    again = await positions(stub, page_size=7, page_token=token)
    assert len(again.positions) == 7


@pytest.mark.parametrize(
    "made_up",
    [
        ("7",),
        ("130000", "110000", "2026-03"),
        ("130000", "110000", "2026-03", "310", "x"),
        ("131100", "110000", "2026-03", "310"),
        ("130000", "", "2026-03", "310"),
        ("130000", "110000", "2026-13", "310"),
        ("130000", "110000", "2026-03", "3\x000"),
        ("130000", "110000", "2026-03\n", "310"),
    ],
)
async def test_a_made_up_token_is_refused(stub: Any, made_up: tuple[str, ...]) -> None:
    token = write_token(clearing_service_pb2.GetPositionRequest(), made_up)
    refusal = await refusal_of(stub, page_token=token)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
    assert refusal.fields == ["page_token"]
