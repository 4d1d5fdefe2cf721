"""Use cases of policies: what an exhausted prepayment does, and what settlement is told of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from services.clearing.domain.exhausted import (
    ExhaustedAction,
    ExhaustedPolicy,
    Limit,
    in_force,
    limits_of,
)
from services.clearing.domain.quota import QuotaKey
from services.clearing.prepayment import usage_store
from services.clearing.prepayment.drafting import require_pair
from services.kit import notes
from services.kit.wire import invalid

if TYPE_CHECKING:
    from services.clearing.prepayment.terms import Rules
    from services.kit.db import Connection, Database


async def set_policy(connection: Connection, policy: ExhaustedPolicy, *, today: date) -> None:
    """Sets what holds for a pair from a day on.

    Raises:
        InvalidArgument: QUOTA_PAIR_UNKNOWN, or the day is over.
        RuleForbids: MAKER_IS_CHECKER.
    """
    require_pair(
        QuotaKey(policy.insured_region_code, policy.care_region_code, "310"), "care_region_code"
    )
    if policy.begin_date < today:
        raise invalid("begin_date", "is before today: what was settled was settled")
    notes.read_two_people(policy.maker_id, policy.checker_id)
    await usage_store.insert_policy(connection, policy)


async def list_policies(
    source: Connection | Database, rules: Rules, *, today: date, with_past: bool
) -> list[ExhaustedPolicy]:
    """Returns what holds or will hold by pair and begin, with the past ones if they are wanted."""
    was_set = await usage_store.list_policies(source)
    if with_past:
        found = [*rules.exhausted_overrides, *was_set]
    else:
        found = list(in_force(rules.exhausted_overrides, was_set, today=today).values())
        found += [one for one in was_set if one.begin_date > today]
    # The sort is stable: of equal begins the one that was set last comes last, and holds.
    return sorted(found, key=lambda one: (*one.pair, one.begin_date))


async def get_limits(
    source: Connection | Database, rules: Rules, *, today: date
) -> tuple[Limit, ...]:
    """Returns the pairs that settlement is to warn of or to refuse.

    One look at a table that is empty in every ordinary month; a second one only where some policy
    does anything at all.
    """
    was_set = await usage_store.list_policies_in_force(source, today)
    policies = in_force(rules.exhausted_overrides, was_set, today=today)
    acting = [pair for pair, one in policies.items() if one.action is not ExhaustedAction.OBSERVE]
    if not acting and rules.exhausted_action is ExhaustedAction.OBSERVE:
        return ()
    states = await usage_store.load_limited(source, acting, month=f"{today:%Y-%m}")
    return limits_of(policies, rules.exhausted_action, states)
