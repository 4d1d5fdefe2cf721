"""What an event of the feeds changes in the findings on one person's bills. Pure.

The findings that stand are decided by which bills stand and by the rules, not by the order in which
the bills came: a bill is judged before those that were settled before it (model.is_before), and
those that were settled after it are judged again when it comes late or is taken back. So the feed
read again from its beginning, in whatever batches, ends with the same findings.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from services.supervision.domain.engine import judge
from services.supervision.domain.model import (
    Bill,
    Channel,
    Finding,
    History,
    Moment,
    begin_of,
    end_of,
    is_before,
    shifted,
)
from services.supervision.domain.recording import (
    FindingMoment,
    WithdrawalReason,
    made_id,
    travelled_id,
)
from services.supervision.domain.rule import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from services.supervision.domain.rule import Rule
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.domain.steps.base import ItemCheck

Content: TypeAlias = "tuple[UUID, str, str, tuple[str, ...], tuple[int, ...], str]"
"""What makes two findings the same: bill, rule, class, lines, other bills, text."""

_AFTER_CATALOGUE: Final = frozenset({"not_listed"})
"""Kinds of rules that look at what the catalogue says of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A bill was settled, or reimbursed."""

    bill: Bill
    """With bill_key, person_id, dates and settle_time."""
    in_scope_fen: int
    round_trip_ms: int | None
    """Of the call that settled it; None: not known."""
    region_ms: int | None
    findings: tuple[Finding, ...]
    """What the round trip found."""
    is_screened: bool
    """Whether every rule of the round trip was asked there."""
    screened_by: str
    """Version of the rules that were asked there; empty: none, or not known."""
    event_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A settlement was reversed, or a reimbursement taken back."""

    bill_key: UUID
    person_id: UUID
    event_time: datetime


AuditEvent: TypeAlias = Settled | TakenBack


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding on record that stands."""

    finding_id: UUID
    bill_key: UUID
    finding: Finding
    moment: FindingMoment


@dataclass(frozen=True, slots=True)
class Dropped:
    """A finding that is withdrawn."""

    finding_id: UUID
    reason: WithdrawalReason
    event_time: datetime


@dataclass(slots=True)
class PersonRecord:
    """What is on record of one person, as far as the events at hand need it."""

    is_whole: bool
    """Whether all bills and findings are here; else only the bills that a rule can look back to."""
    bills: dict[UUID, Bill] = field(default_factory=dict)
    """Standing ones."""
    audited: set[UUID] = field(default_factory=set)
    """Bills on record, standing or not."""
    taken_back: set[UUID] = field(default_factory=set)
    """Bills that were taken back; perhaps before they were on record (0004_audit.sql)."""
    findings: dict[UUID, list[Kept]] = field(default_factory=dict)
    """Standing findings by bill."""
    withdrawn: Counter[Content] = field(default_factory=Counter)
    """How often the same finding was withdrawn."""

    def add(self, bill: Bill, *, is_taken_back: bool) -> None:
        """Puts a bill on record."""
        key = key_of(bill)
        self.audited.add(key)
        if is_taken_back:
            self.taken_back.add(key)
        else:
            self.bills[key] = bill

    def is_late(self, bill: Bill) -> bool:
        """Tells whether a bill on record was settled after this one."""
        return any(is_before(bill, one) for one in self.bills.values())


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be recorded of one event."""

    settled: Settled | None
    """A bill that is new."""
    taken_back: TakenBack | None
    """A reversal that is new."""
    made: tuple[Kept, ...]
    dropped: tuple[Dropped, ...]


NOTHING_NEW = Change(None, None, (), ())


Histories: TypeAlias = "Callable[[Sequence[Bill], Bill], History]"
"""Makes the history of bills that were all settled before another, which is judged."""


def plain_history(bills: Sequence[Bill], before: Bill) -> History:  # noqa: ARG001 - as Histories
    """Returns the history of bills."""
    return History(bills=tuple(bills))


