"""Judges a bill inside the round trip, and a draft order before it, with the person's record."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.supervision import metrics
from services.supervision.domain.engine import judge
from services.supervision.domain.model import Bill, Effect, Finding, History, Moment, begin_of
from services.supervision.domain.rule import Reach, Rule
from services.supervision.domain.steps.visits import (
    Supply,
    SupplyOverlap,
    quantity_allowed,
    supply_left,
)
from services.supervision.screening.policy import applied, is_emergency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.supervision.domain.model import Line
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.domain.steps.base import ItemCheck
    from services.supervision.ruleset_source import RuleSetSource
    from services.supervision.screening.store import HistoryStore

HEAD_KINDS: Final = frozenset(
    {
        "duplicate_invoice",
        "impossible_travel",
        "outpatient_during_stay",
        "overlapping_stay",
        "visit_frequency",
    }
)
"""Kinds that look at what of an earlier bill stands in the clear, and at no line."""
_INVOICE_KIND: Final = "duplicate_invoice"
_DAY: Final = timedelta(days=1)
_EARLIEST: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What the rules say of a bill that is about to be settled."""

    findings: tuple[Finding, ...]
    """Each with what it does to this bill."""
    unjudged: tuple[str, ...]
    """Codes of the blocking rules that could not be judged."""
    ruleset_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What a doctor should know of a draft."""

    finding: Finding
    supply: Supply | None = None
    """What is left of the drug; None: not about that."""
    supplied_until: date | None = None
    """Last day for which it lasts; None as `supply`."""
    quantity_max: int | None = None
    """Whole units that may be dispensed at most; None: not about a quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """What the rules say of a draft."""

    reminders: tuple[Reminder, ...]
    record_read: bool
    """Whether the person's record could be read."""
    ruleset_version: str


class Screening:
    """Screens bills and drafts; writes nothing."""

    def __init__(
        self, rules: RuleSetSource, histories: HistoryStore, *, history_timeout_s: float
    ) -> None:
        """Waits so long for a person's record; after that only the bill itself is judged."""
        self._rules = rules
        self._histories = histories
        self._history_timeout_s = history_timeout_s
        self._made: _Prepared | None = None

    async def screen(self, bill: Bill) -> Screened:
        """Returns what the rules find, and which blocking ones nobody could ask."""
        asked = self._prepared().screening
        wanted = asked.looking_back(bill)
        history = await self._history(bill, wanted)
        started = time.perf_counter()
        found = judge(bill, asked.ruleset, moment=Moment.SCREENING, history=history)
        metrics.SCREEN_DURATION.observe(time.perf_counter() - started)
        unjudged: tuple[str, ...] = ()
        if history is None:
            unjudged = tuple(rule.code for rule in wanted if rule.effect is Effect.BLOCK)
        return Screened(
            findings=applied(found, bill, asked.ruleset) if is_emergency(bill) else found,
            unjudged=unjudged,
            ruleset_version=asked.ruleset.version,
        )

    async def remind(self, draft: Bill) -> Reminded:
        """Returns what the rules that speak before care find in a draft order."""
        asked = self._prepared().reminders
        wanted = asked.looking_back(draft)
        history = await self._history(draft, wanted)
        started = time.perf_counter()
        found = judge(draft, asked.ruleset, moment=Moment.REMINDER, history=history)
        lines = {line.line_id: line for line in draft.lines}
        reminders = tuple(
            _reminder(one, asked.ruleset, lines, history or History()) for one in found
        )
        metrics.REMINDER_DURATION.observe(time.perf_counter() - started)
        return Reminded(
            reminders=reminders,
            record_read=history is not None or not wanted,
            ruleset_version=asked.ruleset.version,
        )

    def _prepared(self) -> _Prepared:
        ruleset = self._rules.ruleset()
        if self._made is None or self._made.of is not ruleset:
            self._made = _Prepared(
                ruleset,
                _Asked(without_lines(ruleset), Moment.SCREENING),
                _Asked(ruleset, Moment.REMINDER),
            )
        return self._made

    async def _history(self, bill: Bill, wanted: Sequence[Rule]) -> History | None:
        if not wanted or bill.person_id is None:
            # Nobody would look at it; without a person nobody knows whose it is.
            return None
        # Nothing is on record from before: no bill may ask for days that the calendar has not.
        begin = max(begin_of(bill), _EARLIEST)
        since = begin - _DAY * max(rule.history_days for rule in wanted)
        # A bill that is begun tomorrow has no lines that anybody looks at.
        opened = [rule.history_days for rule in wanted if rule.kind not in HEAD_KINDS]
        lines_since = begin - _DAY * max(opened) if opened else begin.max
        try:
            async with asyncio.timeout(self._history_timeout_s):
                return await self._histories.history(
                    bill.person_id, since=since, lines_since=lines_since
                )
        except (DomainError, TimeoutError) as error:
            metrics.HISTORIES_MISSED.inc()
            get_logger().warning("history not read", exception=type(error).__name__)
            return None


