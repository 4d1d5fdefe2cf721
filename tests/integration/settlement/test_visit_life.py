"""Goal: a visit is kept as it was recorded, changed as allowed and undone in the right order.

Method: the whole service on a real database. Settlements of the visit are written by hand where it
only matters whether they stand; settling itself is tested elsewhere.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from services.kit.wire import write_date
from tests.integration.settlement.visits import (
    ADMITTED,
    DIAGNOSIS,
    OTHER_CARE,
    OTHER_HOSPITAL,
    TODAY,
    Visits,
    assert_visits_coherent,
    line,
    register_request,
)
from tests.integration.settlement.world import CANARIES, raw
from tests.support.callees import CARE, HOSPITAL, INSURED, PERSON
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import settlement_pb2, visit_pb2
from yijie.settlement.v1 import visit_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def visits(world):
    world.callees.identity.opened |= {"13", "14", "24", "41"}
    yield Visits(world)
    await assert_visits_coherent(world)


async def test_a_visit_is_kept_as_recorded(visits):
    request = register_request(
        "24",
        emergency=True,
        injury=True,
        third_party_liable=True,
        referring_institution_code=OTHER_HOSPITAL,
    )
    request.record.admission_diagnoses.add(diagnosis_code="I10.x00x002")
    visit = await visits.register(request)
    assert UUID(visit.visit_id).version == 7
    assert visit.record == request.record
    assert visit.state == visit_pb2.VISIT_STATE_REGISTERED
    assert (visit.institution_code, visit.care_region_code) == (HOSPITAL, CARE)
    assert visit.hospital_level_code == "02"
    assert (visit.person_id, visit.insured_region_code) == (PERSON, INSURED)
    assert (visit.line_count, visit.line_total.fen, visit.revision) == (0, 0, 1)
    assert not visit.HasField("discharge")
    assert await visits.get(visit.visit_id) == visit


@pytest.mark.parametrize(
    ("medical_type", "disease"),
    [("11", ""), ("13", ""), ("140104", "M00503"), ("14", "HBLB101"), ("41", ""), ("2101", "")],
)
async def test_every_kind_of_visit(visits, medical_type, disease):
    visit = await visits.register(register_request(medical_type, disease_code=disease))
    assert visit.record.disease_code == disease
    assert (await visits.cancel(visit.visit_id)).visit.state == visit_pb2.VISIT_STATE_CANCELLED


async def test_one_open_stay_per_person(visits):
    identity = visits.world.callees.identity
    identity.institutions[OTHER_HOSPITAL] = OTHER_CARE
    elsewhere = Visits(visits.world, OTHER_HOSPITAL)
    request = register_request()
    request.institution_code = OTHER_HOSPITAL
    stay = await elsewhere.register(request)
    refusal = await refused(visits.register())
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "STAY_OVERLAPS")
    assert refusal.metadata["careRegionCode"] == "120000"
    assert refusal.fields == ["patient.person_id"]
    # The province is told, the hospital is not, nor when.
    assert OTHER_HOSPITAL not in refusal.text
    assert OTHER_CARE not in refusal.text
    # Whatever is no stay does not mind, and may not turn into one.
    outpatient = await visits.register(register_request("11"))
    refusal = await refused(visits.update(outpatient, medical_type_code="21"))
    assert (refusal.reason, refusal.fields) == ("STAY_OVERLAPS", ["record.medical_type_code"])
    await elsewhere.discharge(stay.visit_id)
    mine = await visits.register()
    refusal = await refused(elsewhere.cancel_discharge(stay.visit_id))
    assert (refusal.reason, refusal.fields) == ("STAY_OVERLAPS", ["visit_id"])
    assert refusal.metadata["careRegionCode"] == "640000"
    await visits.cancel(mine.visit_id)
    reopened = (await elsewhere.cancel_discharge(stay.visit_id)).visit
    assert reopened.state == visit_pb2.VISIT_STATE_REGISTERED
    assert not reopened.HasField("discharge")


async def test_only_what_the_mask_names_is_changed(visits):
    visit = await visits.register()
    wanted = visit_pb2.Visit.FromString(visit.SerializeToString())
    wanted.record.doctor_code = "D640104000002"
    wanted.record.department_code = "0909"
    wanted.record.begin_date.CopyFrom(write_date(date(2026, 3, 5)))
    changed = (await visits.update(wanted, "doctor_code", "begin_date")).visit
    assert changed.record.doctor_code == "D640104000002"
    assert changed.record.begin_date == write_date(date(2026, 3, 5))
    assert changed.record.department_code == visit.record.department_code
    assert changed.record.admission_diagnoses == visit.record.admission_diagnoses
    assert changed.revision == 2
    assert await visits.get(visit.visit_id) == changed


async def test_identity_is_asked_again_only_where_it_matters(visits):
    visit = await visits.register()
    identity = visits.world.callees.identity
    asked = identity.calls
    await visits.update(visit, department_code="0302")
    assert identity.calls == asked
    changed = (await visits.update(visit, medical_type_code="24", emergency=True)).visit
    assert identity.calls == asked + 1
    assert changed.record.medical_type_code == "24"


async def test_what_was_settled_by_does_not_change(visits):
    visit = await visits.register(begin_date=ADMITTED)
    await visits.upload(visit.visit_id, line("a"))
    settled = await visits.settled_by_hand(visit.visit_id, "INTERIM", until=date(2026, 3, 10))
    visit = await visits.get(visit.visit_id)
    refusal = await refused(visits.update(visit, scheme_code="390"))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "SCHEME_MIXED")
    assert (refusal.fields, refusal.metadata["schemeCode"]) == (["record.scheme_code"], "310")
    for field, value in (
        ("medical_type_code", "24"),
        ("begin_date", date(2026, 2, 27)),
        ("emergency", True),
    ):
        refusal = await refused(visits.update(visit, **{field: value}))
        assert (refusal.reason, refusal.fields) == ("VISIT_SETTLED", [f"record.{field}"])
        assert refusal.metadata["settlementId"] == settled
    assert (await visits.update(visit, department_code="0302")).visit.revision == 4
    await visits.outcome(settled, "REVERSED")
    assert (await visits.update(visit, scheme_code="390")).visit.record.scheme_code == "390"


async def test_undo_goes_backwards(visits):
    stay = await visits.register()
    await visits.upload(stay.visit_id, line("a"), line("b"))
    discharged = (await visits.discharge(stay.visit_id)).visit
    assert discharged.state == visit_pb2.VISIT_STATE_DISCHARGED
    assert discharged.discharge.discharge_date == write_date(TODAY)
    assert discharged.discharge.discharge_diagnoses[0].diagnosis_code == DIAGNOSIS
    settled = await visits.settled_by_hand(stay.visit_id, "FINAL")
    seen = await visits.get(stay.visit_id)
    assert seen.state == visit_pb2.VISIT_STATE_SETTLED
    (standing,) = seen.settlements
    assert (standing.settlement_id, standing.pending) == (settled, False)
    assert standing.scope == settlement_pb2.SETTLEMENT_SCOPE_FINAL

    async def assert_first(what: str, *calls, field: str = "visit_id") -> None:
        for call in calls:
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "UNDO_ORDER")
            assert refusal.metadata["undoFirst"] == what
            assert refusal.metadata.get("settlementId", "") == (
                settled if what == "settlement" else ""
            )
            assert refusal.fields == [field]

    key = stay.visit_id
    await assert_first(
        "settlement",
        visits.cancel_discharge(key),
        visits.cancel_fees(key, "a"),
        visits.cancel_fees(key, every=True),
        visits.cancel(key),
    )
    for late in (visits.upload(key, line("c")), visits.update(seen, department_code="1")):
        refusal = await refused(late)
        assert (refusal.reason, refusal.metadata["settlementId"]) == ("VISIT_SETTLED", settled)
    await visits.outcome(settled, "REVERSED")
    assert (await visits.get(key)).state == visit_pb2.VISIT_STATE_DISCHARGED
    await assert_first("discharge", visits.cancel_fees(key, every=True), visits.cancel(key))
    # Fees may still come in after discharge.
    await visits.upload(key, line("c", fee_date=TODAY))
    await visits.cancel_discharge(key)
    await assert_first("fees", visits.cancel(key))
    assert (await visits.cancel_fees(key, every=True)).cancelled_count == 3
    assert (await visits.cancel(key)).visit.state == visit_pb2.VISIT_STATE_CANCELLED
    for late in (
        visits.cancel(key),
        visits.upload(key, line("c")),
        visits.cancel_fees(key, every=True),
        visits.discharge(key),
        visits.cancel_discharge(key),
        visits.update(seen, department_code="1"),
    ):
        refusal = await refused(late)
        assert (refusal.reason, refusal.metadata["state"]) == ("VISIT_STATE_FORBIDS", "CANCELLED")


async def test_states_that_forbid(visits):
    outpatient = await visits.register(register_request("11"))
    assert (await refused(visits.discharge(outpatient.visit_id))).reason == "VISIT_STATE_FORBIDS"
    stay = await visits.register()
    refusal = await refused(visits.cancel_discharge(stay.visit_id))
    assert (refusal.reason, refusal.metadata["state"]) == ("VISIT_STATE_FORBIDS", "REGISTERED")
    await visits.discharge(stay.visit_id)
    refusal = await refused(visits.discharge(stay.visit_id))
    assert (refusal.reason, refusal.metadata["state"]) == ("VISIT_STATE_FORBIDS", "DISCHARGED")


async def test_a_discharge_is_not_before_what_is_settled(visits):
    stay = await visits.register()
    await visits.upload(stay.visit_id, line("a"))
    await visits.settled_by_hand(stay.visit_id, "INTERIM", until=date(2026, 3, 10))
    refusal = await refused(visits.discharge(stay.visit_id, date(2026, 3, 9)))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["discharge.discharge_date"])
    await visits.discharge(stay.visit_id, date(2026, 3, 10))


@pytest.mark.parametrize("outcome", ["SETTLED", "FAILED"])
async def test_a_visit_is_busy_until_the_outcome_is_known(visits, outcome):
    visit = await visits.register()
    await visits.upload(visit.visit_id, line("a"))
    visit = await visits.get(visit.visit_id)
    pending = await visits.settle_by_hand(visit, "INTERIM", until=date(2026, 3, 10))
    assert (await visits.get(visit.visit_id)).settlements[0].pending
    for call in (
        visits.upload(visit.visit_id, line("b")),
        visits.cancel_fees(visit.visit_id, "a"),
        visits.update(visit, department_code="1"),
        visits.discharge(visit.visit_id),
        visits.cancel(visit.visit_id),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "VISIT_BUSY")
        assert refusal.metadata["settlementId"] == pending
        assert refusal.retry_ms > 0
    await visits.outcome(pending, outcome)
    await visits.upload(visit.visit_id, line("b"))
    refusal_or_count = visits.cancel_fees(visit.visit_id, "a")
    if outcome == "FAILED":
        assert (await refusal_or_count).cancelled_count == 1
    else:
        refusal = await refused(refusal_or_count)
        assert (refusal.reason, refusal.fields) == ("UNDO_ORDER", ["line_ids[0]"])
        assert refusal.metadata["settlementId"] == pending


async def test_a_reversal_on_its_way_keeps_the_visit_busy(visits):
    visit = await visits.register()
    await visits.upload(visit.visit_id, line("a"))
    settled = await visits.settled_by_hand(visit.visit_id, "INTERIM", until=date(2026, 3, 10))
    await visits.world.sql(
        "INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)"
        " VALUES ($1, 'REVERSE', $1, now(), '650000')",
        UUID(settled),
    )
    assert (await refused(visits.upload(visit.visit_id, line("b")))).reason == "VISIT_BUSY"
    await visits.outcome(settled, "REVERSED")
    assert not (await visits.get(visit.visit_id)).settlements
    await visits.upload(visit.visit_id, line("b"))


async def test_visits_are_listed_newest_first(visits):
    made = []
    for _ in range(5):
        made.append((await visits.register(register_request("11"))).visit_id)
        visits.world.clock.advance(hours=12)
    await visits.upload(made[4], line("a"))
    await visits.settled_by_hand(made[4], "BATCH")
    request = pb.ListVisitsRequest(institution_code=HOSPITAL, page_size=2)
    found = []
    while True:
        page = await visits.stub.ListVisits(request, timeout=TIMEOUT_S)
        found += page.visits
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert [visit.visit_id for visit in found] == made[::-1]
    assert found[0] == await visits.get(made[4])
    assert [len(visit.settlements) for visit in found] == [1, 0, 0, 0, 0]
    # Made at noon of the 31st, at midnight, at noon of the 1st, …
    day = write_date(date(2026, 4, 1))
    request = pb.ListVisitsRequest(
        institution_code=HOSPITAL, create_date_min=day, create_date_max=day
    )
    page = await visits.stub.ListVisits(request, timeout=TIMEOUT_S)
    assert [visit.visit_id for visit in page.visits] == [made[2], made[1]]
    request = pb.ListVisitsRequest(institution_code=OTHER_HOSPITAL)
    assert not (await visits.stub.ListVisits(request, timeout=TIMEOUT_S)).visits


async def test_the_first_answer_is_given_again(visits):
    request = register_request()
    visit = await visits.register(request)
    steps = [
        lambda key: visits.update(visit, department_code="0302", request_id=key),
        lambda key: visits.upload(visit.visit_id, line("a"), line("b"), request_id=key),
        lambda key: visits.cancel_fees(visit.visit_id, "b", request_id=key),
        lambda key: visits.discharge(visit.visit_id, request_id=key),
        lambda key: visits.cancel_discharge(visit.visit_id, request_id=key),
        lambda key: visits.cancel_fees(visit.visit_id, every=True, request_id=key),
        lambda key: visits.cancel(visit.visit_id, request_id=key),
    ]
    keys = [f"0190cccc-0000-7000-8000-{n:012d}" for n in range(len(steps))]
    first = []
    for step, key in zip(steps, keys, strict=True):
        first.append(await step(key))
        visits.world.clock.advance(minutes=1)
    # The card is lost by now and the visit long cancelled: repeats get the first answers.
    visits.world.callees.identity.schemes.clear()
    before = await visits.world.counts()
    assert await visits.register(request) == visit
    for step, key, answer in zip(steps, keys, first, strict=True):
        assert await step(key) == answer
    assert await visits.world.counts() == before


async def test_a_request_id_stands_for_one_request(visits):
    request = register_request()
    visit = await visits.register(request)
    request.record.department_code = "0399"
    other = await visits.register(register_request("11"))
    for call in (
        visits.register(request),
        visits.upload(visit.visit_id, line("a"), request_id=request.request_id),
        visits.cancel(other.visit_id, request_id=request.request_id),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert (await visits.get(visit.visit_id)).revision == 1
    assert (await visits.get(other.visit_id)).revision == 1


async def test_nothing_personal_is_readable_in_the_database_or_the_log(visits):
    visit = await visits.register()
    await visits.upload(visit.visit_id, line("canary-line"))
    await visits.discharge(visit.visit_id)
    async with raw(visits.world.dsn) as connection:
        for table in ("visit", "visit_upload", "visit_line", "visit_request"):
            rows = await connection.fetch(f"SELECT * FROM {table}")  # noqa: S608
            held = b"\x00".join(
                value if isinstance(value, bytes) else str(value).encode()
                for row in rows
                for value in row.values()
            )
            for secret in (*CANARIES, DIAGNOSIS, "1950-01-01"):
                assert secret.encode() not in held
    written = visits.world.log.getvalue()
    for secret in (*CANARIES, DIAGNOSIS):
        assert secret.encode() not in written


async def test_a_field_does_not_decrypt_in_another_visit(visits):
    one = await visits.register(register_request("11"))
    other = await visits.register(register_request("11"))
    await visits.world.sql(
        "UPDATE visit SET record = (SELECT record FROM visit WHERE visit_id = $1)"
        " WHERE visit_id = $2",
        UUID(one.visit_id),
        UUID(other.visit_id),
    )
    assert (await refused(visits.get(other.visit_id))).reason == "INTERNAL"
