"""Which handlers the interceptors wrap; what they do is tested behind a real port."""

import grpc
import pytest

from services.kit.interceptors.deadline import DeadlineInterceptor
from services.kit.interceptors.errors import ErrorsInterceptor
from services.kit.interceptors.telemetry import TelemetryInterceptor
from services.kit.interceptors.validation import ValidationInterceptor

METHOD = "/yijie.identity.v1.IdentityService/LoadPersons"


async def handle(_request, _context):
    return b""


async def wrapped(interceptor, handler):
    class Details:
        method = METHOD

    async def continuation(_details):
        return handler

    return await interceptor.intercept_service(continuation, Details())


@pytest.fixture(params=[0, 1, 2, 3])
def interceptor(request):
    return (
        TelemetryInterceptor,
        lambda: ErrorsInterceptor("identity"),
        DeadlineInterceptor,
        ValidationInterceptor,
    )[request.param]()


async def test_a_handler_keeps_its_shape(interceptor):
    handler = grpc.stream_stream_rpc_method_handler(handle, bytes, bytes)
    done = await wrapped(interceptor, handler)
    assert (done.request_streaming, done.response_streaming) == (True, True)
    assert done.stream_stream
    assert done.request_deserializer(b"x") == b"x"


async def test_a_stream_answered_once_is_refused_at_the_start(interceptor):
    # A load that breaks could not tell what of it went in.
    handler = grpc.stream_unary_rpc_method_handler(handle, bytes, bytes)
    with pytest.raises(TypeError, match="answers once"):
        await wrapped(interceptor, handler)
