"""Doors by which bills come in: persons, accounts, entitlements, bills, and what is no bill."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import grpc
import pytest

from services.cli.cases import people
from services.kit.channel import open_channel
from services.kit.wire import write_date, write_money
from tests.e2e.canaries import (
    BAD_CERT,
    BORN,
    CARD,
    CERT,
    DIAGNOSIS,
    DISEASE,
    IDENTITY,
    ITEM_CODE,
    LISTED,
    LOST_CARD,
    NAME,
    OTHER_DAY,
    UNLISTED,
    Visit,
)
from tests.support.rpc import TIMEOUT_S
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2, entitlement_pb2
from yijie.catalogue.v1 import catalogue_service_pb2
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.supervision.v1 import (
    reminder_service_pb2,
    reminder_service_pb2_grpc,
    supervision_service_pb2,
    supervision_service_pb2_grpc,
)


def canary() -> person_pb2.Person:
    """The canary person, as an insured region reports them."""
    person = person_pb2.Person()
    person.CopyFrom(people()["hengshui"].message)
    person.cert_number, person.name, person.sex = CERT, NAME, bill_pb2.SEX_FEMALE
    person.birth_date.CopyFrom(write_date(BORN))
    # Where an officer decides what the app brings, and the province's system what hospitals do.
    person.insurances.add(
        insured_region_code="340100",
        scheme_code="390",
        person_type_code="15",
        status=person_pb2.INSURANCE_STATUS_NORMAL,
        begin_date=write_date(date(2015, 1, 1)),
    )
    return person


async def register(visit: Visit) -> None:
    """Registers person, cards and account; entries with canaries are refused beside them."""
    person = canary()
    wrong, contradictory = person_pb2.Person(), person_pb2.Person()
    wrong.CopyFrom(person)
    wrong.cert_number = BAD_CERT
    contradictory.CopyFrom(person)
    contradictory.birth_date.CopyFrom(write_date(OTHER_DAY))
    request = identity_service_pb2.UpsertPersonsRequest(
        request_id=str(uuid4()), persons=[person, wrong, contradictory]
    )
    visit.search.add_message("persons", request.SerializeToString(deterministic=True))
    identity = visit.province.identity
    answer = await identity.UpsertPersons(request, timeout=TIMEOUT_S)
    visit.refusals += [("entry", one.error.SerializeToString()) for one in answer.results[1:]]
    assert [one.WhichOneof("outcome") for one in answer.results] == ["key", "error", "error"]
    visit.person_id = answer.results[0].key
    cards = [
        person_pb2.Card(
            card_number=number,
            person_id=holder,
            issuing_region_code="131100",
            state=f"CARD_STATE_{state}",
        )
        for number, holder, state in (
            (CARD, visit.person_id, "ACTIVE"),
            (LOST_CARD, visit.person_id, "LOST"),
            (CERT, visit.person_id, "ACTIVE"),
            (CARD, str(uuid4()), "ACTIVE"),
        )
    ]
    answer = await identity.UpsertCards(
        identity_service_pb2.UpsertCardsRequest(request_id=str(uuid4()), cards=cards),
        timeout=TIMEOUT_S,
    )
    visit.refusals += [("entry", one.error.SerializeToString()) for one in answer.results[2:]]
    assert [one.WhichOneof("outcome") for one in answer.results] == ["key", "key", "error", "error"]

    accounts = [
        benefits_service_pb2.Account(person_id=visit.person_id, balance=write_money(100_00))
    ]
    await visit.province.benefits.UpsertAccounts(
        benefits_service_pb2.UpsertAccountsRequest(request_id=str(uuid4()), accounts=accounts),
        timeout=TIMEOUT_S,
    )

    await entitle(visit)
    await be_chronically_ill(visit)


async def entitle(visit: Visit) -> None:
    """Tells what the person is ill with and was in need of; entries are refused beside it."""
    request = benefits_service_pb2.UpsertEntitlementsRequest(request_id=str(uuid4()))
    for kind, code in (
        ("CHRONIC_DISEASE", DISEASE),
        ("MEDICAL_AID", IDENTITY),
        ("MEDICAL_AID", DISEASE),
        ("CIVIL_SERVANT", IDENTITY),
    ):
        one = request.entitlements.add(person_id=visit.person_id, code=code)
        one.kind = entitlement_pb2.EntitlementKind.Value(f"ENTITLEMENT_KIND_{kind}")
        one.begin_date.CopyFrom(write_date(date(2020, 1, 1)))
        if kind == "MEDICAL_AID":
            one.end_date.CopyFrom(write_date(date(2020, 12, 31)))
    visit.search.add_message("entitlements", request.SerializeToString(deterministic=True))
    answer = await visit.province.benefits.UpsertEntitlements(request, timeout=TIMEOUT_S)
    visit.refusals += [("entry", one.SerializeToString()) for one in answer.results[2:]]
    assert [one.code == 0 for one in answer.results] == [True, True, False, False]


async def be_chronically_ill(visit: Visit) -> None:
    """Bills for the disease, as the hub brings them to the insured region: booked, and refused."""
    bill = adjudication_pb2.Case(
        person_id=visit.person_id,
        insured_region_code="650100",
        scheme_code="310",
        person_type_code="1101",
        care_region_code="110105",
        institution_code="H11010500001",
        deductible_level_code="02",
        medical_type_code="14",
        disease_code=DISEASE,
        benefit_level=filing_service_pb2.BENEFIT_LEVEL_LONG_TERM,
        begin_date=write_date(date(2026, 3, 31)),
        end_date=write_date(date(2026, 3, 31)),
    )
    bill.amounts.total.fen = bill.amounts.in_scope.fen = 40_000
    benefits = visit.province.benefits
    for number in range(2):
        request = benefits_service_pb2.CommitRequest(settlement_id=str(uuid4()), case=bill)
        visit.search.add_message(f"bill {number}", request.SerializeToString(deterministic=True))
        answer = await benefits.Commit(request, timeout=TIMEOUT_S)
        paths = [read.path for one in answer.adjudication.steps for read in one.parameters]
        assert any(path.endswith(LISTED) for path in paths)  # it is held, but not in the clear
    bill.disease_code = UNLISTED
    # Who sent the code is told that it is not covered; nobody else is.
    with pytest.raises(grpc.aio.AioRpcError):
        await benefits.Adjudicate(
            benefits_service_pb2.AdjudicateRequest(case=bill), timeout=TIMEOUT_S
        )
    bill.disease_code = "M01600"
    await visit.refused(
        benefits.Adjudicate(benefits_service_pb2.AdjudicateRequest(case=bill), timeout=TIMEOUT_S)
    )


async def settle_and_reverse(visit: Visit, token: str) -> None:
    settlement = visit.province.settlement
    for kind, number in (("ID_NUMBER", CERT), ("CARD", CARD), ("E_CREDENTIAL", token)):
        request = visit.request(visit.patient(kind, number))
        await settlement.PreSettle(
            pb.PreSettleRequest(patient=request.patient, bill=request.bill), timeout=TIMEOUT_S
        )
        answer = await settlement.Settle(request, timeout=TIMEOUT_S)
        assert answer.settlement.state == settlement_pb2.SETTLEMENT_STATE_SETTLED
        assert (await settlement.Settle(request, timeout=TIMEOUT_S)).replayed
        visit.settlement_id = visit.settlement_id or answer.settlement.settlement_id
    key = answer.settlement.settlement_id
    reversal = pb.ReverseSettlementRequest(request_id=str(uuid4()), settlement_id=key)
    await settlement.ReverseSettlement(reversal, timeout=TIMEOUT_S)
    full = await settlement.GetSettlement(
        pb.GetSettlementRequest(settlement_id=key, view=pb.SETTLEMENT_VIEW_FULL), timeout=TIMEOUT_S
    )
    assert full.settlement.bill.lines[1].item_code == ITEM_CODE  # it is held, but not in the clear
    # Same id, other content: the two contents are compared.
    request.bill.diagnoses[0].diagnosis_code = "Q87.654x322"
    await visit.refused(settlement.Settle(request, timeout=TIMEOUT_S))


async def be_refused(visit: Visit, token: str) -> None:
    """Refusals for what is meant, each with canaries in the request."""
    settlement, good = visit.province.settlement, visit.patient("CARD", CARD)
    patients = (
        visit.patient("CARD", LOST_CARD),
        visit.patient("CARD", "Q99999999"),
        visit.patient("ID_NUMBER", BAD_CERT),
        visit.patient("ID_NUMBER", NAME),
        visit.patient("E_CREDENTIAL", token[:-2] + "00"),
        visit.patient("CARD", CARD, birth_date=write_date(OTHER_DAY)),
        visit.patient("CARD", CARD, person_id=CERT),
        visit.patient("CARD", CARD, person_id=str(uuid4())),
        visit.patient("CARD", CARD, scheme_code="390"),
        visit.patient("CARD", CARD, insured_region_code=CERT),
    )
    for patient in patients:
        await visit.refused(settlement.Settle(visit.request(patient), timeout=TIMEOUT_S))
    bills = [visit.request(good) for _ in range(7)]
    bills[0].request_id = CERT
    bills[1].bill.diagnoses[0].diagnosis_code = f"{NAME} {DIAGNOSIS}"
    bills[2].bill.lines[0].line_id = CERT
    bills[2].bill.lines[1].line_id = CERT
    bills[3].bill.lines[0].unit_price.value = CERT
    bills[3].bill.lines[0].item_code = NAME
    bills[4].bill.lines[0].quantity.value = f"1e{CERT}"
    bills[5].bill.lines[1].amount.fen += 2
    bills[6].bill.institution_code = "H11010500999"
    for request in bills:
        await visit.refused(settlement.Settle(request, timeout=TIMEOUT_S))
    await visit.refused(settlement.Settle(bills[5]))
    await visit.refused(settlement.Settle(visit.request(good), timeout=0.0001))


async def send_malformed(visit: Visit) -> None:
    """Bytes that are no message, texts where keys belong, and metadata that nobody asked for."""
    province, bad = visit.province, f"{CERT}{NAME}".encode() + b"\xff\xfe"
    for service, method in (
        ("settlement", "/yijie.settlement.v1.SettlementService/Settle"),
        ("identity", "/yijie.identity.v1.IdentityService/UpsertPersons"),
        ("benefits", f"/yijie.benefits.v1.BenefitsService/{CERT}"),
    ):
        async with open_channel(visit.running.endpoints[service].address) as channel:
            raw = channel.unary_unary(method)
            await visit.refused(raw(bad, timeout=TIMEOUT_S, metadata=(("x-patient", CERT),)))
            await visit.refused(raw(bad, timeout=TIMEOUT_S, metadata=(("traceparent", CERT),)))
    lists = province.settlement.ListSettlements
    await visit.refused(lists(pb.ListSettlementsRequest(page_token=CERT), timeout=TIMEOUT_S))
    feed = province.settlement.Subscribe(pb.SubscribeRequest(after_cursor=CERT), timeout=TIMEOUT_S)
    await visit.refused(feed.read())
    request = visit.request(visit.patient("CARD", CARD))
    async with open_channel(visit.running.endpoints["supervision"].address) as channel:
        stub = supervision_service_pb2_grpc.SupervisionServiceStub(channel)
        bill = supervision_service_pb2.ScreenBillRequest(
            sex=bill_pb2.SEX_FEMALE,
            birth_date=write_date(BORN),
            medical_type_code="11",
            scheme_code="310",
            institution_code=request.bill.institution_code,
            diagnoses=request.bill.diagnoses,
            lines=request.bill.lines,
        )
        await stub.ScreenBill(bill, timeout=TIMEOUT_S)
        bill.lines[0].quantity.value = CERT
        await visit.refused(stub.ScreenBill(bill, timeout=TIMEOUT_S))
        reminders = reminder_service_pb2_grpc.ReminderServiceStub(channel)
        draft = reminder_service_pb2.RemindOrderRequest(
            institution_code=request.bill.institution_code,
            person_id=visit.person_id,
            sex=bill_pb2.SEX_FEMALE,
            birth_date=write_date(BORN),
            scheme_code="310",
            medical_type_code="11",
            order_date=request.bill.begin_date,
            diagnoses=request.bill.diagnoses,
            lines=request.bill.lines,
        )
        await reminders.RemindOrder(draft, timeout=TIMEOUT_S)
        draft.lines[0].quantity.value = CERT
        await visit.refused(reminders.RemindOrder(draft, timeout=TIMEOUT_S))
        listing = supervision_service_pb2.ListFindingsRequest(settlement_id=CERT)
        await visit.refused(stub.ListFindings(listing, timeout=TIMEOUT_S))
    lines = catalogue_service_pb2.ClassifyLinesRequest(
        region_code="110000",
        lines=request.bill.lines,
    )
    await province.catalogue.ClassifyLines(lines, timeout=TIMEOUT_S)
