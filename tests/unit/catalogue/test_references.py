"""Goal: the national lists are whole, by code, and found by prefix and name."""

from __future__ import annotations

import pytest

from services.catalogue import references
from services.catalogue.references import find_references


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (references.DRUG, 13_738),
        (references.SERVICE_ITEM, 2333),
        (references.CONSUMABLE_CLASS, 185),
        (references.DIAGNOSIS, 33_304),
        (references.OPERATION, 13_686),
    ],
)
def test_a_list_is_whole_and_by_code(kind, count):
    known = references.references(kind)
    codes = [reference.code for reference in known]
    assert len(known) == count
    assert codes == sorted(set(codes))
    assert all(reference.name for reference in known)


def test_the_pages_of_a_search_make_the_whole():
    whole = find_references(
        references.DIAGNOSIS, code_prefix="I1", name_contains="高血压", after="", limit=10_000
    )
    paged, after = [], ""
    while page := find_references(
        references.DIAGNOSIS, code_prefix="I1", name_contains="高血压", after=after, limit=7
    ):
        paged.extend(page)
        after = page[-1].code
    assert paged == whole
    assert len(whole) > 7
    assert all(found.code.startswith("I1") and "高血压" in found.name for found in whole)


def test_a_search_finds_whatever_the_case_and_nothing_beyond_the_end():
    kind = references.SERVICE_ITEM
    upper = find_references(kind, code_prefix="", name_contains="CT", after="", limit=5)
    assert upper == find_references(kind, code_prefix="", name_contains="ct", after="", limit=5)
    assert find_references(kind, code_prefix="~", name_contains="", after="", limit=5) == []
    assert find_references(kind, code_prefix="", name_contains="", after="~", limit=5) == []
    # A token may name a place before the prefix.
    found = find_references(kind, code_prefix="0011", name_contains="", after="0", limit=1)
    assert found[0].code.startswith("0011")


def test_chronic_diseases_are_those_of_the_kit():
    found = find_references(
        references.CHRONIC_DISEASE, code_prefix="M039", name_contains="", after="", limit=9
    )
    assert [reference.code for reference in found] == ["M03900", "M03902"]
