"""Use cases of usage: how it stands now, and what is told when its state changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.clearing.domain.quota import QuotaKey
from services.clearing.domain.usage import Usage, add_up
from services.clearing.domain.usage_states import UsageState
from services.clearing.prepayment import store, usage_store
from services.clearing.prepayment.usage_store import Change
from services.kit.clock import civil_month

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.clearing.prepayment.terms import Rules
    from services.clearing.prepayment.usage_store import PairKey
    from services.kit.db import Connection, Database

SKEW_MAX: Final = timedelta(minutes=5)
"""How far the clocks of two replicas may be apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemePrepayment:
    """One scheme of a pair."""

    scheme_code: str
    quota_fen: int
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepayment:
    """What stands between a pair, or for a care province as a whole."""

    pair: PairKey
    month: str
    usage: Usage
    schemes: tuple[SchemePrepayment, ...]

    @property
    def quota_fen(self) -> int:
        """Both schemes together."""
        return sum(one.quota_fen for one in self.schemes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at all usages found."""

    usages: Mapping[PairKey, Usage]
    """Of pairs and, by ("", care province), of care provinces as a whole."""
    states: Mapping[PairKey, UsageState]
    changes: tuple[Change, ...]
    """What was told; empty: nothing changed, or another replica was first."""


async def list_prepayments(
    source: Connection | Database,
    rules: Rules,
    *,
    insured_region_code: str,
    care_region_code: str,
    now: datetime,
) -> list[Prepayment]:
    """Returns what is held and used, by care province and insured province, the whole first.

    A care province as a whole is there where no insured province was asked for.
    """
    month = civil_month(now)
    place = {"insured_region_code": insured_region_code, "care_region_code": care_region_code}
    usages = await usage_store.sum_usage(
        source, month, with_account=rules.usage_counts_account, **place
    )
    quotas = await store.quotas_in_force(source, **place)
    found: dict[PairKey, dict[str, SchemePrepayment]] = {}
    for key in sorted(usages.keys() | quotas.keys()):
        one = SchemePrepayment(
            scheme_code=key.scheme_code,
            quota_fen=quotas.get(key, 0),
            usage=usages.get(key, Usage(used_fen=0, holding_fen=0)),
        )
        if one.quota_fen or one.usage.used_fen or one.usage.holding_fen:
            pair = (key.insured_region_code, key.care_region_code)
            found.setdefault(pair, {})[key.scheme_code] = one
    prepayments = [_prepayment(pair, month, by_scheme) for pair, by_scheme in found.items()]
    if not insured_region_code:
        prepayments += _wholes(prepayments, month)
    return sorted(prepayments, key=lambda one: (one.pair[1], one.pair[0]))


async def look(connection: Connection, rules: Rules, *, now: datetime) -> Look:
    """Looks at all usages and tells of those whose state changed, each change once.

    Replicas look one after another: who comes second finds what the first one kept, and tells
    nothing of it again.
    """
    await store.lock(connection)
    kept = await usage_store.load_states(connection)
    month = _month(now, max((of_month for of_month, _ in kept.values()), default=""))
    sums = await usage_store.sum_usage(connection, month, with_account=rules.usage_counts_account)
    usages = _by_pair(sums)
    usages.update(add_up(usages))
    states: dict[PairKey, UsageState] = {}
    changes: list[Change] = []
    stored: list[tuple[PairKey, UsageState, Usage]] = []
    for pair in sorted(usages.keys() | kept.keys()):
        usage = usages.get(pair, Usage(used_fen=0, holding_fen=0))
        state = states[pair] = usage.state(rules.thresholds)
        of_month, previous = kept.get(pair, (month, UsageState.UNFUNDED))
        if state is not previous:
            changes.append(Change(pair=pair, previous=previous, state=state, usage=usage))
        if state is not previous or of_month != month:
            stored.append((pair, state, usage))
    if stored:
        await usage_store.keep_states(connection, stored, month=month, now=now)
    if changes:
        await usage_store.tell(connection, changes, month=month, now=now)
    return Look(usages=usages, states=states, changes=tuple(changes))


async def add_up_days(connection: Connection) -> bool:
    """Adds blocks of the ledger to the days of their pairs; returns whether more are behind."""
    done = await store.lock(connection)
    until, last = await usage_store.next_blocks(connection, after_block=done)
    if until > done:
        await usage_store.add_days(connection, after_block=done, until_block=until)
    return until < last


def _month(now: datetime, last: str) -> str:
    """Returns the month to look at: where another replica has begun one, it is not gone back to.

    At the turn of a month two clocks that differ would otherwise tell of it again and again.
    """
    month = civil_month(now)
    return last if month < last == civil_month(now + SKEW_MAX) else month


def _by_pair(sums: Mapping[QuotaKey, Usage]) -> dict[PairKey, Usage]:
    found: dict[PairKey, Usage] = {}
    for key, usage in sums.items():
        pair = (key.insured_region_code, key.care_region_code)
        so_far = found.get(pair, Usage(used_fen=0, holding_fen=0))
        found[pair] = _plus(so_far, usage)
    return found


def _plus(one: Usage, other: Usage) -> Usage:
    return Usage(
        used_fen=one.used_fen + other.used_fen, holding_fen=one.holding_fen + other.holding_fen
    )


def _prepayment(pair: PairKey, month: str, by_scheme: Mapping[str, SchemePrepayment]) -> Prepayment:
    usage = Usage(used_fen=0, holding_fen=0)
    for one in by_scheme.values():
        usage = _plus(usage, one.usage)
    return Prepayment(pair=pair, month=month, usage=usage, schemes=tuple(by_scheme.values()))


def _wholes(prepayments: list[Prepayment], month: str) -> list[Prepayment]:
    found: dict[PairKey, dict[str, SchemePrepayment]] = {}
    for prepayment in prepayments:
        by_scheme = found.setdefault(("", prepayment.pair[1]), {})
        for one in prepayment.schemes:
            so_far = by_scheme.get(one.scheme_code)
            by_scheme[one.scheme_code] = (
                one
                if so_far is None
                else SchemePrepayment(
                    scheme_code=one.scheme_code,
                    quota_fen=so_far.quota_fen + one.quota_fen,
                    usage=_plus(so_far.usage, one.usage),
                )
            )
    return [
        _prepayment(pair, month, dict(sorted(by_scheme.items())))
        for pair, by_scheme in found.items()
    ]
