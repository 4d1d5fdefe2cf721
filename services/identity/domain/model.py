"""What identity holds: persons, cards, tokens and institutions. Codes are national (kit.codes).

No `repr` on what is personal: a person in a log line or an assertion message would be a leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.identity.domain.card_states import CardState
    from services.identity.domain.tokens import TokenUse


class InsuranceStatus(Enum):
    """Whether an insurance relation pays (参保状态, national field psn_insu_stas)."""

    NORMAL = "1"
    SUSPENDED = "2"
    ENDED = "3"


class CardKind(Enum):
    """Kinds of card; a person has at most one active card of each."""

    SOCIAL_SECURITY = "SOCIAL_SECURITY"
    """实体社会保障卡"""
    ELECTRONIC = "ELECTRONIC"
    """电子社保卡"""


@dataclass(frozen=True, slots=True)
class Insurance:
    """One insurance relation (参保关系) of a person."""

    insured_region: str
    """Pooling area, six digits (参保地)."""
    scheme: str
    """`310` employee, `390` resident (险种)."""
    person_type: str
    """Two or four digits (人员类别)."""
    status: InsuranceStatus
    begin_date: date
    end_date: date | None
    """Last day in force; None: open-ended."""

    def in_force(self, on: date) -> bool:
        """Tells whether the relation pays on a civil date."""
        return (
            self.status is InsuranceStatus.NORMAL
            and self.begin_date <= on
            and (self.end_date is None or on <= self.end_date)
        )


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """An insured person (参保人)."""

    person_id: UUID
    cert_number: str
    """Citizen id number, GB 11643; the only certificate so far (type 01)."""
    name: str
    sex: str
    """`1` male, `2` female (GB/T 2261.1)."""
    birth_date: date
    insurances: tuple[Insurance, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """A social security card (社会保障卡)."""

    card_number: str
    person_id: UUID
    issuing_region: str
    """Area that issued it, six digits."""
    state: CardState
    kind: CardKind = CardKind.SOCIAL_SECURITY
    recognition_code: str = ""
    """32 characters, the area that issued it first (卡识别码); empty: not known."""


@dataclass(frozen=True, slots=True, repr=False)
class PersonRow:
    """A person with their cards, as an insured region reports them in bulk."""

    person: Person
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """One business that an institution may settle across provinces (异地联网开通)."""

    medical_type: str
    """Two digits (医疗类别)."""
    begin_date: date
    end_date: date | None
    """Last day; None: open-ended."""
    disease: str = ""
    """With medical type 14 the one disease opened, with its sub-types; empty: every disease."""

    def in_force(self, on: date) -> bool:
        """Tells whether the business is open on a civil date."""
        return self.begin_date <= on and (self.end_date is None or on <= self.end_date)


@dataclass(frozen=True, slots=True)
class Suspension:
    """A time in which an institution may not settle across provinces (暂停跨省直接结算)."""

    suspension_id: UUID
    medical_type: str
    """The one business suspended, two digits; empty: all."""
    begin_date: date
    end_date: date | None
    """Last day; None: until it is lifted. Before begin_date: it never counted."""
    reason: str

    def in_force(self, on: date) -> bool:
        """Tells whether it counts on a civil date."""
        return self.begin_date <= on and (self.end_date is None or on <= self.end_date)


@dataclass(frozen=True, slots=True)
class Institution:
    """A designated institution (定点医药机构)."""

    code: str
    """H or P, six digits of area, five of sequence."""
    name: str
    region: str
    """Area it belongs to (定点归属区划)."""
    level: str
    """`01` to `11` (医院等级)."""
    price_level: str
    """Level that picks price ceilings (限价医院等级)."""
    deductible_level: str
    """Level that picks deductible and ratios (起付线医院等级)."""
    openings: tuple[Opening, ...]
    type_code: str = ""
    """`1` hospital or clinic, `2` pharmacy (定点医药机构类型); empty: as the code says."""
    begin_date: date | None = None
    """First day of the agreement with the care agency; None: since ever."""
    end_date: date | None = None
    """Last day of the agreement; None: open-ended."""
    address: str = ""
    national_platform_code: str = ""
    """Code on the national platform for care elsewhere (国家异地平台机构编号); empty: none."""
    suspensions: tuple[Suspension, ...] = ()
    """By first day; those that are over too, unless they never counted."""

    def is_designated(self, on: date) -> bool:
        """Tells whether the agreement is in force on a civil date."""
        return (self.begin_date is None or self.begin_date <= on) and (
            self.end_date is None or on <= self.end_date
        )


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """What the store knows of a shown credential: its holder and the credential's own state."""

    person: Person
    card_state: CardState | None
    """State of the card shown; None for other credentials."""
    token_use: TokenUse | None
    """What the token shown was used for before; None for other credentials."""


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """What the caller believes of the patient and asks to have checked; None or empty: nothing."""

    person_id: UUID | None = None
    sex: str = ""
    birth_date: date | None = None
    insured_region: str = ""
    scheme: str = ""
    medical_type: str = ""
    """Two to six digits, of which two count; empty: openings are not checked."""
    disease: str = ""
    """Chronic disease that must be opened, with medical type 14; empty: not asked."""
