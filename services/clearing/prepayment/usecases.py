"""Use cases of quotas: one transaction each, two people for every decision.

Lock order: prepayment first (`store.lock`), then notices and the ledger's chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.clearing.domain.notice import NoticeKind
from services.clearing.domain.quota import (
    YEAR_MIN,
    QuotaKey,
    QuotaKind,
    QuotaLine,
    basis_months,
    first_repeated,
    propose,
)
from services.clearing.domain.quota_states import ALLOWED, QuotaProposalState
from services.clearing.prepayment import store
from services.clearing.prepayment.drafting import (
    absent,
    decided,
    draft,
    follow_notices,
    require_decided,
    require_pair,
)
from services.clearing.prepayment.store import Proposal
from services.clearing.prepayment.terms import Rules
from services.kit import notes
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.errors import InvalidArgument, RuleForbids
from services.kit.ids import new_id
from services.kit.wire import invalid


async def propose_quotas(
    connection: Connection, rules: Rules, *, year: int, maker_id: str, now: datetime
) -> Proposal:
    """Proposes the quotas of a year from the tables of Q4 of the year before.

    Raises:
        InvalidArgument: QUOTA_YEAR_OUT_OF_RANGE.
        RuleForbids: QUOTA_BASIS_INCOMPLETE, QUOTA_STANDS, QUOTA_UNCHANGED.
    """
    _require_year(year, now)
    notes.refuse_long_number(maker_id, "maker_id")
    await store.lock(connection)
    await _require_none_awaiting(connection)
    # What a later year has fixed is not set back to an earlier one.
    _require_year(year, now, first=await store.newest_year(connection))
    months = basis_months(year)
    tabled = await store.tabled(connection, months)
    for month in months:
        if month not in tabled:
            raise RuleForbids(
                "QUOTA_BASIS_INCOMPLETE",
                "the tables of a month that the quotas rest on are not made",
                field="year",
                metadata={"month": month},
            )
    # What was rejected a moment ago is taken back first, and proposed anew.
    await follow_notices(connection, now=now)
    settled = await store.settled_of_tables(
        connection, months, with_account=rules.quota_counts_account
    )
    standing = await store.standing_of_year(connection, year)
    lines = [
        line
        for line in propose(
            settled,
            await store.quotas_in_force(connection),
            months_held=rules.quota_months_held,
        )
        if line.key not in standing
    ]
    if not lines:
        raise RuleForbids(
            "QUOTA_UNCHANGED",
            "every quota of the year stands already",
            field="year",
            metadata={"year": str(year)},
        )
    return await _store_proposal(connection, lines, QuotaKind.ANNUAL, year, maker_id, now=now)


async def propose_first_quotas(
    connection: Connection,
    quotas: Sequence[tuple[QuotaKey, int]],
    *,
    year: int,
    maker_id: str,
    now: datetime,
) -> Proposal:
    """Proposes first quotas as they were reported; amounts are zero or more.

    Raises:
        InvalidArgument: QUOTA_PAIR_UNKNOWN, QUOTA_YEAR_OUT_OF_RANGE, a pair named twice.
        RuleForbids: QUOTA_STANDS.
    """
    _require_year(year, now)
    notes.refuse_long_number(maker_id, "maker_id")
    for index, (key, _) in enumerate(quotas):
        require_pair(key, f"quotas[{index}]")
    repeated = first_repeated(key for key, _ in quotas)
    if repeated is not None:
        raise invalid(f"quotas[{repeated}]", "the pair and scheme are named before")
    await store.lock(connection)
    await _require_none_awaiting(connection)
    await follow_notices(connection, now=now)
    in_force = await store.quotas_in_force(connection)
    for index, (key, _) in enumerate(quotas):
        if in_force.get(key, 0):
            raise RuleForbids(
                "QUOTA_STANDS", "the pair has a quota already", field=f"quotas[{index}]"
            )
    lines = [
        QuotaLine(key=key, month_fen=(), in_force_fen=in_force.get(key, 0), quota_fen=fen)
        for key, fen in sorted(quotas)
    ]
    return await _store_proposal(connection, lines, QuotaKind.FIRST, year, maker_id, now=now)


async def decide_quotas(
    connection: Connection,
    proposal_id: UUID,
    *,
    confirmed: bool,
    checker_id: str,
    note: str,
    now: datetime,
) -> tuple[Proposal, list[UUID]]:
    """Confirms or rejects a proposal; returns it and the notices that were drafted.

    What changes hands is reckoned from what is in force now: a top-up may have come between.

    Raises:
        Absent: there is none of this id.
        RuleForbids: PREPAYMENT_DECIDED, MAKER_IS_CHECKER, NOTICE_STATE_FORBIDS.
    """
    note = notes.read_note(note, optional=confirmed)
    await store.lock(connection)
    proposal = await find_proposal(connection, proposal_id)
    state = QuotaProposalState.CONFIRMED if confirmed else QuotaProposalState.REJECTED
    if state not in ALLOWED[proposal.state]:
        raise decided(proposal.state.value, "proposal_id")
    notes.read_two_people(proposal.maker_id, checker_id)
    await store.decide_proposal(
        connection, proposal_id, state, checker_id=checker_id, note=note, now=now
    )
    notice_ids: list[UUID] = []
    if confirmed:
        lines = await store.list_lines(connection, proposal_id)
        pairs = {(line.key.insured_region_code, line.key.care_region_code) for line in lines}
        await require_decided(connection, pairs, now=now)
        in_force = await store.quotas_in_force(connection)
        changes = {line.key: line.quota_fen - in_force.get(line.key, 0) for line in lines}
        await store.append_changes(
            connection,
            changes,
            in_force,
            kind=proposal.kind,
            year=proposal.year,
            origin_id=proposal_id,
            now=now,
        )
        notice_ids = await draft(
            connection,
            changes,
            kind=NoticeKind.PREPAYMENT_ADJUSTMENT,
            origin_id=proposal_id,
            maker_id=checker_id,
            now=now,
        )
    return await find_proposal(connection, proposal_id), notice_ids


async def find_proposal(source: Connection | Database, proposal_id: UUID) -> Proposal:
    """Returns a proposal.

    Raises:
        Absent: there is none of this id.
    """
    found = await store.find_proposal(source, proposal_id)
    if found is None:
        raise absent("quota proposal", "proposal_id")
    return found


async def _store_proposal(
    connection: Connection,
    lines: Sequence[QuotaLine],
    kind: QuotaKind,
    year: int,
    maker_id: str,
    *,
    now: datetime,
) -> Proposal:
    proposal_id = new_id(now)
    await store.insert_proposal(
        connection, proposal_id, lines, kind=kind, year=year, maker_id=maker_id, now=now
    )
    return await find_proposal(connection, proposal_id)


async def _require_none_awaiting(connection: Connection) -> None:
    proposal_id = await store.awaiting(connection)
    if proposal_id is not None:
        raise RuleForbids(
            "QUOTA_STANDS",
            "a proposal awaits its decision",
            metadata={"proposalId": str(proposal_id)},
        )


def _require_year(year: int, now: datetime, *, first: int = YEAR_MIN) -> None:
    first, last = max(first, YEAR_MIN), civil_date(now).year + 1
    if not first <= year <= last:
        raise InvalidArgument(
            "QUOTA_YEAR_OUT_OF_RANGE",
            f"year: must be {first} to {last}",
            field="year",
            metadata={"firstYear": str(first), "lastYear": str(last)},
        )
