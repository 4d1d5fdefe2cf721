"""Goal: at three times its load the mesh goes on with what it can carry, and recovers.

Method: the short form of `yijie drill overload`. Ratios within one run: a busy machine slows all
legs. Without the limits of admission what is left of the peak is a tenth.
"""

from __future__ import annotations

import pytest

from services.cli.progress import Progress
from services.proving.drills import find

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(280)]


async def test_an_overload_leaves_most_of_the_peak():
    verdict = await find("overload")(short=True, data_dir=None, progress=Progress())
    assert verdict.ok, verdict
