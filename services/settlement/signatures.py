"""Verifies the calls that are signed, signs what they are answered, and writes both down.

signed_calls.py says which calls; docs/signatures.md what is signed and how.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.kit.errors import LostRace, Overloaded, Unavailable
from services.kit.interceptors.signatures import SignatureInterceptor
from services.kit.signing.exchange import Proof
from services.settlement.outcomes import outcome_pending
from services.settlement.signed_calls import SIGNED

if TYPE_CHECKING:
    from services.kit.clock import Clock
    from services.kit.signing.files import KeyBook
    from services.settlement.signature_store import SignatureStore


def signing_interceptor(
    book: KeyBook, store: SignatureStore, clock: Clock
) -> SignatureInterceptor[str]:
    """Returns what verifies and signs the calls of settlement and writes down what was signed."""

    async def keep(path: str, request: Any, answer: Any, proofs: Sequence[Proof]) -> None:
        side, _, field = path.partition(".")
        name = attrgetter(field)(answer if side == "answer" else request)
        if not name:
            # A trial: there is nothing that anybody might deny.
            return
        record_id = UUID(name)
        try:
            await store.insert(proofs, record_id, UUID(request.request_id))
        except (Unavailable, Overloaded, LostRace):
            if not field.endswith("settlement_id"):
                raise
            # It is done, only not proven: not "nothing happened, come back later".
            raise outcome_pending(record_id) from None

    return SignatureInterceptor(book, SIGNED, keep, clock)
