"""The same request twice at once: one effect, and both callers get its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from services.kit.db import Connection, Database, DatabaseConfig, open_database
from services.kit.errors import AlreadyExists, RuleForbids
from services.kit.idempotency import once
from yijie.filing.v1 import filing_service_pb2 as pb

TABLES = """
CREATE SCHEMA trial;
CREATE TABLE trial.request (request_id uuid PRIMARY KEY, method text NOT NULL,
    request_hash bytea NOT NULL, response bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now());
CREATE TABLE trial.door (open boolean NOT NULL);
INSERT INTO trial.door VALUES (true);
"""


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLES)
    await connection.close()
    async with open_database(DatabaseConfig(dsn=dsn), "trial") as opened:
        yield opened


async def close_door(connection: Connection) -> pb.CancelFilingResponse:
    """Refuses whoever finds it closed, as a cancelled filing refuses to be cancelled again."""
    row = await connection.fetchrow("/* trial.lock */ SELECT open FROM door FOR UPDATE")
    if row is None or not row["open"]:
        raise RuleForbids("FILING_NOT_LIVE", "the door is closed")
    await asyncio.sleep(0.05)
    await connection.execute("/* trial.close */ UPDATE door SET open = false")
    response = pb.CancelFilingResponse()
    response.filing.filing_id = "closed"
    return response


async def ask(database: Database, request_id: str, filing_id: str) -> pb.CancelFilingResponse:
    request = pb.CancelFilingRequest(request_id=request_id, filing_id=filing_id)
    return await once(database, request, pb.CancelFilingResponse, close_door)


async def test_both_callers_of_one_request_get_the_first_answer(database: Database) -> None:
    request_id, filing_id = str(uuid4()), str(uuid4())
    answers = await asyncio.gather(*(ask(database, request_id, filing_id) for _ in range(5)))
    assert [answer.filing.filing_id for answer in answers] == ["closed"] * 5


async def test_another_request_is_refused_by_what_the_first_did(database: Database) -> None:
    await ask(database, str(uuid4()), str(uuid4()))
    with pytest.raises(RuleForbids, match="closed"):
        await ask(database, str(uuid4()), str(uuid4()))


async def test_the_same_id_with_other_content_is_told_so_also_at_once(database: Database) -> None:
    request_id = str(uuid4())
    first, second = await asyncio.gather(
        *(ask(database, request_id, str(uuid4())) for _ in range(2)), return_exceptions=True
    )
    kinds = {type(first), type(second)}
    assert kinds == {pb.CancelFilingResponse, AlreadyExists}
