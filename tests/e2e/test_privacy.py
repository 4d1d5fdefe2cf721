"""No personal data in the clear, anywhere that a mesh leaves anything. Goal and method.

Canary values (id number, name, card number, token, birth date, diagnosis, item, chronic disease,
identity for medical aid) go through every door, well-formed and malformed, with the services' logs
at debug. Then everything is searched for them, as text, in hexadecimal, as a protobuf date and as
an unkeyed hash, which would be no protection: all files of the mesh (PostgreSQL's own with its log
and write-ahead log, service logs, spans), every column of every schema (also deflated ones),
/metrics, and the refusals. At last each table is made to refuse a row, because PostgreSQL writes
the row it refuses into its log.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import grpc
import pytest

from services.cli.cases import case, people
from services.cli.mesh import Mesh, mesh
from services.cli.province import Province
from services.kit import codes
from services.kit.channel import open_channel
from services.kit.wire import write_date, write_money
from tests.e2e.searching import Search, columns, inflated, provoke_refused_rows, read_page
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2, entitlement_pb2
from yijie.catalogue.v1 import catalogue_service_pb2
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.supervision.v1 import supervision_service_pb2, supervision_service_pb2_grpc

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(120)]

BORN = date(1957, 3, 19)
OTHER_DAY = date(1957, 3, 18)
NAME = "金丝雀·阿依慕"
_FIRST_17 = "65010219570319048"
CERT = _FIRST_17 + codes.check_digit(_FIRST_17)
BAD_CERT = _FIRST_17 + ("2" if CERT.endswith("1") else "1")
CARD, LOST_CARD = "Q48151623", "Q42481516"
DIAGNOSIS = "Q87.654x321"
ITEM_NAME = "金丝雀止痛片"
ITEM_CODE = "ZA01BAS0846010109876"
# For men only, by the published rules: a finding names it. The drug register names it too, so that
# it is searched for where bills leave something, and not in the database's files.
FOUND_NAME, FOUND_CODE = "阿帕他胺片", "XL02BBA326A001010102180"
# Of the person, of nobody in the demo. A policy names them too: its texts, which are deflated, are
# not searched for them.
DISEASE, LISTED, UNLISTED = "M07200", "disease_limit.amount[M07200]", "M00300"
IDENTITY = "poverty_by_illness"
OF_POLICY = (DISEASE, IDENTITY)
TEXTS = (CERT, BAD_CERT, CERT[6:14], NAME, "金丝雀", CARD, LOST_CARD, str(BORN), str(OTHER_DAY))
TEXTS = (*TEXTS, DIAGNOSIS, ITEM_NAME, ITEM_CODE, DISEASE, UNLISTED, IDENTITY)


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Mesh]:
    """A mesh of this module alone, as talkative as it can be."""
    folder = Path(tempfile.mkdtemp(prefix="yijie-e2e-"))
    try:
        async with mesh(folder, settings={"YIJIE_LOG_LEVEL": "debug"}) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def search() -> Search:
    found = Search()
    for text in TEXTS:
        found.add_text(text)
    for day in (BORN, OTHER_DAY):
        found.forms.append((f"{day} as a message", write_date(day).SerializeToString()))
    return found


@dataclass
class Visit:
    """The canary person at a window, and what the hub said when it refused."""

    province: Province
    search: Search
    person_id: str = ""
    refusals: list[tuple[str, bytes]] = field(default_factory=list)

    async def refused(self, call: Any) -> None:
        """Awaits a call that must be refused, and keeps all that the caller can read."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        error = caught.value
        trailers = b" ".join(
            value if isinstance(value, bytes) else value.encode()
            for _, value in error.trailing_metadata() or ()
        )
        self.refusals.append((error.code().name, (error.details() or "").encode() + trailers))

    def patient(self, kind: str, number: str, **changes: Any) -> settlement_pb2.Patient:
        """The patient as the hospital's record has them."""
        demo = case("outpatient")
        parts: dict[str, Any] = {
            "credential": person_pb2.Credential(type=f"CREDENTIAL_TYPE_{kind}", number=number),
            "person_id": self.person_id,
            "sex": bill_pb2.SEX_FEMALE,
            "birth_date": write_date(BORN),
            "insured_region_code": demo.insured_region_code,
            "scheme_code": demo.scheme_code,
        }
        return settlement_pb2.Patient(**{**parts, **changes})

    def request(self, patient: settlement_pb2.Patient) -> pb.SettleRequest:
        """A bill with canaries for diagnosis, item code and item name."""
        request = pb.SettleRequest(
            request_id=str(uuid4()),
            patient=patient,
            bill=case("outpatient").bill,
            use_account=True,
            with_trace=True,
        )
        request.bill.diagnoses[0].diagnosis_code = DIAGNOSIS
        line = request.bill.lines[0]
        line.item_name = ITEM_NAME
        again = request.bill.lines.add()
        again.CopyFrom(line)
        again.line_id, again.item_code = "002", ITEM_CODE
        limited = request.bill.lines.add()
        limited.CopyFrom(line)
        limited.line_id, limited.item_code = "003", FOUND_CODE
        request.bill.total.fen = 3 * line.amount.fen
        self.search.add_message("a SettleRequest", request.SerializeToString(deterministic=True))
        return request


