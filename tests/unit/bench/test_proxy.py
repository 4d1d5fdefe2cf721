"""Goal: the proxy does to a connection what it is told, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from services.bench.proxy import Proxy


class Echo:
    """A callee that greets, and answers each line by the same line."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self.heard.append(line)
                writer.write(line)
                await writer.drain()
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    callee = Echo()
    server = await asyncio.start_server(callee.serve, "127.0.0.1", 0)
    callee.port = server.sockets[0].getsockname()[1]
    yield callee
    server.close()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[Proxy]:
    made = Proxy("caller → echo", echo.port)
    await made.open()
    yield made
    await made.close()


class Caller:
    def __init__(self, reader, writer) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, line: bytes) -> bytes:
        self.writer.write(line)
        try:
            return await asyncio.wait_for(self.reader.readline(), 2)
        except ConnectionError:
            return b""


@contextlib.asynccontextmanager
async def calling(proxy: Proxy) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_it_carries_both_ways(proxy):
    async with calling(proxy) as caller:
        assert await caller.reader.readline() == b"hello\n"
        assert await caller.ask(b"one\n") == b"one\n"
        large = b"x" * 50_000 + b"\n"
        assert await caller.ask(large) == large
    assert (proxy.severed, proxy.lost_bytes) == (0, 0)


async def test_a_delay_comes_on_top_both_ways(proxy):
    async with calling(proxy) as caller:
        await caller.reader.readline()
        proxy.delay_s = 0.1
        started = time.monotonic()
        assert await caller.ask(b"one\n") == b"one\n"
        assert time.monotonic() - started >= 0.2
        proxy.heal()
        assert await caller.ask(b"two\n") == b"two\n"


async def test_a_cut_ends_what_is_and_refuses_what_comes(proxy):
    async with calling(proxy) as caller:
        await caller.reader.readline()
        proxy.is_cut = True
        proxy.sever()
        assert await caller.ask(b"one\n") == b""
    with contextlib.suppress(ConnectionError):
        async with calling(proxy) as caller:
            assert await caller.ask(b"two\n") == b""
    assert proxy.severed == 1
    proxy.heal()
    async with calling(proxy) as caller:
        assert await caller.reader.readline() == b"hello\n"


async def test_a_lost_reply_was_made(proxy, echo):
    async with calling(proxy) as caller:
        await caller.reader.readline()
        proxy.loses_replies = True
        assert await caller.ask(b"one\n") == b""
    assert echo.heard == [b"one\n"]
    assert proxy.lost_bytes == len(b"one\n")


async def test_a_connection_made_while_replies_are_lost_still_carries_requests(proxy, echo):
    proxy.loses_replies = True
    async with calling(proxy) as caller:
        # The greeting passes, or a caller that waits for it would never ask.
        assert await caller.reader.readline() == b"hello\n"
        assert await caller.ask(b"one\n") == b""
    assert echo.heard == [b"one\n"]


async def test_a_callee_that_is_down_ends_the_connection(echo):
    proxy = Proxy("caller → nobody", 1)
    await proxy.open()
    with contextlib.suppress(ConnectionError):
        async with calling(proxy) as caller:
            assert await caller.ask(b"one\n") == b""
    await proxy.close()
