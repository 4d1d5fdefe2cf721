"""What adjudication takes and gives. Amounts are whole fen, dates civil dates in Asia/Shanghai."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from services.kit.codes import SCHEME_EMPLOYEE, SCHEME_RESIDENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

POOLED_FUND_TYPES: Final = {SCHEME_EMPLOYEE: "310100", SCHEME_RESIDENT: "390100"}
"""Pooled fund 统筹基金 (hifp_pay) by scheme, fund_pay_type of the national interface."""
LARGE_AMOUNT_FUND_TYPE: Final = "330100"
"""Large-amount 大额医疗费用补助 (hifob_pay)."""
CRITICAL_ILLNESS_FUND_TYPES: Final = {SCHEME_EMPLOYEE: "330100", SCHEME_RESIDENT: "390200"}
"""Critical illness 大病 by scheme: hifmi_pay of residents, 大额/大病 of employees (domain 2.7)."""
CIVIL_SERVANT_FUND_TYPE: Final = "320100"
"""Civil-servant subsidy 公务员医疗补助 (cvlserv_pay)."""
ENTERPRISE_SUPPLEMENT_FUND_TYPE: Final = "370100"
"""Enterprise supplement 企业补充医疗保险 (hifes_pay)."""
DISABLED_VETERAN_FUND_TYPE: Final = "350100"
"""Disabled veterans of grades 1 to 6 一至六级残疾军人医疗补助 (hifdm_pay)."""
MEDICAL_AID_FUND_TYPE: Final = "610100"
"""Medical aid 医疗救助 (maf_pay)."""
OTHER_FUND_TYPE: Final = "910100"
"""Any other fund 其他 (oth_pay)."""
ACCOUNT_FUND_TYPE: Final = "310200"
"""Personal account 个人账户 (acct_pay); listed apart from the funds, never inside their total."""


class Setting(Enum):
    """Where care was given, as far as rules tell it apart (from med_type's first two digits)."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    CHRONIC = "chronic"
    PHARMACY = "pharmacy"


class HospitalLevel(Enum):
    """Level of the institution for deductible and ratio (from dedc_hosp_lv)."""

    COMMUNITY = "community"
    PRIMARY = "1"
    SECONDARY = "2"
    TERTIARY = "3"
    TERTIARY_TOP = "3_top"


class Person(Enum):
    """Person group (from psn_type's first two digits)."""

    IN_SERVICE = "in_service"
    RETIRED = "retired"
    MINOR = "minor"
    ADULT = "adult"
    ELDERLY = "elderly"


class Stay(Enum):
    """Which inpatient stay of the benefit year this is."""

    FIRST = "first"
    SECOND = "second"
    LATER = "later"
    """The third and any after it."""


class Travel(Enum):
    """How far the care region is from the insured region."""

    LOCAL = "local"
    """Inside the pooling area."""
    IN_PROVINCE = "in_province"
    CROSS_PROVINCE = "cross_province"


class AidIdentity(Enum):
    """For what a person receives medical aid (救助对象 psn_idet_type), most favoured first.

    The national code list is not public; these are our names, and who has several counts as the
    first of them.
    """

    EXTREME_POVERTY = "extreme_poverty"
    """特困人员."""
    MINIMUM_LIVING = "minimum_living"
    """低保对象."""
    POVERTY_RELAPSE = "poverty_relapse"
    """防止返贫监测对象."""
    NEAR_MINIMUM = "near_minimum"
    """低保边缘家庭成员."""
    POVERTY_BY_ILLNESS = "poverty_by_illness"
    """因病致贫重病患者."""
    SEVERE_DISABILITY = "severe_disability"
    """重度残疾人."""
    NONE = "none"
    """Receives none."""


class LongTermEvidence(Enum):
    """What a long-term filing for another place than the care region rests on."""

    NONE = "none"
    """There is no such filing."""
    DOCUMENT = "document"
    COMMITMENT = "commitment"
    """承诺书 only."""


class BenefitLevel(Enum):
    """What the filing (备案) entitles to, as the filing service answers."""

    LONG_TERM = "LONG_TERM"
    REFERRAL = "REFERRAL"
    EMERGENCY = "EMERGENCY"
    TEMPORARY = "TEMPORARY"
    UNFILED = "UNFILED"


class Status(Enum):
    """How well a policy value is founded."""

    PUBLISHED = "published"
    """Read in the official document."""
    SECONDARY = "secondary"
    """From a source that quotes a document; the document itself was not seen."""
    SAMPLE = "sample"
    """An example (示例) or a reading of an unclear text; never law."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The five amounts of a bill, in fen; the last four add up to the total (identity I2)."""

    total: int
    """费用总额 medfee_sumamt."""
    full_self_pay: int
    """全自费 fulamt_ownpay_amt."""
    over_limit: int
    """超限价自费 overlmt_amt."""
    prior_self_pay: int
    """先行自付 preselfpay_amt."""
    in_scope: int
    """政策范围内 inscp_scp_amt; includes what the deductible will take."""


@dataclass(frozen=True, slots=True)
class Case:
    """One bill to adjudicate."""

    person_id: str
    insured_region_code: str
    """Pooling area of the insurance, GB/T 2260, 6 digits (insuplc_admdvs)."""
    scheme_code: str
    """insutype: 310 employee, 390 resident."""
    person_type_code: str
    """psn_type, 2 to 6 digits; the first two count."""
    care_region_code: str
    """6 digits (mdtrtarea_admvs)."""
    level: HospitalLevel
    medical_type_code: str
    """med_type, 2 to 6 digits; the first two count."""
    benefit_level: BenefitLevel
    begin_date: date
    end_date: date
    """Discharge or visit date: it decides the parameters and the benefit year."""
    amounts: Amounts
    use_account: bool
    """Whether the patient lets the personal account pay (acct_used_flag)."""
    stay_id: str = ""
    """The stay that this bill is a part of; empty: a whole by itself. Counts for inpatient care."""
    disease_code: str = ""
    """门诊慢特病 that the bill is for (dise_codg); empty: none."""
    institution_code: str = ""
    """Institution of care; empty in an estimate: one not visited before."""
    long_term_evidence: LongTermEvidence = LongTermEvidence.NONE
    """Of a long-term filing for another place than the care region."""


@dataclass(frozen=True, slots=True)
class Accumulators:
    """Sums of one person, scheme and benefit year, or a change to them; fen and counts.

    Names as in yijie.benefits.v1.Accumulators.
    """

    inpatient_in_scope: int = 0
    inpatient_deductible: int = 0
    inpatient_count: int = 0
    """Stays settled."""
    outpatient_in_scope: int = 0
    outpatient_deductible: int = 0
    outpatient_fund: int = 0
    """Pooled fund of outpatient care."""
    fund_pooled: int = 0
    """Pooled fund of inpatient care."""
    fund_large_amount: int = 0
    fund_critical_illness: int = 0
    critical_illness_base: int = 0
    account_pay: int = 0
    """From accounts, relatives' too."""
    chronic_in_scope: int = 0
    chronic_deductible: int = 0
    chronic_fund: int = 0
    """Pooled fund of chronic outpatient care."""
    large_amount_base: int = 0
    """Cost above the pooled cap, on which the large-amount fund pays."""
    fund_civil_servant: int = 0
    fund_enterprise_supplement: int = 0
    fund_disabled_veteran: int = 0
    medical_aid_base: int = 0
    fund_medical_aid: int = 0
    fund_other: int = 0

    def plus(self, delta: Accumulators) -> Accumulators:
        """Returns the sums after a settlement."""
        return self._combined(delta, 1)

    def minus(self, delta: Accumulators) -> Accumulators:
        """Returns the sums as if the settlement had not been."""
        return self._combined(delta, -1)

    def _combined(self, delta: Accumulators, sign: int) -> Accumulators:
        return Accumulators(
            **{name: getattr(self, name) + sign * getattr(delta, name) for name in SUM_NAMES}
        )


SUM_NAMES: Final = tuple(field.name for field in fields(Accumulators))
"""Names of the accumulators, in their stored order."""
sums_of: Final[Callable[[Accumulators], tuple[int, ...]]] = attrgetter(*SUM_NAMES)
"""Returns the values of accumulators, in that order."""


@dataclass(frozen=True, slots=True)
class StayPart:
    """What a booked part of a stay took (an interim settlement, 中途结算), over all its years."""

    end_date: date
    in_scope: int
    deductible: int
    stays_counted: int
    """What it added to the count of stays: 1, or 0 where another part had been counted."""
    stays_before: int
    """Stays counted in the benefit year before this stay, as of the stay's first part."""


class EntitlementKind(Enum):
    """What a person may be entitled to beyond the scheme."""

    CHRONIC_DISEASE = "chronic_disease"
    MEDICAL_AID = "medical_aid"
    CIVIL_SERVANT = "civil_servant"
    ENTERPRISE_SUPPLEMENT = "enterprise_supplement"
    DISABLED_VETERAN = "disabled_veteran"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a person is entitled to, for a time."""

    kind: EntitlementKind
    code: str
    """Disease code, or AidIdentity; empty for the other kinds."""
    begin_date: date
    end_date: date | None
    """Last day; None: open-ended."""

    def holds_on(self, day: date) -> bool:
        """Tells whether it holds on a day."""
        return self.begin_date <= day and (self.end_date is None or day <= self.end_date)


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums of standing bookings of one month, setting, institution and disease; fen and counts."""

    benefit_year: int
    month: int
    """1 to 12, of the last day of the bookings."""
    setting: Setting
    institution_code: str
    disease_code: str
    same_stay: bool
    """Booked as a part of the stay that is being computed."""
    count: int
    total: int
    in_scope: int
    deductible: int
    fund: int
    """Pooled fund."""


@dataclass(frozen=True, slots=True)
class Purse:
    """The account of a relative that the person may use (家庭共济)."""

    person_id: UUID
    """Its holder."""
    balance: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What counts of a person beside sums and account; only what a policy reads need be there."""

    entitlements: tuple[Entitlement, ...] = ()
    tallies: tuple[Tally, ...] = ()
    relatives: tuple[Purse, ...] = ()
    """In the order in which they pay."""


NO_CIRCUMSTANCES: Final = Circumstances()


@dataclass(frozen=True, slots=True)
class ParameterRead:
    """One policy value as it was read."""

    path: str
    """Place in the pack and the key used: `employee/inpatient/deductible.amount[3]`.

    In place of an identity for medical aid stands `*`.
    """
    value: str
    """As text: `900.00`, `85%`, `points`."""
    effective_from: date
    status: Status
    reference: str
    """Document number, or its title when it has none."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the calculation: an amount that came out, and the parameters read for it."""

    code: str
    """Stable name of the kind of step, e.g. `segment`."""
    name_zh: str
    name_en: str
    base_fen: int
    """Amount that the step works on."""
    result_fen: int
    """Amount that the step gives. Of segments and bands: shown to the fen, summed exactly."""
    parameters: tuple[ParameterRead, ...]
    rounding: str
    """`half_up` or `down` when the result was rounded by the rule, else empty."""


@dataclass(frozen=True, slots=True)
class FundPayment:
    """What one fund pays (setldetail row); never zero."""

    fund_type_code: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Causes:
    """What the patient pays, by cause, after all funds and before any account; fen."""

    full_self_pay: int = 0
    over_limit: int = 0
    prior_self_pay: int = 0
    away_self_pay: int = 0
    """异地先自付."""
    deductible: int = 0
    share: int = 0
    """Of what the funds pay in part."""
    above_cap: int = 0
    """Above the pooled cap, or above the limit of a disease."""

    @property
    def total(self) -> int:
        """All of it: patient_total."""
        return sum(getattr(self, name) for name in CAUSE_NAMES)


CAUSE_NAMES: Final = tuple(field.name for field in fields(Causes))
"""Names of the causes, in the order in which a receipt lists them."""


@dataclass(frozen=True, slots=True)
class YearPart:
    """What one benefit year bears of a bill that is split by days."""

    benefit_year: int
    days: int
    """Days in that year; the last day of the bill is not counted unless it is the only one."""
    amounts: Amounts
    deductible: int
    fund_total: int
    delta: Accumulators


@dataclass(frozen=True, slots=True)
class Outcome:
    """The split of one bill. total = fund_total + account_pay + cash_pay."""

    amounts: Amounts
    deductible: int
    """起付线 actually paid (act_pay_dedc)."""
    deductible_standard: int
    """起付线 of the policy for this bill (crt_dedc)."""
    fund_payments: tuple[FundPayment, ...]
    fund_total: int
    account_pay: int
    account_balance: int
    """The person's own account after this bill."""
    cash_pay: int
    patient_total: int
    """account_pay + cash_pay (psn_part_amt)."""
    above_cap: int
    """In-scope cost that the pooled fund did not reach because of its cap, rounded to the fen."""
    critical_base: int
    """合规自付 of this bill that enters the critical-illness base."""
    delta: Accumulators
    """What is added to `benefit_year`; a bill over several years has more in `year_parts`."""
    benefit_year: int
    """The last year that bears anything of the bill."""
    policy_version: str
    sample: bool
    """True: at least one value used is a sample; the receipt must say 示例."""
    steps: tuple[Step, ...]
    stays_before: int = 0
    """Stays counted in the benefit year before this one, as of the first part of the stay."""
    causes: Causes = Causes()
    """What patient_total is made of."""
    family_payments: tuple[tuple[UUID, int], ...] = ()
    """What each relative's account pays, by its holder; inside account_pay, never zero."""
    year_parts: tuple[YearPart, ...] = ()
    """Years ascending, where the bill is split by days; empty: one year bears it all."""

    @property
    def deltas(self) -> tuple[tuple[int, Accumulators], ...]:
        """What is added to each benefit year, ascending."""
        if not self.year_parts:
            return ((self.benefit_year, self.delta),)
        return tuple((part.benefit_year, part.delta) for part in self.year_parts)
