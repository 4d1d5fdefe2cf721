"""The kinds of rules about one bill that are set by parameters; see rules_kinds for their names.

Every function takes what its step needs; what is left is refused as unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.domain.model import Sex
from services.supervision.domain.steps.charges import (
    MaterialWithoutOperation,
    OperationUnrecorded,
    PriceStandard,
    StayDays,
    SupplyDays,
)
from services.supervision.domain.steps.clinical import (
    Contraindicated,
    DailyDose,
    DiagnosisAge,
    DiagnosisSex,
    ExaminationPanel,
    Incompatible,
    SameGroup,
)
from services.supervision.domain.steps.duplicates import Exclusive, Window
from services.supervision.domain.steps.payment import (
    Department,
    DoctorNamed,
    HerbsAlone,
    NotListed,
    RescueOnly,
)
from services.supervision.domain.steps.records import (
    DiagnosisMissing,
    DiagnosisUncoded,
    FeeOutsideVisit,
    FeeTooOld,
    IdentityBirth,
)
from services.supervision.domain.steps.stays import ExaminationStay, IdleStay
from services.supervision.domain.steps.windows import VisitQuantity
from services.supervision.rules_plan import HISTORY_DAYS_MAX

if TYPE_CHECKING:
    from services.supervision.rules_manifest import Fields
    from services.supervision.rules_plan import Head, MakeBill, MakeItem
    from services.supervision.rules_readers import PerItem

_YEARS_MAX: Final = 150


# --- payment --------------------------------------------------------------------------------------


def rescue(p: Fields, _: Head) -> PerItem:
    """Reads the parameters of rescue."""
    prefixes = p.prefixes("rescue_prefixes")
    return lambda _: lambda rule: RescueOnly(rule=rule, rescue_prefixes=prefixes)


def department(p: Fields, _: Head) -> PerItem:
    """Reads the parameters of department."""
    prefixes, zh, en = p.prefixes("department_prefixes"), p.text("zh"), p.text("en")
    return lambda _: (
        lambda rule: Department(rule=rule, department_prefixes=prefixes, text_zh=zh, text_en=en)
    )


def doctor(_: Fields, __: Head) -> PerItem:
    """Reads the parameters of doctor."""
    return lambda _: lambda rule: DoctorNamed(rule=rule)


def herbs_alone(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of herbs_alone."""
    prefixes = p.prefixes("herb_prefixes")
    return lambda rule: HerbsAlone(rule=rule, herb_prefixes=prefixes)


def not_listed(_: Fields, __: Head) -> MakeBill:
    """Reads the parameters of not_listed."""
    return lambda rule: NotListed(rule=rule)


# --- charges --------------------------------------------------------------------------------------


