"""Goal: what an item may be is found by its name and specification, as people write them."""

from __future__ import annotations

import csv
from importlib import resources

import pytest

from services.catalogue.matching import Candidate, Index, plain_name, plain_specification


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿莫西林胶囊", "阿莫西林 胶囊"),
        ("ＣＴ平扫", "ct平扫"),
        ("头孢呋辛酯片（薄膜衣）", "头孢呋辛酯片(薄膜衣)"),
        ("维生素B1 注射液", "维生素b1注射液"),
    ],
)
def test_width_case_spaces_and_brackets_do_not_count(one, other):
    assert plain_name(one) == plain_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.25g*24片", "250mg×24片"),
        ("0.04g", "40 mg"),
        ("10ml:0.1g", "10ML：100mg"),
        ("500ug", "0.5mg"),
        ("500mcg", "500μg"),
        ("1L", "1000ml"),
    ],
)
def test_masses_and_volumes_are_in_one_unit(one, other):
    assert plain_specification(one) == plain_specification(other)


def test_what_is_no_measure_stays():
    assert plain_specification("24片") == "24片"
    assert plain_specification("3French") == "3french"
    assert plain_specification("0.5g") != plain_specification("0.5mg")


NAMES = [
    Candidate("A1", "阿莫西林胶囊", "0.25g*24粒"),
    Candidate("A2", "阿莫西林胶囊", "0.5g*12粒"),
    Candidate("A3", "阿莫西林颗粒", "0.125g*12袋"),
    Candidate("A4", "氨氯地平片", "5mg"),
    Candidate("A5", "头晕", ""),
    Candidate("A6", "床位费", ""),
]


def suggest(name, specification="", count=5):
    return [
        (found.candidate.code, found.score)
        for found in Index(NAMES).suggest(name=name, specification=specification, count=count)
    ]


def test_the_same_name_and_specification_is_certain():
    assert suggest("阿莫西林胶囊", "250mg×24粒")[0] == ("A1", 100)
    assert suggest("阿莫西林 胶囊", "500mg*12粒")[0] == ("A2", 100)


def test_without_a_specification_the_name_alone_counts_and_ties_are_by_code():
    assert suggest("阿莫西林胶囊")[:2] == [("A1", 100), ("A2", 100)]
    assert [code for code, _score in suggest("阿莫西林")] == ["A1", "A2", "A3"]


def test_a_shortened_name_is_found_and_an_unlike_one_is_not():
    assert suggest("苯磺酸氨氯地平片")[0][0] == "A4"
    assert suggest("头孢呋辛酯片") == []
    assert suggest("") == []
    assert suggest("阿莫西林胶囊", count=1) == [("A1", 100)]
    assert Index([]).suggest(name="床位费", specification="", count=5) == []


def test_every_drug_of_the_national_list_finds_itself():
    file = resources.files("services.catalogue").joinpath("reference/drugs.csv")
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    index = Index(Candidate(row["code"], row["generic_name"], "") for row in rows)
    for row in rows[::500]:
        found = index.suggest(name=row["generic_name"], specification="", count=1)
        assert plain_name(found[0].candidate.name) == plain_name(row["generic_name"])
        assert found[0].score == 100
