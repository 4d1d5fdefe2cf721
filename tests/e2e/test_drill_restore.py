"""Goal: a server that is lost is brought back as of a moment, with all acknowledged before it.

The drill in its short form: copy and log under load, the folder removed, the moment restored.
"""

from __future__ import annotations

import io

import pytest

from services.cli.progress import Progress
from services.proving.drills import find

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(280)]


async def test_the_restore_drill_holds():
    verdict = await find("restore")(short=True, data_dir=None, progress=Progress(io.StringIO()))
    assert verdict.ok, verdict
