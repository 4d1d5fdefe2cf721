"""Between what tells a diagnosis or poverty and what may lie in the database.

The steps of an answer name the disease of a bill, and an entitlement is a disease or an identity
for medical aid: both are stored as ciphertext. They are found again by keyed indexes that are of
one person each, so that two persons with one disease have nothing in common to see.
"""

from __future__ import annotations

import zlib
from datetime import date
from typing import TYPE_CHECKING, Final

from services.benefits.domain.model import Entitlement, EntitlementKind
from services.kit.diseases import DISEASES
from services.kit.idempotency import request_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from google.protobuf.message import Message

    from services.kit.crypto import BlindIndex, FieldCipher

# The context binds a field to its kind and row: copied to another row it does not decrypt.
_ANSWER: Final = b"benefits.adjudication.answer:"
_ENTITLEMENT: Final = b"benefits.entitlement:"
# Longer than any kind, code (40 in the contract) and two dates: the length tells nothing.
_ENTITLEMENT_BYTES: Final = 96


class Vault:
    """Seals and opens what benefits stores; the only holder of the keys."""

    __slots__ = ("_cipher", "_index")

    def __init__(self, cipher: FieldCipher, index: BlindIndex) -> None:
        """Holds a cipher and an index of different keys."""
        self._cipher = cipher
        self._index = index

    def index_key_fingerprint(self) -> bytes:
        """Returns what tells one index key from another without telling the key."""
        return self._index.index("index key", "yijie benefits")

    def request_hash(self, request: Message) -> bytes:
        """Returns the keyed hash of a request: its disease could be guessed from a plain one."""
        return self.keyed_request(request_hash(request))

    def keyed_request(self, plain: bytes) -> bytes:
        """Returns the keyed hash of the request that has this SHA-256."""
        return self._index.digest("request", plain)

    def keyed_hash(self, data: bytes) -> bytes:
        """Returns the keyed hash of what stands of a person."""
        return self._index.digest("standing", data)

    def seal_answer(self, settlement_id: UUID, answer: bytes) -> bytes:
        """Returns the stored form of an answer, deflated first."""
        context = _ANSWER + settlement_id.bytes
        return self._cipher.encrypt(zlib.compress(answer, 1), context=context)

    def open_answer(self, settlement_id: UUID, stored: bytes, *, sealed: bool) -> bytes:
        """Returns the answer of a row; what the versions before 0003 wrote is deflated only.

        Raises:
            UnreadableField: the answer is not this row's, or its key is not held.
        """
        if sealed:
            stored = self._cipher.decrypt(stored, context=_ANSWER + settlement_id.bytes)
        return zlib.decompress(stored)

    def entitlement_index(self, person_id: UUID, one: Entitlement) -> bytes:
        """Returns the key of an entitlement among those of its person: kind, code, first day."""
        text = f"{one.kind.value}\n{one.code}\n{one.begin_date.isoformat()}"
        return self._index.digest("entitlement", person_id.bytes + text.encode())

    def seal_entitlement(self, person_id: UUID, one: Entitlement) -> bytes:
        """Returns the stored form of an entitlement, which is of one length for all."""
        end = "" if one.end_date is None else one.end_date.isoformat()
        text = f"{one.kind.value}\n{one.code}\n{one.begin_date.isoformat()}\n{end}\n"
        padded = text.encode().ljust(_ENTITLEMENT_BYTES)
        return self._cipher.encrypt(padded, context=_ENTITLEMENT + person_id.bytes)

    def open_entitlements(
        self, person_id: UUID, stored: Iterable[bytes]
    ) -> tuple[Entitlement, ...]:
        """Returns the entitlements of a person, by kind, code and first day.

        Raises:
            UnreadableField: one is not this person's, or its key is not held.
        """
        context = _ENTITLEMENT + person_id.bytes
        found = [_entitlement(self._cipher.decrypt(one, context=context)) for one in stored]
        found.sort(key=lambda one: (one.kind.value, one.code, one.begin_date))
        return tuple(found)

    def disease_index(self, person_id: UUID, code: str) -> bytes | None:
        """Returns what a person's bills for a disease are found by; None: for none."""
        if not code:
            return None
        return self._index.digest("disease", person_id.bytes + code.encode())

    def diseases_of(
        self, person_id: UUID, wanted: Iterable[bytes], known: Iterable[str]
    ) -> Mapping[bytes, str]:
        """Returns the disease of each index of a person.

        Args:
            person_id: whose bills they are of.
            wanted: what `disease_index` gave; empty: for no disease.
            known: codes tried before the national ones, e.g. those of the policy.
        """
        found = {b"": ""}
        left = set(wanted) - {b""}
        for code in (*known, *DISEASES):
            if not left:
                return found
            index = self._index.digest("disease", person_id.bytes + code.encode())
            if index in left:
                found[index] = code
                left.remove(index)
        # Of a policy before, and in no list any more: no longer told, but told from the others.
        return found | {index: index.hex() for index in left}


def _entitlement(data: bytes) -> Entitlement:
    kind, code, begin, end, _ = data.decode().split("\n")
    return Entitlement(
        EntitlementKind(kind),
        code,
        date.fromisoformat(begin),
        date.fromisoformat(end) if end else None,
    )
