"""Why a filing is in its state: article of the 规程, one sentence in Chinese, one in English."""

from __future__ import annotations

from enum import Enum


class StateReason(Enum):
    """What put a filing into its state; the name is what the database holds."""

    APPROVED_BY_RULE = (
        "第八条、第九条",
        "符合参保地自助备案规则，即时生效（规程第八条、第九条）。",
        "The insured region's terms let it count at once, without an officer (Art. 8, 9).",
    )
    AWAITS_OFFICER = (
        "第八条、第九条",
        "已受理，待参保地经办机构审核，审核通过前不生效（规程第八条、第九条）。",
        "An officer of the insured agency has to decide; it does not count before (Art. 8, 9).",
    )
    AWAITS_PROVINCE_SYSTEM = (
        "第八条、第九条",
        "已受理，待参保省系统审核，审核通过前不生效（规程第八条、第九条）。",
        "The insured province's system has to decide; it does not count before (Art. 8, 9).",
    )
    APPROVED_BY_OFFICER = (
        "第八条、第九条",
        "经参保地经办人员审核通过（规程第八条、第九条）。",
        "Approved by an officer of the insured agency (Art. 8, 9).",
    )
    APPROVED_BY_SYSTEM = (
        "第八条、第九条",
        "经参保省系统审核通过（规程第八条、第九条）。",
        "Approved by the insured province's system (Art. 8, 9).",
    )
    REFUSED_BY_OFFICER = (
        "第七条、第八条",
        "参保地经办人员审核不通过（规程第七条、第八条）。",
        "Refused by an officer of the insured agency (Art. 7, 8).",
    )
    REFUSED_BY_SYSTEM = (
        "第七条、第八条",
        "参保省系统审核不通过（规程第七条、第八条）。",
        "Refused by the insured province's system (Art. 7, 8).",
    )
    CANCELLED_BY_PERSON = (
        "第十条",
        "参保人撤销备案，自撤销之日起不再享受备案待遇（规程第十条）。",
        "Given up by the person: it counts no more from the day of that on (Art. 10).",
    )
    WITHDRAWN = (
        "第十条",
        "参保人在审核前撤回申请，该备案从未生效（规程第十条）。",
        "Withdrawn before it was decided: it never counted (Art. 10).",
    )
    CHANGED_BY_PERSON = (
        "第十条",
        "参保人已变更备案，自新备案接替之日起不再有效（规程第十条）。",
        "Another filing took its place: it counts until the day before (Art. 10).",
    )
    FALSE_COMMITMENT = (
        "第八条",
        "个人承诺不实，备案自始无效（规程第八条、个人承诺书）。",
        "The commitment was false: it never counted (Art. 8, commitment letter).",
    )
    LAST_DAY_OVER = (
        "第十条",
        "备案有效期已满（规程第十条）。",
        "Its last day of validity is over (Art. 10).",
    )

    def __init__(self, article: str, zh: str, en: str) -> None:
        """Names the three parts."""
        self.article = article
        self.zh = zh
        self.en = en
