"""Judges one bill by a rule set: pure, by index; same bill and history, same findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.supervision.domain.model import (
    Bill,
    Finding,
    History,
    Line,
    Moment,
    ResultClass,
    civil_day,
    total_fen_of,
)
from services.supervision.domain.rule import DatedBy, Reach, Rule
from services.supervision.domain.steps.base import Hit, View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.supervision.domain.ruleset import RuleSet


def judge(
    bill: Bill, ruleset: RuleSet, *, moment: Moment, history: History | None = None
) -> tuple[Finding, ...]:
    """Returns what the rules find, by rule code, then by the first line at fault.

    Cost follows the number of distinct items on the bill, not the number of knowledge points.

    Args:
        bill: one bill; its lines' ids are unique.
        ruleset: the rules.
        moment: rules that are not for this moment are not asked.
        history: the person's other standing bills, as far back as `ruleset.history_days_max`.
            Only what was settled before this bill counts, so that a finding about two bills stands
            on the later one, once. None: not known; rules with reach PERSON are not asked.
    """
    past = None if history is None else history.earlier(bill)
    view = View(bill, past, ruleset.names)
    asked = _Asked(view, moment)
    found = [_finding(rule, hit, view, ruleset) for rule, hit in _hits(view, ruleset, asked)]
    if len(found) > 1:
        position = {line.line_id: number for number, line in enumerate(bill.lines)}
        found.sort(
            key=lambda one: (
                one.rule_code,
                position[one.line_ids[0]] if one.line_ids else -1,
                one.message_en,
            )
        )
    return tuple(found)


class _Asked:
    """Which rules are asked about this bill: each rule is answered once."""

    def __init__(self, view: View, moment: Moment) -> None:
        self._view = view
        self.moment = moment
        self._known: dict[Rule, bool] = {}
        self._lines: dict[Rule, bool | None] = {}
        self._day = _day_of_settlement(view)
        days = [line.fee_date for line in view.bill.lines]
        self._first, self._last = min(days, default=view.end), max(days, default=view.end)

    def asks(self, rule: Rule) -> bool:
        known = self._known.get(rule)
        if known is None:
            known = self._known[rule] = self._asks(rule)
        return known

    def _asks(self, rule: Rule) -> bool:
        if self.moment not in rule.moments:
            return False
        if rule.reach is Reach.PERSON and self._view.history is None:
            return False
        return rule.is_about(self._view.bill)

    def is_in_force(self, rule: Rule) -> bool:
        """Tells whether a rule about the whole bill is in force."""
        on = self._view.end if rule.dated_by is DatedBy.FEE_DATE else self._day
        return rule.is_in_force(on)

    def among(self, rule: Rule, lines: list[Line]) -> list[Line]:
        """Returns the lines that a rule about items is asked about: those it is in force for."""
        if rule not in self._lines:
            self._lines[rule] = self._is_about_lines(rule)
        every = self._lines[rule]
        if every is None:
            return [line for line in lines if rule.is_in_force(line.fee_date)]
        return lines if every else []

    def _is_about_lines(self, rule: Rule) -> bool | None:
        """Tells whether a rule is asked about every line, or none; None: it depends on its day."""
        if not self.asks(rule):
            return False
        if rule.dated_by is DatedBy.SETTLE_DATE:
            return rule.is_in_force(self._day)
        # What is in force on the first and the last day is in force between them.
        return True if rule.is_in_force(self._first) and rule.is_in_force(self._last) else None


def _day_of_settlement(view: View) -> date:
    at = view.bill.settle_time
    if at is None:
        return view.end
    return civil_day(at)


def _hits(view: View, ruleset: RuleSet, asked: _Asked) -> Iterator[tuple[Rule, Hit]]:
    for code, lines in view.by_code.items():
        for check in ruleset.checks_of(code):
            rule = check.rule
            kept = asked.among(rule, lines)
            if kept:
                for hit in check.judge(view, code, kept):
                    yield rule, hit
    for bill_check in ruleset.bill_checks(asked.moment):
        rule = bill_check.rule
        if asked.asks(rule) and asked.is_in_force(rule):
            for hit in bill_check.judge(view):
                yield rule, hit


def _finding(rule: Rule, hit: Hit, view: View, ruleset: RuleSet) -> Finding:
    verify = "，需核实" if hit.result_class is ResultClass.TO_VERIFY else ""
    return Finding(
        rule_code=rule.code,
        result_class=hit.result_class,
        line_ids=tuple(line.line_id for line in hit.lines),
        amount_fen=(
            sum(line.amount_fen for line in hit.lines) if hit.lines else total_fen_of(view.bill)
        ),
        message_zh=f"{rule.name_zh}：{hit.text_zh}{verify}",
        message_en=f"{rule.name_en}: {hit.text_en}" + ("; to be verified" if verify else ""),
        rule_version=ruleset.version,
        severity=rule.severity,
        effect=rule.effect,
        source=rule.source,
        other_bill_keys=hit.others,
    )
