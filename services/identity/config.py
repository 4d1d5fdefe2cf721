"""What identity is told at start."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit import config as settings
from services.kit.crypto import KeyRing, parse_key_text, parse_keyring_text
from services.kit.db import DatabaseConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the identity service, read by `services.kit.config.load(Config)`."""

    server: ServerConfig = settings.nested(ServerConfig)
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    data_key: KeyRing = settings.env("DATA_KEY", parse_keyring_text, secret=True)
    """Keys that personal data is encrypted with: base64 of 32 bytes, or lines `<id>:<base64>`, the
    first one active."""
    index_key: bytes = settings.env("INDEX_KEY", parse_key_text, secret=True)
    """Key of the blind indexes: base64 of 32 bytes. It cannot be changed once persons are held."""
    token_lifetime_s: float = settings.env(
        "TOKEN_LIFETIME_S", settings.parse_seconds, default=300.0
    )
    """How long a token of the 医保电子凭证 is accepted."""
    feed_poll_s: float = settings.env("FEED_POLL_S", settings.parse_seconds, default=0.25)
    """Time between two looks for new signals of one subscriber."""
    feed_heartbeat_s: float = settings.env("FEED_HEARTBEAT_S", settings.parse_seconds, default=5.0)
    """Longest silence of the feed of signals."""
    signal_interval_s: float = settings.env(
        "SIGNAL_INTERVAL_S", settings.parse_seconds, default=5.0
    )
    """Time between two looks through the access log for signals."""
    signal_settle_s: float = settings.env("SIGNAL_SETTLE_S", settings.parse_seconds, default=2.0)
    """Age from which an access is looked at: until then its outcome may still be decided."""
