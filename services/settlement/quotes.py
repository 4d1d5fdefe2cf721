"""Quotes: what PreSettle answered, sealed, so that Settle can name it (docs/adr/0012-quotes.md).

A quote is no row: it is a text that only this service can read or make, bound to what was asked.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from google.protobuf.message import DecodeError, Message

from services.kit.clock import Clock
from services.kit.crypto import FieldCipher, UnreadableField
from services.kit.errors import InvalidArgument, RuleForbids
from services.settlement.domain.quote import REGION_FACTS, Facts, changed_facts
from services.settlement.messages import Checked
from services.settlement.order import Order
from yijie.benefits.v1 import adjudication_pb2

VALID_FOR: Final = timedelta(hours=24)
CHANGED: Final = "QUOTE_CHANGED"
_CONTEXT: Final = b"settlement.quote:"
_FACTS: Final = ("case", "lines", "card", "filing", "catalogue", "amounts")
_DIGEST_BYTES: Final = 16
# When it expires, milliseconds since 1970; then the digests; then the adjudication.
_HEAD: Final = struct.Struct(f">q{_DIGEST_BYTES * len(_FACTS)}s")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a quote says: the amounts shown to the patient and what they rest on."""

    facts: Facts
    adjudication: adjudication_pb2.Adjudication
    """Without calculation steps."""

    def require(self, facts: Facts) -> None:
        """Raises QUOTE_CHANGED where the hub would now ask the insured region something else."""
        changed = changed_facts(self.facts, facts)
        if changed or self.facts.case != facts.case:
            raise quote_changed(changed)


class Quotes:
    """Makes and reads quotes."""

    def __init__(self, cipher: FieldCipher, clock: Clock) -> None:
        """Seals with the key of data at rest: a quote holds amounts and a balance."""
        self._cipher = cipher
        self._clock = clock

    def write(self, order: Order, facts: Facts, adjudication: adjudication_pb2.Adjudication) -> str:
        """Returns the quote of what PreSettle answers."""
        bare = adjudication_pb2.Adjudication()
        bare.CopyFrom(adjudication)
        bare.ClearField("steps")
        expires = self._clock.now() + VALID_FOR
        digests = b"".join(getattr(facts, name) for name in _FACTS)
        content = _HEAD.pack(int(expires.timestamp() * 1000), digests) + bare.SerializeToString()
        sealed = self._cipher.encrypt(content, context=_CONTEXT + _subject(order))
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, text: str, order: Order) -> Quote | None:
        """Returns the quote that a request names, or None if it names none.

        Raises QUOTE_INVALID: not one of ours, altered, of something else, or expired.
        """
        if not text:
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            content = self._cipher.decrypt(sealed, context=_CONTEXT + _subject(order))
            expires_ms, digests = _HEAD.unpack_from(content)
            adjudication = adjudication_pb2.Adjudication.FromString(content[_HEAD.size :])
        except (ValueError, UnreadableField, struct.error, DecodeError):
            raise _invalid(
                "is not one of this hub for this bill and this use of the account"
            ) from None
        # Base64 has several spellings of the same bytes; ours is one.
        if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() != text:
            raise _invalid("is not one of this hub for this bill and this use of the account")
        if expires_ms <= int(self._clock.now().timestamp() * 1000):
            raise _invalid("has expired")
        parts = (
            digests[start : start + _DIGEST_BYTES]
            for start in range(0, len(digests), _DIGEST_BYTES)
        )
        return Quote(Facts(**dict(zip(_FACTS, parts, strict=True))), adjudication)


def facts_of(order: Order, checked: Checked, case: adjudication_pb2.Case) -> Facts:
    """Returns what an answer about an order rests on."""
    bill = order.facts
    # What the hospital calls a line and in which order it stands is no fact of the amounts.
    lines = sorted(
        f"{line.item_code} {line.fee_date} {line.unit_price.normalize():f}"
        f" {line.quantity.normalize():f} {line.amount_fen}"
        for line in bill.lines
    )
    return Facts(
        case=_digest(case),
        lines=_digest(
            bill.medical_type_code,
            bill.begin_date,
            bill.end_date,
            bill.disease_code,
            *lines,
        ),
        card=_digest(
            bill.insured_region_code,
            bill.scheme_code,
            case.person_type_code,
            case.deductible_level_code,
        ),
        filing=_digest(checked.match.benefit_level, checked.match.long_term_evidence),
        catalogue=_digest(checked.catalogue_version),
        amounts=_digest(case.amounts),
    )


def differs(quoted: adjudication_pb2.Adjudication, booked: adjudication_pb2.Adjudication) -> bool:
    """Tells whether somebody would pay another amount than quoted."""
    return _who_pays(quoted) != _who_pays(booked)


def changed_in_region(
    quoted: adjudication_pb2.Adjudication, booked: adjudication_pb2.Adjudication
) -> tuple[str, ...]:
    """Returns which facts of the insured region differ, as far as its answers tell."""
    pairs = (
        (quoted.policy_version, booked.policy_version),
        (quoted.accumulators_digest, booked.accumulators_digest),
        (quoted.account_digest, booked.account_digest),
    )
    return tuple(
        name for name, (before, now) in zip(REGION_FACTS, pairs, strict=True) if before != now
    )


def named_by_region(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the facts that an insured region's EXPECTATION_NOT_MET names."""
    named = {word.strip() for word in metadata.get("changed", "").split(",")}
    return tuple(name for name in REGION_FACTS if name in named)


def quote_changed(changed: tuple[str, ...]) -> RuleForbids:
    """Returns the error that names what a quote no longer agrees with."""
    return RuleForbids(
        CHANGED,
        "the quote no longer holds; nothing is settled, ask for a new one",
        field="quote",
        metadata={"changed": ",".join(changed)},
    )


def _who_pays(adjudication: adjudication_pb2.Adjudication) -> tuple[object, ...]:
    funds = sorted((p.fund_type_code, p.amount.fen) for p in adjudication.fund_payments)
    return (
        adjudication.deductible.fen,
        tuple(funds),
        adjudication.account_pay.fen,
        adjudication.cash_pay.fen,
    )


def _subject(order: Order) -> bytes:
    """Returns what a quote is bound to: what the caller chose, not what may change by itself."""
    bill, part = order.facts, order.part
    if part is not None:
        return _digest(
            "visit",
            part.visit_id,
            part.scope.value,
            part.charge_batch_number,
            part.until_date or "",
            order.use_account,
        )
    return _digest(
        "bill",
        order.patient.person_id,
        bill.insured_region_code,
        bill.scheme_code,
        bill.care_region_code,
        bill.institution_code,
        bill.medical_type_code,
        bill.begin_date,
        order.use_account,
    )


def _digest(*parts: object) -> bytes:
    """Returns a fingerprint of values; it never leaves the sealed text, so it needs no key."""
    hashed = hashlib.sha256()
    for part in parts:
        content = (
            part.SerializeToString(deterministic=True)
            if isinstance(part, Message)
            else str(part).encode()
        )
        hashed.update(struct.pack(">I", len(content)))
        hashed.update(content)
    return hashed.digest()[:_DIGEST_BYTES]


def _invalid(text: str) -> InvalidArgument:
    return InvalidArgument("QUOTE_INVALID", f"the quote {text}", field="quote")
