"""The whole mesh as real processes, started once for the tests of this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli.load import load, wait_until_settling
from services.cli.mesh import Mesh, mesh
from services.cli.province import Province, connected


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Mesh]:
    """A mesh of this module alone: the tests in it stop and kill services."""
    # Not pytest's own folder: the path of a Unix socket has about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="yijie-e2e-"))
    settings = {"YIJIE_RECOVERY_AFTER_S": "1.0", "YIJIE_RECOVERY_INTERVAL_S": "0.2"}
    try:
        async with mesh(folder, settings=settings) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
async def province(running: Mesh) -> AsyncIterator[Province]:
    """A province's client, with the demo's people, institutions and catalogues loaded."""
    async with connected(running.endpoints, str(running.trace_dir)) as client:
        loaded = await load(client)
        await wait_until_settling(client, loaded)
        yield client
