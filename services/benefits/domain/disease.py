"""Whether a chronic disease (门诊慢特病) is the policy's, and a person qualified for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.benefits.domain.model import EntitlementKind
from services.kit.diseases import national_disease

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import date

    from services.benefits.domain.model import Entitlement


def policy_disease(listed: Container[str], code: str) -> str:
    """Returns the disease as a policy names it: the code, or the national one above it; or empty.

    Args:
        listed: diseases of the policy.
        code: disease of a bill; empty: none.
    """
    return next((name for name in (code, national_disease(code)) if name and name in listed), "")


def qualification(
    entitlements: Sequence[Entitlement], code: str, disease: str, day: date
) -> Entitlement | None:
    """Returns what qualifies a person for a disease on a day, that of the very code first, or None.

    Args:
        entitlements: of the person, of any kind and time.
        code: disease of the bill.
        disease: what `policy_disease` gave for it; empty: the policy has none.
        day: last day of the bill.
    """
    wanted = {code, national_disease(code), disease} - {""}
    held = [
        one
        for one in entitlements
        if one.kind is EntitlementKind.CHRONIC_DISEASE
        and one.holds_on(day)
        and (one.code in wanted or (disease and national_disease(one.code) == disease))
    ]
    held.sort(key=lambda one: (one.code != code, one.begin_date, one.code))
    return held[0] if held else None
