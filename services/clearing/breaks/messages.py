"""Between breaks and their contract."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from services.clearing.breaks.model import Signed
from services.clearing.domain.break_explanations import EXPLANATION_EN, EXPLANATION_ZH
from services.kit import notes, wire
from services.kit.wire import invalid
from yijie.clearing.v1 import break_pb2

if TYPE_CHECKING:
    from services.clearing.breaks.model import AgeCounts, Break, BreakChange, LedgerDay
    from services.clearing.domain.breaks import BookRecord

E = TypeVar("E", bound=Enum)


def read_enum(wrapper: Any, number: int, prefix: str, kind: type[E]) -> E | None:
    """Returns the member of a contract's number; None: unspecified."""
    return kind(wrapper.Name(number).removeprefix(prefix)) if number else None


def read_ids(texts: Any, field: str) -> list[UUID]:
    """Returns ids, each of which must be named once."""
    found = [wire.read_uuid(text) for text in texts]
    if len(set(found)) < len(found):
        raise invalid(field, "names something twice")
    return found


def read_signed(request: Any) -> Signed:
    """Returns what two people say.

    Raises:
        InvalidArgument: FIELD_INVALID: the note is blank or holds a number that may be a person's.
        RuleForbids: MAKER_IS_CHECKER.
    """
    maker_id, checker_id = notes.read_two_people(request.maker_id, request.checker_id)
    return Signed(note=notes.read_note(request.note), maker_id=maker_id, checker_id=checker_id)


def write_break(found: Break) -> break_pb2.Break:
    """Returns the message of a break."""
    place = found.place
    message = break_pb2.Break(
        break_id=str(found.break_id),
        source=_number(break_pb2.BreakSource, found.source),
        journal_date=wire.write_date(found.journal_date),
        month=found.month,
        settlement_id=_text(found.settlement_id),
        event_kind=found.event_kind,
        insured_region_code=place.insured_region_code,
        care_region_code=place.care_region_code,
        scheme_code=place.scheme_code,
        kind=_number(break_pb2.BreakKind, found.kind),
        cause=_number(break_pb2.BreakCause, found.cause),
        owner=_number(break_pb2.BreakOwner, found.owner),
        twin_settlement_id=_text(found.twin_settlement_id),
        explanation_zh=EXPLANATION_ZH[found.cause],
        explanation_en=EXPLANATION_EN[found.cause],
        state=_number(break_pb2.BreakState, found.state),
        find_time=wire.write_time(found.find_time),
    )
    if found.journal is not None:
        message.journal.CopyFrom(_write_side(found.journal))
    if found.ledger is not None:
        message.ledger.CopyFrom(_write_side(found.ledger))
    if found.close_time is not None:
        message.close_time.CopyFrom(wire.write_time(found.close_time))
    return message


def write_change(change: BreakChange) -> break_pb2.BreakChange:
    """Returns the message of a step in the life of a break."""
    return break_pb2.BreakChange(
        state=_number(break_pb2.BreakState, change.state),
        change_time=wire.write_time(change.change_time),
        month=change.month,
        note=change.note,
        maker_id=change.maker_id,
        checker_id=change.checker_id,
    )


def write_day(day: LedgerDay) -> break_pb2.LedgerDay:
    """Returns the message of a day."""
    message = break_pb2.LedgerDay(
        journal_date=wire.write_date(day.journal_date),
        journal_count=day.journal_count,
        journal_total=wire.write_money(day.journal_fen),
        ledger_count=day.ledger_count,
        ledger_total=wire.write_money(day.ledger_fen),
        break_count=day.break_count,
        carry_month=day.carry_month,
    )
    if day.state is not None:
        message.state = _number(break_pb2.LedgerDayState, day.state)
    if day.compare_time is not None:
        message.compare_time.CopyFrom(wire.write_time(day.compare_time))
    return message


def write_summary(counts: AgeCounts) -> break_pb2.BreakSummary:
    """Returns the message of how many breaks of one sort there are."""
    day, three_days, week, older = counts.counts
    return break_pb2.BreakSummary(
        source=_number(break_pb2.BreakSource, counts.source),
        kind=_number(break_pb2.BreakKind, counts.kind),
        owner=_number(break_pb2.BreakOwner, counts.owner),
        day_count=day,
        three_day_count=three_days,
        week_count=week,
        older_count=older,
    )


def _write_side(record: BookRecord) -> break_pb2.BreakSide:
    return break_pb2.BreakSide(
        insured_region_code=record.place.insured_region_code,
        care_region_code=record.place.care_region_code,
        scheme_code=record.place.scheme_code,
        fund_total=wire.write_money(record.fund_fen),
        account_pay=wire.write_money(record.account_fen),
        event_time=wire.write_time(record.event_time),
    )


def _number(wrapper: Any, member: Enum) -> Any:
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wrapper.DESCRIPTOR.name).upper()
    return wrapper.Value(f"{prefix}_{member.value}")


def _text(identifier: UUID | None) -> str:
    return "" if identifier is None else str(identifier)
