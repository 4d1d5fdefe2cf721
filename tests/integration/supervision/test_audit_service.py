"""AuditService on a database: findings with their lines, coverage, exports, what mining brings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.rpc import error_details_pb2

from services.kit import wire
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database
from services.kit.errors import Absent, AlreadyExists, InvalidArgument, NotAllowed
from services.supervision.app import running
from services.supervision.audit.coverage import JournalDay
from services.supervision.audit.servicer import AuditServicer
from services.supervision.clients import SettlementClient
from services.supervision.config import Config
from services.supervision.ruleset_source import Shipped
from services.supervision.servicer import SupervisionServicer
from tests.integration.supervision.harness import KEY, audited, bills_of, environ, store_of
from tests.support.eventually import eventually
from tests.support.rpc import refused
from tests.support.settlement_feed import (
    START,
    FakeSettlement,
    fee_line,
    feed_server,
    reversed_,
    settled,
)
from tests.unit.supervision.auditing import ruleset
from yijie.settlement.v1 import journal_service_pb2 as journal_pb
from yijie.settlement.v1 import journal_service_pb2_grpc as journal_rpc
from yijie.settlement.v1 import settlement_service_pb2
from yijie.supervision.v1 import audit_pb2, finding_pb2
from yijie.supervision.v1 import audit_service_pb2 as pb
from yijie.supervision.v1 import audit_service_pb2_grpc as rpc
from yijie.supervision.v1 import supervision_service_pb2 as supervision_pb

pytestmark = pytest.mark.postgres

DAY = date(2026, 3, 31)
RULES = ruleset()
SUPERSEDED = finding_pb2.WITHDRAWAL_REASON_SUPERSEDED


class Caller:
    """A call over TLS; without region: the hub's."""

    def __init__(self, region: str = "") -> None:
        role = f"{region}/role/agency" if region else "000000/role/hub"
        self._name = f"spiffe://yijie/region/{role}".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


HUB, NINGXIA, HEBEI, BEIJING = Caller(), Caller("640000"), Caller("130000"), Caller("110000")


class FakeJournal:
    """Answers what a settlement would say of its days."""

    def __init__(self, *days: JournalDay) -> None:
        self.days = days

    async def journal_day(self, day: date) -> JournalDay:
        return self.days[(day - DAY).days]


def servicer(database: Database, *days: JournalDay) -> AuditServicer:
    cipher = FieldCipher(parse_keyring_text(KEY))
    return AuditServicer(database, cipher, Shipped(RULES), FakeJournal(*days))


def lines(*fen: int) -> tuple[Any, ...]:
    return tuple(
        fee_line(f"XA01ABD075A00201010048{n}", f"L{n}", amount) for n, amount in enumerate(fen)
    )


STAY = settled(
    1, person=1, medical_type="21", end=DAY, lines=lines(700, 300), funds={"310100": 600}
)


async def of_stay(database: Database) -> Any:
    (found,) = (await bills_of(database).findings_of([UUID(int=1)]))[UUID(int=1)]
    return found


