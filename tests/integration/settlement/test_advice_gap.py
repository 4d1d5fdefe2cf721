"""Goal: the difference between direct settlement and reimbursement at home is that of the two
catalogues, per line and in total, on the same sums of the year, and nothing else.

Method: a bill of three lines that the two catalogues see differently: in scope 833.34 by the care
region's, 767.03 by the insured region's, 847.03 by the better of the two. Deductible 100.00, the
fund pays 85 % of the rest, rounded down.
"""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from tests.integration.settlement.advice import (
    HOME,
    HOME_ITEMS,
    LONG_TERM,
    advising_served,
    compare,
    sample_request,
    summarize,
)
from tests.integration.settlement.bad_input import on, on_date
from tests.integration.settlement.world import (
    FUND_FEN,
    IN_SCOPE_FEN,
    TOTAL_FEN,
    add_line,
    eventually,
    ident,
    served,
    settle_request,
)
from tests.support.advising import not_covered
from tests.support.callees import BED, CAPPED, DRUG, PERSON, UNLISTED, item
from tests.support.clock import FakeClock
from tests.support.rpc import refused

pytestmark = pytest.mark.postgres

HOME_FUND_FEN = 56_697
MUTUAL_FUND_FEN = 63_497
LOCAL = f"{BED}-NX01"


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        yield opened


@pytest.fixture(scope="module")
async def asked(module_dsn):
    """A service for questions that are refused before anybody is asked; its clock stands."""
    async with (
        advising_served() as callees,
        served(module_dsn, callees, FakeClock(), io.BytesIO()) as opened,
    ):
        yield opened


async def settled(world, insured: str = "", *lines) -> str:
    """Settles the bill, with further lines, and returns its id."""
    world.clock.advance(seconds=1)
    request = settle_request()
    if insured:
        request.patient.insured_region_code = insured
    for code, price, fen in lines:
        add_line(request.bill, code, price, "1", fen)
        request.bill.total.fen += fen
    return (await world.settle(request)).settlement.settlement_id


def paid(pricing) -> tuple[int, int, int]:
    found = pricing.adjudication
    return pricing.amounts.in_scope.fen, found.fund_total.fen, found.patient_total.fen


# --- one bill -----------------------------------------------------------------------------------


async def test_a_settlement_by_both_catalogues(world):
    settlement_id = await settled(world)
    before = await world.counts()
    answer = await compare(world, settlement_id)
    assert paid(answer.direct) == (IN_SCOPE_FEN, FUND_FEN, TOTAL_FEN - FUND_FEN)
    assert paid(answer.home) == (76_703, HOME_FUND_FEN, TOTAL_FEN - HOME_FUND_FEN)
    assert paid(answer.mutual) == (TOTAL_FEN, MUTUAL_FUND_FEN, TOTAL_FEN - MUTUAL_FUND_FEN)
    versions = [p.catalogue_version for p in (answer.direct, answer.home, answer.mutual)]
    assert versions == ["640000@v1", "650000@h1", "640000@v1+650000@h1"]
    assert answer.patient_gap.fen == HOME_FUND_FEN - FUND_FEN == -5_636
    assert answer.mutual_saving.fen == MUTUAL_FUND_FEN - FUND_FEN == 1_164
    assert not answer.sample
    # The bed is class B at home, what is not listed here is, and the drug is class A.
    gaps = [(gap.line_id, gap.item_code, gap.in_scope_gap.fen) for gap in answer.lines]
    assert gaps == [("1", BED, -8_000), ("3", UNLISTED, 999), ("2", DRUG, 370)]
    assert answer.lines[1].direct.not_listed
    assert not answer.lines[1].home.not_listed
    assert all(not p.adjudication.steps for p in (answer.direct, answer.home, answer.mutual))
    assert await world.counts() == before


async def test_direct_is_what_was_settled_on_the_sums_before_it(world):
    settlement_id = await settled(world)
    booked = (await world.get(settlement_id=settlement_id)).adjudication
    # What came later has used up the deductible and the account.
    world.callees.benefits.deductible_fen, world.callees.benefits.account_fen = 0, 0
    answer = await compare(world, settlement_id)
    direct = answer.direct.adjudication
    for name in ("deductible", "fund_total", "account_pay", "cash_pay", "patient_total"):
        assert getattr(direct, name) == getattr(booked, name)
    (_, question, _) = world.callees.benefits.questions
    assert question.before_settlement_id == settlement_id
    assert question.person_id == PERSON
    assert list(question.benefit_levels) == [LONG_TERM]
    assert question.deductible_level_code == "03"
    assert {q.before_settlement_id for q in world.callees.benefits.questions} == {settlement_id}


