"""Configuration of signed messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.kit import config as settings


class Required(StrEnum):
    """Who must sign."""

    OFF = "off"
    """Nobody; signatures are not looked at."""
    KNOWN = "known"
    """Callers, known by their certificate, that have a key in use; who signs is verified."""
    ALL = "all"
    """Everybody."""


def _parse_required(text: str) -> Required:
    try:
        return Required(text)
    except ValueError:
        raise ValueError("must be off, known or all") from None


_OFF: Final = Required.OFF


@dataclass(frozen=True, slots=True)
class SigningConfig:
    """Where the keys are, and who must sign."""

    keys_file: str = settings.env("SIGNATURE_KEYS_FILE", default="")
    """Directory of public keys, YAML; empty: nobody's signature can be verified."""
    key_file: str = settings.env("SIGNATURE_KEY_FILE", default="")
    """Private key that answers are signed with; empty: they are not."""
    required: Required = settings.env("SIGNATURES_REQUIRED", _parse_required, default=_OFF)
    """Who must sign: off, known, all."""
