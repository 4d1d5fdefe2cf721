"""Configuration of the clearing process."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit import config as settings
from services.kit.db import DatabaseConfig
from services.kit.feed import FeedConfig
from services.kit.routes import Route, parse_routes
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig

_HOURS = 24


def parse_hour(text: str) -> int:
    """Reads an hour of the day, 0 to 23."""
    if not (text.isascii() and text.isdigit() and int(text) < _HOURS):
        msg = "must be an hour of the day, 0 to 23"
        raise ValueError(msg)
    return int(text)


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the clearing service, read by `services.kit.config.load(Config)`."""

    server: ServerConfig = settings.nested(ServerConfig)
    """Where it listens."""
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    """Its database."""
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    """Where spans and metrics go."""
    feed: FeedConfig = settings.nested(FeedConfig)
    """How the settlement feed is followed."""
    settlement_target: str = settings.env("SETTLEMENT_TARGET", settings.parse_address)
    """gRPC target of settlement, which has the feed: host:port or dns:///host:port."""
    benefits_routes: dict[str, Route] = settings.env("BENEFITS_ROUTES", parse_routes)
    """Insured province → where its benefits are served; "*" for those not named. Of a route's
    options reconciliation needs none: it has minutes where a settlement has a second."""
    reconcile_hour: int = settings.env("RECONCILE_HOUR", parse_hour, default=1)
    """Hour, Asia/Shanghai, from which the day before is compared with every insured province."""
    reconcile_interval_s: float = settings.env(
        "RECONCILE_INTERVAL_S", settings.parse_seconds, default=10.0
    )
    """Time between two looks for comparisons that are due."""
    reconcile_retry_s: float = settings.env(
        "RECONCILE_RETRY_S", settings.parse_seconds, default=300.0
    )
    """Wait before a comparison that failed is tried again."""
    reconcile_grace_s: float = settings.env(
        "RECONCILE_GRACE_S", settings.parse_delay, default=120.0
    )
    """Age below which a settlement that the hub has not decided is on its way, no difference."""
    feed_poll_s: float = settings.env("FEED_POLL_S", settings.parse_seconds, default=0.25)
    """Time between two looks for new events of one subscriber."""
    feed_heartbeat_s: float = settings.env("FEED_HEARTBEAT_S", settings.parse_seconds, default=5.0)
    """Longest silence of the feed that clearing gives."""
    prepayment_interval_s: float = settings.env(
        "PREPAYMENT_INTERVAL_S", settings.parse_seconds, default=10.0
    )
    """Time between two looks at the use of prepayment."""
    month_interval_s: float = settings.env("MONTH_INTERVAL_S", settings.parse_seconds, default=30.0)
    """Time between two looks for months that are to be cut or may move on."""
    dispute_interval_s: float = settings.env(
        "DISPUTE_INTERVAL_S", settings.parse_seconds, default=60.0
    )
    """Time between two looks for appeal terms that are over and settlements that were reversed."""
    invariant_hour: int = settings.env("INVARIANT_HOUR", parse_hour, default=3)
    """Hour, Asia/Shanghai, from which the invariants of what is not closed are checked."""
    invariant_interval_s: float = settings.env(
        "INVARIANT_INTERVAL_S", settings.parse_seconds, default=60.0
    )
    """Time between two looks whether the invariants are due."""
