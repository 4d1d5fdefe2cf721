"""A TCP proxy between a caller and a callee, which can be told to misbehave.

It knows nothing of what it carries: what it does to a connection is what networks do. A reply that
is lost has been made: the request went through, the callee did its work, the caller never hears.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final

from services.cli.topology import HOST

_CHUNK_BYTES: Final = 64 * 1024
_LOST_S: Final = 0.15
"""How long a connection whose replies are lost goes on: time for requests to get through."""
_QUEUE_CHUNKS: Final = 64


@dataclass(slots=True, eq=False)
class _Connection:
    """Both sides of a connection that goes through."""

    caller: asyncio.StreamWriter
    callee: asyncio.StreamWriter
    greeted: bool = False
    """Whether the callee has said something: then requests can come."""
    ending: asyncio.TimerHandle | None = None

    def abort(self) -> None:
        """Ends it as a cable does that is pulled out."""
        if self.ending is not None:
            self.ending.cancel()
        for side in (self.caller, self.callee):
            side.transport.abort()


@dataclass(slots=True, eq=False)
class Proxy:
    """One way from a caller to a callee."""

    name: str
    """"settlement-1 → benefits"."""
    target_port: int
    delay_s: float = 0.0
    """Added to everything, both ways."""
    is_cut: bool = False
    """Whether connections are refused."""
    loses_replies: bool = False
    """Whether requests pass and replies do not."""
    lost_bytes: int = 0
    severed: int = 0
    """Connections that were broken off."""
    port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[_Connection] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def address(self) -> str:
        """host:port for the caller."""
        return f"{HOST}:{self.port}"

    async def open(self) -> None:
        """Listens on a free port."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Ends everything."""
        if self._server is not None:
            self._server.close()
        self.sever()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def sever(self) -> None:
        """Breaks off every connection."""
        self.severed += len(self._connections)
        for connection in list(self._connections):
            connection.abort()

    def heal(self) -> None:
        """Behaves again."""
        self.delay_s = 0.0
        self.is_cut = False
        self.loses_replies = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            callee_reader, callee_writer = await asyncio.open_connection(HOST, self.target_port)
        except OSError:
            # The callee is down: so is the connection.
            writer.transport.abort()
            return
        connection = _Connection(writer, callee_writer)
        self._connections.add(connection)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, callee_writer, connection, replies=False))
                group.create_task(self._carry(callee_reader, writer, connection, replies=True))
        finally:
            self._connections.discard(connection)
            connection.abort()

    async def _carry(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        connection: _Connection,
        *,
        replies: bool,
    ) -> None:
        """Carries one direction; a delay is a latency, not a bottleneck: chunks overlap."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUE_CHUNKS)
        loop = asyncio.get_running_loop()

        async def deliver() -> None:
            while True:
                due, chunk = await queue.get()
                wait = due - loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                if not chunk or sink.is_closing():
                    return
                if replies and self._is_lost(connection, chunk):
                    continue
                sink.write(chunk)
                await sink.drain()

        async def fetch() -> None:
            chunk = b"?"
            while chunk:
                try:
                    chunk = await source.read(_CHUNK_BYTES)
                except OSError:
                    chunk = b""
                await queue.put((loop.time() + self.delay_s, chunk))

        fetching = asyncio.create_task(fetch())
        try:
            with contextlib.suppress(OSError):
                await deliver()
        finally:
            fetching.cancel()
            await asyncio.wait([fetching])
            connection.abort()

    def _is_lost(self, connection: _Connection, chunk: bytes) -> bool:
        # The first words of HTTP/2 pass, or no request would ever be sent.
        first, connection.greeted = not connection.greeted, True
        if first or not self.loses_replies:
            return False
        self.lost_bytes += len(chunk)
        if connection.ending is None:
            loop = asyncio.get_running_loop()
            connection.ending = loop.call_later(_LOST_S, connection.abort)
            self.severed += 1
        return True