async def test_a_finding_comes_with_its_lines(database: Database) -> None:
    found = finding_pb2.Finding(
        rule_code="DEAR",
        result_class=finding_pb2.RESULT_CLASS_VIOLATION,
        line_ids=["L1"],
        amount=wire.write_money(300),
        message_zh="限性别用药",
        message_en="Drug limited by sex",
        ruleset_version="0123456789abcdef",
        severity=finding_pb2.SEVERITY_HIGH,
        effect=finding_pb2.EFFECT_MARK,
        source_zh="某某文件",
    )
    stay = settled(1, person=1, lines=lines(700, 300), findings=(found,), funds={"310100": 600})
    await audited(database, stay, ruleset=RULES)
    recorded = await of_stay(database)
    service = servicer(database)
    request = pb.GetFindingRequest(finding_id=str(recorded.finding_id), region_code="110000")
    detail = (await service.GetFinding(request, BEIJING)).finding
    assert detail.finding.finding == found
    assert detail.finding.moment == finding_pb2.FINDING_MOMENT_ROUND_TRIP
    assert [(line.line_id, line.amount.fen, line.in_scope.fen) for line in detail.lines] == [
        ("L1", 300, 300)
    ]
    assert (detail.total.fen, detail.in_scope.fen, detail.fund_total.fen) == (1000, 1000, 600)
    assert detail.channel == audit_pb2.CHANNEL_DIRECT
    assert wire.read_date(detail.end_date, "") == DAY
    # The insured province sees it, too; nobody else, and nobody for another province.
    request.region_code = "130000"
    assert (await service.GetFinding(request, HEBEI)).finding == detail
    request.region_code = "640000"
    with pytest.raises(Absent):
        await service.GetFinding(request, NINGXIA)
    with pytest.raises(NotAllowed):
        await service.GetFinding(request, BEIJING)
    request.region_code = ""
    with pytest.raises(NotAllowed):
        await service.GetFinding(request, BEIJING)
    assert (await service.GetFinding(request, HUB)).finding == detail
    with pytest.raises(Absent):
        await service.GetFinding(pb.GetFindingRequest(finding_id=str(uuid4())), HUB)


async def test_a_finding_about_the_whole_bill_has_all_lines(database: Database) -> None:
    await audited(database, STAY, ruleset=RULES)
    recorded = await of_stay(database)
    request = pb.GetFindingRequest(finding_id=str(recorded.finding_id))
    detail = (await servicer(database).GetFinding(request, HUB)).finding
    assert [line.line_id for line in detail.lines] == ["L0", "L1"]
    assert detail.finding.finding.amount.fen == 1000


async def test_the_findings_of_a_bill_in_pages(database: Database) -> None:
    day = [settled(n, person=1, end=DAY, at=START + timedelta(hours=n)) for n in (1, 2, 4)]
    late = settled(3, person=1, end=DAY, at=START + timedelta(hours=3))
    await audited(database, *day, late, ruleset=RULES)
    request = pb.ListBillFindingsRequest(bill_key=str(UUID(int=4)), page_size=1)
    first = await servicer(database).ListBillFindings(request, HUB)
    request.page_token = first.next_page_token
    second = await servicer(database).ListBillFindings(request, HUB)
    assert [one.withdrawal_reason for one in (*first.findings, *second.findings)] == [SUPERSEDED, 0]
    assert first.findings[0].HasField("withdraw_time")
    assert not second.findings[0].HasField("withdraw_time")
    assert not second.next_page_token
    request = pb.ListBillFindingsRequest(bill_key=str(UUID(int=4)), region_code="640000")
    assert not (await servicer(database).ListBillFindings(request, NINGXIA)).findings


async def test_findings_are_filtered(database: Database) -> None:
    dear = {"lines": lines(20_000), "findings": None}
    await audited(
        database,
        settled(1, **dear),
        settled(2, care="640104", insured="110105", **dear),
        settled(3, care="640200", insured="650100", medical_type="21", **dear),
        reversed_(settled(1)),
        ruleset=RULES,
    )
    stub = SupervisionServicer(store_of(database), *[None] * 4)  # type: ignore[arg-type]

    async def of(caller: Any = HUB, **wanted: Any) -> list[tuple[int, str]]:
        request = supervision_pb.ListFindingsRequest(**wanted)
        found = (await stub.ListFindings(request, caller)).findings
        return [(UUID(one.settlement_id).int, one.finding.rule_code) for one in found]

    everything = [(3, "UNPREPARED"), (3, "DEAR"), (2, "DEAR"), (1, "DEAR")]
    assert sorted(await of()) == sorted(everything)
    assert sorted(await of(only_standing=True)) == [(2, "DEAR"), (3, "DEAR"), (3, "UNPREPARED")]
    assert sorted(await of(BEIJING, region_code="110000")) == [(1, "DEAR"), (2, "DEAR")]
    assert sorted(await of(NINGXIA, region_code="640000", rule_code="DEAR")) == [
        (2, "DEAR"),
        (3, "DEAR"),
    ]
    assert await of(institution_code="H64010400001") == [(2, "DEAR")]
    assert await of(result_class=finding_pb2.RESULT_CLASS_VIOLATION) == []
    assert len(await of(result_class=finding_pb2.RESULT_CLASS_SUSPICIOUS)) == 4
    assert len(await of(severity=finding_pb2.SEVERITY_MEDIUM)) == 4
    assert await of(severity=finding_pb2.SEVERITY_HIGH) == []
    ago, ahead = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    assert len(await of(since_time=wire.write_time(ago))) == 4
    assert await of(since_time=wire.write_time(ahead)) == []
    for region in ("", "640000"):
        with pytest.raises(NotAllowed):
            await of(BEIJING, region_code=region)


