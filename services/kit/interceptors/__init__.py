"""What happens around every handler: telemetry, errors, authorisation, deadline, validation."""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

Unary = Callable[[Any, grpc.aio.ServicerContext], Awaitable[Any]]
Stream = Callable[[Any, grpc.aio.ServicerContext], AsyncIterator[Any]]
"""Handler that answers a stream; its request is a message, or an iterator of messages (duplex)."""

# Health and reflection are probes and tools: they set no deadline and are not worth a span.
PLUMBING = ("/grpc.health.", "/grpc.reflection.")


class Interceptor(grpc.aio.ServerInterceptor, abc.ABC):  # type: ignore[misc]
    """Wraps the handlers of our services, once per method: unary, server-streaming and duplex."""

    def __init__(self) -> None:
        self._wrapped: dict[str, grpc.RpcMethodHandler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """Returns the wrapped handler of the method called."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None or method.startswith(PLUMBING):
                return handler
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    @abc.abstractmethod
    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns the handler to call instead of a unary one."""

    @abc.abstractmethod
    def stream(self, method: str, inner: Stream) -> Stream:
        """Returns the handler to call instead of a server-streaming one."""

    def duplex(self, method: str, inner: Stream) -> Stream:
        """Returns the handler to call instead of one that takes a stream and answers one.

        What looks at no request treats it like any other stream.
        """
        return self.stream(method, inner)

    def deserializer(self, handler: grpc.RpcMethodHandler) -> Callable[[bytes], Any]:
        """Returns how the request's bytes are read."""
        deserializer: Callable[[bytes], Any] = handler.request_deserializer
        return deserializer

    def _wrap(self, method: str, handler: grpc.RpcMethodHandler) -> grpc.RpcMethodHandler:
        make: Callable[..., grpc.RpcMethodHandler]
        behaviour: Unary | Stream
        if handler.unary_unary:
            make = grpc.unary_unary_rpc_method_handler
            behaviour = self.unary(method, handler.unary_unary)
        elif handler.unary_stream:
            make = grpc.unary_stream_rpc_method_handler
            behaviour = self.stream(method, handler.unary_stream)
        elif handler.stream_stream:
            make = grpc.stream_stream_rpc_method_handler
            behaviour = self.duplex(method, handler.stream_stream)
        else:
            # A broken load could not tell what of it went in: our contracts answer each batch.
            msg = f"{method} takes a stream and answers once"
            raise TypeError(msg)
        return make(
            behaviour,
            request_deserializer=self.deserializer(handler),
            response_serializer=handler.response_serializer,
        )
