"""Goal: a province disputes for itself only, and only the hub records and decides.

Method: calls of an agency over TLS; what is let through finds no database and fails otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from services.clearing.disputes import inquiries, usecases
from services.clearing.disputes.servicer import DisputeServicer
from services.clearing.disputes.terms import load_dispute_terms
from services.kit.errors import NotAllowed
from tests.support.clock import FakeClock
from yijie.clearing.v1 import dispute_pb2 as pb2
from yijie.clearing.v1 import dispute_service_pb2 as service_pb2

NINGXIA, BEIJING, HEBEI = "640000", "110000", "130000"
KEY = "00000000-0000-7000-8000-000000000001"


class Caller:
    """A call over TLS."""

    def __init__(self, region: str, role: str) -> None:
        self._name = f"spiffe://yijie/region/{region}/role/{role}".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


AGENCY, HUB = Caller(NINGXIA, "agency"), Caller("000000", "hub")
PEOPLE = {"maker_id": "a.1", "checker_id": "b.2"}
OF_REGION: dict[str, dict[str, Any]] = {
    "AppealDeduction": {"deduction_id": KEY, "maker_id": "a.1", "note": "x"},
    "OpenInquiry": {"settlement_id": KEY, "maker_id": "a.1", "question": "x"},
    "AnswerInquiry": {
        "inquiry_id": KEY,
        "answer": "x",
        "result": pb2.INQUIRY_RESULT_CONFIRMED,
        **PEOPLE,
    },
    "ListDeductions": {},
    "ListInquiries": {},
    "ListAdjustments": {},
}
OF_HUB: dict[str, dict[str, Any]] = {
    "RecordDeductions": PEOPLE,
    "DecideAppeal": {"deduction_id": KEY, "note": "x", **PEOPLE},
}


async def call(name: str, fields: dict[str, Any], caller: Caller) -> None:
    servicer = DisputeServicer(None, FakeClock(), load_dispute_terms())  # type: ignore[arg-type]
    request_type = getattr(service_pb2, f"{name}Request")
    if "request_id" in request_type.DESCRIPTOR.fields_by_name:
        fields = {"request_id": KEY, **fields}
    await getattr(servicer, name)(request_type(**fields), caller)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        *OF_HUB.items(),
        *((name, {**fields, "region_code": BEIJING}) for name, fields in OF_REGION.items()),
        # No region: of all.
        *OF_REGION.items(),
    ],
)
async def test_an_agency_may_not(name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed) as caught:
        await call(name, fields, AGENCY)
    assert caught.value.reason == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("name", "fields", "caller"),
    [
        *((name, {**fields, "region_code": NINGXIA}, AGENCY) for name, fields in OF_REGION.items()),
        *((name, fields, HUB) for name, fields in {**OF_HUB, **OF_REGION}.items()),
    ],
)
async def test_who_may(name: str, fields: dict[str, Any], caller: Caller) -> None:
    # There is no database behind it: what gets that far was let through.
    with pytest.raises(AttributeError):
        await call(name, fields, caller)


class _Found:
    """Stands for a deduction or an inquiry, as far as its parties are concerned."""

    insured_region_code = HEBEI
    care_region_code = BEIJING
    deduction_id = KEY


class _Database:
    """Gives a connection that nobody reads from."""

    def connection(self) -> _Database:
        return self

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("name", ["GetDeduction", "GetInquiry"])
async def test_only_parties_see_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def find(*_: object, **__: object) -> _Found:
        return _Found()

    monkeypatch.setattr(usecases, "get_deduction", find)
    monkeypatch.setattr(inquiries, "get_inquiry", find)
    servicer = DisputeServicer(_Database(), FakeClock(), load_dispute_terms())  # type: ignore[arg-type]
    field = "deduction_id" if name == "GetDeduction" else "inquiry_id"
    request = getattr(service_pb2, f"{name}Request")(**{field: KEY})
    with pytest.raises(NotAllowed):
        await getattr(servicer, name)(request, AGENCY)
    # A party comes further, to what is no record.
    for region in (HEBEI, BEIJING):
        with pytest.raises(AttributeError):
            await getattr(servicer, name)(request, Caller(region, "agency"))
