"""What the tests of supervision on a database share."""

from __future__ import annotations

import base64
from typing import Any

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database
from services.supervision.store import FindingFilter, Store

KEY = base64.b64encode(bytes(range(32))).decode()
EVERYTHING = FindingFilter(
    settlement_id=None, care_region_prefix="", rule_code="", before_number=None
)


def environ(dsn: str, port: int) -> dict[str, str]:
    return {
        "YIJIE_DSN": dsn,
        "YIJIE_DATA_KEY": KEY,
        "YIJIE_SETTLEMENT_TARGET": f"127.0.0.1:{port}",
        "YIJIE_IDENTITY_TARGET": f"127.0.0.1:{port}",
        "YIJIE_FEED_BACKOFF_S": "0.01",
        "YIJIE_FEED_BACKOFF_S_MAX": "0.05",
        "YIJIE_FEED_STANDBY_S": "0.05",
        "YIJIE_DRAIN_GRACE_S": "1",
    }


def store_of(database: Database, key: str = KEY) -> Store:
    return Store(database, FieldCipher(parse_keyring_text(key)))


class NoBills:
    async def bill(self, settlement: Any) -> Any:
        raise AssertionError("no bill is needed")
