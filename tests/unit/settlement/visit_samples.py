"""Visits, lines and settlements for the tests of the pure domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.classification.model import FeeLine
from services.settlement.domain.visit import (
    Diagnosis,
    Discharge,
    Line,
    Record,
    Scope,
    Standing,
    Visit,
)
from services.settlement.domain.visit_states import VisitState

BED = "001109000030000"
HOSPITAL = "H64010400001"
FIRST = date(2026, 3, 1)
TODAY = date(2026, 3, 31)
NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
RECORD = Record(
    medical_type_code="21",
    begin_date=FIRST,
    emergency=False,
    injury=False,
    third_party_liable=False,
    referring_institution_code="",
    admission_diagnoses=(Diagnosis("C34.900x001", main=True), Diagnosis("I10.x00", main=False)),
    disease_code="",
    doctor_code="D640104000001",
    department_code="0301",
    scheme_code="310",
)
DISCHARGE = Discharge(
    discharge_date=TODAY,
    discharge_diagnoses=(Diagnosis("C34.900x001", main=True),),
    discharge_way_code="1",
)


def day(number: int) -> date:
    """Returns a day of March 2026."""
    return FIRST + timedelta(days=number - 1)


def sample_visit(**changes: Any) -> Visit:
    """Returns a stay without lines, at revision 1; changes of the record go into it."""
    names = {name for name in RECORD.__dataclass_fields__ if name in changes}
    record = replace(RECORD, **{name: changes.pop(name) for name in names})
    visit = Visit(
        visit_id=UUID(int=1),
        recorded_state=VisitState.REGISTERED,
        institution_code=HOSPITAL,
        care_region_code="640104",
        hospital_level_code="02",
        person_id=UUID(int=2),
        insured_region_code="650100",
        sex="2",
        birth_date=date(1950, 1, 1),
        record=record,
        discharge=None,
        line_count=0,
        line_total_fen=0,
        first_fee_date=None,
        last_fee_date=None,
        settlements=(),
        revision=1,
        create_time=NOW,
        update_time=NOW,
    )
    return replace(visit, **changes)


def sample_line(line_id: str, **changes: Any) -> Line:
    """Returns a charge of one bed of 80 yuan on the first day, of the first upload."""
    price = Decimal(changes.pop("price", "80"))
    quantity = Decimal(changes.pop("quantity", "1"))
    fee = FeeLine(
        line_id=line_id,
        item_code=changes.pop("item_code", BED),
        fee_date=changes.pop("fee_date", FIRST),
        unit_price=price,
        quantity=quantity,
        amount_fen=changes.pop("fen", int(price * quantity * 100)),
    )
    values: dict[str, Any] = {
        "item_name": "床位费",
        "refund_of_line_id": "",
        "charge_batch_number": "",
        "doctor_code": "",
        "department_code": "",
        "revision": 1,
        "position": 0,
        "cover_date": fee.fee_date,
        "create_time": NOW,
    }
    return Line(fee=fee, **{**values, **changes})


def sample_refund(line_id: str, of: str, **changes: Any) -> Line:
    """Returns a refund of one bed."""
    return sample_line(line_id, **{"quantity": "-1", "refund_of_line_id": of, **changes})


def sample_standing(number: int, scope: Scope, **changes: Any) -> Standing:
    """Returns a settlement that covers what was there at revision 1."""
    values: dict[str, Any] = {
        "settlement_id": UUID(int=number),
        "scope": scope,
        "charge_batch_number": "",
        "until_date": None,
        "revision": 1,
        "busy": False,
    }
    return Standing(**{**values, **changes})
