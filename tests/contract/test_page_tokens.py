"""A page token that was made up, filter and all, is refused as such by every list."""

from __future__ import annotations

import pytest

from services.catalogue.mapping_messages import read_conflict_position, read_unmapped_position
from services.catalogue.messages import read_compared, read_position
from services.kit.errors import InvalidArgument
from services.kit.paging import read_key, row_number, write_token
from yijie.catalogue.v1 import catalogue_service_pb2, mapping_service_pb2
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
        read_position(request)
    assert caught.value.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize(
    ("read", "request_", "keys"),
    [
        (
            read_compared,
            catalogue_service_pb2.CompareVersionsRequest(region_code="640000"),
            [("v1", "v2"), ("", "v2", "X"), ("v1", "版", "X"), ("v1", "v2", "x\0")],
        ),
        (
            read_unmapped_position,
            mapping_service_pb2.ListUnmappedItemsRequest(institution_code="H64010400001"),
            [("m1", "x", "1"), ("m1", "-1", "1"), ("m1", "10000000000000", "1"), ("m1", "1", "\0")],
        ),
        (
            read_conflict_position,
            mapping_service_pb2.ListMappingConflictsRequest(),
            [("m1", "1", "4"), ("m1", "1", "-1"), ("m1", "\0", "1"), ("m1", "1")],
        ),
    ],
)
def test_a_made_up_position_in_a_comparison_or_a_report_is_refused(read, request_, keys):
    for key in keys:
        request_.page_token = write_token(request_, key)
        with pytest.raises(InvalidArgument) as caught:
            read(request_)
        assert caught.value.reason == "PAGE_TOKEN_INVALID"


def test_a_token_of_another_filter_is_refused():
    request = clearing_service_pb2.ListEntriesRequest(month="2026-11")
    token = write_token(request, ("1",))
    other = clearing_service_pb2.ListEntriesRequest(month="2026-10", page_token=token)
    with pytest.raises(InvalidArgument):
        read_key(other, row_number)
    again = clearing_service_pb2.ListEntriesRequest(month="2026-11", page_size=7, page_token=token)
    assert read_key(again, row_number) == 1
