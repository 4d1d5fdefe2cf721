"""What the command is doing, on standard error: a line per step with its seconds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO


class Progress:
    """Writes steps as they begin and end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Writes to `stream`, standard error unless given."""
        self._stream = stream or sys.stderr
        self._started = time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the command began."""
        return time.perf_counter() - self._started

    @contextlib.contextmanager
    def step(self, zh: str, en: str) -> Iterator[None]:
        """Announces a step, and its end or failure. Steps do not nest."""
        self._write(f"  {zh} · {en} … ")
        started = time.perf_counter()
        try:
            yield
        except asyncio.CancelledError:
            self._write("broken off\n")
            raise
        except BaseException:
            self._write(f"failed after {time.perf_counter() - started:.1f} s\n")
            raise
        self._write(f"{time.perf_counter() - started:.1f} s\n")

    def say(self, text: str) -> None:
        """Writes a line."""
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
