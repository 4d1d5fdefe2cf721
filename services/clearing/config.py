"""Configuration of the clearing process."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit import config as settings
from services.kit.db import DatabaseConfig
from services.kit.feed import FeedConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig


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
