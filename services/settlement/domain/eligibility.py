"""Whether a chronic outpatient disease (门诊慢特病) can settle here, and whose turn it is. Pure.

What must come together: the insured region has the disease and has qualified the person, the
institution has opened it, the filing is there, the diagnosis belongs to it (医保发〔2022〕22号,
〔2024〕21号).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from services.kit import codes, diseases


class Party(Enum):
    """Who must act."""

    NOBODY = "nobody"
    PATIENT = "patient"
    INSURED_AGENCY = "insured_agency"
    CARE_AGENCY = "care_agency"
    INSTITUTION = "institution"
    HUB = "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One business that an institution may settle across provinces."""

    medical_type_code: str
    disease_code: str
    """"": every disease."""
    begin_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the insured region has."""

    has_route: bool
    """False: the hub knows nobody to ask."""
    version: str
    """"": none for the scheme."""
    disease_code: str
    """As the policy names it: the code itself or the national disease above it; "": neither."""
    qualified_disease_code: str
    """As the person is qualified for it; "": the person is not, or none was named."""
    qualified_end_date: date | None
    """Last day of that; None: open-ended."""
    diagnosis_matches: bool
    diagnosis_prefixes: Sequence[str]
    """Diagnoses of the disease, prefixes of ICD-10 codes; none: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What filing says of a person at the place of care."""

    is_filed: bool
    explanation_zh: str
    explanation_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the checks look at."""

    disease_code: str
    day: date
    insured_region_code: str
    institution_name: str
    openings: Sequence[Opening]
    has_diagnoses: bool
    """False: none was named, so none is compared."""
    has_person: bool
    policy: Policy
    filed: Filed | None
    """None: no person was named."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    code: str
    passed: bool
    responsible: Party
    """Whose turn it is where it does not hold; else nobody."""
    zh: str
    en: str


def checks_of(facts: Facts) -> list[Check]:
    """Returns every check, in the order in which to act."""
    return [
        _disease(facts),
        _policy(facts),
        _qualification(facts),
        _opening(facts),
        _filing(facts),
        _diagnosis(facts),
    ]


def _passed(code: str, zh: str, en: str) -> Check:
    return Check(code, passed=True, responsible=Party.NOBODY, zh=zh, en=en)


def _failed(code: str, responsible: Party, zh: str, en: str) -> Check:
    return Check(code, passed=False, responsible=responsible, zh=zh, en=en)


def _disease(facts: Facts) -> Check:
    code = facts.disease_code
    name, national = diseases.DISEASES[code], diseases.national_disease(code)
    if not national:
        return _passed(
            "disease_known",
            f"{name}（{code}）不属于全国统一的十个病种，双方均已配置的可以直接结算。",
            f"{code} is none of the ten national diseases; it settles where both sides have it.",
        )
    zh, en = diseases.NATIONAL[national], diseases.NATIONAL_EN[national]
    if national == code:
        return _passed(
            "disease_known",
            f"{name}（{code}）是全国统一的十个病种之一。",
            f"{code} ({en}) is one of the ten national diseases.",
        )
    return _passed(
        "disease_known",
        f"{name}（{code}）归入全国病种{zh}（{national}）。",
        f"{code} belongs to the national disease {national} ({en}).",
    )


def _policy(facts: Facts) -> Check:
    policy, code = facts.policy, facts.disease_code
    region = codes.area_name(facts.insured_region_code)
    where = f"{region}（{facts.insured_region_code}）"
    insured = f"insured region {facts.insured_region_code}"
    if not policy.has_route:
        return _failed(
            "policy",
            Party.HUB,
            f"平台未接入参保地{where}，无从询问。",
            f"The hub has no way to ask the {insured}.",
        )
    if not policy.version:
        return _failed(
            "policy",
            Party.INSURED_AGENCY,
            f"参保地{where}尚未配置该险种当日的门诊慢特病政策。",
            f"The {insured} has no chronic outpatient policy for the scheme on that day.",
        )
    if not policy.disease_code:
        return _failed(
            "policy",
            Party.INSURED_AGENCY,
            f"参保地{where}的政策没有此病种。",
            f"The policy of the {insured} does not have the disease.",
        )
    if policy.disease_code == code:
        zh, en = f"参保地{where}的政策有此病种。", f"The policy of the {insured} has the disease."
    else:
        zh = f"参保地{where}的政策按病种{policy.disease_code}支付。"
        en = f"The policy of the {insured} pays for it as {policy.disease_code}."
    return _passed("policy", zh, en)


def _qualification(facts: Facts) -> Check:
    policy = facts.policy
    if not facts.has_person:
        return _passed(
            "qualification",
            "未指明参保人，未查询待遇资格；须经参保地认定后方可结算。",
            "No person was named, so nobody's qualification was asked for; it is needed.",
        )
    if not policy.has_route:
        return _failed(
            "qualification",
            Party.HUB,
            "参保地无从询问，待遇资格未知。",
            "The insured region cannot be asked, so the qualification is not known.",
        )
    if not policy.qualified_disease_code:
        return _failed(
            "qualification",
            Party.INSURED_AGENCY,
            "该日未取得此病种的待遇资格，请向参保地经办机构申请认定。",
            "The person is not qualified for the disease on that day; apply to the insured agency.",
        )
    until = policy.qualified_end_date
    held = policy.qualified_disease_code
    return _passed(
        "qualification",
        f"已取得病种{held}的待遇资格，" + (f"有效期至{until}。" if until else "长期有效。"),
        f"Qualified for {held}, " + (f"until {until}." if until else "open-ended."),
    )


def _opening(facts: Facts) -> Check:
    name = facts.institution_name
    live = [
        opening
        for opening in facts.openings
        if opening.medical_type_code == diseases.MEDICAL_TYPE
        and opening.begin_date <= facts.day
        and (opening.end_date is None or facts.day <= opening.end_date)
    ]
    if not live:
        return _failed(
            "opening",
            Party.CARE_AGENCY,
            f"{name}该日未开通门诊慢特病跨省直接结算，由就医地经办机构办理。",
            "The institution is not opened for chronic outpatient visits on that day; the care "
            "agency opens it.",
        )
    if not any(
        not opening.disease_code or diseases.covers(opening.disease_code, facts.disease_code)
        for opening in live
    ):
        return _failed(
            "opening",
            Party.INSTITUTION,
            f"{name}已开通门诊慢特病跨省直接结算，但未开通此病种，由该机构向就医地经办机构申请。",
            "The institution is opened for chronic outpatient visits, but not for this disease; "
            "it applies to the care agency.",
        )
    return _passed(
        "opening",
        f"{name}已开通此病种的跨省直接结算。",
        "The institution is opened for the disease.",
    )


def _filing(facts: Facts) -> Check:
    filed = facts.filed
    if filed is None:
        return _passed(
            "filing",
            "未指明参保人，未查询备案。",
            "No person was named, so no filing was asked for.",
        )
    if filed.is_filed:
        return _passed("filing", filed.explanation_zh, filed.explanation_en)
    # An unfiled bill settles, at the unfiled level: filing is a counsel, not a condition.
    return _passed(
        "filing",
        f"{filed.explanation_zh}可以结算，但待遇较低；先办理跨省异地就医备案可少付。",
        f"{filed.explanation_en} It can settle, at the lower benefit; file first to pay less.",
    )


def _diagnosis(facts: Facts) -> Check:
    policy = facts.policy
    if not facts.has_diagnoses:
        return _passed(
            "diagnosis", "未提供诊断，未比对。", "No diagnosis was named, so none was compared."
        )
    if not policy.disease_code:
        return _passed(
            "diagnosis",
            "参保地政策没有此病种，诊断未比对。",
            "The policy does not have the disease, so no diagnosis was compared.",
        )
    if policy.diagnosis_matches:
        return _passed(
            "diagnosis",
            "诊断符合参保地对此病种的规定。",
            "A diagnosis belongs to the disease as the insured region has it.",
        )
    wanted = "、".join(policy.diagnosis_prefixes)
    return _failed(
        "diagnosis",
        Party.INSTITUTION,
        f"诊断不属于参保地规定的此病种诊断（{wanted}），请医疗机构核对诊断编码。",
        f"No diagnosis belongs to the disease as the insured region has it "
        f"({', '.join(policy.diagnosis_prefixes)}); the institution checks the code.",
    )