async def test_a_reversed_settlement_can_be_compared(world):
    settlement_id = await settled(world)
    await world.reverse(settlement_id=settlement_id)
    assert (await compare(world, settlement_id)).patient_gap.fen == -5_636


async def test_the_catalogues_in_place_now_are_used_and_named(world):
    settlement_id = await settled(world)
    await world.callees.catalogue.publish("640000", "v2", [item(BED, "C", sample=True)])

    async def is_there():
        return (await compare(world, settlement_id)).direct.catalogue_version == "640000@v2"

    await eventually(is_there)
    answer = await compare(world, settlement_id)
    assert answer.direct.amounts.in_scope.fen == 0
    assert answer.sample
    assert paid(answer.mutual) == paid(answer.home)


async def test_equal_sums_are_asked_once(world):
    items = [item(BED, "A"), item(DRUG, "B")]
    await world.callees.catalogue.publish(HOME, "h2", items)
    settlement_id = await settled(world)

    async def is_there():
        return (await compare(world, settlement_id)).home.catalogue_version == "650000@h2"

    await eventually(is_there)
    world.callees.benefits.questions.clear()
    answer = await compare(world, settlement_id)
    assert len(world.callees.benefits.questions) == 1
    assert (list(answer.lines), answer.patient_gap.fen) == ([], 0)


async def test_a_price_that_a_ceiling_refuses_is_out_of_scope(world):
    settlement_id = await settled(world, "", (CAPPED, "4", 400))
    refusing = item(CAPPED, "A", price_ceiling=Decimal(3), over_ceiling="reject")
    items = [item(code, of_class) for code, of_class in HOME_ITEMS]
    await world.callees.catalogue.publish(HOME, "h2", [*items, refusing])

    async def is_there():
        return (await compare(world, settlement_id)).home.catalogue_version == "650000@h2"

    await eventually(is_there)
    answer = await compare(world, settlement_id)
    gap = next(gap for gap in answer.lines if gap.item_code == CAPPED)
    assert gap.in_scope_gap.fen == -400
    assert gap.home.split.full_self_pay.fen == 400


async def test_a_local_suffix_is_looked_up_by_its_national_part(world):
    request = sample_request()
    del request.sample.bill.lines[:]
    add_line(request.sample.bill, LOCAL, "10", "1", 1_000)
    request.sample.bill.total.fen = 1_000
    (gap,) = (await compare(world, request=request)).lines
    assert (gap.item_code, gap.direct.not_listed, gap.in_scope_gap.fen) == (LOCAL, True, 900)


async def test_a_bill_that_is_no_settlement(world):
    answer = await compare(world, request=sample_request())
    assert (answer.patient_gap.fen, answer.mutual_saving.fen) == (-5_636, 1_164)
    question = world.callees.benefits.questions[0]
    assert (question.person_id, question.before_settlement_id) == ("", "")
    assert question.deductible_level_code == "02"
    assert not question.use_account
    assert world.callees.identity.calls == 0
    assert world.callees.filing.requests == []


