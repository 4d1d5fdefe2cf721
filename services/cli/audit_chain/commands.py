"""`yijie audit export` and `yijie audit checkpoint` against a local mesh."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from services.cli.audit_chain.exporting import ChainClient, ExportError, export, write_checkpoint
from services.cli.auditing import require_endpoints
from services.cli.connecting import open_endpoint
from services.cli.screen import console

if TYPE_CHECKING:
    from pathlib import Path


async def export_chain(data_dir: Path, out: Path, *, after: Path | None) -> int:
    """Writes the chain to a file, and says how it is verified; returns 0."""
    endpoints = require_endpoints(data_dir)
    async with open_endpoint(endpoints["supervision"]) as channel:
        last = await export(channel, out, after=after)
        keys = (await ChainClient(channel).get()).key_lines
    screen = console()
    screen.print(
        f"✓ {out}：至第 {last.block:,} 块、第 {last.entry_count:,} 条"
        f" · up to block {last.block:,}, entry {last.entry_count:,}",
        style="bold green",
        soft_wrap=True,
    )
    noted = "" if after is None else f" --noted {after.name}"
    screen.print(
        f"  离线核验 verify it offline: python audit_verifier.py {out.name} --key KEYS{noted}",
        soft_wrap=True,
    )
    screen.print("  公钥须另行取得，此处仅供比对 have the keys by another way; here they are:")
    for line in keys:
        screen.print(f"  {line}", soft_wrap=True)
    return 0


async def note_checkpoint(data_dir: Path, out: Path | None) -> int:
    """Has a checkpoint signed, and writes its line to a file or to standard output; returns 0."""
    endpoints = require_endpoints(data_dir)
    async with open_endpoint(endpoints["supervision"]) as channel:
        line = write_checkpoint(await ChainClient(channel).sign())
    if out is None:
        sys.stdout.buffer.write(line)
    else:
        _write(out, line)
        console().print(f"✓ {out}", style="bold green", soft_wrap=True)
    return 0


def _write(out: Path, line: bytes) -> None:
    try:
        out.write_bytes(line)
    except OSError as error:
        msg = f"{out}：{error.strerror}"
        raise ExportError(msg) from error
