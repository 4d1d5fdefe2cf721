"""The event loop of every process: uvloop where there is one, asyncio's own elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns what makes the loop, for asyncio.Runner; None: asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - there is none on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
