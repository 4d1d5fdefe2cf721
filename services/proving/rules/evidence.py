"""What a run left, arranged so that rules can look things up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from services.proving.history import (
    Answered,
    Final,
    History,
    Operation,
    Recompute,
    Reverse,
    Settle,
    Settlement,
    SettleVisit,
    State,
)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule held against a run."""

    name: str
    count: int
    """How many things it was held against: a rule that saw nothing proves nothing."""
    contradictions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A run and what was left of it. Made by `evidence_of`."""

    history: History
    final: Final
    settles: Mapping[str, list[Operation]]
    """Attempts to settle, by request id, in the order of sending."""
    reversals: Mapping[str, list[Operation]]
    """Attempts to reverse, by the settlement that they are about."""
    recomputations: Mapping[str, list[Operation]]
    """Attempts to compute anew, by the settlement to replace."""
    listed: Mapping[str, Settlement]
    """The journal by settlement id."""

    def undoings(self, settlement_id: str) -> list[Operation]:
        """Returns every attempt after which a settlement may not stand any more."""
        return [
            *self.reversals.get(settlement_id, ()),
            *self.recomputations.get(settlement_id, ()),
        ]

    def answers(self) -> Iterator[tuple[Operation, Settlement]]:
        """Yields each answer that shows a settlement of the journal (not a trial)."""
        for operation in self.history.operations:
            match operation.reply:
                case Answered(settlement) if settlement.settlement_id:
                    yield operation, settlement

    def standing(self) -> Iterator[tuple[Settlement, int]]:
        """Yields what stands, with how many fen its funds and account pay."""
        for settlement in self.listed.values():
            if settlement.stands and settlement.adjudication is not None:
                paid = settlement.adjudication
                yield settlement, paid.fund_total + paid.account_pay


def evidence_of(history: History, final: Final) -> Evidence:
    """Arranges a run."""
    settles: dict[str, list[Operation]] = defaultdict(list)
    reversals: dict[str, list[Operation]] = defaultdict(list)
    recomputations: dict[str, list[Operation]] = defaultdict(list)
    for operation in history.operations:
        match operation.request:
            case Settle() | SettleVisit() as request:
                settles[request.request_id].append(operation)
            case Reverse() as request:
                reversals[target_of(request, final)].append(operation)
            case Recompute() as request:
                recomputations[request.settlement_id].append(operation)
    return Evidence(
        history=history,
        final=final,
        settles=dict(settles),
        reversals=dict(reversals),
        recomputations=dict(recomputations),
        listed={settlement.settlement_id: settlement for settlement in final.listed},
    )


def target_of(request: Reverse, final: Final) -> str:
    """Returns the settlement that a reversal is about; empty: there is none."""
    if request.settlement_id:
        return request.settlement_id
    found = final.by_request.get(request.settle_request_id)
    return found.settlement_id if found else ""


def facts(settlement: Settlement) -> Settlement:
    """Returns what never changes of a settlement that came about, whoever shows it."""
    return replace(settlement, state=State.SETTLED, reverse_time=None, lines=())


def differences(one: Settlement, other: Settlement) -> str:
    """Names the facts in which two pictures of a settlement differ; empty: in none."""
    left, right = facts(one), facts(other)
    return ", ".join(
        name
        for name in Settlement.__dataclass_fields__
        if getattr(left, name) != getattr(right, name)
    )


def named(settlement: Settlement) -> str:
    """Names a settlement in a finding."""
    return f"settlement {settlement.settlement_id} (request {settlement.request_id})"
