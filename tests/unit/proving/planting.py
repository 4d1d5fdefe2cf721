"""Changes one thing in a run in which everything is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.proving.auditor import audit, examine
from services.proving.history import (
    Answered,
    Event,
    Final,
    Get,
    History,
    PersonYear,
    Reverse,
    Settlement,
)
from tests.unit.proving.world import good_world, uuid

PLAIN, UNDONE, FAILED = (uuid(f"{name} settlement") for name in ("plain", "undone", "failed"))
STAY = uuid("stay visit")
INTERIM = uuid("stay interim settlement")
FINAL_PART = uuid("stay final settlement")


def test_a_good_run_has_no_finding():
    world = good_world()
    assert audit(world.history(), world.final()) == []


def test_every_rule_is_held_against_something_in_a_good_run():
    world = good_world()
    assert [one.name for one in examine(world.history(), world.final()) if not one.count] == []


def relisted(final: Final, settlement: Settlement) -> Final:
    """The final answers with another picture of a settlement, in list and query alike."""
    return replace(
        final,
        listed=tuple(
            settlement if one.settlement_id == settlement.settlement_id else one
            for one in final.listed
        ),
        by_request={**final.by_request, settlement.request_id: settlement},
    )


def kept(final: Final, settlement_id: str) -> Settlement:
    return next(one for one in final.listed if one.settlement_id == settlement_id)


def dropped(final: Final, settlement_id: str) -> Final:
    gone = kept(final, settlement_id)
    return replace(
        final,
        listed=tuple(one for one in final.listed if one is not gone),
        by_request={**final.by_request, gone.request_id: None},
    )


def paying(settlement: Settlement, **changes: object) -> Settlement:
    return replace(settlement, adjudication=replace(settlement.adjudication, **changes))


def refeed(final: Final, events: tuple[Event, ...]) -> Final:
    return replace(final, feeds=(replace(final.feeds[0], events=events), *final.feeds[1:]))


def amended(final: Final, person_id: str, **changes: int) -> Final:
    person = PersonYear(person_id, "310", 2026)
    used = replace(final.accumulators[person], **changes)
    return replace(final, accumulators={**final.accumulators, person: used})


def last_number(history: History) -> int:
    return max(operation.number for operation in history.operations)


def said(history: History, request: object, reply: object) -> History:
    """The history with one more operation at its end."""
    last = history.operations[-1]
    more = replace(
        last,
        number=last.number + 1,
        request=request,
        reply=reply,
        sent=last.ended + 1,
        ended=last.ended + 2,
    )
    return replace(history, operations=(*history.operations, more))


def answering(history: History, settlement_id: str, change: Callable[[Settlement], Settlement]):
    """The history with the first settle answer of a settlement changed."""
    done = False
    operations = []
    for operation in history.operations:
        reply = operation.reply
        if (
            not done
            and isinstance(reply, Answered)
            and reply.settlement.settlement_id == settlement_id
            and not isinstance(operation.request, Get | Reverse)
        ):
            operation = replace(operation, reply=Answered(change(reply.settlement)))  # noqa: PLW2901
            done = True
        operations.append(operation)
    assert done
    return replace(history, operations=tuple(operations))
