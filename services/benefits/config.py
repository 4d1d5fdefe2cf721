"""Configuration of the benefits process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.benefits.policies import PACKS_FOLDER
from services.kit import config as settings
from services.kit.codes import is_area_code
from services.kit.crypto import KeyRing, parse_key_text, parse_keyring_text
from services.kit.db import DatabaseConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig


def _parse_regions(text: str) -> frozenset[str]:
    regions = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not all(is_area_code(region) for region in regions):
        msg = "must be six-digit area codes with commas between"
        raise ValueError(msg)
    return regions


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the benefits service, read by `services.kit.config.load(Config)`."""

    server: ServerConfig = settings.nested(ServerConfig)
    """Where it listens."""
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    """Its database."""
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    """Where spans and metrics go."""
    data_key: KeyRing = settings.env("DATA_KEY", parse_keyring_text, secret=True)
    """Key that encrypts answers and entitlements at rest; see services.kit.crypto.parse_keyring."""
    index_key: bytes = settings.env("INDEX_KEY", parse_key_text, secret=True)
    """Key of the indexes of entitlements and diseases, and of request fingerprints."""
    policy_folder: Path = settings.env("POLICY_FOLDER", Path, default=PACKS_FOLDER)
    """Folder of the policy packs, one folder per insured region."""
    policy_regions: frozenset[str] = settings.env(
        "POLICY_REGIONS", _parse_regions, default=frozenset()
    )
    """Insured regions that this release serves, with commas between; empty: every pack."""
    policy_poll_s: float = settings.env("POLICY_POLL_S", settings.parse_seconds, default=1.0)
    """How often to look for policies published through another process of this service."""
