"""A few rules and bills for the tests of the audit: real checks, without the published tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.supervision.domain.audit import (
    AuditEvent,
    Kept,
    PersonRecord,
    Settled,
    TakenBack,
    audit,
)
from services.supervision.domain.engine import judge
from services.supervision.domain.model import (
    Bill,
    Finding,
    History,
    Line,
    Moment,
    ResultClass,
    Sex,
    begin_of,
)
from services.supervision.domain.rule import Family, Reach, Rule
from services.supervision.domain.ruleset import RuleSet
from services.supervision.domain.steps.base import BillCheck, Hit, View
from services.supervision.domain.steps.stays import OverlappingStay, SplitStay
from services.supervision.domain.steps.visits import Period, VisitFrequency

FIRST_DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
HISTORY_DAYS = 30


class Dear(BillCheck):
    """Finds a bill of this bill alone: above a hundred yuan."""

    def judge(self, view: View):
        if (view.bill.total_fen or 0) > 10_000:
            yield Hit(
                result_class=self.rule.result_class, lines=(), text_zh="过高", text_en="too dear"
            )


class Unprepared(BillCheck):
    """Finds what an earlier bill would excuse: a stay that no visit precedes."""

    def judge(self, view: View):
        if view.medical_type == "21" and not any(
            one.medical_type == "11" for one in view.past().bills
        ):
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="住院前无门诊",
                text_en="no visit before",
            )


def rule(code: str, reach: Reach, *, moments=frozenset(Moment)) -> Rule:
    return Rule(
        code=code,
        name_zh=code,
        name_en=code,
        kind=code.lower(),
        family=Family.MANAGEMENT,
        result_class=ResultClass.SUSPICIOUS,
        reach=reach,
        moments=moments,
        effective_from=date(2020, 1, 1),
        source="试验",
        history_days=HISTORY_DAYS if reach is Reach.PERSON else 0,
    )


def ruleset(version: str = "0123456789abcdef") -> RuleSet:
    checks = (
        Dear(rule=rule("DEAR", Reach.BILL)),
        OverlappingStay(rule=rule("OVERLAPPING_STAY", Reach.PERSON)),
        SplitStay(rule=rule("SPLIT_STAY", Reach.PERSON), days_max=15, same_institution=False),
        VisitFrequency(
            rule=rule("VISITS_A_DAY", Reach.PERSON, moments=frozenset({Moment.AUDIT})),
            period=Period.DAY,
            count_min=3,
        ),
        Unprepared(rule=rule("UNPREPARED", Reach.PERSON)),
    )
    peers = rule("SHARED_PHONE", Reach.PEERS)
    rules = tuple(sorted((*(one.rule for one in checks), peers), key=lambda one: one.code))
    return RuleSet(
        version=version,
        digest=version * 4,
        rules=rules,
        by_item={},
        by_prefix={},
        by_bill=checks,
    )


def bill(
    number: int,
    *,
    begin: int = 0,
    days: int = 0,
    settled: int = 0,
    medical_type: str = "11",
    fen: int = 1_000,
    person: int = 1,
) -> Bill:
    """The n-th bill; days are counted from FIRST_DAY, `settled` in hours from NOON."""
    first = FIRST_DAY + timedelta(days=begin)
    return Bill(
        sex=Sex.FEMALE,
        birth_date=date(1980, 5, 1),
        medical_type=medical_type,
        institution_level="03",
        scheme_code="310",
        lines=(
            Line(
                line_id="1",
                item_code="001101000010000",
                fee_date=first,
                quantity=Decimal(1),
                amount_fen=fen,
            ),
        ),
        bill_key=UUID(int=number),
        person_id=UUID(int=(1 << 64) + person),
        care_region_code="110105",
        insured_region_code="131100",
        institution_code=f"H11010500{number % 1000:03d}",
        begin_date=first,
        end_date=first + timedelta(days=days),
        settle_time=NOON + timedelta(hours=settled),
        diagnosis_codes=("I10.x00x002",),
        operation_codes=(),
        total_fen=fen,
        fund_fen=fen // 2,
    )


def settle(
    one: Bill, findings: tuple[Finding, ...] | None = (), *, screened_by: str = ""
) -> Settled:
    """`findings` None: it was not screened in time."""
    assert one.settle_time is not None
    return Settled(
        bill=one,
        in_scope_fen=one.total_fen or 0,
        round_trip_ms=None,
        region_ms=None,
        findings=findings or (),
        is_screened=findings is not None,
        screened_by=screened_by,
        event_time=one.settle_time,
    )


def take_back(one: Bill) -> TakenBack:
    assert one.bill_key is not None
    assert one.person_id is not None
    assert one.settle_time is not None
    return TakenBack(
        bill_key=one.bill_key,
        person_id=one.person_id,
        event_time=one.settle_time + timedelta(days=1),
    )


def travelled(one: Bill, code: str = "DEAR", others: tuple[UUID, ...] = ()) -> Finding:
    return Finding(
        rule_code=code,
        result_class=ResultClass.SUSPICIOUS,
        line_ids=(),
        amount_fen=one.total_fen or 0,
        message_zh="已随结算返回",
        message_en="it travelled",
        rule_version="fedcba9876543210",
        other_bill_keys=others,
    )


def run(events: list[AuditEvent], rules: RuleSet | None = None) -> PersonRecord:
    """Audits events one after the other; gives what is on record of the one person."""
    record = PersonRecord(is_whole=True)
    for event in events:
        audit(event, record, rules or ruleset())
    return record


def standing(record: PersonRecord) -> set[tuple[int, str, tuple[int, ...]]]:
    """What stands: number of the bill, rule, numbers of the other bills."""
    return {told(kept) for found in record.findings.values() for kept in found}


def told(kept: Kept) -> tuple[int, str, tuple[int, ...]]:
    others = tuple(sorted(key.int for key in kept.finding.other_bill_keys))
    return kept.bill_key.int, kept.finding.rule_code, others


def expected(
    bills: list[Bill], rules: RuleSet | None = None
) -> set[tuple[int, str, tuple[int, ...]]]:
    """What must stand on bills of one person, by judging each before all the others."""
    rules = rules or ruleset()
    found = set()
    for one in bills:
        others = [
            other
            for other in bills
            if other is not one
            and (other.end_date or FIRST_DAY) >= begin_of(one) - timedelta(days=HISTORY_DAYS)
        ]
        for finding in judge(one, rules, moment=Moment.AUDIT, history=History(bills=tuple(others))):
            keys = tuple(sorted(key.int for key in finding.other_bill_keys))
            assert one.bill_key is not None
            found.add((one.bill_key.int, finding.rule_code, keys))
    return found


def moved(one: Bill, hours: int) -> Bill:
    return replace(one, settle_time=NOON + timedelta(hours=hours))
