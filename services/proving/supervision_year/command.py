"""`yijie supervision year`: a labelled year through supervision and clearing, held to labels."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from services.clearing.app import running as clearing_running
from services.clearing.config import Config as ClearingConfig
from services.cli.mesh import Guard, temporary_dir
from services.cli.migrate import ensure_database
from services.cli.postgres import embedded_postgres
from services.cli.progress import Progress
from services.cli.screen import console
from services.cli.supervision.calling import Called
from services.cli.supervision.trail import trail_of
from services.kit import log
from services.kit.channel import open_channel
from services.kit.clock import civil_midnight
from services.kit.config import load
from services.kit.migrations import migrate
from services.proving.clearing_year.scene import MovedClock, YearError
from services.proving.supervision_year import audited, counted, served, telling, ticketed
from services.proving.supervision_year.drawing import YEAR
from services.proving.supervision_year.injecting import labelled_year
from services.proving.supervision_year.measuring import digest_of
from services.proving.supervision_year.office import office_on
from services.proving.supervision_year.outcome import Outcome
from services.proving.supervision_year.plan import Plan
from services.proving.supervision_year.reviewed import Review
from services.proving.supervision_year.scene import Scene
from services.supervision.app import running as supervision_running
from services.supervision.config import Config as SupervisionConfig

_BEGINS: Final = civil_midnight(date(YEAR + 1, 1, 1)) + timedelta(hours=12)
"""The day after the year: everything has happened, the officers begin."""
_KEY: Final = base64.b64encode(bytes(range(32))).decode()
"""Of a database that is gone when the year is over."""
_SOON: Final = "0.2"
_NEVER: Final = "86400"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for."""

    bills: int
    seed: int
    per_mille: int
    folder: Path
    """For what is made: the bulletin, the export."""
    is_repeated: bool
    """A second supervision hears the same feed, and must find the same."""


async def supervision_year(options: Options) -> int:
    """Runs a labelled year on an embedded PostgreSQL; returns 0 when all agrees.

    Raises:
        DomainError: supervision or clearing refused what it should not.
    """
    folder = temporary_dir()
    # Should this process be killed, somebody has to stop the database and remove its folder.
    guard = Guard()
    guard.tell(f"postgres {folder / 'pg'}")
    guard.tell(f"remove {folder}")
    progress = Progress()
    try:
        with progress.step("启动内嵌 PostgreSQL", "starting the embedded PostgreSQL"):
            server = embedded_postgres(folder / "pg")
            dsn = await asyncio.to_thread(server.__enter__)
        try:
            outcome = await run_year(options, dsn, progress)
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)
    except YearError as error:
        sys.stderr.write(f"yijie: 年度未能完成 · the year did not come to its end: {error}\n")
        return 1
    finally:
        await guard.dismiss()
        shutil.rmtree(folder, ignore_errors=True)
    telling.show(outcome, console())
    return 0 if outcome.holds else 1


async def run_year(options: Options, server_dsn: str, progress: Progress) -> Outcome:
    """Runs a year in databases of its own on a server; the export and bulletin go to the folder."""
    log.configure("supervision", "error")
    with progress.step("生成年度", f"drawing {options.bills:,} bills, seed {options.seed}"):
        plan = labelled_year(options.seed, options.bills, per_mille=options.per_mille)
        journal = served.Journal()
        journal.happen(plan)
    outcome = await _first(options, plan, journal, server_dsn, progress)
    if options.is_repeated:
        outcome.repeated_digest = await _again(options, plan, journal, server_dsn, progress)
        outcome.scene.hold_equal(
            "digest of the findings of a second audit", outcome.repeated_digest, outcome.digest
        )
    return outcome


async def _first(
    options: Options, plan: Plan, journal: served.Journal, server_dsn: str, progress: Progress
) -> Outcome:
    clock = MovedClock(_BEGINS)
    async with (
        served.serving(journal, plan) as port,
        _clearing(server_dsn, port, clock) as clearing,
        _supervision(server_dsn, "year", port, clearing, clock) as supervision,
        open_channel(supervision) as supervision_channel,
        open_channel(clearing) as clearing_channel,
    ):
        office = office_on(supervision_channel, clearing_channel, seed=options.seed)
        scene = Scene(plan, clock, journal, office)
        outcome = Outcome(scene, Review(scene), options.folder)
        with _timed(scene, "audit"), progress.step("逐单审核", "auditing every bill"):
            outcome.audited = await audited.wait_for_audit(scene)
        with _timed(scene, "mining"):
            outcome.mined = await audited.mine(scene, options.folder / "mining", progress)
        await audited.measure_all(scene)
        outcome.digest = digest_of(scene.findings)
        with progress.step("工单与直接结算率", "tickets and rates"):
            outcome.tickets = await ticketed.run(scene)
            outcome.rates = await counted.upload_and_compare(scene)
        with _timed(scene, "reviews"), progress.step("初审、复审、终审", "three reviews"):
            await outcome.review.run()
        with progress.step("通报", "the bulletin"):
            outcome.bulletin = await counted.bulletin(scene, options.folder)
        if outcome.review.example_id:
            outcome.trail = await trail_of(
                Called("supervision", supervision_channel),
                Called("clearing", clearing_channel),
                outcome.review.example_id,
            )
        outcome.false_positives = await counted.compare_rates(scene, outcome.review)
        return outcome


