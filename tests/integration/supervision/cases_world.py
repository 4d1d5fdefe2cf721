"""CaseService and CreditService on a database, with findings brought as the feed does."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc

from services.kit import log
from services.kit.channel import open_channel
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Connection, Database
from services.kit.errors import Absent, AlreadyExists, DomainError, RuleForbids, Unavailable
from services.kit.feed import load_cursor
from services.kit.server import ServerConfig, serving
from services.supervision.audit.records import FEED
from services.supervision.cases.clients import PaidSettlement, Recorded, read_paid
from services.supervision.cases.desk import Desk
from services.supervision.cases.loop import CaseLoop
from services.supervision.cases.model import CaseDeduction
from services.supervision.cases.servicer import FULL_NAME, CaseServicer
from services.supervision.cases.terms import load_case_terms
from services.supervision.credit.servicer import CreditServicer
from services.supervision.credit.store import Consequence
from services.supervision.credit.terms import load_credit_terms
from services.supervision.domain.case_states import CaseState
from services.supervision.domain.ruleset import RuleSet
from tests.integration.supervision.harness import KEY, audited, bills_of
from tests.support.clock import FakeClock
from tests.support.settlement_feed import fee_line, reversed_, settled, whole
from yijie.common.v1 import money_pb2
from yijie.supervision.v1 import (
    case_pb2,
    case_service_pb2,
    case_service_pb2_grpc,
    credit_pb2,
    credit_service_pb2,
    credit_service_pb2_grpc,
    finding_pb2,
)

TIMEOUT_S = 20.0
CARE, INSURED = "110000", "130000"
HOSPITAL = "H11010500001"
MARCH = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
"""Noon in China on a Monday."""
FIRST, SECOND, ANSWER, FINAL = (
    case_pb2.REVIEW_STEP_FIRST,
    case_pb2.REVIEW_STEP_SECOND,
    case_pb2.REVIEW_STEP_ANSWER,
    case_pb2.REVIEW_STEP_FINAL,
)
OFFICERS = {FIRST: "wang.1", SECOND: "li.2", ANSWER: "li.2", FINAL: "zhao.3"}
PDF = b"%PDF-1.7\n" + b"x" * 2000
pb2 = case_pb2
service_pb2 = case_service_pb2
NO_RULES = RuleSet(
    version="0123456789abcdef", digest="0" * 64, rules=(), by_item={}, by_prefix={}, by_bill=()
)

# What holds between cases and what belongs to them, whatever happened.
_INCOHERENT = """/* test.incoherent_cases */
SELECT k.case_id FROM case_file k
 WHERE k.state IS DISTINCT FROM (SELECT g.state FROM case_change g WHERE g.case_id = k.case_id
                                  ORDER BY g.change_id DESC LIMIT 1)
    OR (SELECT count(*) - count(DISTINCT lower(g.officer_id)) FROM case_change g
         WHERE g.case_id = k.case_id AND g.step IN ('FIRST', 'SECOND', 'FINAL')) > 0
    OR (k.state IN ('DEDUCTED', 'APPEALED', 'UPHELD', 'WITHDRAWN'))
       AND NOT EXISTS (SELECT FROM case_deduction d
                        WHERE d.case_id = k.case_id AND d.state = 'RECORDED')
    OR k.state = 'DEDUCTING' AND NOT EXISTS (
           SELECT FROM case_deduction d WHERE d.case_id = k.case_id AND d.state = 'PENDING')"""


class Clearing:
    """What clearing does, as far as cases see it; told to fail, it does."""

    def __init__(self) -> None:
        self.recorded: dict[UUID, CaseDeduction] = {}
        self.states: dict[UUID, CaseState] = {}
        self.held: dict[str, int] = {}
        """What it holds of funds; others it holds whatever is asked."""
        self.is_down = False
        self.forgets_to_answer = False
        """Records, then breaks off."""
        self.refuses: DomainError | None = None
        self.calls = 0

    async def record(
        self, decisions: Sequence[CaseDeduction], *, now: datetime
    ) -> list[Recorded | DomainError]:
        self.calls += 1
        if self.is_down:
            raise Unavailable("CALLEE_UNAVAILABLE", "down")
        found = [self._record(one) for one in decisions]
        if self.forgets_to_answer:
            raise Unavailable("CALLEE_UNAVAILABLE", "broken off")
        return found

    def _record(self, one: CaseDeduction) -> Recorded | DomainError:
        if self.refuses is not None:
            return self.refuses
        known = self.recorded.get(one.decision_id)
        if known is not None and known.funds_fen != one.funds_fen:
            metadata = {"deductionId": str(one.decision_id)}
            return AlreadyExists("DECISION_ID_REUSED", "other content", metadata=metadata)
        for code, fen in one.funds_fen.items():
            if fen > self.held.get(code, fen):
                metadata = {"fundTypeCode": code, "heldFen": str(self.held[code])}
                return RuleForbids("DEDUCTION_EXCEEDS_SETTLEMENT", "more", metadata=metadata)
        self.recorded[one.decision_id] = one
        self.states.setdefault(one.decision_id, CaseState.DEDUCTED)
        return self._answer(one.decision_id)

    async def get(self, deduction_id: UUID) -> Recorded:
        if self.is_down:
            raise Unavailable("CALLEE_UNAVAILABLE", "down")
        return self._answer(deduction_id)

    def _answer(self, key: UUID) -> Recorded:
        return Recorded(
            deduction_id=key,
            state=self.states[key],
            funds_fen=self.recorded[key].funds_fen,
            appeal_last_date=date(2026, 5, 1),
            change_time=None,
        )


class Settlements:
    """What settlement answers of what was settled."""

    def __init__(self) -> None:
        self.events: dict[UUID, Any] = {}
        self.is_down = False

    async def paid(self, settlement_id: UUID) -> PaidSettlement:
        if self.is_down:
            raise Unavailable("CALLEE_UNAVAILABLE", "down")
        if settlement_id not in self.events:
            raise Absent("RESOURCE_NOT_FOUND", "no such settlement")
        return read_paid(self.events[settlement_id].settlement)


class Identity:
    """Remembers what it is told to suspend."""

    def __init__(self) -> None:
        self.suspended: dict[UUID, Consequence] = {}
        self.is_down = False

    async def suspend(self, consequence: Consequence) -> str:
        if self.is_down:
            raise Unavailable("CALLEE_UNAVAILABLE", "down")
        self.suspended[consequence.consequence_id] = consequence
        return str(UUID(int=len(self.suspended)))


def doubt(
    rule: str = "ITEM_DUPLICATE",
    *lines: str,
    fen: int = 10_000,
    found: int = finding_pb2.RESULT_CLASS_VIOLATION,
) -> Any:
    """A finding that travels with a settlement."""
    return finding_pb2.Finding(
        rule_code=rule,
        result_class=found,
        line_ids=lines or ("1",),
        amount=money_pb2.Money(fen=fen),
        message_zh="同一日重复收取“普通门诊诊察费”",
        message_en="charged twice",
        ruleset_version="0123456789abcdef",
        severity=finding_pb2.SEVERITY_MEDIUM,
        effect=finding_pb2.EFFECT_MARK,
    )


@dataclass
class World:
    """The services and what they stand on."""

    address: str
    database: Database
    clock: FakeClock
    cases: Any
    credit: Any
    loop: CaseLoop
    clearing: Any
    settlements: Settlements
    identity: Identity
    desk: Desk
    servicer: CaseServicer
    credit_servicer: CreditServicer
    numbers: dict[int, Any] = field(default_factory=dict)

    # --- the feed ---------------------------------------------------------------------------------

    async def settle(
        self,
        number: int,
        *findings: Any,
        funds: dict[str, int] | None = None,
        take: bool = True,
        **changes: Any,
    ) -> str:
        """Brings a settlement with its findings; 1 and 2 are its lines of 100 and 200 yuan."""
        day = date(2026, 3, 10)
        event = settled(
            number,
            funds=funds or {"310100": 15_000, "330100": 3_000},
            account_fen=5_000,
            findings=findings or (doubt(),),
            lines=(
                fee_line(line_id="1", fen=10_000, day=day),
                fee_line(line_id="2", fen=20_000, day=day),
            ),
            begin=day,
            end=day,
            at=self.clock.now(),
            **changes,
        )
        event.settlement.bill.doctor_code = "D110105000001"
        self.settlements.events[UUID(int=number)] = event
        self.numbers[number] = event
        await self._feed(event)
        if take:
            await self.loop.take_findings()
        return str(UUID(int=number))

    async def reverse(self, number: int, *, take: bool = True) -> None:
        await self._feed(reversed_(self.numbers[number], at=self.clock.now()))
        if take:
            await self.loop.take_findings()

    async def _feed(self, event: Any) -> None:
        after = await load_cursor(self.database, FEED)
        to = f"{int(after or 0) + 1:08d}"
        await audited(self.database, whole(event), after=after, to=to, ruleset=NO_RULES)

    # --- calls ------------------------------------------------------------------------------------

    async def list(self, **wanted: Any) -> list[Any]:
        request = service_pb2.ListCasesRequest(**wanted)
        return list((await self.cases.ListCases(request, timeout=TIMEOUT_S)).cases)

    async def case_of(self, number: int) -> Any:
        """The newest case of a settlement, whole."""
        found = await self.list(settlement_id=str(UUID(int=number)))
        return await self.get(found[0].case_id)

    async def get(self, case_id: str) -> Any:
        request = service_pb2.GetCaseRequest(case_id=case_id)
        return (await self.cases.GetCase(request, timeout=TIMEOUT_S)).case

    async def state(self, number: int) -> str:
        found = await self.list(settlement_id=str(UUID(int=number)))
        return pb2.CaseState.Name(found[0].state).removeprefix("CASE_STATE_")

    def decide(
        self, case: Any, step: int, *, confirmed: bool = True, fen: int = 0, **changes: Any
    ) -> Any:
        """Decides a review about every finding that is open."""
        open_ = [
            one.finding_id
            for one in case.findings
            if not one.withdrawn and all(verdict.confirmed for verdict in one.verdicts)
        ]
        values = {
            "request_id": str(uuid4()),
            "case_id": case.case_id,
            "region_code": CARE,
            "step": step,
            "verdicts": [
                service_pb2.AskedVerdict(
                    finding_id=one,
                    confirmed=confirmed,
                    at_fault=money_pb2.Money(fen=fen) if fen else None,
                )
                for one in open_
            ],
            "officer_id": OFFICERS[step],
        }
        request = service_pb2.DecideCaseRequest(**{**values, **changes})
        return self.cases.DecideCase(request, timeout=TIMEOUT_S)

    def answer(self, case: Any, **changes: Any) -> Any:
        values = {
            "request_id": str(uuid4()),
            "case_id": case.case_id,
            "region_code": CARE,
            "institution_code": HOSPITAL,
            "position": pb2.POSITION_DISPUTED,
            "text": "两次收费对应不同科室",
            "officer_id": "hospital.7",
        }
        request = service_pb2.AnswerOpinionRequest(**{**values, **changes})
        return self.cases.AnswerOpinion(request, timeout=TIMEOUT_S)

    async def reach(self, number: int, step: int) -> Any:
        """Takes the case of a settlement until a review is due."""
        for before in (FIRST, SECOND, ANSWER):
            if before == step:
                break
            if before == ANSWER:
                await self.answer(await self.case_of(number))
            await self.decide(await self.case_of(number), before)
        if step == ANSWER:
            await self.answer(await self.case_of(number))
        return await self.case_of(number)

    async def conclude(self, number: int) -> Any:
        """Decides a case finally, whatever clearing does."""
        await self.decide(await self.reach(number, FINAL), FINAL)
        return await self.case_of(number)

    async def upload(
        self, case: Any, content: bytes = PDF, *, size: int | None = None, **changes: Any
    ) -> list[Any]:
        """Sends a document in parts; returns what was answered."""
        values = {
            "request_id": str(uuid4()),
            "case_id": case.case_id,
            "region_code": CARE,
            "institution_code": HOSPITAL,
            "size_bytes": len(content) if size is None else size,
            "title": "病历首页",
        }
        first = service_pb2.UploadDocumentRequest(**{**values, **changes})

        async def parts() -> AsyncIterator[Any]:
            yield first
            for begin in range(0, len(content), 1 << 20):
                yield service_pb2.UploadDocumentRequest(
                    request_id=first.request_id, chunk=content[begin : begin + (1 << 20)]
                )

        return [one async for one in self.cases.UploadDocument(parts(), timeout=TIMEOUT_S)]

    async def points(self, subject: int, subject_id: str) -> Any:
        request = credit_service_pb2.GetCreditRequest(subject=subject, subject_id=subject_id)
        return (await self.credit.GetCredit(request, timeout=TIMEOUT_S)).credit

    async def consequences(self, **wanted: Any) -> list[tuple[str, str]]:
        request = credit_service_pb2.ListConsequencesRequest(**wanted)
        found = (await self.credit.ListConsequences(request, timeout=TIMEOUT_S)).consequences
        return [
            (
                credit_pb2.ConsequenceKind.Name(one.kind).removeprefix("CONSEQUENCE_KIND_"),
                credit_pb2.ConsequenceState.Name(one.state).removeprefix("CONSEQUENCE_STATE_"),
            )
            for one in found
        ]

    async def run(self, work: Any) -> Any:
        async def transaction(connection: Connection) -> Any:
            return await work(connection)

        return await self.database.run("test", transaction)

    async def coherent(self) -> None:
        rows = await self.database.fetch(_INCOHERENT)
        assert [row["case_id"] for row in rows] == []


@contextlib.asynccontextmanager
async def cases_world(
    database: Database, *, deductions: Any = None, clock: FakeClock | None = None
) -> AsyncIterator[World]:
    """Serves the calls while the block runs; afterwards cases and what belongs to them agree."""
    clock = clock or FakeClock(MARCH)
    clearing = deductions or Clearing()
    settlements, identity = Settlements(), Identity()
    desk = Desk(
        cipher=FieldCipher(parse_keyring_text(KEY)),
        findings=bills_of(database),
        terms=load_case_terms(),
        credit_terms=load_credit_terms(),
    )
    cases = CaseServicer(database, clock, desk, settlements)
    credit = CreditServicer(database, clock, desk.credit_terms)

    def register(server: grpc.aio.Server) -> None:
        case_service_pb2_grpc.add_CaseServiceServicer_to_server(cases, server)
        credit_service_pb2_grpc.add_CreditServiceServicer_to_server(credit, server)

    log.configure("supervision", "info", io.BytesIO())
    async with (
        serving(ServerConfig(drain_grace_s=1.0), "supervision", (FULL_NAME,), register) as running,
        open_channel(running.address) as channel,
    ):
        world = World(
            address=running.address,
            database=database,
            clock=clock,
            cases=case_service_pb2_grpc.CaseServiceStub(channel),
            credit=credit_service_pb2_grpc.CreditServiceStub(channel),
            loop=CaseLoop(
                database,
                clock,
                deductions=clearing,
                suspensions=identity,
                credit_terms=desk.credit_terms,
            ),
            clearing=clearing,
            settlements=settlements,
            identity=identity,
            desk=desk,
            servicer=cases,
            credit_servicer=credit,
        )
        yield world
        await world.coherent()
