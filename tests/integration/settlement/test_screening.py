"""Goal: a hard rule keeps a bill from settling before anything is written, a mark never does, and
what becomes of a bill that supervision could not be asked about is its own policy, rule by rule.

Method: supervision is a server in process that finds, and says, what tests tell it to.
"""

from __future__ import annotations

import contextlib
import io

import pytest

from services.kit.errors import Absent, InvalidArgument, RuleForbids, Unavailable
from services.settlement import metrics
from tests.integration.settlement.test_limits import discharged, of_visit
from tests.integration.settlement.world import (
    assert_coherent,
    eventually,
    first_events,
    ident,
    pre_settle_request,
    served,
    settle_request,
    state_name,
)
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.supervision.v1 import finding_pb2, supervision_service_pb2

pytestmark = pytest.mark.postgres

OPEN = supervision_service_pb2.UNSCREENED_SETTLE
CLOSED = supervision_service_pb2.UNSCREENED_REFUSE
DEFERRED = settlement_pb2.SCREENING_STATE_DEFERRED
SCREENED = settlement_pb2.SCREENING_STATE_SCREENED
AWAY = Unavailable("DATABASE_UNAVAILABLE", "away")


@contextlib.asynccontextmanager
async def screened(dsn, callees, clock, **changes):
    settings = {"SCREENING_POLICY_INTERVAL_S": "0.02", **changes}
    async with served(dsn, callees, clock, io.BytesIO(), **settings) as world:
        yield world
        await assert_coherent(world)


@pytest.fixture
async def world(dsn, callees, clock):
    async with screened(dsn, callees, clock) as opened:
        yield opened


def finding(code="OVERLAPPING_STAY", effect=finding_pb2.EFFECT_BLOCK, others=(), lines=()):
    return finding_pb2.Finding(
        rule_code=code,
        result_class=finding_pb2.RESULT_CLASS_VIOLATION,
        line_ids=lines,
        message_zh="重叠住院：与另外1次住院的日期重叠",
        message_en="Overlapping stay: overlaps with 1 other stay(s)",
        effect=effect,
        other_bill_keys=others,
    )


def rule(code, when=OPEN, **scope):
    return supervision_service_pb2.BlockingRule(rule_code=code, when_unscreened=when, **scope)


async def policy(world, *rules):
    """Has supervision say which rules block, and waits until settlement goes by it."""
    fake = world.callees.supervision
    fake.policy = supervision_service_pb2.GetScreeningPolicyResponse(version=ident(), rules=rules)

    async def is_known():
        rows = await world.sql(
            "SELECT version FROM screening_policy ORDER BY policy_id DESC LIMIT 1"
        )
        closed = sum(one.when_unscreened == CLOSED for one in rules)
        return (
            rows
            and rows[0]["version"] == fake.policy.version
            and metrics.BLOCKING_RULES.labels("refuse")._value.get() == closed
            and metrics.BLOCKING_RULES.labels("settle")._value.get() == len(rules) - closed
        )

    await eventually(is_known)


async def test_a_blocked_bill_is_refused_and_nothing_is_written(world):
    before = await world.counts()
    world.callees.supervision.findings = [finding(), finding("DUPLICATE_INVOICE", lines=["1"])]
    refusal = await refused(world.settle())
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BILL_BLOCKED")
    assert refusal.metadata["ruleCodes"] == "DUPLICATE_INVOICE,OVERLAPPING_STAY"
    assert refusal.metadata["lineIds"] == "1"
    assert refusal.zh.startswith("重叠住院：与另外1次住院的日期重叠；")
    # The window knows at the quote.
    assert (await refused(world.pre_settle())).reason == "BILL_BLOCKED"
    assert await world.counts() == before
    assert not world.callees.benefits.live


async def test_it_is_not_remembered(world):
    request = settle_request()
    world.callees.supervision.findings = [finding()]
    assert (await refused(world.settle(request))).reason == "BILL_BLOCKED"
    world.callees.supervision.findings = []
    assert state_name((await world.settle(request)).settlement) == "SETTLED"


