"""Configuration of settlement."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit import config as settings
from services.kit.crypto import KeyRing, parse_key_text, parse_keyring_text
from services.kit.db import DatabaseConfig
from services.kit.routes import Route, parse_routes
from services.kit.server import ServerConfig
from services.kit.signing.config import SigningConfig
from services.kit.telemetry import TelemetryConfig


@dataclass(frozen=True, slots=True)
class Config:
    """What settlement needs to know."""

    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    server: ServerConfig = settings.nested(ServerConfig)
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    data_key: KeyRing = settings.env("DATA_KEY", parse_keyring_text, secret=True)
    """Key that encrypts bills and events at rest; see services.kit.crypto.parse_keyring."""
    index_key: bytes = settings.env("INDEX_KEY", parse_key_text, secret=True)
    """Key of the fingerprints that repeated requests are compared by: requests hold credentials."""
    identity_target: str = settings.env("IDENTITY_TARGET")
    """gRPC target of identity."""
    filing_target: str = settings.env("FILING_TARGET")
    """gRPC target of filing."""
    catalogue_target: str = settings.env("CATALOGUE_TARGET")
    """gRPC target of catalogue."""
    supervision_target: str = settings.env("SUPERVISION_TARGET")
    """gRPC target of supervision."""
    benefits_routes: dict[str, Route] = settings.env("BENEFITS_ROUTES", parse_routes)
    """Insured province → where its benefits are served; "*" for those not named."""
    clearing_target: str = settings.env("CLEARING_TARGET", default="")
    """gRPC target of clearing, which says whose prepayment is used up; empty: nobody is asked."""
    limits_interval_s: float = settings.env(
        "LIMITS_INTERVAL_S", settings.parse_seconds, default=5.0
    )
    """Time between two questions to clearing whose prepayment is used up."""
    limits_age_s_max: float = settings.env("LIMITS_AGE_S_MAX", settings.parse_seconds, default=60.0)
    """Age from which clearing's last answer to that counts no more: all is settled."""
    callee_timeout_s: float = settings.env("CALLEE_TIMEOUT_S", settings.parse_seconds, default=0.4)
    """Longest wait for identity and filing."""
    screening_timeout_s: float = settings.env(
        "SCREENING_TIMEOUT_S", settings.parse_seconds, default=0.2
    )
    """Longest wait for supervision; after it the bill settles and is screened from the feed, unless
    a rule lets no such bill settle unscreened."""
    screening_policy_interval_s: float = settings.env(
        "SCREENING_POLICY_INTERVAL_S", settings.parse_seconds, default=5.0
    )
    """Time between two questions to supervision which rules block."""
    benefits_timeout_s: float = settings.env(
        "BENEFITS_TIMEOUT_S", settings.parse_seconds, default=0.8
    )
    """Longest wait for an insured region whose route does not say."""
    recovery_interval_s: float = settings.env(
        "RECOVERY_INTERVAL_S", settings.parse_seconds, default=1.0
    )
    """Time between two looks for intents left open."""
    recovery_after_s: float = settings.env("RECOVERY_AFTER_S", settings.parse_seconds, default=3.0)
    """Age at which an open intent is taken for abandoned by its call."""
    abandon_after_s: float = settings.env("ABANDON_AFTER_S", settings.parse_seconds, default=600.0)
    """Age at which an intent that its insured region never answered is given up."""
    feed_poll_s: float = settings.env("FEED_POLL_S", settings.parse_seconds, default=0.25)
    """Time between two looks for new events of one subscriber: so long they gather, and whoever
    follows commits once for all of them."""
    feed_heartbeat_s: float = settings.env("FEED_HEARTBEAT_S", settings.parse_seconds, default=5.0)
    """Longest silence of the feed."""
    signing: SigningConfig = settings.nested(SigningConfig, is_optional=True)
    """Who must sign requests, and what answers are signed with."""
