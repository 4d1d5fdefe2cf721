"""Reconciliation: what institution, care province, hub and insured province have of one day.

Each of the three others (a leg) is compared with the hub, settlement by settlement; what does not
agree is a finding. The findings of all legs on one settlement are then merged into one difference
that says who lacks it and why. Nothing here knows of persons.

    statement of a party   as the day ended: a settlement taken back later still stood that day
    insured province       as it is now: it is asked, and has no date of the hub's reversals
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from uuid import UUID


class Party(Enum):
    """Who holds a view of a settlement."""

    HUB = "HUB"
    INSTITUTION = "INSTITUTION"
    CARE_PROVINCE = "CARE_PROVINCE"
    INSURED_PROVINCE = "INSURED_PROVINCE"


class Status(Enum):
    """Whether a settlement stands in somebody's books."""

    STANDING = "STANDING"
    REVERSED = "REVERSED"


class Unsettled(Enum):
    """What the journal says of a request that it has not settled."""

    PENDING = "PENDING"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class Kind(Enum):
    """What differs."""

    MISSING_HERE = "MISSING_HERE"
    MISSING_THERE = "MISSING_THERE"
    REVERSED_ON_ONE_SIDE = "REVERSED_ON_ONE_SIDE"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"


class Cause(Enum):
    """Why, as far as can be told; the texts are in services.clearing.domain.explanations."""

    PENDING_HERE = "PENDING_HERE"
    FAILED_HERE = "FAILED_HERE"
    NEVER_ARRIVED = "NEVER_ARRIVED"
    OF_ANOTHER_PARTY = "OF_ANOTHER_PARTY"
    REPLY_LOST = "REPLY_LOST"
    DOUBLE_SUBMIT = "DOUBLE_SUBMIT"
    BOOKING_LOST = "BOOKING_LOST"
    REVERSED_HERE_ONLY = "REVERSED_HERE_ONLY"
    REVERSED_THERE_ONLY = "REVERSED_THERE_ONLY"
    AMOUNT_CHANGED = "AMOUNT_CHANGED"
    BOOKED_ELSEWHERE = "BOOKED_ELSEWHERE"
    RECORDED_TWICE = "RECORDED_TWICE"


