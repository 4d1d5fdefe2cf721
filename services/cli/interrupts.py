"""Runs a command so that Ctrl-C, SIGTERM and a closed terminal end it in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Any, Final

from services.cli.loops import loop_factory

EXIT_BY_SIGNAL: Final = 128
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(command: Coroutine[Any, Any, int]) -> int:
    """Runs a command to its exit code; 128 + number when a signal ended it.

    The first signal cancels the command, so that every `finally` runs: services are stopped,
    temporary data is removed. Further ones are ignored, because all waits of the way down are
    bounded.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(command))


async def _run(command: Coroutine[Any, Any, int]) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(command)
    received: list[int] = []

    def interrupt(number: int) -> None:
        if received:
            return
        received.append(number)
        sys.stderr.write("\n  正在停止 · stopping …\n")
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt, number)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return EXIT_BY_SIGNAL + received[0] if received else 1
