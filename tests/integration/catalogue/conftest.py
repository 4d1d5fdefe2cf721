"""Fixtures of the catalogue on a database."""

from __future__ import annotations

import pytest


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn
