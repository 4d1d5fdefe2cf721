"""Supervision on a real database: ScreenBill over the wire, and findings recorded from a feed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.kit import wire
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.db import Database
from services.kit.feed import CursorMoved, load_cursor
from services.supervision import usecases
from services.supervision.app import running
from services.supervision.audit.records import FEED
from services.supervision.config import Config
from services.supervision.rules_loader import load_rules
from tests.integration.supervision.harness import EVERYTHING, audited, environ, store_of
from tests.support.rpc import refused
from tests.support.settlement_feed import (
    FakeSettlement,
    cursor_of,
    eventually,
    fee_line,
    feed_server,
    reversed_,
    settled,
)
from yijie.common.v1 import bill_pb2
from yijie.supervision.v1 import (
    finding_pb2,
    supervision_service_pb2,
    supervision_service_pb2_grpc,
)

pytestmark = pytest.mark.postgres

TIMEOUT_S = 10.0
DRUG_MALE = "XL02BBA326A001010102180"
DRUG_LEVEL_2 = "ZA05CAC0029010102312"
REGISTRATION = "001101000010000"
DAY = date(2026, 3, 9)


@contextlib.asynccontextmanager
async def supervision(dsn: str, port: int) -> AsyncIterator[Any]:
    """The whole service on a free port; gives its stub."""
    config = load(Config, environ(dsn, port))
    async with running(config) as server, open_channel(server.address) as channel:
        yield supervision_service_pb2_grpc.SupervisionServiceStub(channel)


def screen_request(*lines: Any, **changes: Any) -> Any:
    fields = {
        "sex": bill_pb2.SEX_FEMALE,
        "birth_date": wire.write_date(date(1980, 5, 1)),
        "medical_type_code": "11",
        "scheme_code": "310",
        "institution_code": "H11010500001",
        "hospital_level_code": "02",
        "diagnoses": [bill_pb2.Diagnosis(diagnosis_code="I10.x00x002", main=True)],
        "lines": lines,
    }
    return supervision_service_pb2.ScreenBillRequest(**(fields | changes))


def finding(rule_code: str = "DRUG_SEX", *line_ids: str, fen: int = 1000) -> Any:
    return finding_pb2.Finding(
        rule_code=rule_code,
        result_class=finding_pb2.RESULT_CLASS_VIOLATION,
        line_ids=line_ids or ("1",),
        amount=wire.write_money(fen),
        message_zh="限性别用药",
        message_en="Drug limited by sex",
        ruleset_version="0123456789abcdef",
        severity=finding_pb2.SEVERITY_HIGH,
        effect=finding_pb2.EFFECT_MARK,
    )


async def recorded(stub: Any, **wanted: Any) -> Any:
    request = supervision_service_pb2.ListFindingsRequest(**wanted)
    return await stub.ListFindings(request, timeout=TIMEOUT_S)


async def recorded_up_to(database: Database, count: int) -> None:
    async def check() -> None:
        assert await load_cursor(database, FEED) == cursor_of(count)

    await eventually(check)


async def test_a_bill_is_screened_over_the_wire(dsn: str, database: Database) -> None:
    async with supervision(dsn, 1) as stub:  # the feed is down: calls are answered all the same
        request = screen_request(
            fee_line(DRUG_MALE, "a", 2500),
            fee_line(REGISTRATION, "b"),
            fee_line(DRUG_LEVEL_2, "c", 100),
            hospital_level_code="08",
        )
        answer = await stub.ScreenBill(request, timeout=TIMEOUT_S)
        assert answer.ruleset_version == load_rules().version
        assert [
            (f.rule_code, f.result_class, list(f.line_ids), f.amount.fen) for f in answer.findings
        ] == [
            ("DRUG_LEVEL", finding_pb2.RESULT_CLASS_VIOLATION, ["c"], 100),
            ("DRUG_SEX", finding_pb2.RESULT_CLASS_VIOLATION, ["a"], 2500),
        ]
        assert {f.ruleset_version for f in answer.findings} == {answer.ruleset_version}
        clean = await stub.ScreenBill(screen_request(fee_line(REGISTRATION)), timeout=TIMEOUT_S)
        assert list(clean.findings) == []
        assert clean.ruleset_version == answer.ruleset_version
        assert list((await recorded(stub)).findings) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [fee_line(REGISTRATION, str(n)) for n in range(3001)]}, "lines"),
        ({"birth_date": None}, "birth_date"),
        ({"birth_date": {"year": 2026, "month": 2, "day": 30}}, "birth_date"),
        ({"sex": 7}, "sex"),
        ({"hospital_level_code": "12"}, "hospital_level_code"),
        ({"medical_type_code": "x"}, "medical_type_code"),
        ({"scheme_code": "510"}, "scheme_code"),
        ({"institution_code": "X1"}, "institution_code"),
    ],
)
async def test_malformed_bills_are_refused_with_the_field(
    dsn: str, database: Database, changes: dict[str, Any], field: str
) -> None:
    async with supervision(dsn, 1) as stub:
        request = screen_request(*(changes.get("lines") or [fee_line(REGISTRATION)]), **changes)
        refusal = await refused(stub.ScreenBill(request, timeout=TIMEOUT_S))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
        assert refusal.fields == [field]


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda line: line.fee_date.CopyFrom(wire.write_date(DAY.replace(day=1))), ""),
        (lambda line: setattr(line.fee_date, "day", 32), "lines[0].fee_date"),
        (lambda line: setattr(line.quantity, "value", "1e9"), "lines[0].quantity"),
        (lambda line: setattr(line.quantity, "value", "1.00001"), "lines[0].quantity"),
        (lambda line: setattr(line.amount, "fen", -1), "lines[0].amount"),
        (lambda line: setattr(line, "item_code", "x"), "lines[0].item_code"),
    ],
)
async def test_malformed_lines_are_refused_with_their_path(
    dsn: str, database: Database, spoil: Any, field: str
) -> None:
    line = fee_line(REGISTRATION)
    spoil(line)
    async with supervision(dsn, 1) as stub:
        call = stub.ScreenBill(screen_request(line), timeout=TIMEOUT_S)
        if not field:
            assert list((await call).findings) == []
            return
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
        assert refusal.fields == [field]


async def test_a_bill_of_3000_lines_is_screened_within_its_second(
    dsn: str, database: Database
) -> None:
    items = load_rules().limited_items[:3000]
    request = screen_request(*(fee_line(code, str(n)) for n, code in enumerate(items)), sex=1)
    async with supervision(dsn, 1) as stub:
        started = time.perf_counter()
        answer = await stub.ScreenBill(request, timeout=TIMEOUT_S)
        assert time.perf_counter() - started < 1
        assert len(answer.findings) > 1000


async def test_findings_of_the_round_trip_are_recorded(dsn: str, database: Database) -> None:
    fake = FakeSettlement()
    await fake.append(
        settled(1, findings=(finding("DRUG_SEX", "a", "b", fen=70), finding("ITEM_SEX"))),
        settled(2),
        settled(3, findings=(finding("DUPLICATE_CHARGE"),), care="640104"),
    )
    async with feed_server(fake) as port, supervision(dsn, port) as stub:
        await recorded_up_to(database, 3)
        newest_first = (await recorded(stub)).findings
        assert [(UUID(f.settlement_id).int, f.finding.rule_code) for f in newest_first] == [
            (3, "DUPLICATE_CHARGE"),
            (1, "ITEM_SEX"),
            (1, "DRUG_SEX"),
        ]
        oldest = newest_first[-1]
        assert oldest.finding == finding("DRUG_SEX", "a", "b", fen=70)
        assert oldest.institution_code == "H11010500001"
        assert (oldest.care_region_code, oldest.insured_region_code) == ("110105", "131100")
        assert not any(f.reversed for f in newest_first)
        assert oldest.create_time.seconds > 0
        assert await moments(database) == {"ROUND_TRIP": 3}


async def test_a_reversal_marks_and_deletes_nothing(dsn: str, database: Database) -> None:
    fake = FakeSettlement()
    first = settled(1, findings=(finding(),))
    await fake.append(first, settled(2, findings=(finding(),)), reversed_(first))
    async with feed_server(fake) as port, supervision(dsn, port) as stub:
        await recorded_up_to(database, 3)
        marks = {UUID(f.settlement_id).int: f.reversed for f in (await recorded(stub)).findings}
        assert marks == {1: True, 2: False}


async def test_bills_that_the_round_trip_could_not_screen_are_screened_afterwards(
    dsn: str, database: Database
) -> None:
    fake = FakeSettlement()
    lines = (fee_line(DRUG_MALE, "a", 300), fee_line(DRUG_LEVEL_2, "b"))
    await fake.append(
        settled(1, findings=(finding(),)),
        settled(2, findings=None, lines=lines),
        settled(3, findings=None),
    )
    async with feed_server(fake) as port, supervision(dsn, port) as stub:
        await recorded_up_to(database, 3)
        found = (await recorded(stub, settlement_id=str(UUID(int=2)))).findings
        assert [(f.finding.rule_code, list(f.finding.line_ids)) for f in found] == [
            ("DRUG_SEX", ["a"]),
            ("DRUG_LEVEL", ["b"]),
        ]
        assert {f.finding.ruleset_version for f in found} == {load_rules().version}
        assert await moments(database) == {"ROUND_TRIP": 1, "AFTERWARDS": 2}


async def test_a_bill_that_cannot_be_read_stops_the_feed_and_loses_nothing(
    dsn: str, database: Database
) -> None:
    fake = FakeSettlement()
    broken = settled(2, lines=(fee_line(DRUG_MALE, "a"),))
    broken.settlement.bill.lines[0].quantity.value = "one"
    await fake.append(settled(1, findings=(finding(),)), broken)
    async with feed_server(fake) as port, supervision(dsn, port) as stub:

        async def tried_again() -> None:
            assert len(fake.subscriptions) >= 3

        await eventually(tried_again)
        # Nothing of the batch is recorded while one of its bills cannot be read.
        assert list((await recorded(stub)).findings) == []
        fake.journal[1].settlement.bill.lines[0].quantity.value = "1"
        await recorded_up_to(database, 2)


async def moments(database: Database) -> dict[str, int]:
    rows = await database.fetch(
        "/* test.moments */ SELECT moment, count(*) AS n FROM finding GROUP BY moment"
    )
    return {row["moment"]: row["n"] for row in rows}


async def test_findings_are_filtered_and_paged(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=4)
    await fake.append(
        *(
            settled(
                n,
                findings=(finding("DRUG_SEX" if n % 2 else "DRUG_AGE"),),
                care=["110105", "640104", "640200"][n % 3],
            )
            for n in range(1, 13)
        )
    )
    async with feed_server(fake) as port, supervision(dsn, port) as stub:
        await recorded_up_to(database, 12)
        seen, token = [], ""
        while True:
            page = await recorded(stub, page_size=5, page_token=token)
            seen += [UUID(f.settlement_id).int for f in page.findings]
            token = page.next_page_token
            if not token:
                break
        assert seen == list(range(12, 0, -1))

        async def of(**wanted: str) -> list[int]:
            return [UUID(f.settlement_id).int for f in (await recorded(stub, **wanted)).findings]

        assert await of(rule_code="DRUG_SEX") == [11, 9, 7, 5, 3, 1]
        assert await of(care_region_code="640000") == [11, 10, 8, 7, 5, 4, 2, 1]
        assert await of(care_region_code="640100") == [10, 7, 4, 1]
        assert await of(care_region_code="640104", rule_code="DRUG_AGE") == [10, 4]
        assert await of(care_region_code="650000") == []
        assert await of(settlement_id=str(UUID(int=7))) == [7]
        first = await recorded(stub, page_size=5)
        other = supervision_service_pb2.ListFindingsRequest(
            page_size=5, page_token=first.next_page_token, rule_code="DRUG_SEX"
        )
        refusal = await refused(stub.ListFindings(other, timeout=TIMEOUT_S))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
        negative = supervision_service_pb2.ListFindingsRequest(page_size=-1)
        refusal = await refused(stub.ListFindings(negative, timeout=TIMEOUT_S))
        assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["page_size"])


async def test_a_feed_that_repeats_and_breaks_records_each_event_once(
    dsn: str, database: Database
) -> None:
    fake = FakeSettlement(batch_size=4)
    fake.rewind_events, fake.responses_max = 3, 2
    events = [settled(n, findings=(finding(), finding("ITEM_SEX"))) for n in range(1, 25)]
    await fake.append(*events, *(reversed_(event) for event in events[::4]))
    async with feed_server(fake) as port:
        async with supervision(dsn, port):
            await recorded_up_to(database, 30)
        await fake.append(settled(25, findings=(finding(),)))
        async with supervision(dsn, port) as stub:  # resumes after a restart
            await recorded_up_to(database, 31)
            found = (await recorded(stub, page_size=1000)).findings
            assert len(found) == 49
            assert len({f.finding_id for f in found}) == 49
            assert sum(f.reversed for f in found) == 12


async def test_the_feed_may_restart(dsn: str, database: Database) -> None:
    fake = FakeSettlement()
    async with feed_server(fake) as port:
        pass
    async with supervision(dsn, port):
        await fake.append(settled(1, findings=(finding(),)))
        async with feed_server(fake, port):
            await recorded_up_to(database, 1)
        await fake.append(settled(2, findings=(finding(),)))
        async with feed_server(fake, port):
            await recorded_up_to(database, 2)


async def test_a_batch_read_after_another_cursor_is_refused(database: Database) -> None:
    store = store_of(database)
    event = settled(1, findings=(finding(),))
    await audited(database, event, event)
    for after in ("", "b"):
        with pytest.raises(CursorMoved):
            await audited(database, event, event, after=after)
    # The same events again, after the cursor as it is: recorded already.
    await audited(database, event, event, after="a")
    found, more = await usecases.list_findings(store, EVERYTHING, size=10)
    assert (len(found), more) == (1, False)


async def test_replicas_record_each_event_once(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=1)
    await fake.append(*(settled(n, findings=(finding(),)) for n in range(1, 41)))
    async with feed_server(fake) as port, supervision(dsn, port) as stub, supervision(dsn, port):
        await recorded_up_to(database, 40)
        assert len((await recorded(stub, page_size=1000)).findings) == 40


@pytest.mark.parametrize("table", ["audited_bill", "finding", "reversal", "finding_withdrawal"])
async def test_what_is_recorded_cannot_be_changed(database: Database, table: str) -> None:
    first = settled(1, findings=(finding(),))
    await audited(database, first, reversed_(first))
    count = f"SELECT count(*) FROM {table}"  # noqa: S608 - names of ours
    assert await database.fetchrow(f"/* test.one */ {count}") == (1,)
    for change in ("UPDATE {} SET create_time = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        statement = f"/* test.change */ {change.format(table)}"
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(statement)


async def test_screening_goes_on_while_the_feed_is_being_recorded(
    dsn: str, database: Database
) -> None:
    fake = FakeSettlement(batch_size=50)
    await fake.append(*(settled(n, findings=(finding(),)) for n in range(1, 1001)))
    async with feed_server(fake) as port, supervision(dsn, port) as stub:
        request = screen_request(fee_line(DRUG_MALE))
        answers = await asyncio.gather(
            *(stub.ScreenBill(request, timeout=TIMEOUT_S) for _ in range(50))
        )
        assert {len(a.findings) for a in answers} == {1}
        await recorded_up_to(database, 1000)
