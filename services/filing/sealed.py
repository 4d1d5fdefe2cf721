"""Which columns of this service hold sealed fields; for `yijie keys`."""

from __future__ import annotations

from typing import Final

from services.filing.vault import RECORD_CONTEXT, STAY_CONTEXT, WARNING_CONTEXT, WORDS_CONTEXT
from services.kit.sealed import SealedColumn

SEALED: Final = (
    SealedColumn(
        "filing_record",
        "record",
        key=(("filing_id", "uuid"), ("part", "text")),
        context=RECORD_CONTEXT,
        bound_to=("part", "filing_id"),
    ),
    SealedColumn(
        "admission",
        "stay",
        key=(("visit_id", "uuid"),),
        context=STAY_CONTEXT,
        bound_to=("visit_id",),
    ),
    SealedColumn("warning_event", "warning", context=WARNING_CONTEXT),
    SealedColumn("filing_acknowledgement", "reason", context=WORDS_CONTEXT),
)
