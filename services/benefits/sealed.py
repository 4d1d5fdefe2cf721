"""Which columns of this service hold sealed fields; for `yijie keys`."""

from __future__ import annotations

from typing import Final

from services.kit.sealed import SealedColumn

SEALED: Final = (
    SealedColumn(
        "entitlement",
        "content",
        key=(("person_id", "uuid"), ("entitlement_index", "bytea")),
        context=b"benefits.entitlement:",
        bound_to=("person_id",),
    ),
    SealedColumn(
        "adjudication", "answer", context=b"benefits.adjudication.answer:", where="sealed"
    ),
)
