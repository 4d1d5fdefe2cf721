"""The floor: the round trip's processes, calls and durable commits with no logic in them.

    python -m services.bench.floor settlement      (configured by FLOOR_* variables)

Each role does what the real service does to the network and to the disk, and nothing else: bytes in
and out of plain gRPC handlers, no interceptors, spans, metrics, logs or checks. What the real mesh
reaches of the floor's throughput is what its logic, its safety and its telemetry leave. Ends when
its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import grpc
import orjson

from services.bench.drive import SETTLE
from services.cli.loops import loop_factory
from services.kit.channel import CHANNEL_OPTIONS
from services.kit.ids import new_id

ROLES: Final = ("identity", "filing", "benefits", "settlement", "supervision", "clearing")
CALLEES: Final[Mapping[str, tuple[str, ...]]] = {
    "settlement": ("identity", "filing", "benefits", "supervision"),
    "supervision": ("settlement",),
    "clearing": ("settlement",),
}
CALL: Final = "/floor.Floor/Call"
FEED: Final = "/floor.Floor/Feed"
_POOL_SIZE: Final = 5
"""With the mesh beside it, within the hundred connections of the embedded server."""
_KEY_BYTES: Final = 4
_ID_BYTES: Final = 16
_BATCH_MAX: Final = 200
_POLL_S: Final = 0.1
_CALL_S: Final = 0.8
# The request_id of a SettleRequest: field 1, a string of 36 bytes.
_REQUEST_ID: Final = slice(2, 38)

SCHEMA: Final = """
CREATE TABLE person (person_key int PRIMARY KEY, record bytea NOT NULL);
CREATE TABLE filing (person_key int PRIMARY KEY, record bytea NOT NULL);
CREATE TABLE accumulators (person_key int PRIMARY KEY, used bigint NOT NULL)
    WITH (fillfactor = 80);
CREATE TABLE adjudication (settlement_id uuid PRIMARY KEY, answer bytea NOT NULL);
ALTER TABLE adjudication ALTER answer SET STORAGE EXTERNAL;
CREATE TABLE intent (request_id uuid PRIMARY KEY, settlement_id uuid NOT NULL, body bytea NOT NULL);
CREATE TABLE outcome (settlement_id uuid PRIMARY KEY, answer bytea NOT NULL);
CREATE TABLE outbox (transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
                     sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
                     event bytea NOT NULL, PRIMARY KEY (transaction_id, sequence));
