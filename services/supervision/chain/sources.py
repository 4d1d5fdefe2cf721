"""The sources of the audit chain, as supervision reads them: its own, and those of other services.

A source is named by its service and what the service calls it, "settlement.journal"; an insured
province that runs its benefits apart is named too, "benefits-650000.events".
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from services.kit import wire
from services.kit.audit_chain.sources import (
    SOURCES,
    Page,
    Position,
    SourceRow,
    SourceStore,
    read_position,
)
from services.kit.channel import Callee, open_channel
from services.kit.routes import EVERY_REGION, peer_name_of
from services.supervision.domain.chain import Malformed
from yijie.audit.v1 import audit_source_service_pb2, audit_source_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    import grpc

    from services.kit.db import Database
    from services.kit.routes import Route
    from services.kit.tls import Identity

_OWN: Final = "supervision"
_INSURED: Final = "benefits"
READ_S: Final = 5.0
"""Budget of one page."""
_POSITION: Final = re.compile(r"[0-9]{1,20}[.][0-9]{1,19}", re.ASCII)
"""What can be asked for again: the pattern of ReadEntriesRequest."""


class Source(Protocol):
    """An order of rows that are only ever added."""

    async def read(self, after: str) -> Page:
        """Returns rows after a position; empty text: from the first one.

        Raises:
            DomainError: it cannot be read; AUDIT_POSITION_UNKNOWN: the row at `after` is gone.
            Malformed: what it answers is no page.
        """


class OwnSource:
    """A source of this very service."""

    def __init__(self, store: SourceStore, source: str) -> None:
        """Holds what to read."""
        self._store = store
        self._source = source

    async def read(self, after: str) -> Page:
        """Returns rows after a position."""
        return await self._store.read(self._source, read_position(after))


class RemoteSource:
    """A source of another service."""

    def __init__(self, channel: grpc.aio.Channel, service: str, source: str) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = audit_source_service_pb2_grpc.AuditSourceServiceStub(channel)
        self._callee = Callee(service)
        self._source = source

    async def read(self, after: str) -> Page:
        """Returns rows after a position."""
        request = audit_source_service_pb2.ReadEntriesRequest(source=self._source, after=after)
        answer = await self._callee.call(self._stub.ReadEntries, request, own_s=READ_S)
        if answer.has_more and not answer.entries:
            # Asked again at once it would say so for ever.
            msg = "a source says that more follows, and gives nothing"
            raise Malformed(msg)
        return Page(
            [_row(one) for one in answer.entries],
            has_more=answer.has_more,
            held_since=_instant(answer.held_since) if answer.HasField("held_since") else None,
        )


def open_sources(
    database: Database, channels: Mapping[str, grpc.aio.Channel]
) -> Mapping[str, Source]:
    """Returns all sources by name: our own, and those behind the channels by service."""
    own = SourceStore(database, _OWN)
    found: dict[str, Source] = {f"{_OWN}.{one}": OwnSource(own, one) for one in SOURCES[_OWN]}
    for name, channel in channels.items():
        service = name.partition("-")[0]
        for one in SOURCES[service]:
            found[f"{name}.{one}"] = RemoteSource(channel, service, one)
    return found


@contextlib.asynccontextmanager
async def open_further(
    catalogue_target: str, routes: Mapping[str, Route], identity: Identity | None
) -> AsyncIterator[Mapping[str, grpc.aio.Channel]]:
    """Opens channels to who is asked for nothing but its sources: catalogue, insured provinces."""
    async with contextlib.AsyncExitStack() as stack:
        channels: dict[str, grpc.aio.Channel] = {}
        if catalogue_target:
            channels["catalogue"] = await stack.enter_async_context(
                open_channel(catalogue_target, identity)
            )
        for region, route in routes.items():
            name = _INSURED if region == EVERY_REGION else f"{_INSURED}-{region}"
            channels[name] = await stack.enter_async_context(
                open_channel(route.target, identity, peer_name=peer_name_of(region))
            )
        yield channels


def _row(entry: Any) -> SourceRow:
    return SourceRow(
        position=_position(entry.position),
        kind=entry.kind,
        event_time=_instant(entry.event_time),
        record_id=entry.record_id,
        content=entry.content,
    )


def _position(text: str) -> Position:
    if not _POSITION.fullmatch(text):
        msg = "the position of an entry is none"
        raise Malformed(msg)
    return read_position(text)


def _instant(message: Any) -> datetime:
    try:
        return wire.read_time(message)
    except (ValueError, OverflowError) as error:
        msg = "a time of a source is none"
        raise Malformed(msg) from error
