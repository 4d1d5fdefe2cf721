"""Which rules block, and what becomes of a bill that they could not be asked about. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Final

from services.supervision.domain.model import Bill, Effect, Finding, Moment, Setting, setting_of
from services.supervision.domain.rule import Rule, WhenUnscreened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.supervision.domain.ruleset import RuleSet

STRICT_KINDS: Final = frozenset({"duplicate_invoice"})
"""Kinds that block an emergency, too: an invoice that was paid once says nothing of an illness."""
_MEDICAL_TYPES: Final = tuple(str(number) for number in range(11, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingRule:
    """A rule that can keep a bill from settling, with the bills that it is about.

    An institution's level and a bill's diagnoses are left out: with them unknown to whoever asks,
    a rule is about more bills rather than fewer.
    """

    code: str
    when_unscreened: WhenUnscreened
    medical_types: tuple[str, ...]
    """National two-digit parents; empty: all."""
    scheme_codes: tuple[str, ...]
    care_prefixes: tuple[str, ...]
    insured_prefixes: tuple[str, ...]


def policy_of(ruleset: RuleSet, today: date) -> tuple[str, tuple[BlockingRule, ...]]:
    """Returns the rules in force that block inside the round trip, and what names them all."""
    rules = tuple(
        BlockingRule(
            code=rule.code,
            when_unscreened=rule.when_unscreened,
            medical_types=_medical_types(rule),
            scheme_codes=tuple(sorted(rule.scope.scheme_codes)),
            care_prefixes=rule.scope.care_prefixes,
            insured_prefixes=rule.scope.insured_prefixes,
        )
        for rule in ruleset.blocking
        if Moment.SCREENING in rule.moments and rule.is_in_force(today)
    )
    named = repr([(ruleset.version, *map(str, astuple(rule))) for rule in rules])
    return hashlib.sha256(f"{ruleset.version} {named}".encode()).hexdigest(), rules


def is_emergency(bill: Bill) -> bool:
    """Tells whether a bill is one that a doubt may mark but not keep from settling."""
    return bill.emergency or setting_of(bill.medical_type) is Setting.EMERGENCY


def applied(findings: Iterable[Finding], bill: Bill, ruleset: RuleSet) -> tuple[Finding, ...]:
    """Returns findings with what they do to this bill: an emergency is marked, not blocked."""
    if not is_emergency(bill):
        return tuple(findings)
    return tuple(
        replace(one, effect=Effect.MARK)
        if one.effect is Effect.BLOCK and not _is_strict(ruleset.rule(one.rule_code))
        else one
        for one in findings
    )


def _is_strict(rule: Rule | None) -> bool:
    return rule is not None and rule.kind in STRICT_KINDS


def _medical_types(rule: Rule) -> tuple[str, ...]:
    scope = rule.scope
    if not scope.settings:
        return tuple(sorted(scope.medical_types))
    return tuple(
        code
        for code in _MEDICAL_TYPES
        if setting_of(code) in scope.settings
        and (not scope.medical_types or code in scope.medical_types)
    )
