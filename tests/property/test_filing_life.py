"""Whatever becomes of a person's filings, a match gives what the days of the filings say.

A second, simpler account of each filing (from when to when it counts) is kept beside the domain's;
at every date and place the two must give the same level.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.filing.domain import changing, decide, submitting
from services.filing.domain.model import (
    Application,
    ApprovalWay,
    BenefitLevel,
    Evidence,
    EvidenceDocument,
    EvidenceKind,
    Filing,
    FilingType,
)
from services.filing.domain.states import FilingState
from services.filing.terms_files import load_terms
from services.kit.errors import DomainError

PERSON = UUID(int=99)
HOME = "650100"
PLACES = {"640100": "640104", "310000": "310115", "460000": "460105"}
FIRST = date(2026, 1, 1)
TERMS = load_terms().of(HOME, FIRST)
EVIDENCE = {
    FilingType.RETIRED_SETTLED: Evidence.DOCUMENT,
    FilingType.LONG_TERM_RESIDENT: Evidence.COMMITMENT,
    FilingType.POSTED_WORKER: Evidence.COMMITMENT,
    FilingType.REFERRAL: Evidence.REFERRAL_PROOF,
    FilingType.TEMPORARY: Evidence.NONE,
}
PAPERS = (
    EvidenceDocument(EvidenceKind.RESIDENCE_PROOF, "1"),
    EvidenceDocument(EvidenceKind.WORK_CONTRACT, "2"),
)
WAYS = [ApprovalWay.RULE, ApprovalWay.OFFICER, ApprovalWay.RULE, ApprovalWay.PROVINCE_SYSTEM]
HELD_MAX = 4
LEVELS = {
    FilingType.REFERRAL: BenefitLevel.REFERRAL,
    FilingType.TEMPORARY: BenefitLevel.TEMPORARY,
}
RANK = [*BenefitLevel]


@dataclass
class Account:
    """From when to when a filing counts, told without any state."""

    type: FilingType
    target: str
    begin: date
    end: date | None
    approved: bool
    refused: bool = False
    revoked: bool = False
    stopped: date | None = None
    documented: date | None = None

    def counts(self, day):
        return (
            self.approved
            and not self.revoked
            and self.begin <= day
            and (self.end is None or day <= self.end)
            and (self.stopped is None or day < self.stopped)
        )

    def level(self):
        return LEVELS.get(self.type, BenefitLevel.LONG_TERM)


@dataclass
class Held:
    """A filing in both accounts."""

    filing: Filing
    account: Account
    changes: "Held | None" = field(default=None)


def attempt(work, reasons):
    """Returns what it gives, or None where it is refused for one of the reasons."""
    try:
        return work()
    except DomainError as error:
        if error.reason not in reasons:
            raise
        return None


class Lives(RuleBasedStateMachine):
    """Files, decides, cancels, changes, supplements and revokes as days go by."""

    @initialize(lock=st.sampled_from([0, 3]))
    def begin(self, lock):
        self.terms = replace(TERMS, change_lock_months=lock)
        self.today = FIRST
        self.held = []

    @property
    def now(self):
        return datetime(self.today.year, self.today.month, self.today.day, 4, tzinfo=UTC)

    def make(self, kind, target, way, offset, changes=None):
        wanted = Application(
            person_id=PERSON,
            insured_region=HOME,
            target_region=target,
            type=kind,
            begin_date=self.today + timedelta(days=offset),
            end_date=None,
            evidence=EVIDENCE[kind],
            maker_id="A",
        )
        terms = replace(self.terms, approval={(wanted.channel, wanted.evidence): way})
        submitting.check_application(wanted, terms, today=self.today, at="filing")
        others = [one.filing for one in self.held]
        if changes is not None:
            changing.check_change(changes.filing, wanted, others=others, today=self.today)
        filing = submitting.accept(
            wanted,
            terms,
            filing_id=UUID(int=len(self.held) + 1),
            now=self.now,
            today=self.today,
            changes_filing_id=changes.filing.filing_id if changes else None,
        )
        account = Account(
            kind,
            target,
            wanted.begin_date,
            filing.end_date,
            approved=way is ApprovalWay.RULE,
        )
        one = Held(filing, account, changes)
        self.held.append(one)
        if account.approved:
            self.replace_changed(one)

    def replace_changed(self, one):
        before = one.changes
        if before is None:
            return
        after = changing.take_place(before.filing, one.filing, now=self.now, today=self.today)
        if after is not before.filing:
            before.filing = after
            before.account.stopped = max(one.account.begin, self.today)

    # Among few filings each shows: of many the best hides what is wrong with the others.
    @precondition(lambda self: len(self.held) < HELD_MAX)
    @rule(
        kind=st.sampled_from(list(EVIDENCE)),
        place=st.sampled_from(list(PLACES)),
        way=st.sampled_from(WAYS),
        offset=st.integers(-100, 30),
    )
    def submit(self, kind, place, way, offset):
        self.make(kind, place, way, offset)

    @precondition(lambda self: 0 < len(self.held) < HELD_MAX)
    @rule(
        data=st.data(),
        kind=st.sampled_from(list(EVIDENCE)),
        place=st.sampled_from(list(PLACES)),
        way=st.sampled_from(WAYS),
        offset=st.integers(-60, 30),
    )
    def change(self, data, kind, place, way, offset):
        one = data.draw(st.sampled_from(self.held))
        attempt(
            lambda: self.make(kind, place, way, offset, changes=one),
            {"FILING_NOT_LIVE", "FILING_LOCKED", "FILING_STATE_FORBIDS"},
        )

    @precondition(lambda self: self.held)
    @rule(data=st.data(), approve=st.booleans(), by_system=st.booleans())
    def decide(self, data, approve, by_system):
        one = data.draw(st.sampled_from(self.held))
        after = attempt(
            lambda: changing.decide_filing(
                one.filing,
                approve=approve,
                checker_id="B",
                by_system=by_system,
                barred_until=None,
                now=self.now,
                today=self.today,
            ),
            {"FILING_STATE_FORBIDS"},
        )
        if after is None:
            return
        one.filing = after
        one.account.approved, one.account.refused = approve, not approve
        if approve:
            self.replace_changed(one)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def cancel(self, data):
        one = data.draw(st.sampled_from(self.held))
        after = attempt(
            lambda: changing.cancel_filing(one.filing, now=self.now, today=self.today),
            {"FILING_NOT_LIVE", "FILING_LOCKED"},
        )
        if after is None:
            return
        one.filing = after
        one.account.stopped = self.today

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def supplement(self, data):
        committed = [one for one in self.held if one.filing.evidence is Evidence.COMMITMENT]
        one = data.draw(st.sampled_from(committed or self.held))
        after = attempt(
            lambda: changing.supplement_filing(
                one.filing, PAPERS, self.terms, maker_id="", today=self.today
            ),
            {"FILING_NOT_LIVE", "FILING_STATE_FORBIDS"},
        )
        if after is None:
            return
        one.filing = after
        one.account.documented = self.today

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def revoke(self, data):
        one = data.draw(st.sampled_from(self.held))
        after = attempt(
            lambda: changing.revoke_filing(
                one.filing,
                self.terms,
                maker_id="A",
                checker_id="B",
                now=self.now,
                today=self.today,
            ),
            {"FILING_STATE_FORBIDS"},
        )
        if after is None:
            return
        one.filing, _ = after
        one.account.revoked = True

    @rule(days=st.integers(1, 120))
    def pass_days(self, days):
        self.today += timedelta(days=days)

    @invariant()
    def the_level_is_what_the_days_say(self):
        if not self.held:
            return
        days = {self.today + timedelta(days=n) for n in (-200, -50, -1, 0, 1, 40, 300)}
        # The days on which something begins or ends, and those beside them.
        turns = {one.account.begin for one in self.held}
        turns |= {one.account.stopped for one in self.held if one.account.stopped}
        turns |= {one.account.end for one in self.held if one.account.end}
        days |= {turn + timedelta(days=n) for turn in turns for n in (-1, 0, 1)}
        for day in sorted(days):
            for target, care in PLACES.items():
                self.check(day, target, care)

    def check(self, day, target, care):
        filings = [one.filing for one in self.held]
        found = decide.match(
            filings,
            insured_region=HOME,
            care_region=care,
            service_date=day,
            until=day,
            emergency=False,
        )
        counting = [one.account for one in self.held if one.account.counts(day)]
        here = [account.level() for account in counting if account.target == target]
        assert found.level is min(here, key=RANK.index, default=BenefitLevel.UNFILED)
        if found.filing_id is not None:
            (decided,) = (one for one in filings if one.filing_id == found.filing_id)
            assert decided.state in {
                FilingState.LIVE,
                FilingState.CANCELLED,
                FilingState.CHANGED,
            }
        elsewhere = [
            EVIDENCE[account.type]
            if account.documented is None or day < account.documented
            else Evidence.DOCUMENT
            for account in counting
            if account.target != target and account.type.long_term
        ]
        best = next((e for e in (Evidence.DOCUMENT, Evidence.COMMITMENT) if e in elsewhere), None)
        assert found.long_term_evidence is (best or Evidence.NONE)

    @invariant()
    def what_is_undecided_refused_or_revoked_changes_no_level(self):
        if not self.held:
            return
        silent = {FilingState.PENDING, FilingState.REFUSED, FilingState.REVOKED}
        for day in (self.today, self.today + timedelta(days=10)):
            for care in PLACES.values():
                levels = {
                    decide.match(
                        [one.filing for one in self.held if one.filing.state not in without],
                        insured_region=HOME,
                        care_region=care,
                        service_date=day,
                        until=day,
                        emergency=False,
                    ).level
                    for without in (set(), silent)
                }
                assert len(levels) == 1


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
