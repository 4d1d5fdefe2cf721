"""Which columns of this service hold sealed fields; for `yijie keys`."""

from __future__ import annotations

from typing import Final

from services.kit.sealed import SealedColumn

SEALED: Final = (
    SealedColumn(
        "person",
        "record",
        key=(("person_id", "uuid"),),
        context=b"identity.person:",
        bound_to=("person_id",),
    ),
    SealedColumn(
        "card",
        "record",
        key=(("card_index", "bytea"),),
        context=b"identity.card:",
        bound_to=("card_index",),
    ),
)