def day_of(settled_count: int, fund_fen: int = 0, reversed_count: int = 0) -> JournalDay:
    return JournalDay(
        settled_count=settled_count, settled_fund_fen=fund_fen, reversed_count=reversed_count
    )


def span(begin: date, end: date) -> Any:
    return pb.SummarizeAuditRequest(
        begin_date=wire.write_date(begin), end_date=wire.write_date(end)
    )


async def test_every_settled_bill_is_shown_to_be_audited(database: Database) -> None:
    first, second = settled(1, funds={"310100": 500}), settled(2, funds={"310100": 250})
    third = settled(3, at=START + timedelta(days=1), funds={"310100": 40})
    back = reversed_(first, at=START + timedelta(days=1))
    await audited(database, first, second, third, back, ruleset=RULES)
    service = servicer(database, day_of(2, 750), day_of(1, 40, 1))
    answer = await service.SummarizeAudit(span(DAY, DAY + timedelta(days=1)), HUB)
    assert answer.complete
    assert [(day.audited_count, day.withdrawn_count) for day in answer.days] == [(2, 0), (1, 1)]
    assert answer.last_settle_time == third.event_time
    # A bill, a fen or a reversal that is not there shows.
    for missing in (day_of(3, 750), day_of(2, 751), day_of(2, 750, 1)):
        answer = await servicer(database, missing).SummarizeAudit(span(DAY, DAY), HUB)
        assert not answer.complete
        assert not answer.days[0].complete


async def test_coverage_is_asked_by_the_hub_for_some_days(database: Database) -> None:
    service = servicer(database)
    with pytest.raises(NotAllowed):
        await service.SummarizeAudit(span(DAY, DAY), BEIJING)
    for begin, end in (
        (DAY, DAY - timedelta(days=1)),
        (DAY, DAY + timedelta(days=31)),
        (date(1999, 12, 31), date(1999, 12, 31)),
    ):
        with pytest.raises(InvalidArgument):
            await service.SummarizeAudit(span(begin, end), HUB)
    empty = await servicer(database, day_of(0)).SummarizeAudit(span(DAY, DAY), HUB)
    assert empty.complete
    assert not empty.HasField("last_settle_time")


async def exported(service: AuditServicer, **wanted: Any) -> list[Any]:
    request = pb.ExportBillsRequest(month="2026-03", **wanted)
    return [one async for batch in service.ExportBills(request, HUB) for one in batch.bills]


async def test_the_bills_of_a_month_are_exported(database: Database) -> None:
    april = START + timedelta(days=1)
    events = [
        settled(1, person=1, lines=lines(700, 300), funds={"310100": 600}),
        settled(2, person=2, care="640104"),
        settled(3, person=1),
        settled(4, at=april),
        reversed_(settled(3, person=1)),
        settled(5, person=1, at=START + timedelta(seconds=1)),
    ]
    await audited(database, *events, ruleset=RULES)
    service = servicer(database)
    found = await exported(service)
    assert [UUID(one.bill_key).int for one in found] == [1, 2, 5]
    first, second, again = found
    assert first.person_key == again.person_key != second.person_key
    assert len(first.person_key) == 16
    person = UUID(events[0].settlement.person_id)
    assert person.bytes not in first.SerializeToString()
    assert (first.age_years, first.sex, first.total.fen) == (45, 2, 1000)
    assert [line.amount.fen for line in first.lines] == [700, 300]
    assert list(first.diagnosis_codes) == ["I10.x00x002"]
    # The same person has the same key in the next export, of another process.
    assert [one.person_key for one in await exported(servicer(database))] == [
        one.person_key for one in found
    ]
    assert [
        UUID(one.bill_key).int for one in await exported(service, after_bill_key=str(UUID(int=1)))
    ] == [2, 5]
    assert [
        UUID(one.bill_key).int for one in await exported(service, care_region_code="640000")
    ] == [2]
    with pytest.raises(Absent):
        await exported(service, after_bill_key=str(uuid4()))
    request = pb.ExportBillsRequest(month="2026-03")
    with pytest.raises(NotAllowed):
        await anext(service.ExportBills(request, BEIJING))


