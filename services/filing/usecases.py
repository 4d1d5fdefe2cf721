"""One async function per command or query: load, decide, write, return domain objects.

What changes filings tells the observers in the same transaction. A batch never fails for one of its
entries: each is a filing, or why it was refused, in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.filing import metrics, store
from services.filing.domain import changing, decide, submitting
from services.filing.domain.errors import (
    CallerOfAnotherProvince,
    FieldInvalid,
    FilingNotLive,
    FilingUnknown,
)
from services.filing.domain.model import Details
from services.filing.domain.states import FilingState
from services.filing.domain.submitting import Previous, Standing
from services.filing.vault import Part
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.errors import DomainError
from services.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from services.filing.domain.decide import Match
    from services.filing.domain.model import Application, EvidenceDocument, Filing
    from services.filing.domain.terms import TermsBook
    from services.filing.vault import Vault
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

    Observer = Callable[[Connection, Sequence[Filing], datetime], Awaitable[None]]
    """Is told of filings as they are after a change, in the transaction of the change."""
    Entry = Application | DomainError
    Outcome = Filing | DomainError


@dataclass(frozen=True, slots=True)
class Question:
    """Asks whether a person is insured in a region on a day."""

    person_id: UUID
    insured_region: str
    on: date


class Insurances(Protocol):
    """Knows who is insured where."""

    async def standings(self, questions: Sequence[Question]) -> list[Standing]:
        """Returns how persons stand to regions, in order; at most 500 at once."""


@dataclass(frozen=True, slots=True)
class Filings:
    """What the use cases work with; made once, by `app.running`."""

    database: Database
    clock: Clock
    terms: TermsBook
    vault: Vault
    insurances: Insurances
    observers: tuple[Observer, ...] = ()


def check_caller(province: str, insured_region: str, *, field: str) -> None:
    """Lets the agency of a province keep filings of its own people only.

    Args:
        province: that the caller stands for; empty: the hub, or whoever can reach the port.
        insured_region: of the filing.
        field: path of what names the filing or its region.

    Raises:
        CallerOfAnotherProvince: it is another one's.
    """
    if province and province != codes.province_of(insured_region):
        raise CallerOfAnotherProvince(field)


# --- submitting ---------------------------------------------------------------------------------


async def examine(
    filings: Filings, entries: Sequence[Entry], *, paths: Sequence[str]
) -> list[Entry]:
    """Returns each application that may be filed, or why not; asks identity once for all.

    Outside of any transaction: no connection is held while another service is asked. `paths` are
    those of the entries in the request.
    """
    today = civil_date(filings.clock.now())
    examined = list(entries)
    asked: dict[int, Question] = {}
    for position, (wanted, at) in enumerate(zip(entries, paths, strict=True)):
        if isinstance(wanted, DomainError):
            continue
        try:
            terms = filings.terms.of(wanted.insured_region, today)
            submitting.check_application(wanted, terms, today=today, at=at)
        except DomainError as error:
            examined[position] = error
            continue
        day = submitting.insured_day(wanted, today=today)
        asked[position] = Question(wanted.person_id, wanted.insured_region, day)
    if not asked:
        return examined
    standings = await filings.insurances.standings(list(asked.values()))
    for position, standing in zip(asked, standings, strict=True):
        try:
            submitting.check_standing(standing, at=paths[position])
        except DomainError as error:
            examined[position] = error
    return examined


async def submit(
    filings: Filings, connection: Connection, examined: Sequence[Entry], *, paths: Sequence[str]
) -> list[Outcome]:
    """Keeps what was examined and returns it with ids, last days and states, in order."""
    now = filings.clock.now()
    outcomes, made = await _make(filings, connection, examined, paths=paths, now=now)
    await _keep(filings, connection, made, now)
    return outcomes


async def try_out(
    filings: Filings, connection: Connection, examined: Sequence[Entry], *, paths: Sequence[str]
) -> list[Outcome]:
    """Returns what `submit` would; keeps nothing."""
    now = filings.clock.now()
    outcomes, _ = await _make(filings, connection, examined, paths=paths, now=now)
    return outcomes


async def _make(
    filings: Filings,
    connection: Connection,
    examined: Sequence[Entry],
    *,
    paths: Sequence[str],
    now: datetime,
    changes_filing_id: UUID | None = None,
) -> tuple[list[Outcome], list[tuple[Filing, Details]]]:
    today = civil_date(now)
    sound = [entry for entry in examined if not isinstance(entry, DomainError)]
    bars = await store.get_bars(connection, {entry.person_id for entry in sound})
    earlier = await _previous(filings, connection, sound)
    outcomes: list[Outcome] = []
    made: list[tuple[Filing, Details]] = []
    for wanted, at in zip(examined, paths, strict=True):
        if isinstance(wanted, DomainError):
            outcomes.append(wanted)
            continue
        try:
            submitting.check_bar(
                wanted, barred_until=bars.get(wanted.person_id), today=today, at=at
            )
            previous = earlier.get(wanted.previous_filing_id) if wanted.previous_filing_id else None
            submitting.check_previous(wanted, previous, at=at)
        except DomainError as error:
            outcomes.append(error)
            continue
        filing = submitting.accept(
            wanted,
            filings.terms.of(wanted.insured_region, today),
            filing_id=new_id(now),
            now=now,
            today=today,
            changes_filing_id=changes_filing_id,
        )
        outcomes.append(filing)
        made.append((filing, wanted.details))
    return outcomes, made


async def _previous(
    filings: Filings, connection: Connection, wanted: Sequence[Application]
) -> Mapping[UUID, Previous]:
    named = {one.previous_filing_id for one in wanted if one.previous_filing_id is not None}
    if not named:
        return {}
    found = await store.get_filings(connection, named)
    details = await store.get_details(connection, filings.vault, named)
    return {key: Previous(one, details.get(key, Details())) for key, one in found.items()}


async def _keep(
    filings: Filings, connection: Connection, made: list[tuple[Filing, Details]], now: datetime
) -> None:
    if made:
        await store.insert_filings(connection, filings.vault, made)
        await _tell(filings, connection, [filing for filing, _ in made], now)


async def _tell(
    filings: Filings, connection: Connection, changed: Sequence[Filing], now: datetime
) -> None:
    for observer in filings.observers:
        await observer(connection, changed, now)


# --- reading ------------------------------------------------------------------------------------


async def get(filings: Filings, filing_id: UUID) -> tuple[Filing, Details]:
    """Returns a filing with what of it is sealed.

    Raises:
        FilingUnknown: there is none.
    """
    async with filings.database.connection() as connection:
        filing = await store.get_filing(connection, filing_id)
        if filing is None:
            raise FilingUnknown
        details = await store.get_details(connection, filings.vault, [filing_id])
    return filing, details.get(filing_id, Details())


async def list_of_person(
    filings: Filings, person_id: UUID, *, province: str, before: UUID | None, size: int
) -> tuple[list[tuple[Filing, Details]], bool]:
    """Returns filings of a person, newest first, and whether older ones follow.

    `province`: only those that concern it, as insured or as care province; empty: all.
    """
    async with filings.database.connection() as connection:
        found = await store.list_filings(
            connection, person_id, province=province, before=before, count=size + 1
        )
        shown = found[:size]
        details = await store.get_details(
            connection, filings.vault, [filing.filing_id for filing in shown]
        )
    return [(one, details.get(one.filing_id, Details())) for one in shown], len(found) > size


async def match(
    filings: Filings,
    person_id: UUID,
    *,
    insured_region: str,
    care_region: str,
    service_date: date,
    until: date,
    emergency: bool,
) -> Match:
    """Decides which benefit level applies, in one round trip to the database.

    Raises:
        RegionUnknown, NotCrossProvince, FieldInvalid: the question means nothing.
    """
    decide.check_places(insured_region=insured_region, care_region=care_region)
    if until < service_date:
        raise FieldInvalid("match_until_date", "before service_date")
    found = decide.match(
        await store.filings_of(filings.database, person_id),
        insured_region=insured_region,
        care_region=care_region,
        service_date=service_date,
        until=until,
        emergency=emergency,
    )
    metrics.MATCHES.labels(found.level.value).inc()
    return found


# --- what becomes of a filing -------------------------------------------------------------------


async def cancel(
    filings: Filings, connection: Connection, filing_id: UUID, *, province: str
) -> Filing:
    """Cancels a filing from today on and returns it as it is then.

    Raises:
        FilingUnknown: there is none.
        CallerOfAnotherProvince: the caller's province is not the insured one.
        FilingNotLive, FilingLocked: it cannot be cancelled today.
    """
    filing = await _locked(connection, filing_id, province=province)
    now = filings.clock.now()
    cancelled = changing.cancel_filing(filing, now=now, today=civil_date(now))
    await store.append_state(connection, cancelled)
    await _tell(filings, connection, [cancelled], now)
    return cancelled


async def decide_pending(
    filings: Filings,
    connection: Connection,
    filing_id: UUID,
    *,
    approve: bool,
    checker_id: str,
    by_system: bool,
    note: str,
    province: str,
) -> Filing:
    """Decides a pending filing; once approved it takes the place of the one that it changes.

    Raises:
        FieldInvalid: a refusal does not say why.
        FilingUnknown: there is none.
        CallerOfAnotherProvince: the caller's province is not the insured one.
        FilingStateForbids, SameOfficer: this one may not decide it so.
        CommitmentBarred: the person's commitments are not accepted.
    """
    if not approve and not note:
        raise FieldInvalid("reason", "needed with a refusal")
    asked = await store.get_filing(connection, filing_id)
    if asked is None:
        raise FilingUnknown
    keys = {filing_id, asked.changes_filing_id} - {None}
    held = await store.lock_filings(connection, [key for key in keys if key is not None])
    filing = held[filing_id]
    check_caller(province, filing.insured_region, field="filing_id")
    now = filings.clock.now()
    today = civil_date(now)
    bars = await store.get_bars(connection, [filing.person_id])
    decided = changing.decide_filing(
        filing,
        approve=approve,
        checker_id=checker_id,
        by_system=by_system,
        barred_until=bars.get(filing.person_id),
        now=now,
        today=today,
    )
    await store.append_state(connection, decided)
    if not approve:
        await store.insert_records(
            connection, filings.vault, {filing_id: Details(note=note)}, Part.REFUSED
        )
    told = [decided]
    if approve and filing.changes_filing_id is not None:
        before = held[filing.changes_filing_id]
        told += await _replace(connection, before, decided, now=now, today=today)
    await _tell(filings, connection, told, now)
    return decided


async def prepare_change(
    filings: Filings, filing_id: UUID, wanted: Application, *, province: str
) -> Application:
    """Returns what may take a filing's place, before any transaction.

    Raises:
        FilingUnknown: there is none.
        CallerOfAnotherProvince: the caller's province is not the insured one.
        DomainError: why the filing cannot be changed, or the other not be filed.
    """
    filing = await store.get_filing(filings.database, filing_id)
    if filing is None:
        raise FilingUnknown
    check_caller(province, filing.insured_region, field="filing_id")
    today = civil_date(filings.clock.now())
    changing.check_change(filing, wanted, others=(), today=today)
    (examined,) = await examine(filings, [wanted], paths=["filing"])
    if isinstance(examined, DomainError):
        raise examined
    return examined


async def change(
    filings: Filings, connection: Connection, filing_id: UUID, wanted: Application
) -> tuple[Filing, Filing]:
    """Keeps what takes a filing's place and returns both; pending, it waits for its approval.

    Raises:
        DomainError: why the filing cannot be changed, or the other not be filed.
    """
    held = await store.lock_filings(connection, [filing_id])
    filing = held[filing_id]
    now = filings.clock.now()
    today = civil_date(now)
    others = await store.filings_of(connection, filing.person_id)
    changing.check_change(filing, wanted, others=others, today=today)
    (outcome,), made = await _make(
        filings, connection, [wanted], paths=["filing"], now=now, changes_filing_id=filing_id
    )
    if isinstance(outcome, DomainError):
        raise outcome
    await store.insert_filings(connection, filings.vault, made)
    changed = filing
    told = [outcome]
    if outcome.state is FilingState.LIVE:
        replaced = await _replace(connection, filing, outcome, now=now, today=today)
        if not replaced:
            raise FilingNotLive
        changed = replaced[0]
        told += replaced
    await _tell(filings, connection, told, now)
    return outcome, changed


async def _replace(
    connection: Connection, before: Filing, successor: Filing, *, now: datetime, today: date
) -> list[Filing]:
    """Writes that a filing's place is taken; returns it, or nothing where it is no longer live."""
    changed = changing.take_place(before, successor, now=now, today=today)
    if changed is before:
        return []
    await store.append_state(connection, changed)
    return [changed]


