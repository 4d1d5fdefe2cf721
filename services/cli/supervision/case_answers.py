"""What an institution answers to an opinion, as its province brings it at a terminal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import grpc

from services.cli.screen import console
from services.cli.supervision.calling import calling
from services.cli.supervision.case_desk import print_state
from services.kit.errors import InvalidArgument, Unavailable
from services.kit.status import from_rpc_error
from yijie.supervision.v1 import case_pb2
from yijie.supervision.v1 import case_service_pb2 as pb
from yijie.supervision.v1 import case_service_pb2_grpc as rpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SERVICE: Final = "supervision"
_PART_BYTES: Final = 1 << 20
_DOCUMENT_BYTES_MAX: Final = 10 << 20
"""What CaseService.UploadDocument takes."""
_UPLOAD_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an institution answers."""

    officer: str
    is_agreed: bool
    text: str
    documents: tuple[Path, ...]


async def answer_case(data_dir: Path, case_id: str, given: Given) -> int:
    """Brings documents and answer, and prints where the case is then.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    async with calling(data_dir, _SERVICE) as called:
        stub = rpc.CaseServiceStub(called.channel)
        case = (await called.call(stub.GetCase, pb.GetCaseRequest(case_id=case_id))).case
        region_code = f"{case.care_region_code[:2]}0000"
        for path in given.documents:
            first = pb.UploadDocumentRequest(
                request_id=str(uuid4()),
                case_id=case_id,
                region_code=region_code,
                institution_code=case.institution_code,
                size_bytes=path.stat().st_size,
                title=path.stem[:60],
            )
            kept = await _upload(stub, first, path)
            console().print(f"材料 document {kept.document_id} {kept.title}", markup=False)
        request = pb.AnswerOpinionRequest(
            request_id=str(uuid4()),
            case_id=case_id,
            region_code=region_code,
            institution_code=case.institution_code,
            position=case_pb2.POSITION_AGREED if given.is_agreed else case_pb2.POSITION_DISPUTED,
            text=given.text,
            officer_id=given.officer,
        )
        answered = (await called.call(stub.AnswerOpinion, request)).case
    print_state(answered)
    return 0


async def _upload(stub: Any, first: pb.UploadDocumentRequest, path: Path) -> case_pb2.CaseDocument:
    if first.size_bytes > _DOCUMENT_BYTES_MAX:
        # The service refuses it as well, but its answer may be lost while we are still sending.
        raise InvalidArgument(
            "DOCUMENT_TOO_LARGE", "the document is larger than 10 MiB", field="size_bytes"
        )
    call = stub.UploadDocument(_parts(first, path), timeout=_UPLOAD_S)
    kept = case_pb2.CaseDocument()
    try:
        async for response in call:
            kept = response.document
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) or Unavailable(
            "CALLEE_UNAVAILABLE", "supervision did not take the document"
        ) from None
    return kept


async def _parts(
    first: pb.UploadDocumentRequest, path: Path
) -> AsyncIterator[pb.UploadDocumentRequest]:
    yield first
    # Of a file in parts: one that is too large is refused before it is read.
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, _PART_BYTES):
            yield pb.UploadDocumentRequest(request_id=first.request_id, chunk=chunk)
