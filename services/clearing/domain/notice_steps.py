"""The limits of a notice's steps: who has to do what by when, and who is late (§2.2).

    T0            issued                                                      due of
    SUBMITTED     the payer's agency hands the notice to finance       + 5    T0
    TRANSFERRED   finance transfers the money                          + 10   the submission
    RETURNED      finance tells the agency in writing                  + 5    the transfer
    CONFIRMED, RECEIVED  both agencies book it                         no limit

Days are working days. A limit is counted from when the step before was done; until it is, from the
limit of the step before, so that whoever is late costs nobody else a day. Who is late is the
party of the first step that is not done, also where the receiver was quicker to book than the
payer to tell. A submission that nobody recorded is overtaken by the money. The day by which that
has to be there is fixed when the notice is issued: T0 + 5 + 10; whoever says that it transferred
and did not is late from the day after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from services.clearing.domain.notice import Notice, NoticeStep
from services.clearing.domain.notice_states import NoticeState
from services.kit.dates import Deadline

AddDays = Callable[[date, int], Deadline]
"""Returns the last day of so many working days after a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Working days of the steps of a notice."""

    submit_days: int
    transfer_days: int
    return_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """Where a step of a notice stands."""

    step: NoticeStep
    region_code: str
    """Whose step it is."""
    deadline: Deadline | None
    """None: there is no limit."""
    done_date: date | None
    overdue: bool
    """It is the one that is awaited, and its limit is over."""
    late: bool
    """It was done after its limit."""


def region_of(step: NoticeStep, notice: Notice) -> str:
    """Returns whose step it is."""
    if step is NoticeStep.RECEIVED:
        return notice.receiver_region_code
    return notice.payer_region_code


def due(issue_date: date, limits: Limits, add_days: AddDays) -> Deadline:
    """Returns the day by which the money of a notice has to be there."""
    submitted = add_days(issue_date, limits.submit_days)
    transferred = add_days(submitted.day, limits.transfer_days)
    return Deadline(transferred.day, submitted.provisional or transferred.provisional)


def steps_of(
    notice: Notice,
    done: Mapping[NoticeStep, date],
    limits: Limits,
    add_days: AddDays,
    *,
    today: date,
) -> tuple[StepStatus, ...]:
    """Returns the steps of a notice in order; none: it was not issued, or moves no money."""
    if notice.issue_date is None or not notice.amount_fen or notice.state is NoticeState.REJECTED:
        return ()
    counts = {
        NoticeStep.SUBMITTED: limits.submit_days,
        NoticeStep.TRANSFERRED: limits.transfer_days,
        NoticeStep.RETURNED: limits.return_days,
    }
    found: list[StepStatus] = []
    since, provisional = notice.issue_date, False
    awaited = _awaited(done)
    for step in NoticeStep:
        done_date = done.get(step)
        deadline = None
        if step in counts:
            deadline = add_days(since, counts[step])
            deadline = Deadline(deadline.day, provisional or deadline.provisional)
        past = deadline is not None and (done_date or today) > deadline.day
        found.append(
            StepStatus(
                step=step,
                region_code=region_of(step, notice),
                deadline=deadline,
                done_date=done_date,
                overdue=past and step is awaited,
                late=past and done_date is not None,
            )
        )
        if deadline is not None:
            since = done_date or deadline.day
            # Counted anew from a day that is certain.
            provisional = deadline.provisional and done_date is None
    return tuple(found)


def _awaited(done: Mapping[NoticeStep, date]) -> NoticeStep | None:
    for step in NoticeStep:
        overtaken = step is NoticeStep.SUBMITTED and NoticeStep.TRANSFERRED in done
        if step not in done and not overtaken:
            return step
    return None


BEFORE: Mapping[NoticeStep, NoticeStep] = MappingProxyType(
    {
        NoticeStep.TRANSFERRED: NoticeStep.SUBMITTED,
        NoticeStep.RETURNED: NoticeStep.TRANSFERRED,
        NoticeStep.CONFIRMED: NoticeStep.RETURNED,
        NoticeStep.RECEIVED: NoticeStep.TRANSFERRED,
    }
)
"""What has to be done before a step."""


def step_problem(
    notice: Notice, done: Mapping[NoticeStep, date], step: NoticeStep, done_date: date
) -> str:
    """Returns why a step cannot be recorded with a day; empty: it can."""
    if step in done:
        return "the step is recorded"
    before = BEFORE.get(step)
    if before is not None and before not in done:
        return f"{before.value} comes first"
    earliest = done[before] if before is not None else notice.issue_date
    if earliest is None or done_date < earliest:
        return "the day is before the step that comes first"
    after = [done[later] for later, first in BEFORE.items() if first is step and later in done]
    if after and done_date > min(after):
        return "the day is after the step that follows"
    return ""
