"""What a quote promised, and which fact makes it untrue."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

from services.benefits.domain.model import sums_of
from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.benefits.domain.booking import Claimant, Standing
    from services.benefits.domain.model import Accumulators, Outcome, Tally

# So many sums there were at first; of those that came later the zeros at the end are left out, and
# so is what nobody has: who has none of it gets the fingerprint that the first release gave.
_FIRST_SUMS: Final = 11


@dataclass(frozen=True, slots=True)
class Promise:
    """Who pays what, fen. Not the balance left: a top-up that changes no payment stops nothing."""

    deductible: int
    fund_payments: frozenset[tuple[str, int]]
    fund_total: int
    account_pay: int
    cash_pay: int
    patient_total: int
    year_parts: tuple[tuple[int, ...], ...]
    """Per year: year, days, total, full self-pay, over-limit, prior self-pay, in scope,
    deductible, funds."""
    family_account_pay: int = 0
    """From accounts of relatives, all together; inside account_pay."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer was computed from, beside the case."""

    policy_version: str
    accumulators_digest: str
    account_digest: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """An earlier answer that a Commit must repeat."""

    promise: Promise
    facts: Facts


def promise_of(outcome: Outcome) -> Promise:
    """Returns the amounts of an outcome; not its causes, which an older release does not tell."""
    return Promise(
        deductible=outcome.deductible,
        fund_payments=frozenset((f.fund_type_code, f.amount_fen) for f in outcome.fund_payments),
        fund_total=outcome.fund_total,
        account_pay=outcome.account_pay,
        cash_pay=outcome.cash_pay,
        patient_total=outcome.patient_total,
        year_parts=tuple(
            (part.benefit_year, part.days, *astuple(part.amounts), part.deductible, part.fund_total)
            for part in outcome.year_parts
        ),
        family_account_pay=sum(fen for _, fen in outcome.family_payments),
    )


def facts_of(
    claimant: Claimant,
    standing: Standing,
    *,
    policy_version: str,
    keyed: Callable[[bytes], bytes],
) -> Facts:
    """Returns the facts, with what was used and whose money there is as fingerprints.

    The first covers sums, parts of the stay, entitlements and tallies; the second the own account
    and those of relatives.

    The fingerprint is SHA-256 over the sums salted with the person's id, the first 32 of its hex
    digits: two people with the same sums have different ones. Whoever knows the id can try sums
    against it, and whoever knows the id may ask GetAccumulators; so it tells nobody more. It is not
    keyed, because every replica, and a later release, must give the same. Entitlements and tallies
    are another matter: who may ask for sums may not ask who is ill or in need, so they go into it
    by a keyed hash.

    Args:
        claimant: whose.
        standing: what stands of the person.
        policy_version: that the bill was computed by.
        keyed: a hash under a key that all replicas and releases share.
    """
    sums = sorted((year, *_sums_of(sums)) for year, sums in standing.years.items())
    parts = sorted(
        (part.end_date.isoformat(), part.in_scope, part.deductible, part.stays_counted)
        for part in standing.parts
    )
    circumstances = standing.circumstances
    entitlements = sorted(
        (one.kind.value, one.code, one.begin_date.isoformat(), str(one.end_date or ""))
        for one in circumstances.entitlements
    )
    tallies = sorted(_tally_of(tally) for tally in circumstances.tallies)
    relatives = [(str(purse.person_id), purse.balance) for purse in circumstances.relatives]
    used: tuple[object, ...] = (claimant.scheme_code, sums, parts)
    if entitlements or tallies:
        used = (*used, keyed(repr((entitlements, tallies)).encode()).hex())
    account = (standing.account_balance, relatives) if relatives else standing.account_balance
    return Facts(
        policy_version=policy_version,
        accumulators_digest=_digest("accumulators", claimant, used),
        account_digest=_digest("account", claimant, account),
    )


def check_expected(expected: Expectation, outcome: Outcome, facts: Facts) -> None:
    """Returns when every amount is as expected.

    Raises:
        RuleForbids: EXPECTATION_NOT_MET, naming the facts that changed.
    """
    if promise_of(outcome) == expected.promise:
        return
    pairs = {
        "policy": (expected.facts.policy_version, facts.policy_version),
        "accumulators": (expected.facts.accumulators_digest, facts.accumulators_digest),
        "account": (expected.facts.account_digest, facts.account_digest),
    }
    # A fact that the expectation does not hold cannot be said to differ.
    changed = [name for name, (then, now) in pairs.items() if then and then != now]
    raise RuleForbids(
        "EXPECTATION_NOT_MET",
        "the benefit computed now is not the one expected",
        zh="待遇计算结果与预结算不一致，未记账",
        metadata={"changed": ",".join(changed)},
    )


def _sums_of(sums: Accumulators) -> tuple[int, ...]:
    values = sums_of(sums)
    end = len(values)
    while end > _FIRST_SUMS and not values[end - 1]:
        end -= 1
    return values[:end]


def _tally_of(tally: Tally) -> tuple[int | str, ...]:
    return (
        tally.benefit_year,
        tally.month,
        tally.setting.value,
        tally.institution_code,
        tally.disease_code,
        int(tally.same_stay),
        tally.count,
        tally.total,
        tally.in_scope,
        tally.deductible,
        tally.fund,
    )


def _digest(kind: str, claimant: Claimant, content: object) -> str:
    text = f"yijie.benefits.{kind}\0{claimant.person_id}\0{content!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
