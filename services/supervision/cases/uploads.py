"""Taking a document in parts: refused by what is announced, by its first bytes, by its length."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.kit.caller import require_region
from services.kit.errors import DomainError
from services.kit.idempotency import is_known, once
from services.kit.ids import new_id
from services.kit.notes import read_note
from services.kit.wire import invalid
from services.supervision.cases import messages, usecases
from services.supervision.cases.model import Document
from services.supervision.domain.case_documents import require_length, require_size, type_of
from yijie.supervision.v1 import case_service_pb2 as pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.cases.desk import Desk

_AT_ONCE: Final = 4
"""Documents that are taken at the same time: each is held in memory whole."""
_WHOLE_S: Final = 120.0
"""Longest time that one document takes."""
_PART_S: Final = 10.0
"""Longest time until its next part comes: whoever stalls does not keep others out."""
_MAGIC_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    request: Any
    case_id: UUID
    title: str


class Uploads:
    """Takes documents."""

    def __init__(self, database: Database, clock: Clock, desk: Desk) -> None:
        """Holds what all documents share."""
        self._database = database
        self._clock = clock
        self._desk = desk
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def take(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Takes one document; answers once it may come, and when it is kept.

        Raises:
            InvalidArgument: DOCUMENT_TOO_LARGE, DOCUMENT_TYPE_REFUSED, DOCUMENT_INCOMPLETE,
                FIELD_INVALID.
            DomainError: what keeping a document raises; where that is known, before it comes.
        """
        first = await anext(requests, None)
        if first is None:
            return
        header = await self._read_header(first, context)
        async with self._gate:
            yield pb2.UploadDocumentResponse(request_id=first.request_id)
            try:
                async with asyncio.timeout(_WHOLE_S):
                    content = await _read_content(requests, first)
            except TimeoutError:
                raise invalid(
                    "chunk", "took too long to come", reason="DOCUMENT_INCOMPLETE"
                ) from None
            yield await self._keep(header, content)

    async def _read_header(self, first: Any, context: Any) -> _Header:
        require_region(context, first.region_code, field="region_code")
        require_size(first.size_bytes)
        if not (first.case_id and first.region_code and first.institution_code) or first.chunk:
            raise invalid("case_id", "the first message says what comes and has no bytes")
        header = _Header(
            request=first,
            case_id=wire.read_uuid(first.case_id),
            title=read_note(first.title, "title", optional=True),
        )
        try:
            case = await usecases.get_case(self._database, header.case_id)
            usecases.require_party(
                case, region_code=first.region_code, institution_code=first.institution_code
            )
            await usecases.require_hearing(
                self._database, self._desk, case, usecases.HEARD, now=self._clock.now()
            )
        except DomainError:
            # A repeat of what was kept in time is answered as the first time.
            if not await is_known(self._database, first):
                raise
        return header

    async def _keep(self, header: _Header, content: bytes) -> Any:
        digest = hashlib.sha256(content).digest()
        now = self._clock.now()
        document = Document(
            document_id=new_id(now),
            case_id=header.case_id,
            document_type=type_of(content),
            size_bytes=len(content),
            digest=digest,
            title=header.title,
            create_time=now,
        )

        async def work(connection: Connection) -> Any:
            await usecases.keep_document(
                connection,
                self._desk,
                document,
                content,
                region_code=header.request.region_code,
                institution_code=header.request.institution_code,
            )
            return pb2.UploadDocumentResponse(
                request_id=header.request.request_id, document=messages.write_document(document)
            )

        return await once(
            self._database,
            header.request,
            pb2.UploadDocumentResponse,
            work,
            hash_of=lambda request: hashlib.sha256(
                request.SerializeToString(deterministic=True) + digest
            ).digest(),
        )


async def _read_content(requests: AsyncIterator[Any], first: Any) -> bytes:
    content = bytearray()
    announced = int(first.size_bytes)
    while len(content) < announced:
        async with asyncio.timeout(_PART_S):
            request = await anext(requests, None)
        if request is None:
            break
        if not request.chunk:
            raise invalid("chunk", "is empty: a document has bytes in every part")
        if request.request_id != first.request_id:
            raise invalid("request_id", "is of another document")
        content += request.chunk
        if len(content) > announced:
            break
        if len(content) >= _MAGIC_BYTES:
            # Not only at the end: what is no document is not taken to its last byte.
            type_of(bytes(content[:_MAGIC_BYTES]))
    require_length(len(content), announced)
    return bytes(content)
