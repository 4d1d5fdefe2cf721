"""Finds the text in a protobuf message that is not UTF-8, so that the caller can be told where.

The protobuf runtime refuses such a message as a whole without saying which field is at fault. This
walks the wire format (https://protobuf.dev/programming-guides/encoding) along the descriptor.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES_MAX = 10
_DEPTH_MAX = 32


class _NotWireFormatError(Exception):
    pass


def first_invalid_text(data: bytes, descriptor: Any, depth: int = 0) -> str:
    """Returns the path of the first string field that is not UTF-8, "" if there is none."""
    if descriptor is None or depth > _DEPTH_MAX:
        return ""
    try:
        return _walk(data, descriptor, depth)
    except _NotWireFormatError:
        return ""


def _walk(data: bytes, descriptor: Any, depth: int) -> str:
    position = 0
    seen: dict[int, int] = {}
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind != _LENGTH:
            position = _skip(data, position, kind)
            continue
        length, position = _varint(data, position)
        value = data[position : position + length]
        if len(value) != length:
            raise _NotWireFormatError
        position += length
        field = descriptor.fields_by_number.get(number)
        if field is None:
            continue
        index = seen.get(number, 0)
        seen[number] = index + 1
        name = f"{field.name}[{index}]" if field.is_repeated else field.name
        if field.type == FieldDescriptor.TYPE_STRING:
            try:
                value.decode()
            except UnicodeDecodeError:
                return name
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            inner = first_invalid_text(value, field.message_type, depth + 1)
            if inner:
                return f"{name}.{inner}"
    return ""


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = 0
    for count in range(_VARINT_BYTES_MAX):
        if position >= len(data):
            raise _NotWireFormatError
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return result, position
    raise _NotWireFormatError


def _skip(data: bytes, position: int, kind: int) -> int:
    if kind == _VARINT:
        return _varint(data, position)[1]
    if kind == _FIXED64:
        return position + 8
    if kind == _FIXED32:
        return position + 4
    raise _NotWireFormatError
