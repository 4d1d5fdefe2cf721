"""What a person is entitled to, in a list, in a settlement and in no log."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.benefits.conftest import (
    OTHER,
    PERSON,
    Benefits,
    make_case,
    serving,
    set_day,
    split,
)
from tests.integration.benefits.rules import (
    AID,
    CHRONIC,
    CIVIL_SERVANT,
    FLAT,
    STEPS,
    THIRD,
    bill,
    by,
    chronic,
)
from tests.support.packs import pack_tree, policy_of
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.benefits.v1 import benefits_service_pb2 as pb

pytestmark = pytest.mark.postgres

# --- what is told of a person --------------------------------------------------------------------


async def listed(service: Benefits, person_id: str = PERSON) -> list[tuple[Any, ...]]:
    request = pb.GetEntitlementsRequest(person_id=person_id)
    response = await service.stub.GetEntitlements(request, timeout=TIMEOUT_S)
    return [
        (one.kind, one.code, one.begin_date.month, one.end_date.month)
        for one in response.entitlements
    ]


async def test_entitlements_are_listed_and_one_with_the_same_key_is_replaced(benefits):
    await benefits.entitle(AID, "minimum_living", begin=(2026, 2, 1))
    await benefits.entitle(CHRONIC, "M03900")
    await benefits.entitle(CIVIL_SERVANT)
    await benefits.entitle(AID, "minimum_living", begin=(2026, 2, 1), end=(2026, 6, 30))
    await benefits.entitle(AID, "minimum_living", begin=(2026, 9, 1))
    await benefits.entitle(AID, "near_minimum", person_id=OTHER)
    assert await listed(benefits) == [
        (CHRONIC, "M03900", 1, 0),
        (CIVIL_SERVANT, "", 1, 0),
        (AID, "minimum_living", 2, 6),
        (AID, "minimum_living", 9, 0),
    ]
    assert await listed(benefits, THIRD) == []


WRONG_ENTITLEMENTS = [
    ({"kind": CHRONIC, "code": "M99999"}, "DISEASE_CODE_UNKNOWN", "code"),
    ({"kind": CHRONIC}, "DISEASE_CODE_UNKNOWN", "code"),
    ({"kind": AID, "code": "none"}, "FIELD_INVALID", "code"),
    ({"kind": AID, "code": "poor"}, "FIELD_INVALID", "code"),
    ({"kind": AID}, "FIELD_INVALID", "code"),
    ({"kind": CIVIL_SERVANT, "code": "M03900"}, "FIELD_INVALID", "code"),
]


async def test_entitlements_are_judged_one_by_one(benefits):
    request = pb.UpsertEntitlementsRequest(request_id=str(uuid4()))

    def add(kind: int, code: str = "", begin=(2026, 1, 1)) -> Any:
        one = request.entitlements.add(person_id=PERSON, kind=kind, code=code)
        set_day(one.begin_date, begin)
        return one

    for fields, _, _ in WRONG_ENTITLEMENTS:
        add(**fields)
    add(CIVIL_SERVANT)
    add(CIVIL_SERVANT)
    set_day(add(CIVIL_SERVANT, begin=(2026, 2, 1)).end_date, (2026, 1, 31))
    add(CIVIL_SERVANT, begin=(2026, 2, 30))
    response = await benefits.stub.UpsertEntitlements(request, timeout=TIMEOUT_S)
    wanted = [(reason, f".{field}") for _, reason, field in WRONG_ENTITLEMENTS]
    wanted += [
        ("", ""),
        ("FIELD_INVALID", ""),
        ("FIELD_INVALID", ".end_date"),
        ("FIELD_INVALID", ".begin_date"),
    ]
    for index, (status, (reason, field)) in enumerate(zip(response.results, wanted, strict=True)):
        if not reason:
            assert status.code == 0
            continue
        told = read_status(status)
        assert (told.reason, told.fields) == (reason, [f"entitlements[{index}]{field}"])
        # Neither the diagnosis nor the identity is told again.
        assert "M99999" not in told.text
        assert "poor" not in told.text
    assert await listed(benefits) == [(CIVIL_SERVANT, "", 1, 0)]
    assert await benefits.stub.UpsertEntitlements(request, timeout=TIMEOUT_S) == response
    request.entitlements[0].code = "M03900"
    refusal = await refused(benefits.stub.UpsertEntitlements(request, timeout=TIMEOUT_S))
    assert refusal.reason == "REQUEST_ID_REUSED"


# --- entitlements in a settlement ----------------------------------------------------------------


async def test_medical_aid_counts_from_its_first_to_its_last_day(dsn):
    tree = pack_tree({"segments.scale": FLAT}, setting="outpatient", steps=f"{STEPS}, medical_aid")
    async with by(dsn, tree) as service:
        await service.entitle(AID, "minimum_living", begin=(2026, 3, 1), end=(2026, 3, 31))
        paid = []
        for day in ((2026, 2, 28), (2026, 3, 1), (2026, 3, 31), (2026, 4, 1)):
            found = await service.adjudicate(bill(50000, day=day))
            paid.append({fund.fund_type_code: fund.amount.fen for fund in found.fund_payments})
        # 500 - 100 deductible, half of it the fund's; of the other 200 half is aid.
        assert [one.get("610100", 0) for one in paid] == [0, 10000, 10000, 0]
        settlement_id = uuid4()
        await service.commit(bill(50000, day=(2026, 3, 1)), settlement_id)
        sums, _ = await service.used()
        assert (sums["medical_aid_base"], sums["fund_medical_aid"]) == (20000, 10000)
        await service.cancel(settlement_id)
        assert await service.used() == ({}, 0)


async def test_who_receives_aid_is_refused_where_the_pack_has_no_such_step(benefits):
    case = make_case()
    await benefits.entitle(AID, "minimum_living", begin=(2026, 3, 31))
    refusal = await refused(benefits.commit(case, uuid4()))
    assert (refusal.reason, refusal.metadata["missing"]) == ("POLICY_NOT_COVERED", "medical_aid")
    set_day(case.begin_date, (2026, 3, 30))
    set_day(case.end_date, (2026, 3, 30))
    assert (await benefits.commit(case, uuid4())).adjudication.deductible.fen == 429


async def test_a_quote_is_no_longer_true_when_an_entitlement_came(dsn):
    tree = pack_tree({"segments.scale": FLAT}, setting="outpatient", steps=f"{STEPS}, medical_aid")
    async with by(dsn, tree) as service:
        case = bill(50000)
        quoted = await service.adjudicate(case)
        await service.entitle(AID, "minimum_living")
        refusal = await refused(service.commit(case, uuid4(), quoted))
        assert refusal.reason == "EXPECTATION_NOT_MET"
        assert refusal.metadata["changed"] == "accumulators"


async def test_what_the_patient_pays_is_told_by_cause(dsn):
    async with by(dsn, pack_tree({"segments.scale": FLAT}, setting="outpatient")) as service:
        case = split(bill(0), in_scope=50000, prior=700, over=60, full=5)
        causes = (await service.adjudicate(case)).causes
        told = {field.name: value.fen for field, value in causes.ListFields()}
        assert told == {
            "full_self_pay": 5,
            "over_limit": 60,
            "prior_self_pay": 700,
            "away_self_pay": 0,
            "deductible": 10000,
            "share": 20000,
            "above_cap": 0,
        }


# --- what is nobody's business -------------------------------------------------------------------


async def test_no_illness_and_no_poverty_is_ever_logged(dsn):
    """Every call that holds one, well-formed and refused; then each line of the log is searched."""
    lines = io.BytesIO()
    async with serving(dsn, policy_of(chronic()), lines) as service:
        await service.entitle(CHRONIC, "M01600")
        await service.entitle(AID, "minimum_living", person_id=OTHER)
        await listed(service, OTHER)
        for code, person_id in (("M01600", PERSON), ("M03900", PERSON), ("M01600", OTHER)):
            case = bill(40000, "14", disease_code=code, person_id=person_id)
            if (code, person_id) == ("M01600", PERSON):
                await service.commit(case, uuid4())
            else:
                await refused(service.commit(case, uuid4()))
        await refused(service.commit(bill(40000, "14", disease_code="M00500"), uuid4()))
        request = pb.CheckDiseaseRequest(
            person_id=PERSON,
            insured_region_code="650100",
            scheme_code="310",
            disease_code="M01600",
            diagnosis_codes=["E11.900"],
        )
        set_day(request.service_date, (2026, 3, 31))
        await service.stub.CheckDisease(request, timeout=TIMEOUT_S)
        wrong = pb.UpsertEntitlementsRequest(request_id=str(uuid4()))
        set_day(
            wrong.entitlements.add(person_id=PERSON, kind=CHRONIC, code="M99999").begin_date,
            (2026, 1, 1),
        )
        await service.stub.UpsertEntitlements(wrong, timeout=TIMEOUT_S)
    told = lines.getvalue().decode()
    assert len(told.splitlines()) > 8
    for canary in ("M01600", "M03900", "M00500", "M99999", "E11", "minimum_living", PERSON, OTHER):
        assert canary not in told
