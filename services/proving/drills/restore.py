"""The restore drill: bills are settled, the server is lost, and brought back as of a moment.

While bills are settled the server is copied and its log is followed, as it always should be. Then a
moment passes, more bills are settled, and the server is killed and its folder with it. What is
restored must hold every settlement acknowledged before the moment and none asked for after it; the
chains must be whole and hold the heads noted before; and bills settle again.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.bench import checks
from services.cli.audit_chain import verifying
from services.cli.audit_chain.exporting import ChainClient
from services.cli.auditing import verify_chain as verify_ledger_chain
from services.cli.backup.archive import Archive, following, lay_out, recover, take_base
from services.cli.mesh import Mesh, MeshError, mesh, temporary_dir
from services.cli.pgtools import kill_server
from services.cli.progress import Progress
from services.kit.channel import open_channel
from services.proving.drills.load import Traffic, prepared, traffic
from services.proving.drills.verdict import Verdict, at_least, exactly

_FOLLOWED_S_MAX: Final = 30.0
_RECOVERY_S_MAX: Final = 300.0
_POLL_S: Final = 0.05
_JOURNAL: Final = """
SELECT s.settlement_id, c.total_fen, c.fund_fen, c.account_fen, c.cash_fen
  FROM settlement.settlement s
  LEFT JOIN settlement.settlement_state_change c
    ON c.settlement_id = s.settlement_id AND c.state = 'SETTLED'"""


@dataclass(slots=True)
class _Found:
    """What the drill has seen."""

    before: list[checks.Acknowledged] = field(default_factory=list)
    """Acknowledged before the moment."""
    after: list[checks.Acknowledged] = field(default_factory=list)
    """Asked for after it, and acknowledged; they are to be gone."""
    head: tuple[int, str] = (0, "")
    """Last block of the ledger and its digest, noted before the moment."""
    noted: Any = None
    """Checkpoint of the audit chain, signed and noted before the moment."""
    bodies: list[bytes] = field(default_factory=list)
    """What is settled: bills of people who are restored with the rest."""
    figures: dict[str, float | int | str] = field(default_factory=dict)


async def run(*, short: bool, data_dir: Path | None, progress: Progress) -> Verdict:
    """Carries out the drill."""
    folder = data_dir or temporary_dir()
    # Where it is lost with the server it is no backup.
    archive = Archive(folder / "backup")
    found = _Found()
    try:
        moment = await _until_the_loss(folder, archive, found, short=short, progress=progress)
        await _restore(folder, archive, found, moment, progress)
        return await _judge(folder, found, progress)
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _until_the_loss(
    folder: Path, archive: Archive, found: _Found, *, short: bool, progress: Progress
) -> datetime:
    rate, seconds = (15.0, 1.5) if short else (61.0, 20.0)
    async with mesh(folder, progress=progress) as running:
        people = 50 if short else 300
        bodies = found.bodies = await prepared(running.endpoints, people=people, progress=progress)
        async with (
            following(archive, running.dsn),
            open_channel(running.endpoints["settlement"].address) as channel,
        ):
            with progress.step("备份", "copying the server while bills are settled"):
                async with traffic([channel], bodies, rate=rate) as going:
                    base = await asyncio.to_thread(take_base, archive, running.dsn)
                    await asyncio.sleep(seconds)
                    found.head = await _ledger_head(running)
                    found.noted = await _checkpoint(running)
                    await asyncio.sleep(seconds)
                    moment, moment_s = datetime.now(UTC), time.perf_counter()
                    await asyncio.sleep(seconds)
            _sort(found, going, moment_s)
            with progress.step("日志", "the log reaches the archive"):
                await _followed(running.dsn)
        found.figures["基础备份 base copy, MB"] = base.size_bytes / 1e6
        found.figures["基础备份 base copy, s"] = (base.end_time - base.begin_time).total_seconds()
        with progress.step("灾难", "the server is killed and its folder is gone"):
            kill_server(folder / "pg")
    shutil.rmtree(folder / "pg")
    return moment


async def _restore(
    folder: Path, archive: Archive, found: _Found, moment: datetime, progress: Progress
) -> None:
    with progress.step("恢复", "restoring the moment"):
        started = time.perf_counter()
        base = archive.base_before(moment)
        await asyncio.to_thread(lay_out, archive, base, folder / "pg", moment)
        elapsed_s = await asyncio.to_thread(recover, folder / "pg", timeout_s=_RECOVERY_S_MAX)
    found.figures["恢复 restored in, s"] = time.perf_counter() - started
    found.figures["其中重放 of it starting, playing the log and stopping, s"] = elapsed_s


async def _judge(folder: Path, found: _Found, progress: Progress) -> Verdict:
    async with mesh(folder, progress=progress) as running:
        with progress.step("核对", "checking what is there"):
            there = await _journal(running.dsn)
            lost = [one for one in found.before if one.settlement_id not in there]
            left = [one for one in found.after if one.settlement_id in there]
            wrong = [
                one
                for one in found.before
                if there.get(one.settlement_id, _amounts(one)) != _amounts(one)
            ]
            block, digest = found.head
            async with open_channel(running.endpoints["clearing"].address) as channel:
                answer = await verify_ledger_chain(channel, after=block, digest=digest)
                whole = await verify_ledger_chain(channel)
            broken = sum(one.HasField("problem") for one in (answer, whole))
            async with open_channel(running.endpoints["supervision"].address) as channel:
                chain = await verifying.verify_chain(channel, noted=found.noted)
        async with (
            open_channel(running.endpoints["settlement"].address) as channel,
            traffic([channel], found.bodies, rate=15.0) as going,
        ):
            await asyncio.sleep(1.0)
    sealed = chain.entry_count
    checked = [
        at_least("此前已确认 acknowledged before the moment", len(found.before), 20),
        at_least("此后已确认 acknowledged after it", len(found.after), 10),
        exactly("丢失 of those before, missing", len(lost), 0),
        exactly("不符 of those before, not as told", len(wrong), 0),
        exactly("多余 of those after, still there", len(left), 0),
        at_least("账本区块 blocks of the ledger at the noted head", block, 1),
        exactly("账本链断裂 breaks of the ledger's chain, from the head and whole", broken, 0),
        at_least("审计链条目 entries of the audit chain, with the noted checkpoint", sealed, 20),
        exactly("审计链断裂 breaks of the audit chain and its rows", 1 - chain.is_good, 0),
        exactly("恢复后失败 calls failed afterwards", sum(going.failures.values()), 0),
        at_least("恢复后已确认 settled afterwards", len(going.answered), 5),
    ]
    notes = [f"{reason} × {count}" for reason, count in going.failures.most_common(5)]
    return Verdict(drill="restore", checks=checked, figures=found.figures, notes=notes)


def _sort(found: _Found, going: Traffic, moment_s: float) -> None:
    """Sorts what was acknowledged by the moment; what was under way at it may be there or not."""
    for call in going.answered:
        if call.ended < moment_s:
            found.before.append(checks.read_answer(call.answer))
        elif call.due > moment_s:
            found.after.append(checks.read_answer(call.answer))


async def _ledger_head(running: Mesh) -> tuple[int, str]:
    async with open_channel(running.endpoints["clearing"].address) as channel:
        answer = await verify_ledger_chain(channel)
    return int(answer.verified_until_block), str(answer.digest)


async def _checkpoint(running: Mesh) -> Any:
    async with open_channel(running.endpoints["supervision"].address) as channel:
        return await ChainClient(channel).sign()


async def _followed(dsn: str) -> None:
    """Returns once the log as it is now is on the archive's disk.

    Raises:
        MeshError: it does not get there.
    """
    connection: Any = await asyncpg.connect(dsn)
    try:
        now = await connection.fetchval("SELECT pg_current_wal_lsn()::text")
        end = time.monotonic() + _FOLLOWED_S_MAX
        while not await connection.fetchval(
            "SELECT bool_or(flush_lsn >= $1::text::pg_lsn) FROM pg_stat_replication"
            " WHERE application_name = 'pg_receivewal'",
            now,
        ):
            if time.monotonic() > end:
                msg = "the archive does not follow the log"
                raise MeshError(msg)
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()


async def _journal(dsn: str) -> dict[UUID, tuple[int, ...]]:
    """Returns the amounts of every settlement that is there; none of them where it is pending."""
    connection: Any = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_JOURNAL)
    finally:
        await connection.close()
    return {row["settlement_id"]: tuple(row)[1:] for row in rows}


def _amounts(told: checks.Acknowledged) -> tuple[int, ...]:
    return told.total_fen, told.fund_fen, told.account_fen, told.cash_fen
