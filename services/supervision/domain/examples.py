"""Runs the worked examples of a rule set: a rule finds what its examples say, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.supervision.domain.engine import judge
from services.supervision.domain.model import History, Moment
from services.supervision.domain.rule import Reach

if TYPE_CHECKING:
    from services.supervision.domain.model import Finding
    from services.supervision.domain.rule import Example, Expected, Rule
    from services.supervision.domain.ruleset import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one example."""

    rule: Rule
    example: Example
    found: tuple[Finding, ...]
    """By this rule; what others find on the bill is their affair."""
    holds: bool


def run_examples(ruleset: RuleSet) -> tuple[Outcome, ...]:
    """Returns the outcomes of all examples, by rule code, in the order of the file."""
    return tuple(
        _run(rule, example, ruleset) for rule in ruleset.rules for example in rule.examples
    )


def failures(ruleset: RuleSet) -> tuple[Outcome, ...]:
    """Returns the examples that do not come out as written."""
    return tuple(one for one in run_examples(ruleset) if not one.holds)


def _run(rule: Rule, example: Example, ruleset: RuleSet) -> Outcome:
    history = example.history
    if history is None and rule.reach is Reach.PERSON:
        history = History()
    moment = Moment.AUDIT if Moment.AUDIT in rule.moments else min(rule.moments, key=_name)
    found = tuple(
        one
        for one in judge(example.bill, ruleset, moment=moment, history=history)
        if one.rule_code == rule.code
    )
    left = list(found)
    for expected in example.expected:
        fitting = next((one for one in left if _fits(expected, one)), None)
        if fitting is None:
            return Outcome(rule=rule, example=example, found=found, holds=False)
        left.remove(fitting)
    return Outcome(rule=rule, example=example, found=found, holds=not left)


def _fits(expected: Expected, found: Finding) -> bool:
    return (
        expected.result_class is found.result_class
        and expected.line_ids == found.line_ids
        and expected.amount_fen in {None, found.amount_fen}
    )


def _name(moment: Moment) -> str:
    return moment.value
