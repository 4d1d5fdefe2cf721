"""The canonical form of a message, written by docs/signatures.md alone: no serializer is used."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor as Field

_VARINT, _BYTES = 0, 2


def encode(message: Any) -> bytes:
    """Returns the canonical form; knows the types that our contracts use, and no other."""
    parts = []
    for field in sorted(message.DESCRIPTOR.fields, key=lambda one: one.number):
        value = getattr(message, field.name)
        if field.is_repeated:
            parts.append(_repeated(field, value))
        elif field.has_presence:
            if message.HasField(field.name):
                parts.append(_tagged(field, value))
        elif value:
            parts.append(_tagged(field, value))
    return b"".join(parts)


def _repeated(field: Any, values: Any) -> bytes:
    if not values:
        return b""
    if _is_number(field):
        packed = b"".join(_number(field, value) for value in values)
        return _varint(field.number << 3 | _BYTES) + _varint(len(packed)) + packed
    return b"".join(_tagged(field, value) for value in values)


def _tagged(field: Any, value: Any) -> bytes:
    if _is_number(field):
        return _varint(field.number << 3 | _VARINT) + _number(field, value)
    content = _content(field, value)
    return _varint(field.number << 3 | _BYTES) + _varint(len(content)) + content


def _content(field: Any, value: Any) -> bytes:
    if field.type == Field.TYPE_MESSAGE:
        return encode(value)
    return str(value).encode() if field.type == Field.TYPE_STRING else bytes(value)


def _is_number(field: Any) -> bool:
    numbers = (Field.TYPE_INT32, Field.TYPE_INT64, Field.TYPE_BOOL, Field.TYPE_ENUM)
    return bool(field.type in numbers)


def _number(field: Any, value: Any) -> bytes:
    return _varint(int(value) & (1 << 64) - 1)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
