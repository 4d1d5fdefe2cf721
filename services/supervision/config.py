"""Configuration of the supervision process."""

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
    """Configuration of the supervision service, read by `services.kit.config.load(Config)`."""

    server: ServerConfig = settings.nested(ServerConfig)
    """Where it listens."""
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    """Its database."""
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    """Where spans and metrics go."""
    feed: FeedConfig = settings.nested(FeedConfig)
    """How the feeds are followed."""
    data_key: KeyRing = settings.env("DATA_KEY", parse_keyring_text, secret=True)
    """Key that encrypts findings at rest; see services.kit.crypto.parse_keyring."""
    settlement_target: str = settings.env("SETTLEMENT_TARGET", settings.parse_address)
    """gRPC target of settlement, which has the feed: host:port or dns:///host:port."""
    identity_target: str = settings.env("IDENTITY_TARGET", settings.parse_address)
    """gRPC target of identity, which has the feed of signals: host:port or dns:///host:port."""
