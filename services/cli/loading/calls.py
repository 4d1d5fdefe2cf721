"""Calls of a load: they wait out a hub that restarts, and leave out what it will not look at."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from services.kit.channel import NotServedError
from services.kit.errors import DomainError, InvalidArgument, LostRace, Overloaded, Unavailable

PATIENCE_S: Final = 60.0
"""How long a hub may be away before a load gives up; it is resumed by running it again."""
_WAIT_S: Final = 0.2
_WAIT_S_MAX: Final = 5.0
_ENTRY: Final = re.compile(r"([a-z_]+)\[([0-9]+)\]")


async def patiently(call: Callable[[], Awaitable[Any]]) -> Any:
    """Returns what a call answers; what may pass is waited for and asked again.

    Raises:
        DomainError: the hub refused, or was away for too long.
    """
    end = time.monotonic() + PATIENCE_S
    wait = _WAIT_S
    while True:
        try:
            return await call()
        except NotServedError:
            raise
        except (Unavailable, LostRace, Overloaded):
            if time.monotonic() + wait > end:
                raise
        await asyncio.sleep(wait)
        wait = min(2 * wait, _WAIT_S_MAX)


async def shedding(
    count: int, what: str, ask: Callable[[Sequence[int], str], Awaitable[Any]]
) -> tuple[Sequence[int], Any, dict[int, DomainError]]:
    """Asks about `count` entries; those that make the whole request malformed are left out.

    Some methods refuse a request for the form of one entry. Its position is in the error, so the
    others are asked about again without it, under another id each time.

    Returns the positions kept, the answer to those (None: none was left), and errors by position.
    """
    kept: list[int] = list(range(count))
    errors: dict[int, DomainError] = {}
    while kept:
        part = f"without {len(errors)}" if errors else ""
        try:
            return kept, await ask(kept, part), errors
        except InvalidArgument as error:
            blamed = {
                kept[int(found[2])]
                for violation in error.violations
                if (found := _ENTRY.match(violation.field))
                and found[1] == what
                and int(found[2]) < len(kept)
            }
            if not blamed:
                raise
            for index in blamed:
                position = f"{what}[{kept.index(index)}]"
                errors[index] = _of_entry(error, position)
            kept = [index for index in kept if index not in blamed]
    return kept, None, errors


def _of_entry(error: InvalidArgument, position: str) -> InvalidArgument:
    """Returns the part of an error that is about one entry."""
    mine = tuple(
        violation
        for violation in error.violations
        if violation.field == position or violation.field.startswith(f"{position}.")
    )
    return InvalidArgument(
        error.reason, mine[0].description if mine else error.message, violations=mine
    )
