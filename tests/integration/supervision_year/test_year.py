"""Goal: a small labelled year through the real supervision and clearing agrees with its labels, the
reckoning to the fen, the counted rates, and with a second audit of the same feed."""

from __future__ import annotations

import pytest
from rich.console import Console

from services.cli.progress import Progress
from services.proving.supervision_year import telling
from services.proving.supervision_year.command import Options, run_year
from services.proving.supervision_year.kinds import HARD, MINED, Kind

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


async def test_a_small_year(postgres_dsn, tmp_path):
    # Five in a hundred, so that there are enough of each kind in few bills.
    options = Options(bills=1800, seed=11, per_mille=30, folder=tmp_path, is_repeated=True)
    outcome = await run_year(options, postgres_dsn, Progress())
    scene, review = outcome.scene, outcome.review
    assert scene.differences == []

    measured = scene.measured
    assert set(measured.injected) == set(Kind)
    found, injected = measured.hard_recall
    assert injected >= 4 * len(HARD)
    assert found * 100 >= injected * 95
    assert measured.hit[Kind.SHARED_PHONE] == measured.injected[Kind.SHARED_PHONE]
    assert MINED.isdisjoint(HARD)

    assert review.states["UPHELD"] > injected // 2
    assert review.booked_fen == review.reckoned_fen > 0
    assert outcome.repeated_digest == outcome.digest
    assert [path.suffix for path in outcome.bulletin] == [".html", ".pdf"]
    assert outcome.trail is not None
    assert outcome.trail.deduction.amount.fen > 0

    out = Console(record=True, width=150, file=None, quiet=False, highlight=False)
    with out.capture() as capture:
        telling.show(outcome, out)
    text = capture.get()
    assert "全部相符 everything agrees" in text
    assert "参保省少付" in text
