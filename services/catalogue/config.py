"""Configuration of the catalogue service."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit import config as settings
from services.kit.db import DatabaseConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the service reads from its environment."""

    server: ServerConfig = settings.nested(ServerConfig)
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    watch_poll_s: float = settings.env(
        "CATALOGUE_WATCH_POLL_S", settings.parse_seconds, default=1.0
    )
    """How often to look for publications made through another process of this service."""
    watch_heartbeat_s: float = settings.env(
        "CATALOGUE_WATCH_HEARTBEAT_S", settings.parse_seconds, default=10.0
    )
    """How long a watch may be silent before it gives a sign of life."""
