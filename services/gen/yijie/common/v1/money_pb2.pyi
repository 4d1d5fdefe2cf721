from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Money(_message.Message):
    __slots__ = ("fen",)
    FEN_FIELD_NUMBER: _ClassVar[int]
    fen: int
    def __init__(self, fen: _Optional[int] = ...) -> None: ...

class AmountSplit(_message.Message):
    __slots__ = ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    FULL_SELF_PAY_FIELD_NUMBER: _ClassVar[int]
    OVER_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRIOR_SELF_PAY_FIELD_NUMBER: _ClassVar[int]
    IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    total: Money
    full_self_pay: Money
    over_limit: Money
    prior_self_pay: Money
    in_scope: Money
    def __init__(self, total: _Optional[_Union[Money, _Mapping]] = ..., full_self_pay: _Optional[_Union[Money, _Mapping]] = ..., over_limit: _Optional[_Union[Money, _Mapping]] = ..., prior_self_pay: _Optional[_Union[Money, _Mapping]] = ..., in_scope: _Optional[_Union[Money, _Mapping]] = ...) -> None: ...
