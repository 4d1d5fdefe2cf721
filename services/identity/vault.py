"""Between persons in memory and what may lie in the database: ciphertext and blind indexes."""

from __future__ import annotations

import hmac
import os
from datetime import date
from typing import TYPE_CHECKING, Final

import orjson

from services.identity.domain import tokens
from services.identity.domain.model import Insurance, InsuranceStatus, Person

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from google.protobuf.message import Message

    from services.identity.domain.model import Card
    from services.kit.crypto import BlindIndex, FieldCipher

# The context binds a record to its kind and row: copied to another row it does not decrypt.
_PERSON: Final = b"identity.person:"
_CARD: Final = b"identity.card:"


class Vault:
    """Seals and opens records; the only holder of the keys."""

    __slots__ = ("_cipher", "_index", "_token_key")

    def __init__(self, cipher: FieldCipher, index: BlindIndex) -> None:
        """Holds a cipher and an index of different keys."""
        self._cipher = cipher
        self._index = index
        # A key of its own, made of the index key: an index cannot be passed off as a signature.
        self._token_key = index.digest("token signing key", b"1")

    def index_key_fingerprint(self) -> bytes:
        """Returns what tells one index key from another without telling the key."""
        return self._index.index("index key", "yijie identity")

    def cert_index(self, cert_number: str) -> bytes:
        """Returns the blind index of a certificate number in canonical form."""
        return self._index.index("cert", cert_number)

    def card_index(self, card_number: str) -> bytes:
        """Returns the blind index of a card number."""
        return self._index.index("card", card_number)

    def token_index(self, token: str) -> bytes:
        """Returns the blind index of a token."""
        return self._index.index("token", token)

    def request_hash(self, request: Message) -> bytes:
        """Returns the keyed hash of a request: its id numbers could be guessed from a plain one."""
        return self._index.digest("request", request.SerializeToString(deterministic=True))

    def seal_person(self, person: Person, person_id: UUID) -> bytes:
        """Returns a person's record for the row of `person_id`."""
        content = {
            "cert_number": person.cert_number,
            "name": person.name,
            "sex": person.sex,
            "birth_date": person.birth_date,
            "insurances": [
                {
                    "insured_region": insurance.insured_region,
                    "scheme": insurance.scheme,
                    "person_type": insurance.person_type,
                    "status": insurance.status.value,
                    "begin_date": insurance.begin_date,
                    "end_date": insurance.end_date,
                }
                for insurance in person.insurances
            ],
        }
        return self._cipher.encrypt(orjson.dumps(content), context=_PERSON + person_id.bytes)

    def open_person(self, person_id: UUID, record: bytes) -> Person:
        """Returns the person of a row.

        Raises:
            UnreadableField: the record is not this row's, or its key is not held.
        """
        content = orjson.loads(self._cipher.decrypt(record, context=_PERSON + person_id.bytes))
        return Person(
            person_id=person_id,
            cert_number=content["cert_number"],
            name=content["name"],
            sex=content["sex"],
            birth_date=date.fromisoformat(content["birth_date"]),
            insurances=tuple(
                Insurance(
                    insured_region=entry["insured_region"],
                    scheme=entry["scheme"],
                    person_type=entry["person_type"],
                    status=InsuranceStatus(entry["status"]),
                    begin_date=date.fromisoformat(entry["begin_date"]),
                    end_date=date.fromisoformat(entry["end_date"]) if entry["end_date"] else None,
                )
                for entry in content["insurances"]
            ),
        )

    def seal_card(self, card: Card, card_index: bytes) -> bytes:
        """Returns a card's record for the row of `card_index`."""
        content = {"card_number": card.card_number}
        if card.recognition_code:
            content["recognition_code"] = card.recognition_code
        return self._cipher.encrypt(orjson.dumps(content), context=_CARD + card_index)

    def open_card(self, card_index: bytes, record: bytes) -> tuple[str, str]:
        """Returns card number and recognition code of a row; the latter is empty if not known.

        Raises:
            UnreadableField: the record is not this row's, or its key is not held.
        """
        content = orjson.loads(self._cipher.decrypt(record, context=_CARD + card_index))
        return content["card_number"], content.get("recognition_code", "")

    def new_token(self, expire_time: datetime) -> str:
        """Returns a signed token that is accepted until an instant, UTC, to the second."""
        body = tokens.body_of(int(expire_time.timestamp()), os.urandom(tokens.NONCE_BYTES))
        return tokens.write_token(body, self._signature(body))

    def is_our_token(self, token: str) -> bool:
        """Tells whether 28 characters bear our signature, in constant time."""
        parts = tokens.read_token(token)
        if parts is None:
            return False
        body, signature = parts
        return hmac.compare_digest(self._signature(body), signature)

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._token_key, body, "sha256")[: tokens.SIGNATURE_BYTES]
