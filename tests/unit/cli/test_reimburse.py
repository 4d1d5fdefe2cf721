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
from services.cli.reimburse import BadClaimError, print_receipt, reimburse, request_of
from services.kit.wire import write_money
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import reimbursement_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

FILE = resources.files("services.cli") / "demo_data" / "reimbursement.yaml"
PERSON = "0190aaaa-0000-7000-8000-000000000001"


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


def test_a_receipt_says_who_pays_and_the_gap():
    claim = reimbursement_pb2.Reimbursement(
        reimbursement_id=PERSON,
        state=reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED,
        care_region_code="120000",
        insured_region_code="110000",
        payable=write_money(229_551),
        sample=True,
    )
    compared = pb.CompareReimbursementResponse(fund_gap=write_money(4_539))
    out = Console(file=io.StringIO(), width=140)
    print_receipt(out, claim, compared)
    text = out.file.getvalue()
    for part in (PERSON, "已核算", "天津市", "北京市", "2,295.51", "+45.39", "示例"):
        assert part in text
