"""What is exported for mining: two tables, bills and their lines, in whole numbers and text only.

Whole numbers are the same on every engine: money in fen, unit prices in millionths of a yuan,
quantities in ten-thousandths, days counted from 1970-01-01 (as Parquet's own dates are), minutes
and hours from 1970-01-01 00:00 UTC. What is not known is "" or 0. A person, a telephone and an
invoice stand by keys that nobody outside can turn back; there is no name, no number and no date of
birth.

Partitions (folders `month=2025-03/care=330000`): the civil month of settlement in China, and the
care province.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import pyarrow as pa

from services.kit import codes
from services.kit.clock import civil_month

PRICE_UNITS: Final = 1_000_000
"""Unit prices are N16,6 yuan: stored in millionths."""
QUANTITY_UNITS: Final = 10_000
"""Quantities are N16,4: stored in ten-thousandths."""
CHANNELS: Final = ("DIRECT", "MANUAL")

_TEXT: Final = pa.string()
_WHOLE: Final = pa.int64()
_EPOCH_DAY: Final = date(1970, 1, 1)
_SECONDS_OF_MINUTE: Final = 60
_MINUTES_OF_HOUR: Final = 60

PARTITIONS: Final = ("month", "care")
_PARTITIONS: Final = tuple((name, _TEXT) for name in PARTITIONS)

BILL: Final = pa.schema(
    [
        ("bill_key", _TEXT),
        ("channel", _TEXT),
        ("person_key", _TEXT),
        ("visit_key", _TEXT),
        ("care_region", _TEXT),
        ("insured_region", _TEXT),
        ("institution", _TEXT),
        ("level", _TEXT),
        ("medical_type", _TEXT),
        ("scheme", _TEXT),
        ("diagnosis", _TEXT),
        ("begin_day", _WHOLE),
        ("end_day", _WHOLE),
        ("settle_minute", _WHOLE),
        ("settle_hour", _WHOLE),
        ("settle_half_hour", _WHOLE),
        ("invoice_key", _TEXT),
        ("phone_key", _TEXT),
        ("total_fen", _WHOLE),
        ("in_scope_fen", _WHOLE),
        ("fund_fen", _WHOLE),
        *_PARTITIONS,
    ]
)
"""One row per settled bill, or part of a stay, that stands. The diagnosis is the main one.

Half hours are hours from half past to half past: whatever is less than half an hour apart is in one
hour of the one kind or the other.
"""

LINE: Final = pa.schema(
    [
        ("bill_key", _TEXT),
        ("line_id", _TEXT),
        ("institution", _TEXT),
        ("level", _TEXT),
        ("item", _TEXT),
        ("category", _TEXT),
        ("fee_day", _WHOLE),
        ("unit_price_micro", _WHOLE),
        ("quantity_e4", _WHOLE),
        ("amount_fen", _WHOLE),
        *_PARTITIONS,
    ]
)
"""One row per fee line; the item is the national code, without a local suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedLine:
    """One fee line of a bill."""

    line_id: str
    item_code: str
    charge_category_code: str
    fee_date: date
    unit_price: Decimal
    """Yuan, at most six decimals."""
    quantity: Decimal
    """At most four decimals."""
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedBill:
    """One bill as supervision gives it for mining."""

    bill_key: str
    channel: str
    """DIRECT or MANUAL."""
    person_key: str
    visit_key: str
    """Parts of one stay have one; empty: a bill sent whole."""
    care_region_code: str
    insured_region_code: str
    institution_code: str
    hospital_level_code: str
    medical_type_code: str
    scheme_code: str
    main_diagnosis_code: str
    begin_date: date
    end_date: date
    settle_time: datetime
    invoice_key: str
    phone_key: str
    total_fen: int
    in_scope_fen: int
    fund_fen: int
    lines: tuple[ExportedLine, ...]


def day_number(day: date) -> int:
    """Returns the days from 1970-01-01 to a civil date."""
    return (day - _EPOCH_DAY).days


def day_of(number: int) -> date:
    """Returns the civil date of a day number."""
    return _EPOCH_DAY + timedelta(days=number)


def scaled(number: Decimal, units: int) -> int:
    """Returns a decimal in units, exactly.

    Raises:
        ValueError: it has more decimals than the units have.
    """
    whole = number * units
    if whole != whole.to_integral_value():
        msg = f"{number} is no whole number of 1/{units}"
        raise ValueError(msg)
    return int(whole)


def bill_row(bill: ExportedBill) -> dict[str, str | int]:
    """Returns the row of a bill."""
    minute = int(bill.settle_time.timestamp()) // _SECONDS_OF_MINUTE
    return {
        "bill_key": bill.bill_key,
        "channel": bill.channel,
        "person_key": bill.person_key,
        "visit_key": bill.visit_key,
        "care_region": bill.care_region_code,
        "insured_region": bill.insured_region_code,
        "institution": bill.institution_code,
        "level": bill.hospital_level_code,
        "medical_type": bill.medical_type_code[:2],
        "scheme": bill.scheme_code,
        "diagnosis": bill.main_diagnosis_code,
        "begin_day": day_number(bill.begin_date),
        "end_day": day_number(bill.end_date),
        "settle_minute": minute,
        "settle_hour": minute // _MINUTES_OF_HOUR,
        "settle_half_hour": (minute + _MINUTES_OF_HOUR // 2) // _MINUTES_OF_HOUR,
        "invoice_key": bill.invoice_key,
        "phone_key": bill.phone_key,
        "total_fen": bill.total_fen,
        "in_scope_fen": bill.in_scope_fen,
        "fund_fen": bill.fund_fen,
        **_place(bill),
    }


def line_rows(bill: ExportedBill) -> list[dict[str, str | int]]:
    """Returns the rows of a bill's lines."""
    return [
        {
            "bill_key": bill.bill_key,
            "line_id": line.line_id,
            "institution": bill.institution_code,
            "level": bill.hospital_level_code,
            "item": codes.national_item_code(line.item_code),
            "category": line.charge_category_code,
            "fee_day": day_number(line.fee_date),
            "unit_price_micro": scaled(line.unit_price, PRICE_UNITS),
            "quantity_e4": scaled(line.quantity, QUANTITY_UNITS),
            "amount_fen": line.amount_fen,
            **_place(bill),
        }
        for line in bill.lines
    ]


def _place(bill: ExportedBill) -> dict[str, str | int]:
    return {
        "month": civil_month(bill.settle_time),
        "care": codes.province_of(bill.care_region_code),
    }
