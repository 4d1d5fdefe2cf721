"""Every door there is: each RPC of the contracts gets bytes that are no message, and messages of
which every text is a canary. A new RPC is among them without a word here.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

import yijie
from services.kit.channel import open_channel
from services.kit.wire import write_date
from tests.e2e.canaries import BORN, CERT, DIAGNOSIS, ITEM_NAME, NAME, REASON, Visit
from tests.support.rpc import TIMEOUT_S
from yijie.catalogue.v1 import mapping_service_pb2

DEPTH_MAX = 4
HOSPITAL = "H12000099001"
DEFECTS = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN})
# Answers of these may name what was asked for: an item's code and name are no person's.
ECHOES = frozenset(
    {"ResolveCodes", "ClassifyLines", "ScreenBill", "RemindOrder", "SearchReferenceItems"}
)


def methods() -> Iterator[tuple[str, MethodDescriptor]]:
    """Every method of the contracts, and the service that serves it."""
    # Folders without __init__: nothing else lists what is in them.
    for root in map(Path, set(yijie.__path__)):
        for path in sorted(root.rglob("*_service_pb2.py")):
            name = ".".join(("yijie", *path.relative_to(root).with_suffix("").parts))
            yield from _methods_of(importlib.import_module(name).DESCRIPTOR)


def _methods_of(descriptor: Any) -> Iterator[tuple[str, MethodDescriptor]]:
    for service in descriptor.services_by_name.values():
        for method in service.methods:
            yield descriptor.package.split(".")[1], method


def filled(descriptor: Descriptor, text: str, depth: int = 0) -> Any:
    """A message of which every text is the one given, and every date the canary's birthday."""
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        value: Any = None
        if field.name in {"year", "month", "day"} and descriptor.full_name == "google.type.Date":
            value = getattr(BORN, field.name)
        elif field.type == FieldDescriptor.TYPE_STRING:
            value = text
        elif field.type == FieldDescriptor.TYPE_BYTES:
            value = text.encode()
        elif field.type == FieldDescriptor.TYPE_ENUM:
            value = field.enum_type.values[-1].number
        elif field.type == FieldDescriptor.TYPE_MESSAGE and depth < DEPTH_MAX:
            _fill(message, field, filled(field.message_type, text, depth + 1))
        if value is not None:
            _set(message, field, value)
    return message


def _fill(message: Any, field: FieldDescriptor, value: Any) -> None:
    if field.message_type.GetOptions().map_entry:
        return
    if field.is_repeated:
        getattr(message, field.name).add().CopyFrom(value)
    else:
        getattr(message, field.name).CopyFrom(value)


def _set(message: Any, field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)


def malformed(text: str) -> Iterator[bytes]:
    """Bytes that are no message, each with a canary in it."""
    data = text.encode()
    yield data + b"\xff\xfe"
    # A text that is none, and one that is longer than what follows.
    yield bytes([0x0A, len(data) + 1]) + data + b"\xff"
    yield b"\x0a\x7f" + data


async def open_every(visit: Visit) -> int:
    """Calls every method with everything; returns how many methods there are."""
    count = 0
    channels: dict[str, grpc.aio.Channel] = {}
    async with contextlib.AsyncExitStack() as stack:
        for service, method in methods():
            count += 1
            if service not in channels:
                # The audit chain is supervision's; a source of it is every service.
                process = "supervision" if service == "audit" else service
                opened = open_channel(visit.running.endpoints[process].address)
                channels[service] = await stack.enter_async_context(opened)
            for data in _requests(method):
                await _call(visit, channels[service], method, data)
    return count


def _requests(method: MethodDescriptor) -> Iterator[bytes]:
    yield from malformed(f"{CERT}{NAME}")
    # A database takes no NUL.
    for text in (CERT, f"{NAME}{DIAGNOSIS}{REASON}", f"{NAME}\0{CERT}"):
        request = filled(method.input_type, text)
        yield request.SerializeToString()
        if "request_id" in method.input_type.fields_by_name:
            request.request_id = str(uuid4())
            yield request.SerializeToString()


async def _call(
    visit: Visit, channel: grpc.aio.Channel, method: MethodDescriptor, data: bytes
) -> None:
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.client_streaming:
            stream = channel.stream_stream(path)(timeout=TIMEOUT_S)
            await stream.write(data)
            await stream.done_writing()
            answer = await stream.read()
        elif method.server_streaming:
            feed = channel.unary_stream(path)(data, timeout=TIMEOUT_S)
            answer = await feed.read()
            feed.cancel()
        else:
            answer = await channel.unary_unary(path)(data, timeout=TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        visit.keep(error)
        if error.code() in DEFECTS:
            # Whatever comes in is the caller's fault, and must be told as such.
            pytest.fail(f"{path}: {error.details()}")
        return
    if isinstance(answer, bytes) and method.name not in ECHOES:
        visit.refusals.append((method.name, answer))


async def map_garbage(visit: Visit) -> None:
    """Imports entries that are none, and asks for codes that are a person's number.

    A mapping names a hospital's items, which are no secret: what is refused of it must still not
    be repeated, since nobody knows what stood in the wrong column.
    """
    mapping = visit.province.mapping
    owner = mapping_service_pb2.MappingOwner(institution_code=HOSPITAL)
    request = mapping_service_pb2.ImportMappingRequest(
        request_id=str(uuid4()), owner=owner, version="canary", mode=1, officer_id="officer-1"
    )
    day = write_date(BORN)
    for source, target, kind in (
        (NAME, "XA01", "101"),
        (CERT, NAME, "101"),
        (CERT, "XA01", DIAGNOSIS),
        (CERT, CERT, CERT),
    ):
        request.entries.add(
            source_code=source,
            source_name=ITEM_NAME,
            target_code=target,
            list_type_code=kind,
            begin_date=day,
        )
    wrong = request.entries.add(source_code="1", source_name=NAME, list_type_code="101")
    wrong.unit_price.value = CERT
    for dry_run in (True, False):
        request.dry_run, request.request_id = dry_run, str(uuid4())
        answer = await mapping.ImportMapping(request, timeout=TIMEOUT_S)
        assert not answer.accepted_count
        visit.keep_entries(one.error for one in answer.refused_entries)
    for attempt in (
        mapping.SuggestCodes(
            mapping_service_pb2.SuggestCodesRequest(institution_code=HOSPITAL, source_code=CERT),
            timeout=TIMEOUT_S,
        ),
        mapping.SuggestCodes(
            mapping_service_pb2.SuggestCodesRequest(institution_code=HOSPITAL, source_code=NAME),
            timeout=TIMEOUT_S,
        ),
        mapping.ListUnmappedItems(
            mapping_service_pb2.ListUnmappedItemsRequest(
                institution_code=HOSPITAL, page_token=CERT
            ),
            timeout=TIMEOUT_S,
        ),
    ):
        await visit.refused(attempt)
