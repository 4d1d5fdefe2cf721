"""What a quote promised, and which fact makes it untrue."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from services.benefits.domain.booking import Claimant, Standing
    from services.benefits.domain.model import Outcome


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
    """Returns the amounts of an outcome."""
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
    )


def facts_of(claimant: Claimant, standing: Standing, *, policy_version: str) -> Facts:
    """Returns the facts, sums and account as fingerprints.

    The fingerprint is SHA-256 over the sums salted with the person's id, the first 32 of its hex
    digits: two people with the same sums have different ones. Whoever knows the id can try sums
    against it, and whoever knows the id may ask GetAccumulators; so it tells nobody more. It is not
    keyed, because every replica, and a later release, must give the same.
    """
    sums = sorted((year, *astuple(sums)) for year, sums in standing.years.items())
    parts = sorted(
        (part.end_date.isoformat(), part.in_scope, part.deductible, part.stays_counted)
        for part in standing.parts
    )
    return Facts(
        policy_version=policy_version,
        accumulators_digest=_digest("accumulators", claimant, (claimant.scheme_code, sums, parts)),
        account_digest=_digest("account", claimant, standing.account_balance),
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


def _digest(kind: str, claimant: Claimant, content: object) -> str:
    text = f"yijie.benefits.{kind}\0{claimant.person_id}\0{content!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
