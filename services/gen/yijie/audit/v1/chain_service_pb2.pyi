from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from yijie.audit.v1 import chain_pb2 as _chain_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetChainRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetChainResponse(_message.Message):
    __slots__ = ("block", "digest", "entry_count", "checkpoint", "sources", "key_lines")
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    KEY_LINES_FIELD_NUMBER: _ClassVar[int]
    block: int
    digest: str
    entry_count: int
    checkpoint: _chain_pb2.Checkpoint
    sources: _containers.RepeatedCompositeFieldContainer[SealedSource]
    key_lines: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, block: _Optional[int] = ..., digest: _Optional[str] = ..., entry_count: _Optional[int] = ..., checkpoint: _Optional[_Union[_chain_pb2.Checkpoint, _Mapping]] = ..., sources: _Optional[_Iterable[_Union[SealedSource, _Mapping]]] = ..., key_lines: _Optional[_Iterable[str]] = ...) -> None: ...

class SealedSource(_message.Message):
    __slots__ = ("source", "position", "lag_ms")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    source: str
    position: str
    lag_ms: int
    def __init__(self, source: _Optional[str] = ..., position: _Optional[str] = ..., lag_ms: _Optional[int] = ...) -> None: ...

class ReadBlocksRequest(_message.Message):
    __slots__ = ("after_block", "until_block")
    AFTER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    UNTIL_BLOCK_FIELD_NUMBER: _ClassVar[int]
    after_block: int
    until_block: int
    def __init__(self, after_block: _Optional[int] = ..., until_block: _Optional[int] = ...) -> None: ...

class ReadBlocksResponse(_message.Message):
    __slots__ = ("blocks",)
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    blocks: _containers.RepeatedCompositeFieldContainer[_chain_pb2.Block]
    def __init__(self, blocks: _Optional[_Iterable[_Union[_chain_pb2.Block, _Mapping]]] = ...) -> None: ...

class SignCheckpointRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SignCheckpointResponse(_message.Message):
    __slots__ = ("checkpoint",)
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    checkpoint: _chain_pb2.Checkpoint
    def __init__(self, checkpoint: _Optional[_Union[_chain_pb2.Checkpoint, _Mapping]] = ...) -> None: ...

class VerifyChainRequest(_message.Message):
    __slots__ = ("after_block", "after_digest", "noted", "chain_only")
    AFTER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    AFTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    NOTED_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ONLY_FIELD_NUMBER: _ClassVar[int]
    after_block: int
    after_digest: str
    noted: _chain_pb2.Checkpoint
    chain_only: bool
    def __init__(self, after_block: _Optional[int] = ..., after_digest: _Optional[str] = ..., noted: _Optional[_Union[_chain_pb2.Checkpoint, _Mapping]] = ..., chain_only: _Optional[bool] = ...) -> None: ...

class VerifyChainResponse(_message.Message):
    __slots__ = ("verified_until_block", "digest", "entry_count", "row_count", "checkpoint_count", "last_block", "problem")
    VERIFIED_UNTIL_BLOCK_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_BLOCK_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    verified_until_block: int
    digest: str
    entry_count: int
    row_count: int
    checkpoint_count: int
    last_block: int
    problem: _chain_pb2.ChainProblem
    def __init__(self, verified_until_block: _Optional[int] = ..., digest: _Optional[str] = ..., entry_count: _Optional[int] = ..., row_count: _Optional[int] = ..., checkpoint_count: _Optional[int] = ..., last_block: _Optional[int] = ..., problem: _Optional[_Union[_chain_pb2.ChainProblem, _Mapping]] = ...) -> None: ...
