"""Goal: the zones file says one thing or is refused, with place and remedy."""

from __future__ import annotations

from datetime import date

import pytest

from services.catalogue.datafile import DataError
from services.catalogue.domain.zones import recognising_zone
from services.catalogue.zones import read_zones, shipped_zones

GOOD = """zones:
  - zone_id: delta
    name_zh: 长三角
    province_codes: ["310000", "320000"]
    list_type_codes: ["101"]
    begin_date: "2026-01-01"
    end_date: "2026-12-31"
    applied: true
    sample: false
    basis: 某文件〔2026〕1号
"""
SECOND = GOOD.removeprefix("zones:\n").replace("delta", "other")


def test_shipped_zones_are_samples_that_change_no_amount():
    assert [(zone.zone_id, zone.name_zh) for zone in shipped_zones()] == [
        ("beijing-tianjin-hebei", "京津冀"),
        ("sichuan-chongqing", "川渝"),
        ("yangtze-delta", "长三角"),
    ]
    assert all(zone.sample and not zone.applied for zone in shipped_zones())


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("zones:\n", "zone:\n", 1, "one key, zones"),
        ("    sample: false\n", "", 2, "exactly these keys"),
        ("    basis:", "    base:", 2, "exactly these keys"),
        ("delta", "Delta", 2, "3 to 40"),
        ("长三角", '""', 3, "a text"),
        ('"320000"', '"330100"', 4, "known codes"),
        ('"320000"', "320000", 4, "known codes"),
        (', "320000"', "", 4, "at least 2"),
        ('"320000"', '"310000"', 4, "each once"),
        ('["101"]', '["401"]', 5, "known codes"),
        ('["101"]', "[]", 5, "at least 1"),
        ('"2026-01-01"', '"2026-13-01"', 6, "a date in quotes"),
        ('"2026-01-01"', "null", 6, "a date in quotes"),
        ('"2026-12-31"', '"2025-12-31"', 7, "before begin_date"),
        ('"2026-12-31"', "soon", 7, "or null"),
        ("applied: true", "applied: yes", 8, "true or false"),
        ("sample: false", "sample: true", 8, "moves no money"),
        ("    basis:", "    zone_id: again\n    basis:", 10, "duplicate key"),
        ("zones:\n", "zones: [\n", 2, "YAML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_what_would_be_right(old, new, line, words):
    with pytest.raises(DataError) as caught:
        read_zones(GOOD.replace(old, new))
    assert f"zones.yaml:{line}:" in str(caught.value)
    assert words in str(caught.value)


def test_ids_differ_and_applied_zones_do_not_contradict_each_other():
    with pytest.raises(DataError, match="another zone has it"):
        read_zones(GOOD + GOOD.removeprefix("zones:\n"))
    with pytest.raises(DataError, match="both applied"):
        read_zones(GOOD + SECOND)
    later = SECOND.replace("2026-12-31", "2027-12-31").replace("2026-01-01", "2027-01-01")
    assert len(read_zones(GOOD + later)) == 2
    assert len(read_zones(GOOD + SECOND.replace("applied: true", "applied: false"))) == 2


def test_a_zone_recognises_its_members_lists_on_its_days():
    zones = read_zones(GOOD)

    def zone(one="310000", other="320000", list_type="101", day=date(2026, 6, 1)):
        return recognising_zone(zones, one=one, other=other, list_type_code=list_type, on_date=day)

    assert zone() == zone(one="320000", other="310000") == "delta"
    assert zone(day=date(2026, 12, 31)) == "delta"
    assert zone(day=date(2027, 1, 1)) == zone(day=date(2025, 12, 31)) == ""
    assert zone(other="330000") == zone(list_type="201") == ""
