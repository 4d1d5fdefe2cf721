"""Goal: the terms of disputes say where each number comes from, and nothing unclear is loaded."""

from __future__ import annotations

from datetime import date

import pytest

from services.clearing.disputes.terms import load_dispute_terms
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit.terms_files import TermsRefused

TEXT = (TERMS_FOLDER / "dispute.yaml").read_text(encoding="utf-8")
TODAY = date(2026, 3, 31)


def test_the_threshold_has_a_source_and_what_has_none_is_marked():
    book = load_dispute_terms()
    terms = book.of(TODAY)
    assert terms.inquiry_threshold_fen == 3_000_000
    threshold = book.entry("inquiry_threshold_yuan", TODAY)
    assert not threshold.sample
    assert "医保发〔2022〕22号" in threshold.basis
    assert book.entry("appeal_working_days", TODAY).sample
    assert book.entry("inquiry_answer_days", TODAY).sample
    # Before the first day the first entry holds.
    assert book.of(date(2020, 1, 1)) == terms


def test_a_later_entry_holds_from_its_day(tmp_path):
    later = '    - from: "2026-07-01"\n      value: 5\n      basis: 新规\n      sample: false\n'
    (tmp_path / "dispute.yaml").write_text(TEXT + later, encoding="utf-8")
    book = load_dispute_terms(tmp_path)
    assert book.of(date(2026, 6, 30)).appeal_working_days == 10
    assert book.of(date(2026, 7, 1)).appeal_working_days == 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: 30000", "value: 30000.5"),
        ("value: 30000", 'value: "30000"'),
        ("value: 60", "value: 0"),
        ("value: 60", "value: true"),
        ("sample: false", "sample: maybe"),
        ("  appeal_working_days:", "  appeal_days:"),
        ("basis: 未见全国统一规定，数值为示例", 'basis: ""'),
    ],
)
def test_what_is_unclear_is_refused_with_its_line(tmp_path, old, new):
    assert old in TEXT
    (tmp_path / "dispute.yaml").write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TermsRefused, match=r"dispute\.yaml:[0-9]+: terms"):
        load_dispute_terms(tmp_path)
