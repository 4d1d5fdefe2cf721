"""The caller's side: signs requests and verifies the signatures of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pool, message_factory

from services.kit.caller import HUB
from services.kit.clock import SystemClock
from services.kit.signing.canonical import canonical
from services.kit.signing.message import (
    METADATA_KEY,
    Direction,
    Signed,
    invalid,
    read_header,
    sign,
)
from services.kit.signing.verifying import is_fresh_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from google.protobuf.message import Message

    from services.kit.clock import Clock
    from services.kit.signing.algorithms import PrivateKey
    from services.kit.signing.files import KeyBook


class Signer:
    """Signs the calls of some methods with the key of a book."""

    def __init__(
        self,
        book: KeyBook,
        methods: Collection[str],
        clock: Clock,
        *,
        on_exchange: Callable[[Signed, Signed | None], None] | None = None,
    ) -> None:
        """`on_exchange` is told each request and its verified answer: whoever keeps them has proof.

        `methods` are full names, "/yijie.settlement.v1.SettlementService/Settle".
        """
        self.book = book
        self._methods = methods
        self._clock = clock
        self._on_exchange = on_exchange

    def signs(self, method: str) -> bool:
        """Tells whether calls of a method are signed."""
        return method in self._methods and self.book.own is not None

    async def call(self, stub: Any, method: str, request: Any, **options: Any) -> Any:
        """Calls a method of a stub, whose full name is `method`, with a signed request.

        A stub that sends bytes as they are is given the bytes of a message.

        Raises:
            InvalidArgument: SIGNATURE_INVALID, where the answer proves nothing; FIELD_UNKNOWN.
        """
        key = self.book.own
        if key is None:
            raise invalid("there is no key to sign with")
        signed = sign(
            key,
            canonical(message_of(method, request, Direction.REQUEST)),
            method=method,
            direction=Direction.REQUEST,
            signed_ms=round(self._clock.now().timestamp() * 1000),
        )
        metadata = (*(options.pop("metadata", None) or ()), (METADATA_KEY, signed.header))
        call = stub(request, metadata=metadata, **options)
        answer = await call
        header = dict(await call.trailing_metadata() or ()).get(METADATA_KEY)
        answered = self._verified(signed, answer, header)
        if self._on_exchange is not None:
            self._on_exchange(signed, answered)
        return answer

    def _verified(self, request: Signed, answer: Any, header: bytes | None) -> Signed | None:
        if header is None:
            if any(entry.role == HUB for entry in self.book.directory.entries.values()):
                raise invalid("the hub has a key, and did not sign its answer")
            return None
        signed = read_header(
            header,
            canonical(message_of(request.method, answer, Direction.ANSWER)),
            method=request.method,
            direction=Direction.ANSWER,
            request=request.message,
        )
        entry = self.book.entry(signed.key_id)
        if entry is None or entry.role != HUB or entry.algorithm != signed.algorithm:
            raise invalid("the answer is not signed by a key of the hub", key_id=signed.key_id)
        if not is_fresh_answer(entry, signed, self._clock.now()):
            raise invalid("the answer's signature does not hold", key_id=signed.key_id)
        return signed


def signed_metadata(
    key: PrivateKey, method: str, request: Message
) -> tuple[tuple[str, bytes], ...]:
    """Returns the metadata that a call is made with to sign its request, now.

    For a caller that has no event loop, or keeps what it is answered by itself: it verifies
    nothing. `method` is the full name, "/yijie.settlement.v1.SettlementService/Settle".
    """
    signed_ms = round(SystemClock().now().timestamp() * 1000)
    signed = sign(
        key, canonical(request), method=method, direction=Direction.REQUEST, signed_ms=signed_ms
    )
    return ((METADATA_KEY, signed.header),)


def message_of(method: str, value: Any, direction: Direction) -> Message:
    """Returns the message that bytes are, by the contract of their call; a message as it is.

    Raises:
        KeyError: there is no such call, or its contract is not imported.
        DecodeError: the bytes are no such message.
    """
    if not isinstance(value, bytes):
        return value  # type: ignore[no-any-return]
    found = descriptor_pool.Default().FindMethodByName(method.strip("/").replace("/", "."))
    kind = found.input_type if direction is Direction.REQUEST else found.output_type
    return message_factory.GetMessageClass(kind).FromString(value)
