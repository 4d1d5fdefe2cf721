"""Events put into the outbox by hand, as transactions of settlement would, and readers of feeds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

from services.kit.crypto import FieldCipher, parse_keyring_text
from tests.integration.settlement.world import KEY, eventually
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

NINGXIA, XINJIANG, BEIJING, SHANGHAI = "640000", "650000", "110000", "310000"
_CIPHER = FieldCipher(parse_keyring_text(KEY))
_INSERT = (
    "INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,"
    " insured_province) VALUES ($1, $2, $3, $4, $5, $6) RETURNING transaction_id::text, sequence"
)


async def append(
    connection: Any,
    at: datetime,
    *,
    person: str = "",
    care: str = NINGXIA,
    insured: str = XINJIANG,
    kind: str = "SETTLED",
    padding: int = 0,
) -> str:
    """Inserts one event in the connection's transaction; returns the settlement's id.

    `padding` is how many bytes it is made longer by.
    """
    key = uuid4()
    message = settlement_pb2.Settlement(
        settlement_id=str(key), person_id=person, benefit_level_explanation_en="x" * padding
    )
    sealed = _CIPHER.encrypt(message.SerializeToString(), context=b"settlement.outbox:" + key.bytes)
    await connection.fetchrow(_INSERT, key, kind, at, sealed, care, insured)
    return str(key)


async def append_foreign(connection: Any, at: datetime, count: int) -> None:
    """Inserts many events between Beijing and Shanghai; what they hold is not to be read."""
    await connection.execute(
        "INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,"
        " insured_province) SELECT gen_random_uuid(), 'SETTLED', $1, 'x', $2, $3"
        " FROM generate_series(1, $4)",
        at,
        BEIJING,
        SHANGHAI,
        count,
    )


async def last_cursor(connection: Any) -> str:
    """Returns the cursor of the last event that the outbox has."""
    row = await connection.fetchrow(
        "SELECT transaction_id::text AS id, sequence FROM outbox"
        " ORDER BY outbox.transaction_id DESC, sequence DESC LIMIT 1"
    )
    return f"{row['id']}.{row['sequence']}"


class Reader:
    """A subscriber that keeps all that it gets."""

    def __init__(self, stub: Any, request: Any) -> None:
        self.events: list[Any] = []
        self.responses: list[Any] = []
        self._stub = stub
        self._request = request

    @property
    def ids(self) -> list[str]:
        return [event.settlement.settlement_id for event in self.events]

    @property
    def cursor(self) -> str:
        return str(self.responses[-1].cursor)

    async def run(self) -> None:
        async for response in self._stub.Subscribe(self._request):
            self.responses.append(response)
            self.events += response.events

    async def has(self, count: int) -> None:
        """Waits until it has so many events."""

        async def enough() -> bool:
            return len(self.events) >= count

        await eventually(enough)

    async def signs(self, count: int) -> None:
        """Waits for so many further responses without events."""

        def silent() -> int:
            return sum(not response.events for response in self.responses)

        wanted = silent() + count

        async def enough() -> bool:
            return silent() >= wanted

        await eventually(enough)


@contextlib.asynccontextmanager
async def reading(stub: Any, **request: Any) -> AsyncIterator[Reader]:
    """Reads a subscription while the block runs."""
    reader = Reader(stub, pb.SubscribeRequest(**request))
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])
