"""A name server on the loopback: a name has the addresses of the replicas that are ready.

What a headless Service is to pods. It answers A records with a lifetime of zero, so that what a
caller knows is only as old as its own last question.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, cast

from services.cli.topology import HOST

_HEADER: Final = struct.Struct("!6H")
_QUESTION: Final = struct.Struct("!2H")
_ANSWER: Final = struct.Struct("!3HIH")
_TYPE_A: Final = 1
_CLASS_IN: Final = 1
_POINTER_TO_NAME: Final = 0xC000 | _HEADER.size
_ANSWERED: Final = 0x8580  # a response, authoritative, recursion offered
_UNKNOWN_NAME: Final = 3


class Resolver(asyncio.DatagramProtocol):
    """Answers for the names it is given; the mapping may change at any time."""

    def __init__(self, addresses: Mapping[str, Sequence[str]]) -> None:
        """`addresses`: name without the last point → IPv4 addresses."""
        self._addresses = addresses
        self._transport: asyncio.DatagramTransport | None = None
        self.asked = 0
        """Questions that were answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps what answers go out by."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answers a question; what is none is left alone."""
        reply = answer(data, self._addresses)
        if reply and self._transport is not None:
            self.asked += 1
            self._transport.sendto(reply, addr)


def answer(query: bytes, addresses: Mapping[str, Sequence[str]]) -> bytes:
    """Returns the answer to a DNS query of one question; empty where it is not one."""
    try:
        number, _, questions, *_ = _HEADER.unpack_from(query)
        name, end = _name(query, _HEADER.size)
        kind, class_ = _QUESTION.unpack_from(query, end)
    except (struct.error, IndexError, UnicodeDecodeError):
        return b""
    if questions != 1 or class_ != _CLASS_IN:
        return b""
    known = addresses.get(name)
    # No address of this kind is an answer, too: nobody has to ask again.
    found = known if known and kind == _TYPE_A else ()
    code = _ANSWERED if known is not None else _ANSWERED | _UNKNOWN_NAME
    records = b"".join(
        _ANSWER.pack(_POINTER_TO_NAME, _TYPE_A, _CLASS_IN, 0, 4) + socket.inet_aton(address)
        for address in found
    )
    asked = query[_HEADER.size : end + _QUESTION.size]
    return _HEADER.pack(number, code, 1, len(found), 0, 0) + asked + records


@contextlib.asynccontextmanager
async def resolving(addresses: Mapping[str, Sequence[str]]) -> AsyncIterator[str]:
    """Serves while the block runs; gives host:port of the name server."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Resolver(addresses), local_addr=(HOST, 0)
    )
    try:
        yield f"{HOST}:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


def _name(message: bytes, at: int) -> tuple[str, int]:
    """Returns the name that begins at a place, and where it ends."""
    labels = []
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1
