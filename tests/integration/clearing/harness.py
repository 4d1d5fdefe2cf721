"""What the tests of clearing on a database share."""

from __future__ import annotations

from typing import Any

from services.clearing.clients import read_event
from services.kit.feed import Batch


def environ(dsn: str, port: int, *, benefits_port: int = 1) -> dict[str, str]:
    return {
        "YIJIE_DSN": dsn,
        # A port that nobody listens on unless said otherwise: the daily run is not due in a minute.
        "YIJIE_BENEFITS_ROUTES": f"*=127.0.0.1:{benefits_port}",
        "YIJIE_RECONCILE_INTERVAL_S": "60",
        "YIJIE_SETTLEMENT_TARGET": f"127.0.0.1:{port}",
        "YIJIE_FEED_BACKOFF_S": "0.01",
        "YIJIE_FEED_BACKOFF_S_MAX": "0.05",
        "YIJIE_FEED_STANDBY_S": "0.05",
        "YIJIE_DRAIN_GRACE_S": "1",
    }


def batch_of(*events: Any, cursor: str) -> Batch[Any]:
    read = tuple(read_event(event) for event in events)
    return Batch(events=read, cursor=cursor, last_event_time=read[-1].event_time if read else None)
