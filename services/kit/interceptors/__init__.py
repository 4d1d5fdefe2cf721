"""What happens around every handler, outermost first: telemetry, errors, deadline, validation."""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

Unary = Callable[[Any, grpc.aio.ServicerContext], Awaitable[Any]]
Stream = Callable[[Any, grpc.aio.ServicerContext], AsyncIterator[Any]]

# Health and reflection are probes and tools: they set no deadline and are not worth a span.
PLUMBING = ("/grpc.health.", "/grpc.reflection.")


class Interceptor(grpc.aio.ServerInterceptor, abc.ABC):  # type: ignore[misc]
    """Wraps the unary and the server-streaming handlers of our services, once per method."""

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

    def deserializer(self, handler: grpc.RpcMethodHandler) -> Callable[[bytes], Any]:
        """Returns how the request's bytes are read."""
        deserializer: Callable[[bytes], Any] = handler.request_deserializer
        return deserializer

    def _wrap(self, method: str, handler: grpc.RpcMethodHandler) -> grpc.RpcMethodHandler:
        make, behaviour = (
            (grpc.unary_unary_rpc_method_handler, self.unary(method, handler.unary_unary))
            if handler.unary_unary
            else (grpc.unary_stream_rpc_method_handler, self.stream(method, handler.unary_stream))
        )
        return make(
            behaviour,
            request_deserializer=self.deserializer(handler),
            response_serializer=handler.response_serializer,
        )
