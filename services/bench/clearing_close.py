"""Closes a month by the contracts, as officers and 32 provinces would; each step is timed.

compare   every day of the month, ledger against journal
confirm   every care province
tables    made and frozen from the ledger
sign      every province, all that it is a side of
notices   drawn up by one officer and issued by another
print     every province's tables, as workbook, CSV and PDF
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import grpc

from services.bench.checks import Check
from services.kit import codes
from services.kit.channel import Callee
from yijie.clearing.v1 import (
    break_pb2,
    break_service_pb2,
    break_service_pb2_grpc,
    month_pb2,
    month_service_pb2,
    month_service_pb2_grpc,
    notice_pb2,
    notice_service_pb2,
    notice_service_pb2_grpc,
)

STEPS: Final = ("compare", "confirm", "tables", "sign", "notices", "print")
_STEP_S_MAX: Final = 60.0
_MAKER: Final = "maker-1"
_CHECKER: Final = "checker-2"
_FORMATS: Final = (
    month_pb2.TABLE_FORMAT_XLSX,
    month_pb2.TABLE_FORMAT_CSV,
    month_pb2.TABLE_FORMAT_PDF,
)


@dataclass(slots=True)
class Closed:
    """A month that was closed."""

    month: str
    settlements: int
    seconds: dict[str, float] = field(default_factory=dict)
    """By step."""
    rss_max_bytes: int = 0
    """Most memory that the clearing process had meanwhile."""
    cpu_s: dict[str, float] = field(default_factory=dict)
    """By process."""
    printed_bytes: int = 0
    notices: int = 0
    checks: list[Check] = field(default_factory=list)

    @property
    def total_s(self) -> float:
        """All steps."""
        return sum(self.seconds.values())

    @property
    def us_per_settlement(self) -> float:
        """Microseconds."""
        return self.total_s / self.settlements * 1e6

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a step."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


class Closer:
    """Calls what closing a month takes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Calls clearing by a channel."""
        # These are gRPC stubs, made by code without types.
        self._months: Any = month_service_pb2_grpc.MonthServiceStub(channel)
        self._notices: Any = notice_service_pb2_grpc.NoticeServiceStub(channel)
        self._breaks: Any = break_service_pb2_grpc.BreakServiceStub(channel)
        self._callee = Callee("clearing")

    async def cut_months(self) -> set[str]:
        """Returns the months that are cut; the loop of clearing does it when they are over."""
        found = await self._call(
            self._months.ListMonths, month_service_pb2.ListMonthsRequest(page_size=240)
        )
        return {one.month for one in found.months}

    async def close(self, month: str, settlements: int) -> Closed:
        """Closes a month that is cut, up to its notices and printed tables."""
        closed = Closed(month, settlements)
        with closed.step("compare"):
            await self._compare(closed)
        with closed.step("confirm"):
            await self._confirm(month)
        with closed.step("tables"):
            made = await self._call(
                self._months.MakeTables,
                month_service_pb2.MakeTablesRequest(
                    request_id=str(uuid4()), month=month, maker_id=_MAKER, checker_id=_CHECKER
                ),
            )
        with closed.step("sign"):
            signed = await self._sign(month)
        with closed.step("notices"):
            await self._draw_up(closed)
        with closed.step("print"):
            closed.printed_bytes = await self.print_all(month)
        closed.checks += [
            Check(f"{month}: tables", made.month.line_count > 0, f"{made.month.line_count} lines"),
            Check(
                f"{month}: signed by all",
                signed.month.state == month_pb2.MONTH_STATE_SIGNED,
                month_pb2.MonthState.Name(signed.month.state),
            ),
        ]
        return closed

    async def print_all(self, month: str) -> int:
        """Prints the tables of every province in every form; returns bytes."""
        size = 0
        for region in codes.PROVINCES:
            for one in _FORMATS:
                found = await self._call(
                    self._months.DownloadTables,
                    month_service_pb2.DownloadTablesRequest(
                        month=month, region_code=region, format=one
                    ),
                )
                size += len(found.content)
        return size

    async def compare(self, month: str) -> list[Any]:
        """Compares every day of a month; returns the days."""
        year, number = int(month[:4]), int(month[5:])
        days = []
        for day in range(1, calendar.monthrange(year, number)[1] + 1):
            request = break_service_pb2.ReconcileLedgerRequest(request_id=str(uuid4()))
            date = request.journal_date
            date.year, date.month, date.day = year, number, day
            days.append((await self._call(self._breaks.ReconcileLedger, request)).day)
        return days

    async def _compare(self, closed: Closed) -> None:
        days = await self.compare(closed.month)
        even = sum(day.state == break_pb2.LEDGER_DAY_STATE_EVEN for day in days)
        events = sum(day.ledger_count for day in days)
        closed.checks.append(
            Check(
                f"{closed.month}: ledger = journal",
                even == len(days) and events >= closed.settlements,
                f"{even} of {len(days)} days even, {events:,} events",
            )
        )

    async def _confirm(self, month: str) -> None:
        for region in codes.PROVINCES:
            await self._call(
                self._months.ConfirmMonth,
                month_service_pb2.ConfirmMonthRequest(
                    request_id=str(uuid4()),
                    month=month,
                    care_region_code=region,
                    maker_id=_MAKER,
                    checker_id=_CHECKER,
                ),
            )

    async def _sign(self, month: str) -> Any:
        signed: Any = None
        for region in codes.PROVINCES:
            signed = await self._call(
                self._months.SignTables,
                month_service_pb2.SignTablesRequest(
                    request_id=str(uuid4()),
                    month=month,
                    region_code=region,
                    decision=month_pb2.SIGNATURE_DECISION_SIGNED,
                    maker_id=_MAKER,
                    checker_id=_CHECKER,
                ),
            )
        return signed

    async def _draw_up(self, closed: Closed) -> None:
        drafted = await self._call(
            self._notices.DraftNotices,
            notice_service_pb2.DraftNoticesRequest(
                request_id=str(uuid4()), month=closed.month, maker_id=_MAKER
            ),
        )
        closed.notices = drafted.notice_count
        await self._call(
            self._notices.DecideNotices,
            notice_service_pb2.DecideNoticesRequest(
                request_id=str(uuid4()),
                notice_ids=drafted.notice_ids,
                decision=notice_pb2.NOTICE_DECISION_APPROVED,
                checker_id=_CHECKER,
            ),
        )

    async def _call(self, method: Any, request: Any) -> Any:
        return await self._callee.call(method, request, own_s=_STEP_S_MAX)


def rss_max_bytes(pid: int) -> int:
    """Returns the most memory that a process has had since `forget_rss_max`, or ever."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def forget_rss_max(pid: int) -> None:
    """Begins to count the most memory of a process anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