async def _again(
    options: Options, plan: Plan, journal: served.Journal, server_dsn: str, progress: Progress
) -> str:
    """Audits and mines the same feed once more from nothing; returns the digest of the findings."""
    clock = MovedClock(_BEGINS)
    with progress.step("重放同一事件流", "auditing the same feed again"):
        async with (
            served.serving(journal, plan) as port,
            _supervision(server_dsn, "again", port, f"127.0.0.1:{port}", clock) as supervision,
            open_channel(supervision) as channel,
        ):
            scene = Scene(plan, clock, journal, office_on(channel, channel, seed=options.seed))
            await audited.wait_for_audit(scene)
            await audited.mine(scene, options.folder / "mining-again", _Silent())
            return digest_of(await audited.list_findings(scene))


@contextlib.asynccontextmanager
async def _clearing(server_dsn: str, port: int, clock: MovedClock) -> AsyncIterator[str]:
    dsn = await _database(server_dsn, "clearing_year", "clearing")
    environ = {
        "YIJIE_DSN": dsn,
        "YIJIE_SETTLEMENT_TARGET": f"127.0.0.1:{port}",
        "YIJIE_BENEFITS_ROUTES": f"640000=127.0.0.1:{port}",
        # Months are not cleared here: `yijie clearing year` does.
        "YIJIE_RECONCILE_INTERVAL_S": _NEVER,
        "YIJIE_INVARIANT_INTERVAL_S": _NEVER,
        "YIJIE_MONTH_INTERVAL_S": _NEVER,
        "YIJIE_PREPAYMENT_INTERVAL_S": _NEVER,
        "YIJIE_DISPUTE_INTERVAL_S": _SOON,
        **_common(),
    }
    async with clearing_running(load(ClearingConfig, environ), clock=clock) as server:
        yield server.address


@contextlib.asynccontextmanager
async def _supervision(
    server_dsn: str, name: str, port: int, clearing: str, clock: MovedClock
) -> AsyncIterator[str]:
    dsn = await _database(server_dsn, f"supervision_{name}", "supervision")
    around = f"127.0.0.1:{port}"
    environ = {
        "YIJIE_DSN": dsn,
        "YIJIE_DATA_KEY": _KEY,
        "YIJIE_SETTLEMENT_TARGET": around,
        "YIJIE_IDENTITY_TARGET": around,
        "YIJIE_FILING_TARGET": around,
        "YIJIE_CLEARING_TARGET": clearing,
        "YIJIE_CASE_INTERVAL_S": _SOON,
        "YIJIE_TICKET_INTERVAL_S": _SOON,
        **_common(),
    }
    async with supervision_running(load(SupervisionConfig, environ), clock=clock) as server:
        yield server.address


def _common() -> dict[str, str]:
    return {
        "YIJIE_FEED_HEARTBEAT_S": "0.5",
        "YIJIE_DB_STATEMENT_TIMEOUT_S": "120",
        "YIJIE_DRAIN_GRACE_S": "1",
    }


async def _database(server_dsn: str, name: str, service: str) -> str:
    # Nothing of it is kept: a commit need not wait for the disk.
    own = await ensure_database(server_dsn, f"{name}_{secrets.token_hex(4)}")
    dsn = f"{own}{'&' if '?' in own else '?'}synchronous_commit=off"
    await migrate(dsn, service)
    return dsn


@contextlib.contextmanager
def _timed(scene: Scene, what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    scene.seconds[what] = time.monotonic() - begun


class _Silent(Progress):
    """Says nothing: steps of another step."""

    @contextlib.contextmanager
    def step(self, zh: str, en: str) -> Iterator[None]:  # noqa: ARG002
        """Runs the block."""
        yield
