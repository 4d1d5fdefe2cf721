"""What the tests of supervision on a database share."""

from __future__ import annotations

import base64
from typing import Any

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database
from services.kit.feed import Batch
from services.supervision.audit.events import read_event
from services.supervision.audit.records import FEED, Records
from services.supervision.audit.store import AuditStore
from services.supervision.audit.usecases import Auditor
from services.supervision.domain.ruleset import RuleSet
from services.supervision.rules_loader import load_rules
from services.supervision.ruleset_source import Shipped
from services.supervision.store import FindingFilter, Store
from tests.support.settlement_feed import whole

KEY = base64.b64encode(bytes(range(32))).decode()
EVERYTHING = FindingFilter()


def environ(dsn: str, port: int) -> dict[str, str]:
    return {
        "YIJIE_DSN": dsn,
        "YIJIE_DATA_KEY": KEY,
        "YIJIE_SETTLEMENT_TARGET": f"127.0.0.1:{port}",
        "YIJIE_IDENTITY_TARGET": f"127.0.0.1:{port}",
        "YIJIE_CLEARING_TARGET": f"127.0.0.1:{port}",
        "YIJIE_FILING_TARGET": f"127.0.0.1:{port}",
        "YIJIE_FEED_BACKOFF_S": "0.01",
        "YIJIE_FEED_BACKOFF_S_MAX": "0.05",
        "YIJIE_FEED_STANDBY_S": "0.05",
        "YIJIE_DRAIN_GRACE_S": "1",
    }


def store_of(database: Database, key: str = KEY) -> Store:
    return Store(database, FieldCipher(parse_keyring_text(key)))


async def audited(
    database: Database,
    *events: Any,
    after: str = "",
    to: str = "a",
    ruleset: RuleSet | None = None,
    feed: str = FEED,
    read: Any = read_event,
    key: str = KEY,
) -> None:
    """Audits a batch of events of settlement's feed, bills and all."""
    cipher = FieldCipher(parse_keyring_text(key))
    auditor = Auditor(database, Records(database, cipher), Shipped(ruleset or load_rules()))
    if feed == FEED:
        events = tuple(whole(one) for one in events)
    batch = Batch(events=events, cursor=to, last_event_time=None)
    await auditor.apply(after, batch, feed=feed, read=read)


def bills_of(database: Database, key: str = KEY) -> AuditStore:
    return AuditStore(database, FieldCipher(parse_keyring_text(key)))
