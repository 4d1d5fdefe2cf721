"""Runs `yijie load KIND FILE` from the options to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from services.cli.loading import report
from services.cli.loading.kinds import Ids, Kind
from services.cli.loading.reader import (
    ENCODINGS,
    UTF8,
    Column,
    Source,
    UnreadableError,
    digest_of,
    size_of,
)
from services.cli.loading.refusals import RefusedFile
from services.cli.loading.run import Load, Outcome, refused_path
from services.cli.mesh import MeshError, read_endpoints
from services.cli.province import Province, connected
from services.cli.screen import console


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What all kinds have in common."""

    data_dir: Path
    encoding: str = UTF8
    dry_run: bool = False
    as_json: bool = False
    refused: Path | None = None
    """Where refused rows are listed; None: beside the file."""


Make = Callable[[Province, Ids], Kind]
"""Makes a kind once it is known where the hub is and what the file's digest is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to load."""

    path: Path
    kind: str
    """As typed: persons, institutions, …"""
    columns: Sequence[Column]
    """That it may have."""
    make: Make
    scope: str = ""
    """Region, version and the like: what beside the file decides what a request holds."""


async def load_file(job: Job, options: Options) -> int:
    """Loads a file and prints the report; returns the exit code.

    Raises:
        UnreadableError: nothing of it can be read.
        MeshError: no mesh runs there.
    """
    if options.encoding not in ENCODINGS:
        raise UnreadableError(f"--encoding is one of {', '.join(ENCODINGS)}")
    # What is wrong with the header is said before the hub is looked for or a digest is made.
    Source(job.path, job.columns, encoding=options.encoding).close()
    async with _hub(options.data_dir) as province:
        outcome = await load_into(province, job, options, show_progress=True)
    path, kind = job.path, job.kind
    listed = options.refused or refused_path(path)
    if options.as_json:
        found = report.document(path, kind, outcome, refused=listed, dry=options.dry_run)
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.buffer.flush()
    else:
        report.show(console(), path, kind, outcome, refused=listed, dry=options.dry_run)
    return outcome.exit_code


async def load_into(
    province: Province, job: Job, options: Options, *, show_progress: bool = False
) -> Outcome:
    """Loads a file into a hub and returns what became of it.

    Raises:
        UnreadableError: nothing of it can be read, or the refused rows cannot be written.
    """
    path = job.path
    size = size_of(path)
    with contextlib.ExitStack() as stack:
        bars = stack.enter_context(report.progress_bars()) if show_progress else None
        looking = report.Bar(bars, size, text="校验 digest") if bars is not None else None
        digest = await asyncio.to_thread(
            digest_of, path, looking.advance if looking is not None else _nobody
        )
        source = stack.enter_context(Source(path, job.columns, encoding=options.encoding))
        try:
            refused = RefusedFile(options.refused or refused_path(path))
        except OSError as error:
            raise UnreadableError(
                f"refused rows cannot be listed beside the file ({error.strerror}): name another"
                " place with --refused"
            ) from error
        stack.callback(refused.close)
        ids = Ids(job.kind, digest, f"{job.scope}:{options.encoding}:{options.dry_run}")
        bar = report.Bar(bars, size, text=f"载入 {job.kind}") if bars is not None else None
        loading = Load(source, job.make(province, ids), refused, bar)
        try:
            return await loading.run()
        except asyncio.CancelledError:
            after = loading.outcome.stopped_after_line
            sys.stderr.write(
                f"  中断于第 {after} 行之后，原样再运行即继续 · broken off after line {after};"
                " run the same command again to go on\n"
            )
            raise


@contextlib.asynccontextmanager
async def _hub(data_dir: Path) -> AsyncIterator[Province]:
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        yield province


def _nobody(_: Any) -> None:
    """Tells nobody."""
