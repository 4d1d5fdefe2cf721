import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChainProblemKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAIN_PROBLEM_KIND_UNSPECIFIED: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_BLOCK_MISSING: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_CHAIN_BROKEN: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_CONTENT_CHANGED: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_CHECKPOINT_BAD: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_OTHER_CHAIN: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_ROW_MISSING: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_ROW_CHANGED: _ClassVar[ChainProblemKind]
    CHAIN_PROBLEM_KIND_ROW_INSERTED: _ClassVar[ChainProblemKind]
CHAIN_PROBLEM_KIND_UNSPECIFIED: ChainProblemKind
CHAIN_PROBLEM_KIND_BLOCK_MISSING: ChainProblemKind
CHAIN_PROBLEM_KIND_CHAIN_BROKEN: ChainProblemKind
CHAIN_PROBLEM_KIND_CONTENT_CHANGED: ChainProblemKind
CHAIN_PROBLEM_KIND_CHECKPOINT_BAD: ChainProblemKind
CHAIN_PROBLEM_KIND_OTHER_CHAIN: ChainProblemKind
CHAIN_PROBLEM_KIND_ROW_MISSING: ChainProblemKind
CHAIN_PROBLEM_KIND_ROW_CHANGED: ChainProblemKind
CHAIN_PROBLEM_KIND_ROW_INSERTED: ChainProblemKind

class Block(_message.Message):
    __slots__ = ("block", "seal_time", "first_entry", "entry_count", "previous_digest", "content_digest", "digest", "entries", "checkpoints")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    SEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    FIRST_ENTRY_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    block: int
    seal_time: _timestamp_pb2.Timestamp
    first_entry: int
    entry_count: int
    previous_digest: str
    content_digest: str
    digest: str
    entries: _containers.RepeatedScalarFieldContainer[bytes]
    checkpoints: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    def __init__(self, block: _Optional[int] = ..., seal_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., first_entry: _Optional[int] = ..., entry_count: _Optional[int] = ..., previous_digest: _Optional[str] = ..., content_digest: _Optional[str] = ..., digest: _Optional[str] = ..., entries: _Optional[_Iterable[bytes]] = ..., checkpoints: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("block", "digest", "entry_count", "sign_time", "key_id", "algorithm", "signature")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    SIGN_TIME_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    block: int
    digest: str
    entry_count: int
    sign_time: _timestamp_pb2.Timestamp
    key_id: str
    algorithm: str
    signature: bytes
    def __init__(self, block: _Optional[int] = ..., digest: _Optional[str] = ..., entry_count: _Optional[int] = ..., sign_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., key_id: _Optional[str] = ..., algorithm: _Optional[str] = ..., signature: _Optional[bytes] = ...) -> None: ...

class ChainProblem(_message.Message):
    __slots__ = ("kind", "block", "entry", "source", "position", "record_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    kind: ChainProblemKind
    block: int
    entry: int
    source: str
    position: str
    record_id: str
    def __init__(self, kind: _Optional[_Union[ChainProblemKind, str]] = ..., block: _Optional[int] = ..., entry: _Optional[int] = ..., source: _Optional[str] = ..., position: _Optional[str] = ..., record_id: _Optional[str] = ...) -> None: ...
