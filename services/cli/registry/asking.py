"""Asking the registries: one answer, or pages of them up to a number of rows."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from services.cli.mesh import MeshError, read_endpoints
from services.cli.province import Province, connected

ASK_S: Final = 30.0
"""Two catalogues of 200,000 entries are compared in less."""
_PAGE_ROWS: Final = 1000


@contextlib.asynccontextmanager
async def hub(data_dir: Path) -> AsyncIterator[Province]:
    """Connects to the mesh of a data directory.

    Raises:
        MeshError: none runs there.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        yield province


async def ask(data_dir: Path, service: str, method: str, request: Any) -> Any:
    """Asks once.

    Raises:
        MeshError: no mesh runs there.
        DomainError: the hub refused.
    """
    async with hub(data_dir) as province:
        stub = getattr(province, service)
        return await province.call(getattr(stub, method), request, within_s=ASK_S)


async def rows(
    data_dir: Path, service: str, method: str, request: Any, *, field: str, limit: int
) -> tuple[Any, bool]:
    """Asks for pages until there are `limit` rows in a repeated field.

    Returns the first answer with the rows of the later ones added, and whether there are more.

    Raises:
        MeshError: no mesh runs there.
        DomainError: the hub refused.
    """
    async with hub(data_dir) as province:
        stub = getattr(province, service)
        request.page_size = min(limit, _PAGE_ROWS)
        answer = await province.call(getattr(stub, method), request, within_s=ASK_S)
        found, token = getattr(answer, field), answer.next_page_token
        while token and len(found) < limit:
            request.page_token = token
            page = await province.call(getattr(stub, method), request, within_s=ASK_S)
            found.extend(getattr(page, field))
            token = page.next_page_token
    has_more = bool(token) or len(found) > limit
    del found[limit:]
    return answer, has_more


def write_json(message: Message) -> None:
    """Writes an answer on standard output, every field of it, amounts in fen."""
    document = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def iso(day: Date) -> str:
    """Returns a date as YYYY-MM-DD, empty for none."""
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}" if day.year else ""


def span(begin: Date, end: Date) -> str:
    """Returns a period."""
    return f"{iso(begin)} – {iso(end)}" if begin.year or end.year else ""
