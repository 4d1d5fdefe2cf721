"""A real in-process server on a free port, and readers of rich errors."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import grpc
from google.rpc import code_pb2, error_details_pb2

from services.kit import log
from services.kit.channel import open_channel
from services.kit.server import ServerConfig, serving
from services.kit.status import status_of

TIMEOUT_S = 10.0


@dataclass
class Refusal:
    """What a caller can read from a refused call."""

    code: str
    reason: str
    domain: str
    message: str
    fields: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    zh: str = ""
    retry_ms: int = 0
    size: int = 0
    text: str = ""


@contextlib.asynccontextmanager
async def served(
    service: str,
    full_name: str,
    register: Callable[[grpc.aio.Server], None],
    log_to: BinaryIO | None = None,
    calls_max: int = 400,
) -> AsyncIterator[grpc.aio.Channel]:
    """Serves a servicer with all interceptors and gives a channel to it; logs go to `log_to`."""
    log.configure(service, "info", log_to or io.BytesIO())
    config = ServerConfig(drain_grace_s=1.0, concurrent_calls_max=calls_max)
    async with (
        serving(config, service, (full_name,), register) as running,
        open_channel(running.address) as channel,
    ):
        yield channel


async def refused(call: Any) -> Refusal:
    """Awaits a call that must fail and returns what the caller can read of it."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return read_refusal(error)
    raise AssertionError(f"answered instead of refusing: {type(answer).__name__}")


def read_refusal(error: grpc.aio.AioRpcError) -> Refusal:
    """Returns what a caller can read of an RPC error."""
    status = status_of(error)
    if status is None:
        return Refusal(error.code().name, "", "", error.details() or "")
    return read_status(status, error.code().name)


def read_status(status: Any, code: str = "") -> Refusal:
    """Returns what a caller can read of a google.rpc.Status, e.g. one in a batch's results."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    text = error_details_pb2.LocalizedMessage()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for message in (info, bad, text, retry):
            detail.Unpack(message)
    fields = [violation.field for violation in bad.field_violations]
    if not fields and info.metadata.get("field"):
        fields = [info.metadata["field"]]
    return Refusal(
        code=code or code_pb2.Code.Name(status.code),
        reason=info.reason,
        domain=info.domain,
        message=status.message,
        fields=fields,
        metadata=dict(info.metadata),
        zh=text.message,
        retry_ms=retry.retry_delay.ToMilliseconds(),
        size=status.ByteSize(),
        text=str(status),
    )
