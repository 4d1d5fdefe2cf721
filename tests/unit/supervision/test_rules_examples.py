"""The shipped rules: complete, sourced, and each does what its worked examples say."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace

import pytest

from services.supervision.domain.examples import Outcome, failures, run_examples
from services.supervision.domain.model import Effect, Moment, ResultClass
from services.supervision.domain.rule import Family, Reach, WhenUnscreened
from services.supervision.domain.ruleset import RuleSet
from services.supervision.rules_kinds import KINDS
from services.supervision.rules_loader import RULES_DIR
from tests.unit.supervision.judging import rules

OUTCOMES = run_examples(rules())
PUBLISHED = {
    "drug_age": 4398,
    "drug_course": 1147,
    "drug_insurance": 112,
    "drug_level": 962,
    "drug_setting": 736,
    "drug_sex": 6472,
    "item_age": 31,
    "item_course": 11,
    "item_cycle": 14,
    "item_duplicate": 900,
    "item_frequency": 67,
    "item_main_secondary": 378,
    "item_sex": 390,
}


@pytest.mark.parametrize(
    "outcome", OUTCOMES, ids=[f"{one.rule.code}-{one.example.name}" for one in OUTCOMES]
)
def test_a_worked_example_comes_out_as_written(outcome: Outcome) -> None:
    assert outcome.holds, [one.message_zh for one in outcome.found]


def test_every_rule_that_judges_has_a_hit_and_a_non_hit() -> None:
    for rule in rules().rules:
        if rule.reach is not Reach.PEERS:
            assert {bool(one.expected) for one in rule.examples} == {True, False}, rule.code


def test_there_are_more_than_35_kinds_in_three_families_and_classes() -> None:
    kinds = {rule.kind for rule in rules().rules}
    assert kinds == set(KINDS)
    assert len(kinds) >= 35
    assert {rule.family for rule in rules().rules} == set(Family)
    assert {rule.result_class for rule in rules().rules} == set(ResultClass)
    assert {rule.reach for rule in rules().rules} == set(Reach)


def test_every_published_row_is_a_knowledge_point() -> None:
    counts = {}
    for file in PUBLISHED:
        with (RULES_DIR / f"{file}.csv").open(encoding="utf-8", newline="") as opened:
            counts[file] = sum(1 for _ in csv.DictReader(opened))
    assert counts == PUBLISHED
    assert sum(n for file, n in counts.items() if file.startswith("drug_")) == 13_827
    assert sum(n for file, n in counts.items() if file.startswith("item_")) == 1_791
    points = Counter({rule.code: rule.point_count for rule in rules().rules})
    assert points["DRUG_SCHEME"] == PUBLISHED["drug_insurance"]
    assert points["DUPLICATE_CHARGE"] == PUBLISHED["item_duplicate"]
    for file in set(PUBLISHED) - {"drug_insurance", "item_duplicate"}:
        assert points[file.upper()] == PUBLISHED[file]


def test_what_goes_back_to_no_document_is_marked_and_the_rest_has_one() -> None:
    for rule in rules().rules:
        assert rule.source, rule.code
        if rule.source_batches:
            assert not rule.sample, rule.code
        if not rule.sample:
            documented = ("《", "两库", "ICD-10")
            assert any(mark in rule.source for mark in documented), rule.code
        if "示例" in rule.source:
            assert rule.sample, rule.code


def test_few_rules_block_and_those_fail_open() -> None:
    blocking = {rule.code for rule in rules().blocking}
    assert blocking == {"IDENTITY_BIRTH", "OVERLAPPING_STAY", "DUPLICATE_INVOICE"}
    for rule in rules().blocking:
        assert rule.result_class is ResultClass.VIOLATION
        assert rule.when_unscreened is WhenUnscreened.SETTLE
        assert Moment.SCREENING in rule.moments


def test_mining_finds_its_parameters() -> None:
    peers = {rule.code: rule for rule in rules().peers}
    assert set(peers) == {
        "SHARED_PHONE",
        "CLUSTERED_VISITS",
        "PRICE_OUTLIER",
        "COST_OUTLIER",
        "FREQUENCY_OUTLIER",
    }
    assert all(rule.moments == {Moment.AUDIT} for rule in peers.values())
    assert peers["SHARED_PHONE"].parameters["persons_min"] == "3"
    assert peers["COST_OUTLIER"].parameters["ratio_min"] == "3"


def test_an_example_that_does_not_come_out_is_a_failure() -> None:
    shipped = rules()
    rule = shipped.rule("DIAGNOSIS_MISSING")
    assert rule is not None
    hit, clean = rule.examples
    swapped = replace(rule, examples=(replace(hit, expected=()), replace(clean, expected=())))
    wrong = replace(
        shipped,
        rules=tuple(swapped if one is rule else one for one in shipped.rules),
    )
    assert [one.example.name for one in failures(wrong)] == [hit.name]
    lacking = replace(rule, examples=(replace(clean, expected=hit.expected),))
    wrong = replace(wrong, rules=tuple(lacking if o is swapped else o for o in wrong.rules))
    assert [one.example.name for one in failures(wrong)] == [clean.name]


def test_the_examples_of_a_pack_run_in_no_time() -> None:
    assert isinstance(rules(), RuleSet)
    assert not failures(rules())
    assert rules().history_days_max <= 400
    assert {rule.effect for rule in rules().rules} == set(Effect)