async def test_exports_come_in_batches(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.supervision.audit.export._PAGE", 3)
    monkeypatch.setattr("services.supervision.audit.export._BATCH_BYTES", 700)
    await audited(database, *(settled(n) for n in range(1, 9)), ruleset=RULES)
    request = pb.ExportBillsRequest(month="2026-03")
    batches = [len(one.bills) async for one in servicer(database).ExportBills(request, HUB)]
    assert sum(batches) == 8
    assert len(batches) > 2


def mined(number: int = 1, **changes: Any) -> Any:
    fields = {
        "bill_key": str(UUID(int=number)),
        "rule_code": "SHARED_PHONE",
        "message_zh": "3人共用一个联系电话",
        "message_en": "3 people share one telephone",
    }
    return pb.MinedFinding(**{**fields, **changes})


def record(*findings: Any, **changes: Any) -> Any:
    fields = {
        "request_id": str(uuid4()),
        "run_id": str(UUID(int=900)),
        "since_time": wire.write_time(START),
        "until_time": wire.write_time(START + timedelta(days=30)),
        "ruleset_version": RULES.version,
        "findings": findings,
    }
    return pb.RecordMinedFindingsRequest(**{**fields, **changes})


async def test_mined_findings_are_recorded_once(database: Database) -> None:
    bills = (settled(1, lines=lines(700, 300)), settled(2), settled(3))
    await audited(database, *bills, ruleset=RULES)
    service = servicer(database)
    request = record(
        mined(1, line_ids=["L1"], other_bill_keys=[str(UUID(int=2))]), mined(2), mined(2)
    )
    answer = await service.RecordMinedFindings(request, HUB)
    assert [one.recorded_before for one in answer.results] == [False, False, True]
    assert await service.RecordMinedFindings(request, HUB) == answer
    # Another run finds the same, in words of its own, and something else.
    other = record(
        mined(2, message_zh="4人", message_en="4 people"), mined(3), run_id=str(UUID(int=901))
    )
    later = await service.RecordMinedFindings(other, HUB)
    assert [one.recorded_before for one in later.results] == [True, False]
    assert later.results[0].finding_id == answer.results[1].finding_id
    found = await bills_of(database).finding(UUID(answer.results[0].finding_id))
    assert found is not None
    assert (found.moment.value, found.finding.amount_fen) == ("MINING", 300)
    assert found.finding.other_bill_keys == (UUID(int=2),)
    # It falls with a bill that it rests on.
    await audited(database, reversed_(bills[1]), after="a", to="b", ruleset=RULES)
    fallen = {
        number: [
            one.withdrawal.reason.value if one.withdrawal else ""
            for one in (await bills_of(database).findings_of([UUID(int=number)]))[UUID(int=number)]
        ]
        for number in (1, 2, 3)
    }
    assert fallen == {1: ["OTHER_REVERSED"], 2: ["REVERSED"], 3: [""]}


async def test_a_mined_finding_that_cannot_be_is_refused_alone(database: Database) -> None:
    await audited(database, settled(1), settled(2), reversed_(settled(2)), ruleset=RULES)
    answer = await servicer(database).RecordMinedFindings(
        record(
            mined(1, rule_code="DEAR"),
            mined(1, rule_code="UNHEARD_OF"),
            mined(5),
            mined(1, line_ids=["none"]),
            mined(2),
            mined(1, other_bill_keys=[str(UUID(int=2))]),
            mined(1),
        ),
        HUB,
    )
    assert [reason_of(one) for one in answer.results] == [
        "RULE_NOT_MINED",
        "RULE_NOT_MINED",
        "RESOURCE_NOT_FOUND",
        "RESOURCE_NOT_FOUND",
        "MINED_BILL_REVERSED",
        "MINED_BILL_REVERSED",
        "",
    ]


def reason_of(result: Any) -> str:
    if not result.HasField("error"):
        return ""
    info = error_details_pb2.ErrorInfo()
    result.error.details[0].Unpack(info)
    return str(info.reason)


async def test_a_run_is_one_run(database: Database) -> None:
    await audited(database, settled(1), ruleset=RULES)
    service = servicer(database)
    await service.RecordMinedFindings(record(mined(1)), HUB)
    until = wire.write_time(START + timedelta(days=31))
    with pytest.raises(AlreadyExists) as caught:
        await service.RecordMinedFindings(record(mined(1), until_time=until), HUB)
    assert caught.value.reason == "MINING_RUN_REUSED"
    with pytest.raises(InvalidArgument):
        await service.RecordMinedFindings(record(mined(1), until_time=wire.write_time(START)), HUB)
    with pytest.raises(NotAllowed):
        await service.RecordMinedFindings(record(mined(1)), BEIJING)


@contextlib.asynccontextmanager
async def served(dsn: str, port: int) -> AsyncIterator[Any]:
    async with (
        running(load(Config, environ(dsn, port))) as server,
        open_channel(server.address) as channel,
    ):
        yield rpc.AuditServiceStub(channel)


async def test_over_the_wire(dsn: str) -> None:
    fake = FakeSettlement()
    await fake.append(*(settled(n) for n in range(1, 4)))
    async with feed_server(fake) as port, served(dsn, port) as stub:

        async def bills() -> list[str]:
            request = pb.ExportBillsRequest(month="2026-03")
            stream = stub.ExportBills(request, timeout=10)
            found = [one.bill_key async for batch in stream for one in batch.bills]
            assert len(found) == 3
            return found

        await eventually(bills)
        for bad in ({"month": "2026-13"}, {"month": "2026-03", "after_bill_key": "x"}):
            stream = stub.ExportBills(pb.ExportBillsRequest(**bad), timeout=10)
            assert (await refused(stream.read())).reason == "FIELD_INVALID"
        refusal = await refused(
            stub.GetFinding(pb.GetFindingRequest(finding_id=str(uuid4())), timeout=10)
        )
        assert refusal.reason == "RESOURCE_NOT_FOUND"
        # Settlement has a feed here and no journal: coverage is not known, and it is said.
        refusal = await refused(stub.SummarizeAudit(span(DAY, DAY), timeout=10))
        assert refusal.code != "OK"


class Journal(journal_rpc.JournalServiceServicer):
    """Settlement's journal of one day, by pair of provinces."""

    async def SummarizeJournal(self, request: Any, context: Any) -> Any:
        assert wire.read_date(request.journal_date, "") == DAY
        settled_kind = settlement_service_pb2.EVENT_KIND_SETTLED
        reversed_kind = settlement_service_pb2.EVENT_KIND_REVERSED
        return journal_pb.SummarizeJournalResponse(
            totals=[
                journal_pb.JournalTotals(
                    kind=kind, event_count=count, fund_total=wire.write_money(fen)
                )
                for kind, count, fen in (
                    (settled_kind, 2, 700),
                    (settled_kind, 1, 50),
                    (reversed_kind, 1, 300),
                )
            ]
        )


async def test_the_journal_is_added_up_over_pairs() -> None:
    server = grpc.aio.server()
    journal_rpc.add_JournalServiceServicer_to_server(Journal(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            assert await SettlementClient(channel).journal_day(DAY) == day_of(3, 750, 1)
    finally:
        await server.stop(0)
