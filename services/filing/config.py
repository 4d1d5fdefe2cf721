"""What filing is told at start."""

from __future__ import annotations

from dataclasses import dataclass

from services.filing.domain.model import Terms
from services.kit import config as settings
from services.kit.db import DatabaseConfig
from services.kit.server import ServerConfig
from services.kit.telemetry import TelemetryConfig


def _temporary_months(text: str) -> int:
    return Terms(temporary_months=int(text)).temporary_months


def _change_lock_months(text: str) -> int:
    return Terms(change_lock_months=int(text)).change_lock_months


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of the filing service, read by `services.kit.config.load(Config)`."""

    server: ServerConfig = settings.nested(ServerConfig)
    """Where it listens."""
    database: DatabaseConfig = settings.nested(DatabaseConfig)
    """Its database."""
    telemetry: TelemetryConfig = settings.nested(TelemetryConfig)
    """Where spans and metrics go."""
    temporary_months: int = settings.env("TEMPORARY_MONTHS", _temporary_months, default=6)
    """Months that a referral or temporary filing is valid; at least 6."""
    change_lock_months: int = settings.env("CHANGE_LOCK_MONTHS", _change_lock_months, default=0)
    """Months in which a long-term filing may not be cancelled; 0 to 6."""

    @property
    def terms(self) -> Terms:
        """The terms of every insured region, until regions have their own."""
        return Terms(self.temporary_months, self.change_lock_months)