_CAUSES = {
    Unsettled.PENDING: Cause.PENDING_HERE,
    Unsettled.FAILED: Cause.FAILED_HERE,
    Unsettled.UNKNOWN: Cause.NEVER_ARRIVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Amounts of a settlement, or their sums, in fen."""

    total_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """To whom a settlement belongs; empty: unknown."""

    institution_code: str
    care_region_code: str
    """Province, xx0000."""
    insured_region_code: str
    """Province, xx0000."""
    scheme_code: str

    def differs_from(self, other: Place) -> bool:
        """Tells whether both know something of which the other says otherwise."""
        return any(
            one and two and one != two
            for one, two in (
                (self.institution_code, other.institution_code),
                (self.care_region_code, other.care_region_code),
                (self.insured_region_code, other.insured_region_code),
                (self.scheme_code, other.scheme_code),
            )
        )

    def filled_from(self, other: Place) -> Place:
        """Returns itself with what it does not know taken from another."""
        return Place(
            institution_code=self.institution_code or other.institution_code,
            care_region_code=self.care_region_code or other.care_region_code,
            insured_region_code=self.insured_region_code or other.insured_region_code,
            scheme_code=self.scheme_code or other.scheme_code,
        )

    def code_of(self, party: Party) -> str:
        """Returns the code of a party in it; empty: unknown, or the hub."""
        return {
            Party.HUB: "",
            Party.INSTITUTION: self.institution_code,
            Party.CARE_PROVINCE: self.care_region_code,
            Party.INSURED_PROVINCE: self.insured_region_code,
        }[party]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRecord:
    """A settlement as the hub has it: it was settled, and perhaps taken back."""

    settlement_id: UUID
    request_id: UUID | None
    place: Place
    amounts: Amounts
    business_date: date
    """Civil date, Asia/Shanghai, of the settlement id."""
    reverse_time: datetime | None
    bill_digest: bytes
    """Equal for settlements of one and the same bill; empty: never equal."""

    @property
    def status(self) -> Status:
        """As it is now."""
        return Status.STANDING if self.reverse_time is None else Status.REVERSED

    def status_at(self, until: datetime) -> Status:
        """As it was just before an instant."""
        taken_back = self.reverse_time is not None and self.reverse_time < until
        return Status.REVERSED if taken_back else Status.STANDING


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRecord:
    """A settlement as another party has it."""

    settlement_id: UUID | None
    request_id: UUID | None
    place: Place
    status: Status
    amounts: Amounts | None
    """None: nothing was ever booked, only forbidden (a tombstone)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """All that one party has of a day."""

    party: Party
    party_code: str
    business_date: date
    until: datetime
    """End of what the leg covers: the end of the day, or earlier on a day that is not over."""
    records: Sequence[LegRecord]

    @property
    def is_present(self) -> bool:
        """Tells whether it shows the present state and not that at the end of the day."""
        return self.party is Party.INSURED_PROVINCE

    def owns(self, record: HubRecord) -> bool:
        """Tells whether the hub has a settlement for this party."""
        return record.place.code_of(self.party) == self.party_code


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that the hub has to compare a leg with."""

    expected: Sequence[HubRecord]
    """What the leg should have: settled on the day, or taken back on it."""
    others: Sequence[HubRecord] = ()
    """Other settlements that the leg names; they win over `expected` where newer."""
    unsettled: Mapping[UUID, tuple[Unsettled, UUID | None]] = field(default_factory=dict)
    """What the journal said, by settlement id or request id, with the settlement id if there is."""
    twins: Mapping[bytes, UUID] = field(default_factory=dict)
    """The party's settlements of the day before and after that stand, by the digest of the bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one side has."""

    status: Status
    amounts: Amounts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One settlement on which one leg and the hub do not agree."""

    key: str
    """The settlement id, or "request:" and the request id, with "@" and the party where the hub has
    it for another one."""
    settlement_id: UUID | None
    request_id: UUID | None
    kind: Kind
    cause: Cause
    party: Party
    party_code: str
    place: Place
    hub: Held | None
    """None: the hub does not have it, or not for this party."""
    leg: Held | None
    """None: the party does not have it."""
    twin_settlement_id: UUID | None = None
    """The settlement of the same bill that both have."""


def compare(leg: Leg, view: View) -> tuple[Finding, ...]:
    """Returns what a leg and the hub do not agree on, in the order of their keys.

    Equal legs give nothing. Every settlement that one side lacks, or has in another state, with
    other amounts or under other codes, gives exactly one finding.
    """
    records: dict[UUID | None, HubRecord] = {
        one.settlement_id: one for one in (*view.expected, *view.others)
    }
    by_request: dict[UUID | None, HubRecord] = {
        one.request_id: one for one in records.values() if one.request_id is not None
    }
    matched: dict[UUID, HubRecord] = {}
    found: dict[str, Finding] = {}
    # Those with the hub's key first: one that names only its request yields to it.
    for record in sorted(leg.records, key=lambda one: one.settlement_id is None):
        hub = _find(record, records, by_request)
        if hub is None:
            finding = _unknown_here(leg, record, view.unsettled)
        elif not leg.owns(hub):
            finding = _finding(leg, hub, record, Kind.MISSING_HERE, Cause.OF_ANOTHER_PARTY)
        elif hub.settlement_id in matched:
            finding = _recorded_twice(leg, hub, record)
        else:
            matched[hub.settlement_id] = hub
            finding = _compare_held(leg, hub, record)
        if finding is not None:
            found.setdefault(finding.key, finding)
    # A bill that is submitted again after midnight has its twin on the other day.
    twins = {
        **view.twins,
        **{
            one.bill_digest: one.settlement_id
            for one in matched.values()
            if one.bill_digest and one.status_at(leg.until) is Status.STANDING
        },
    }
    for expected in view.expected:
        hub = records[expected.settlement_id]
        if hub.settlement_id not in matched and leg.owns(hub):
            missing = _missing_there(leg, hub, twins)
            if missing is not None:
                found.setdefault(missing.key, missing)
    return tuple(found[key] for key in sorted(found))


def _find(
    record: LegRecord,
    records: Mapping[UUID | None, HubRecord],
    by_request: Mapping[UUID | None, HubRecord],
) -> HubRecord | None:
    if record.settlement_id in records:
        return records[record.settlement_id]
    return by_request.get(record.request_id)


def _unknown_here(
    leg: Leg, record: LegRecord, unsettled: Mapping[UUID, tuple[Unsettled, UUID | None]]
) -> Finding | None:
    said, settlement_id = Unsettled.UNKNOWN, record.settlement_id
    for key in (record.settlement_id, record.request_id):
        if key is not None and key in unsettled:
            said, journal_id = unsettled[key]
            settlement_id = settlement_id or journal_id
            break
    nothing_stands = record.status is Status.REVERSED and (
        record.amounts is None or said is Unsettled.FAILED
    )
    if nothing_stands:
        # A tombstone, or what the hub gave up and the other side took back: neither has anything.
        return None
    return Finding(
        key=_key(settlement_id, record.request_id),
        settlement_id=settlement_id,
        request_id=record.request_id,
        kind=Kind.MISSING_HERE,
        cause=_CAUSES[said],
        party=leg.party,
        party_code=leg.party_code,
        place=_place_of(leg, record),
        hub=None,
        leg=Held(status=record.status, amounts=record.amounts),
    )


def _recorded_twice(leg: Leg, hub: HubRecord, record: LegRecord) -> Finding:
    return Finding(
        key=_key(None if record.request_id else hub.settlement_id, record.request_id),
        settlement_id=None,
        request_id=record.request_id,
        kind=Kind.MISSING_HERE,
        cause=Cause.RECORDED_TWICE,
        party=leg.party,
        party_code=leg.party_code,
        place=_place_of(leg, record),
        hub=None,
        leg=Held(status=record.status, amounts=record.amounts),
        twin_settlement_id=hub.settlement_id,
    )


def _compare_held(leg: Leg, hub: HubRecord, record: LegRecord) -> Finding | None:
    agreed = {hub.status} if leg.is_present else {hub.status, hub.status_at(leg.until)}
    if record.status not in agreed:
        here = record.status is Status.STANDING
        cause = Cause.REVERSED_HERE_ONLY if here else Cause.REVERSED_THERE_ONLY
        return _finding(leg, hub, record, Kind.REVERSED_ON_ONE_SIDE, cause)
    if record.amounts is not None and record.amounts != hub.amounts:
        return _finding(leg, hub, record, Kind.AMOUNT_DIFFERS, Cause.AMOUNT_CHANGED)
    if record.amounts is not None and record.place.differs_from(hub.place):
        return _finding(leg, hub, record, Kind.AMOUNT_DIFFERS, Cause.BOOKED_ELSEWHERE)
    return None


def _missing_there(leg: Leg, hub: HubRecord, twins: Mapping[bytes, UUID]) -> Finding | None:
    if leg.is_present:
        return _finding(leg, hub, None, Kind.MISSING_THERE, Cause.BOOKING_LOST)
    if hub.business_date < leg.business_date:
        # It belongs to this day by its reversal alone, and to them it goes on standing.
        return _finding(leg, hub, None, Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_HERE_ONLY)
    if hub.status is Status.REVERSED and hub.status_at(leg.until) is Status.STANDING:
        # The hub has taken it back since: now neither has anything.
        return None
    # One that was taken back is not one too many: whoever read so would take the other one back.
    twin = twins.get(hub.bill_digest) if hub.status is Status.STANDING else None
    cause = Cause.REPLY_LOST if twin is None else Cause.DOUBLE_SUBMIT
    return _finding(leg, hub, None, Kind.MISSING_THERE, cause, twin=twin)


def _finding(
    leg: Leg,
    hub: HubRecord,
    record: LegRecord | None,
    kind: Kind,
    cause: Cause,
    *,
    twin: UUID | None = None,
) -> Finding:
    elsewhere = cause is Cause.OF_ANOTHER_PARTY
    key = _key(hub.settlement_id, None)
    return Finding(
        # The party that the hub has it for may disagree about it, too: that is another difference.
        key=f"{key}@{leg.party_code}" if elsewhere else key,
        settlement_id=hub.settlement_id,
        request_id=hub.request_id or (record.request_id if record else None),
        kind=kind,
        cause=cause,
        party=leg.party,
        party_code=leg.party_code,
        place=_place_of(leg, record) if elsewhere and record else hub.place,
        hub=None if elsewhere else Held(status=hub.status, amounts=hub.amounts),
        leg=Held(status=record.status, amounts=record.amounts) if record else None,
        twin_settlement_id=twin,
    )


def _key(settlement_id: UUID | None, request_id: UUID | None) -> str:
    return f"request:{request_id}" if settlement_id is None else str(settlement_id)


def _place_of(leg: Leg, record: LegRecord) -> Place:
    own = Place(
        institution_code=leg.party_code if leg.party is Party.INSTITUTION else "",
        care_region_code=leg.party_code if leg.party is Party.CARE_PROVINCE else "",
        insured_region_code=leg.party_code if leg.party is Party.INSURED_PROVINCE else "",
        scheme_code="",
    )
    return own.filled_from(record.place)


def open_questions(findings: Iterable[Finding]) -> tuple[tuple[UUID | None, UUID | None], ...]:
    """Returns what must be asked of the journal before it is believed, as (settlement, request).

    The hub's rows follow the journal by seconds: what the other side has and the rows do not say
    may be on its way.
    """
    return tuple(
        (one.settlement_id, one.request_id)
        for one in findings
        if one.cause in {Cause.NEVER_ARRIVED, Cause.REVERSED_THERE_ONLY}
    )
