"""Bookings, accumulators, accounts and entitlements in PostgreSQL; its SQL is in statements.py."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg

from services.benefits import metrics, statements
from services.benefits.domain.booking import Booking, Claimant, Day, Held, Record, Standing, State
from services.benefits.domain.model import (
    SUM_NAMES,
    Accumulators,
    Circumstances,
    Purse,
    Setting,
    StayPart,
    Tally,
    sums_of,
)
from services.kit.errors import LostRace
from services.kit.idempotency import M, once, request_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from uuid import UUID

    from services.benefits.domain.booking import FamilyLink
    from services.benefits.domain.model import Entitlement
    from services.benefits.ports import AnyTransaction
    from services.benefits.vault import Vault
    from services.kit.db import Connection, Database

T = TypeVar("T")

_RACES_MAX: Final = 3


class Transaction:
    """What a use case does on one connection, inside `Store.run`."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def lock_person(
        self, claimant: Claimant, settlement_id: UUID
    ) -> tuple[Held | None, Standing]:
        """Locks a person's years, ascending, then accounts by person; missing rows are made.

        The accounts are the person's own and, where the claimant says so, those of relatives.
        Returns what is held of the settlement, and what stands now. `Held` may be stale by what
        another transaction committed while this one waited; `book` then fails on the key.
        """
        *earlier, last = claimant.benefit_years
        years = {year: await self._lock_year(claimant, year) for year in earlier}
        while True:
            row = await self._connection.fetchrow(
                statements.LOCK_PERSON,
                claimant.person_id,
                claimant.scheme_code,
                last,
                settlement_id,
                claimant.relatives_on,
            )
            if row is None:
                raise _no_row()
            if row["balance_fen"] is not None:
                break
        years[last] = _sums(row)
        vault = self._vault
        parts = await _find_parts(self._connection, claimant, settlement_id)
        tallies = await _find_tallies(self._connection, vault, claimant, but=settlement_id)
        circumstances = _circumstances(row, vault, claimant.person_id, tallies)
        standing = Standing(years, row["balance_fen"], parts, circumstances)
        return _held(row, vault, settlement_id), standing

    async def _lock_year(self, claimant: Claimant, year: int) -> Accumulators:
        while True:
            row = await self._connection.fetchrow(
                statements.LOCK_YEAR, claimant.person_id, claimant.scheme_code, year
            )
            if row is None:
                raise _no_row()
            if row["is_locked"]:
                return _sums(row)

    async def book(self, booking: Booking) -> None:
        """Writes answer, state, sums and account of a Commit; the person is locked.

        Raises:
            asyncpg.UniqueViolationError: another transaction has booked or cancelled the
                settlement; `Store.run` starts again.
        """
        claimant = booking.claimant
        *earlier, (year, delta) = booking.deltas
        await self._connection.execute(
            statements.BOOK,
            booking.settlement_id,
            booking.request_hash,
            claimant.person_id,
            claimant.scheme_code,
            year,
            booking.insured_region_code,
            booking.care_region_code,
            booking.policy_version,
            booking.total,
            booking.fund_total,
            booking.account_pay,
            booking.cash_pay,
            sums_of(delta),
            self._vault.seal_answer(booking.settlement_id, booking.answer),
            booking.account_balance,
            None if claimant.stay is None else claimant.stay.stay_id,
            booking.stays_before,
            booking.end_date,
            booking.setting.value,
            booking.institution_code,
            self._vault.disease_index(claimant.person_id, booking.disease_code),
            [person for person, _ in booking.family_payments],
            [fen for _, fen in booking.family_payments],
            booking.tally_dates[-1],
            booking.is_manual,
        )
        for (year, delta), tally_date in zip(earlier, booking.tally_dates[:-1], strict=True):
            await self._connection.execute(
                statements.BOOK_YEAR,
                booking.settlement_id,
                year,
                claimant.person_id,
                claimant.scheme_code,
                sums_of(delta),
                tally_date,
            )

    async def find(self, settlement_id: UUID) -> Held | None:
        """Returns the latest state of a settlement with its answer, or None."""
        row = await self._connection.fetchrow(statements.FIND, settlement_id)
        return None if row is None else _held(row, self._vault, settlement_id)

    async def leave_tombstone(self, settlement_id: UUID) -> None:
        """Refuses a settlement beforehand.

        Raises:
            asyncpg.UniqueViolationError: as `book`.
        """
        await self._connection.execute(statements.LEAVE_TOMBSTONE, settlement_id)

    async def lock_booked(self, settlement_id: UUID) -> None:
        """Locks what a booking changed; whether it is still booked must be asked afterwards."""
        await self._connection.execute(statements.LOCK_BOOKED, settlement_id)

    async def restore(self, settlement_id: UUID) -> int:
        """Takes back a booking that is locked; returns the account balance afterwards, fen."""
        row = await self._connection.fetchrow(statements.RESTORE, settlement_id)
        if row is None:
            msg = "a booked settlement has no accumulators or account"
            raise LookupError(msg)
        return int(row["account_balance_fen"])

    async def set_accounts(self, balances: Sequence[tuple[UUID, int]]) -> None:
        """Sets the balances of accounts, each person once."""
        await self._connection.execute(
            statements.SET_ACCOUNTS,
            [person for person, _ in balances],
            [fen for _, fen in balances],
        )

    async def set_entitlements(self, entitlements: Sequence[tuple[UUID, Entitlement]]) -> None:
        """Sets what persons are entitled to; no two with one person, kind, code and first day."""
        await self._connection.execute(
            statements.SET_ENTITLEMENTS,
            [person for person, _ in entitlements],
            [self._vault.entitlement_index(person, one) for person, one in entitlements],
            [self._vault.seal_entitlement(person, one) for person, one in entitlements],
        )

    async def set_family(self, links: Sequence[FamilyLink]) -> None:
        """Sets whose accounts relatives may use; no two with one owner and member."""
        members = [link.member_person_id for link in links]
        owners = [link.owner_person_id for link in links]
        await self._connection.execute(statements.OPEN_ACCOUNTS, [*members, *owners])
        await self._connection.execute(
            statements.SET_FAMILY,
            members,
            owners,
            [link.begin_date for link in links],
            [link.end_date for link in links],
        )


