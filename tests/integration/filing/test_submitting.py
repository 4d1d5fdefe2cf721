"""Batches, who is insured where, how far back, and what of a filing is kept from the database."""

import pytest

from services.filing.store import FILINGS_OF_PERSON
from tests.integration.filing.world import SHANGHAI, YINCHUAN, day, document, filing, ident
from tests.integration.identity.world import person_number, persons
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.filing.v1 import filing_pb2 as f
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.identity.v1 import access_pb2, person_pb2

pytestmark = pytest.mark.postgres

REFERRAL = {
    "type": f.FILING_TYPE_REFERRAL,
    "evidence": f.FILING_EVIDENCE_REFERRAL_PROOF,
    "referring_institution_code": "H65010000001",
    "diagnosis_code": "I63.900",
    "documents": [document(f.EVIDENCE_KIND_REFERRAL_PROOF, "CANARY-77", day(2025, 12, 30))],
}


# --- who is insured where -----------------------------------------------------------------------


async def test_who_is_not_insured_there(world):
    elsewhere = await world.register(insured_region_code="131100")
    suspended = await world.register(status=person_pb2.INSURANCE_STATUS_SUSPENDED)
    ended = await world.register(end_date=day(2025, 12, 31))
    region, person = "filing.insured_region_code", "filing.person_id"
    for person_id, code, reason, field in (
        (elsewhere, "FAILED_PRECONDITION", "FILING_OF_ANOTHER_PROVINCE", region),
        (suspended, "FAILED_PRECONDITION", "INSURANCE_NOT_IN_FORCE", region),
        (ended, "FAILED_PRECONDITION", "INSURANCE_NOT_IN_FORCE", region),
        (ident(), "NOT_FOUND", "RESOURCE_NOT_FOUND", person),
    ):
        refusal = await refused(world.submit(person_id=person_id))
        assert (refusal.code, refusal.reason) == (code, reason)
        assert refusal.fields == [field]
        assert refusal.domain == "filing.yijie"
    # Back to a time when the insurance was in force.
    was_in_force = {"begin_date": day(2025, 11, 1), "end_date": day(2025, 12, 15)}
    assert (await world.submit(person_id=ended, **was_in_force)).filing.filing_id
    # The city's own agency is the same insured region.
    assert (await world.submit(insured_region_code="650199")).filing.filing_id
    assert await world.rows("SELECT 1 FROM filing.filing WHERE person_id = $1", elsewhere) == []


async def test_the_access_log_says_that_it_was_for_a_filing(world):
    await world.submitted()
    rows = await world.rows("SELECT purpose FROM identity.access WHERE method = 'CheckInsurances'")
    assert [row["purpose"] for row in rows] == [access_pb2.ACCESS_PURPOSE_FILING]


async def test_without_identity_nothing_is_filed_but_repeats_are_answered(open_world):
    async with open_world() as world:
        request_id = ident()
        first = await world.submit(request_id)
    settings = {"YIJIE_IDENTITY_TARGET": "127.0.0.1:9", "YIJIE_IDENTITY_TIMEOUT_S": "0.2"}
    async with open_world(**settings) as deaf:
        deaf.person = world.person
        assert await deaf.submit(request_id) == first
        for call in (
            deaf.submit(),
            deaf.batch(deaf.filing()),
            deaf.change(first.filing.filing_id, target_region_code=SHANGHAI),
        ):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "CALLEE_UNAVAILABLE")
            assert refusal.metadata["callee"] == "identity"
        # What needs nobody else goes on.
        assert (await deaf.match()).filing_id == first.filing.filing_id
        await deaf.cancel(first.filing.filing_id)
        assert len(await deaf.rows("SELECT 1 FROM filing.filing")) == 1


# --- how far back -------------------------------------------------------------------------------


