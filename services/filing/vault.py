"""Between what of filings and stays is sealed and what may lie in the database: ciphertext."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Final

import orjson

from services.filing.domain.model import Details, EvidenceDocument, EvidenceKind
from services.kit.crypto import BlindIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from google.protobuf.message import Message

    from services.filing.domain.warnings import Stay
    from services.kit.crypto import FieldCipher, KeyRing

# The context binds a record to its row: copied to another one it does not decrypt.
RECORD_CONTEXT: Final = b"filing.filing_record:"
WORDS_CONTEXT: Final = b"filing.filing_acknowledgement:"
STAY_CONTEXT: Final = b"filing.admission:"
WARNING_CONTEXT: Final = b"filing.warning_event:"
_HASH_LABEL: Final = b"yijie filing request hash"


class Part(Enum):
    """Which of a filing's records it is; the value is what the database holds."""

    APPLICATION = "APPLICATION"
    SUPPLEMENT = "SUPPLEMENT"
    REFUSED = "REFUSED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedStay:
    """What of a stay is sealed: where and when."""

    institution_code: str
    admission_date: date
    expected_discharge_date: date | None
    discharge_date: date | None
    emergency: bool


class Vault:
    """Seals and opens records; the only holder of the keys."""

    __slots__ = ("_cipher", "_index")

    def __init__(self, cipher: FieldCipher, ring: KeyRing) -> None:
        """Holds a cipher and the ring that it began with."""
        self._cipher = cipher
        # The oldest key stays when others are added. Once it is retired, a request of before that
        # is sent again is told REQUEST_ID_REUSED: nothing is done twice.
        oldest = ring.keys[min(ring.keys)]
        self._index = BlindIndex(hmac.digest(oldest, _HASH_LABEL, "sha256"))

    def request_hash(self, request: Message) -> bytes:
        """Returns the keyed hash of a request: its diagnosis could be guessed from a plain one."""
        return self._index.digest("request", request.SerializeToString(deterministic=True))

    def seal(self, details: Details, filing_id: UUID, part: Part) -> bytes:
        """Returns the record of a part of a filing."""
        content: dict[str, object] = {
            "diagnosis": details.diagnosis,
            "documents": [
                {"kind": one.kind.value, "id": one.document_id, "issued": one.issue_date}
                for one in details.documents
            ],
            "note": details.note,
        }
        return self._cipher.encrypt(orjson.dumps(content), context=_context(filing_id, part))

    def open(self, record: bytes, filing_id: UUID, part: Part) -> Details:
        """Returns a part of a filing's details.

        Raises:
            UnreadableField: the record is not this row's, or its key is not held.
        """
        content = orjson.loads(self._cipher.decrypt(record, context=_context(filing_id, part)))
        return Details(
            diagnosis=content["diagnosis"],
            documents=tuple(
                EvidenceDocument(
                    EvidenceKind(one["kind"]),
                    one["id"],
                    date.fromisoformat(one["issued"]) if one["issued"] else None,
                )
                for one in content["documents"]
            ),
            note=content["note"],
        )

    def seal_stay(self, stay: Stay) -> bytes:
        """Returns the record of where and when a person lies in hospital."""
        content: dict[str, object] = {
            "institution": stay.institution_code,
            "admitted": stay.admission_date,
            "expected": stay.expected_discharge_date,
            "left": stay.discharge_date,
            "emergency": stay.emergency,
        }
        return self._cipher.encrypt(
            orjson.dumps(content), context=STAY_CONTEXT + stay.visit_id.bytes
        )

    def open_stay(self, record: bytes, visit_id: UUID) -> SealedStay:
        """Returns what `seal_stay` sealed.

        Raises:
            UnreadableField: the record is not this row's, or its key is not held.
        """
        content = orjson.loads(self._cipher.decrypt(record, context=STAY_CONTEXT + visit_id.bytes))
        return SealedStay(
            institution_code=content["institution"],
            admission_date=date.fromisoformat(content["admitted"]),
            expected_discharge_date=_day(content["expected"]),
            discharge_date=_day(content["left"]),
            emergency=content["emergency"],
        )

    def seal_warning(self, message: bytes, visit_id: UUID) -> bytes:
        """Returns a warning as its event keeps it."""
        return self._cipher.encrypt(message, context=WARNING_CONTEXT + visit_id.bytes)

    def open_warning(self, record: bytes, visit_id: UUID) -> bytes:
        """Returns what `seal_warning` sealed.

        Raises:
            UnreadableField: the record is not this row's, or its key is not held.
        """
        return self._cipher.decrypt(record, context=WARNING_CONTEXT + visit_id.bytes)

    def seal_words(self, words: str, event_id: int) -> bytes:
        """Returns what a care province says of an event, sealed; empty: it says nothing.

        Asked to name no person, but nobody can be kept from it.
        """
        if not words:
            return b""
        return self._cipher.encrypt(words.encode(), context=_words_context(event_id))

    def open_words(self, sealed: bytes, event_id: int) -> str:
        """Returns what a care province said of an event.

        Raises:
            UnreadableField: the words are not of this event, or their key is not held.
        """
        if not sealed:
            return ""
        return self._cipher.decrypt(sealed, context=_words_context(event_id)).decode()


def together(parts: Mapping[Part, Details]) -> Details:
    """Returns the details that the parts of one filing make, in the order of `Part`."""
    ordered = [parts[part] for part in Part if part in parts]
    return Details(
        diagnosis=_last(one.diagnosis for one in ordered),
        documents=tuple(document for one in ordered for document in one.documents),
        note=_last(one.note for one in ordered),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _last(texts: Iterable[str]) -> str:
    return next((text for text in reversed(list(texts)) if text), "")


def _context(filing_id: UUID, part: Part) -> bytes:
    return RECORD_CONTEXT + part.value.encode() + b":" + filing_id.bytes


def _words_context(event_id: int) -> bytes:
    return WORDS_CONTEXT + str(event_id).encode()
