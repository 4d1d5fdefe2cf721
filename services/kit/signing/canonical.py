"""The canonical form of a message: the bytes that its signature is about.

Protocol Buffers' own deterministic form: fields in ascending order of their numbers, what has its
default value left out, repeated numbers packed. No signed message has a map or a floating-point
number, which are where implementations differ; a contract test sees to that. A message with a field
that is not known here has no canonical form: where it would stand, and what it means, nobody knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.kit.errors import InvalidArgument

if TYPE_CHECKING:
    from google.protobuf.message import Message


def canonical(message: Message) -> bytes:
    """Returns the canonical form.

    Raises:
        InvalidArgument: FIELD_UNKNOWN.
    """
    form = message.SerializeToString(deterministic=True)
    # In place, at any depth: a message that has none is left as it is, another one is refused.
    message.DiscardUnknownFields()
    if message.ByteSize() != len(form):
        raise InvalidArgument("FIELD_UNKNOWN", "a signed message has fields that are not known")
    return form
