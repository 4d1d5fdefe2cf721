"""Use cases of emergency top-ups: one transaction each, two people for every decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.clearing.domain.notice import NoticeKind
from services.clearing.domain.quota import PREPAYMENT_FUNDS, QuotaKey, QuotaKind
from services.clearing.domain.top_up_states import ALLOWED, TopUpState
from services.clearing.domain.usage import Usage, propose_top_up, split_top_up
from services.clearing.domain.usage_states import UsageState
from services.clearing.prepayment import store, top_up_store, usage_store
from services.clearing.prepayment.drafting import (
    absent,
    decided,
    draft,
    require_decided,
    require_pair,
)
from services.clearing.prepayment.terms import Rules
from services.clearing.prepayment.top_up_store import TopUp
from services.kit import calendar, notes
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.errors import RuleForbids
from services.kit.ids import new_id

_RED: Final = frozenset({UsageState.RED, UsageState.EXHAUSTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpRequest:
    """What a care province asks for."""

    insured_region_code: str
    care_region_code: str
    month: str
    amount_fen: int | None
    """None: what is proposed."""
    maker_id: str
    late_officer_id: str
    late_note: str


async def request_top_up(
    connection: Connection, rules: Rules, request: TopUpRequest, *, now: datetime
) -> TopUp:
    """Asks for a top-up of a pair that was red in a signed month.

    Raises:
        InvalidArgument: QUOTA_PAIR_UNKNOWN, FIELD_INVALID.
        RuleForbids: MONTH_STATE_FORBIDS, TOP_UP_NOT_RED, TOP_UP_TOO_LATE, TOP_UP_STANDS,
            TOP_UP_ABOVE_PROPOSAL, MAKER_IS_CHECKER (the officer who lets it be late is who asks).
    """
    insured, care = request.insured_region_code, request.care_region_code
    require_pair(QuotaKey(insured, care, "310"), "care_region_code")
    notes.refuse_long_number(request.maker_id, "maker_id")
    await store.lock(connection)
    deadline, late = await _deadline(connection, rules, request, now)
    by_scheme = await _month_usage(connection, rules, request)
    usage = Usage(
        used_fen=sum(one.used_fen for one in by_scheme.values()),
        holding_fen=sum(one.holding_fen for one in by_scheme.values()),
    )
    state = usage.state(rules.thresholds)
    if state not in _RED:
        raise RuleForbids(
            "TOP_UP_NOT_RED",
            "the pair was not red in that month",
            field="month",
            metadata={"state": state.value, "rateBp": str(usage.basis_points)},
        )
    standing = await top_up_store.find_standing(
        connection, insured_region_code=insured, care_region_code=care, month=request.month
    )
    if standing is not None:
        raise RuleForbids(
            "TOP_UP_STANDS",
            "a top-up of the pair is not paid yet, or was paid for that month",
            field="month",
            metadata={"topUpId": str(standing[0]), "state": standing[1]},
        )
    held = rules.top_up_months_held
    proposed = propose_top_up(usage, months_held=held)
    amount = _amount(request.amount_fen, proposed)
    top_up = TopUp(
        top_up_id=new_id(now),
        insured_region_code=insured,
        care_region_code=care,
        month=request.month,
        state=TopUpState.REQUESTED,
        amount_fen=amount,
        proposed_fen=proposed,
        usage=usage,
        schemes=tuple(split_top_up(amount, by_scheme, months_held=held).items()),
        deadline_date=deadline,
        late=late is not None,
        late_note=late or "",
        late_officer_id=request.late_officer_id if late is not None else "",
        maker_id=request.maker_id,
        create_time=now,
    )
    await top_up_store.insert(connection, top_up)
    return top_up


async def decide_top_up(
    connection: Connection,
    top_up_id: UUID,
    *,
    approved: bool,
    checker_id: str,
    note: str,
    now: datetime,
) -> TopUp:
    """Approves or refuses a top-up; approved, it adds to the quota and a notice is drafted.

    Raises:
        Absent: there is none of this id.
        RuleForbids: PREPAYMENT_DECIDED, MAKER_IS_CHECKER, NOTICE_STATE_FORBIDS.
    """
    note = notes.read_note(note, optional=approved)
    await store.lock(connection)
    top_up = await find_top_up(connection, top_up_id, locked=True)
    state = TopUpState.APPROVED if approved else TopUpState.REFUSED
    if state not in ALLOWED[top_up.state]:
        raise decided(top_up.state.value, "top_up_id")
    notes.read_two_people(top_up.maker_id, checker_id)
    await top_up_store.decide(
        connection, top_up_id, state, checker_id=checker_id, note=note, now=now
    )
    if approved:
        pair = (top_up.insured_region_code, top_up.care_region_code)
        await require_decided(connection, {pair}, now=now)
        changes = {
            QuotaKey(top_up.insured_region_code, top_up.care_region_code, scheme): fen
            for scheme, fen in top_up.schemes
        }
        await store.append_changes(
            connection,
            changes,
            await store.quotas_in_force(connection),
            kind=QuotaKind.TOP_UP,
            year=civil_date(now).year,
            origin_id=top_up_id,
            now=now,
        )
        await draft(
            connection,
            changes,
            kind=NoticeKind.EMERGENCY_TOP_UP,
            origin_id=top_up_id,
            maker_id=checker_id,
            now=now,
        )
    return await find_top_up(connection, top_up_id)


async def find_top_up(
    source: Connection | Database,
    top_up_id: UUID,
    *,
    region_code: str = "",
    locked: bool = False,
) -> TopUp:
    """Returns a top-up; only to one of its provinces, where one asks.

    Raises:
        Absent: there is none of this id, or not for this province.
    """
    found = await top_up_store.find(source, top_up_id, locked=locked)
    if found is None or region_code not in {
        "",
        found.insured_region_code,
        found.care_region_code,
    }:
        raise absent("top-up", "top_up_id")
    return found


async def _deadline(
    connection: Connection, rules: Rules, request: TopUpRequest, now: datetime
) -> tuple[date, str | None]:
    """Returns until when it could be asked for in time, and why it may be late; None: it is not."""
    state, sign_time = await top_up_store.find_signed(connection, request.month)
    if sign_time is None:
        raise RuleForbids(
            "MONTH_STATE_FORBIDS",
            "the month is not signed",
            field="month",
            metadata={"month": request.month, "state": state},
        )
    deadline = calendar.add_working_days(civil_date(sign_time), rules.top_up_working_days).day
    if civil_date(now) <= deadline:
        # In time: an officer's leave is not needed, and not recorded.
        return deadline, None
    if not request.late_officer_id:
        raise RuleForbids(
            "TOP_UP_TOO_LATE",
            "the last working day for the request is over",
            field="month",
            metadata={"lastDate": deadline.isoformat()},
        )
    notes.read_two_people(request.maker_id, request.late_officer_id)
    return deadline, notes.read_note(request.late_note, "late_note")


async def _month_usage(
    connection: Connection, rules: Rules, request: TopUpRequest
) -> dict[str, Usage]:
    """Returns the signed month's amount, from its frozen tables, and what is held, by scheme."""
    place = {
        "insured_region_code": request.insured_region_code,
        "care_region_code": request.care_region_code,
    }
    settled = await store.settled_of_tables(
        connection, [request.month], with_account=rules.usage_counts_account, **place
    )
    held = await usage_store.sum_usage(
        connection, request.month, with_account=rules.usage_counts_account, **place
    )
    found = {scheme: Usage(used_fen=0, holding_fen=0) for scheme in PREPAYMENT_FUNDS}
    for key, (amount,) in settled.items():
        found[key.scheme_code] = replace(found[key.scheme_code], used_fen=amount)
    for key, usage in held.items():
        if key.scheme_code in found:
            found[key.scheme_code] = replace(found[key.scheme_code], holding_fen=usage.holding_fen)
    return found


def _amount(asked_fen: int | None, proposed_fen: int) -> int:
    if asked_fen is None:
        return proposed_fen
    if asked_fen > proposed_fen:
        raise RuleForbids(
            "TOP_UP_ABOVE_PROPOSAL",
            "more is asked for than is proposed",
            field="amount",
            metadata={"askedFen": str(asked_fen), "proposedFen": str(proposed_fen)},
        )
    return asked_fen
