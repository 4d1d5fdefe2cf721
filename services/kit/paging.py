"""Pages of lists (AIP-158): keyset, opaque tokens bound to the filter they were made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from google.protobuf.message import DecodeError

from services.kit.errors import InvalidArgument
from yijie.common.v1 import page_pb2

T = TypeVar("T")

SIZE_DEFAULT = 100
SIZE_MAX = 1000


def page_size(request: Any, *, default: int = SIZE_DEFAULT, maximum: int = SIZE_MAX) -> int:
    """Returns how many rows to answer; negative sizes are refused by the contract."""
    return min(request.page_size or default, maximum)


def read_token(request: Any) -> tuple[str, ...] | None:
    """Returns the key after which the page begins, or None for the first page.

    Raises InvalidArgument(PAGE_TOKEN_INVALID) for a token that is not ours or of another filter.
    """
    if not request.page_token:
        return None
    try:
        data = base64.urlsafe_b64decode(request.page_token.encode())
        token = page_pb2.PageToken.FromString(data)
    except (DecodeError, binascii.Error, ValueError):
        raise _invalid() from None
    if token.filter_hash != _filter_hash(request) or not token.last_key:
        raise _invalid()
    return tuple(token.last_key)


def read_key(request: Any, parse: Callable[..., T]) -> T | None:
    """Returns `parse` of the key's columns, or None for the first page.

    A token can be made up, filter and all, so what `parse` cannot take (ValueError, or another
    number of columns) is PAGE_TOKEN_INVALID as well, and no defect.
    """
    key = read_token(request)
    if key is None:
        return None
    try:
        return parse(*key)
    except (TypeError, ValueError):
        raise _invalid() from None


def row_number(text: str) -> int:
    """Returns a row's number in a key, for `read_key`; ValueError if no row can have it."""
    number = int(text)
    if not 0 <= number < 1 << 63:
        msg = "not a row's number"
        raise ValueError(msg)
    return number


def write_token(request: Any, last_key: Sequence[str]) -> str:
    """Returns the token of the page that begins after a key."""
    token = page_pb2.PageToken(last_key=last_key, filter_hash=_filter_hash(request))
    return base64.urlsafe_b64encode(token.SerializeToString()).decode()


def _filter_hash(request: Any) -> bytes:
    bare = type(request)()
    bare.CopyFrom(request)
    bare.ClearField("page_size")
    bare.ClearField("page_token")
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).digest()


def _invalid() -> InvalidArgument:
    return InvalidArgument(
        "PAGE_TOKEN_INVALID", "page_token is not one of this list", field="page_token"
    )
