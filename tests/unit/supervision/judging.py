"""Bills in few words, for the tests of rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.supervision.domain.engine import judge
from services.supervision.domain.model import Bill, History, Line, Moment, Sex
from services.supervision.rules_loader import load_rules

if TYPE_CHECKING:
    from services.supervision.domain.model import Finding
    from services.supervision.domain.ruleset import RuleSet

DAY = date(2026, 3, 9)
CONSULTATION = "001102000010000"  # 普通门诊诊查费
CONSULTATION_INPATIENT = "001102000050000"  # 住院诊查费
BED = "001109000010000"
CT = "002103000010000"
OZAGREL = "XB01AXA223B002010100156"  # 奥扎格雷钠注射液, 14 days
OZAGREL_OTHER = "XB01AXA223B004010180963"  # another make of the same substance
DULAGLUTIDE = "XA10BJD332B002010178403"


@cache
def rules() -> RuleSet:
    return load_rules()


def line(code: str = CONSULTATION, *, id_: str = "1", on: date = DAY, **changes: Any) -> Line:
    plain = Line(
        line_id=id_,
        item_code=code,
        fee_date=on,
        quantity=Decimal(1),
        amount_fen=1000,
        unit_price=Decimal(10),
        catalogue_class="A",
        in_scope_fen=1000,
    )
    return replace(plain, **changes)


def bill(*lines: Line, **changes: Any) -> Bill:
    """Returns an ordinary adult's outpatient bill that is not settled yet."""
    plain = Bill(
        sex=Sex.MALE,
        birth_date=date(1980, 5, 1),
        medical_type="11",
        institution_level="02",
        scheme_code="310",
        lines=lines or (line(),),
        person_id=UUID(int=7),
        care_region_code="110105",
        insured_region_code="640100",
        institution_code="H11010500001",
        department_code="03",
        doctor_code="D110105000001",
        diagnosis_codes=("I10.x00x002",),
        operation_codes=(),
    )
    return replace(plain, **changes)


def settled(number: int, *lines: Line, **changes: Any) -> Bill:
    """Returns the same, settled on its last day at a time that follows its number."""
    made = bill(*lines, bill_key=UUID(int=number), **changes)
    last = made.end_date or max(one.fee_date for one in made.lines)
    at = datetime.combine(last, time(2), UTC) + timedelta(minutes=number)
    return made if made.settle_time else replace(made, settle_time=at)


def stay(number: int, first: date, last: date, *lines: Line, **changes: Any) -> Bill:
    """Returns a settled stay."""
    of_stay = lines or (line(CONSULTATION_INPATIENT, on=last),)
    fields = {"medical_type": "21", "begin_date": first, "end_date": last} | changes
    return settled(number, *of_stay, **fields)


def found(
    of: Bill, *past: Bill, moment: Moment = Moment.AUDIT, by: RuleSet | None = None
) -> dict[str, Finding]:
    """Returns the findings by their rule."""
    findings = judge(of, by or rules(), moment=moment, history=History(bills=past))
    return {one.rule_code: one for one in findings}
