"""`yijie trace`: the waterfall of a past settlement, by its id or by its trace id."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson

from services.cli import aftermath, spans, waterfall
from services.cli.mesh import read_endpoints
from services.cli.province import connected
from services.cli.screen import console
from services.cli.topology import trace_dir
from services.kit.errors import Absent, Unavailable
from yijie.settlement.v1 import settlement_service_pb2

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_FLUSHED_S_MAX: Final = 2.0
"""Spans are written every half second; a settlement of just now is waited for."""


class TraceError(Exception):
    """There is nothing to show; the text says why."""


class BadIdError(Exception):
    """The text is neither a settlement id nor a trace id."""

    def __init__(self) -> None:
        super().__init__("neither a settlement id (a UUID with hyphens) nor 32 hex digits")


async def trace(key: str, data_dir: Path, *, as_json: bool) -> int:
    """Prints a trace, and what came of the bill afterwards.

    Raises:
        BadIdError: not an id.
        TraceError: no mesh to ask, no such settlement, or no spans of the trace.
        DomainError: a service that is asked what came of it refused or is down.
    """
    settlement_id = "" if _TRACE_ID.fullmatch(key) else _settlement_id(key)
    trace_id = await _trace_of(settlement_id, data_dir) if settlement_id else key
    held = await _flushed(trace_dir(data_dir), trace_id)
    if not held:
        msg = f"no spans of trace {trace_id} in {trace_dir(data_dir)}"
        raise TraceError(msg)
    rows = waterfall.hops(held)
    later = await aftermath.aftermath_of(data_dir, trace_id, settlement_id)
    if as_json:
        document = {
            "trace_id": trace_id,
            "spans": waterfall.as_json(rows),
            "afterwards": aftermath.document(later),
        }
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    out = console()
    out.print(f"跟踪 trace {trace_id}", style="bold")
    out.print(waterfall.waterfall(rows))
    aftermath.show(later, out)
    return 0


def _settlement_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadIdError from None


async def _trace_of(settlement_id: str, data_dir: Path) -> str:
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`, or give the trace id"
        raise TraceError(msg)
    request = settlement_service_pb2.GetSettlementRequest(settlement_id=settlement_id)
    async with connected(endpoints, "") as province:
        try:
            answer = await province.call(province.settlement.GetSettlement, request)
        except Absent:
            msg = f"the mesh in {data_dir} knows no settlement {settlement_id}"
            raise TraceError(msg) from None
        except Unavailable:
            msg = f"the mesh in {data_dir} does not answer"
            raise TraceError(msg) from None
    return str(answer.settlement.trace_id)


async def _flushed(folder: Path, trace_id: str) -> list[spans.Span]:
    end = time.monotonic() + _FLUSHED_S_MAX
    held = spans.load_trace(folder, trace_id)
    # A caller outside the mesh leaves no span here, so its trace never becomes whole: only the
    # wait is spent.
    while not spans.is_complete(held) and time.monotonic() < end:
        await asyncio.sleep(0.1)
        held = spans.load_trace(folder, trace_id)
    return held
