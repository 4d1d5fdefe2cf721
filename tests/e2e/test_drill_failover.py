"""Goal: a primary that is killed under load takes nothing acknowledged with it.

The drill in its short form: the mesh, a pair of servers, one SIGKILL, the auditor.
"""

from __future__ import annotations

import io

import pytest

from services.cli.progress import Progress
from services.proving.drills import find

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(280)]


async def test_the_failover_drill_holds():
    verdict = await find("failover")(short=True, data_dir=None, progress=Progress(io.StringIO()))
    assert verdict.ok, verdict
