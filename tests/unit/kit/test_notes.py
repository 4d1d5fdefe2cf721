"""Goal: no note names a person by a number, and nobody checks what they made."""

from __future__ import annotations

import pytest

from services.kit.errors import InvalidArgument, RuleForbids
from services.kit.notes import read_note, read_two_people, refuse_long_number


def test_a_note_is_trimmed_and_may_name_our_keys():
    text = "核对 0190aaaa-0000-7000-8000-000000000001，H11010500001，第12345678号"
    assert read_note(f"  {text}\n") == text
    assert read_note(" ", optional=True) == ""


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-15至2026-04-15，见BK-20260519-0001",
        "QS2026000001 应付1234567.89元，已付 1234567.00 元",
        "第3行 2026-03-16 13:00:00",
        "扣款1500 2000 3000 4000元",
    ],
)
def test_dates_amounts_and_numbers_of_ours_may_stand_there(text):
    assert read_note(text) == text


@pytest.mark.parametrize("note", ["", "  ", "\u3000"])
def test_a_blank_note_is_refused(note):
    with pytest.raises(InvalidArgument, match="blank"):
        read_note(note)


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "电话１３８００１３８０００",
        "11010519491231002X",
        "x-6222020000000000000",
        "请拨138 0013 8000",
        "138-0013-8000",
        "138\u200b0013\u200b8000",
        "110105 19491231 002x",
        "110105-1949-1231-0021",
        "٠١٣٨٠٠١٣٨٠٠٠",
        "138.0013.8000",
        "138·0013·8000",
        "138—0013—8000",
        "138  0013  8000",
        "110105_1949_1231_0021",
    ],
)
def test_a_long_number_is_refused_wherever_it_stands(text):
    with pytest.raises(InvalidArgument, match="may be a person's") as refused:
        read_note(text, "question")
    assert refused.value.violations[0].field == "question"
    assert text not in str(refused.value)
    with pytest.raises(InvalidArgument):
        refuse_long_number(text, "maker_id")


def test_two_people_are_two():
    assert read_two_people("zhang.1", "li-2") == ("zhang.1", "li-2")
    for maker, checker in (("a1", "a1"), ("Zhang", "zhang")):
        with pytest.raises(RuleForbids) as refused:
            read_two_people(maker, checker)
        assert refused.value.reason == "MAKER_IS_CHECKER"
    with pytest.raises(InvalidArgument):
        read_two_people("13800138000", "li")
