"""What `yijie backup …` does and prints."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson
from rich.table import Table

from services.cli.backup.archive import (
    SLOT,
    Archive,
    following,
    lay_out,
    recover,
    take_base,
)
from services.cli.mesh import MeshError
from services.cli.screen import console
from services.cli.servers import server_dsn
from services.kit.clock import SHANGHAI

_MEGABYTE: Final = 1_000_000


async def show_base(archive: Path, dsn: str, data_dir: Path, tools: Path | None) -> int:
    """Takes a copy and prints it.

    Raises:
        MeshError: there is no server, or it refuses.
    """
    started = time.perf_counter()
    base = await asyncio.to_thread(take_base, Archive(archive), server_dsn(dsn, data_dir), tools)
    console().print(
        f"✓ 基础备份 base copy {base.name}: {base.size_bytes / _MEGABYTE:,.0f} MB ·"
        f" {time.perf_counter() - started:.1f} s · 逐文件核验 every file verified",
        style="bold green",
        soft_wrap=True,
    )
    return 0


async def show_wal(archive: Path, dsn: str, data_dir: Path, slot: str, tools: Path | None) -> int:
    """Follows the log until it is interrupted.

    Raises:
        MeshError: there is no server, it refuses, or what follows ended by itself.
    """
    found = Archive(archive)
    async with following(
        found, server_dsn(dsn, data_dir), slot=slot or SLOT, tools=tools
    ) as process:
        console().print(
            f"跟随日志 following the log into {found.wal_dir} · Ctrl-C 停止 stops", soft_wrap=True
        )
        # Interrupted, leaving the block ends the process, and with it the thread that waits.
        code = await asyncio.to_thread(process.wait)
    msg = f"pg_receivewal ended by itself ({code})"
    raise MeshError(msg)


async def show_bases(archive: Path, *, as_json: bool) -> int:
    """Prints the copies; returns 1 where there are none."""
    bases = Archive(archive).bases()
    if as_json:
        document = [dataclasses.asdict(base) for base in bases]
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return 0 if bases else 1
    table = Table(box=None, header_style="dim")
    table.add_column("基础备份 base copy", no_wrap=True)
    table.add_column("可恢复自 restores from", no_wrap=True)
    table.add_column("MB", justify="right")
    for base in bases:
        size = f"{base.size_bytes / _MEGABYTE:,.0f}"
        table.add_row(base.name, _shown(base.end_time), size)
    console().print(table)
    return 0 if bases else 1


async def show_restore(
    archive: Path, to: Path, moment: datetime | None, tools: Path | None, *, timeout_s: float
) -> int:
    """Restores a moment into a new folder and says what to do next.

    Raises:
        MeshError: there is no copy from before, the log does not reach it, or the folder is used.
    """
    found = Archive(archive)
    if moment is not None and moment > datetime.now(UTC):
        msg = f"{_shown(moment)} is yet to come"
        raise MeshError(msg)
    base = found.base_before(moment)
    await asyncio.to_thread(lay_out, found, base, to, moment)
    elapsed_s = await asyncio.to_thread(recover, to, timeout_s=timeout_s, tools=tools)
    until = _shown(moment) if moment else "日志末尾 the end of the log"
    out = console()
    out.print(
        f"✓ 已恢复到 restored to {until} · 自 from {base.name} · {elapsed_s:.1f} s",
        style="bold green",
        soft_wrap=True,
    )
    out.print(
        f"  {to}\n  密钥不在备份中 keys are not in a backup: bring the secrets/ of the data"
        " folder that it was taken from.\n  然后 then: `yijie up --data-dir` 其上级目录 the folder"
        " above, `yijie audit verify`, `yijie reconcile`.",
        soft_wrap=True,
        markup=False,
    )
    return 0


def _shown(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")
