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
"""The ten diseases settled directly nationwide, code → name."""

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
"""Sub-types of the ten; the first three digits are the disease's."""

_LOCAL_PARENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"HBLB101": "M03900", "HBLB201": "M01600"}
)

LOCAL: Final[Mapping[str, str]] = MappingProxyType(
    {"HBLB101": "高血压(两病门诊用药)", "HBLB201": "糖尿病(两病门诊用药)"}
)
"""Local extension codes without the national form."""

DISEASES: Final[Mapping[str, str]] = MappingProxyType({**NATIONAL, **OTHERS, **CHILDREN, **LOCAL})
"""Every code that the hub knows, code → name."""


def is_known_disease(code: str) -> bool:
    """Tells whether a chronic or special disease has this code."""
    return code in DISEASES


def national_disease(code: str) -> str:
    """Returns the one of the ten that a code belongs to, itself included; empty: to none."""
    parent = _LOCAL_PARENTS.get(code, f"{code[:4]}00")
    return parent if code in DISEASES and parent in NATIONAL else ""
