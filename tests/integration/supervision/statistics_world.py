"""StatisticsService on a database: bills and refusals written as the feeds write them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from services.kit import log, wire
from services.kit.channel import open_channel
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database
from services.kit.errors import Unavailable
from services.kit.server import ServerConfig, serving
from services.supervision.audit.store import AuditStore
from services.supervision.domain.direct_rate import Case, Settled
from services.supervision.domain.uploads import SelfPaid
from services.supervision.statistics.clients import FilingCount, PairGap
from services.supervision.statistics.making import Sources
from services.supervision.statistics.servicer import FULL_NAME, StatisticsServicer
from tests.integration.supervision.harness import KEY
from tests.support.clock import FakeClock
from yijie.common.v1 import money_pb2
from yijie.supervision.v1 import (
    statistics_pb2,
    statistics_service_pb2,
    statistics_service_pb2_grpc,
)

TIMEOUT_S = 20.0
BEIJING, NINGXIA = "110000", "640000"
HOSPITAL, REFUSER = "H11010500001", "H11010500066"
PATIENT, STRANGER, UNFILED = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 4, 8, 2, 0, tzinfo=UTC)
pb = statistics_service_pb2
pb2 = statistics_pb2

_INSERT_BILL = """/* test.insert_bill */
INSERT INTO audited_bill (bill_key, channel, person_id, care_region_code, insured_region_code,
                          institution_code, medical_type_code, scheme_code, begin_date, end_date,
                          settle_time, total_fen, in_scope_fen, fund_fen, round_trip_ms, region_ms,
                          visit_id, is_screened, ruleset_version, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, '310', $8, $9, $10, $11, 0, 0, $12, $13, $14, true, 'test', $15)
"""
_INSERT_SELF_PAID = """/* test.insert_self_paid */
INSERT INTO self_paid_case (case_id, version, is_withdrawn, person_id, institution_code,
                            care_region_code, insured_region_code, medical_type_code, begin_date,
                            end_date, total_fen, reason, is_emergency, eligibility, content_hash,
                            create_time)
VALUES ($1, 1, false, $2, $3, $4, $5, $6, $7, $8, $9, 'OTHER', false, $10, $11, now())"""
_INSERT_REFUSAL = """/* test.insert_refusal */
INSERT INTO refusal (refusal_id, reason, party, care_region_code, care_area_code,
                     insured_region_code, insured_area_code, institution_code, medical_type_code,
                     scheme_code, total_fen, duration_ms, trace_id, request_id, event_time)
VALUES ($1, $2, $3, '110000', '110105', '640000', '640104', $4, '21', '310', 100, 5, '', $5, $6)"""


class People:
    """Stands for identity: knows everybody but the stranger; some are insured nowhere."""

    def __init__(self) -> None:
        self.uninsured: set[UUID] = set()
        self.is_down = False

    async def standings(self, cases: Sequence[SelfPaid]) -> list[bool | None]:
        _require(self.is_down, "identity")
        return [
            None if one.person_id == STRANGER else one.person_id not in self.uninsured
            for one in cases
        ]

    async def names(self, institution_codes: Sequence[str]) -> dict[str, str]:
        _require(self.is_down, "identity")
        return {code: f"医院{code[-2:]}" for code in institution_codes}


class Filings:
    """Stands for filing."""

    def __init__(self) -> None:
        self.is_down = False

    async def filed(self, cases: Sequence[SelfPaid]) -> list[bool]:
        _require(self.is_down, "filing")
        return [one.person_id != UNFILED or one.is_emergency for one in cases]

    async def summary(self, first: date, last: date) -> list[FilingCount]:
        _require(self.is_down, "filing")
        return [
            FilingCount(
                insured_region_code=NINGXIA,
                channel_zh="经办窗口",
                submitted=10,
                approved=9,
                refused=1,
                pending=0,
                delivered=9,
                acknowledged=8,
            )
        ]


class Gaps:
    """Stands for settlement's comparison."""

    async def gaps(self) -> list[PairGap]:
        return [
            PairGap(
                care_region_code=BEIJING,
                insured_region_code=NINGXIA,
                settlements=4,
                worse=3,
                better=1,
                total_fen=1_000_000,
                patient_gap_fen=50_000,
            )
        ]


class NoRules:
    """Stands for the rules in force: there is none to be named."""

    def ruleset(self) -> Any:
        return SimpleNamespace(rules=())


