import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from yijie.clearing.v1 import invariant_pb2 as _invariant_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckInvariantsRequest(_message.Message):
    __slots__ = ("first_month", "whole_chain")
    FIRST_MONTH_FIELD_NUMBER: _ClassVar[int]
    WHOLE_CHAIN_FIELD_NUMBER: _ClassVar[int]
    first_month: str
    whole_chain: bool
    def __init__(self, first_month: _Optional[str] = ..., whole_chain: _Optional[bool] = ...) -> None: ...

class CheckInvariantsResponse(_message.Message):
    __slots__ = ("results", "until_time", "until_block_id")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_BLOCK_ID_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_invariant_pb2.InvariantResult]
    until_time: _timestamp_pb2.Timestamp
    until_block_id: int
    def __init__(self, results: _Optional[_Iterable[_Union[_invariant_pb2.InvariantResult, _Mapping]]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_block_id: _Optional[int] = ...) -> None: ...
