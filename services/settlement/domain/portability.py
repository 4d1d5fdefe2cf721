"""Whether a card will work out of province, and who must act where it will not (出省检查). Pure.

Identity tells what is so of number, card and scheme; the insured region whether it answers for the
person; filing whether one counts. Each check that fails says in one sentence what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.settlement.domain.eligibility import Check, Party

ACCOUNT: Final = "account"
FILING: Final = "filing"
_UNKNOWN: Final = "CREDENTIAL_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Stated:
    """A check as identity answers it."""

    code: str
    reason: str
    """Reason of an error, without prefix; empty: it holds."""


class Reach(Enum):
    """Whether the insured region's service answers for a person."""

    ANSWERED = "answered"
    BEHIND = "behind"
    """It is there and has not come to this question yet; it settles all the same."""
    NO_ROUTE = "no route"
    """The hub knows nobody to ask."""
    SILENT = "silent"
    """It did not answer, or has not lately."""
    REFUSED = "refused"
    """It answered that it does not serve this."""
    CROWDED = "crowded"
    """The hub had no place, or no time, to ask it."""
    NOT_ASKED = "not asked"
    """Nobody is known to ask for."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What filing says of a person at the place of care."""

    is_filed: bool
    is_needed: bool
    """False: care is sought in the province of the insurance."""
    zh: str
    en: str


_HOLDS: Final = {
    "number_format": ("证件号码或卡号格式正确。", "The number is well-formed."),
    "issuing_region": ("发卡地可以识别。", "The issuing region is known."),
    "card_state": ("凭证状态正常，可以使用。", "The credential may be used."),
    "scheme": ("参保状态正常。", "The insurance is in force."),
}
_PATIENT, _INSURED = Party.PATIENT, Party.INSURED_AGENCY
_FAILS: Final = {
    ("number_format", "ID_NUMBER_INVALID"): (
        _PATIENT,
        "身份证号码校验不通过，请参保人核对后重新提供。",
        "The id number is none; the patient checks it.",
    ),
    ("number_format", "FIELD_INVALID"): (
        _INSURED,
        "号码格式不正确，或者卡未登记卡识别码，就医地无法读取；号码核对无误的，请参保地经办机构为其换卡或补录。",
        "The number is malformed or the card has no recognition code; the insured agency mends it.",
    ),
    ("issuing_region", "REGION_UNKNOWN"): (
        _INSURED,
        "发卡地区划代码无法识别，请参保地经办机构更正持卡库信息。",
        "The issuing region is not known; the insured agency corrects the card's record.",
    ),
    ("card_state", "CARD_LOST"): (
        _PATIENT,
        "社会保障卡已挂失，请参保人解除挂失或者补换新卡。",
        "The card is reported lost; the patient has it found again or replaced.",
    ),
    ("card_state", "CARD_CANCELLED"): (
        _PATIENT,
        "社会保障卡已注销，请参保人申领新卡或者使用医保电子凭证。",
        "The card is cancelled; the patient applies for a new one or shows an e-credential.",
    ),
    ("card_state", "CARD_NOT_ACTIVE"): (
        _PATIENT,
        "社会保障卡未启用或者已被新卡替换，请参保人启用新卡。",
        "The card is not activated, or was replaced; the patient activates the new one.",
    ),
    ("card_state", "CREDENTIAL_EXPIRED"): (
        _PATIENT,
        "医保电子凭证已过期，请参保人重新展码。",
        "The e-credential has expired; the patient shows a fresh one.",
    ),
    ("card_state", "CREDENTIAL_USED"): (
        _PATIENT,
        "医保电子凭证已使用，请参保人重新展码。",
        "The e-credential was used; the patient shows a fresh one.",
    ),
    ("scheme", "INSURANCE_NOT_IN_FORCE"): (
        _INSURED,
        "该日在此参保地没有正常的参保关系，请参保人向参保地经办机构核实参保和缴费状态。",
        "No insurance is in force there on that day; the insured agency clears it up.",
    ),
    ("scheme", "REGION_UNKNOWN"): (
        _PATIENT,
        "参保地区划代码无法识别，请核对参保地。",
        "The insured region is not known; it is to be checked.",
    ),
}
_NOBODY: Final = (
    _INSURED,
    "持卡库中没有此凭证或者此人，请参保地经办机构上传参保和持卡信息。",
    "The registry has no such credential or person; the insured agency reports them.",
)
_REACHES: Final = {
    Reach.NO_ROUTE: (
        Party.HUB,
        "平台未接入此参保地的待遇服务，由平台办理接入。",
        "The hub has no way to the insured region's benefits; the hub connects it.",
    ),
    Reach.SILENT: (
        _INSURED,
        "参保地的待遇服务没有应答，由参保地经办机构排查。",
        "The insured region's service does not answer; the insured agency looks into it.",
    ),
    Reach.REFUSED: (
        _INSURED,
        "参保地的待遇服务不能为此人应答，由参保地经办机构排查。",
        "The insured region does not answer for the person; the insured agency looks into it.",
    ),
    Reach.CROWDED: (
        Party.HUB,
        "平台此时无法询问参保地，请稍后再查。",
        "The hub could not ask the insured region now; ask again later.",
    ),
}