CREATE TABLE booking (settlement_id uuid PRIMARY KEY);
CREATE TABLE screening (settlement_id uuid PRIMARY KEY);
CREATE TABLE feed_cursor (feed text PRIMARY KEY, cursor text NOT NULL);
INSERT INTO feed_cursor VALUES ('clearing', ''), ('supervision', '');
"""
_FIND_PERSON: Final = "SELECT record FROM person WHERE person_key = $1"
_FIND_FILING: Final = "SELECT record FROM filing WHERE person_key = $1"
_INTENT: Final = "INSERT INTO intent (request_id, settlement_id, body) VALUES ($1, $2, $3)"
_OUTCOME: Final = """
WITH done AS (INSERT INTO outcome (settlement_id, answer) VALUES ($1, $2))
INSERT INTO outbox (event) VALUES ($3)"""
_LOCK: Final = "SELECT used FROM accumulators WHERE person_key = $1 FOR UPDATE"
_BOOK: Final = """
WITH used AS (UPDATE accumulators SET used = used + 1 WHERE person_key = $1)
INSERT INTO adjudication (settlement_id, answer) VALUES ($2, $3)"""
_READ_FEED: Final = """
SELECT transaction_id::text AS transaction_id, sequence, event FROM outbox
WHERE (transaction_id, sequence) > ($1::text::xid8, $2)
  AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY outbox.transaction_id, outbox.sequence LIMIT $3"""
_MOVE_CURSOR: Final = "UPDATE feed_cursor SET cursor = $2 WHERE feed = $1"
_APPLY: Final = {
    "clearing": "INSERT INTO booking SELECT unnest($1::uuid[])",
    "supervision": "INSERT INTO screening SELECT unnest($1::uuid[])",
}

Handler = Callable[[bytes, Any], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of what the real mesh sends and stores for a bill, as measured from it."""

    verify_request: int
    verify_response: int
    match_request: int
    match_response: int
    screen_request: int
    screen_response: int
    commit_request: int
    commit_response: int
    settle_response: int
    person: int
    filing: int
    intent: int
    answer: int
    outcome: int
    event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a floor process needs to know."""

    listen: str
    dsn: str
    targets: Mapping[str, str]
    sizes: Sizes
    people: int
    """Rows of person, filing and accumulators, keyed from 0."""

    def environment(self) -> dict[str, str]:
        """Returns the variables to start a process with."""
        return {
            "FLOOR_LISTEN": self.listen,
            "FLOOR_DSN": self.dsn,
            "FLOOR_TARGETS": orjson.dumps(dict(self.targets)).decode(),
            "FLOOR_SIZES": orjson.dumps(asdict(self.sizes)).decode(),
            "FLOOR_PEOPLE": str(self.people),
        }


def settings_of(variables: Mapping[str, str]) -> Settings:
    """Reads what `Settings.environment` wrote."""
    return Settings(
        listen=variables["FLOOR_LISTEN"],
        dsn=variables["FLOOR_DSN"],
        targets=orjson.loads(variables["FLOOR_TARGETS"]),
        sizes=Sizes(**orjson.loads(variables["FLOOR_SIZES"])),
        people=int(variables["FLOOR_PEOPLE"]),
    )


def person_key(request: bytes) -> int:
    """Returns the key in the first bytes of a request between floor processes."""
    return int.from_bytes(request[:_KEY_BYTES])


def callee_request(key: int, size: int) -> bytes:
    """Returns a request of a size that carries a key."""
    return key.to_bytes(_KEY_BYTES).ljust(size, b"\0")


def _reader(pool: asyncpg.Pool, query: str, answer: bytes) -> Handler:
    async def read(request: bytes, _context: Any) -> bytes:
        async with pool.acquire() as connection:
            await connection.fetchrow(query, person_key(request))
        return answer

    return read


def _screener(answer: bytes) -> Handler:
    async def screen(_request: bytes, _context: Any) -> bytes:
        return answer

    return screen


def _booker(pool: asyncpg.Pool, sizes: Sizes) -> Handler:
    stored, answer = b"\1" * sizes.answer, b"\1" * sizes.commit_response

    async def book(request: bytes, _context: Any) -> bytes:
        key = person_key(request)
        settlement_id = UUID(bytes=request[_KEY_BYTES : _KEY_BYTES + _ID_BYTES])
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetchrow(_LOCK, key)
            await connection.execute(_BOOK, key, settlement_id, stored)
        return answer

    return book


class _Settler:
    def __init__(
        self, pool: asyncpg.Pool, channels: Mapping[str, grpc.aio.Channel], settings: Settings
    ) -> None:
        self._pool = pool
        self._calls = {name: channel.unary_unary(CALL) for name, channel in channels.items()}
        self._sizes = sizes = settings.sizes
        self._keys = itertools.cycle(range(settings.people))
        self._intent = b"\1" * sizes.intent
        self._outcome = b"\1" * sizes.outcome
        self._event_rest = b"\1" * max(0, sizes.event - _ID_BYTES)
        self._answer = b"\1" * sizes.settle_response

    async def settle(self, request: bytes, _context: Any) -> bytes:
        sizes, key = self._sizes, next(self._keys)
        await asyncio.gather(
            self._call("identity", callee_request(key, sizes.verify_request)),
            self._call("filing", callee_request(key, sizes.match_request)),
            self._call("supervision", callee_request(key, sizes.screen_request)),
        )
        settlement_id = new_id(datetime.now(UTC))
        request_id = UUID(request[_REQUEST_ID].decode())
        await self._fetchrow(_INTENT, request_id, settlement_id, self._intent)
        head = key.to_bytes(_KEY_BYTES) + settlement_id.bytes
        await self._call("benefits", head.ljust(sizes.commit_request, b"\0"))
        event = settlement_id.bytes + self._event_rest
        await self._fetchrow(_OUTCOME, settlement_id, self._outcome, event)
        return self._answer

    async def feed(self, request: bytes, _context: Any) -> AsyncIterator[bytes]:
        """Streams cursor and events: "<transaction>.<sequence>", a line feed, then the events."""
        transaction, _, sequence = (request or b"0.0").decode().partition(".")
        position = (transaction, int(sequence))
        while True:
            async with self._pool.acquire() as connection:
                rows = await connection.fetch(_READ_FEED, *position, _BATCH_MAX)
            if not rows:
                await asyncio.sleep(_POLL_S)
                continue
            position = (rows[-1]["transaction_id"], rows[-1]["sequence"])
            cursor = f"{position[0]}.{position[1]}\n".encode()
            yield cursor + b"".join(row["event"] for row in rows)

    async def _call(self, callee: str, request: bytes) -> bytes:
        answer: bytes = await self._calls[callee](request, timeout=_CALL_S, wait_for_ready=True)
        return answer

    async def _fetchrow(self, query: str, *arguments: Any) -> None:
        async with self._pool.acquire() as connection:
            await connection.fetchrow(query, *arguments)


async def _follow(role: str, pool: asyncpg.Pool, channel: grpc.aio.Channel, sizes: Sizes) -> None:
    event_bytes = max(_ID_BYTES, sizes.event)
    async for batch in channel.unary_stream(FEED)(b"", wait_for_ready=True):
        cursor, _, events = batch.partition(b"\n")
        ids = [
            UUID(bytes=events[start : start + _ID_BYTES])
            for start in range(0, len(events), event_bytes)
        ]
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_MOVE_CURSOR, role, cursor.decode())
            await connection.execute(_APPLY[role], ids)


def _handlers(
    role: str,
    pool: asyncpg.Pool,
    channels: Mapping[str, grpc.aio.Channel],
    settings: Settings,
) -> dict[str, grpc.RpcMethodHandler]:
    sizes = settings.sizes
    unary = grpc.unary_unary_rpc_method_handler
    if role == "settlement":
        settler = _Settler(pool, channels, settings)
        return {
            SETTLE: unary(settler.settle),
            FEED: grpc.unary_stream_rpc_method_handler(settler.feed),
        }
    handlers: dict[str, Handler] = {
        "identity": _reader(pool, _FIND_PERSON, b"\1" * sizes.verify_response),
        "filing": _reader(pool, _FIND_FILING, b"\1" * sizes.match_response),
        "supervision": _screener(b"\1" * sizes.screen_response),
        "benefits": _booker(pool, sizes),
    }
    return {CALL: unary(handlers[role])} if role in handlers else {}


class _Routes(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, handlers: Mapping[str, grpc.RpcMethodHandler]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return self._handlers.get(handler_call_details.method)


async def _keep_session(_connection: Any) -> None:
    """Replaces the pool's reset, as the kit does."""


async def serve(role: str, settings: Settings, ended: Awaitable[object]) -> None:
    """Serves one role until `ended`."""
    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            asyncpg.create_pool(settings.dsn, min_size=1, max_size=_POOL_SIZE, reset=_keep_session)
        )
        channels = {
            name: await stack.enter_async_context(
                grpc.aio.insecure_channel(settings.targets[name], options=CHANNEL_OPTIONS)
            )
            for name in CALLEES.get(role, ())
        }
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)], maximum_concurrent_rpcs=400)
        server.add_generic_rpc_handlers([_Routes(_handlers(role, pool, channels, settings))])
        server.add_insecure_port(settings.listen)
        await server.start()
        follower = (
            asyncio.create_task(_follow(role, pool, channels["settlement"], settings.sizes))
            if role in _APPLY
            else None
        )
        await ended
        if follower:
            follower.cancel()
        await server.stop(0)
        pool.terminate()


async def _main(role: str) -> None:
    loop = asyncio.get_running_loop()
    await serve(role, settings_of(os.environ), loop.run_in_executor(None, sys.stdin.buffer.read))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_main(sys.argv[1]))
