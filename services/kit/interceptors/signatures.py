"""Verifies the signatures of requests and signs what they are answered; see docs/signatures.md.

It stands before validation: what is looked at is what was sent. Refusals are not signed: nothing
follows from them that somebody might deny.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import grpc

from services.kit import telemetry
from services.kit.caller import caller_of
from services.kit.clock import Clock
from services.kit.errors import DomainError, InvalidArgument
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.interceptors.validation import Malformed
from services.kit.signing import exchange
from services.kit.signing.canonical import canonical
from services.kit.signing.config import Required
from services.kit.signing.exchange import Exchange, Proof
from services.kit.signing.files import KeyBook
from services.kit.signing.message import METADATA_KEY, Direction, read_header, sign
from services.kit.signing.verifying import require_fresh

_OUTCOMES: Final = {
    "SIGNATURE_MISSING": "missing",
    "SIGNATURE_STALE": "stale",
    "SIGNATURE_KEY_UNKNOWN": "key_unknown",
    "SIGNATURE_KEY_RETIRED": "key_retired",
    "FIELD_UNKNOWN": "field_unknown",
}
M = TypeVar("M")
Keep = Callable[[M, Any, Any, Sequence[Proof]], Awaitable[None]]
"""Writes proofs down: what the method is, its request, its answer, the proofs."""


class SignatureInterceptor(Interceptor, Generic[M]):
    """Looks at the calls of some methods; `methods` says by their full name what each is."""

    def __init__(
        self, book: KeyBook, methods: Mapping[str, M], keep: Keep[M], clock: Clock
    ) -> None:
        super().__init__()
        self._book = book
        self._methods = methods
        self._keep = keep
        self._clock = clock

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns the handler itself, or one that gets verified requests and signs its answers."""
        kind = self._methods.get(method)
        if kind is None or not self._book.is_on:
            return inner

        async def verified(request: Any, context: grpc.aio.ServicerContext) -> Any:
            if isinstance(request, Malformed):
                return await inner(request, context)
            proof = self._verified(method, request, context)
            if proof is None:
                return await inner(request, context)
            held = Exchange(proof)
            token = exchange.current.set(held)
            try:
                answer = await inner(request, context)
            finally:
                exchange.current.reset(token)
            # Written before it is sent: what was answered can always be shown.
            answered = self._signed(proof, answer)
            proofs = [] if held.is_kept else [proof]
            await self._keep(kind, request, answer, proofs + answered)
            for one in answered:
                context.set_trailing_metadata(((METADATA_KEY, one.signed.header),))
            return answer

        return verified

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - none is signed
        """Returns the handler itself: what costs money is no stream."""
        return inner

    def _verified(
        self, method: str, request: Any, context: grpc.aio.ServicerContext
    ) -> Proof | None:
        """Returns the proof of a request; None: it is not signed and need not be."""
        header = dict(context.invocation_metadata() or ()).get(METADATA_KEY)
        caller, now = caller_of(context), self._clock.now()
        outcome = "unsigned"
        try:
            if header is None:
                known = caller is not None and self._book.directory.binds(
                    caller.region_code, caller.role, now
                )
                if known or self._book.required is Required.ALL:
                    raise InvalidArgument(
                        "SIGNATURE_MISSING", "this call must be signed", field=METADATA_KEY
                    )
                return None
            signed = read_header(
                header, canonical(request), method=method, direction=Direction.REQUEST
            )
            proof = require_fresh(self._book, signed, caller, now)
            outcome = "verified"
        except DomainError as error:
            outcome = _OUTCOMES.get(error.reason, "invalid")
            raise
        finally:
            telemetry.SIGNATURES.labels(method[1:], outcome).inc()
        return proof

    def _signed(self, request: Proof, answer: Any) -> list[Proof]:
        """Returns the proof of an answer; none where we have no key that may sign."""
        key = self._book.own
        entry = self._book.directory.entries.get(key.key_id) if key is not None else None
        if key is None or entry is None:
            return []
        method, now = request.signed.method[1:], self._clock.now()
        if not entry.may_sign(now):
            # It would look like a signature and prove nothing.
            telemetry.SIGNATURES.labels(method, "unsigned_answer").inc()
            return []
        signed = sign(
            key,
            canonical(answer),
            method=request.signed.method,
            direction=Direction.ANSWER,
            signed_ms=round(now.timestamp() * 1000),
            request=request.signed.message,
        )
        telemetry.SIGNATURES.labels(method, "signed").inc()
        return [Proof(signed, entry.region_code, entry.role, now)]
