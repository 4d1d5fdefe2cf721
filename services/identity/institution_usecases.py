"""Commands and queries on institutions: load, decide, write, return domain objects."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.identity import institution_search, institution_store
from services.identity.domain import institutions
from services.identity.domain.errors import InstitutionUnknown, SuspensionUnknown
from services.identity.institution_search import region_prefix
from services.identity.usecases import Identity, Outcome, checked, counted
from services.kit.clock import civil_date
from services.kit.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from uuid import UUID

    from services.identity.domain.model import Institution, Suspension
    from services.identity.institution_search import Search
    from services.kit.db import Connection


async def upsert_institutions(
    identity: Identity, connection: Connection, entries: Sequence[Institution | DomainError]
) -> list[Outcome]:
    """Registers institutions by code, which is the key of each.

    Of two entries with one code the later one stays.
    """
    outcomes = checked(
        entries,
        lambda institution, at: institutions.check_institution(institution, at=at),
        "institutions",
    )
    sound = {entry.code: entry for entry in outcomes if not isinstance(entry, DomainError)}
    await institution_store.write_institutions(connection, sound.values(), now=identity.clock.now())
    return counted(
        "institution",
        [entry if isinstance(entry, DomainError) else entry.code for entry in outcomes],
    )


async def get_institution(identity: Identity, code: str) -> Institution:
    """Returns an institution.

    Raises:
        InstitutionUnknown: it is not registered.
    """
    institution = await institution_store.get_institution(identity.database, code)
    if institution is None:
        raise InstitutionUnknown
    return institution


async def list_institutions(
    identity: Identity, *, after: str, region: str, medical_type: str, count: int
) -> list[Institution]:
    """Returns institutions by code, from the one after `after`.

    Args:
        identity: what to work with.
        after: code; empty: from the first.
        region: six digits of a province, prefecture or county; empty: all.
        medical_type: only those opened for it today; empty: all.
        count: how many at most.
    """
    return await institution_store.list_institutions(
        identity.database,
        after=after,
        region_prefix=region_prefix(region),
        medical_type=medical_type,
        on=civil_date(identity.clock.now()),
        count=count,
    )


async def search_institutions(
    identity: Identity, search: Search, *, after: str, count: int
) -> list[Institution]:
    """Returns institutions by code, from the one after `after` (empty: the first)."""
    return await institution_search.search_institutions(
        identity.database,
        search,
        on=search.on or civil_date(identity.clock.now()),
        after=after,
        count=count,
    )


async def suspend_institution(
    identity: Identity, connection: Connection, code: str, suspension: Suspension
) -> Institution:
    """Suspends an institution, or one of its businesses; returns it as it is then.

    Raises:
        FieldInvalid: the suspension means nothing.
        InstitutionUnknown: the institution is not registered.
    """
    institutions.check_suspension(suspension, at="suspension")
    now = identity.clock.now()
    if not await institution_store.write_suspension(connection, code, suspension, now=now):
        raise InstitutionUnknown
    return await _suspended(connection, code)


async def resume_institution(
    identity: Identity,
    connection: Connection,
    suspension_id: UUID,
    *,
    end_date: date | None,
    check_code: Callable[[str], None],
) -> Institution:
    """Ends a suspension; returns the institution as it is then.

    Args:
        identity: what to work with.
        connection: in a transaction.
        suspension_id: which.
        end_date: its last day; None: yesterday.
        check_code: raises if the caller may not change the institution of this code.

    Raises:
        SuspensionUnknown: there is none of this id.
        FieldInvalid: it is over before that day.
    """
    now = identity.clock.now()
    held = await institution_store.lock_suspension(connection, suspension_id)
    if held is None:
        raise SuspensionUnknown
    code, suspension = held
    check_code(code)
    last = end_date or civil_date(now) - timedelta(days=1)
    institutions.check_resumption(suspension, last)
    await institution_store.end_suspension(connection, suspension_id, last, now=now)
    return await _suspended(connection, code)


async def _suspended(connection: Connection, code: str) -> Institution:
    institution = await institution_store.get_institution(connection, code)
    if institution is None:
        raise InstitutionUnknown
    return institution
