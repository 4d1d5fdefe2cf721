"""Goal: from the line of a call that met a defect leads an id to the line that says where it is."""

from __future__ import annotations

import time

import grpc
import pytest
from google.rpc import error_details_pb2
from structlog.testing import capture_logs

from services.kit import call as calls
from services.kit.interceptors.errors import ErrorsInterceptor


class Context:
    async def abort_with_status(self, _status) -> None:
        raise grpc.aio.AbortError


async def test_the_call_has_the_id_of_its_defect():
    async def inner(_request, _context):
        raise ZeroDivisionError

    call = calls.Call(method="/a.B/C", started=time.perf_counter())
    token = calls.current.set(call)
    try:
        with capture_logs() as lines, pytest.raises(grpc.aio.AbortError):
            await ErrorsInterceptor("identity").unary("/a.B/C", inner)(None, Context())
    finally:
        calls.current.reset(token)
    (line,) = [line for line in lines if line["event"] == "defect"]
    assert call.fields["error_id"] == line["error_id"]
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in call.failure.details)
    assert info.metadata["errorId"] == line["error_id"]
