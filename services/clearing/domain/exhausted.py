"""What an exhausted prepayment does to settlements: nothing, unless a policy of the pair says so.

Of what was set for a pair the latest begin that is not in the future holds, of equal begins what
was set last; then what the terms say of the pair; then what they say of all. An emergency is
settled whatever holds: settlement sees to that, and no list says otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.clearing.domain.usage_states import UsageState

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION_LENGTH: Final = 16


class ExhaustedAction(Enum):
    """What is done, from mild to hard."""

    OBSERVE = "OBSERVE"
    WARN = "WARN"
    BLOCK = "BLOCK"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhaustedPolicy:
    """What holds for a pair from a day on."""

    insured_region_code: str
    care_region_code: str
    action: ExhaustedAction
    without_holding: bool
    """It holds where nothing is held, too; otherwise only from 100 % of a holding on."""
    begin_date: date
    note: str = ""
    maker_id: str = ""
    checker_id: str = ""
    create_time: datetime | None = None
    """None: it is of the terms."""

    @property
    def pair(self) -> tuple[str, str]:
        """Insured and care province."""
        return self.insured_region_code, self.care_region_code

    def applies_to(self, state: UsageState) -> bool:
        """Returns whether it does anything in a state."""
        if self.action is ExhaustedAction.OBSERVE:
            return False
        return state is UsageState.EXHAUSTED or (
            state is UsageState.UNFUNDED and self.without_holding
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A pair that settlement is to warn of or to refuse."""

    insured_region_code: str
    care_region_code: str
    action: ExhaustedAction
    state: UsageState


def in_force(
    of_terms: Iterable[ExhaustedPolicy], was_set: Iterable[ExhaustedPolicy], *, today: date
) -> dict[tuple[str, str], ExhaustedPolicy]:
    """Returns what holds today by pair; `was_set` is in the order in which it was set."""
    holding = {one.pair: one for one in of_terms}
    begun: dict[tuple[str, str], date] = {}
    for one in was_set:
        if one.begin_date <= today and one.begin_date >= begun.get(one.pair, one.begin_date):
            begun[one.pair] = one.begin_date
            holding[one.pair] = one
    return holding


def limits_of(
    policies: Mapping[tuple[str, str], ExhaustedPolicy],
    otherwise: ExhaustedAction,
    states: Mapping[tuple[str, str], UsageState],
) -> tuple[Limit, ...]:
    """Returns the pairs to warn of or to refuse, in their order.

    Args:
        policies: what holds by pair.
        otherwise: what holds for all other pairs; of these, one of which nothing is held is never
            listed, because most pairs have nothing before their first quota.
        states: of every pair that was ever looked at; one that was not holds nothing.
    """
    found: list[Limit] = []
    for pair in sorted(policies.keys() | states.keys()):
        state = states.get(pair, UsageState.UNFUNDED)
        policy = policies.get(pair) or ExhaustedPolicy(
            insured_region_code=pair[0],
            care_region_code=pair[1],
            action=otherwise,
            without_holding=False,
            begin_date=date.min,
        )
        if policy.applies_to(state):
            found.append(
                Limit(
                    insured_region_code=pair[0],
                    care_region_code=pair[1],
                    action=policy.action,
                    state=state,
                )
            )
    return tuple(found)


def version_of(limits: Sequence[Limit]) -> str:
    """Returns what changes with a list, 16 hexadecimal digits; the same list has the same."""
    lines = "\n".join(
        f"{one.insured_region_code}/{one.care_region_code}/{one.action.value}/{one.state.value}"
        for one in limits
    )
    return hashlib.sha256(lines.encode()).hexdigest()[:VERSION_LENGTH]
