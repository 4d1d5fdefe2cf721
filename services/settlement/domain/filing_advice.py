"""What to do to be in a filing state, for who plans a visit (规程 Art. 7, 8, 10, 16, 34). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.kit import codes

Texts = tuple[str, str]
"""A text in Chinese and in English."""

_NOW: Final[Texts] = (
    "目前即为此状态，无须再办。",
    "This is the state now; nothing is to be done.",
)
_LONG_TERM_ZH: Final = (
    "办理跨省异地长期居住备案，人员类型：{kind}。向参保地经办机构或国家线上备案渠道提交有效身份凭证、"
    "登记备案表和{evidence}，也可先以个人承诺书代替；长期有效，参保地可规定不超过6个月的变更限制期"
    "（规程第七条、第八条、第十条）。"
)
_LONG_TERM_EN: Final = (
    "File for long-term stay as {kind}: with the insured agency or the national online channels, "
    "by a valid identity document, the form and {evidence}, or a signed commitment letter in its "
    "place; valid until changed, which the insured region may exclude for up to 6 months "
    "(Art. 7, 8, 10)."
)
_KINDS: Final[Mapping[str, tuple[Texts, Texts]]] = MappingProxyType(
    {
        "11": (
            ("常驻异地工作人员", "a posted worker"),
            (
                "派出证明、异地工作单位证明、工作合同之一",
                "one of posting certificate, certificate of the employer there, work contract",
            ),
        ),
        "12": (
            ("异地安置退休人员", "a retiree settled elsewhere"),
            (
                "异地安置认定材料（户口簿首页和本人常住人口登记卡）",
                "proof of settling (first page of the household register and one's own page)",
            ),
        ),
    }
)
_RESIDENT: Final[tuple[Texts, Texts]] = (
    ("异地长期居住人员", "a long-term resident elsewhere"),
    ("居住证明", "proof of residence"),
)
_TEXTS: Final[Mapping[str, Texts]] = MappingProxyType(
    {
        "REFERRAL": (
            (
                "由参保地规定的定点医疗机构开具转诊转院证明后备案，不能以个人承诺书代替；有效期不少于"
                "6个月（规程第七条、第八条、第十条）。"
            ),
            (
                "File with a referral from an institution that the insured region names; a "
                "commitment letter does not do. Valid for at least 6 months (Art. 7, 8, 10)."
            ),
        ),
        "EMERGENCY": (
            "无须备案：医疗机构登记时上传急诊标志，视同已备案（规程第八条、第三十四条）。",
            (
                "Nothing is filed: where the institution marks an emergency at registration, it "
                "counts as filed (Art. 8, 34)."
            ),
        ),
        "TEMPORARY": (
            (
                "办理临时外出就医备案：只须有效身份凭证和登记备案表；有效期不少于6个月，期内可多次"
                "就医。住院的，出院结算前补办同样有效（规程第七条、第八条、第十条、第十六条）。"
            ),
            (
                "File for a temporary stay: a valid identity document and the form are enough. "
                "Valid for at least 6 months and several visits; of a stay also when filed before "
                "it is settled at discharge (Art. 7, 8, 10, 16)."
            ),
        ),
        "UNFILED": (
            (
                "不办理备案：能否直接结算、按何待遇，由参保地规定；住院的，出院结算前补办备案即按备案"
                "状态结算（规程第十六条）。"
            ),
            (
                "Nothing is filed: whether and at which level it settles directly is for the "
                "insured region to say. A stay that is filed for before it is settled at discharge "
                "counts as filed (Art. 16)."
            ),
        ),
    }
)


def advice_on(level: str, *, current: str, person_type_code: str) -> Texts:
    """Returns what to do to be in a state, in Chinese and English.

    Args:
        level: LONG_TERM, REFERRAL, EMERGENCY, TEMPORARY or UNFILED.
        current: the state now; "": not known.
        person_type_code: who in service, retired or neither files long-term as another type.
    """
    if level == current:
        return _NOW
    if level != "LONG_TERM":
        return _TEXTS[level]
    kind, evidence = _KINDS.get(codes.person_type_parent(person_type_code), _RESIDENT)
    return (
        _LONG_TERM_ZH.format(kind=kind[0], evidence=evidence[0]),
        _LONG_TERM_EN.format(kind=kind[1], evidence=evidence[1]),
    )
