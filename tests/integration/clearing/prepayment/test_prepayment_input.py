"""Goal: what may not be is refused with its reason, and nothing is written. A test per row."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from services.kit import paging
from services.kit.wire import write_date
from tests.integration.clearing.prepayment.prepayment_world import (
    BEIJING,
    HEBEI,
    MARCH,
    PAIR,
    SHANGHAI,
    PrepaymentWorld,
    first_quota,
    money,
)
from tests.support.rpc import refused
from yijie.clearing.v1 import prepayment_pb2, prepayment_service_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
TABLES = ("quota_proposal", "quota_change", "top_up", "exhausted_policy", "notice")
NOBODY = str(uuid4())


async def rows(world: PrepaymentWorld) -> int:
    total = 0
    for table in TABLES:
        query = f"/* test.rows */ SELECT count(*) AS n FROM {table}"  # noqa: S608 - our constants
        total += (await world.database.fetchrow(query))["n"]
    return total


BAD_QUOTAS = {
    "province that does not exist": (first_quota(insured="250000"), "QUOTA_PAIR_UNKNOWN", ""),
    "care province that does not exist": (first_quota(care="160000"), "QUOTA_PAIR_UNKNOWN", ""),
    "same province twice": (
        first_quota(insured=BEIJING, care=BEIJING),
        "QUOTA_PAIR_UNKNOWN",
        "",
    ),
    "scheme without prepayment": (first_quota(scheme="340"), "QUOTA_PAIR_UNKNOWN", ""),
    "a city": (first_quota(insured="131100"), "FIELD_INVALID", ".insured_region_code"),
    "negative": (first_quota(-1, scheme="390"), "FIELD_INVALID", ".quota"),
    "too much": (first_quota(10**15, scheme="390"), "FIELD_INVALID", ".quota"),
    "named twice": (first_quota(2), "FIELD_INVALID", ""),
}


async def test_a_first_quota_that_cannot_be(world: PrepaymentWorld) -> None:
    for name, (quota, reason, field) in BAD_QUOTAS.items():
        refusal = await world.refusal(
            "SetFirstQuotas", year=2026, quotas=[first_quota(), quota], maker_id="hub-1"
        )
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason), name
        assert refusal.fields == [f"quotas[1]{field}"], name
    assert await rows(world) == 0


async def test_a_year_out_of_range(world: PrepaymentWorld) -> None:
    for year in (-1, 0, 2016, 2028):
        for name, quotas in (
            ("ProposeQuotas", {}),
            ("SetFirstQuotas", {"quotas": [first_quota()]}),
        ):
            refusal = await world.refusal(name, year=year, maker_id="hub-1", **quotas)
            assert refusal.code == "INVALID_ARGUMENT"
            assert refusal.reason == "QUOTA_YEAR_OUT_OF_RANGE"
            assert refusal.metadata["lastYear"] == "2027"
    assert await rows(world) == 0


@pytest.mark.parametrize(("year", "month"), [(2026, "2025-10"), (2027, "2026-10")])
async def test_a_quarter_whose_tables_are_not_made(
    world: PrepaymentWorld, year: int, month: str
) -> None:
    refusal = await world.refusal("ProposeQuotas", year=year, maker_id="hub-1")
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "QUOTA_BASIS_INCOMPLETE")
    assert refusal.metadata["month"] == month


async def test_a_quota_where_one_stands_or_is_awaited(world: PrepaymentWorld) -> None:
    proposal = await world.proposed()
    awaited = await world.refusal(
        "SetFirstQuotas", year=2026, quotas=[first_quota(care=SHANGHAI)], maker_id="hub-1"
    )
    assert awaited.reason == "QUOTA_STANDS"
    assert awaited.metadata["proposalId"] == proposal.proposal_id
    await world.confirm(proposal)
    stands = await world.refusal(
        "SetFirstQuotas", year=2026, quotas=[first_quota(1)], maker_id="hub-1"
    )
    assert (stands.reason, stands.fields) == ("QUOTA_STANDS", ["quotas[0]"])


async def test_a_checker_who_is_the_maker_of_quotas(world: PrepaymentWorld) -> None:
    proposal = await world.proposed()
    for checker in ("hub-1", "HUB-1"):
        refusal = await world.refusal(
            "DecideQuotas", proposal_id=proposal.proposal_id, confirmed=True, checker_id=checker
        )
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "MAKER_IS_CHECKER")
    answer = await world.call("GetQuotaProposal", proposal_id=proposal.proposal_id)
    assert answer.proposal.state == prepayment_pb2.QUOTA_PROPOSAL_STATE_PROPOSED
    assert (await world.prepayment()).quota.fen == 0


@pytest.mark.parametrize("first", [True, False])
async def test_quotas_decided_twice(world: PrepaymentWorld, first: bool) -> None:
    proposal = await world.proposed()
    await world.confirm(proposal, confirmed=first, note="核对无误")
    before = await rows(world)
    for second in (True, False):
        refusal = await world.refusal(
            "DecideQuotas",
            proposal_id=proposal.proposal_id,
            confirmed=second,
            checker_id="hub-3",
            note="再次",
        )
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "PREPAYMENT_DECIDED")
        assert refusal.metadata["state"] == ("CONFIRMED" if first else "REJECTED")
    assert await rows(world) == before


async def test_quotas_decided_by_two_at_once(world: PrepaymentWorld) -> None:
    proposal = await world.proposed()
    answers = await asyncio.gather(
        *(world.confirm(proposal, checker_id=f"hub-{n}") for n in (2, 3)), return_exceptions=True
    )
    assert sorted(isinstance(one, Exception) for one in answers) == [False, True]
    assert (await world.prepayment()).quota.fen == 60_000


async def test_a_rejection_says_why(world: PrepaymentWorld) -> None:
    proposal = await world.proposed()
    wanted = {"proposal_id": proposal.proposal_id, "checker_id": "hub-2"}
    blank = await world.refusal("DecideQuotas", confirmed=False, note=" ", **wanted)
    assert (blank.reason, blank.fields) == ("FIELD_INVALID", ["note"])
    person = await world.refusal("DecideQuotas", confirmed=True, note="电话13800138000", **wanted)
    assert (person.reason, person.fields) == ("FIELD_INVALID", ["note"])
    control = await world.refusal("DecideQuotas", confirmed=True, note="核\x00对", **wanted)
    assert (control.reason, control.fields) == ("FIELD_INVALID", ["note"])


async def test_what_is_not_there(world: PrepaymentWorld) -> None:
    for name, fields in {
        "DecideQuotas": {"proposal_id": NOBODY, "confirmed": True, "checker_id": "hub-2"},
        "GetQuotaProposal": {"proposal_id": NOBODY},
        "ListQuotaLines": {"proposal_id": NOBODY},
        "DecideTopUp": {"top_up_id": NOBODY, "approved": True, "checker_id": "hub-2"},
        "GetTopUp": {"top_up_id": NOBODY},
    }.items():
        refusal = await world.refusal(name, **fields)
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND"), name


async def test_a_request_is_served_once(world: PrepaymentWorld) -> None:
    fields = {"request_id": str(uuid4()), "year": 2026, "quotas": [first_quota()]}
    first = await world.call("SetFirstQuotas", maker_id="hub-1", **fields)
    again = await world.call("SetFirstQuotas", maker_id="hub-1", **fields)
    assert first == again
    other = await world.refusal("SetFirstQuotas", maker_id="hub-9", **fields)
    assert other.reason == "REQUEST_ID_REUSED"


# --- top-ups ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "state"), [((80_000, 20_000), "YELLOW"), ((100_000, 50_000), "NORMAL")]
)
async def test_a_top_up_of_a_pair_that_is_not_red(
    world: PrepaymentWorld, held: tuple[int, int], state: str
) -> None:
    await world.funded(*held)
    await world.months.signed()
    refusal = await world.request_refusal()
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "TOP_UP_NOT_RED")
    assert refusal.metadata["state"] == state


async def test_a_top_up_of_a_pair_that_holds_nothing(world: PrepaymentWorld) -> None:
    await world.confirm(await world.proposed())
    await world.months.signed()
    refusal = await world.request_refusal()
    assert (refusal.reason, refusal.metadata["state"]) == ("TOP_UP_NOT_RED", "UNFUNDED")


BAD_TOP_UPS = (
    ({"insured_region_code": BEIJING}, "QUOTA_PAIR_UNKNOWN"),
    ({"insured_region_code": "250000"}, "QUOTA_PAIR_UNKNOWN"),
    ({"amount": money(0)}, "FIELD_INVALID"),
    ({"amount": money(-5)}, "FIELD_INVALID"),
    ({"month": "2026-13"}, "FIELD_INVALID"),
    ({"month": "2026-02"}, "MONTH_STATE_FORBIDS"),
    ({"amount": money(71_469)}, "TOP_UP_ABOVE_PROPOSAL"),
)


async def test_a_top_up_that_cannot_be(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    before = await rows(world)
    for fields, reason in BAD_TOP_UPS:
        assert (await world.request_refusal(**fields)).reason == reason, fields
    assert await rows(world) == before


async def test_a_top_up_of_a_month_that_is_not_signed(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.tabled()
    refusal = await world.request_refusal()
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "MONTH_STATE_FORBIDS")
    assert refusal.metadata == {"month": MARCH, "state": "TABLED", "field": "month"}


async def test_a_top_up_within_three_working_days_of_the_signature(
    world: PrepaymentWorld,
) -> None:
    await world.funded()
    # Signed on Wednesday 1 April; Saturday to Monday are off for the Tomb-Sweeping Day.
    await world.months.signed()
    signed = world.clock.instant
    world.clock.instant = signed + timedelta(days=6, hours=23)
    late = await world.request_refusal()
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "TOP_UP_TOO_LATE")
    assert late.metadata["lastDate"] == "2026-04-07"
    world.clock.instant = signed + timedelta(days=6, hours=22, minutes=59)
    in_time = await world.request(late_officer_id="hub-7", late_note="不需要")
    assert (in_time.deadline_date.month, in_time.deadline_date.day) == (4, 7)
    # In time: an officer's leave is neither needed nor kept.
    assert (in_time.late, in_time.late_officer_id) == (False, "")


async def test_a_late_top_up_that_an_officer_of_the_hub_lets_be(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    world.clock.advance(days=20)
    silent = await world.request_refusal(late_officer_id="hub-7")
    assert (silent.reason, silent.fields) == ("FIELD_INVALID", ["late_note"])
    own = await world.request_refusal(late_officer_id="Care-1", late_note="系统故障")
    assert own.reason == "MAKER_IS_CHECKER"
    let = await world.request(late_officer_id="hub-7", late_note="系统故障")
    assert (let.late, let.late_officer_id, let.late_note) == (True, "hub-7", "系统故障")


async def test_a_second_top_up_of_a_month(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    first = await world.request(amount=money(1_000))
    second = await world.request_refusal()
    assert (second.reason, second.metadata["state"]) == ("TOP_UP_STANDS", "REQUESTED")
    assert second.metadata["topUpId"] == first.top_up_id
    await world.decide(first, approved=False, note="额度充足")
    assert (await world.request()).amount.fen == 71_468


async def test_a_top_up_while_an_earlier_one_is_on_its_way(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    first = await world.decide(await world.request())
    await world.spend(300, 72_000)
    await world.months.signed("2026-04")
    refusal = await world.request_refusal(month="2026-04")
    assert (refusal.reason, refusal.metadata["topUpId"]) == ("TOP_UP_STANDS", first.top_up_id)
    await world.issue([first.notice_id])
    await world.pay(first.notice_id)
    await world.watch.once()
    # 72,000 of 146,468 is not red any more.
    assert (await world.request_refusal(month="2026-04")).reason == "TOP_UP_NOT_RED"


async def test_a_top_up_decided_by_its_maker_or_twice(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    top_up = await world.request()
    wanted = {"top_up_id": top_up.top_up_id, "approved": True}
    own = await world.refusal("DecideTopUp", checker_id="care-1", **wanted)
    assert own.reason == "MAKER_IS_CHECKER"
    silent = await world.refusal("DecideTopUp", checker_id="hub-2", top_up_id=top_up.top_up_id)
    assert (silent.reason, silent.fields) == ("FIELD_INVALID", ["note"])
    await world.decide(top_up)
    before = await rows(world)
    twice = await world.refusal("DecideTopUp", checker_id="hub-3", **wanted)
    assert (twice.reason, twice.metadata["state"]) == ("PREPAYMENT_DECIDED", "APPROVED")
    assert await rows(world) == before


# --- policies, lists ----------------------------------------------------------------------------


BAD_POLICIES = (
    ({"checker_id": "hub-1"}, "MAKER_IS_CHECKER", "checker_id", 0),
    ({"care_region_code": HEBEI}, "QUOTA_PAIR_UNKNOWN", "care_region_code", 0),
    ({"action": 0}, "FIELD_INVALID", "action", 0),
    ({"note": ""}, "FIELD_INVALID", "note", 0),
    ({"note": "联系人身份证110105199001011234"}, "FIELD_INVALID", "note", 0),
    ({}, "FIELD_INVALID", "begin_date", -1),
)


async def test_a_policy_that_cannot_be(world: PrepaymentWorld) -> None:
    for fields, reason, field, days in BAD_POLICIES:
        wanted = {
            **PAIR,
            "action": prepayment_pb2.EXHAUSTED_ACTION_BLOCK,
            "begin_date": write_date(world.today + timedelta(days=days)),
            "maker_id": "hub-1",
            "checker_id": "hub-2",
            "note": "逾期未拨付",
            **fields,
        }
        refusal = await world.refusal("SetExhaustedPolicy", **wanted)
        assert (refusal.reason, refusal.fields) == (reason, [field])
    assert await rows(world) == 0


MADE_UP = (
    ("ListPrepayments", ("110000", "x")),
    ("ListPrepayments", ("", "110000")),
    ("ListQuotaProposals", ("1",)),
    ("ListQuotaLines", ("110000", "130000")),
    ("ListTopUps", ("x",)),
    ("ListExhaustedPolicies", ("-1",)),
)


async def test_a_made_up_token(world: PrepaymentWorld) -> None:
    proposal = await world.proposed()
    for name, key in MADE_UP:
        fields = {"proposal_id": proposal.proposal_id} if name == "ListQuotaLines" else {}
        request = getattr(prepayment_service_pb2, f"{name}Request")(**fields)
        token = paging.write_token(request, key)
        refusal = await world.refusal(name, page_token=token, **fields)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


async def test_a_cursor_of_another_feed(world: PrepaymentWorld) -> None:
    for cursor, reason in (("x", "CURSOR_INVALID"), ("9999999.9", "CURSOR_IN_FUTURE")):
        stream = world.asked("SubscribePrepaymentEvents", after_cursor=cursor)
        assert (await refused(anext(aiter(stream)))).reason == reason


async def test_an_outlook_of_no_pair(world: PrepaymentWorld) -> None:
    for name in ("GetForecast", "GetForecastBackTest", "EstimateHolding"):
        refusal = await world.refusal(name, insured_region_code=BEIJING, care_region_code=BEIJING)
        assert refusal.reason == "QUOTA_PAIR_UNKNOWN"
