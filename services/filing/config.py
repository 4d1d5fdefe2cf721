"""What filing is told at start."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit import config as settings
from services.kit.crypto import KeyRing, parse_keyring_text
from services.kit.db import DatabaseConfig
from services.kit.feed import FeedConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the filing service, read by `services.kit.config.load(Config)`."""

    server: ServerConfig = settings.nested(ServerConfig)
    """Where it listens."""
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    """Its database."""
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    """Where spans and metrics go."""
    feed: FeedConfig = settings.nested(FeedConfig)
    """How settlement's feed is followed."""
    identity_target: str = settings.env("IDENTITY_TARGET", settings.parse_address)
    """host:port of identity, which knows who is insured where."""
    settlement_target: str = settings.env("SETTLEMENT_TARGET", settings.parse_address)
    """host:port of settlement, whose feed of stays is followed."""
    data_key: KeyRing = settings.env("DATA_KEY", parse_keyring_text, secret=True)
    """Keys that diseases and papers are encrypted with, as identity has them."""
    identity_timeout_s: float = settings.env(
        "IDENTITY_TIMEOUT_S", settings.parse_seconds, default=2.0
    )
    """Longest wait for identity; a batch of 500 persons is one call."""
    feed_poll_s: float = settings.env("FEED_POLL_S", settings.parse_seconds, default=0.25)
    """Time between two looks for new events of one subscriber."""
    feed_heartbeat_s: float = settings.env("FEED_HEARTBEAT_S", settings.parse_seconds, default=5.0)
    """Longest silence of the feeds that filing gives."""
    warning_interval_s: float = settings.env(
        "WARNING_INTERVAL_S", settings.parse_seconds, default=60.0
    )
    """Time between two looks for stays whose filing begins today."""
