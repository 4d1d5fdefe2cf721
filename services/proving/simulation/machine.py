"""Machines whose processes die at any step and start again with nothing but what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVar

from services.proving.simulation.faults import Faults
from services.proving.simulation.loop import VirtualLoop

T = TypeVar("T")

_RESTART_S: Final = (0.5, 6.0)
_AWAY_S: Final = (15.0, 60.0)
_current: ContextVar[Process | None] = ContextVar("simulated_process", default=None)


class Log:
    """What happened, in order. Lines are put together only when somebody reads them."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._lines: list[tuple[float, str, str, tuple[Any, ...]]] = []

    def note(self, who: str, text: str, *parts: Any) -> None:
        """Adds a line; `parts` fill the braces of the text."""
        self._lines.append((self._loop.time(), who, text, parts))

    def lines(self) -> list[str]:
        """Returns the lines, with the virtual time in seconds."""
        return [
            f"{at:11.6f} {who:<12} {text.format(*parts)}" for at, who, text, parts in self._lines
        ]


class Process:
    """One life of a machine. What it does outside is done in steps, and each may be the last."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.is_alive = True
        self.tasks: dict[asyncio.Task[Any], None] = {}
        # Not of whoever happens to run while it starts: a call in hand would go with it.
        self._context: Context = machine.context.copy()
        self._context.run(_current.set, self)

    @property
    def name(self) -> str:
        """The machine's."""
        return self.machine.name

    def step(self) -> None:
        """Passes a point at which the process may die; raises CancelledError where it is dead."""
        if self.is_alive and self.machine.faults.hits("crashed"):
            self.machine.crash()
        if not self.is_alive:
            raise asyncio.CancelledError

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Runs something in the process; what it starts belongs to the process as well."""
        return self.machine.loop.create_task(work, context=self._context.copy())


class Machine:
    """Runs one process at a time, from `main`, and starts the next when one has died."""

    def __init__(
        self,
        loop: VirtualLoop,
        faults: Faults,
        log: Log,
        name: str,
        main: Callable[[Process], Coroutine[Any, Any, None]],
    ) -> None:
        self.loop = loop
        self.faults = faults
        self.log = log
        self.name = name
        self.crashes = 0
        self.process: Process | None = None
        self.context = copy_context()
        self._main = main

    def start(self) -> Process:
        """Starts a process."""
        self.process = process = Process(self)
        self.log.note(self.name, "starts")
        process.spawn(self._main(process)).add_done_callback(self._ended)
        return process

    def crash(self) -> None:
        """Kills the process; a new one starts some time later."""
        process = self.process
        if process is None or not process.is_alive:
            return
        self.crashes += 1
        self.log.note(self.name, "CRASHES")
        process.is_alive = False
        self.process = None
        for task in list(process.tasks):
            task.cancel()
        span = _AWAY_S if self.faults.hits("away") else _RESTART_S
        self.loop.call_later(self.faults.random.uniform(*span), self.start)

    def _ended(self, main: asyncio.Task[None]) -> None:
        """A process that cannot start, its database being away, ends and is started again."""
        if not main.cancelled() and main.exception() is not None:
            self.log.note(self.name, "ends: {}", type(main.exception()).__name__)
            self.crash()


def own_tasks(loop: VirtualLoop) -> None:
    """Makes every task belong to the process in which it is started."""

    def factory(
        _loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **options)
        context = options.get("context")
        process = context.get(_current) if context is not None else _current.get()
        if process is not None:
            process.tasks[task] = None
            task.add_done_callback(process.tasks.pop)
            if not process.is_alive:
                task.cancel()
        return task

    loop.set_task_factory(factory)  # type: ignore[arg-type]  # typeshed knows one signature of many
