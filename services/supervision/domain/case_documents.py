"""What a document may be: its length, and its type by its own first bytes."""

from __future__ import annotations

from enum import Enum
from typing import Final

from services.kit.errors import InvalidArgument

BYTES_MAX: Final = 10 * 1024 * 1024
CHUNK_BYTES: Final = 1024 * 1024
DOCUMENTS_MAX: Final = 20
"""Of one case."""


class DocumentType(Enum):
    """What institutions may bring."""

    PDF = "PDF"
    PNG = "PNG"
    JPEG = "JPEG"


_MAGIC: Final = (
    (b"%PDF-", DocumentType.PDF),
    (b"\x89PNG\r\n\x1a\n", DocumentType.PNG),
    (b"\xff\xd8\xff", DocumentType.JPEG),
)


def type_of(content: bytes) -> DocumentType:
    """Returns what a document is, whatever its name says.

    Raises:
        InvalidArgument: DOCUMENT_TYPE_REFUSED.
    """
    for magic, found in _MAGIC:
        if content.startswith(magic):
            return found
    raise InvalidArgument(
        "DOCUMENT_TYPE_REFUSED", "the bytes are no PDF, PNG or JPEG", field="chunk"
    )


def require_size(size_bytes: int) -> None:
    """Refuses a document that is too large, or empty, by what is announced of it.

    Raises:
        InvalidArgument: DOCUMENT_TOO_LARGE, or FIELD_INVALID.
    """
    if size_bytes > BYTES_MAX:
        raise InvalidArgument(
            "DOCUMENT_TOO_LARGE",
            "the document is larger than 10 MiB",
            field="size_bytes",
            metadata={"bytes": str(size_bytes), "bytesMax": str(BYTES_MAX)},
        )
    if size_bytes <= 0:
        raise InvalidArgument(
            "FIELD_INVALID", "size_bytes: must be more than zero", field="size_bytes"
        )


def require_length(length: int, announced: int) -> None:
    """Refuses a document that is not as long as was announced.

    Raises:
        InvalidArgument: DOCUMENT_INCOMPLETE.
    """
    if length != announced:
        raise InvalidArgument(
            "DOCUMENT_INCOMPLETE",
            "the document is not as long as was announced",
            field="chunk",
            metadata={"bytes": str(length), "bytesAnnounced": str(announced)},
        )
