"""Repeated requests: the first answer is stored in the transaction of its effect and given again.

A service that uses this has, in its schema:

    CREATE TABLE request (request_id uuid PRIMARY KEY, method text NOT NULL, request_hash bytea NOT
    NULL,
                          response bytea NOT NULL, create_time timestamptz NOT NULL DEFAULT now());
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.kit import call as calls
from services.kit.db import Connection, Database
from services.kit.errors import AlreadyExists, DomainError, LostRace, Overloaded, Unavailable

M = TypeVar("M", bound=Message)

_FIND = """/* kit.find_request */
SELECT method, request_hash, response FROM request WHERE request_id = $1"""
_STORE = """/* kit.store_request */
INSERT INTO request (request_id, method, request_hash, response) VALUES ($1, $2, $3, $4)
ON CONFLICT (request_id) DO NOTHING RETURNING request_id"""


def request_hash(request: Message) -> bytes:
    """Returns the SHA-256 of a request's content: 32 bytes."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


def reused() -> AlreadyExists:
    """Returns the error for a request id that stands for other content."""
    return AlreadyExists(
        "REQUEST_ID_REUSED", "request_id was used with other content", field="request_id"
    )


async def first_answer(
    database: Database,
    request: Any,
    response_type: type[M],
    *,
    hash_of: Callable[[Message], bytes] = request_hash,
) -> M | None:
    """Returns the stored answer of a repeat, or None: for what has to be asked elsewhere first.

    Raises AlreadyExists(REQUEST_ID_REUSED) as `once` does.
    """
    row = await database.fetchrow(_FIND, UUID(request.request_id))
    if row is None:
        return None
    if row["method"] != request.DESCRIPTOR.name or row["request_hash"] != hash_of(request):
        raise reused()
    calls.note(replayed=True)
    return response_type.FromString(row["response"])


async def is_known(database: Database, request: Any) -> bool:
    """Tells whether a request id has an answer, whatever it was sent with."""
    return await database.fetchrow(_FIND, UUID(request.request_id)) is not None


async def once(
    database: Database,
    request: Any,
    response_type: type[M],
    work: Callable[[Connection], Awaitable[M]],
    *,
    hash_of: Callable[[Message], bytes] = request_hash,
) -> M:
    """Runs `work` in a transaction once per request.request_id; a repeat gets the first answer.

    `hash_of` is keyed where a request holds personal data: a plain hash could be guessed at.

    Raises AlreadyExists(REQUEST_ID_REUSED) when the id came with another method or other content.
    """
    method = request.DESCRIPTOR.name
    digest = hash_of(request)
    request_id = UUID(request.request_id)

    async def transaction(connection: Connection) -> M:
        row = await connection.fetchrow(_FIND, request_id)
        if row is not None:
            if row["method"] != method or row["request_hash"] != digest:
                raise reused()
            calls.note(replayed=True)
            return response_type.FromString(row["response"])
        response = await work(connection)
        stored = await connection.fetchrow(
            _STORE, request_id, method, digest, response.SerializeToString()
        )
        if stored is None:
            # The same request runs twice at once and the other one committed first: our effect is
            # rolled back with this transaction, and a repeat will find the stored answer.
            raise LostRace("LOST_RACE", "the same request is being served", retry_after_ms=20)
        return response

    try:
        return await database.run(f"once {method}", transaction)
    except (Unavailable, Overloaded, LostRace):
        raise
    except DomainError:
        # The same request twice at once: the one that lost found what the first had done and was
        # refused by it. Its caller gets the first answer, as one who came later would.
        answer = await first_answer(database, request, response_type, hash_of=hash_of)
        if answer is None:
            raise
        return answer
