"""Configuration of the supervision process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.kit import config as settings
from services.kit.crypto import KeyRing, parse_keyring_text
from services.kit.db import DatabaseConfig
from services.kit.feed import FeedConfig
from services.kit.routes import Route, parse_routes
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
    filing_target: str = settings.env("FILING_TARGET", settings.parse_address)
    """gRPC target of filing, which knows what was filed: host:port or dns:///host:port."""
    clearing_target: str = settings.env("CLEARING_TARGET", settings.parse_address)
    """gRPC target of clearing, which books deductions: host:port or dns:///host:port."""
    case_interval_s: float = settings.env("CASE_INTERVAL_S", settings.parse_seconds, default=5.0)
    """Time between two looks for what moves cases: findings, terms, clearing."""
    history_timeout_s: float = settings.env(
        "HISTORY_TIMEOUT_S", settings.parse_seconds, default=0.1
    )
    """Longest wait for a person's record in the round trip; then the bill alone is judged."""
    rule_keys_file: str = settings.env("RULE_KEYS_FILE", default="")
    """File of the public keys that may sign rule packs; empty: none may, the shipped rules run."""
    rule_poll_s: float = settings.env("RULE_POLL_S", settings.parse_seconds, default=1.0)
    """Time between two looks for published rule packs."""
    catalogue_target: str = settings.env(
        "CATALOGUE_TARGET", settings.parse_optional_address, default=""
    )
    """gRPC target of catalogue, for the audit chain: host:port; empty: it is not sealed."""
    benefits_routes: Mapping[str, Route] = settings.env(
        "BENEFITS_ROUTES", parse_routes, default=MappingProxyType({})
    )
    """Insured provinces' benefits, for the audit chain, as settlement has them."""
    chain_interval_s: float = settings.env("CHAIN_INTERVAL_S", settings.parse_seconds, default=1.0)
    """Time between two looks at what the audit chain seals."""
    chain_patrol_s: float = settings.env("CHAIN_PATROL_S", settings.parse_seconds, default=60.0)
    """Time between two stretches of the audit chain that are verified."""
    checkpoint_interval_s: float = settings.env(
        "CHECKPOINT_INTERVAL_S", settings.parse_seconds, default=60.0
    )
    """Time between two checkpoints of a chain that grows."""
    checkpoint_key_file: str = settings.env("CHECKPOINT_KEY_FILE", default="")
    """File of the private key that signs checkpoints; empty: none are signed."""
    checkpoint_keys_file: str = settings.env("CHECKPOINT_KEYS_FILE", default="")
    """File of the public keys that checkpoints are verified with; empty: the one in use alone."""
    ticket_interval_s: float = settings.env(
        "TICKET_INTERVAL_S", settings.parse_seconds, default=60.0
    )
    """Time between two looks for tickets that are overdue or quiet."""
