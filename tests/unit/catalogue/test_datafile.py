"""Goal: our data files cannot say something else than what a reader sees in them."""

from __future__ import annotations

import pytest

from services.catalogue.datafile import DataError, entries, load, mapping, text


def write(tmp_path, content: str):
    file = tmp_path / "x.yaml"
    file.write_text(content, encoding="utf-8")
    return file


def test_every_scalar_is_text(tmp_path):
    document = load(write(tmp_path, "{code: 001102, day: 2017-01-01, ratio: 0.10, yes: no}"))
    assert document == {"code": "001102", "day": "2017-01-01", "ratio": "0.10", "yes": "no"}


@pytest.mark.parametrize(
    "content", ["{a: 1, a: 2}", "items: [{b: {c: 1, c: 2}}]", "[1, 2]", "{a: ", "just text", ""]
)
def test_refuses_what_is_not_a_mapping_with_each_key_once(tmp_path, content):
    with pytest.raises(DataError):
        load(write(tmp_path, content))


def test_accessors_name_what_they_miss():
    node = {"a": "1", "b": {"c": "2"}, "d": [{"e": "3"}], "f": ["4"]}
    assert (text(node, "a"), text(node, "z", "9")) == ("1", "9")
    assert mapping(node, "b") == {"c": "2"}
    assert entries(node, "d") == ({"e": "3"},)
    for accessor, key in ((text, "b"), (text, "z"), (mapping, "a"), (entries, "b"), (entries, "f")):
        with pytest.raises(DataError, match=key):
            accessor(node, key)
