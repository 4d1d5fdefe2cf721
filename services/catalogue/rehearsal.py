"""A dry run: the same work in a transaction that is taken back, and no answer remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from services.kit.idempotency import once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from google.protobuf.message import Message

    from services.kit.db import Connection, Database

M = TypeVar("M", bound="Message")


async def once_or_rehearsed(
    database: Database,
    request: Any,
    response_type: type[M],
    work: Callable[[Connection], Awaitable[M]],
) -> M:
    """Runs `work` once per request id; for a dry run, runs it and takes its effect back.

    Raises:
        AlreadyExists: REQUEST_ID_REUSED, not in a dry run.
    """
    if not request.dry_run:
        return await once(database, request, response_type, work)

    async def rehearse(connection: Connection) -> M:
        await connection.execute("/* catalogue.rehearse */ SAVEPOINT rehearsal")
        try:
            return await work(connection)
        finally:
            await connection.execute("/* catalogue.take_back */ ROLLBACK TO rehearsal")

    return await database.run("catalogue.rehearse", rehearse)