async def test_how_far_back_a_filing_may_begin(world):
    assert (await world.submit(begin_date=day(2016, 6, 1))).filing.filing_id
    assert (await world.submit(**REFERRAL, begin_date=day(2025, 1, 1))).filing.filing_id
    refusal = await refused(world.submit(**REFERRAL, begin_date=day(2024, 12, 31)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "FILING_TOO_LATE")
    assert refusal.metadata["earliestDate"] == "2025-01-01"
    assert refusal.fields == ["filing.begin_date"]


async def test_a_filing_made_before_discharge_counts_for_the_whole_stay(world):
    world.clock.pass_time(days=77)  # 2026-03-19, in the stay
    await world.submitted(**REFERRAL, begin_date=day(2026, 3, 10))
    stay = await world.match(day(2026, 3, 10), day(2026, 3, 25))
    assert stay.benefit_level == pb.BENEFIT_LEVEL_REFERRAL


# --- batches ------------------------------------------------------------------------------------


async def batch_of(world):
    """Filings with what each comes to."""
    other = await world.register(insured_region_code="131100")
    good = world.filing(begin_date=day(2025, 3, 1))
    return [
        (good, ""),
        (world.filing(target_region_code="640104"), "FIELD_INVALID"),
        (world.filing(insured_region_code="65"), "FIELD_INVALID"),
        (world.filing(type=f.FILING_TYPE_EMERGENCY), "FIELD_INVALID"),
        (world.filing(begin_date=day(2026, 2, 30)), "FIELD_INVALID"),
        (world.filing(evidence=0), "FILING_EVIDENCE_MISSING"),
        (world.filing(person_id=other), "FILING_OF_ANOTHER_PROVINCE"),
        (world.filing(person_id=ident()), "RESOURCE_NOT_FOUND"),
        (world.filing(**REFERRAL), ""),
        (world.filing(**REFERRAL, begin_date=day(2024, 1, 1)), "FILING_TOO_LATE"),
        (world.filing(target_region_code="650200"), "NOT_CROSS_PROVINCE"),
        (f.Filing(), "FIELD_INVALID"),
        (world.filing(target_region_code=SHANGHAI), ""),
    ]


async def test_a_batch_keeps_the_good_ones_and_says_what_is_wrong_with_the_others(world):
    cases = await batch_of(world)
    request_id = ident()
    answer = await world.batch(*(filing for filing, _ in cases), request_id=request_id)
    kept = []
    for index, ((asked, reason), result) in enumerate(zip(cases, answer.results, strict=True)):
        if not reason:
            assert result.filing.channel == f.FILING_CHANNEL_PROVINCE_BATCH
            assert result.filing.target_region_code == asked.target_region_code
            kept.append(result.filing.filing_id)
            continue
        refusal = read_status(result.error)
        assert refusal.reason == reason, index
        assert refusal.fields[0].startswith(f"filings[{index}].")
        assert refusal.zh
    rows = await world.rows("SELECT filing_id FROM filing.filing")
    assert {str(row["filing_id"]) for row in rows} == set(kept)
    again = await world.batch(*(filing for filing, _ in cases), request_id=request_id)
    assert again == answer
    assert len(await world.rows("SELECT filing_id FROM filing.filing")) == len(kept)
    refusal = await refused(world.batch(cases[0][0], request_id=request_id))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_a_dry_run_answers_the_same_and_keeps_nothing(world):
    filings = [filing for filing, _ in await batch_of(world)]
    request_id = ident()
    tried = await world.batch(*filings, request_id=request_id, dry_run=True)
    for table in ("filing", "filing_record", "request", "filing_event"):
        assert await world.rows(f"SELECT 1 FROM filing.{table}") == []  # noqa: S608
    assert not any(result.filing.filing_id for result in tried.results)
    kept = await world.batch(*filings, request_id=request_id)
    for result in kept.results:
        if result.HasField("filing"):
            assert result.filing.filing_id
            result.filing.filing_id = ""
    assert list(kept.results) == list(tried.results)


@pytest.mark.parametrize("count", [0, 501])
async def test_a_batch_has_its_bounds(world, count):
    refusal = await refused(world.batch(*(world.filing() for _ in range(count))))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["filings"])


async def test_five_hundred_filings_of_a_batch_are_a_few_statements(world):
    entries = [person_number(number) for number in range(100, 600)]
    registered = await world.identity.UpsertPersons(persons(*entries), timeout=TIMEOUT_S)
    filings = [
        filing(person_id=result.key, **REFERRAL | {"target_region_code": SHANGHAI})
        for result in registered.results
    ]
    answer = await world.batch(*filings)
    assert {result.WhichOneof("outcome") for result in answer.results} == {"filing"}
    assert len({result.filing.filing_id for result in answer.results}) == 500
    assert len(await world.rows("SELECT 1 FROM filing.filing_record")) == 500


# --- what is sealed -----------------------------------------------------------------------------


async def test_disease_and_papers_are_answered_and_sealed(world):
    kept = await world.submitted(**REFERRAL)
    assert not kept.diagnosis_code
    assert not kept.documents
    read = (await world.get(kept.filing_id)).filing
    assert read.diagnosis_code == "I63.900"
    assert list(read.documents) == REFERRAL["documents"]
    assert read.referring_institution_code == "H65010000001"
    assert (await world.list()).filings[0] == read
    tables = await world.rows(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'filing' AND table_type = 'BASE TABLE'"
    )
    for row in tables:
        table = row["table_name"]
        content = await world.rows(f"SELECT t::text AS text FROM filing.{table} AS t")  # noqa: S608
        for canary in (b"I63.900", b"CANARY-77"):
            assert not any(canary.decode() in one["text"] for one in content), table
            assert not any(canary.hex() in one["text"] for one in content), table
    assert b"I63" not in world.log.getvalue()
    assert b"CANARY" not in world.log.getvalue()


