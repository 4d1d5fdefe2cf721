"""Goal: the hub makes tables and closes; a province confirms, signs and reads for itself alone.

Method: calls of an agency over TLS; what is let through finds no database and fails otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.clearing.domain.month_states import MonthState
from services.clearing.months import messages
from services.clearing.months.reading import MonthView
from services.clearing.months.servicer import MonthServicer
from services.clearing.months.store import Month
from services.clearing.months.terms import load_month_terms
from services.kit.errors import NotAllowed
from tests.support.clock import FakeClock
from yijie.clearing.v1 import month_pb2
from yijie.clearing.v1 import month_service_pb2 as pb2

NINGXIA, BEIJING, SHANGHAI = "640000", "110000", "310000"
PEOPLE = {"maker_id": "hub-1", "checker_id": "hub-2"}
REQUEST: dict[str, Any] = {"request_id": "0193d0c0-0000-7000-8000-000000000001", **PEOPLE}
SIGNED = month_pb2.SIGNATURE_DECISION_SIGNED
CSV = month_pb2.TABLE_FORMAT_CSV


class Caller:
    """A call over TLS."""

    def __init__(self, region: str, role: str) -> None:
        self._name = f"spiffe://yijie/region/{region}/role/{role}".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


HUB, AGENCY, HOSPITAL = (
    Caller("000000", "hub"),
    Caller(NINGXIA, "agency"),
    Caller(NINGXIA, "hospital"),
)
HUB_ONLY: dict[str, dict[str, Any]] = {
    "MakeTables": REQUEST,
    "CloseMonth": REQUEST,
    "CloseYear": REQUEST,
    "WhatIfNetting": {},
    "ListTableLines": {},
    "ListSignatures": {},
    "DownloadTables": {"format": CSV},
}
OF_A_PROVINCE: dict[str, tuple[dict[str, Any], str]] = {
    "ConfirmMonth": (REQUEST, "care_region_code"),
    "SignTables": ({**REQUEST, "decision": SIGNED}, "region_code"),
    "ListTableLines": ({}, "region_code"),
    "ListSignatures": ({}, "region_code"),
    "DownloadTables": ({"format": CSV}, "region_code"),
}
OF_ALL = ("ListMonths", "GetMonth", "GetYear")
REFUSED: list[tuple[str, dict[str, Any], Caller]] = [
    *((name, fields, AGENCY) for name, fields in HUB_ONLY.items()),
    *(
        (name, {**fields, field: BEIJING}, AGENCY)
        for name, (fields, field) in OF_A_PROVINCE.items()
    ),
    *(
        (name, {**fields, field: NINGXIA}, HOSPITAL)
        for name, (fields, field) in OF_A_PROVINCE.items()
    ),
    *((name, {}, HOSPITAL) for name in OF_ALL),
]
LET: list[tuple[str, dict[str, Any], Caller]] = [
    *((name, fields, HUB) for name, fields in HUB_ONLY.items()),
    *((name, {**fields, field: BEIJING}, HUB) for name, (fields, field) in OF_A_PROVINCE.items()),
    *(
        (name, {**fields, field: NINGXIA}, AGENCY)
        for name, (fields, field) in OF_A_PROVINCE.items()
    ),
    *((name, {}, caller) for name in OF_ALL for caller in (HUB, AGENCY)),
]


async def call(name: str, fields: dict[str, Any], caller: Caller) -> None:
    servicer = MonthServicer(None, FakeClock(), load_month_terms())  # type: ignore[arg-type]
    await getattr(servicer, name)(getattr(pb2, f"{name}Request")(**fields), caller)


@pytest.mark.parametrize(("name", "fields", "caller"), REFUSED)
async def test_who_may_not(name: str, fields: dict[str, Any], caller: Caller) -> None:
    with pytest.raises(NotAllowed) as caught:
        await call(name, fields, caller)
    assert caught.value.reason == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize(("name", "fields", "caller"), LET)
async def test_who_may(name: str, fields: dict[str, Any], caller: Caller) -> None:
    # There is no database behind it: what gets that far was let through.
    with pytest.raises(AttributeError):
        await call(name, fields, caller)


def test_every_call_says_who_may() -> None:
    service = pb2.DESCRIPTOR.services_by_name["MonthService"]
    assert {one.name for one in service.methods} == {*HUB_ONLY, *OF_A_PROVINCE, *OF_ALL}


def test_a_province_sees_the_objections_to_its_own_pairs() -> None:
    month = Month(
        month="2026-03",
        state=MonthState.TABLED,
        cut_time=None,
        table_time=None,
        digest=b"",
        payable_fen=0,
        line_count=0,
        late_settlement_count=0,
        late_reversal_count=0,
    )
    view = MonthView(
        month=month,
        steps=(),
        changes=(),
        open_break_count=0,
        objected=((NINGXIA, BEIJING), (BEIJING, NINGXIA), (BEIJING, SHANGHAI)),
    )
    assert len(messages.write_view(view).objected_pairs) == 3
    assert len(messages.write_view(view, NINGXIA).objected_pairs) == 2
    assert len(messages.write_view(view, "130000").objected_pairs) == 0
