"""Amounts as they are told: of a bill, of who pays it, and of what a person has used; whole fen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """A bill, or a line of it, by the care region's catalogue; fen."""

    total: int
    full_self_pay: int
    over_limit: int
    prior_self_pay: int
    in_scope: int


@dataclass(frozen=True, slots=True)
class FundPayment:
    """What one fund pays, fen."""

    fund_type_code: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearPart:
    """What one benefit year bears of a stay over a year's end, fen."""

    benefit_year: int
    amounts: Amounts
    deductible: int
    fund_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """What the patient pays of a bill, by cause, fen."""

    full_self_pay: int = 0
    over_limit: int = 0
    prior_self_pay: int = 0
    away_self_pay: int = 0
    deductible: int = 0
    share: int = 0
    above_cap: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """Who pays what, fen."""

    deductible: int
    fund_payments: tuple[FundPayment, ...]
    fund_total: int
    account_pay: int
    cash_pay: int
    patient_total: int
    account_balance: int
    """Of the personal account after this settlement."""
    year_parts: tuple[YearPart, ...] = ()
    causes: Causes | None = None
    """None: the insured region does not say."""
    family_account_pay: int = 0
    """Part of account_pay that came from accounts of relatives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulators:
    """What a person has used in a benefit year; fen, and stays."""

    inpatient_in_scope: int = 0
    inpatient_deductible: int = 0
    inpatient_count: int = 0
    outpatient_in_scope: int = 0
    outpatient_deductible: int = 0
    outpatient_fund: int = 0
    fund_pooled: int = 0
    fund_large_amount: int = 0
    fund_critical_illness: int = 0
    critical_illness_base: int = 0
    account_pay: int = 0
    chronic_in_scope: int = 0
    chronic_deductible: int = 0
    chronic_fund: int = 0
    fund_civil_servant: int = 0
    fund_enterprise_supplement: int = 0
    fund_disabled_veteran: int = 0
    fund_medical_aid: int = 0
    fund_other: int = 0


@dataclass(frozen=True, slots=True)
class PersonYear:
    """Whose accumulators."""

    person_id: str
    scheme_code: str
    benefit_year: int
