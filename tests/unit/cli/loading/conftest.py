"""A hub in this process with a client, and small batches."""

from __future__ import annotations

import pytest

from services.cli.loading import calls, person_stream
from services.cli.loading.catalogue import Catalogue
from services.cli.loading.command import Options
from services.cli.loading.filings import Filings
from services.cli.loading.persons import Persons
from tests.unit.cli.loading.hub import Hub, serving


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
async def province(hub):
    async with serving(hub) as client:
        yield client


@pytest.fixture
def options(tmp_path):
    return Options(data_dir=tmp_path / "mesh")


@pytest.fixture
def small(monkeypatch):
    """Batches of three, streams of four batches, and little patience."""
    monkeypatch.setattr(Persons, "batch_entries", 3)
    monkeypatch.setattr(Filings, "batch_entries", 3)
    monkeypatch.setattr(Catalogue, "batch_entries", 3)
    monkeypatch.setattr(person_stream, "SEGMENT_BATCHES", 4)
    monkeypatch.setattr(calls, "_WAIT_S", 0.01)
    monkeypatch.setattr(calls, "PATIENCE_S", 0.5)
