"""What each parameter, step, scheme and setting means, in Chinese and English: one table for all.

The skeleton of a new pack, `yijie policy explain` and `yijie policy check` read it; a test holds it
against the schema, so that a new parameter cannot be without its meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.benefits.domain.model import Setting, Status
from services.benefits.domain.schema import AnySpec, PolicyStep, Unit
from services.kit.codes import SCHEME_EMPLOYEE, SCHEME_RESIDENT

if TYPE_CHECKING:
    from collections.abc import Mapping

Text = tuple[str, str]
"""Chinese, English."""

SCHEMES: Final[Mapping[str, Text]] = {
    SCHEME_EMPLOYEE: ("职工医保", "employee"),
    SCHEME_RESIDENT: ("居民医保", "resident"),
}
SETTINGS: Final[Mapping[Setting, Text]] = {
    Setting.INPATIENT: ("住院", "inpatient"),
    Setting.OUTPATIENT: ("门诊", "outpatient"),
    Setting.CHRONIC: ("门诊慢特病", "chronic"),
    Setting.PHARMACY: ("药店购药", "pharmacy"),
}
STATUSES: Final[Mapping[Status, Text]] = {
    Status.PUBLISHED: ("已公布", "published"),
    Status.SECONDARY: ("转引", "secondary"),
    Status.SAMPLE: ("示例", "sample"),
}

STEPS: Final[Mapping[PolicyStep | None, Text]] = {
    None: ("通用", "for every step"),
    PolicyStep.AWAY_SELF_PAY: ("异地先自付", "paid first away from home"),
    PolicyStep.DEDUCTIBLE: ("起付线", "deductible"),
    PolicyStep.SEGMENTS: ("统筹分段支付", "segments of the pooled fund"),
    PolicyStep.DISEASE_LIMIT: ("病种限额", "limit of a disease"),
    PolicyStep.POOLED_CAP: ("统筹封顶线", "cap of the pooled fund"),
    PolicyStep.LARGE_AMOUNT: ("大额医疗费用补助", "large-amount fund"),
    PolicyStep.CRITICAL_ILLNESS: ("大病保险", "critical-illness insurance"),
    PolicyStep.CIVIL_SERVANT: ("公务员医疗补助", "civil-servant subsidy"),
    PolicyStep.ENTERPRISE_SUPPLEMENT: ("企业补充医疗保险", "enterprise supplement"),
    PolicyStep.DISABLED_VETERAN: ("一至六级残疾军人医疗补助", "disabled-veteran subsidy"),
    PolicyStep.MEDICAL_AID: ("医疗救助", "medical aid"),
    PolicyStep.OTHER_FUND: ("其他基金", "other fund"),
    PolicyStep.ACCOUNT: ("个人账户", "personal account"),
}

_FUND: Final[Mapping[str, Text]] = {
    "counts": ("计入的个人负担", "which parts of the patient's burden count"),
    "scale": ("分段支付比例", "ratio by brackets of the counted burden"),
    "cap": ("年度支付限额", "most that it pays in a benefit year"),
}
_OWN: Final[Mapping[str, Text]] = {
    "rounding": ("舍入到分的方法", "how each fund amount becomes whole fen"),
    "year_end": ("跨年度住院的归属", "which benefit year bears a stay over a year's end"),
    "away_self_pay.ratio": (
        "跨区域就医先自付比例",
        "share of the in-scope cost that is the patient's before the deductible, away from home",
    ),
    "deductible.mode": ("起付线收取方式", "how often the deductible is taken"),
    "deductible.amount": ("起付标准", "the deductible"),
    "deductible.step": ("每次住院递减额", "what each further stay of the year takes off"),
    "deductible.floor": ("递减后的最低起付标准", "what it is never lowered below"),
    "segments.basis": ("分段依据", "what the bounds of the brackets are measured on"),
    "segments.span": ("分段区间", "whether the brackets run over a stay or over the year"),
    "segments.scale": ("统筹支付比例", "ratio of the pooled fund by brackets"),
    "reduction.mode": (
        "异地就医下浮方式",
        "points: 85 % less 10 % is 75 %; factor: 85 % less 10 % is 76.5 %",
    ),
    "reduction.filed": ("已备案的下浮", "reduction for care elsewhere that is filed"),
    "reduction.unfiled": ("未备案的下浮", "reduction for care elsewhere that is not filed"),
    "reduction.applies_to": ("下浮适用的环节", "whose ratios are reduced"),
    "reduction.home_provinces": (
        "视同本地的省份",
        "provinces where care counts as care at home; without it: none",
    ),
    "reduction.two_way": (
        "长期备案后回参保地就医的下浮",
        "reduction for care at home of who is filed elsewhere; without it: as anybody at home",
    ),
    "reduction.two_way_commitment": (
        "仅有承诺书者回参保地就医",
        "what it is to who filed by a commitment letter only",
    ),
    "disease_limit.type": ("病种限额类型", "what the limit of the disease limits"),
    "disease_limit.amount": ("病种限额", "the limit of the disease"),
    "disease_limit.period": ("病种限额周期", "over what the limit runs"),
    "pooled_cap.amount": ("统筹年度封顶线", "most that the pooled fund pays in a benefit year"),
    "pooled_cap.basis": ("封顶线依据", "whether the cap limits what the fund pays, or the cost"),
    "pooled_cap.counts": ("封顶线累计范围", "which pooled payments of the year count"),
    "large_amount.scale": ("大额支付比例", "ratio by brackets of the year's cost above the cap"),
    "large_amount.cap": ("大额年度限额", "most that it pays in a benefit year"),
    "critical_illness.threshold": ("大病起付线", "burden of the year above which it pays"),
    "critical_illness.basis": ("大病分段依据", "what its brackets are measured on"),
    "critical_illness.scale": ("大病支付比例", "ratio by brackets of the burden of the year"),
    "critical_illness.deductible_counts": (
        "基本医保起付线是否计入大病",
        "whether the deductible counts as burden",
    ),
    "critical_illness.cap": ("大病年度限额", "most that it pays in a benefit year"),
    "account.pays": ("个人账户可支付的部分", "which parts the own account may pay"),
    "account.family_pays": (
        "家庭共济账户可支付的部分",
        "which parts accounts of relatives may pay; without it: none",
    ),
}
_FUND_STEPS: Final = (
    PolicyStep.CIVIL_SERVANT,
    PolicyStep.ENTERPRISE_SUPPLEMENT,
    PolicyStep.DISABLED_VETERAN,
    PolicyStep.MEDICAL_AID,
    PolicyStep.OTHER_FUND,
)
PARAMETERS: Final[Mapping[str, Text]] = {
    **_OWN,
    **{
        f"{step.value}.{name}": (f"{STEPS[step][0]}：{zh}", f"{STEPS[step][1]}: {en}")
        for step in _FUND_STEPS
        for name, (zh, en) in _FUND.items()
    },
}
"""Per path of the schema."""

WORDS: Final[Mapping[str, str]] = {
    "half_up": "四舍五入",
    "down": "舍去尾数",
    "one_bill": "按出院日一并计算",
    "split_by_days": "按天分摊",
    "per_stay": "每次住院",
    "per_year": "每年",
    "per_quarter": "每季",
    "per_month": "每月",
    "per_hospital": "每家机构每年首次",
    "top_up": "年度内补足差额",
    "nth_stay": "按年度内第几次住院",
    "decreasing_stay": "逐次递减",
    "cost": "政策范围内费用",
    "base": "扣除起付线后的费用",
    "fund": "统筹基金支付额",
    "stay": "按次",
    "year": "按年度",
    "quarter": "按季度",
    "month": "按月",
    "points": "减百分点",
    "factor": "按比例降低",
    "segments": "统筹分段",
    "large_amount": "大额补助",
    "critical_illness": "大病保险",
    "as_documented": "与提交材料者相同",
    "as_unfiled": "按未备案",
    "not_covered": "补齐材料前不支付",
    "in_scope": "政策范围内",
    "total": "费用总额",
    "fund_quota": "基金定额",
    "setting": "本类别",
    "scheme": "本险种",
    "burden": "年度合规自付额",
    "above_threshold": "超过起付线的部分",
    "away_self_pay": "异地先自付",
    "deductible": "起付线",
    "share": "按比例自付",
    "above_cap": "超封顶线",
    "prior_self_pay": "先行自付",
    "over_limit": "超限价",
    "full_self_pay": "全自费",
    "true": "是",
    "false": "否",
    "unlimited": "不设限",
}
"""Chinese of each word that a value can be, also in a list of them."""

FORMS: Final[Mapping[Unit, str]] = {
    Unit.CNY: "yuan with two decimals, e.g. 900.00",
    Unit.RATIO: 'a ratio of 0 to 1, e.g. 0.85, or a quoted fraction "2/37"',
    Unit.SCALE: "brackets {above: 0.00, ratio: 0.85}, ascending from 0.00",
    Unit.FLAG: "true or false",
    Unit.PROVINCES: 'a list of the first two digits of area codes, e.g. ["11", "12"]',
}


def in_chinese(value: str) -> str:
    """Returns a value that is a word or a list of words in Chinese; empty: it is neither."""
    words = [WORDS.get(word, "") for word in value.split(", ")]
    return "、".join(words) if all(words) else ""


def form(spec: AnySpec) -> str:
    """Returns what a value of a parameter is written like."""
    if spec.choices is not None:
        words = ", ".join(str(item.value) for item in spec.choices)
        return f"one of: {words}" if spec.unit is Unit.CHOICE else f"a list [a, b] of: {words}"
    unlimited = ", or `unlimited`" if spec.unbounded else ""
    return FORMS[spec.unit] + unlimited
