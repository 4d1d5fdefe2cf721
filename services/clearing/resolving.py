"""Use cases of differences: look at one, and say that it is resolved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.clearing import difference_store
from services.clearing.difference_store import Difference
from services.clearing.domain.difference_states import DifferenceState
from services.kit.db import Connection, Database
from services.kit.errors import Absent, RuleForbids
from services.kit.idempotency import once
from services.kit.notes import read_note, refuse_long_number

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What was done about a difference and by whom."""

    difference_id: UUID
    note: str
    operator_code: str


def read_resolution(difference_id: UUID, note: str, operator_code: str) -> Resolution:
    """Returns a resolution.

    Raises:
        InvalidArgument: the note is empty, or holds a number that may be a person's.
    """
    note = read_note(note)
    refuse_long_number(operator_code, "operator_code")
    return Resolution(difference_id=difference_id, note=note, operator_code=operator_code)


async def get_difference(connection: Connection | Database, difference_id: UUID) -> Difference:
    """Returns a difference.

    Raises:
        Absent: there is none of this id.
    """
    found = await difference_store.find(connection, difference_id)
    if found is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such difference",
            field="difference_id",
            metadata={"resource": "difference"},
        )
    return found


async def resolve(connection: Connection, resolution: Resolution, now: datetime) -> Difference:
    """Marks a difference resolved; one that was resolved with the same words stays as it is.

    Raises:
        Absent: there is none of this id.
        RuleForbids: it was resolved with other words, or ended otherwise.
    """
    closed = await difference_store.close(
        connection,
        resolution.difference_id,
        DifferenceState.RESOLVED,
        close_time=now,
        note=resolution.note,
        operator_code=resolution.operator_code,
    )
    found = await get_difference(connection, resolution.difference_id)
    same = (found.note, found.operator_code) == (resolution.note, resolution.operator_code)
    if not closed and not same:
        raise RuleForbids(
            "DIFFERENCE_RESOLVED",
            "the difference is not open any more",
            field="difference_id",
            metadata={"state": found.state.value},
        )
    return found


async def replayed(database: Database, request: Any, response_type: type[M]) -> M | None:
    """Returns the first answer to a request that was served before; None: it was not.

    For calls whose work is too long to be done in the transaction that would tell.
    """

    async def fresh(_connection: Connection) -> M:
        raise _Fresh

    try:
        return await once(database, request, response_type, fresh)
    except _Fresh:
        return None


class _Fresh(Exception):
    """The request has not been served."""
