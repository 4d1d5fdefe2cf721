"""The fund types in which provinces clear with each other."""

from __future__ import annotations

from typing import Final

PERSONAL_ACCOUNT: Final = "310200"
"""Fund type of the personal account (个人账户), which the insured province also owes."""
OTHER_FUND: Final = "910100"
"""其他: where a fund without a national code is cleared."""
FUND_TYPES: Final = frozenset(
    {
        "310100",  # 职工统筹
        PERSONAL_ACCOUNT,
        "320100",  # 公务员补助
        "330100",  # 大额、大病
        "350100",  # 残疾军人
        "370100",  # 企业补充
        "390100",  # 居民统筹
        "610100",  # 医疗救助
        OTHER_FUND,
    }
)
"""National fund types between provinces (getNatFund, domain §2.7)."""
CLEARED_AS: Final = {"390200": "330100", "99999737": "330100"}
"""居民大病, and an employees' fund of the same kind with a local code only: 大额、大病."""


def national_fund(fund_type_code: str) -> str:
    """Returns the national fund type that a fund is cleared under; one without is 910100 其他."""
    code = CLEARED_AS.get(fund_type_code, fund_type_code)
    return code if code in FUND_TYPES else OTHER_FUND