@pytest.mark.parametrize(
    ("spoil", "field", "reason"),
    [
        (on("settlement_id", "x"), "settlement_id", "FIELD_INVALID"),
        (on("sample", None), "subject", "FIELD_INVALID"),
        (on("sample.bill", None), "sample.bill", "FIELD_INVALID"),
        (on("sample.benefit_level", 0), "sample.benefit_level", "FIELD_INVALID"),
        (on("sample.scheme_code", "3"), "sample.scheme_code", "FIELD_INVALID"),
        (on("sample.bill.total.fen", 1), "sample.bill.total", "BILL_TOTAL_MISMATCH"),
        (
            on("sample.bill.lines[0].quantity.value", "1e5"),
            "sample.bill.lines[0].quantity",
            "FIELD_INVALID",
        ),
        (
            on("sample.bill.lines[1].line_id", "1"),
            "sample.bill.lines[1].line_id",
            "LINE_ID_DUPLICATE",
        ),
        (
            on("sample.insured_region_code", "190000"),
            "sample.insured_region_code",
            "REGION_UNKNOWN",
        ),
        (
            on("sample.insured_region_code", "640200"),
            "sample.bill.care_region_code",
            "NOT_CROSS_PROVINCE",
        ),
        (on_date("sample.bill.end_date", 2026, 4, 1), "sample.bill.end_date", "DATE_IN_FUTURE"),
    ],
)
async def test_bad_samples(asked, spoil, field, reason):
    request = sample_request()
    spoil(request)
    refusal = await refused(compare(asked, request=request))
    assert (refusal.reason, refusal.fields) == (reason, [field])


# --- what cannot be compared --------------------------------------------------------------------


async def test_a_settlement_that_there_is_not(asked):
    refusal = await refused(compare(asked, ident()))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.fields == ["settlement_id"]