@dataclass(frozen=True, slots=True)
class _Prepared:
    of: RuleSet
    """Made for this rule set, until another one is in force."""
    screening: _Asked
    reminders: _Asked


class _Asked:
    """The rules that are asked at one moment."""

    def __init__(self, ruleset: RuleSet, moment: Moment) -> None:
        self.ruleset = ruleset
        self._moment = moment
        self._of_bills = tuple(
            check.rule for check in ruleset.by_bill if self._looks_back(check.rule)
        )
        self._of_items = frozenset(
            check.rule
            for checks in (*ruleset.by_item.values(), *ruleset.by_prefix.values())
            for check in checks
            if self._looks_back(check.rule)
        )

    def looking_back(self, bill: Bill) -> Sequence[Rule]:
        """Returns the rules over several bills that would look at the record for this one.

        Of those about items only where the bill has one of their items.
        """
        rules = (*self._of_bills, *self._of_its_items(bill))
        return [
            rule
            for rule in rules
            if rule.is_about(bill) and (bill.invoice_key or rule.kind != _INVOICE_KIND)
        ]

    def _of_its_items(self, bill: Bill) -> list[Rule]:
        if not self._of_items:
            return []
        found = {
            check.rule
            for code in {codes.national_item_code(line.item_code) for line in bill.lines}
            for check in self.ruleset.checks_of(code)
        }
        return sorted(found & self._of_items, key=lambda rule: rule.code)

    def _looks_back(self, rule: Rule) -> bool:
        return rule.reach is Reach.PERSON and self._moment in rule.moments


def without_lines(ruleset: RuleSet) -> RuleSet:
    """Returns the part of a rule set that the round trip has time for.

    Left out is what looks at the lines of earlier bills and blocks nothing: they are sealed, and a
    person may have hundreds. The audit asks these rules, too, a moment later.
    """

    def is_asked(rule: Rule) -> bool:
        return (
            rule.reach is not Reach.PERSON or rule.kind in HEAD_KINDS or rule.effect is Effect.BLOCK
        )

    def kept(checks: tuple[ItemCheck, ...]) -> tuple[ItemCheck, ...]:
        if all(is_asked(check.rule) for check in checks):
            return checks
        return tuple(check for check in checks if is_asked(check.rule))

    return replace(
        ruleset,
        by_item={code: kept(checks) for code, checks in ruleset.by_item.items()},
        by_prefix={prefix: kept(checks) for prefix, checks in ruleset.by_prefix.items()},
        by_bill=tuple(check for check in ruleset.by_bill if is_asked(check.rule)),
    )


def _reminder(
    finding: Finding, ruleset: RuleSet, lines: dict[str, Line], history: History
) -> Reminder:
    rule = ruleset.rule(finding.rule_code)
    supplies = (one for one in ruleset.by_bill if isinstance(one, SupplyOverlap))
    check = next((one for one in supplies if one.rule is rule), None)
    if check is None or len(finding.line_ids) != 1:
        return Reminder(finding=finding)
    line = lines[finding.line_ids[0]]
    left = supply_left(history, codes.national_item_code(line.item_code), line.fee_date)
    if left is None:
        return Reminder(finding=finding)
    return Reminder(
        finding=finding,
        supply=left,
        supplied_until=line.fee_date + _DAY * (left.days_left - 1),
        quantity_max=quantity_allowed(line, days_left=left.days_left, days_max=check.days_max),
    )
