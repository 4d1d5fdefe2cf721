"""The independent auditor: from what was asked and answered alone, what contradicts what.

It knows requests, replies and what the public calls answer when all is quiet; no table, no code of
a service. So it cannot share a mistake with what it judges. Pure: the same history gives the same
findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final as Constant

from services.proving.history import (
    Answered,
    Final,
    History,
    Refused,
    Reverse,
    Settle,
    SettleVisit,
    Unknown,
)
from services.proving.rules import clearing, feeds, invoices, money, replacing, settling, visits
from services.proving.rules.evidence import Check, Evidence, evidence_of

Rule = Callable[[Evidence], Iterator[str]]
Count = Callable[[Evidence], int]


def _operations(evidence: Evidence) -> int:
    return len(evidence.history.operations)


def _answers(evidence: Evidence) -> int:
    return sum(1 for _ in evidence.answers())


def _journal(evidence: Evidence) -> int:
    return len(evidence.listed)


def _standing(evidence: Evidence) -> int:
    return sum(1 for _ in evidence.standing())


def _requests(evidence: Evidence) -> int:
    return len(evidence.settles)


def _reversals(evidence: Evidence) -> int:
    return sum(
        isinstance(attempt.reply, Answered)
        for attempts in evidence.reversals.values()
        for attempt in attempts
    )


def _replaced(evidence: Evidence) -> int:
    return len(replacing.replaced(evidence))


def _voided(evidence: Evidence) -> int:
    return sum(
        isinstance(operation.request, Reverse) and isinstance(operation.reply, Refused)
        for operation in evidence.history.operations
    )


def _quoted(evidence: Evidence) -> int:
    return sum(
        isinstance(operation.request, Settle | SettleVisit)
        and operation.request.quoted is not None
        and not isinstance(operation.reply, Unknown)
        for operation in evidence.history.operations
    )


def _refused(evidence: Evidence) -> int:
    return sum(isinstance(operation.reply, Refused) for operation in evidence.history.operations)


def _events(evidence: Evidence) -> int:
    return sum(len(feed.events) for feed in evidence.final.feeds)


def _entries(evidence: Evidence) -> int:
    return len(evidence.final.entries)


def _visits(evidence: Evidence) -> int:
    return len(evidence.final.visits)


def _invoices(evidence: Evidence) -> int:
    return len(invoices.invoices(evidence))


def _lines(evidence: Evidence) -> int:
    return sum(len(lines) for lines in evidence.final.lines.values())


RULES: Constant[tuple[tuple[str, Rule, Count], ...]] = (
    ("every acknowledged settlement exists, as told", settling.acknowledged_exists, _answers),
    ("every settlement exists once", settling.exists_once, _journal),
    ("nothing exists that nobody asked for", settling.nothing_invented, _journal),
    ("a repeat gets the first answer", settling.same_answer, _requests),
    ("what was refused for good does not settle", settling.refusals_stand, _refused),
    ("what was told void stays void", settling.voided_stay_void, _voided),
    ("a quote holds to the fen, or says what changed", settling.quotes_hold, _quoted),
    ("every acknowledged reversal is undone", settling.reversed_is_undone, _reversals),
    ("a reversal is done once", settling.reversed_once, _reversals),
    ("what is replaced has one in its place", replacing.has_one_in_its_place, _replaced),
    ("an old level that is back costs what stood", replacing.costs_what_stood, _replaced),
    ("a settlement is replaced as told", replacing.recomputed_as_told, _replaced),
    ("what is told never goes backwards", settling.never_backwards, _answers),
    ("no intent is left pending", settling.nothing_pending, _journal),
    ("no call met a defect", settling.no_defect, _operations),
    ("identities I1 to I9 hold", money.identities, _answers),
    (
        "accumulators are the replay of the journal",
        money.accumulators,
        lambda evidence: len(evidence.final.accumulators),
    ),
    (
        "accounts are the opening less what stands",
        money.accounts,
        lambda evidence: len(evidence.final.balances),
    ),
    (
        "nobody overspends a cap",
        money.caps,
        lambda evidence: len(evidence.final.accumulators) * bool(evidence.history.caps),
    ),
    ("the insured region holds what the journal says", money.bookings, _journal),
    ("every transfer balances", clearing.balances, _entries),
    ("the ledger has every settlement once", clearing.entries, _standing),
    (
        "positions are the sum of the settlements",
        clearing.positions,
        lambda evidence: len(evidence.final.positions),
    ),
    (
        "reconciliation agrees with every province",
        clearing.reconciled,
        lambda evidence: sum(leg.hub_count for leg in evidence.final.comparisons),
    ),
    ("the feed is the journal", feeds.is_the_journal, _journal),
    ("the feed gives each event once, in its order", feeds.each_once, _events),
    (
        "all consumers of the feed converge",
        feeds.converges,
        lambda evidence: len(evidence.final.feeds),
    ),
    ("the feed is in the order of the answers", feeds.in_order, _events),
    ("every visit is registered once", visits.registered_once, _visits),
    ("a person has one open stay", visits.one_open_stay, _visits),
    ("an invoice is claimed once", invoices.claimed_once, _invoices),
    ("nobody is refused for an invoice of their own", invoices.refused_rightly, _invoices),
    ("fee lines stand as uploaded", visits.lines_are_kept, _lines),
    ("fee lines are settled once", visits.lines_settled_once, _lines),
    ("settlements of a stay are a stack", visits.stays_are_stacks, _visits),
)
"""Name, rule, and how much it was held against."""


def examine(history: History, final: Final) -> tuple[Check, ...]:
    """Holds every rule against a run."""
    evidence = evidence_of(history, final)
    return tuple(
        Check(name=name, count=count(evidence), contradictions=tuple(rule(evidence)))
        for name, rule, count in RULES
    )


def audit(history: History, final: Final) -> list[str]:
    """Returns what contradicts what in a run, each with the rule it breaks; empty: nothing."""
    return [
        f"{check.name}: {contradiction}"
        for check in examine(history, final)
        for contradiction in check.contradictions
    ]