async def test_a_repeat_gets_the_first_answer(world):
    request = settle_request()
    first = await world.settle(request)
    world.callees.supervision.findings = [finding()]
    again = await world.settle(request)
    assert again.replayed
    assert again.settlement.settlement_id == first.settlement.settlement_id


async def test_an_error_of_identity_comes_first(world):
    world.callees.supervision.findings = [finding()]
    request = settle_request()
    request.patient.credential.number = "650101195001010039"
    assert (await refused(world.settle(request))).reason != "BILL_BLOCKED"


async def test_a_mark_settles_and_only_officers_see_what_it_rests_on(world):
    other = ident()
    mark = finding(effect=finding_pb2.EFFECT_MARK, others=[other])
    world.callees.supervision.findings = [mark]
    settlement = (await world.settle()).settlement
    assert settlement.findings[1].message_zh == mark.message_zh
    assert not settlement.findings[1].other_bill_keys
    for view in (pb.SETTLEMENT_VIEW_BASIC, pb.SETTLEMENT_VIEW_FULL):
        got = await world.get(settlement_id=settlement.settlement_id, view=view)
        assert not got.findings[1].other_bill_keys
    (event,) = await first_events(world.stub, 1)
    assert list(event.settlement.findings[1].other_bill_keys) == [other]


async def test_what_rests_on_a_bill_taken_back_blocks_nothing(world):
    """Supervision follows the journal: it may not know yet what was reversed a moment ago."""
    gone = (await world.settle()).settlement.settlement_id
    standing = (await world.settle()).settlement.settlement_id
    world.callees.supervision.findings = [finding(others=[standing])]
    assert (await refused(world.settle())).reason == "BILL_BLOCKED"
    await world.reverse(settlement_id=gone)
    world.callees.supervision.findings = [finding(others=[gone])]
    settlement = (await world.settle()).settlement
    assert [one.rule_code for one in settlement.findings] == ["DRUG_SEX"]
    # A night in two beds is one with whichever of the others stands.
    world.callees.supervision.findings = [finding(others=[standing, gone])]
    assert (await refused(world.settle())).reason == "BILL_BLOCKED"
    world.callees.supervision.findings = [finding(others=[gone]), finding(others=[standing])]
    assert (await refused(world.settle())).reason == "BILL_BLOCKED"


async def test_the_window_is_told_what_to_do(world):
    long = finding()
    long.message_zh, long.message_en = "长" * 3000, "long" * 3000
    codes = [f"RULE_{number}" for number in range(300)]
    world.callees.supervision.findings = [finding(), long, *map(finding, codes)]
    refusal = await refused(world.settle())
    assert refusal.reason == "BILL_BLOCKED"
    for advice in ("核对", "更正后重新结算", "结算撤销", "经办机构", "手工（零星）报销"):
        assert advice in refusal.zh
    assert len(refusal.metadata["ruleCodes"].split(",")) == 20


async def test_a_repeat_of_what_is_settled_counts_as_blocked_nowhere(world):
    """Once it is on record, a stay overlaps with itself."""
    request = settle_request()
    first = (await world.settle(request)).settlement.settlement_id
    world.callees.supervision.findings = [finding("REPEATED", others=[first])]
    blocked = metrics.BLOCKED.labels("REPEATED", "found")._value
    before = blocked.get()
    assert (await world.settle(request)).replayed
    assert blocked.get() == before
    await refused(world.settle())
    await refused(world.pre_settle())
    assert blocked.get() == before + 2


def lying(**changes):
    lie = finding()
    for name, value in changes.items():
        if isinstance(value, list):
            getattr(lie, name).extend(value)
        else:
            setattr(lie, name, value)
    return lie