async def supplement(
    filings: Filings,
    connection: Connection,
    filing_id: UUID,
    documents: tuple[EvidenceDocument, ...],
    *,
    maker_id: str,
    province: str,
) -> Filing:
    """Puts papers behind a commitment and returns the filing as it is then.

    Raises:
        FilingUnknown: there is none.
        CallerOfAnotherProvince: the caller's province is not the insured one.
        FilingNotLive, FilingStateForbids, EvidenceMissing: it cannot be.
        FieldInvalid: the region wants an officer to take the papers in.
    """
    filing = await _locked(connection, filing_id, province=province)
    now = filings.clock.now()
    today = civil_date(now)
    documented = changing.supplement_filing(
        filing,
        documents,
        filings.terms.of(filing.insured_region, today),
        maker_id=maker_id,
        today=today,
    )
    await store.insert_supplement(connection, filing_id, maker_id=maker_id, now=now)
    details = {filing_id: Details(documents=documents)}
    await store.insert_records(connection, filings.vault, details, Part.SUPPLEMENT)
    await _tell(filings, connection, [documented], now)
    return documented


async def revoke(
    filings: Filings,
    connection: Connection,
    filing_id: UUID,
    *,
    maker_id: str,
    checker_id: str,
    note: str,
    province: str,
) -> tuple[Filing, date]:
    """Revokes a filing for a false commitment; returns it and to when commitments are barred.

    Raises:
        FilingUnknown: there is none.
        CallerOfAnotherProvince: the caller's province is not the insured one.
        FilingStateForbids, SameOfficer: it cannot be.
        FieldInvalid: it does not say why.
    """
    if not note:
        raise FieldInvalid("reason", "needed with a revocation")
    filing = await _locked(connection, filing_id, province=province)
    now = filings.clock.now()
    today = civil_date(now)
    revoked, until = changing.revoke_filing(
        filing,
        filings.terms.of(filing.insured_region, today),
        maker_id=maker_id,
        checker_id=checker_id,
        now=now,
        today=today,
    )
    await store.append_state(connection, revoked, maker_id=maker_id)
    await store.insert_bar(connection, revoked, until=until)
    await store.insert_records(
        connection, filings.vault, {filing_id: Details(note=note)}, Part.REVOKED
    )
    await _tell(filings, connection, [revoked], now)
    return revoked, until


async def _locked(connection: Connection, filing_id: UUID, *, province: str) -> Filing:
    filing = (await store.lock_filings(connection, [filing_id])).get(filing_id)
    if filing is None:
        raise FilingUnknown
    check_caller(province, filing.insured_region, field="filing_id")
    return filing
