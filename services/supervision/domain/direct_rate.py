"""The direct-settlement rate (直接结算率): the one definition, docs/statistics.md in words.

Direct ÷ (direct + claimed by hand + paid by the patient though eligible and not claimed since). The
month is that of discharge. By cases and by cost; the headline is inpatient, by cost.

One episode of care counts once. `tally` is the definition over cases in memory; the statement of
`statistics.rate_store` gives the same counts from the tables, and a test holds one to the other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Settled(Enum):
    """How an episode of care was settled."""

    DIRECT = "DIRECT"
    """With the hub, at discharge (直接结算)."""
    MANUAL = "MANUAL"
    """Claimed at home afterwards (零星报销)."""
    SELF_PAID = "SELF_PAID"
    """Paid by the patient and not claimed so far (自费)."""


class CareSetting(Enum):
    """What kind of care a rate is of."""

    INPATIENT = "INPATIENT"
    OUTPATIENT = "OUTPATIENT"
    PHARMACY = "PHARMACY"


def setting_of(medical_type_code: str) -> CareSetting:
    """Returns the setting of a medical type."""
    if codes.is_inpatient_type(medical_type_code):
        return CareSetting.INPATIENT
    if codes.medical_type_parent(medical_type_code) == codes.MEDICAL_TYPE_PHARMACY:
        return CareSetting.PHARMACY
    return CareSetting.OUTPATIENT


class Eligibility(Enum):
    """Whether a self-paid case could have been settled directly."""

    ELIGIBLE = "ELIGIBLE"
    NOT_INSURED = "NOT_INSURED"
    """No insurance in force on the day of discharge where it was said to be."""
    NOT_FILED = "NOT_FILED"
    """Insured, but no filing counts at the place and time of care."""
    NOT_COVERED = "NOT_COVERED"
    """The fund does not pay: a third party is liable."""


class SelfPaidReason(Enum):
    """Why a patient paid, as the institution says."""

    NOT_STATED = "NOT_STATED"
    NOT_OPENED = "NOT_OPENED"
    """The institution is not opened for this medical type."""
    SYSTEM_FAULT = "SYSTEM_FAULT"
    CREDENTIAL_NOT_READ = "CREDENTIAL_NOT_READ"
    NOT_FILED = "NOT_FILED"
    PATIENT_CHOSE = "PATIENT_CHOSE"
    THIRD_PARTY_LIABLE = "THIRD_PARTY_LIABLE"
    OTHER = "OTHER"


def judge_eligibility(*, reason: SelfPaidReason, is_insured: bool, is_filed: bool) -> Eligibility:
    """Returns whether a case belongs in the denominator; the first thing missing is named."""
    if reason is SelfPaidReason.THIRD_PARTY_LIABLE:
        return Eligibility.NOT_COVERED
    if not is_insured:
        return Eligibility.NOT_INSURED
    return Eligibility.ELIGIBLE if is_filed else Eligibility.NOT_FILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A standing bill, or an eligible self-paid case. What was reversed or withdrawn is none."""

    key: UUID
    settled: Settled
    person_id: UUID
    institution_code: str
    care_region_code: str
    insured_region_code: str
    medical_type_code: str
    begin_date: date
    end_date: date
    """Day of discharge, or of the visit."""
    total_fen: int
    visit_id: UUID | None = None
    """Stay of which a direct bill is a part; None: it is the whole."""