@pytest.mark.parametrize(
    "lie",
    [
        lying(effect=99),
        lying(severity=99),
        lying(result_class=99),
        lying(result_class=0),
        lying(rule_code=""),
        lying(rule_code="110101199001011234"),
        lying(other_bill_keys=["none"]),
    ],
    ids=["effect", "severity", "class", "no class", "no code", "a number", "no key"],
)
async def test_what_nobody_can_read_is_no_answer(world, lie):
    """It would stand in the journal, and stop everybody who follows it."""
    await policy(world, rule("OVERLAPPING_STAY"))
    world.callees.supervision.findings = [lie]
    settlement = (await world.settle()).settlement
    assert (state_name(settlement), settlement.screening_state) == ("SETTLED", DEFERRED)
    assert not settlement.findings
    assert list(settlement.deferred_rule_codes) == ["OVERLAPPING_STAY"]
    await policy(world, rule("DUPLICATE_INVOICE", CLOSED))
    assert (await refused(world.settle())).reason == "SCREENING_UNAVAILABLE"


async def test_a_rule_that_the_policy_does_not_name_blocks(world):
    await policy(world, rule("OVERLAPPING_STAY"))
    world.callees.supervision.findings = [finding("PUBLISHED_JUST_NOW")]
    assert (await refused(world.settle())).metadata["ruleCodes"] == "PUBLISHED_JUST_NOW"


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgument("FIELD_INVALID", "no", field="lines[0].quantity"),
        RuleForbids("RULE_FORBIDS", "no"),
        Absent("RESOURCE_NOT_FOUND", "no"),
    ],
    ids=["invalid", "forbidden", "absent"],
)
async def test_an_error_of_supervision_is_its_silence(world, error):
    """Of another release, it may complain of what settlement takes by the contract."""
    world.callees.supervision.error = error
    settlement = (await world.settle()).settlement
    assert (state_name(settlement), settlement.screening_state) == ("SETTLED", DEFERRED)


async def test_a_policy_that_cannot_be_kept_does_not_end_the_poll(world):
    fake = world.callees.supervision
    fake.policy = supervision_service_pb2.GetScreeningPolicyResponse(version="\0")

    async def is_asked():
        return fake.policies_asked > asked + 2

    asked = fake.policies_asked
    await eventually(is_asked)
    await policy(world, rule("DUPLICATE_INVOICE", CLOSED))


async def test_silence_settles_what_no_rule_forbids(world):
    await policy(world, rule("OVERLAPPING_STAY", medical_type_codes=["21"]), rule("ANY"))
    world.callees.supervision.error = AWAY
    settlement = (await world.settle()).settlement
    assert (state_name(settlement), settlement.screening_state) == ("SETTLED", DEFERRED)
    # Of those about the bill: it is no stay.
    assert list(settlement.deferred_rule_codes) == ["ANY"]
    kept = await world.get(settlement_id=settlement.settlement_id)
    assert list(kept.deferred_rule_codes) == ["ANY"]
    (event,) = await first_events(world.stub, 1)
    assert list(event.settlement.deferred_rule_codes) == ["ANY"]


async def test_silence_refuses_what_a_rule_forbids(world):
    await policy(world, rule("DUPLICATE_INVOICE", CLOSED), rule("ANY"))
    world.callees.supervision.error = AWAY
    before = await world.counts()
    request = settle_request()
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "SCREENING_UNAVAILABLE")
    assert refusal.metadata["ruleCodes"] == "DUPLICATE_INVOICE"
    assert refusal.retry_ms
    assert (await refused(world.pre_settle())).reason == "SCREENING_UNAVAILABLE"
    assert await world.counts() == before
    # The same request, once supervision is back.
    world.callees.supervision.error = None
    settlement = (await world.settle(request)).settlement
    assert (state_name(settlement), settlement.screening_state) == ("SETTLED", SCREENED)
    assert not settlement.deferred_rule_codes


async def test_no_emergency_waits_for_supervision(world):
    await policy(world, rule("DUPLICATE_INVOICE", CLOSED))
    world.callees.supervision.error = AWAY
    request = settle_request()
    request.bill.emergency = True
    settlement = (await world.settle(request)).settlement
    assert (state_name(settlement), settlement.screening_state) == ("SETTLED", DEFERRED)
    assert list(settlement.deferred_rule_codes) == ["DUPLICATE_INVOICE"]


