"""What a quote was computed from, as fingerprints, and what is named when it changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.benefits.domain.booking import Claimant, Standing
from services.benefits.domain.expectation import (
    Expectation,
    check_expected,
    facts_of,
    promise_of,
)
from services.benefits.domain.model import (
    Accumulators,
    Causes,
    Circumstances,
    Entitlement,
    EntitlementKind,
    Purse,
    Setting,
    StayPart,
    Tally,
)
from services.kit.errors import RuleForbids
from tests.support.packs import settled
from tests.support.sealed import VAULT

CLAIMANT = Claimant(UUID("0190aaaa-0000-7000-8000-000000000001"), "310", (2026,))
ENTITLED = Entitlement(EntitlementKind.CIVIL_SERVANT, "", date(2020, 1, 1), None)
TALLY = Tally(2026, 3, Setting.CHRONIC, "", "M03900", False, 1, 100, 90, 80, 5)
TODAY = date(2026, 3, 1)
RELATIVE, OTHER = UUID(int=1), UUID(int=2)
CIRCUMSTANCES = Circumstances((ENTITLED,), (TALLY,), (Purse(RELATIVE, 500), Purse(OTHER, 70)))
STANDING = Standing(
    {2026: Accumulators(inpatient_in_scope=500, inpatient_count=1, account_pay=7)},
    1234,
    (StayPart(TODAY, 100, 50, 1, 0),),
)


def facts(standing, keyed=VAULT.keyed_hash):
    return facts_of(CLAIMANT, standing, policy_version="v", keyed=keyed)


def changed(then, now):
    return [
        name
        for name in ("accumulators_digest", "account_digest")
        if getattr(then, name) != getattr(now, name)
    ]


def test_who_has_nothing_new_gets_the_fingerprint_of_the_first_release():
    # Computed by the release before there were entitlements, from eleven sums.
    assert facts(STANDING).accumulators_digest == "46256182088ecccfc063f4ecff33ac5d"
    assert facts(STANDING).account_digest == "adf7d70778b0620330e8c0c65033e1c0"


@pytest.mark.parametrize(
    ("circumstances", "digests"),
    [
        (Circumstances(entitlements=(ENTITLED,)), ["accumulators_digest"]),
        (Circumstances(tallies=(TALLY,)), ["accumulators_digest"]),
        (Circumstances(relatives=(Purse(RELATIVE, 0),)), ["account_digest"]),
        (CIRCUMSTANCES, ["accumulators_digest", "account_digest"]),
    ],
)
def test_circumstances_are_facts(circumstances, digests):
    assert changed(facts(STANDING), facts(replace(STANDING, circumstances=circumstances))) == (
        digests
    )


def test_what_tells_illness_or_poverty_cannot_be_guessed_from_a_fingerprint():
    """Whoever knows the person's sums and not the key cannot try entitlements against it."""
    ill = replace(STANDING, circumstances=CIRCUMSTANCES)
    guess = facts(ill, keyed=lambda data: hashlib.sha256(data).digest())
    assert changed(facts(ill), guess) == ["accumulators_digest"]
    assert facts(STANDING, keyed=lambda _: b"") == facts(STANDING)


@pytest.mark.parametrize(
    ("change", "digests"),
    [
        ({"entitlements": ()}, ["accumulators_digest"]),
        (
            {"entitlements": (replace(ENTITLED, end_date=date(2026, 3, 1)),)},
            ["accumulators_digest"],
        ),
        ({"entitlements": (replace(ENTITLED, code="x"),)}, ["accumulators_digest"]),
        ({"tallies": (replace(TALLY, fund=6),)}, ["accumulators_digest"]),
        ({"tallies": (replace(TALLY, same_stay=True),)}, ["accumulators_digest"]),
        ({"tallies": (replace(TALLY, institution_code="H1"),)}, ["accumulators_digest"]),
        ({"relatives": (Purse(RELATIVE, 499), Purse(OTHER, 70))}, ["account_digest"]),
        ({"relatives": (Purse(OTHER, 70), Purse(RELATIVE, 500))}, ["account_digest"]),
        ({"relatives": (Purse(OTHER, 500), Purse(RELATIVE, 70))}, ["account_digest"]),
    ],
)
def test_each_change_of_circumstances_is_seen(change, digests):
    then = replace(STANDING, circumstances=CIRCUMSTANCES)
    now = replace(STANDING, circumstances=replace(CIRCUMSTANCES, **change))
    assert changed(facts(then), facts(now)) == digests


def test_the_order_in_which_they_were_read_is_no_fact():
    two = (ENTITLED, replace(ENTITLED, kind=EntitlementKind.DISABLED_VETERAN))
    tallies = (TALLY, replace(TALLY, month=4))
    one = Circumstances(two, tallies)
    other = Circumstances(two[::-1], tallies[::-1])
    assert facts(replace(STANDING, circumstances=one)) == facts(
        replace(STANDING, circumstances=other)
    )


@pytest.mark.parametrize("name", ["chronic_in_scope", "medical_aid_base", "fund_other"])
def test_a_later_sum_is_a_fact(name):
    sums = replace(STANDING.years[2026], **{name: 1})
    assert changed(facts(STANDING), facts(replace(STANDING, years={2026: sums}))) == [
        "accumulators_digest"
    ]


def quote():
    return settled(
        {"account.family_pays": "[in_scope]"},
        steps="deductible, segments, account",
        in_scope=60000,
        use_account=True,
        circumstances=Circumstances(relatives=(Purse(RELATIVE, 500),)),
    )


def test_a_promise_has_what_relatives_pay_and_no_causes():
    outcome = quote()
    promise = promise_of(outcome)
    assert promise.family_account_pay == 500
    # Another cause of the same payment breaks no promise: an older release tells none.
    assert promise_of(replace(outcome, causes=Causes(share=outcome.patient_total))) == promise
    # Who of the relatives pays is theirs to know.
    assert promise_of(replace(outcome, family_payments=((OTHER, 500),))) == promise


def test_less_from_relatives_names_the_account():
    then, now = quote(), replace(quote(), family_payments=((RELATIVE, 400),))
    expected = Expectation(promise_of(then), facts(replace(STANDING, circumstances=CIRCUMSTANCES)))
    less = replace(CIRCUMSTANCES, relatives=(Purse(RELATIVE, 400),))
    with pytest.raises(RuleForbids) as refused:
        check_expected(expected, now, facts(replace(STANDING, circumstances=less)))
    assert refused.value.metadata["changed"] == "account"
