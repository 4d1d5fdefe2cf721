"""Goal: authority and certificates of a whole mesh are exchanged under load without a failed call.

Method: the drill that `yijie drill rotation` carries out, in its short form.
"""

from __future__ import annotations

import io

import pytest

from services.cli.progress import Progress
from services.proving.drills import find

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(240)]


async def test_a_rotation_fails_no_call():
    verdict = await find("rotation")(short=True, data_dir=None, progress=Progress(io.StringIO()))
    assert verdict.ok, verdict