def audit(
    event: AuditEvent,
    record: PersonRecord,
    ruleset: RuleSet,
    *,
    rest: RuleSet | None = None,
    histories: Histories = plain_history,
) -> Change:
    """Returns what an event changes, and changes the record so; nothing for a repeat.

    Args:
        event: what happened.
        record: of the person; whole for a bill that comes late and for what is taken back.
        ruleset: the rules.
        rest: those that are left of a bill that was screened by the same rules, see `rest_of`;
            None: all are asked again.
        histories: how the bills of the record are given to the rules.
    """
    steps = audit_steps(event, record, ruleset, rest=rest, histories=histories)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            change: Change = end.value
            return change


def audit_steps(
    event: AuditEvent,
    record: PersonRecord,
    ruleset: RuleSet,
    *,
    rest: RuleSet | None = None,
    histories: Histories = plain_history,
) -> Generator[None, None, Change]:
    """Audits an event as `audit` does, bill by bill: some have thousands of later ones."""
    auditor = _Auditor(record, ruleset, rest or ruleset, event.event_time, histories)
    if isinstance(event, TakenBack):
        return (yield from auditor.take_back(event))
    if key_of(event.bill) in record.audited:
        return NOTHING_NEW
    return (yield from auditor.settle(event))


def rest_of(ruleset: RuleSet) -> RuleSet:
    """Returns the rules that the round trip leaves to the audit, of the same version.

    They are those that must know the person's other bills, those of which the round trip is not
    the moment, and those about what the catalogue says, which comes after screening.
    """

    def left(rule: Rule) -> bool:
        return (
            rule.reach is not Reach.BILL
            or Moment.SCREENING not in rule.moments
            or rule.kind in _AFTER_CATALOGUE
        )

    return replace(
        ruleset,
        by_item=_kept(ruleset.by_item, left),
        by_prefix=_kept(ruleset.by_prefix, left),
        by_bill=tuple(check for check in ruleset.by_bill if left(check.rule)),
    )


def _kept(
    checks: Mapping[str, tuple[ItemCheck, ...]], left: Callable[[Rule], bool]
) -> dict[str, tuple[ItemCheck, ...]]:
    kept = {
        code: tuple(check for check in found if left(check.rule)) for code, found in checks.items()
    }
    return {code: found for code, found in kept.items() if found}


