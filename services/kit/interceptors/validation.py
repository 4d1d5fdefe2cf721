"""Checks every request against the rules in its contract (protovalidate), before its handler.

Bytes that are not a message at all would make grpc answer INTERNAL without a reason; here they are
read into a `Malformed` instead, so that they are answered like any other bad input, with the
field's path.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import protovalidate
from google.protobuf.message import DecodeError

from services.kit.errors import FieldViolation, InvalidArgument
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.utf8 import first_invalid_text

_validator = protovalidate.Validator()


@dataclass(frozen=True, slots=True)
class Malformed:
    """Stands for bytes that are not the expected message."""

    field: str
    """Path of the first field with text that is not UTF-8; empty: not a message at all."""


class ValidationInterceptor(Interceptor):
    """Lets only requests through that keep the rules of their contract."""

    def unary(self, method: str, inner: Unary) -> Unary:  # noqa: ARG002 - same for every method
        """Returns a handler that gets valid requests only."""

        async def validated(request: Any, context: grpc.aio.ServicerContext) -> Any:
            check(request)
            return await inner(request, context)

        return validated

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - same for every method
        """Returns a streaming handler that gets valid requests only."""

        async def validated(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            check(request)
            async for response in inner(request, context):
                yield response

        return validated

    def duplex(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - same for every method
        """Returns a handler that gets valid messages only; the first other one ends the stream."""

        async def checked(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for request in requests:
                check(request)
                yield request

        async def validated(
            requests: AsyncIterator[Any], context: grpc.aio.ServicerContext
        ) -> AsyncIterator[Any]:
            async for response in inner(checked(requests), context):
                yield response

        return validated

    def deserializer(self, handler: grpc.RpcMethodHandler) -> Callable[[bytes], Any]:
        """Returns a reader that gives Malformed where the bytes are no message."""
        inner: Callable[[bytes], Any] = handler.request_deserializer

        def read(data: bytes) -> Any:
            try:
                return inner(data)
            except DecodeError:
                descriptor = inner.__self__.DESCRIPTOR if hasattr(inner, "__self__") else None
                return Malformed(first_invalid_text(data, descriptor))

        return read


def check(request: Any) -> None:
    """Raises InvalidArgument naming every field that breaks a rule of the contract."""
    if isinstance(request, Malformed):
        raise InvalidArgument(
            "MESSAGE_MALFORMED",
            "text is not UTF-8" if request.field else "not a message of the expected type",
            field=request.field,
        )
    violations = check_entry(request)
    if violations:
        raise InvalidArgument(
            "FIELD_INVALID",
            "; ".join(f"{v.field}: {v.description}" for v in violations[:3]),
            violations=violations,
        )


def check_entry(message: Any, path: str = "") -> tuple[FieldViolation, ...]:
    """Returns every field of a message that breaks a rule, below `path` in the request."""
    return tuple(
        FieldViolation(_path(violation.proto.field, path), violation.proto.message)
        for violation in _validator.collect_violations(message)
    )


def _path(field: Any, path: str) -> str:
    parts = [path] if path else []
    for element in field.elements if field is not None else ():
        subscript = element.subscript
        index = f"[{subscript.value}]" if subscript is not None else ""
        parts.append(f"{element.field_name}{index}")
    return ".".join(parts)
