"""`yijie feed`: the journal as it grows, one line of JSON for each event."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import grpc
import orjson

from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.kit import wire
from services.kit.status import from_rpc_error
from yijie.settlement.v1 import (
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

_AGAIN_S: Final = 1.0


_ROLES: Final = {
    "": settlement_service_pb2.REGION_ROLE_UNSPECIFIED,
    "care": settlement_service_pb2.REGION_ROLE_CARE,
    "insured": settlement_service_pb2.REGION_ROLE_INSURED,
}
_KINDS: Final = {
    "settled": settlement_service_pb2.EVENT_KIND_SETTLED,
    "reversed": settlement_service_pb2.EVENT_KIND_REVERSED,
}


class BadFilterError(Exception):
    """An option is none of those that there are; the text says which there are."""


def subscription(
    *, region: str = "", role: str = "", kinds: str = "", after: str = ""
) -> settlement_service_pb2.SubscribeRequest:
    """Returns the request for what the options say; kinds are separated by commas.

    Raises:
        BadFilterError: a role or kind that there is not.
    """
    # Said twice means once.
    named = dict.fromkeys(kind.strip().lower() for kind in kinds.split(",") if kind.strip())
    if role not in _ROLES or not named.keys() <= _KINDS.keys():
        msg = "--role is care or insured, --kinds are of settled,reversed"
        raise BadFilterError(msg)
    return settlement_service_pb2.SubscribeRequest(
        after_cursor=after,
        region_code=region,
        region_role=_ROLES[role],
        kinds=[_KINDS[kind] for kind in named],
    )


async def feed(
    data_dir: Path, request: settlement_service_pb2.SubscribeRequest, *, is_once: bool
) -> int:
    """Prints events until it is stopped, or with `is_once` until nothing is left.

    Raises:
        MeshError: no mesh runs there.
        DomainError: the hub refused: a cursor, a region.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    with _until_nobody_reads():
        async with open_endpoint(endpoints["settlement"], region=request.region_code) as channel:
            stub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
            async for response in responses(stub, request):
                for event in response.events:
                    sys.stdout.buffer.write(orjson.dumps(line_of(event)) + b"\n")
                sys.stdout.buffer.flush()
                if is_once and not response.events and not response.lag_ms:
                    return 0
    return 0


async def responses(
    stub: Any,
    request: settlement_service_pb2.SubscribeRequest,
    *,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[settlement_service_pb2.SubscribeResponse]:
    """Gives what a subscription brings, going on from its cursor whenever a stream ends.

    Raises:
        DomainError: the hub refused.
    """
    request = settlement_service_pb2.SubscribeRequest.FromString(request.SerializeToString())
    while True:
        stream = stub.Subscribe(request, wait_for_ready=True)
        is_first = True
        try:
            async for response in stream:
                request.after_cursor = response.cursor
                # The first one says that the cursor was accepted, not that nothing is left.
                if response.events or not is_first:
                    yield response
                is_first = False
        except grpc.aio.AioRpcError as error:
            refusal = from_rpc_error(error)
            if refusal is not None and error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise refusal from None
            sys.stderr.write(f"  feed interrupted ({error.code().name}), going on\n")
        finally:
            stream.cancel()
        await wait(_AGAIN_S)


def line_of(event: settlement_service_pb2.Event) -> dict[str, str | int]:
    """Returns what is printed of an event: ids, regions, amounts, states; no name, no number."""
    settlement = event.settlement
    adjudication = settlement.adjudication
    return {
        "cursor": event.cursor,
        "kind": settlement_service_pb2.EventKind.Name(event.kind).removeprefix("EVENT_KIND_"),
        "event_time": wire.read_time(event.event_time).isoformat(),
        "settlement_id": settlement.settlement_id,
        "request_id": settlement.request_id,
        "visit_id": settlement.visit_id,
        "person_id": settlement.person_id,
        "care_region_code": settlement.care_region_code,
        "insured_region_code": settlement.insured_region_code,
        "institution_code": settlement.institution_code,
        "scheme_code": settlement.scheme_code,
        "state": settlement_pb2.SettlementState.Name(settlement.state).removeprefix(
            "SETTLEMENT_STATE_"
        ),
        "total_fen": settlement.amounts.total.fen,
        "fund_fen": adjudication.fund_total.fen,
        "account_fen": adjudication.account_pay.fen,
        "cash_fen": adjudication.cash_pay.fen,
        "trace_id": settlement.trace_id,
    }


@contextlib.contextmanager
def _until_nobody_reads() -> Iterator[None]:
    """Ends in peace when the reader of our output has gone: `yijie feed | head`."""
    try:
        yield
    except BrokenPipeError:
        # What is buffered still would be written, and fail, at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
