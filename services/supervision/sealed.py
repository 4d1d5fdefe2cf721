"""Which columns of this service hold sealed fields; for `yijie keys`."""

from __future__ import annotations

from typing import Final

from services.kit.sealed import SealedColumn

SEALED: Final = (
    SealedColumn("finding", "detail", context=b"supervision.finding:"),
    SealedColumn("audited_bill", "detail", context=b"supervision.audited_bill:"),
    SealedColumn("export_key", "key", context=b"supervision.export_key:"),
    SealedColumn("opinion", "content", context=b"supervision.opinion:"),
    SealedColumn("case_document", "content", context=b"supervision.case_document:"),
    SealedColumn("case_deduction", "lines", context=b"supervision.case_deduction:"),
)
