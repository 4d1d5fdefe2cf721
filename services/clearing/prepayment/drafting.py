"""What prepayment has in common: the pairs it knows, the notices that it drafts and follows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.clearing.domain.notice import Draft, NoticeKind, NoticeLine
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.quota import (
    PREPAYMENT_FUNDS,
    QuotaKey,
    QuotaKind,
    pair_problem,
)
from services.clearing.domain.top_up_states import TopUpState
from services.clearing.notices import store as notice_store
from services.clearing.notices import usecases as notices
from services.clearing.prepayment import store, top_up_store
from services.clearing.prepayment.store import OpenNotice
from services.kit.clock import civil_month
from services.kit.db import Connection
from services.kit.errors import Absent, InvalidArgument, RuleForbids

_NOTICE_SOURCES: Final = UUID("3d6c8f5e-5a3c-5b53-8d8e-0d5f0f1c7a41")


def require_pair(key: QuotaKey, field: str) -> None:
    """Refuses what no prepayment can stand between.

    Raises:
        InvalidArgument: QUOTA_PAIR_UNKNOWN.
    """
    problem = pair_problem(key)
    if problem:
        raise InvalidArgument("QUOTA_PAIR_UNKNOWN", f"{field}: {problem}", field=field)


async def draft(
    connection: Connection,
    changes: Mapping[QuotaKey, int],
    *,
    kind: NoticeKind,
    origin_id: UUID,
    maker_id: str,
    now: datetime,
) -> list[UUID]:
    """Drafts a notice for each pair whose quotas change, and follows them; returns their ids.

    Raises:
        RuleForbids: NOTICE_DRAFTED.
    """
    by_pair: dict[tuple[str, str], list[NoticeLine]] = {}
    for key, fen in sorted(changes.items()):
        if fen:
            by_pair.setdefault((key.insured_region_code, key.care_region_code), []).append(
                NoticeLine(
                    scheme_code=key.scheme_code,
                    fund_type_code=PREPAYMENT_FUNDS[key.scheme_code],
                    amount_fen=fen,
                )
            )
    drafts = [
        Draft(
            kind=kind,
            source_id=uuid5(_NOTICE_SOURCES, f"{origin_id}/{insured}/{care}"),
            month=civil_month(now),
            insured_region_code=insured,
            care_region_code=care,
            lines=tuple(lines),
        )
        for (insured, care), lines in by_pair.items()
    ]
    if not drafts:
        return []
    drafted = await notices.draft(connection, drafts, maker_id=maker_id, now=now)
    await store.insert_notices(
        connection,
        origin_id,
        {one.notice_id: (one.insured_region_code, one.care_region_code) for one in drafted},
    )
    return [one.notice_id for one in drafted]


async def follow_notices(connection: Connection, *, now: datetime) -> int:
    """Ends what paid or rejected notices stand for; returns how many there were."""
    await store.lock(connection)
    followed = await store.open_notices(connection)
    states = await notice_store.states_of(connection, [one.notice_id for one in followed])
    ended = 0
    for one in followed:
        state = states.get(one.notice_id)
        if state is NoticeState.PAID:
            await top_up_store.end(connection, one.origin_id, TopUpState.PAID, now)
        elif state is NoticeState.REJECTED:
            await _take_back(connection, one, now)
            await top_up_store.end(connection, one.origin_id, TopUpState.CANCELLED, now)
        else:
            continue
        await store.close_notice(connection, one.notice_id)
        ended += 1
    return ended


async def require_decided(
    connection: Connection, pairs: Collection[tuple[str, str]], *, now: datetime
) -> None:
    """Refuses a change of pairs of which an earlier one may still be rejected.

    A later change is reckoned from the quota that the earlier one makes. Rejected after it, the
    earlier one would leave a difference to be paid of what was never held.

    Raises:
        RuleForbids: NOTICE_STATE_FORBIDS.
    """
    await follow_notices(connection, now=now)
    followed = [
        one
        for one in await store.open_notices(connection)
        if (one.insured_region_code, one.care_region_code) in pairs
    ]
    states = await notice_store.states_of(connection, [one.notice_id for one in followed])
    for one in followed:
        if states.get(one.notice_id) is NoticeState.DRAFT:
            raise RuleForbids(
                "NOTICE_STATE_FORBIDS",
                "the notice of an earlier change of the pair awaits its decision",
                metadata={"noticeId": str(one.notice_id), "state": NoticeState.DRAFT.value},
            )


def decided(state: str, field: str) -> RuleForbids:
    """Returns the error for what was decided before."""
    return RuleForbids(
        "PREPAYMENT_DECIDED", "it was decided before", field=field, metadata={"state": state}
    )


def absent(what: str, field: str) -> Absent:
    """Returns the error for what is not there."""
    return Absent("RESOURCE_NOT_FOUND", f"no such {what}", field=field, metadata={"resource": what})


async def _take_back(connection: Connection, notice: OpenNotice, now: datetime) -> None:
    # What nobody will pay was not to be held: the quota is again what it was before.
    in_force = await store.quotas_in_force(
        connection,
        insured_region_code=notice.insured_region_code,
        care_region_code=notice.care_region_code,
    )
    changes = await store.changes_of(connection, notice)
    years = {year for year, _ in changes.values()}
    for year in years:
        await store.append_changes(
            connection,
            # Nothing else stands on it: see `require_decided`.
            {key: -fen for key, (of_year, fen) in changes.items() if of_year == year},
            in_force,
            kind=QuotaKind.CANCELLED,
            year=year,
            origin_id=notice.origin_id,
            now=now,
        )
