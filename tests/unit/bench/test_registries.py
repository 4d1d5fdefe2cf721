"""Goal: people are drawn evenly from a whole file, and only those who can be asked about."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import Console

from services.bench import registries
from services.bench.registries import Asked, Loaded, Result
from services.bench.usage import Usage
from services.cli.loading.run import Outcome
from services.cli.progress import Progress
from services.cli.sample.province import Sizes, write


@pytest.fixture(scope="module")
def persons(tmp_path_factory):
    folder = tmp_path_factory.mktemp("province")
    sizes = Sizes(persons=4000, items=0, institutions=5)
    quiet = Progress(io.StringIO())
    write(folder, sizes, seed=1, region="640000", day=date(2026, 11, 22), progress=quiet)
    return folder / "persons.csv"


def test_people_are_drawn_from_the_whole_file(persons):
    found = registries._drawn(persons, 400)
    assert len({member.card_number for member in found}) == 400
    places = sorted(int(member.card_number[1:]) for member in found)
    assert places[40] < 1000
    assert places[-40] > 3000
    everybody = registries._drawn(persons, 10_000)
    assert 3000 < len(everybody) < 4000
    lines = persons.read_text(encoding="utf-8").splitlines()
    usable = [line for line in lines if ",active," in line and ",2," not in line[40:60]]
    assert len(everybody) <= len(usable)


def test_what_came_of_it_is_shown_and_kept():
    asked = Asked([0.001 * n for n in range(1, 101)])
    floor = Asked([0.0005] * 100)
    result = Result(rate=200, seconds=1, people=7, verify=asked, match=asked, floor=floor)
    assert result.holds
    assert round(result.ratio) == 198
    out = Console(file=io.StringIO(), width=150)
    registries.show(result, out)
    assert "99.00" in out.file.getvalue()
    assert "aim p99 ≤ 5 ms at 200/s: missed" in out.file.getvalue()
    document = registries.document(result)
    assert document["calls"]["VerifyCredential"]["p50_ms"] == 50
    asked.errors["CREDENTIAL_UNKNOWN"] = 1
    assert not result.holds

    outcome = Outcome(elapsed_s=2.0)
    outcome.tally.rows = 5000
    loaded = Loaded(outcome, Usage({"identity": 1.0, "postgres": 0.5}))
    registries.show_loaded(loaded, out)
    assert "2,500 rows/s" in out.file.getvalue()
    assert "≥ 2,000 rows/s: reached" in out.file.getvalue()
    assert registries.document_loaded(loaded)["rows_per_s"] == 2500