class _Auditor:
    """Collects what one event changes."""

    def __init__(
        self,
        record: PersonRecord,
        ruleset: RuleSet,
        rest: RuleSet,
        event_time: datetime,
        histories: Histories,
    ) -> None:
        self._record = record
        self._ruleset = ruleset
        self._rest = rest
        self._histories = histories
        self._history_days = ruleset.history_days_max
        self._event_time = event_time
        self._made: list[Kept] = []
        self._dropped: list[Dropped] = []

    def settle(self, event: Settled) -> Generator[None, None, Change]:
        bill, record = event.bill, self._record
        key = key_of(bill)
        if key in record.taken_back:
            record.add(bill, is_taken_back=True)
            return Change(event, None, (), ())
        later = [one for one in record.bills.values() if is_before(bill, one)]
        record.add(bill, is_taken_back=False)
        for number, finding in enumerate(event.findings):
            self._keep(key, travelled_id(key, number), finding, FindingMoment.ROUND_TRIP)
        # Rules that found something before the audit, in the round trip or by a version before.
        spoken = {kept.finding.rule_code for kept in record.findings.get(key, ())}
        found = self._judge(bill, screened_by=event.screened_by)
        for finding in found:
            if not self._is_personal(finding) and finding.rule_code not in spoken:
                self._keep_made(key, finding, self._moment_of(finding, event))
        self._agree(bill, found, event)
        for one in later:
            yield
            self._judge_again(one, because=bill)
        return Change(event, None, tuple(self._made), tuple(self._dropped))

    def take_back(self, event: TakenBack) -> Generator[None, None, Change]:
        record, key = self._record, event.bill_key
        is_new = key not in record.taken_back
        gone = record.bills.pop(key, None)
        record.taken_back.add(key)
        for kept in list(record.findings.get(key, ())):
            self._drop(kept, WithdrawalReason.REVERSED)
        if gone is not None:
            for one in list(record.bills.values()):
                if is_before(gone, one):
                    yield
                    self._judge_again(one, because=gone)
        made, dropped = tuple(self._made), tuple(self._dropped)
        return Change(None, event if is_new else None, made, dropped)

    def _judge_again(self, bill: Bill, *, because: Bill) -> None:
        # A rule looks back from the first day of its bill.
        if end_of(because) >= self._since(bill):
            self._agree(bill, self._judge(bill), None)

    def _judge(self, bill: Bill, *, screened_by: str = "") -> tuple[Finding, ...]:
        # What the same rules said of the bill alone, they said.
        rules = self._rest if screened_by == self._ruleset.version else self._ruleset
        # Never further back than the rules ask: how much of the record happens to be loaded must
        # not matter.
        since = self._since(bill)
        earlier = [
            one
            for one in self._record.bills.values()
            if one is not bill and end_of(one) >= since and is_before(one, bill)
        ]
        history = self._histories(earlier, bill)
        return judge(bill, rules, moment=Moment.AUDIT, history=history)

    def _since(self, bill: Bill) -> date:
        return shifted(begin_of(bill), -self._history_days)

    def _agree(self, bill: Bill, found: Iterable[Finding], event: Settled | None) -> None:
        """Makes the findings over several bills that stand on a bill those that are found now."""
        record, key = self._record, key_of(bill)
        wanted = {content_of(key, one): one for one in found if self._is_personal(one)}
        rules = {one.rule_code for one in wanted.values()}
        standing = record.findings.get(key, [])
        # Those of mining rest on other people's bills mostly; see audit/records.py.
        for kept in [one for one in standing if one.moment is not FindingMoment.MINING]:
            if wanted.pop(content_of(key, kept.finding), None) is not None:
                continue
            if not record.taken_back.isdisjoint(kept.finding.other_bill_keys):
                self._drop(kept, WithdrawalReason.OTHER_REVERSED)
            elif self._is_superseded(kept, rules):
                self._drop(kept, WithdrawalReason.SUPERSEDED)
        for finding in wanted.values():
            self._keep_made(key, finding, self._moment_of(finding, event))

    def _is_superseded(self, kept: Kept, rules: set[str]) -> bool:
        finding = kept.finding
        if not self._is_personal(finding):
            return False
        if finding.rule_code in rules:
            return True
        # What other rules found, or the round trip with what it knew, stands until it is refuted.
        return (
            kept.moment is not FindingMoment.ROUND_TRIP
            and finding.rule_version == self._ruleset.version
        )

    def _is_personal(self, finding: Finding) -> bool:
        rule = self._ruleset.rule(finding.rule_code)
        return rule is not None and rule.reach is Reach.PERSON

    def _moment_of(self, finding: Finding, event: Settled | None) -> FindingMoment:
        if event is None or event.is_screened or event.bill.channel is Channel.MANUAL:
            return FindingMoment.AUDIT
        rule = self._ruleset.rule(finding.rule_code)
        asked = rule is not None and Moment.SCREENING in rule.moments
        return FindingMoment.AFTERWARDS if asked else FindingMoment.AUDIT

    def _keep_made(self, key: UUID, finding: Finding, moment: FindingMoment) -> None:
        generation = self._record.withdrawn[content_of(key, finding)]
        self._keep(key, made_id(key, finding, generation=generation), finding, moment)

    def _keep(self, key: UUID, finding_id: UUID, finding: Finding, moment: FindingMoment) -> None:
        standing = self._record.findings.setdefault(key, [])
        # Recorded by a version before, of which the bills were not kept.
        if any(one.finding_id == finding_id for one in standing):
            return
        kept = Kept(finding_id, key, finding, moment)
        standing.append(kept)
        self._made.append(kept)

    def _drop(self, kept: Kept, reason: WithdrawalReason) -> None:
        self._record.findings[kept.bill_key].remove(kept)
        self._record.withdrawn[content_of(kept.bill_key, kept.finding)] += 1
        self._dropped.append(Dropped(kept.finding_id, reason, self._event_time))


def content_of(key: UUID, finding: Finding) -> Content:
    """Returns what makes a finding on a bill the same as another."""
    return (
        key,
        finding.rule_code,
        finding.result_class.value,
        finding.line_ids,
        tuple(sorted(one.int for one in finding.other_bill_keys)),
        finding.message_en,
    )


def key_of(bill: Bill) -> UUID:
    """Returns the key of a settled bill.

    Raises:
        ValueError: it has none.
    """
    if bill.bill_key is None:
        msg = "a settled bill without a key"
        raise ValueError(msg)
    return bill.bill_key
