"""What the use cases ask of a store.

`services.benefits.store.Store` keeps it in PostgreSQL; a simulation keeps it in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from services.kit.idempotency import M

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    from services.benefits.domain.booking import (
        Booking,
        Claimant,
        Day,
        FamilyLink,
        Held,
        Record,
        Standing,
    )
    from services.benefits.domain.model import Entitlement

T = TypeVar("T")


class AnyTransaction(Protocol):
    """One transaction: what it wrote stands as a whole or not at all, what it locked waits."""

    async def lock_person(
        self, claimant: Claimant, settlement_id: UUID
    ) -> tuple[Held | None, Standing]:
        """Locks a person's years, ascending, then accounts by person; missing rows are made.

        The accounts are the person's own and, where the claimant says so, those of relatives.
        Returns what is held of the settlement, and what stands now. `Held` may be stale by what
        another transaction committed while this one waited; `book` then starts the work again.
        """
        ...

    async def book(self, booking: Booking) -> None:
        """Writes answer, state, sums and account of a Commit; the person is locked."""
        ...

    async def find(self, settlement_id: UUID) -> Held | None:
        """Returns the latest state of a settlement with its answer, or None."""
        ...

    async def leave_tombstone(self, settlement_id: UUID) -> None:
        """Refuses a settlement beforehand."""
        ...

    async def lock_booked(self, settlement_id: UUID) -> None:
        """Locks what a booking changed; whether it is still booked must be asked afterwards."""
        ...

    async def restore(self, settlement_id: UUID) -> int:
        """Takes back a booking that is locked; returns the account balance afterwards, fen."""
        ...

    async def set_accounts(self, balances: Sequence[tuple[UUID, int]]) -> None:
        """Sets the balances of accounts, each person once."""
        ...

    async def set_entitlements(self, entitlements: Sequence[tuple[UUID, Entitlement]]) -> None:
        """Sets what persons are entitled to; no two with one person, kind, code and first day."""
        ...

    async def set_family(self, links: Sequence[FamilyLink]) -> None:
        """Sets whose accounts relatives may use; no two with one owner and member."""
        ...


class AnyStore(Protocol):
    """Keeps bookings, accumulators, accounts and entitlements."""

    def request_hash(self, request: Any) -> bytes:
        """Returns the hash by which a repeated Commit is told from another one."""
        ...

    def keyed_hash(self, data: bytes) -> bytes:
        """Returns a hash that tells nothing to who can guess the data, the same for ever."""
        ...

    async def run(self, name: str, work: Callable[[AnyTransaction], Awaitable[T]]) -> T:
        """Runs a use case in one transaction; all of it again where another one came first.

        Raises:
            LostRace: other transactions won every attempt; nothing was written.
        """
        ...

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
        ...

    async def find(self, settlement_id: UUID) -> Held | None:
        """Returns the latest state of a settlement with its answer, or None."""
        ...

    async def find_standing(self, claimant: Claimant) -> Standing:
        """Returns what stands of a person, without a lock."""
        ...

    async def find_standing_before(self, claimant: Claimant, settlement_id: UUID) -> Standing:
        """Returns what stood of a person before a settlement, less what was taken back since.

        Sums and tallies are of the bookings with smaller ids that stand now. Accounts are those of
        now and what they have paid since: what the region has put in since is in them. Entitlements
        are those of now. Parts of a stay are not looked for.
        """
        ...

    async def list_entitlements(self, person_id: UUID) -> list[Entitlement]:
        """Returns what a person is or was entitled to, by kind, code and first day."""
        ...

    async def list_records(self, day: Day, *, after: UUID | None, limit: int) -> list[Record]:
        """Returns bookings of a date in the order of settlement ids, those after an id."""
        ...
