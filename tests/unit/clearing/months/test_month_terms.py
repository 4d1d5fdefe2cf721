"""Goal: terms that are unclear are refused, with their line and what would be right."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from services.clearing.months.terms import load_month_terms
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit.strict_yaml import Tree
from services.kit.terms_files import TermsRefused, Wrong, entry_on, load_terms

GOOD = (TERMS_FOLDER / "month.yaml").read_text(encoding="utf-8")

CHANGES: dict[str, tuple[str, str, str]] = {
    "a step is missing": (r"(?s)  sign:\n.*?(?=  notices:)", "", "exactly"),
    "payment before its own notices": (
        "notices_months_after: 1",
        "notices_months_after: 0",
        "1 to 12",
    ),
    "an unknown step": ("  sign:", "  seal:", "exactly"),
    "a day that no month has": ("day: 20", "day: 32", "1 to 31"),
    "a day as text": ("day: 20", 'day: "20"', "1 to 31"),
    "a fraction": ("day: 20", "day: 20.5", "1 to 31"),
    "months back": ("months_after: 1, day: 20", "months_after: -1, day: 20", "0 to 12"),
    "an unknown off day": ("off_day: next", "off_day: later", "keep, next, previous"),
    "a field too many": ("day: 20,", "day: 20, hour: 3,", "exactly"),
    "no date": ('from: "2017-01-01"', 'from: "2017-02-30"', "not a date"),
    "a date without quotes is text, too": ('from: "2017-01-01"', "from: 2017", "not a date"),
    "no basis": (r"basis: .*", 'basis: " "', "not text"),
    "sample is not said": ("sample: false", "sample: perhaps", "true nor false"),
    "a duplicate key": ("sample: false", "sample: false\n      sample: true", "duplicate"),
    "an empty history": (r"  year:\n(.*\n){4}", "  year: []\n", "no list"),
    "not YAML": ("terms:", "terms: [", "YAML"),
    "nothing": (r"(?s).*", "", "other fields"),
}


def load(tmp_path: Path, text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "month.yaml").write_bytes(content)
    load_month_terms(tmp_path)


@pytest.mark.parametrize("what", CHANGES)
def test_unclear_terms_are_refused(tmp_path: Path, what: str) -> None:
    pattern, replacement, told = CHANGES[what]
    changed = re.sub(pattern, lambda _: replacement, GOOD, count=1)
    assert changed != GOOD
    with pytest.raises(TermsRefused, match=rf"month\.yaml:\d+: .*{told}"):
        load(tmp_path, changed)


def test_what_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    with pytest.raises(TermsRefused, match="UTF-8"):
        load(tmp_path, GOOD.encode("gbk"))
    with pytest.raises(TermsRefused, match="too large"):
        load(tmp_path, GOOD + "#" * 300_000)


def test_a_value_holds_from_its_day(tmp_path: Path) -> None:
    (tmp_path / "area.yaml").write_text(
        "name: x\nterms:\n  one:\n"
        '    - {from: "2020-01-01", value: 1, basis: a, sample: true}\n'
        '    - {from: "2026-01-01", value: 2, basis: b, sample: false}\n',
        encoding="utf-8",
    )

    def read(tree: Tree) -> int:
        if not isinstance(tree, int):
            raise Wrong("write a number")
        return tree

    [history] = load_terms("area", {"one": read}, tmp_path).values()
    assert entry_on(history, date(2025, 12, 31)).value == 1
    assert entry_on(history, date(2026, 1, 1)).value == 2
    # Nothing older is known.
    assert entry_on(history, date(2000, 1, 1)).value == 1
    text = (tmp_path / "area.yaml").read_text(encoding="utf-8")
    (tmp_path / "area.yaml").write_text(text.replace("2026-01-01", "2020-01-01"), encoding="utf-8")
    with pytest.raises(TermsRefused, match="order entries"):
        load_terms("area", {"one": read}, tmp_path)
