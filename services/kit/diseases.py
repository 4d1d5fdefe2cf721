"""Chronic and special diseases of outpatient visits (门诊慢特病), national field dise_codg. Pure.

The ten that every pooling area settles across provinces: 医保发〔2022〕22号 (five) and
医保发〔2024〕21号 (five more); codes of the national list, M and five digits. The others stand in
lists that provinces publish or use; they settle where both sides are configured, so the hub knows
them and the insured region decides. Local extensions have codes of their own and belong to a
national disease.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEDICAL_TYPE: Final = "14"
"""The medical type (med_type) of a chronic or special disease: the only one with a disease code."""
REQUIREMENT: Final = "required with medical type 14, and with no other"
"""What is wrong with a disease code that is missing, or that stands beside another type."""


def _table(text: str) -> Mapping[str, str]:
    words = text.split()
    return MappingProxyType(dict(zip(words[::2], words[1::2], strict=True)))


NATIONAL: Final = _table(
    """
    M03900 高血压 M01600 糖尿病 M00500 恶性肿瘤门诊治疗 M07800 尿毒症透析
    M08300 器官移植术后抗排异治疗 M05300 慢性阻塞性肺疾病 M06900 类风湿关节炎 M04600 冠心病
    M00200 病毒性肝炎 M07200 强直性脊柱炎
    """
)
"""The ten diseases settled directly nationwide, code → name.

In doubt: M00500 and M00200 are read off their sub-types, which are published; the parents are not.
One local list reads M07800 as 慢性肾功能不全非透析.
"""

NATIONAL_EN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "M03900": "hypertension",
        "M01600": "diabetes",
        "M00500": "outpatient treatment of malignant tumours",
        "M07800": "dialysis for uraemia",
        "M08300": "anti-rejection treatment after an organ transplant",
        "M05300": "chronic obstructive pulmonary disease",
        "M06900": "rheumatoid arthritis",
        "M04600": "coronary heart disease",
        "M00200": "viral hepatitis",
        "M07200": "ankylosing spondylitis",
    }
)
"""English names of the ten; ours, there is no official one."""

OTHERS: Final = _table(
    """
    M00105 活动性肺结核 M00300 艾滋病 M01102 再生障碍性贫血 M01103 地中海贫血 M01200 血友病
    M02101 精神分裂症 M02102 双相情感障碍 M02300 帕金森病 M02500 癫痫 M02900 多发性硬化
    M03701 湿性年龄相关性黄斑变性 M04000 肺动脉高压 M04301 慢性心功能不全 M04803 脑血管病后遗症
    M05400 支气管哮喘 M06000 克罗恩病 M06201 肝硬化失代偿期 M06501 溃疡性结肠炎 M06700 银屑病
    M07101 系统性红斑狼疮
    """
)
"""Diseases of provincial lists, beside the ten."""

CHILDREN: Final = _table(
    """
    M00503 恶性肿瘤放化疗、介入及核素治疗 M00504 恶性肿瘤非放化疗治疗
    M07803 血液透析 M07804 腹膜透析 M00201 慢性乙型肝炎 M00202 丙型肝炎
    M01603 糖尿病(地方细分) M01609 糖尿病黄斑水肿 M03902 高血压(地方细分)
    """
)
"""Sub-types of the ten; the first three digits are the disease's.

In doubt: what M01603 and M03902 stand for is one city's; only that they belong to the two is known.
"""

_LOCAL_PARENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"HBLB101": "M03900", "HBLB201": "M01600"}
)

LOCAL: Final[Mapping[str, str]] = MappingProxyType(
    {"HBLB101": "高血压(两病门诊用药)", "HBLB201": "糖尿病(两病门诊用药)"}
)
"""Local extension codes without the national form."""

DISEASES: Final[Mapping[str, str]] = MappingProxyType({**NATIONAL, **OTHERS, **CHILDREN, **LOCAL})
"""Every code that the hub knows, code → name."""


def _prefixes(text: str) -> tuple[str, ...]:
    # "I10-I13" stands for every three-character category from the first to the last.
    found: list[str] = []
    for word in text.split():
        first, _, last = word.partition("-")
        letter, low, high = first[0], int(first[1:]), int((last or first)[1:])
        found.extend(f"{letter}{number:02}" for number in range(low, high + 1))
    return tuple(found)


DIAGNOSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "M03900": _prefixes("I10-I13 I15"),
        "M01600": _prefixes("E10-E14"),
        "M00500": _prefixes("C00-C97"),
        "M07800": _prefixes("N18 N19 Z49"),
        "M08300": _prefixes("T86 Z94"),
        "M05300": _prefixes("J44"),
        "M06900": _prefixes("M05 M06"),
        "M04600": _prefixes("I20-I25"),
        "M00200": _prefixes("B15-B19"),
        "M07200": _prefixes("M45"),
    }
)
"""Which diagnoses speak for each of the ten, code → ICD-10 categories. A SAMPLE mapping.

After the chapters of ICD-10; no published list of ours stands behind it. A region's own mapping is
in its policy and goes before this one.
"""


def is_known_disease(code: str) -> bool:
    """Tells whether a chronic or special disease has this code."""
    return code in DISEASES


def national_disease(code: str) -> str:
    """Returns the one of the ten that a code belongs to, itself included; empty: to none."""
    parent = _LOCAL_PARENTS.get(code, f"{code[:4]}00")
    return parent if code in DISEASES and parent in NATIONAL else ""


def covers(listed: str, code: str) -> bool:
    """Tells whether a listed disease is that of a code: the code itself, or the one it belongs to.

    M07800 covers M07803 and M07800; M07803 covers itself alone. An unknown code covers nothing.
    """
    return listed in DISEASES and listed in {code, national_disease(code)}


def rolled_up(code: str) -> tuple[str, ...]:
    """Returns a known code and the national disease above it, nearest first; unknown: nothing.

    What a list may name to mean this code: M07803 → M07803, M07800; M02500 → M02500.
    """
    if code not in DISEASES:
        return ()
    parent = national_disease(code)
    return (code,) if parent in {"", code} else (code, parent)


def is_diagnosed(prefixes: tuple[str, ...], diagnoses: tuple[str, ...]) -> bool:
    """Tells whether a diagnosis speaks for a disease.

    Args:
        prefixes: of `DIAGNOSES` or of a region's own mapping; none: every diagnosis does.
        diagnoses: ICD-10 codes of the bill, e.g. `I10.x00x002`.
    """
    return not prefixes or any(diagnosis.startswith(prefixes) for diagnosis in diagnoses)


def disease_of_diagnosis(diagnosis: str) -> str:
    """Returns the national disease that a diagnosis speaks for by the sample; empty: none."""
    return next(
        (disease for disease, prefixes in DIAGNOSES.items() if diagnosis.startswith(prefixes)), ""
    )
