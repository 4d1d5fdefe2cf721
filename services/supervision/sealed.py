"""Which columns of this service hold sealed fields; for `yijie keys`."""

from __future__ import annotations

from typing import Final

from services.kit.sealed import SealedColumn

SEALED: Final = (SealedColumn("finding", "detail", context=b"supervision.finding:"),)
