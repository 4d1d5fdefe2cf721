"""Reads the worked examples of a rule: a bill in few words, what it finds, perhaps a history.

What an example does not say is that of an ordinary adult's outpatient bill, so that it shows what
matters and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from services.kit import codes
from services.supervision.domain.model import (
    Bill,
    Channel,
    History,
    Line,
    ResultClass,
    Sex,
)
from services.supervision.domain.rule import Example, Expected
from services.supervision.rules_manifest import EXAMPLES_MISSING, FIRST_YEAR, LAST_YEAR, REPEATED

if TYPE_CHECKING:
    from services.supervision.rules_manifest import Fields

_KEYS: Final = UUID("5f0c9f52-3c54-5b43-9d0e-7a5b3c1f6f10")
_BORN: Final = date(1980, 5, 1)
_SETTLED_AT: Final = time(10, 0, tzinfo=UTC)
"""18:00 in Beijing."""
_EXAMPLES_MAX: Final = 20
_BILLS_MAX: Final = 120


def read_examples(f: Fields, *, needed: bool) -> tuple[Example, ...]:
    """Takes `examples`: at least one hit and one non-hit of a rule that judges."""
    entries = f.mappings("examples", optional=True)
    if len(entries) > _EXAMPLES_MAX:
        f.refuse(f"more than {_EXAMPLES_MAX} examples", key="examples")
    found = tuple(_example(one) for one in entries)
    if needed and {bool(one.expected) for one in found} != {True, False}:
        f.refuse(
            "a rule needs an example that it finds and one that it does not",
            reason=EXAMPLES_MISSING,
        )
    if len({one.name for one in found}) != len(found):
        f.refuse("two examples have one name", key="examples", reason=REPEATED)
    return found


def _example(f: Fields) -> Example:
    name = f.text("name")
    expected = tuple(_expected(one) for one in f.mappings("finds"))
    bill = _bill(f.mapping("bill"), number=0, is_past=False)
    history = None
    if f.has("history"):
        entries = f.mappings("history")
        if len(entries) > _BILLS_MAX:
            f.refuse(f"more than {_BILLS_MAX} bills", key="history")
        bills: list[Bill] = []
        for one in entries:
            times = one.number("times", low=1, high=_BILLS_MAX, default=1)
            apart = one.number("days_apart", low=0, high=31, default=0)
            # Of all entries together: a file of some kilobytes must not become gigabytes of bills.
            if len(bills) + times > _BILLS_MAX:
                f.refuse(f"more than {_BILLS_MAX} bills", key="history")
            first = _bill(one, number=len(bills) + 1, is_past=True)
            bills += [
                _moved(first, days=apart * n, number=len(bills) + 1 + n) for n in range(times)
            ]
        history = History(bills=tuple(bills))
    f.finish()
    return Example(name=name, bill=bill, history=history, expected=expected)


def _expected(f: Fields) -> Expected:
    found = Expected(
        result_class=f.member("result_class", ResultClass),
        line_ids=f.texts("lines", optional=True),
        amount_fen=f.optional_number("amount_fen", high=10**6),
    )
    f.finish()
    return found


def _bill(f: Fields, *, number: int, is_past: bool) -> Bill:
    lines = tuple(
        _line(one, str(place)) for place, one in enumerate(f.mappings("lines", optional=True), 1)
    )
    begin, end = f.optional_day("begin_date"), f.optional_day("end_date")
    if begin and end and begin > end:
        f.refuse("begin_date is after end_date", key="begin_date")
    settle_time = _settle_time(f, end or max((x.fee_date for x in lines), default=None), is_past)
    bill = Bill(
        sex=f.member("sex", Sex, Sex.MALE),
        birth_date=_birth_date(f),
        medical_type=f.text("medical_type", "11"),
        institution_level=f.text("institution_level", "02"),
        scheme_code=f.text("scheme_code", codes.SCHEME_EMPLOYEE),
        lines=lines,
        bill_key=uuid5(_KEYS, str(number)) if number else None,
        channel=f.member("channel", Channel, Channel.DIRECT),
        person_id=_KEYS,
        care_region_code=f.text("care_region_code", "110105"),
        insured_region_code=f.text("insured_region_code", "640100"),
        institution_code=f.text("institution_code", "H11010500001"),
        department_code=f.text("department_code", "03"),
        doctor_code=_or_none(f, "doctor_code", "D110105000001") or "",
        begin_date=begin,
        end_date=end,
        settle_time=settle_time,
        diagnosis_codes=_codes(f, "diagnoses", ("I10.x00x002",)),
        operation_codes=_codes(f, "operations", ()),
        emergency=f.flag("emergency", default=False),
        visit_id=_key(f, "visit"),
        invoice_key=_bytes(f, "invoice"),
        phone_key=_bytes(f, "phone"),
        total_fen=f.optional_number("total_fen", high=10**6),
    )
    f.finish()
    return bill


def _line(f: Fields, place: str) -> Line:
    line = Line(
        line_id=f.text("id", place),
        item_code=f.text("item"),
        fee_date=f.day("date"),
        quantity=f.decimal("quantity") if f.has("quantity") else Decimal(1),
        amount_fen=f.number("fen", low=1, default=1000),
        unit_price=f.decimal("price") if f.has("price") else Decimal(10),
        department_code=f.text("department_code", "-").removeprefix("-"),
        supply_days=f.number("supply_days", high=366, default=0),
        catalogue_class=f.text("catalogue_class", "A"),
        charge_category_code=f.text("charge_category_code", "14"),
        in_scope_fen=f.number("in_scope_fen", default=1000),
    )
    f.finish()
    if not codes.is_item_code(line.item_code):
        f.refuse("is no item code", key="item")
    return line


def _birth_date(f: Fields) -> date | None:
    if not f.has("birth_date"):
        return _BORN
    if f.peek("birth_date") == "unknown":
        f.take("birth_date")
        return None
    return f.day("birth_date")


def _moved(bill: Bill, *, days: int, number: int) -> Bill:
    """Returns the same bill so many days later, as another one."""
    if bill.settle_time is None:
        return bill
    by = timedelta(days=days)
    return replace(
        bill,
        bill_key=uuid5(_KEYS, str(number)),
        begin_date=bill.begin_date and bill.begin_date + by,
        end_date=bill.end_date and bill.end_date + by,
        settle_time=bill.settle_time and bill.settle_time + by,
        lines=tuple(replace(line, fee_date=line.fee_date + by) for line in bill.lines),
    )


def _settle_time(f: Fields, day: date | None, is_past: bool) -> datetime | None:
    if f.has("settle_time"):
        text = f.text("settle_time")
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        # Without an offset it would be another instant on another machine.
        if at is None or at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
            f.refuse("is no time written YYYY-MM-DDTHH:MM:SS+08:00", key="settle_time")
        return at.astimezone(UTC)
    if not is_past:
        return None
    if day is None:
        f.refuse("a bill of the history needs a date")
    return datetime.combine(day, _SETTLED_AT)


def _codes(f: Fields, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    return f.texts(key) if f.has(key) else default


def _or_none(f: Fields, key: str, default: str) -> str | None:
    found = f.text(key, default)
    return None if found == "none" else found


def _key(f: Fields, key: str) -> UUID | None:
    return uuid5(_KEYS, f.text(key)) if f.has(key) else None


def _bytes(f: Fields, key: str) -> bytes | None:
    return f.text(key).encode() if f.has(key) else None