class Place(NamedTuple):
    """What counts are kept by; an empty code is not told apart."""

    month: str
    care_region_code: str
    """Pooling area of care (city)."""
    insured_region_code: str
    """Insured province."""
    medical_type_code: str
    institution_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Cases and cost by how they were settled."""

    direct_cases: int = 0
    direct_fen: int = 0
    manual_cases: int = 0
    manual_fen: int = 0
    self_paid_cases: int = 0
    self_paid_fen: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            direct_cases=self.direct_cases + other.direct_cases,
            direct_fen=self.direct_fen + other.direct_fen,
            manual_cases=self.manual_cases + other.manual_cases,
            manual_fen=self.manual_fen + other.manual_fen,
            self_paid_cases=self.self_paid_cases + other.self_paid_cases,
            self_paid_fen=self.self_paid_fen + other.self_paid_fen,
        )

    @property
    def cases(self) -> int:
        """Cases of the denominator."""
        return self.direct_cases + self.manual_cases + self.self_paid_cases

    @property
    def cost_fen(self) -> int:
        """Cost of the denominator, fen."""
        return self.direct_fen + self.manual_fen + self.self_paid_fen

    @property
    def turned_away_cases(self) -> int:
        """Cases that could have been settled directly and were not."""
        return self.manual_cases + self.self_paid_cases

    @property
    def rate_by_cases(self) -> Fraction | None:
        """Share of cases settled directly, 0 to 1; None: there is none."""
        return Fraction(self.direct_cases, self.cases) if self.cases else None

    @property
    def rate_by_cost(self) -> Fraction | None:
        """Share of cost settled directly, 0 to 1; None: there is none."""
        return Fraction(self.direct_fen, self.cost_fen) if self.cost_fen else None


NOTHING = Tally()


def same_episode(one: Case, other: Case) -> bool:
    """Tells whether two cases are the same care: person, institution, and a day they share.

    A stay is known by its day of admission or of discharge, whichever both name; two stays that
    merely touch share neither. Two visits of one day are told apart by their totals.
    """
    if (one.person_id, one.institution_code) != (other.person_id, other.institution_code):
        return False
    if one.begin_date != other.begin_date and one.end_date != other.end_date:
        return False
    both_stays = one.begin_date < one.end_date and other.begin_date < other.end_date
    return both_stays or one.total_fen == other.total_fen


_RANK = {Settled.DIRECT: 0, Settled.MANUAL: 1, Settled.SELF_PAID: 2}


def counted(cases: Iterable[Case]) -> list[Case]:
    """Returns the cases that count: what was settled twice over counts as settled the better way.

    A claim by hand for what was settled directly, and a self-paid case that was settled or claimed
    since, count no more: the episode is there already. Of one self-paid episode that was uploaded
    under two numbers the dearer counts.
    """
    every = list(cases)
    near = _by_person_and_institution(every)
    stays = _direct_fen_by_stay(every)
    return [
        case
        for group in near.values()
        for case in group
        if not any(_replaces(other, case, stays) for other in group)
    ]


def _by_person_and_institution(cases: Iterable[Case]) -> Mapping[tuple[UUID, str], list[Case]]:
    found: defaultdict[tuple[UUID, str], list[Case]] = defaultdict(list)
    for case in cases:
        found[case.person_id, case.institution_code].append(case)
    return found


def _direct_fen_by_stay(cases: Iterable[Case]) -> Mapping[UUID, int]:
    found: defaultdict[UUID, int] = defaultdict(int)
    for case in cases:
        if case.settled is Settled.DIRECT and case.visit_id is not None:
            found[case.visit_id] += case.total_fen
    return found


def _replaces(other: Case, case: Case, stays: Mapping[UUID, int]) -> bool:
    """Tells whether `case` counts no more because `other` is there."""
    if _RANK[other.settled] > _RANK[case.settled] or not same_episode(case, other):
        return False
    if other.settled is case.settled:
        is_repeat = case.settled is Settled.SELF_PAID
        return is_repeat and (other.total_fen, other.key) > (case.total_fen, case.key)
    if other.settled is not Settled.DIRECT:
        return True
    # A token settled directly does not make directly settled what the patient paid beside it.
    direct_fen = other.total_fen if other.visit_id is None else stays[other.visit_id]
    return 2 * direct_fen >= case.total_fen


def tally(cases: Iterable[Case]) -> dict[Place, Tally]:
    """Returns the counts by place and institution.

    A stay settled in parts, or claimed by several invoices, is one case, in the month of its last
    part; the cost of each part is in the part's own month.
    """
    every = list(cases)
    standing = counted(every)
    near = _by_person_and_institution(every)
    last_parts: dict[UUID, Case] = {}
    for case in standing:
        if case.visit_id is None:
            continue
        last = last_parts.get(case.visit_id)
        if last is None or (last.end_date, last.key) < (case.end_date, case.key):
            last_parts[case.visit_id] = case
    found: defaultdict[Place, Tally] = defaultdict(Tally)
    for case in standing:
        if case.settled is Settled.MANUAL:
            claims = near[case.person_id, case.institution_code]
            count = int(not any(_is_later_claim(other, case) for other in claims))
        else:
            count = int(case.visit_id is None or last_parts[case.visit_id] is case)
        place = Place(
            month=f"{case.end_date:%Y-%m}",
            care_region_code=codes.pooling_area_of(case.care_region_code),
            insured_region_code=codes.province_of(case.insured_region_code),
            medical_type_code=case.medical_type_code,
            institution_code=case.institution_code,
        )
        found[place] += _one(case, count)
    return dict(found)


def _is_later_claim(other: Case, case: Case) -> bool:
    """Tells whether another claim is for a later part of the same stay."""
    return (
        other.settled is Settled.MANUAL
        and other.begin_date < other.end_date
        and case.begin_date < case.end_date
        and same_episode(case, other)
        and (other.end_date, other.key) > (case.end_date, case.key)
    )


def _one(case: Case, count: int) -> Tally:
    if case.settled is Settled.DIRECT:
        return Tally(direct_cases=count, direct_fen=case.total_fen)
    if case.settled is Settled.MANUAL:
        return Tally(manual_cases=count, manual_fen=case.total_fen)
    return Tally(self_paid_cases=count, self_paid_fen=case.total_fen)


class Level(Enum):
    """Whose rate it is."""

    NATION = "NATION"
    PROVINCE = "PROVINCE"
    """Care province (就医地)."""
    CITY = "CITY"
    """Pooling area of care."""
    INSTITUTION = "INSTITUTION"
    INSURED_PROVINCE = "INSURED_PROVINCE"
    """Insured province (参保地)."""


def code_at(place: Place, level: Level) -> str:
    """Returns whom a place belongs to at a level; empty for the nation."""
    match level:
        case Level.NATION:
            return ""
        case Level.PROVINCE:
            return codes.province_of(place.care_region_code)
        case Level.CITY:
            return place.care_region_code
        case Level.INSTITUTION:
            return place.institution_code
        case Level.INSURED_PROVINCE:
            return place.insured_region_code


def sum_up(
    tallies: Mapping[Place, Tally], level: Level, *, setting: CareSetting | None
) -> dict[str, Tally]:
    """Returns the tallies of a level by code; `setting` None: all of them."""
    found: defaultdict[str, Tally] = defaultdict(Tally)
    for place, one in tallies.items():
        if setting is None or setting_of(place.medical_type_code) is setting:
            found[code_at(place, level)] += one
    return dict(found)


def ranked(tallies: Mapping[str, Tally]) -> Sequence[tuple[int, str, Tally]]:
    """Returns (rank, code, tally) by rate of cost, best first; equal rates share their rank.

    Those without a cost have no rate and no rank (0): they come last.
    """
    with_rate = sorted(
        ((one.rate_by_cost, code, one) for code, one in tallies.items() if one.cost_fen),
        key=lambda row: (-(row[0] or Fraction(0)), row[1]),
    )
    found: list[tuple[int, str, Tally]] = []
    for position, (rate, code, one) in enumerate(with_rate, start=1):
        is_tied = bool(found) and rate == found[-1][2].rate_by_cost
        found.append((found[-1][0] if is_tied else position, code, one))
    found += [(0, code, one) for code, one in sorted(tallies.items()) if not one.cost_fen]
    return found
