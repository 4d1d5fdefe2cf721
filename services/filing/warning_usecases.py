"""Stays follow settlement, warnings follow stays and filings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.filing import store, warning_messages, warning_store
from services.filing.domain import warnings
from services.filing.warning_store import Watched
from services.kit.clock import civil_date
from services.kit.feed import move_cursor

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from services.filing.domain.model import Filing
    from services.filing.domain.warnings import Stay
    from services.filing.vault import Vault
    from services.kit.db import Connection, Database
    from services.kit.feed import Batch

FEED: Final = "admission"
"""Name of settlement's feed of stays in feed_cursor."""
DUE_MAX: Final = 200
"""Stays looked at again in one transaction."""
_BEGINNING: Final = (date.min, UUID(int=0))


async def record_admissions(
    database: Database, vault: Vault, *, after: str, batch: Batch[Stay], now: datetime
) -> None:
    """Applies a batch of settlement's feed in one transaction, with the warnings that it makes.

    Raises:
        CursorMoved: another replica has applied it.
    """

    async def work(connection: Connection) -> None:
        await move_cursor(connection, FEED, after=after, to=batch.cursor)
        if batch.events:
            await _take_in(connection, vault, _newest(batch.events), now)

    await database.run("filing.record_admissions", work)


async def reconsider(connection: Connection, vault: Vault, person_id: UUID, now: datetime) -> None:
    """Judges the stays of a person anew; in the transaction that changed a filing of theirs."""
    await reconsider_all(connection, vault, (person_id,), now)


async def reconsider_all(
    connection: Connection, vault: Vault, person_ids: Collection[UUID], now: datetime
) -> None:
    """Judges the stays of persons anew; in the transaction that changed filings of theirs.

    After the changes are written, so that they are read here.
    """
    await connection.fetchrow(warning_store.LOCK_FOR_FILINGS)
    found = await warning_store.stays_of_persons(connection, vault, person_ids)
    await _judge_again(connection, vault, found, now)


async def reconsider_after(
    vault: Vault, connection: Connection, filings: Sequence[Filing], now: datetime
) -> None:
    """Judges the stays of the persons of filings anew; an observer of changes of filings."""
    await reconsider_all(connection, vault, {filing.person_id for filing in filings}, now)


async def look_again(database: Database, vault: Vault, now: datetime) -> int:
    """Judges the stays anew that a filing begins for today; returns how many there were."""

    async def work(connection: Connection) -> int:
        await connection.fetchrow(warning_store.LOCK_FOR_FILINGS)
        found = await warning_store.stays_due(connection, vault, civil_date(now), count=DUE_MAX)
        await _judge_again(connection, vault, found, now)
        return len(found)

    return await database.run("filing.look_again", work)


async def list_standing(
    database: Database,
    vault: Vault,
    *,
    province: str,
    as_care: bool,
    as_insured: bool,
    after: tuple[date, UUID] | None,
    size: int,
) -> tuple[list[Watched], bool]:
    """Returns warnings that stand, oldest admission first, and whether more follow."""
    found = await warning_store.list_warnings(
        database,
        vault,
        province=province,
        as_care=as_care,
        as_insured=as_insured,
        after=after or _BEGINNING,
        count=size + 1,
    )
    return found[:size], len(found) > size


async def _take_in(
    connection: Connection, vault: Vault, stays: Sequence[Stay], now: datetime
) -> None:
    await connection.fetchrow(warning_store.LOCK_FOR_ADMISSIONS)
    known = await warning_store.stays(connection, vault, [stay.visit_id for stay in stays])
    newer = [
        stay
        for stay in stays
        if stay.visit_id not in known or known[stay.visit_id].stay.revision <= stay.revision
    ]
    pairs = [(known.get(stay.visit_id), stay) for stay in newer]
    await _judge(connection, vault, pairs, now)


async def _judge_again(
    connection: Connection, vault: Vault, found: Sequence[Watched], now: datetime
) -> None:
    await _judge(connection, vault, [(watched, watched.stay) for watched in found], now)


async def _judge(
    connection: Connection,
    vault: Vault,
    pairs: Sequence[tuple[Watched | None, Stay]],
    now: datetime,
) -> None:
    if not pairs:
        return
    today = civil_date(now)
    filings = await store.filings_of_persons(connection, {stay.person_id for _, stay in pairs})
    kept: list[Watched] = []
    told: list[tuple[Stay, bytes]] = []
    for before, stay in pairs:
        said = warnings.SILENCE if before is None else before.said
        verdict = warnings.judge(stay, filings[stay.person_id], before=said.state, today=today)
        watched = Watched(stay, verdict)
        if watched != before:
            kept.append(watched)
        if warnings.is_news(before.stay if before else None, stay, said, verdict):
            told.append((stay, warning_messages.write_warning(watched, today).SerializeToString()))
    if kept:
        await warning_store.keep_stays(connection, vault, kept)
    if told:
        await warning_store.append_warnings(connection, vault, told, now)


def _newest(stays: Sequence[Stay]) -> list[Stay]:
    newest: dict[UUID, Stay] = {}
    for stay in stays:
        known = newest.get(stay.visit_id)
        if known is None or known.revision <= stay.revision:
            newest[stay.visit_id] = stay
    return list(newest.values())
