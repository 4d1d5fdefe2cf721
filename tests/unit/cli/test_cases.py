"""Goal: the demo data make requests that the contracts accept, and say nothing of their outcome."""

from __future__ import annotations

from uuid import uuid4

import protovalidate
import pytest
from google.protobuf import json_format

from services.cli import cases
from services.cli.load import request_id_of
from services.cli.topology import Endpoint
from services.cli.up import grpcurl_call, python_call
from services.kit import codes
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

PERSON_ID = "0190a5c0-0000-7000-8000-000000000001"


def patient(case: cases.DemoCase) -> settlement_pb2.Patient:
    return settlement_pb2.Patient(
        credential=case.credential,
        person_id=PERSON_ID,
        sex=case.person.message.sex,
        birth_date=case.person.message.birth_date,
        insured_region_code=case.insured_region_code,
        scheme_code=case.scheme_code,
    )


@pytest.mark.parametrize("key", cases.ORDER)
def test_a_case_makes_a_request_that_the_contract_accepts(key):
    case = cases.case(key)
    request = settlement_service_pb2.SettleRequest(
        request_id=str(uuid4()), patient=patient(case), bill=case.bill
    )
    protovalidate.validate(request)
    assert case.bill.total.fen == sum(line.amount.fen for line in case.bill.lines)
    assert codes.is_cross_province(
        care=case.bill.care_region_code, insured=case.insured_region_code
    )


def test_persons_and_institutions_are_accepted_too():
    persons = [person.message for person in cases.people().values()]
    protovalidate.validate(
        identity_service_pb2.UpsertPersonsRequest(request_id=str(uuid4()), persons=persons)
    )
    protovalidate.validate(
        identity_service_pb2.UpsertInstitutionsRequest(
            request_id=str(uuid4()), institutions=list(cases.institutions().values())
        )
    )


def test_one_card_is_reported_lost_and_its_holder_can_still_be_registered():
    lost = [p for p in cases.people().values() if p.card.state == person_pb2.CARD_STATE_LOST]
    assert [person.key for person in lost] == ["lost_card"]
    assert lost[0].credential("card").number == lost[0].card.card_number
    assert lost[0].credential("id_number").number == lost[0].message.cert_number


def test_every_filing_is_of_a_demo_person():
    assert {filing.person for filing in cases.filings()} <= cases.people().keys()


def test_the_same_content_has_the_same_request_id_and_other_content_another():
    one = identity_service_pb2.IssueCredentialTokenRequest(person_id=PERSON_ID)
    other = identity_service_pb2.IssueCredentialTokenRequest(person_id=str(uuid4()))
    alike = person_pb2.Credential(number=PERSON_ID)
    assert request_id_of(one) == request_id_of(one)
    assert len({request_id_of(message) for message in (one, other, alike)}) == 3


def test_the_pasted_calls_hold_the_bill_and_the_address():
    case = cases.case("outpatient")
    endpoint = Endpoint(port=50051, metrics_port=9464)
    shell = grpcurl_call(endpoint, patient(case))
    body = shell.split("'")[1]
    request = json_format.Parse(body, settlement_service_pb2.PreSettleRequest())
    protovalidate.validate(request)
    assert request.bill == case.bill
    assert "127.0.0.1:50051 yijie.settlement.v1.SettlementService/PreSettle" in shell
    program = python_call(endpoint, patient(case))
    compile(program, "pasted", "exec")
    assert '"127.0.0.1:50051"' in program
