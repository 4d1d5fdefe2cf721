"""Goal: a file that is a claim becomes the request that it says, and one that is none is refused.

Method: the shipped file and spoiled copies of it; identity answers from memory.
"""

from __future__ import annotations

import io
import json
from importlib import resources
from types import SimpleNamespace

import pytest
from rich.console import Console

from services.catalogue.datafile import DataError, load
from services.cli import reimburse as command
from services.cli import reimburse_receipt
from services.cli.reimburse import (
    BadClaimError,
    UnknownOutcomeError,
    reimburse,
    request_of,
    submitted,
)
from services.cli.reimburse_receipt import print_receipt
from services.kit.errors import Unavailable
from services.kit.wire import write_money
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import reimbursement_pb2, settlement_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

FILE = resources.files("services.cli") / "demo_data" / "reimbursement.yaml"
PERSON = "0190aaaa-0000-7000-8000-000000000001"
OTHER = "0190aaaa-0000-7000-8000-000000000002"


class FakeProvince:
    """Proves everybody."""

    identity = SimpleNamespace(VerifyCredential="VerifyCredential")

    def __init__(self):
        self.asked = []

    async def call(self, method, request):
        assert method == "VerifyCredential"
        self.asked.append(request)
        return identity_service_pb2.VerifyCredentialResponse(person_id=PERSON, sex=1)


async def test_the_shipped_file_is_a_claim():
    province = FakeProvince()
    request = await request_of(province, load(FILE), trial=False)
    assert request.bill.invoice_number == "12010126SL00000317"
    assert request.cause == reimbursement_pb2.REIMBURSEMENT_CAUSE_SYSTEM_FAILURE
    assert request.bill.total.fen == sum(line.amount.fen for line in request.bill.lines)
    assert (request.patient.person_id, request.patient.insured_region_code) == (PERSON, "110000")
    assert request.patient.credential.type == person_pb2.CREDENTIAL_TYPE_ID_NUMBER
    (asked,) = province.asked
    assert asked.business_date == request.bill.end_date
    assert not request.validate_only


async def test_a_file_may_name_number_and_institution_itself(tmp_path):
    document = dict(load(FILE))
    del document["person"], document["institution"]
    document |= {
        "id_number": "110105197403189034",
        "insured_region_code": "110000",
        "institution_code": "H12010100001",
        "hospital_level_code": "02",
    }
    path = tmp_path / "claim.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    request = await request_of(FakeProvince(), load(path), trial=True)
    assert request.bill.institution_code == "H12010100001"
    assert request.patient.credential.number == "110105197403189034"
    assert request.validate_only


@pytest.mark.parametrize(
    "change",
    [
        {"cause": "BECAUSE"},
        {"person": "nobody"},
        {"institution": "nowhere"},
        {"begin_date": "yesterday"},
        {"invoice_number": None},
        {"lines": None},
        {"lines": [{"line_id": "1"}]},
    ],
)
async def test_what_is_no_claim_is_refused(change):
    document = {key: value for key, value in {**load(FILE), **change}.items() if value is not None}
    with pytest.raises((BadClaimError, DataError)):
        await request_of(FakeProvince(), document, trial=False)


async def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadClaimError):
        await reimburse(tmp_path / "none.yaml", tmp_path, trial=False, as_json=False)


class Silent(FakeProvince):
    """Answers what it is asked after some silence."""

    reimbursements = SimpleNamespace(SubmitReimbursement="SubmitReimbursement")

    def __init__(self, silences):
        super().__init__()
        self.silences = silences

    async def call(self, method, request, *, within_s):
        self.asked.append(request.request_id)
        if len(self.asked) <= self.silences:
            raise Unavailable("OUTCOME_PENDING", "the outcome is not known yet")
        claim = reimbursement_pb2.Reimbursement(reimbursement_id=PERSON)
        return pb.SubmitReimbursementResponse(reimbursement=claim)


async def test_what_is_not_known_yet_is_asked_again_with_the_same_id(monkeypatch):
    monkeypatch.setattr(command, "_PAUSES_S", (0.0, 0.0))
    request = pb.SubmitReimbursementRequest(request_id=PERSON)
    province = Silent(2)
    assert (await submitted(province, request)).reimbursement_id == PERSON
    assert province.asked == [PERSON] * 3
    # In the end whoever claims is told how to ask later: a fresh id would find the invoice claimed.
    with pytest.raises(UnknownOutcomeError, match=f"--request-id {PERSON}"):
        await submitted(Silent(3), request)


def test_a_receipt_says_who_pays_and_the_gap():
    claim = reimbursement_pb2.Reimbursement(
        reimbursement_id=PERSON,
        state=reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED,
        care_region_code="120000",
        insured_region_code="110000",
        payable=write_money(229_551),
        institution_code="H12000099001",
        bill=settlement_pb2.Bill(
            invoice_number="12010126SL00000317",
            lines=[bill_pb2.FeeLine(line_id="001", item_name="普通病房床位费")],
        ),
        similar_reimbursement_ids=[OTHER],
        sample=True,
    )
    line = claim.lines.add(line_id="001", unmet_restrictions=["AGE"])
    line.split.total.fen = line.split.full_self_pay.fen = 187_500
    within = claim.lines.add(line_id="002")
    within.split.total.fen = within.split.in_scope.fen = 60_001
    claim.adjudication.causes.deductible.fen = 130_000
    compared = pb.CompareReimbursementResponse(fund_gap=write_money(4_539))
    out = Console(file=io.StringIO(), width=140)
    print_receipt(out, claim, compared)
    text = out.file.getvalue()
    for part in (PERSON, "已核算", "天津市", "北京市", "2,295.51", "+45.39", "示例"):
        assert part in text
    # What was claimed, what of it is not paid and why, and what the checker must look at.
    for part in ("天津市心血管病医院", "12010126SL00000317", "普通病房床位费", "限定支付 年龄"):
        assert part in text
    for part in (
        "1,875.00",
        "1,300.00",
        f"疑似重复，请核对票据 same place and days, compare the invoices: {OTHER}",
    ):
        assert part in text
    assert "600.01" not in text


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ({"not_listed": True, "catalogue_class": 3}, ["参保地目录外"]),
        ({"catalogue_class": 3}, ["丙类"]),
        ({"catalogue_class": 1}, ["单价超过参保地限价，不予支付"]),
        ({"catalogue_class": 3, "unmet_restrictions": ["AGE"]}, ["限定支付 年龄"]),
    ],
)
def test_why_a_line_is_not_paid(line, because):
    found = bill_pb2.ClassifiedLine(**line)
    found.split.full_self_pay.fen = 1
    assert reimburse_receipt._reasons(found) == because