def exclusive(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of exclusive."""
    prefixes, window = p.prefixes("prefixes"), p.member("window", Window)
    zh, en = p.text("zh"), p.text("en")
    return lambda rule: Exclusive(
        rule=rule, prefixes=prefixes, window=window, text_zh=zh, text_en=en
    )


def visit_quantity(p: Fields, head: Head) -> PerItem:
    """Reads the parameters of visit_quantity."""
    days_each = p.number("days_each", low=1) if p.has("days_each") else 0

    def per_item(item: Fields) -> MakeItem:
        most = item.decimal("quantity_max")
        return lambda rule: VisitQuantity(
            rule=rule, result_class=head.result_class, quantity_max=most, days_each=days_each
        )

    return per_item


def price(_: Fields, __: Head) -> PerItem:
    """Reads the parameters of price."""

    def per_item(item: Fields) -> MakeItem:
        most = item.decimal("price_max")
        return lambda rule: PriceStandard(rule=rule, price_max=most)

    return per_item


def stay_days(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of stay_days."""
    prefixes, extra = p.prefixes("prefixes"), p.number("extra_days", high=2)
    zh, en = p.text("zh"), p.text("en")
    return lambda rule: StayDays(
        rule=rule, prefixes=prefixes, extra_days=extra, text_zh=zh, text_en=en
    )


def material(_: Fields, __: Head) -> PerItem:
    """Reads the parameters of material."""

    def per_item(item: Fields) -> MakeItem:
        operations, items = item.prefixes("operation_prefixes"), item.prefixes("item_prefixes")
        return lambda rule: MaterialWithoutOperation(
            rule=rule, operation_prefixes=operations, item_prefixes=items
        )

    return per_item


def operation_unrecorded(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of operation_unrecorded."""
    prefixes, empty = p.prefixes("prefixes"), p.flag("empty_is_none", default=False)
    return lambda rule: OperationUnrecorded(rule=rule, prefixes=prefixes, empty_is_none=empty)


def supply_days(p: Fields, _: Head) -> PerItem:
    """Reads the parameters of supply_days."""
    days = p.number("days_max", low=1, high=HISTORY_DAYS_MAX)
    return lambda _: lambda rule: SupplyDays(rule=rule, days_max=days)


# --- clinical -------------------------------------------------------------------------------------


def same_group(entry: Fields, _: Head) -> MakeBill:
    """Reads the parameters of same_group."""
    prefix, zh, en = entry.prefix("prefix"), entry.text("zh"), entry.text("en")
    return lambda rule: SameGroup(rule=rule, prefix=prefix, text_zh=zh, text_en=en)


def incompatible(entry: Fields, _: Head) -> MakeBill:
    """Reads the parameters of incompatible."""
    one, other = entry.prefixes("one"), entry.prefixes("other")
    zh, en = entry.text("zh"), entry.text("en")
    return lambda rule: Incompatible(rule=rule, one=one, other=other, text_zh=zh, text_en=en)


def contraindicated(_: Fields, __: Head) -> PerItem:
    """Reads the parameters of contraindicated."""

    def per_item(item: Fields) -> MakeItem:
        prefixes, zh, en = item.prefixes("diagnosis_prefixes"), item.text("zh"), item.text("en")
        return lambda rule: Contraindicated(
            rule=rule, diagnosis_prefixes=prefixes, text_zh=zh, text_en=en
        )

    return per_item


def dose(_: Fields, __: Head) -> PerItem:
    """Reads the parameters of dose."""

    def per_item(item: Fields) -> MakeItem:
        most = item.decimal("units_max")
        return lambda rule: DailyDose(rule=rule, units_max=most)

    return per_item


def panel(entry: Fields, _: Head) -> MakeBill:
    """Reads the parameters of panel."""
    prefixes, most = entry.prefixes("prefixes"), entry.number("count_max", low=1)
    zh, en = entry.text("zh"), entry.text("en")
    return lambda rule: ExaminationPanel(
        rule=rule, prefixes=prefixes, count_max=most, text_zh=zh, text_en=en
    )


def diagnosis_sex(entry: Fields, _: Head) -> MakeBill:
    """Reads the parameters of diagnosis_sex."""
    sex, prefixes = entry.member("sex", Sex), entry.prefixes("diagnosis_prefixes")
    if sex is Sex.UNKNOWN:
        entry.refuse("a limit needs a known sex", key="sex")
    return lambda rule: DiagnosisSex(rule=rule, sex=sex, diagnosis_prefixes=prefixes)


def diagnosis_age(entry: Fields, _: Head) -> MakeBill:
    """Reads the parameters of diagnosis_age."""
    low = entry.number("years_min", high=_YEARS_MAX, default=0)
    high = entry.number("years_max", high=_YEARS_MAX, default=_YEARS_MAX)
    if low > high:
        entry.refuse("years_min is above years_max")
    prefixes = entry.prefixes("diagnosis_prefixes")
    return lambda rule: DiagnosisAge(
        rule=rule, years_min=low, years_max=high, diagnosis_prefixes=prefixes
    )


# --- records --------------------------------------------------------------------------------------


def identity_birth(_: Fields, __: Head) -> MakeBill:
    """Reads the parameters of identity_birth."""
    return lambda rule: IdentityBirth(rule=rule)


def diagnosis_missing(_: Fields, __: Head) -> MakeBill:
    """Reads the parameters of diagnosis_missing."""
    return lambda rule: DiagnosisMissing(rule=rule)


def diagnosis_uncoded(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of diagnosis_uncoded."""
    prefixes = p.prefixes("vague_prefixes")
    return lambda rule: DiagnosisUncoded(rule=rule, vague_prefixes=prefixes)


def fee_outside(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of fee_outside."""
    before, after = p.number("days_before", high=30), p.number("days_after", high=30)
    return lambda rule: FeeOutsideVisit(rule=rule, days_before=before, days_after=after)


def fee_old(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of fee_old."""
    days = p.number("days_max", low=1, high=3650)
    return lambda rule: FeeTooOld(rule=rule, days_max=days)


def idle(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of idle."""
    prefixes, days = p.prefixes("idle_prefixes"), p.number("days_min", low=1)
    share = p.share("share_min")
    return lambda rule: IdleStay(rule=rule, idle_prefixes=prefixes, days_min=days, share_min=share)


def examination_stay(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of examination_stay."""
    prefixes, days = p.prefixes("prefixes"), p.number("days_max", low=1)
    share = p.share("share_min")
    return lambda rule: ExaminationStay(
        rule=rule, prefixes=prefixes, days_max=days, share_min=share
    )
