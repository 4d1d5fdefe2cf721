"""Holds findings against labels: what was found of each kind, and how often each rule was right."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.proving.supervision_year.kinds import HARD, Kind, Label
from services.proving.supervision_year.plan import Plan, Way

EXPECTED: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        Kind.SEX: frozenset({"DRUG_SEX", "ITEM_SEX"}),
        Kind.AGE: frozenset({"DRUG_AGE", "ITEM_AGE"}),
        Kind.LEVEL: frozenset({"DRUG_LEVEL"}),
        Kind.SETTING: frozenset({"DRUG_SETTING"}),
        Kind.DUPLICATE_CHARGE: frozenset({"DUPLICATE_CHARGE"}),
        Kind.FREQUENCY: frozenset({"ITEM_FREQUENCY"}),
        Kind.STAY_DAYS: frozenset({"STAY_DAYS", "BED_DAYS"}),
        Kind.OVERLAPPING_STAY: frozenset({"OVERLAPPING_STAY"}),
        Kind.SPLIT_STAY: frozenset({"SPLIT_STAY"}),
        Kind.DUPLICATE_INVOICE: frozenset({"DUPLICATE_INVOICE"}),
        Kind.SHARED_PHONE: frozenset({"SHARED_PHONE"}),
        Kind.PRICE_OUTLIER: frozenset({"PRICE_OUTLIER"}),
    }
)
"""By which rules a kind is to be found. What another rule says of the same lines does not count."""
RECALL_MIN_OF_100: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding as supervision lists it."""

    finding_id: str
    bill_id: str
    rule_code: str
    line_ids: frozenset[str]
    """Empty: the whole bill."""
    amount_fen: int

    @classmethod
    def of(cls, message: Any) -> Found:
        """Reads a RecordedFinding."""
        return cls(
            finding_id=message.finding_id,
            bill_id=message.settlement_id,
            rule_code=message.finding.rule_code,
            line_ids=frozenset(message.finding.line_ids),
            amount_fen=message.finding.amount.fen,
        )


@dataclass(slots=True)
class Measured:
    """What came of it."""

    injected: Counter[Kind] = field(default_factory=Counter)
    hit: Counter[Kind] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    """By rule: findings on what was injected."""
    wrong: Counter[str] = field(default_factory=Counter)
    """By rule: findings on what is in order."""
    missed: list[tuple[Kind, str]] = field(default_factory=list)
    """Kind and bill of violations that nothing found."""
    true_ids: set[str] = field(default_factory=set)
    """Findings that are right: what an officer who sees everything confirms."""

    @property
    def hard_recall(self) -> tuple[int, int]:
        """How many violations of hard kinds were found, and how many there are."""
        return (
            sum(self.hit[kind] for kind in HARD),
            sum(self.injected[kind] for kind in HARD),
        )

    @property
    def holds(self) -> bool:
        """Tells whether enough of the hard kinds were found."""
        found, injected = self.hard_recall
        return found * 100 >= injected * RECALL_MIN_OF_100


def measure(plan: Plan, findings: Iterable[Found]) -> Measured:
    """Holds findings against the labels of a year."""
    measured = Measured()
    bills = plan.by_id
    found_of: dict[str, list[Found]] = {}
    for one in findings:
        found_of.setdefault(one.bill_id, []).append(one)
        label = bills[one.bill_id].label if one.bill_id in bills else None
        if label is not None and _is_about(one, label):
            measured.right[one.rule_code] += 1
            measured.true_ids.add(one.finding_id)
        else:
            measured.wrong[one.rule_code] += 1
    for bill in plan.of_way(Way.DIRECT):
        if bill.label is None:
            continue
        kind = bill.label.kind
        measured.injected[kind] += 1
        key = str(bill.settlement_id)
        if any(
            one.rule_code in EXPECTED[kind] and _is_about(one, bill.label)
            for one in found_of.get(key, ())
        ):
            measured.hit[kind] += 1
        else:
            measured.missed.append((kind, key))
    return measured


def digest_of(findings: Iterable[Found]) -> str:
    """Returns the SHA-256 of findings, in whatever order they were recorded."""
    rows = sorted(
        f"{one.bill_id}\t{one.rule_code}\t{','.join(sorted(one.line_ids))}\t{one.amount_fen}\n"
        for one in findings
    )
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def _is_about(one: Found, label: Label) -> bool:
    """Tells whether a finding is about what was injected: its lines, or by a rule for its kind.

    What another rule says of the bill as a whole is about something else.
    """
    if label.line_ids & one.line_ids:
        return True
    is_whole = not (label.line_ids and one.line_ids)
    return is_whole and one.rule_code in EXPECTED[label.kind]
