"""Screens one bill against a rule set: pure, by index, in the order of the bill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.kit import codes
from services.supervision.domain.limits import Circumstances, Inclusion, Limit, Window
from services.supervision.domain.model import Bill, Finding, Line, ResultClass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All rules in force, found by item code; immutable, shared by every call."""

    version: str
    """Content hash of the rule files."""
    limits: Mapping[str, tuple[Limit, ...]]
    """National item code → what limits it."""
    inclusions: Mapping[str, Mapping[str, Inclusion]]
    """Main item → the items it includes."""
    names: Mapping[str, str]
    """National item code → published name."""


def screen(bill: Bill, ruleset: RuleSet) -> tuple[Finding, ...]:
    """Returns what the rules find, by rule code, then by the first line at fault.

    One finding per rule, item and class, over all lines at fault; for a duplicate charge one per
    pair of items. Cost follows the number of distinct items on the bill, not the number of rules.
    """
    by_code: dict[str, list[Line]] = {}
    for line in bill.lines:
        by_code.setdefault(codes.national_item_code(line.item_code), []).append(line)
    at = Circumstances.of(bill)
    found = [*_beyond_limits(by_code, at, ruleset), *_charged_twice(by_code, ruleset)]
    if len(found) > 1:
        position = {line.line_id: number for number, line in enumerate(bill.lines)}
        found.sort(key=lambda one: (one.rule_code, position[one.line_ids[0]], one.message_en))
    return tuple(found)


def _beyond_limits(
    by_code: Mapping[str, list[Line]], at: Circumstances, ruleset: RuleSet
) -> Iterator[Finding]:
    for code, lines in by_code.items():
        for limit in ruleset.limits.get(code, ()):
            at_fault: dict[ResultClass, list[Line]] = {}
            for line in lines:
                result = limit.judge(at, line.fee_date)
                if result is not None:
                    at_fault.setdefault(result, []).append(line)
            for result, of_class in at_fault.items():
                yield _limit_finding(limit, result, code, of_class, ruleset)


def _limit_finding(
    limit: Limit, result: ResultClass, code: str, lines: list[Line], ruleset: RuleSet
) -> Finding:
    # The text names the limit and never the patient's own sex or age.
    verify = result is ResultClass.TO_VERIFY
    return Finding(
        rule_code=limit.rule.code,
        result_class=result,
        line_ids=tuple(line.line_id for line in lines),
        amount_fen=sum(line.amount_fen for line in lines),
        message_zh=f"{limit.rule.name_zh}：{ruleset.names[code]}（{code}）{limit.text_zh}"
        + ("，需核实" if verify else ""),
        message_en=f"{limit.rule.name_en}: {code} is {limit.text_en}"
        + ("; to be verified" if verify else ""),
        rule_version=ruleset.version,
    )


def _charged_twice(by_code: Mapping[str, list[Line]], ruleset: RuleSet) -> Iterator[Finding]:
    for main, main_lines in by_code.items():
        included = ruleset.inclusions.get(main)
        if included is None:
            continue
        # Only pairs of which both sides are on the bill.
        for code in [c for c in by_code if c in included]:
            inclusion = included[code]
            at_fault = _clash(inclusion.window, main_lines, by_code[code])
            if at_fault:
                yield _duplicate_finding(inclusion, (main, code), at_fault, ruleset)


def _clash(window: Window, main_lines: list[Line], lines: list[Line]) -> list[Line]:
    # Returns the lines of the included item that fall into one window with the main item.
    if window is Window.VISIT:
        return lines
    main_days: set[date] = {line.fee_date for line in main_lines}
    return [line for line in lines if line.fee_date in main_days]


def _duplicate_finding(
    inclusion: Inclusion, pair: tuple[str, str], lines: list[Line], ruleset: RuleSet
) -> Finding:
    main, code = pair
    rule = inclusion.rule
    return Finding(
        rule_code=rule.code,
        result_class=inclusion.result_class,
        line_ids=tuple(line.line_id for line in lines),
        amount_fen=sum(line.amount_fen for line in lines),
        message_zh=(
            f"{rule.name_zh}：{ruleset.names[main]}（{main}）已包含"
            f"{ruleset.names[code]}（{code}），{inclusion.text_zh}不得另行收费"
        ),
        message_en=(
            f"{rule.name_en}: {main} already includes {code}, which may not be charged beside it "
            f"{inclusion.text_en}"
        ),
        rule_version=ruleset.version,
    )