@pytest.fixture(scope="module")
async def visit(running: Mesh, province: Province, search: Search) -> Visit:
    """Everything that the hub is told of the canary person."""
    visit = Visit(province, search)
    await register(visit)
    answer = await province.identity.IssueCredentialToken(
        identity_service_pb2.IssueCredentialTokenRequest(person_id=visit.person_id),
        timeout=TIMEOUT_S,
    )
    search.add_text(answer.token)
    await settle_and_reverse(visit, answer.token)
    await be_refused(visit, answer.token)
    await send_malformed(visit, running)
    return visit


async def register(visit: Visit) -> None:
    """Registers person, cards and account; entries with canaries are refused beside them."""
    model = people()["hengshui"].message
    person = person_pb2.Person()
    person.CopyFrom(model)
    person.cert_number, person.name, person.sex = CERT, NAME, bill_pb2.SEX_FEMALE
    person.birth_date.CopyFrom(write_date(BORN))
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


async def send_malformed(visit: Visit, running: Mesh) -> None:
    """Bytes that are no message, texts where keys belong, and metadata that nobody asked for."""
    province, bad = visit.province, f"{CERT}{NAME}".encode() + b"\xff\xfe"
    for service, method in (
        ("settlement", "/yijie.settlement.v1.SettlementService/Settle"),
        ("identity", "/yijie.identity.v1.IdentityService/UpsertPersons"),
        ("benefits", f"/yijie.benefits.v1.BenefitsService/{CERT}"),
    ):
        async with open_channel(running.endpoints[service].address) as channel:
            raw = channel.unary_unary(method)
            await visit.refused(raw(bad, timeout=TIMEOUT_S, metadata=(("x-patient", CERT),)))
            await visit.refused(raw(bad, timeout=TIMEOUT_S, metadata=(("traceparent", CERT),)))
    lists = province.settlement.ListSettlements
    await visit.refused(lists(pb.ListSettlementsRequest(page_token=CERT), timeout=TIMEOUT_S))
    feed = province.settlement.Subscribe(pb.SubscribeRequest(after_cursor=CERT), timeout=TIMEOUT_S)
    await visit.refused(feed.read())
    request = visit.request(visit.patient("CARD", CARD))
    async with open_channel(running.endpoints["supervision"].address) as channel:
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
        listing = supervision_service_pb2.ListFindingsRequest(settlement_id=CERT)
        await visit.refused(stub.ListFindings(listing, timeout=TIMEOUT_S))
    lines = catalogue_service_pb2.ClassifyLinesRequest(
        region_code="110000",
        lines=request.bill.lines,
    )
    await province.catalogue.ClassifyLines(lines, timeout=TIMEOUT_S)