@pytest.mark.parametrize(
    ("scope", "is_about"),
    [
        ({"medical_type_codes": ["11"]}, True),
        ({"medical_type_codes": ["21"]}, False),
        ({"scheme_codes": ["310"]}, True),
        ({"scheme_codes": ["390"]}, False),
        ({"care_region_prefixes": ["6401"]}, True),
        ({"care_region_prefixes": ["65"]}, False),
        ({"insured_region_prefixes": ["11", "65"]}, True),
        ({"insured_region_prefixes": ["64"]}, False),
        ({"medical_type_codes": ["11"], "scheme_codes": ["390"]}, False),
    ],
)
async def test_only_bills_that_the_rule_is_about(world, scope, is_about):
    await policy(world, rule("DUPLICATE_INVOICE", CLOSED, **scope))
    world.callees.supervision.error = AWAY
    if is_about:
        assert (await refused(world.pre_settle())).reason == "SCREENING_UNAVAILABLE"
    else:
        answer = await world.stub.PreSettle(pre_settle_request(), timeout=TIMEOUT_S)
        assert not answer.settlement.deferred_rule_codes


async def test_an_answer_without_the_record_of_the_person(world):
    """Supervision judged the bill alone: only the rules that it names count as not asked."""
    await policy(world, rule("OVERLAPPING_STAY"), rule("DUPLICATE_INVOICE", CLOSED))
    fake = world.callees.supervision
    fake.unjudged = ["OVERLAPPING_STAY"]
    settlement = (await world.settle()).settlement
    assert settlement.screening_state == DEFERRED
    assert list(settlement.deferred_rule_codes) == ["OVERLAPPING_STAY"]
    assert [one.rule_code for one in settlement.findings] == ["DRUG_SEX"]
    fake.unjudged = ["DUPLICATE_INVOICE", "OVERLAPPING_STAY"]
    refusal = await refused(world.settle())
    assert refusal.reason == "SCREENING_UNAVAILABLE"
    assert refusal.metadata["ruleCodes"] == "DUPLICATE_INVOICE"


async def test_it_stays_closed_when_settlement_is_started_anew(dsn, callees, clock):
    async with screened(dsn, callees, clock) as world:
        await policy(world, rule("DUPLICATE_INVOICE", CLOSED))
    callees.supervision.error = AWAY
    callees.supervision.policy = None
    async with screened(dsn, callees, clock) as world:
        assert (await refused(world.settle())).reason == "SCREENING_UNAVAILABLE"


async def test_a_policy_that_is_withdrawn(world):
    await policy(world, rule("DUPLICATE_INVOICE", CLOSED))
    await policy(world)
    world.callees.supervision.error = AWAY
    assert state_name((await world.settle()).settlement) == "SETTLED"


async def test_a_visit_that_is_blocked(world):
    visit_id = await discharged(world)
    world.callees.supervision.findings = [finding()]
    request = of_visit(pb.SettleVisitRequest, visit_id, request_id=ident())
    request.expected_total.fen = 8000
    refusal = await refused(world.stub.SettleVisit(request, timeout=TIMEOUT_S))
    assert (refusal.reason, refusal.fields) == ("BILL_BLOCKED", ["visit_id"])
    world.callees.supervision.findings = []
    settled = (await world.stub.SettleVisit(request, timeout=TIMEOUT_S)).settlement
    assert state_name(settled) == "SETTLED"


async def test_the_time_that_it_took(world):
    settlement = (await world.settle()).settlement
    assert settlement.round_trip_ms >= settlement.region_ms >= 0
    assert settlement.round_trip_ms > 0
    kept = await world.get(settlement_id=settlement.settlement_id)
    assert (kept.round_trip_ms, kept.region_ms) == (
        settlement.round_trip_ms,
        settlement.region_ms,
    )


async def test_what_a_later_call_settled_has_no_time(world):
    request = settle_request()
    world.callees.benefits.commit_mode = "unavailable"
    assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
    world.callees.benefits.commit_mode = ""
    settlement = (await world.settle(request)).settlement
    assert state_name(settlement) == "SETTLED"
    assert (settlement.round_trip_ms, settlement.region_ms) == (0, 0)
