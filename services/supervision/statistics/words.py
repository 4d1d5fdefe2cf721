"""Chinese words of what statistics show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.reasons import TEXT_ZH
from services.supervision.domain.direct_rate import Eligibility, SelfPaidReason

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTIES: Final[Mapping[str, str]] = {
    "CARE_PROVINCE": "就医地",
    "INSURED_PROVINCE": "参保地",
    "INSTITUTION": "定点医药机构",
    "HUB": "国家平台",
    "PATIENT": "参保人",
}
SELF_PAID_REASONS: Final[Mapping[str, str]] = {
    SelfPaidReason.NOT_STATED.value: "未说明",
    SelfPaidReason.NOT_OPENED.value: "机构未开通该医疗类别",
    SelfPaidReason.SYSTEM_FAULT.value: "系统故障",
    SelfPaidReason.CREDENTIAL_NOT_READ.value: "卡码无法识别",
    SelfPaidReason.NOT_FILED.value: "未查到备案",
    SelfPaidReason.PATIENT_CHOSE.value: "患者选择回参保地报销",
    SelfPaidReason.THIRD_PARTY_LIABLE.value: "第三人责任",
    SelfPaidReason.OTHER.value: "其他",
}
ELIGIBILITIES: Final[Mapping[str, str]] = {
    Eligibility.ELIGIBLE.value: "可直接结算",
    Eligibility.NOT_INSURED.value: "出院日参保无效",
    Eligibility.NOT_FILED.value: "无有效备案",
    Eligibility.NOT_COVERED.value: "基金不予支付",
}
RESULT_CLASSES: Final[Mapping[str, str]] = {
    "VIOLATION": "违规",
    "SUSPICIOUS": "可疑",
    "TO_VERIFY": "待核实",
}


def province(code: str) -> str:
    """Returns the short name of a province: 宁夏回族自治区 → 宁夏."""
    if not code:
        return "全国"
    name = codes.PROVINCES.get(code, code)
    for ending in (
        "维吾尔自治区",
        "壮族自治区",
        "回族自治区",
        "自治区",
        "生产建设兵团",
        "省",
        "市",
    ):
        if name.endswith(ending) and name != ending:
            short = name.removesuffix(ending)
            return f"{short}兵团" if ending == "生产建设兵团" else short
    return name


def area(code: str) -> str:
    """Returns the name of an area with its province: 宁夏·银川市."""
    if code == codes.province_of(code):
        return province(code)
    return f"{province(codes.province_of(code))}·{codes.area_name(code) or code}"


def reason(name: str) -> str:
    """Returns the Chinese text of a reason of refusal."""
    return TEXT_ZH.get(name, name)


def month(text: str) -> str:
    """Returns a month in Chinese: 2026-03 → 2026年3月."""
    return f"{text[:4]}年{int(text[5:])}月"
