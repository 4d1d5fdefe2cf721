"""Goal: before travel each card's owner learns what will not work, and whose turn it is; one region
that is silent, or unknown, is one failed check.

Method: identity's facts are a fake's; the insured region and filing answer, or do not.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.kit.wire import write_date
from services.settlement.domain.eligibility import Party
from services.settlement.domain.portability import Filed, Reach, Stated, checks_of
from tests.integration.settlement.advice import stub_of
from tests.support.callees import CARD, CARE, ID_NUMBER, INSURED, LOST_CARD, PERSON
from tests.support.rpc import TIMEOUT_S, refused
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

pytestmark = pytest.mark.postgres

CODES = ["number_format", "issuing_region", "card_state", "scheme", "account"]
PATIENT, INSURED_AGENCY, HUB, NOBODY = (
    pb.RESPONSIBLE_PARTY_PATIENT,
    pb.RESPONSIBLE_PARTY_INSURED_AGENCY,
    pb.RESPONSIBLE_PARTY_HUB,
    pb.RESPONSIBLE_PARTY_UNSPECIFIED,
)


def question(number: str = CARD, insured: str = INSURED, scheme: str = "310"):
    entry = pb.PortabilityQuestion(insured_region_code=insured, scheme_code=scheme)
    entry.credential.number = number
    entry.credential.type = (
        person_pb2.CREDENTIAL_TYPE_ID_NUMBER
        if number == ID_NUMBER
        else person_pb2.CREDENTIAL_TYPE_CARD
    )
    return entry


async def ask(world, *entries, care: str = ""):
    request = pb.CheckPortabilityRequest(entries=entries or [question()], care_region_code=care)
    answer = await stub_of(world).CheckPortability(request, timeout=TIMEOUT_S)
    return list(answer.results)


def failed(result) -> dict[str, int]:
    """Which checks fail, and whose turn it is."""
    return {one.check_code: one.responsible for one in result.checks if not one.passed}


async def test_a_card_that_will_work(world):
    (result,) = await ask(world, care=CARE)
    assert result.portable
    assert [one.check_code for one in result.checks] == [*CODES, "filing"]
    assert all(one.explanation_zh and one.explanation_en for one in result.checks)
    assert {one.responsible for one in result.checks} == {NOBODY}
    (result,) = await ask(world)
    assert [one.check_code for one in result.checks] == CODES


async def test_filing_is_asked_of_the_person_the_place_and_the_day(world):
    entry = question()
    entry.on_date.CopyFrom(write_date(date(2026, 5, 1)))
    await ask(world, entry, care=CARE)
    (asked,) = world.callees.filing.requests
    assert (asked.person_id, asked.care_region_code) == (PERSON, CARE)
    assert (asked.service_date.month, asked.match_until_date.month) == (5, 5)


async def test_without_a_filing_it_is_the_patients_turn(world):
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED
    (result,) = await ask(world, care=CARE)
    assert failed(result) == {"filing": PATIENT}
    assert not result.portable
    assert "备案" in result.checks[-1].explanation_zh


async def test_in_the_own_province_no_filing_is_needed(world):
    (result,) = await ask(world, care="650200")
    assert result.portable
    assert world.callees.filing.requests == []


async def test_a_lost_card_an_ended_scheme_and_nobody(world):
    lost, ended, nobody = await ask(
        world, question(LOST_CARD), question(scheme="390"), question("A99999999"), care=CARE
    )
    assert failed(lost) == {"card_state": PATIENT}
    assert failed(ended) == {"scheme": INSURED_AGENCY}
    assert failed(nobody) == dict.fromkeys(
        ["issuing_region", "card_state", "scheme", "account", "filing"], INSURED_AGENCY
    )


@pytest.mark.parametrize("mode", ["unavailable", "silent", "overloaded"])
async def test_a_region_that_does_not_answer_is_a_failed_check(world, mode):
    world.callees.benefits.mode = mode
    silent, unknown = await ask(world, question(), question("A99999999"))
    assert failed(silent) == {"account": INSURED_AGENCY}
    assert failed(unknown)["account"] == INSURED_AGENCY


async def test_a_region_that_refuses(world):
    world.callees.benefits.mode = "refuse"
    (result,) = await ask(world)
    assert failed(result) == {"account": INSURED_AGENCY}


async def test_a_region_that_does_not_tell_sums_yet_settles_all_the_same(world):
    """Before travel nobody is sent to mend what the window will not miss."""
    world.callees.benefits.is_behind = True
    (result,) = await ask(world, care=CARE)
    assert result.portable
    (account,) = (check for check in result.checks if check.check_code == "account")
    assert "直接结算" in account.explanation_zh
    assert (await world.settle()).settlement.settlement_id


async def test_a_hundred_are_asked_a_few_at_a_time(world):
    results = await ask(world, *[question() for _ in range(100)], care=CARE)
    assert len(results) == 100
    assert all(one.portable for one in results)
    assert 1 < world.callees.benefits.most_in_flight <= 8


async def test_bad_questions(world):
    refusal = await refused(ask(world, care="990000"))
    assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", ["care_region_code"])
    refusal = await refused(ask(world, care="190000"))
    assert (refusal.reason, refusal.fields) == ("REGION_UNKNOWN", ["care_region_code"])
    entry = question()
    entry.on_date.year, entry.on_date.month, entry.on_date.day = 2026, 2, 30
    refusal = await refused(ask(world, question(), entry))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["entries[1].on_date"])
    refusal = await refused(ask(world, *[question() for _ in range(101)]))
    assert refusal.code == "INVALID_ARGUMENT"


async def test_an_insured_region_that_is_none_asks_nobody(world):
    (result,) = await ask(world, question(insured="190000"), care=CARE)
    assert "account" in failed(result)
    assert world.callees.filing.requests == []


REASONS = [
    ("number_format", "ID_NUMBER_INVALID", Party.PATIENT),
    ("number_format", "FIELD_INVALID", Party.INSURED_AGENCY),
    ("issuing_region", "REGION_UNKNOWN", Party.INSURED_AGENCY),
    ("card_state", "CARD_LOST", Party.PATIENT),
    ("card_state", "CARD_CANCELLED", Party.PATIENT),
    ("card_state", "CARD_NOT_ACTIVE", Party.PATIENT),
    ("card_state", "CREDENTIAL_EXPIRED", Party.PATIENT),
    ("card_state", "CREDENTIAL_USED", Party.PATIENT),
    ("card_state", "CREDENTIAL_UNKNOWN", Party.INSURED_AGENCY),
    ("scheme", "INSURANCE_NOT_IN_FORCE", Party.INSURED_AGENCY),
    ("scheme", "REGION_UNKNOWN", Party.PATIENT),
    ("scheme", "SOMETHING_NEW", Party.HUB),
]


@pytest.mark.parametrize(("code", "reason", "party"), REASONS)
def test_every_reason_names_who_acts(code, reason, party):
    check, account = checks_of([Stated(code, reason)], Reach.ANSWERED, None, wants_filing=False)
    assert (check.passed, check.responsible) == (False, party)
    assert account.passed
    _, account = checks_of([Stated(code, reason)], Reach.BEHIND, None, wants_filing=False)
    assert account.passed


@pytest.mark.parametrize(
    ("reach", "party"),
    [
        (Reach.NO_ROUTE, Party.HUB),
        (Reach.CROWDED, Party.HUB),
        (Reach.SILENT, Party.INSURED_AGENCY),
        (Reach.REFUSED, Party.INSURED_AGENCY),
    ],
)
def test_every_way_not_to_reach_a_region(reach, party):
    filed = Filed(is_filed=True, is_needed=True, zh="有", en="yes")
    checks = checks_of([], reach, filed, wants_filing=True)
    assert [(one.code, one.passed, one.responsible) for one in checks] == [
        ("account", False, party),
        ("filing", True, Party.NOBODY),
    ]
