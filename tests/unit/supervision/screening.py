"""What the tests of the published rules share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.supervision.domain.engine import judge
from services.supervision.domain.model import Moment
from services.supervision.domain.steps.duplicates import DuplicateCharge, Inclusion
from services.supervision.domain.steps.limits import Limit

if TYPE_CHECKING:
    from services.supervision.domain.model import Bill, Finding
    from services.supervision.domain.ruleset import RuleSet

ON_LINES = frozenset(
    {
        "DRUG_SEX",
        "DRUG_AGE",
        "DRUG_SCHEME",
        "DRUG_SETTING",
        "DRUG_LEVEL",
        "ITEM_SEX",
        "ITEM_AGE",
        "DUPLICATE_CHARGE",
    }
)
"""The published rules on the lines of one bill, without windows of time."""


def screen(bill: Bill, rules: RuleSet) -> tuple[Finding, ...]:
    """Returns what the published rules on lines find in the round trip."""
    found = judge(bill, rules, moment=Moment.SCREENING)
    return tuple(one for one in found if one.rule_code in ON_LINES)


def limited(rules: RuleSet) -> list[str]:
    """Returns the items that a published limit names."""
    return [
        code
        for code, checks in rules.by_item.items()
        if any(isinstance(check, Limit) for check in checks)
    ]


def inclusions(rules: RuleSet) -> dict[str, dict[str, Inclusion]]:
    """Returns the published pairs: main item → included item → how."""
    return {
        code: dict(check.included)
        for code, checks in rules.by_item.items()
        for check in checks
        if isinstance(check, DuplicateCharge)
    }
