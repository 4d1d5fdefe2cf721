"""What two texts of a region's policy mean for patients: the same sample bills by both. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.benefits.domain import schema
from services.benefits.domain.booking import Standing
from services.benefits.domain.model import (
    Accumulators,
    AidIdentity,
    Amounts,
    BenefitLevel,
    Case,
    Circumstances,
    Entitlement,
    EntitlementKind,
    HospitalLevel,
    Person,
    Setting,
)
from services.benefits.domain.parameter import Pack, Part
from services.benefits.domain.schema import Dimension, PolicyStep
from services.benefits.domain.snapshot import Policy
from services.benefits.domain.stay import adjudicate_case, benefit_years
from services.benefits.examples import MEDICAL_TYPES, PERSON_TYPES
from services.cli.policy.changes import changed_dates, changed_parts
from services.kit.errors import RuleForbids

# One is odd, so that another rounding is seen.
_STAY_FEN: Final = (300_000, 2_000_000, 8_765_433, 30_000_000)
_VISIT_FEN: Final = (20_000, 123_457, 1_000_000)
_ABOVE_CAP: Final = 2
"""A bill of so many caps crosses the cap, unless the ratio is below a half."""
_BALANCE: Final = 1_000_000
_ONE_LEVEL: Final = (HospitalLevel.TERTIARY,)
_PEOPLE_ID: Final = "00000000-0000-7000-8000-000000000000"
_AWAY: Final = ("110105", "310101")
_SUPPLEMENT_KINDS: Final = {
    PolicyStep.CIVIL_SERVANT: EntitlementKind.CIVIL_SERVANT,
    PolicyStep.ENTERPRISE_SUPPLEMENT: EntitlementKind.ENTERPRISE_SUPPLEMENT,
    PolicyStep.DISABLED_VETERAN: EntitlementKind.DISABLED_VETERAN,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A bill as it might be; somebody's first of the year."""

    scheme_code: str
    setting: Setting
    person: Person
    level: HospitalLevel
    care_region_code: str
    benefit_level: BenefitLevel
    in_scope: int
    """All of the bill, fen."""
    day: date
    entitlement: Entitlement | None = None
    """Beside the qualification for `disease_code`."""
    disease_code: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """What comes out of a sample, fen."""

    patient: int
    account: int
    """Of it from the personal account."""
    refused: str = ""
    """What the policy does not cover; the amounts mean nothing then."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """A sample by the old text and by the new one."""

    sample: Sample
    old: Paid
    new: Paid

    @property
    def differs(self) -> bool:
        """Tells whether anybody would notice."""
        return self.old != self.new

    @property
    def difference(self) -> int | None:
        """What the patient pays more by the new text, fen; None: one of them refuses."""
        if self.old.refused or self.new.refused:
            return None
        return self.new.patient - self.old.patient


def consequences(old: Pack, new: Pack, *, today: date) -> list[Consequence]:
    """Returns every sample of the files that are not alike, computed by both packs.

    The samples: each person group, level, benefit level and a few amounts of which one is above the
    cap, the day before and the day of each change, and today.
    """
    rules = Policy([old]), Policy([new])
    found = []
    for was, is_now in changed_parts(old, new):
        days = _days(was, is_now, today)
        for sample in _samples(old.region_code, was, is_now, days):
            before, after = (_paid(policy, old.region_code, sample) for policy in rules)
            found.append(Consequence(sample, before, after))
    return found


def _days(old: Part | None, new: Part | None, today: date) -> list[date]:
    """Returns the days that are worth computing: those that one of the files covers."""
    changes = changed_dates(old, new)
    days = {today, *changes, *(day - timedelta(days=1) for day in changes)}
    return sorted(day for day in days if _covers(old, day) or _covers(new, day))


def _covers(part: Part | None, day: date) -> bool:
    if part is None or day < part.supported_from:
        return False
    return part.supported_until is None or day <= part.supported_until


def _samples(
    region: str, old: Part | None, new: Part | None, days: Sequence[date]
) -> Iterator[Sample]:
    parts = [part for part in (old, new) if part is not None]
    first = parts[0]
    persons = list(dict.fromkeys(Person(one) for part in parts for one in part.persons))
    amounts = _amounts(parts)
    diseases = list(dict.fromkeys(code for part in parts for code in part.diseases)) or [""]
    entitlements = _entitlements(parts)
    for day in days:
        for person in persons:
            for disease in diseases:
                # Every level of every disease would be tens of thousands of bills.
                for level in _ONE_LEVEL if disease else HospitalLevel:
                    for care, benefit_level in _places(region, parts):
                        plain = (
                            first.scheme_code,
                            first.setting,
                            person,
                            level,
                            care,
                            benefit_level,
                        )
                        for in_scope in amounts:
                            yield Sample(*plain, in_scope, day, disease_code=disease)
                for entitlement in entitlements:
                    for in_scope in amounts:
                        yield Sample(
                            first.scheme_code,
                            first.setting,
                            person,
                            HospitalLevel.TERTIARY,
                            _elsewhere(region),
                            BenefitLevel.LONG_TERM,
                            in_scope,
                            day,
                            entitlement=entitlement,
                            disease_code=disease,
                        )


def _amounts(parts: Sequence[Part]) -> list[int]:
    usual = _STAY_FEN if parts[0].setting is Setting.INPATIENT else _VISIT_FEN
    caps = [
        cell.value
        for part in parts
        if schema.CAP_AMOUNT.path in part.histories
        for entry in part.histories[schema.CAP_AMOUNT.path].entries
        for cell in entry.cells.values()
        if cell.value is not None
    ]
    return sorted({*usual, *([_ABOVE_CAP * max(caps)] if caps else [])})


def _places(region: str, parts: Sequence[Part]) -> Iterator[tuple[str, BenefitLevel]]:
    """Yields care at home, in the province where that is told apart, and elsewhere by filing."""
    yield region, BenefitLevel.LONG_TERM
    if any(Dimension.TRAVEL in history.by for part in parts for history in part.histories.values()):
        near = f"{region[:2]}0100"
        yield (near if near != region else f"{region[:2]}0200"), BenefitLevel.LONG_TERM
    for benefit_level in BenefitLevel:
        yield _elsewhere(region), benefit_level


def _elsewhere(region: str) -> str:
    return next(code for code in _AWAY if code[:2] != region[:2])


def _entitlements(parts: Sequence[Part]) -> list[Entitlement]:
    steps = {step for part in parts for step in part.steps}
    by = {dimension for part in parts for one in part.histories.values() for dimension in one.by}
    held = [_entitlement(kind, "") for step, kind in _SUPPLEMENT_KINDS.items() if step in steps]
    if PolicyStep.MEDICAL_AID in steps or Dimension.IDENTITY in by:
        identities = [one for one in AidIdentity if one is not AidIdentity.NONE]
        wanted = identities if Dimension.IDENTITY in by else [AidIdentity.MINIMUM_LIVING]
        held += [_entitlement(EntitlementKind.MEDICAL_AID, one.value) for one in wanted]
    return held


def _entitlement(kind: EntitlementKind, code: str) -> Entitlement:
    return Entitlement(kind=kind, code=code, begin_date=date.min, end_date=None)


def _paid(policy: Policy, region: str, sample: Sample) -> Paid:
    case = Case(
        person_id=_PEOPLE_ID,
        insured_region_code=region,
        scheme_code=sample.scheme_code,
        person_type_code=PERSON_TYPES[sample.person],
        care_region_code=sample.care_region_code,
        level=sample.level,
        medical_type_code=MEDICAL_TYPES[sample.setting],
        benefit_level=sample.benefit_level,
        begin_date=sample.day,
        end_date=sample.day,
        amounts=Amounts(
            total=sample.in_scope,
            full_self_pay=0,
            over_limit=0,
            prior_self_pay=0,
            in_scope=sample.in_scope,
        ),
        use_account=True,
        disease_code=sample.disease_code,
    )
    held = [] if sample.entitlement is None else [sample.entitlement]
    if sample.disease_code:
        held.append(_entitlement(EntitlementKind.CHRONIC_DISEASE, sample.disease_code))
    try:
        years = dict.fromkeys(benefit_years(policy, case), Accumulators())
        standing = Standing(years, _BALANCE, circumstances=Circumstances(entitlements=tuple(held)))
        outcome = adjudicate_case(policy, case, standing)
    except RuleForbids as error:
        return Paid(0, 0, refused=error.metadata.get("missing", error.reason))
    return Paid(outcome.patient_total, outcome.account_pay)
