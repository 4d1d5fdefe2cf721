# ruff: noqa: S608 - statements are put together from constants.
"""The SQL of signed messages: rows of their own, or with the intent that a request led to."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from services.kit.crypto import UnreadableField
from services.kit.signing import exchange
from services.kit.signing.message import Direction, Signed

if TYPE_CHECKING:
    from uuid import UUID

    from services.kit.crypto import FieldCipher
    from services.kit.db import Database
    from services.kit.signing.exchange import Proof

MESSAGE_CONTEXT: Final = b"settlement.message_signature:"
"""What a message is encrypted for; the bytes of its record's id follow."""
_LEVEL: Final = 1
"""Of compression: lines of bills are alike, and it takes less time than to encrypt them."""

_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("record_id", "uuid"),
    ("request_id", "uuid"),
    ("direction", "text"),
    ("method", "text"),
    ("region_code", "text"),
    ("role", "text"),
    ("algorithm", "text"),
    ("key_id", "text"),
    ("signed_ms", "bigint"),
    ("answers", "bytea"),
    ("signature", "bytea"),
    ("message", "bytea"),
    ("receive_time", "timestamptz"),
    ("is_cause", "boolean"),
)
_NAMES: Final = ", ".join(name for name, _ in _COLUMNS)
_ARRAYS: Final = ", ".join(f"${at}::{kind}[]" for at, (_, kind) in enumerate(_COLUMNS, 1))

_INSERT: Final = f"""/* settlement.insert_signatures */
INSERT INTO message_signature ({_NAMES})
SELECT {_NAMES} FROM unnest({_ARRAYS}) AS t ({_NAMES})
ON CONFLICT DO NOTHING"""
# The commit is not waited for: an answer that a crash of the database takes binds us all the same,
# by the signature that its receiver has, and its request is on the disk since the intent is.
_INSERT_ANSWERS: Final = f"""/* settlement.insert_signed_answers */
WITH soon AS (SELECT set_config('synchronous_commit', 'off', true) AS value)
INSERT INTO message_signature ({_NAMES})
SELECT {_NAMES} FROM unnest({_ARRAYS}) AS t ({_NAMES}) CROSS JOIN soon
ON CONFLICT DO NOTHING"""

FIND: Final = f"""/* settlement.find_signatures */
SELECT {_NAMES} FROM message_signature WHERE record_id = ANY($1)
ORDER BY receive_time, direction DESC, signed_ms, signature"""
"""Whatever was signed of some records."""

FIND_VISIT: Final = """/* settlement.find_visit_of */
SELECT visit_id FROM visit_settlement WHERE settlement_id = $1"""
"""The visit that a settlement is of: what was signed of it is part of the proof."""

_LAST: Final = "\nSELECT "


@functools.cache
def with_signature(statement: str, arguments: int) -> str:
    """Returns a statement that also writes a signature where it writes what it is for.

    `statement` ends in a SELECT from the rows that tell whether it did; it has so many arguments,
    and the columns of the signature come after them.
    """
    head, _, last = statement.rpartition(_LAST)
    values = ", ".join(
        f"${at}::{kind}" for at, (_, kind) in enumerate(_COLUMNS, start=arguments + 1)
    )
    written_for = last.rpartition(" FROM ")[2]
    return (
        f"{head}, signed AS (\n"
        f"    INSERT INTO message_signature ({_NAMES})\n"
        f"    SELECT {values} FROM {written_for} ON CONFLICT DO NOTHING\n"
        f"){_LAST}{last}"
    )


def kept_with(
    cipher: FieldCipher, statement: str, values: Sequence[Any], record_id: UUID, request_id: UUID
) -> list[Any]:
    """Returns a statement and its arguments with the signed request of the call in hand.

    As they are where it is not signed, or is written down already; `exchange.note_kept` says that.
    """
    proof = exchange.unkept_request()
    if proof is None:
        return [statement, *values]
    row = _row(cipher, proof, record_id, request_id, is_cause=True)
    return [with_signature(statement, len(values)), *values, *row]


async def write_signed(
    database: Database,
    cipher: FieldCipher,
    statement: str,
    values: Sequence[Any],
    *,
    record_id: UUID,
    request_id: UUID,
) -> Any:
    """Writes what a request leads to, and with it the request, where it was signed.

    Returns the first row of the statement, which is one of those that `with_signature` takes.
    """
    row = await database.fetchrow(*kept_with(cipher, statement, values, record_id, request_id))
    if row is not None:
        exchange.note_kept()
    return row


class SignatureStore:
    """Writes and reads signed messages."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def insert(self, proofs: Sequence[Proof], record_id: UUID, request_id: UUID) -> None:
        """Writes proofs; those that are there already are left as they are."""
        if not proofs:
            return
        rows = [
            _row(self._cipher, proof, record_id, request_id, is_cause=False) for proof in proofs
        ]
        are_answers = all(proof.signed.direction is Direction.ANSWER for proof in proofs)
        statement = _INSERT_ANSWERS if are_answers else _INSERT
        await self._database.execute(statement, *map(list, zip(*rows, strict=True)))


def signed_of(cipher: FieldCipher, row: Any) -> Signed:
    """Returns the signed message of a row.

    Raises:
        UnreadableField: it cannot be decrypted, or is not what was encrypted.
    """
    sealed = cipher.decrypt(row["message"], context=MESSAGE_CONTEXT + row["record_id"].bytes)
    try:
        message = zlib.decompress(sealed)
    except zlib.error:
        raise UnreadableField("it is not compressed as it was written") from None
    return _signed(row, message)


def unread_of(row: Any) -> Signed:
    """Returns what a row says of a message that cannot be decrypted, without the message."""
    return _signed(row, b"")


def _signed(row: Any, message: bytes) -> Signed:
    return Signed(
        method=row["method"],
        direction=Direction(row["direction"]),
        algorithm=row["algorithm"],
        key_id=row["key_id"],
        signed_ms=row["signed_ms"],
        answers=row["answers"] or b"",
        message=message,
        signature=row["signature"],
    )


def _row(
    cipher: FieldCipher, proof: Proof, record_id: UUID, request_id: UUID, *, is_cause: bool
) -> list[Any]:
    signed = proof.signed
    return [
        record_id,
        request_id,
        signed.direction.value,
        signed.method,
        proof.region_code,
        proof.role,
        signed.algorithm,
        signed.key_id,
        signed.signed_ms,
        signed.answers or None,
        signed.signature,
        cipher.encrypt(
            zlib.compress(signed.message, _LEVEL), context=MESSAGE_CONTEXT + record_id.bytes
        ),
        proof.receive_time,
        is_cause,
    ]