async def test_what_was_kept_before_reads_as_before(world):
    """Rows of the first release: by the window, live at once, not locked; cancelled by a row."""
    insert = """
        INSERT INTO filing.filing (filing_id, person_id, insured_region_code, target_region_code,
            type_code, begin_date, evidence, create_time)
        VALUES ($1, $2, '650100', '640100', '11', '2026-01-01', 'DOCUMENT',
            '2026-01-01T01:00:00Z')"""
    first, second = ident(), ident()
    for filing_id in (first, second):
        await world.rows(insert, filing_id, world.person)
    await world.rows(
        "INSERT INTO filing.filing_state_change (filing_id, state, change_time)"
        " VALUES ($1, 'CANCELLED', '2026-02-03T02:00:00Z')",
        first,
    )
    cancelled = (await world.get(first)).filing
    assert cancelled.state == f.FILING_STATE_CANCELLED
    assert cancelled.last_day == day(2026, 2, 2)
    assert "撤销" in cancelled.state_reason_zh
    live = (await world.get(second)).filing
    assert (live.state, live.channel) == (f.FILING_STATE_LIVE, f.FILING_CHANNEL_WINDOW)
    assert live.approval == f.APPROVAL_WAY_RULE
    await world.cancel(second)


async def test_a_match_is_found_by_index(world):
    await world.rows(
        "INSERT INTO filing.filing (filing_id, person_id, insured_region_code,"
        " target_region_code, type_code, begin_date, evidence, create_time)"
        " SELECT gen_random_uuid(), gen_random_uuid(), '650100', '640100', '11', '2026-01-01',"
        " 'DOCUMENT', now() FROM generate_series(1, 20000)"
    )
    await world.rows("ANALYZE filing.filing")
    await world.rows("ANALYZE filing.filing_state_change")
    statement = FILINGS_OF_PERSON
    for table in ("filing AS f", "filing_state_change AS h", "filing_supplement AS s"):
        assert table in statement
        statement = statement.replace(f" {table}", f" filing.{table}")
    plan = "\n".join(
        row[0] for row in await world.rows(f"EXPLAIN {statement.replace('$1', repr(world.person))}")
    )
    assert "filing_by_person" in plan
    assert "Seq Scan on filing " not in plan


async def test_another_person_s_filings_are_not_theirs(world):
    await world.submitted(target_region_code=YINCHUAN)
    other = await world.register()
    answer = await world.match(person_id=other)
    assert answer.benefit_level == pb.BENEFIT_LEVEL_UNFILED
    assert not (await world.list(other)).filings


# --- bad input ----------------------------------------------------------------------------------


async def test_what_the_contract_refuses(world):
    paper = document(f.EVIDENCE_KIND_REFERRAL_PROOF)
    for changes, field in (
        ({"channel": 99}, "channel"),
        ({"maker_id": "张三"}, "maker_id"),
        ({"maker_id": "x" * 41}, "maker_id"),
        ({"referring_institution_code": "X1"}, "referring_institution_code"),
        ({"diagnosis_code": "脑梗死"}, "diagnosis_code"),
        ({"previous_filing_id": "1"}, "previous_filing_id"),
        ({"documents": [paper] * 21}, "documents"),
        ({"documents": [document(0)]}, "documents[0].kind"),
        ({"documents": [document(99)]}, "documents[0].kind"),
        ({"documents": [document(7, "../etc")]}, "documents[0].document_id"),
        ({"documents": [paper, document(7, "a", day(2026, 2, 30))]}, "documents[1].issue_date"),
    ):
        refusal = await refused(world.submit(**{**REFERRAL, **changes}))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID"), changes
        assert refusal.fields == [f"filing.{field}"]
    kept = await world.submitted(**REFERRAL)
    for call, field in (
        (world.decide(kept.filing_id, decision=0), "decision"),
        (world.decide(kept.filing_id, checker_id=""), "checker_id"),
        (world.revoke(kept.filing_id, reason=""), "reason"),
        (world.revoke(kept.filing_id, maker_id="张"), "maker_id"),
        (world.supplement(kept.filing_id), "documents"),
        (world.supplement("x", paper), "filing_id"),
    ):
        refusal = await refused(call)
        assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", [field])


async def test_fields_that_belong_to_a_referral(world):
    for changes in (
        {"diagnosis_code": "I63.900"},
        {"referring_institution_code": "H65010000001"},
        {"previous_filing_id": ident()},
    ):
        refusal = await refused(world.submit(**changes))
        assert refusal.reason == "FIELD_INVALID"
        assert refusal.fields == [f"filing.{next(iter(changes))}"]
