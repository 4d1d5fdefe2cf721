"""A page token that was made up, filter and all, is refused as such by every list."""

from __future__ import annotations

import pytest

from services.catalogue.servicer import _position
from services.kit.errors import InvalidArgument
from services.kit.paging import read_key, row_number, write_token
from yijie.catalogue.v1 import catalogue_service_pb2
from yijie.clearing.v1 import clearing_service_pb2

MADE_UP = [("x",), ("-1",), ("9223372036854775808",), ("1", "2"), ("",)]


@pytest.mark.parametrize("key", MADE_UP)
def test_a_made_up_row_number_is_refused(key):
    request = clearing_service_pb2.ListEntriesRequest(month="2026-11")
    request.page_token = write_token(request, key)
    with pytest.raises(InvalidArgument) as caught:
        read_key(request, row_number)
    assert caught.value.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("key", [("v1", "X", "no date"), ("v1",), ("v1", "X", "2026-01-01", "y")])
def test_a_made_up_position_in_a_snapshot_is_refused(key):
    request = catalogue_service_pb2.GetSnapshotRequest(region_code="640000")
    request.page_token = write_token(request, key)
    with pytest.raises(InvalidArgument) as caught:
        _position(request)
    assert caught.value.reason == "PAGE_TOKEN_INVALID"


def test_a_token_of_another_filter_is_refused():
    request = clearing_service_pb2.ListEntriesRequest(month="2026-11")
    token = write_token(request, ("1",))
    other = clearing_service_pb2.ListEntriesRequest(month="2026-10", page_token=token)
    with pytest.raises(InvalidArgument):
        read_key(other, row_number)
    again = clearing_service_pb2.ListEntriesRequest(month="2026-11", page_size=7, page_token=token)
    assert read_key(again, row_number) == 1
