"""Goal: every process of the mesh is replaced under load, and no caller notices.

Method: the short form of `yijie drill restart`: real processes, found by name.
"""

from __future__ import annotations

import pytest

from services.cli.progress import Progress
from services.cli.topology import SERVICES
from services.proving.drills import find

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(280)]


async def test_a_rolling_restart_fails_no_call():
    verdict = await find("restart")(short=True, data_dir=None, progress=Progress())
    assert verdict.ok, verdict
    assert any(check.found == str(len(SERVICES)) for check in verdict.checks)
