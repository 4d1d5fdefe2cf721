"""Tickets: who is responsible for what refused a bill, and until when they have to answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.errors import OfAnotherProvince, RuleForbids
from services.supervision.domain.ticket_states import TicketState, is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta
    from uuid import UUID

LEVEL_MAX: Final = 3
"""Highest level of escalation: beyond it nobody is above."""


class TicketKind(Enum):
    """What a ticket is about."""

    CANNOT_SETTLE = "CANNOT_SETTLE"
    VERIFY_BILL = "VERIFY_BILL"
    SYSTEM_FAULT = "SYSTEM_FAULT"


class Party(Enum):
    """Whose a cause is. Tickets go to all but the patient."""

    CARE_PROVINCE = "CARE_PROVINCE"
    INSURED_PROVINCE = "INSURED_PROVINCE"
    INSTITUTION = "INSTITUTION"
    HUB = "HUB"
    PATIENT = "PATIENT"


def province_of(area_code: str) -> str:
    """Returns the province of an area, xx0000; empty: no province that takes part."""
    region_code = codes.province_of(area_code) if area_code else ""
    # Nobody could answer for a province that there is not.
    return region_code if region_code in codes.PROVINCES else ""


@dataclass(frozen=True, slots=True)
class Responsibility:
    """What a reason of refusal leads to."""

    party: Party
    kind: TicketKind | None
    """None: nobody has to be told; the window or the patient mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A Settle that was answered with an error, as supervision keeps it."""

    refusal_id: UUID
    reason: str
    """ErrorReason without prefix."""
    from_insured_region: bool
    """The insured region itself refused or was silent."""
    care_area_code: str
    """Six digits; empty: not known, as all codes below."""
    insured_area_code: str
    institution_code: str
    medical_type_code: str
    scheme_code: str
    total_fen: int
    """0: not known."""
    duration_ms: int
    trace_id: str
    request_id: UUID | None
    event_time: datetime

    @property
    def care_region_code(self) -> str:
        """The care province, xx0000: of the area, or else of the institution's code."""
        return province_of(self.care_area_code) or self.institution_region_code

    @property
    def institution_region_code(self) -> str:
        """The province that the institution's code names, xx0000."""
        return province_of(self.institution_code[1:7])

    @property
    def insured_region_code(self) -> str:
        """The insured province, xx0000."""
        return province_of(self.insured_area_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What refusals of one ticket have in common."""

    kind: TicketKind
    reason: str
    party: Party
    responsible_region_code: str
    """Province that answers; empty: the hub."""
    institution_code: str = ""
    care_region_code: str = ""
    """Empty, as the next: it does not matter which."""
    insured_region_code: str = ""

    @property
    def key(self) -> str:
        """Text that is the same for the same cause."""
        parts = (
            self.kind.value,
            self.reason,
            self.party.value,
            self.responsible_region_code,
            self.institution_code,
            self.care_region_code,
            self.insured_region_code,
        )
        return "|".join(parts)

    @property
    def collective(self) -> Cause:
        """The same, of all institutions of the province that answers."""
        return replace(self, party=Party.CARE_PROVINCE, institution_code="", care_region_code="")


def responsible(
    refusal: Refusal, table: Mapping[str, Responsibility], other: Responsibility
) -> tuple[Party, Cause | None]:
    """Returns whose a refusal is and the cause that its ticket is about; None: no ticket.

    A fault of a system is the insured province's where that side gave it, and one ticket whoever
    calls; anything else concerns a pair of provinces. Where the code of the party that the table
    names is not known, the hub has to find out.
    """
    given = table.get(refusal.reason, other)
    party, kind = given.party, given.kind
    if kind is TicketKind.SYSTEM_FAULT and party is Party.HUB and refusal.from_insured_region:
        party = Party.INSURED_PROVINCE
    if kind is None:
        return party, None
    region = {
        Party.CARE_PROVINCE: refusal.care_region_code,
        Party.INSURED_PROVINCE: refusal.insured_region_code,
        # The province that its code names, as where somebody opens a ticket: it has it designated.
        Party.INSTITUTION: refusal.institution_region_code,
    }.get(party, "")
    if not region:
        party = Party.HUB
    is_pair = kind is not TicketKind.SYSTEM_FAULT and party is not Party.HUB
    return party, Cause(
        kind=kind,
        reason=refusal.reason,
        party=party,
        responsible_region_code=region,
        institution_code=refusal.institution_code if party is Party.INSTITUTION else "",
        care_region_code=refusal.care_region_code if is_pair else "",
        insured_region_code=(
            # An institution is told once, whoever its patients are.
            refusal.insured_region_code if is_pair and party is not Party.INSTITUTION else ""
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clockwork:
    """The clock of tickets; clock hours, nights and holidays included."""

    answer: timedelta
    """From opening, or opening again, to the due time."""
    escalation: timedelta
    """From one level to the next, after the due time."""
    quiet: timedelta
    """After an answer: a ticket that came by itself, and nothing came since, is closed."""
    stale: timedelta
    """A refusal that is older opens nothing: what it was about is over or told by newer ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A matter that a party has to answer."""

    ticket_id: UUID
    kind: TicketKind
    state: TicketState
    party: Party
    responsible_region_code: str
    """Province that answers; empty: the hub."""
    institution_code: str
    opener_region_code: str
    """Empty: the hub, or it is automatic."""
    is_automatic: bool
    reason: str
    care_region_code: str
    insured_region_code: str
    settlement_id: UUID | None
    question: str
    answer: str
    refusal_count: int
    refused_fen: int
    last_refusal_time: datetime | None
    level: int
    base_level: int
    """Level when the present clock began."""
    open_time: datetime
    first_due_time: datetime
    due_time: datetime
    first_answer_time: datetime | None
    answer_time: datetime | None
    reopen_count: int
    close_time: datetime | None
    opener_id: str

    @property
    def regions(self) -> frozenset[str]:
        """The provinces that are a party of it."""
        return frozenset(
            {
                self.responsible_region_code,
                self.opener_region_code,
                self.care_region_code,
                self.insured_region_code,
            }
            - {""}
        )

    @property
    def is_late(self) -> bool:
        """Whether its first answer came after the first due time."""
        return self.first_answer_time is not None and self.first_answer_time > self.first_due_time

    def is_overdue(self, now: datetime) -> bool:
        """Tells whether it waits for an answer after its time."""
        return self.state is TicketState.OPEN and now > self.due_time

    def level_at(self, now: datetime, clockwork: Clockwork) -> int:
        """Returns the level that an open ticket has by its clock: never less than it has."""
        if not self.is_overdue(now):
            return self.level
        # Terms that have begun: the first begins at the due time.
        terms = -((self.due_time - now) // clockwork.escalation)
        # Somebody may have raised it by hand meanwhile.
        return min(LEVEL_MAX, max(self.level, self.base_level + terms))


def answered(ticket: Ticket, region_code: str, text: str, now: datetime) -> Ticket:
    """Returns a ticket that its party answers.

    Raises:
        RuleForbids: TICKET_OF_ANOTHER_PROVINCE, TICKET_STATE_FORBIDS.
    """
    if region_code != ticket.responsible_region_code:
        raise _of_another("only the party responsible answers")
    _require_way(ticket, TicketState.ANSWERED)
    # Where the clock was put back, or another process's is ahead: nothing is answered before it is
    # asked, and no clock runs shorter than the one before it.
    instant = max(now, ticket.open_time)
    return replace(
        ticket,
        state=TicketState.ANSWERED,
        answer=text,
        answer_time=instant,
        first_answer_time=ticket.first_answer_time or instant,
    )


def escalated(ticket: Ticket, region_code: str, now: datetime, clockwork: Clockwork) -> Ticket:
    """Returns a ticket that somebody affected raises by one level.

    Raises:
        RuleForbids: TICKET_OF_ANOTHER_PROVINCE, TICKET_STATE_FORBIDS, TICKET_LEVEL_HIGHEST,
            TICKET_NOT_OVERDUE, in this order.
    """
    _require_affected(ticket, region_code)
    if ticket.state is TicketState.CLOSED:
        raise _state_forbids(ticket)
    if ticket.level >= LEVEL_MAX:
        raise RuleForbids("TICKET_LEVEL_HIGHEST", "nobody is above this level", field="ticket_id")
    if ticket.state is TicketState.OPEN and not ticket.is_overdue(now):
        raise RuleForbids("TICKET_NOT_OVERDUE", "there is still time to answer", field="ticket_id")
    raised = replace(ticket, level=ticket.level + 1)
    return raised if ticket.state is TicketState.OPEN else reopened(raised, now, clockwork)


def raised(ticket: Ticket, now: datetime, clockwork: Clockwork) -> Ticket:
    """Returns a ticket with the level that its clock gives it."""
    return replace(ticket, level=ticket.level_at(now, clockwork))


def reopened(ticket: Ticket, now: datetime, clockwork: Clockwork) -> Ticket:
    """Returns an answered ticket open again, with a new clock."""
    _require_way(ticket, TicketState.OPEN)
    return replace(
        ticket,
        state=TicketState.OPEN,
        due_time=max(now + clockwork.answer, ticket.due_time),
        base_level=ticket.level,
        reopen_count=ticket.reopen_count + 1,
    )


def closed(ticket: Ticket, region_code: str, now: datetime) -> Ticket:
    """Returns a ticket that somebody affected closes: who is responsible cannot hide it.

    Raises:
        RuleForbids: TICKET_OF_ANOTHER_PROVINCE, TICKET_STATE_FORBIDS.
    """
    _require_affected(ticket, region_code)
    _require_way(ticket, TicketState.CLOSED)
    return replace(ticket, state=TicketState.CLOSED, close_time=now)


def closed_by_itself(ticket: Ticket, now: datetime) -> Ticket:
    """Returns an answered ticket closed, because nothing came back."""
    _require_way(ticket, TicketState.CLOSED)
    return replace(ticket, state=TicketState.CLOSED, close_time=now)


def joined(ticket: Ticket, refusals: Iterable[Refusal]) -> Ticket:
    """Returns a ticket with some refusals more."""
    found = list(refusals)
    times = [one.event_time for one in found]
    if ticket.last_refusal_time is not None:
        times.append(ticket.last_refusal_time)
    return replace(
        ticket,
        refusal_count=ticket.refusal_count + len(found),
        refused_fen=ticket.refused_fen + sum(one.total_fen for one in found),
        last_refusal_time=max(times, default=None),
    )


def _require_affected(ticket: Ticket, region_code: str) -> None:
    # The hub may for anybody, but not where it has to answer itself. A party that is also affected
    # (a province that an institution of its own is responsible in) is not the one who closes.
    if region_code == ticket.responsible_region_code or (
        region_code and region_code not in ticket.regions
    ):
        raise _of_another("only who is affected does this, not the party responsible")


def _require_way(ticket: Ticket, to: TicketState) -> None:
    if not is_allowed(ticket.state, to):
        raise _state_forbids(ticket)


def _state_forbids(ticket: Ticket) -> RuleForbids:
    return RuleForbids(
        "TICKET_STATE_FORBIDS",
        "the ticket is in another state",
        field="ticket_id",
        metadata={"state": ticket.state.value},
    )


def _of_another(message: str) -> RuleForbids:
    return OfAnotherProvince("TICKET_OF_ANOTHER_PROVINCE", message, field="region_code")
