"""What `yijie partitions …` does and prints."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from rich.table import Table

from services.cli.migrate import DatabaseError
from services.cli.partitions import months as journal
from services.cli.partitions.months import Partition
from services.cli.screen import console
from services.cli.servers import server_dsn
from services.kit.clock import SystemClock, civil_date

_MEGABYTE: Final = 1_000_000


async def show_partitions(dsn: str, data_dir: Path, *, as_json: bool) -> int:
    """Prints them; returns 1 if the next month is missing, or rows have no month."""
    async with _connected(dsn, data_dir) as connection:
        found = await journal.partitions(connection)
    following = journal.later(_today().replace(day=1), 1)
    stray = sum(one.rows for one in found if one.month is None)
    parents = {one.parent for one in found}
    ready = {one.parent for one in found if one.month == following and one.is_attached}
    is_good = parents == ready and not stray
    if as_json:
        document = {"is_good": is_good, "partitions": [dataclasses.asdict(one) for one in found]}
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return 0 if is_good else 1
    console().print(_table(found))
    for parent in sorted(parents - ready):
        _warn(f"{following:%Y-%m} 未建 is missing of {parent}: `yijie partitions ensure`")
    if stray:
        _warn(f"{stray:,} 行在默认分区 rows lie in a default partition: they have no month")
    return 0 if is_good else 1


async def show_ensured(dsn: str, data_dir: Path, months: int) -> int:
    """Makes the coming months and prints which."""
    async with _connected(dsn, data_dir) as connection:
        made = await journal.ensure(connection, _today().replace(day=1), months)
    console().print(
        f"✓ 新建 made {len(made)}: {', '.join(made) or '都已存在 all there'}", soft_wrap=True
    )
    return 0


async def show_detached(dsn: str, data_dir: Path, before: date) -> int:
    """Takes old months out of use and prints which."""
    async with _connected(dsn, data_dir) as connection:
        found = await journal.detach(connection, before, _today())
    size = sum(one.size_bytes for one in found) / _MEGABYTE
    console().print(
        f"✓ 已移出 detached {len(found)} partitions, {size:,.0f} MB, → {journal.ARCHIVE}:"
        f" {', '.join(one.name for one in found) or '无 none'}",
        soft_wrap=True,
    )
    if found:
        console().print(
            "  导出后由 DBA 删除 dump them, then a DBA may drop them: yijie drops nothing."
            f" 取回 back: `yijie partitions attach {found[0].month:%Y-%m}`",
            soft_wrap=True,
            markup=False,
        )
    return 0


async def show_attached(dsn: str, data_dir: Path, month: date) -> int:
    """Brings a month back and prints it."""
    async with _connected(dsn, data_dir) as connection:
        found = await journal.attach(connection, month)
    console().print(f"✓ 已取回 attached {', '.join(one.name for one in found)}", soft_wrap=True)
    return 0


@contextlib.asynccontextmanager
async def _connected(dsn: str, data_dir: Path) -> AsyncIterator[Any]:
    try:
        connection = await asyncpg.connect(server_dsn(dsn, data_dir))
        try:
            yield connection
        finally:
            connection.terminate()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(error) from error


def _today() -> date:
    return civil_date(SystemClock().now())


def _table(found: Sequence[Partition]) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("表 table", no_wrap=True)
    table.add_column("月 month")
    table.add_column("行 rows, about", justify="right")
    table.add_column("MB", justify="right")
    table.add_column("")
    for one in found:
        month = f"{one.month:%Y-%m}" if one.month else "默认 default"
        where = "" if one.is_attached else "已移出 in the archive"
        table.add_row(
            one.parent, month, f"{one.rows:,}", f"{one.size_bytes / _MEGABYTE:,.1f}", where
        )
    return table


def _warn(line: str) -> None:
    console().print(f"  ✗ {line}", style="red", soft_wrap=True, markup=False)
