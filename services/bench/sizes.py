"""How many bytes the real mesh sends and stores for a bill: what the floor has to carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from services.bench.floor import Sizes
from services.cli.province import Province
from services.kit.channel import open_channel
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import identity_service_pb2
from yijie.settlement.v1 import settlement_service_pb2
from yijie.supervision.v1 import supervision_service_pb2, supervision_service_pb2_grpc

_STORED: Final = """
SELECT (SELECT avg(length(detail) + length(commit_request)) FROM settlement.settlement) AS intent,
       (SELECT avg(length(commit_request)) FROM settlement.settlement) AS commit_request,
       (SELECT avg(length(adjudication)) FROM settlement.settlement_state_change
         WHERE state = 'SETTLED') AS outcome,
       (SELECT avg(length(settlement)) FROM settlement.outbox) AS event,
       (SELECT avg(length(answer)) FROM benefits.adjudication) AS answer,
       (SELECT avg(length(record)) FROM identity.person) AS person,
       (SELECT avg(pg_column_size(f)) FROM filing.filing AS f) AS filing"""


async def measure(
    province: Province,
    supervision_address: str,
    dsn: str,
    request: settlement_service_pb2.SettleRequest,
    answers: Sequence[bytes],
) -> Sizes:
    """Asks the callees about one bill and the journal about those settled so far.

    `answers` are SettleResponses.
    """
    patient, bill = request.patient, request.bill
    verify = identity_service_pb2.VerifyCredentialRequest(
        credential=patient.credential,
        business_date=bill.end_date,
        person_id=patient.person_id,
        sex=patient.sex,
        birth_date=patient.birth_date,
        insured_region_code=patient.insured_region_code,
        scheme_code=patient.scheme_code,
        institution_code=bill.institution_code,
        medical_type_code=bill.medical_type_code,
    )
    match = filing_service_pb2.MatchFilingRequest(
        person_id=patient.person_id,
        insured_region_code=patient.insured_region_code,
        care_region_code=bill.care_region_code,
        service_date=bill.begin_date,
        match_until_date=bill.end_date,
    )
    screen = supervision_service_pb2.ScreenBillRequest(
        sex=patient.sex,
        birth_date=patient.birth_date,
        medical_type_code=bill.medical_type_code,
        scheme_code=patient.scheme_code,
        institution_code=bill.institution_code,
        hospital_level_code=bill.hospital_level_code,
        diagnoses=bill.diagnoses,
        lines=bill.lines,
    )
    verified = await province.call(province.identity.VerifyCredential, verify)
    matched = await province.call(province.filing.MatchFiling, match)
    async with open_channel(supervision_address) as channel:
        stub = supervision_service_pb2_grpc.SupervisionServiceStub(channel)
        screened = await province.call(stub.ScreenBill, screen)
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(_STORED)
    finally:
        await connection.close()
    stored = {name: round(value) for name, value in row.items()}
    return Sizes(
        verify_request=verify.ByteSize(),
        verify_response=verified.ByteSize(),
        match_request=match.ByteSize(),
        match_response=matched.ByteSize(),
        screen_request=screen.ByteSize(),
        screen_response=screened.ByteSize(),
        commit_response=stored["outcome"],
        settle_response=sum(map(len, answers)) // max(1, len(answers)),
        **stored,
    )