@dataclass
class World:
    """The service and what it stands on."""

    database: Database
    stub: Any
    servicer: StatisticsServicer
    clock: FakeClock
    address: str
    people: People = field(default_factory=People)
    filings: Filings = field(default_factory=Filings)

    async def keep(self, case: Case, *, times: tuple[int, int] | None = (400, 120)) -> UUID:
        """Writes a case as what it is: an audited bill, or an eligible self-paid case."""
        if case.settled is Settled.SELF_PAID:
            await self.database.execute(
                _INSERT_SELF_PAID,
                case.key,
                case.person_id,
                case.institution_code,
                case.care_region_code,
                case.insured_region_code,
                case.medical_type_code,
                case.begin_date,
                case.end_date,
                case.total_fen,
                "ELIGIBLE",
                b"h" * 32,
            )
            return case.key
        await self.database.execute(
            _INSERT_BILL,
            case.key,
            case.settled.value,
            case.person_id,
            case.care_region_code,
            case.insured_region_code,
            case.institution_code,
            case.medical_type_code,
            case.begin_date,
            case.end_date,
            datetime(2026, 3, case.end_date.day % 28 + 1, 4, 0, tzinfo=UTC),
            case.total_fen,
            *(times or (None, None)),
            case.visit_id,
            b"sealed",
        )
        return case.key

    async def reverse(self, bill_key: UUID) -> None:
        await self.database.execute(
            "/* test.reverse */ INSERT INTO reversal (settlement_id, event_time) VALUES ($1, $2)",
            bill_key,
            NOW,
        )

    async def refuse(self, reason: str, *, party: str, request_id: UUID | None = None) -> None:
        when = datetime(2026, 3, 9, 3, 0, tzinfo=UTC)
        await self.database.execute(
            _INSERT_REFUSAL, uuid4(), reason, party, REFUSER, request_id, when
        )

    async def call(self, name: str, request: Any) -> Any:
        return await getattr(self.stub, name)(request, timeout=TIMEOUT_S)

    async def upload(self, *cases: Any, **more: Any) -> Any:
        request = pb.UploadSelfPaidCasesRequest(
            **{
                "request_id": str(uuid4()),
                "care_region_code": BEIJING,
                "cases": cases,
                **more,
            }
        )
        return (await self.call("UploadSelfPaidCases", request)).results

    async def upload_costs(self, *costs: Any, **more: Any) -> Any:
        request = pb.UploadLocalCostsRequest(
            **{
                "request_id": str(uuid4()),
                "care_region_code": BEIJING,
                "costs": costs,
                **more,
            }
        )
        return (await self.call("UploadLocalCosts", request)).results

    async def rates(self, level: Any, **more: Any) -> dict[str, Any]:
        request = pb.ListDirectRatesRequest(month="2026-03", level=level, **more)
        return {one.code: one for one in (await self.call("ListDirectRates", request)).rates}


def paid(number: str, **changes: Any) -> Any:
    """A stay of a patient of 宁夏 in 北京 who paid 12,000 yuan."""
    values: dict[str, Any] = {
        "institution_code": HOSPITAL,
        "institution_visit_number": number,
        "person_id": str(PATIENT),
        "insured_region_code": "640104",
        "care_region_code": "110105",
        "medical_type_code": "21",
        "begin_date": wire.write_date(date(2026, 3, 2)),
        "end_date": wire.write_date(date(2026, 3, 9)),
        "total": money_pb2.Money(fen=1_200_000),
    }
    return pb2.SelfPaidCase(**{**values, **changes})


def cost(group: str = "", **changes: Any) -> Any:
    """Ten locals who cost 8,000 yuan each."""
    values: dict[str, Any] = {
        "institution_code": HOSPITAL,
        "month": "2026-03",
        "setting": pb2.CARE_SETTING_INPATIENT,
        "disease_group_code": group,
        "case_count": 10,
        "total": money_pb2.Money(fen=8_000_000),
    }
    return pb2.LocalCost(**{**values, **changes})


def stay(settled: Settled, begin: int, end: int, total_fen: int, **changes: Any) -> Case:
    """A stay of March at the hospital in 北京, of a patient of 宁夏."""
    values: dict[str, Any] = {
        "key": uuid4(),
        "settled": settled,
        "person_id": uuid4(),
        "institution_code": HOSPITAL,
        "care_region_code": "110105",
        "insured_region_code": "640104",
        "medical_type_code": "21",
        "begin_date": date(2026, 3, begin),
        "end_date": date(2026, 3, end),
        "total_fen": total_fen,
    }
    return Case(**{**values, **changes})


async def hospitals(world: World) -> None:
    """Four honest hospitals of 北京, one that turns most away, one too small to tell."""
    for number in range(1, 5):
        code = f"H1101050000{number}"
        for _ in range(30):
            await world.keep(stay(Settled.DIRECT, 1, 5, 1_000_00, institution_code=code))
        for _ in range(2):
            await world.keep(stay(Settled.MANUAL, 1, 5, 1_000_00, institution_code=code))
    for _ in range(15):
        await world.keep(stay(Settled.DIRECT, 1, 5, 1_000_00, institution_code=REFUSER))
    for _ in range(25):
        await world.keep(stay(Settled.SELF_PAID, 1, 5, 1_000_00, institution_code=REFUSER))
    for _ in range(3):
        await world.keep(stay(Settled.SELF_PAID, 1, 5, 1_000_00, institution_code="H11010500077"))


@contextlib.asynccontextmanager
async def statistics_world(database: Database) -> AsyncIterator[World]:
    clock = FakeClock(NOW)
    people, filings = People(), Filings()
    sources = Sources(
        database=database,
        audit=AuditStore(database, FieldCipher(parse_keyring_text(KEY))),
        clock=clock,
        identity=people,
        filing=filings,
        gap=Gaps(),
        rules=NoRules(),
    )
    servicer = StatisticsServicer(sources)
    register = functools.partial(
        statistics_service_pb2_grpc.add_StatisticsServiceServicer_to_server, servicer
    )
    log.configure("supervision", "error")
    config = ServerConfig(drain_grace_s=1.0)
    async with (
        serving(config, "supervision", (FULL_NAME,), register) as server,
        open_channel(server.address) as channel,
    ):
        stub = statistics_service_pb2_grpc.StatisticsServiceStub(channel)
        yield World(database, stub, servicer, clock, server.address, people, filings)


def _require(is_down: bool, callee: str) -> None:
    if is_down:
        raise Unavailable(
            "CALLEE_UNAVAILABLE",
            f"{callee} did not answer",
            metadata={"callee": callee},
            retry_after_ms=1000,
        )
