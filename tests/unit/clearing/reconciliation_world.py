"""Legs of a day for the tests of reconciliation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.clearing.domain.reconciliation import (
    Amounts,
    HubRecord,
    Leg,
    LegRecord,
    Party,
    Place,
    Status,
)

DAY = date(2026, 3, 31)
UNTIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
HOSPITAL = "H11010500001"
CARE = "110000"
INSURED = "130000"
PLACE = Place(
    institution_code=HOSPITAL,
    care_region_code=CARE,
    insured_region_code=INSURED,
    scheme_code="310",
)
CODES = {
    Party.INSTITUTION: HOSPITAL,
    Party.CARE_PROVINCE: CARE,
    Party.INSURED_PROVINCE: INSURED,
}


def settlement_id(number: int) -> UUID:
    return UUID(int=(0x7 << 76) | (0b10 << 62) | number)


def request_id(number: int) -> UUID:
    return UUID(int=(0x4 << 76) | (0b10 << 62) | number)


def amounts(total: int = 1000, fund: int = 600, account: int = 100) -> Amounts:
    return Amounts(
        total_fen=total, fund_fen=fund, account_fen=account, cash_fen=total - fund - account
    )


def hub(number: int, **changes: Any) -> HubRecord:
    values: dict[str, Any] = {
        "settlement_id": settlement_id(number),
        "request_id": request_id(number),
        "place": PLACE,
        "amounts": amounts(),
        "business_date": DAY,
        "reverse_time": None,
        "bill_digest": b"bill %d" % number,
    }
    return HubRecord(**{**values, **changes})


def mirrored(record: HubRecord, *, until: datetime | None = UNTIL) -> LegRecord:
    """What another party has of a settlement when it agrees; `until` None: as it is now."""
    return LegRecord(
        settlement_id=record.settlement_id,
        request_id=record.request_id,
        place=record.place,
        status=record.status if until is None else record.status_at(until),
        amounts=record.amounts,
    )


def leg(party: Party, *records: LegRecord) -> Leg:
    return Leg(
        party=party,
        party_code=CODES[party],
        business_date=DAY,
        until=UNTIL,
        records=records,
    )


def taken_back(record: HubRecord, *, after: timedelta = timedelta(hours=-1)) -> HubRecord:
    """Returns it taken back so long after the end of the day."""
    return replace(record, reverse_time=UNTIL + after)


def reversed_there(record: LegRecord) -> LegRecord:
    return replace(record, status=Status.REVERSED)
