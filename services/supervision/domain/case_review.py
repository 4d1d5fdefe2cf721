"""What a review of a case may say, who may say it, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.kit.errors import InvalidArgument, RuleForbids
from services.supervision.domain.case_states import AFTER, BEFORE, CaseState, Step, same_stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

_HEARD: Final = frozenset({Step.ANSWER, Step.FINAL})
"""Reviews after the opinion: an institution is not charged more than it could answer to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a review says of one finding."""

    finding_id: UUID
    step: Step
    is_confirmed: bool
    at_fault_fen: int | None = None
    """How much of its lines is at fault; None: what the review before said, at first all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A finding of a case, as far as reviews need it."""

    finding_id: UUID
    amount_fen: int
    is_withdrawn: bool
    verdicts: tuple[Verdict, ...] = ()
    """In order of the reviews."""

    @property
    def is_open(self) -> bool:
        """Whether it stands and no review dismissed it."""
        return not self.is_withdrawn and all(one.is_confirmed for one in self.verdicts)

    @property
    def at_fault_fen(self) -> int:
        """What the last review said is at fault; at first all."""
        last = self.verdicts[-1].at_fault_fen if self.verdicts else None
        return self.amount_fen if last is None else last


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A review that is done."""

    step: Step
    officer_id: str


def decide(
    state: CaseState,
    step: Step,
    doubts: Sequence[Doubt],
    verdicts: Sequence[Verdict],
) -> CaseState:
    """Returns where a review leads.

    Args:
        state: where the case stands.
        step: the review.
        doubts: all findings of the case.
        verdicts: one for each finding that is open, in any order.

    Raises:
        RuleForbids: CASE_STATE_FORBIDS: the case waits for something else, or nothing of it stands.
        InvalidArgument: FIELD_INVALID: a verdict is missing, repeated, about something else, or of
            more than the finding's amount; once the institution was heard, of more than it was
            told.
    """
    require_step(state, step)
    still = {one.finding_id: one for one in doubts if one.is_open}
    if not still:
        raise _state_forbids(CaseState.LAPSED)
    seen: set[UUID] = set()
    for index, verdict in enumerate(verdicts):
        doubt = still.get(verdict.finding_id)
        field = f"verdicts[{index}]"
        if doubt is None or verdict.finding_id in seen:
            raise _invalid(f"{field}.finding_id", "is no open finding of the case, or stands twice")
        most = doubt.at_fault_fen if step in _HEARD else doubt.amount_fen
        if verdict.at_fault_fen is not None and not (
            verdict.is_confirmed and 0 < verdict.at_fault_fen <= most
        ):
            raise _invalid(
                f"{field}.at_fault",
                "must be of what is confirmed, and at most its amount, or what the opinion says",
            )
        seen.add(verdict.finding_id)
    if len(seen) < len(still):
        raise _invalid("verdicts", "leave an open finding out")
    return AFTER[step] if any(one.is_confirmed for one in verdicts) else CaseState.DISMISSED


def confirm_all(step: Step, doubts: Sequence[Doubt]) -> list[Verdict]:
    """Returns the verdicts that confirm what is open, as the review before left it."""
    return [
        Verdict(
            finding_id=one.finding_id,
            step=step,
            is_confirmed=True,
            at_fault_fen=one.verdicts[-1].at_fault_fen if one.verdicts else None,
        )
        for one in doubts
        if one.is_open
    ]


def complete(doubts: Sequence[Doubt], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Returns verdicts with what the review before said where they say nothing of the amount."""
    before = {one.finding_id: one.verdicts[-1].at_fault_fen for one in doubts if one.verdicts}
    return [
        replace(one, at_fault_fen=before.get(one.finding_id))
        if one.is_confirmed and one.at_fault_fen is None
        else one
        for one in verdicts
    ]


def require_step(state: CaseState, step: Step) -> None:
    """Refuses a review that the case does not wait for.

    Raises:
        RuleForbids: CASE_STATE_FORBIDS.
    """
    if state not in BEFORE[step]:
        raise _state_forbids(state)


def require_another_person(step: Step, officer_id: str, done: Sequence[Decided]) -> None:
    """Refuses a person who decided in another stage of the case, however the code is written.

    Raises:
        RuleForbids: CASE_SAME_PERSON.
    """
    for one in done:
        same_person = one.officer_id.casefold() == officer_id.casefold()
        if same_person and not same_stage(one.step, step):
            raise RuleForbids(
                "CASE_SAME_PERSON",
                "the person decided in another stage of the case",
                field="officer_id",
                metadata={"step": one.step.value},
            )


def with_verdicts(doubts: Sequence[Doubt], verdicts: Sequence[Verdict]) -> Mapping[UUID, int]:
    """Returns what is at fault of each finding that complete verdicts confirm, fen."""
    amounts = {one.finding_id: one.amount_fen for one in doubts}
    return {
        one.finding_id: amounts[one.finding_id] if one.at_fault_fen is None else one.at_fault_fen
        for one in verdicts
        if one.is_confirmed
    }


def _state_forbids(state: CaseState) -> RuleForbids:
    return RuleForbids(
        "CASE_STATE_FORBIDS",
        "the case waits for something else",
        field="case_id",
        metadata={"state": state.value},
    )


def _invalid(field: str, problem: str) -> InvalidArgument:
    return InvalidArgument("FIELD_INVALID", f"{field}: {problem}", field=field)