async def test_what_was_not_settled(world):
    request = settle_request()
    world.callees.benefits.mode = "refuse"
    await refused(world.settle(request))
    failed = await world.get(request_id=request.request_id)
    refusal = await refused(compare(world, failed.settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "SETTLEMENT_STATE_FORBIDS")
    assert refusal.metadata["state"] == "FAILED"


async def test_the_insured_region_has_no_catalogue(world):
    settlement_id = await settled(world, "610100")
    refusal = await refused(compare(world, settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CATALOGUE_NOT_PUBLISHED")
    assert refusal.metadata["regionCode"] == "610000"
    assert refusal.fields == ["settlement_id"]
    assert "参保地" in refusal.zh


async def test_the_care_region_has_no_catalogue(asked):
    request = sample_request()
    request.sample.bill.care_region_code = "510100"
    refusal = await refused(compare(asked, request=request))
    assert refusal.reason == "CATALOGUE_NOT_PUBLISHED"
    assert refusal.metadata["regionCode"] == "510000"
    assert refusal.fields == ["sample.bill.care_region_code"]
    assert "就医地" in refusal.zh


async def test_a_catalogue_that_begins_after_a_fee_date(asked):
    request = sample_request()
    for spoil in (
        on_date("sample.bill.begin_date", 2015, 12, 31),
        on_date("sample.bill.lines[0].fee_date", 2015, 12, 31),
    ):
        spoil(request)
    refusal = await refused(compare(asked, request=request))
    assert refusal.reason == "CATALOGUE_NOT_PUBLISHED"
    assert refusal.metadata["regionCode"] == "640000"
    assert "早于" in refusal.zh


async def test_the_policy_does_not_cover_it(world):
    settlement_id = await settled(world)
    world.callees.benefits.errors = {LONG_TERM: not_covered("outpatient")}
    refusal = await refused(compare(world, settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
    assert (refusal.domain, refusal.fields) == ("benefits.yijie", ["settlement_id"])


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("unavailable", "INSURED_REGION_UNAVAILABLE"),
        ("inconsistent", "ADJUDICATION_INCONSISTENT"),
        ("not_served", "POLICY_NOT_COVERED"),
    ],
)
async def test_the_insured_region_gives_no_answer(world, mode, reason):
    world.callees.benefits.advice_mode = mode
    assert (await refused(compare(world, request=sample_request()))).reason == reason


# --- statistics ---------------------------------------------------------------------------------


async def test_gaps_are_summed_up_per_pair_of_provinces(world):
    world.callees.catalogue.add(
        "610000", "s1", [item(BED, "A"), item(DRUG, "A"), item(UNLISTED, "A")]
    )
    # A second service would do; the one here hears of it by the next publication.
    await world.callees.catalogue.publish("620000", "g1", [item(BED, "A")])
    for insured in ("650100", "650200", "610100", "620100"):
        await settled(world, insured)

    async def is_there():
        return "620000" in str(await summarize(world))

    await eventually(is_there)
    answer = await summarize(world)
    rows = [
        (
            row.care_region_code,
            row.insured_region_code,
            row.settlement_count,
            row.worse_count,
            row.better_count,
            row.total.fen,
            row.patient_gap.fen,
            row.mutual_saving.fen,
            row.mutual_fund_cost.fen,
        )
        for row in answer.pairs
    ]
    # At home in 610000 all is in scope; in 620000 the bed alone is, 80.00 x 10.
    assert rows == [
        ("640000", "610000", 1, 1, 0, TOTAL_FEN, 1_164, 1_164, 1_164),
        ("640000", "620000", 1, 0, 1, TOTAL_FEN, 59_500 - FUND_FEN, 0, 0),
        ("640000", "650000", 2, 0, 2, 2 * TOTAL_FEN, 2 * -5_636, 2 * 1_164, 2 * 1_164),
    ]
    assert dict(answer.not_compared) == {}


async def test_what_cannot_be_compared_is_counted_by_reason(world):
    for insured in ("650100", "610100", "620100"):
        await settled(world, insured)
    answer = await summarize(world)
    assert [row.settlement_count for row in answer.pairs] == [1]
    assert dict(answer.not_compared) == {"CATALOGUE_NOT_PUBLISHED": 2}
    world.callees.benefits.advice_mode = "not_served"
    answer = await summarize(world)
    assert list(answer.pairs) == []
    assert dict(answer.not_compared) == {"CATALOGUE_NOT_PUBLISHED": 2, "POLICY_NOT_COVERED": 1}


async def test_only_what_stands_of_the_regions_asked_for(world):
    kept = await settled(world)
    gone = await settled(world)
    await world.reverse(settlement_id=gone)
    world.callees.benefits.mode = "refuse"
    await refused(world.settle())
    world.callees.benefits.questions.clear()
    assert [row.settlement_count for row in (await summarize(world)).pairs] == [1]
    assert {q.before_settlement_id for q in world.callees.benefits.questions} == {kept}
    for wanted, count in (
        ({"care_region_code": "640000"}, 1),
        ({"care_region_code": "510000"}, 0),
        ({"insured_region_code": HOME}, 1),
        ({"insured_region_code": "610000"}, 0),
        ({"care_region_code": "640000", "insured_region_code": HOME}, 1),
    ):
        assert len((await summarize(world, **wanted)).pairs) == count


async def test_the_sample_is_of_the_newest_and_bounded(world):
    ids = [await settled(world) for _ in range(3)]
    world.callees.benefits.questions.clear()
    answer = await summarize(world, sample_size=2)
    assert answer.pairs[0].settlement_count == 2
    assert {q.before_settlement_id for q in world.callees.benefits.questions} == set(ids[1:])
    refusal = await refused(summarize(world, sample_size=-1))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["sample_size"])


async def test_no_more_than_four_are_under_way(world):
    for _ in range(8):
        await settled(world)
    world.callees.benefits.advice_delay_s = 0.05
    answer = await summarize(world)
    assert answer.pairs[0].settlement_count == 8
    assert world.callees.benefits.in_flight_max == 4


async def test_what_there_is_no_time_for_is_counted(dsn, callees, clock):
    async with served(dsn, callees, clock, io.BytesIO(), BENEFITS_TIMEOUT_S="5") as world:
        for _ in range(9):
            await settled(world)
        world.callees.benefits.advice_delay_s = 0.3
        # Three questions each, four at once: the first four take 0.9 s, the others have no time.
        answer = await summarize(world, timeout_s=1.6)
        compared = sum(row.settlement_count for row in answer.pairs)
        assert compared <= 8
        assert dict(answer.not_compared) == {"DEADLINE": 9 - compared}
        answer = await summarize(world, timeout_s=0.3)
        assert dict(answer.not_compared) == {"DEADLINE": 9}


async def test_no_personal_data_and_no_item_leaves(dsn, callees, clock, tmp_path):
    stream = io.BytesIO()
    async with served(dsn, callees, clock, stream, TRACE_DIR=str(tmp_path)) as world:
        await compare(world, await settled(world))
        await compare(world, request=sample_request())
        await summarize(world)
    said = stream.getvalue().decode()
    assert "AdviceService/CompareCatalogues" in said
    spans = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert "CompareCatalogues" in spans
    for canary in (PERSON, BED, DRUG, UNLISTED, "I10.x00x002"):
        assert canary not in said
        assert canary not in spans
