"""Goal: the data key of a whole mesh is changed while it settles, and no call fails.

Method: real processes that follow one key file; a window that settles, quotes and registers stays
all the time; afterwards every column that may be is sealed with the new key alone.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.cli.cases import case
from services.cli.keys.places import find_places
from services.cli.keys.rotating import Count, count, reseal_all, rotate
from services.cli.load import load, wait_until_settling
from services.cli.mesh import Mesh, mesh
from services.cli.province import Province, connected
from yijie.settlement.v1 import settlement_pb2

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Mesh]:
    """A mesh of this module alone."""
    folder = Path(tempfile.mkdtemp(prefix="yijie-e2e-"))
    try:
        async with mesh(folder) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def visits(province: Province, patient: settlement_pb2.Patient, stop: asyncio.Event) -> int:
    """Quotes, settles and takes back until told to stop; returns how often. Any refusal is one."""
    bill, done = case("outpatient"), 0
    while not stop.is_set():
        await province.presettle(bill, patient)
        settled = await province.settle(bill, patient, uuid4())
        await province.reverse(settled.settlement.settlement_id, uuid4())
        await province.settlements()
        done += 1
    return done


def _nothing(_name: str, _fields: int) -> None:
    """No bar."""


def _keys(counts: list[Count], *, kept: bool) -> set[int]:
    return {key_id for c in counts if c.column.kept is kept for key_id in c.by_key}


async def test_the_key_of_a_mesh_changes_while_it_settles(running: Mesh) -> None:
    async with connected(running.endpoints, str(running.trace_dir)) as province:
        loaded = await load(province)
        await wait_until_settling(province, loaded)
        patient = await province.register(case("outpatient"))
        places = find_places(running.data_dir, "")
        assert _keys(await count(places), kept=False) == {1}
        stop = asyncio.Event()
        window = asyncio.create_task(visits(province, patient, stop))
        key_id, looked_at = await rotate(places, algorithm="sm4", told=_nothing)
        assert (key_id, looked_at > 0) == (2, True)
        stop.set()
        assert await window > 0
        await reseal_all(places, told=_nothing)
        counts = await count(places)
        # The register is read by the new key alone; the journal keeps what it was written with.
        assert _keys(counts, kept=False) == {2}
        assert _keys(counts, kept=True) == {1, 2}
        await province.register(case("zhang"))
        assert len(await province.settlements()) > 0