class Store:
    """Bookings, accumulators and accounts in PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def request_hash(self, request: Any) -> bytes:
        """Returns the hash by which a repeated Commit is told from another one."""
        return self._vault.request_hash(request)

    def keyed_hash(self, data: bytes) -> bytes:
        """Returns a hash that tells nothing to who can guess the data, the same for ever."""
        return self._vault.keyed_hash(data)

    async def run(self, name: str, work: Callable[[AnyTransaction], Awaitable[T]]) -> T:
        """Runs a use case in one transaction; all of it again where another one came first.

        The one that comes second to a settlement's state fails on the key, rolls back, and on the
        repeat sees what the first one left.

        Raises:
            LostRace: other transactions won every attempt; nothing was written.
        """

        async def transaction(connection: Connection) -> T:
            return await work(Transaction(connection, self._vault))

        for _ in range(_RACES_MAX):
            try:
                return await self._database.run(name, transaction)
            except asyncpg.UniqueViolationError:
                metrics.RACES.inc()
        raise LostRace("LOST_RACE", "concurrent calls for this settlement won", retry_after_ms=50)

    async def once(
        self,
        request: Any,
        response_type: type[M],
        work: Callable[[AnyTransaction], Awaitable[M]],
        *,
        keyed: bool = False,
    ) -> M:
        """Runs `work` in a transaction once per request.request_id; a repeat gets its answer.

        `keyed`: the request holds what could be guessed from a plain hash.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED.
        """

        async def transaction(connection: Connection) -> M:
            return await work(Transaction(connection, self._vault))

        hash_of = self._vault.request_hash if keyed else request_hash
        return await once(self._database, request, response_type, transaction, hash_of=hash_of)

    async def find(self, settlement_id: UUID) -> Held | None:
        """Returns the latest state of a settlement with its answer, or None."""
        row = await self._database.fetchrow(statements.FIND, settlement_id)
        return None if row is None else _held(row, self._vault, settlement_id)

    async def find_standing(self, claimant: Claimant) -> Standing:
        """Returns what stands of a person, without a lock."""
        async with self._database.connection() as connection:
            rows = await _find_standing(connection, claimant)
            parts = await _find_parts(connection, claimant, None)
            tallies = await _find_tallies(connection, self._vault, claimant)
        years = {row["benefit_year"]: _sums(row) for row in rows}
        circumstances = _circumstances(rows[0], self._vault, claimant.person_id, tallies)
        return Standing(years, rows[0]["balance_fen"] or 0, parts, circumstances)

    async def find_standing_before(self, claimant: Claimant, settlement_id: UUID) -> Standing:
        """Returns what stood of a person before a settlement, less what was taken back since.

        Sums and tallies are of the bookings with smaller ids that stand now. Accounts are those of
        now and what they have paid since: what the region has put in since is in them. Entitlements
        are those of now. Parts of a stay are not looked for.
        """
        async with self._database.connection() as connection:
            sums = await connection.fetch(
                statements.FIND_SUMS_BEFORE,
                claimant.person_id,
                claimant.scheme_code,
                claimant.benefit_years,
                settlement_id,
            )
            row = (await _find_standing(connection, claimant))[0]
            tallies = await _find_tallies(connection, self._vault, claimant, before=settlement_id)
            now = _circumstances(row, self._vault, claimant.person_id, tallies)
            people = [claimant.person_id, *(purse.person_id for purse in now.relatives)]
            found = await connection.fetch(statements.FIND_PAID_SINCE, people, settlement_id)
        since = {one["person_id"]: one["fen"] for one in found}
        relatives = tuple(
            Purse(purse.person_id, purse.balance + since[purse.person_id])
            for purse in now.relatives
        )
        return Standing(
            {one["benefit_year"]: _sums(one) for one in sums},
            (row["balance_fen"] or 0) + since[claimant.person_id],
            circumstances=replace(now, relatives=relatives),
        )

    async def list_entitlements(self, person_id: UUID) -> list[Entitlement]:
        """Returns what a person is or was entitled to, by kind, code and first day."""
        rows = await self._database.fetch(statements.LIST_ENTITLEMENTS, person_id)
        return list(self._vault.open_entitlements(person_id, (row["content"] for row in rows)))

    async def list_records(self, day: Day, *, after: UUID | None, limit: int) -> list[Record]:
        """Returns bookings of a date in the order of settlement ids, those after an id."""
        rows = await self._database.fetch(
            statements.LIST,
            day.first_id,
            day.end_id,
            after,
            day.start_time,
            day.end_time,
            day.region_prefix,
            limit,
        )
        return [_record(row) for row in rows]


async def _find_parts(
    connection: Connection, claimant: Claimant, settlement_id: UUID | None
) -> tuple[StayPart, ...]:
    stay = claimant.stay
    if stay is None:
        return ()
    rows = await connection.fetch(
        statements.FIND_PARTS,
        stay.stay_id,
        claimant.person_id,
        claimant.scheme_code,
        stay.insured_region_code,
        settlement_id,
    )
    return tuple(StayPart(**row) for row in rows)


async def remember_index_key(database: Database, fingerprint: bytes) -> bytes | None:
    """Returns the fingerprint of the index key in use, which is the one given if there was none."""
    row = await database.fetchrow(statements.REMEMBER_INDEX_KEY, fingerprint)
    return None if row is None else bytes(row["fingerprint"])


async def _find_tallies(
    connection: Connection,
    vault: Vault,
    claimant: Claimant,
    *,
    but: UUID | None = None,
    before: UUID | None = None,
) -> tuple[Tally, ...]:
    if not claimant.reads_tallies:
        return ()
    stay = claimant.stay
    rows = await connection.fetch(
        statements.FIND_TALLIES,
        claimant.person_id,
        claimant.scheme_code,
        claimant.benefit_years,
        None if stay is None else stay.stay_id,
        None if stay is None else stay.insured_region_code,
        but,
        before,
    )
    found = {row["disease_index"] for row in rows}
    diseases = vault.diseases_of(claimant.person_id, found, claimant.diseases)
    return tuple(_tally(dict(row), diseases) for row in rows)


def _tally(row: dict[str, Any], diseases: Mapping[bytes, str]) -> Tally:
    disease = diseases[row.pop("disease_index")]
    return Tally(**{**row, "setting": Setting(row["setting"]), "disease_code": disease})


async def _find_standing(connection: Connection, claimant: Claimant) -> Sequence[asyncpg.Record]:
    return await connection.fetch(
        statements.FIND_STANDING,
        claimant.person_id,
        claimant.scheme_code,
        claimant.benefit_years,
        claimant.relatives_on,
    )


def _circumstances(
    row: asyncpg.Record, vault: Vault, person_id: UUID, tallies: tuple[Tally, ...]
) -> Circumstances:
    return Circumstances(
        entitlements=vault.open_entitlements(person_id, row["entitlements"] or ()),
        tallies=tallies,
        relatives=tuple(Purse(owner, fen) for owner, fen in row["relatives"] or ()),
    )


def _held(row: asyncpg.Record, vault: Vault, settlement_id: UUID) -> Held | None:
    if row["state"] is None:
        return None
    held = Held(State(row["state"]), row["account_balance_fen"], request_hash=None, answer=None)
    if row["answer"] is None:
        return held
    stored, sealed = row["request_hash"], row["sealed"]
    return replace(
        held,
        # What the versions before 0003 wrote is a plain hash.
        request_hash=stored if sealed else vault.keyed_request(stored),
        answer=vault.open_answer(settlement_id, row["answer"], sealed=sealed),
    )


def _sums(row: asyncpg.Record) -> Accumulators:
    if not row["is_used"]:
        return Accumulators()
    return Accumulators(**{name: row[name] for name in SUM_NAMES})


def _record(row: asyncpg.Record) -> Record:
    state = State(row["state"])
    if not row["is_booked"]:
        return Record(row["settlement_id"], state, cancel_time=row["first_time"])
    return Record(
        settlement_id=row["settlement_id"],
        state=state,
        insured_region_code=row["insured_region_code"],
        care_region_code=row["care_region_code"],
        scheme_code=row["scheme_code"],
        total=row["total_fen"],
        fund_total=row["fund_total_fen"],
        account_pay=row["account_pay_fen"],
        cash_pay=row["cash_pay_fen"],
        book_time=row["first_time"],
        cancel_time=row["second_time"],
        is_manual=row["is_manual"],
    )


def _no_row() -> LookupError:
    return LookupError("a statement over one constant row gave none")