def checks_of(
    stated: Sequence[Stated], reach: Reach, filed: Filed | None, *, wants_filing: bool
) -> list[Check]:
    """Returns every check, in the order in which to act.

    Args:
        stated: what identity answers, in its order.
        reach: whether the insured region answers for the person.
        filed: what filing says; None: nobody is known to ask about.
        wants_filing: whether a place of care was named.
    """
    found = [_stated(one) for one in stated]
    # What must be put right before more can be asked, and by whom.
    first = next((check for check in found if not check.passed), None)
    found.append(_account(reach, first))
    if wants_filing:
        found.append(_filing(filed, first))
    return found


def _stated(one: Stated) -> Check:
    if not one.reason:
        zh, en = _HOLDS.get(one.code, ("通过。", "It holds."))
        return _passed(one.code, zh, en)
    if one.reason == _UNKNOWN:
        return _failed(one.code, *_NOBODY)
    known = _FAILS.get((one.code, one.reason))
    if known is None:
        return _failed(
            one.code,
            Party.HUB,
            f"未通过（{one.reason}），由平台核查。",
            f"It does not hold ({one.reason}); the hub looks into it.",
        )
    return _failed(one.code, *known)


def _account(reach: Reach, first: Check | None) -> Check:
    if reach is Reach.ANSWERED:
        return _passed(
            ACCOUNT,
            "参保地能够查询到此人的待遇累计和个人账户。",
            "The insured region answers for the person's sums and account.",
        )
    if reach is Reach.BEHIND:
        return _passed(
            ACCOUNT,
            "参保地的待遇服务已接通，尚不提供待遇累计和个人账户查询，不影响直接结算。",
            "The insured region's service is reached; it does not tell sums yet, and settles.",
        )
    if reach is Reach.NOT_ASKED:
        return _waiting(ACCOUNT, first)
    return _failed(ACCOUNT, *_REACHES[reach])


def _filing(filed: Filed | None, first: Check | None) -> Check:
    if filed is None:
        return _waiting(FILING, first)
    if not filed.is_needed:
        return _passed(
            FILING,
            "就医地与参保地同省，无需跨省异地就医备案。",
            "Care is sought in the insured province: no filing is needed.",
        )
    if filed.is_filed:
        return _passed(FILING, filed.zh, filed.en)
    return _failed(
        FILING,
        Party.PATIENT,
        f"{filed.zh}请参保人在就医前办理跨省异地就医备案。",
        f"{filed.en} The patient files before travelling.",
    )


def _waiting(code: str, first: Check | None) -> Check:
    responsible = first.responsible if first is not None else _INSURED
    return _failed(
        code,
        responsible,
        "查不到此人，未能核查；先处理前面未通过的项目。",
        "The person is not known, so it was not checked; what failed before comes first.",
    )


def _passed(code: str, zh: str, en: str) -> Check:
    return Check(code, passed=True, responsible=Party.NOBODY, zh=zh, en=en)


def _failed(code: str, responsible: Party, zh: str, en: str) -> Check:
    return Check(code, passed=False, responsible=responsible, zh=zh, en=en)
