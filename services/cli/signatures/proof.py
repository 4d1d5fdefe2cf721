"""A proof as a file: signed messages with all that is needed to verify them but the public keys."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from google.protobuf.message import DecodeError

from services.cli.signatures.keys import SignaturesError
from services.kit.signing.algorithms import ALGORITHMS, KEY_ID, digest
from services.kit.signing.client import message_of
from services.kit.signing.message import Direction, Signed
from services.kit.signing.verifying import WINDOW_MS, judge
from services.settlement.signed_calls import SIGNED
from yijie.settlement.v1 import (
    reimbursement_service_pb2,
    settlement_service_pb2,
    visit_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.kit.signing.directory import Directory

FORMAT: Final = "yijie-proof-v1"
_CONTRACTS: Final = (reimbursement_service_pb2, settlement_service_pb2, visit_service_pb2)
"""Imported for what they make known: the messages of the calls that are signed."""
_MS_MAX: Final = 253_402_300_799_999
"""The last instant that a date can name."""
_METHOD: Final = re.compile(r"/[a-z0-9_.]{1,100}\.[A-Za-z0-9]{1,100}/[A-Za-z0-9]{1,100}")
_REGION: Final = re.compile(r"[0-9]{6}")
_ROLE: Final = re.compile(r"[a-z-]{1,20}")


@dataclass(frozen=True, slots=True)
class Item:
    """A signed message as it was kept."""

    record_id: str
    request_id: str
    region_code: str
    """Whose key it was said to be when it was kept; the directory decides."""
    role: str
    received_ms: int
    signed: Signed
    damage: str = ""
    """Why there is no message, in a row that cannot be read; empty: there is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the verification of an item came to."""

    item: Item
    problem: str
    """Why it proves nothing; empty: it is proven."""


def verify_all(directory: Directory, items: Sequence[Item]) -> list[Finding]:
    """Verifies items with the directory alone; an answer also against the request beside it."""
    requests = [item for item in items if item.signed.direction is Direction.REQUEST]
    return [Finding(item, _problem(directory, item, requests)) for item in items]


def _problem(directory: Directory, item: Item, requests: Sequence[Item]) -> str:
    if item.damage:
        return item.damage
    signed = item.signed
    found = judge(directory, signed)
    entry = found.entry
    if entry is None:
        return f"密钥不在目录中 the directory has no {signed.algorithm} key {signed.key_id}"
    if not found.is_usable:
        return f"本机缺少算法库 {signed.algorithm} cannot be verified here: install gmssl-pyx"
    is_request = signed.direction is Direction.REQUEST
    problems = {
        "签名不符 the signature is not one of the key over this message": not found.holds,
        "密钥当时不在用 the key might not sign at that time": not found.in_time,
        "密钥属于他方 the key is of another caller than the record says": (
            (entry.region_code, entry.role) != (item.region_code, item.role)
        ),
        "签收时间超出允许范围 it was not received when it was signed": (
            abs(item.received_ms - signed.signed_ms) > WINDOW_MS
        ),
        "应答与所附请求不符 it answers none of the requests beside it": (
            not is_request and not _answers(signed, item.request_id, requests)
        ),
        "报文与所记业务不符 the message is not about the record or request that it is kept for": (
            not _is_about(item)
        ),
    }
    return next((text for text, is_so in problems.items() if is_so), "")


def _is_about(item: Item) -> bool:
    """Tells whether a message names the request and, where it does, the record it is kept for."""
    signed = item.signed
    side, _, field = SIGNED.get(signed.method, "").partition(".")
    if not side:
        return False
    try:
        message: Any = message_of(signed.method, signed.message, signed.direction)
    except DecodeError:
        return False
    is_request = signed.direction is Direction.REQUEST
    if is_request and message.request_id.lower() != item.request_id:
        return False
    names_record = side == ("request" if is_request else "answer")
    return not names_record or attrgetter(field)(message).lower() == item.record_id


def _answers(signed: Signed, request_id: str, requests: Sequence[Item]) -> bool:
    return any(
        (request.signed.method, request.request_id) == (signed.method, request_id)
        and digest(signed.algorithm, request.signed.message) == signed.answers
        for request in requests
    )


def write_proof(items: Sequence[Item]) -> bytes:
    """Returns the text of a proof."""
    messages = [
        {
            "record_id": item.record_id,
            "request_id": item.request_id,
            "region": item.region_code,
            "role": item.role,
            "received_ms": item.received_ms,
            "method": item.signed.method,
            "direction": item.signed.direction.value,
            "algorithm": item.signed.algorithm,
            "key_id": item.signed.key_id,
            "signed_ms": item.signed.signed_ms,
            "answers": item.signed.answers.hex(),
            "message": base64.b64encode(item.signed.message).decode(),
            "signature": base64.b64encode(item.signed.signature).decode(),
        }
        for item in items
    ]
    content = {"format": FORMAT, "messages": messages}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def read_proof(text: bytes) -> list[Item]:
    """Returns the items of a proof.

    Raises:
        SignaturesError: it is none.
    """
    try:
        content = orjson.loads(text)
        items = [_item(one) for one in content["messages"]]
    except (KeyError, TypeError, ValueError) as error:
        msg = (
            f"这不是签名证明文件 · is no proof as `yijie signatures show --out` writes it ({error})"
        )
        raise SignaturesError(msg) from None
    if content.get("format") != FORMAT:
        raise SignaturesError(f"the proof is not of the format {FORMAT}")
    return items


def time_of(milliseconds: int) -> str:
    """Returns an instant for people."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _item(one: dict[str, Any]) -> Item:
    return Item(
        record_id=str(UUID(one["record_id"])),
        request_id=str(UUID(one["request_id"])),
        region_code=_like(_REGION, one["region"]),
        role=_like(_ROLE, one["role"]),
        received_ms=_instant(one["received_ms"]),
        signed=Signed(
            method=_like(_METHOD, one["method"]),
            direction=Direction(one["direction"]),
            algorithm=_known(one["algorithm"]),
            key_id=_like(KEY_ID, one["key_id"]),
            signed_ms=_instant(one["signed_ms"]),
            answers=bytes.fromhex(one["answers"]),
            message=base64.b64decode(one["message"], validate=True),
            signature=base64.b64decode(one["signature"], validate=True),
        ),
    )


def _like(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        msg = f"{text!a} is not written as it is in a proof"
        raise ValueError(msg)
    return text


def _known(algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        msg = f"there is no algorithm {algorithm!a}"
        raise ValueError(msg)
    return algorithm


def _instant(value: int) -> int:
    if type(value) is not int or not 0 <= value <= _MS_MAX:
        msg = f"{value!a} is no instant"
        raise ValueError(msg)
    return value