async def test_refusals_say_nothing_of_the_person(visit, search):
    assert len(visit.refusals) > 30
    for code, text in visit.refusals:
        assert search.found_in(text) == [], code


async def test_metrics_say_nothing_of_the_person(running, visit, search):
    for service, endpoint in running.endpoints.items():
        page = await asyncio.to_thread(read_page, endpoint.metrics_url)
        assert b"rpc_server" in page, service
        assert search.found_in(page) == [], service
        assert visit.person_id.encode() not in page, service


async def test_no_column_holds_them_in_the_clear(running, visit, search):
    await recorded(running)
    found = Search()
    for text in (FOUND_NAME, FOUND_CODE):
        found.add_text(text)
    connection = await asyncpg.connect(running.dsn)
    seen = set()
    try:
        for schema, table, column in await columns(connection):
            query = f'SELECT "{column}" FROM "{schema}"."{table}"'  # noqa: S608 - names of ours
            for row in await connection.fetch(query):
                value = row[0]
                data = value if isinstance(value, bytes) else str(value).encode()
                assert search.found_in(data) == [], f"{schema}.{table}.{column}"
                open_to_all = OF_POLICY if table == "policy_version" else ()
                assert set(search.found_in(inflated(data))) <= {*open_to_all}, f"{table}.{column}"
                assert found.found_in(data) == [], f"{schema}.{table}.{column}"
                assert found.found_in(inflated(data)) == [], f"{schema}.{table}.{column}"
                if value is not None:
                    seen.add(f"{schema}.{table}")
    finally:
        await connection.close()
    # The tables in which a bill leaves something.
    assert {"identity.person", "identity.card", "settlement.settlement"} <= seen
    assert {"settlement.outbox", "settlement.request", "supervision.screening"} <= seen
    assert {"benefits.adjudication", "clearing.entry", "supervision.finding"} <= seen
    assert {"benefits.entitlement", "benefits.request", "benefits.policy_version"} <= seen


async def test_no_file_holds_them_in_the_clear(running, visit, search):
    await recorded(running)
    connection = await asyncpg.connect(running.dsn)
    try:
        rows_refused = await provoke_refused_rows(connection)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    read: list[str] = []
    held: set[str] = set()
    for path in sorted(running.data_dir.rglob("*")):
        # Files come and go while PostgreSQL works; a socket cannot be read.
        if not path.is_file():
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        name = str(path.relative_to(running.data_dir))
        read.append(name)
        assert search.found_in(data) == [], name
        if UUID(visit.person_id).bytes in data:
            held.add(name.partition("/")[0])
    # The search finds what is there: the opaque key lies in the database's files, and only there.
    assert held == {"pg"}
    assert {f"logs/{service}.log" for service in running.endpoints} <= set(read)
    assert {"pg/log", "traces/province.jsonl"} <= set(read)
    # PostgreSQL did write the rows it refused.
    assert rows_refused > 30
    log = (running.data_dir / "pg" / "log").read_text(errors="replace")
    assert log.count("Failing row contains") > rows_refused / 2


async def recorded(running: Mesh) -> None:
    """Waits until clearing and supervision have taken in all that was settled."""
    connection = await asyncpg.connect(running.dsn)

    async def probe() -> None:
        missing = await connection.fetchval(
            "SELECT count(*) FROM settlement.outbox o WHERE o.kind = 'SETTLED' AND NOT EXISTS"
            " (SELECT FROM supervision.screening s WHERE s.settlement_id = o.settlement_id)"
        )
        entries = await connection.fetchval("SELECT count(*) FROM clearing.entry")
        assert missing == 0
        assert entries > 0

    try:
        await eventually(probe)
    finally:
        await connection.close()
