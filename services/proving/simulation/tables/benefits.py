"""Benefits' statements on bookings, accumulators and accounts; SQL of the same names in its store.

The arguments of a function are $1, $2, … of the statement.
"""

# ruff: noqa: PLR0917

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.proving.simulation.engine import Result, Row, Server, Statement, Transaction
from services.proving.simulation.tables import benefits_reads as reads
from services.proving.simulation.tables.benefits_reads import (
    CANCELLED,
    COMMITTED,
    NO_SUMS,
    NULLS,
    SUMS,
    answer_of,
    earlier_years,
    entitlements_of,
    latest_state,
    owners_of,
    shares_of,
)


def open_account(server: Server, person_id: UUID, balance_fen: int) -> None:
    """Puts an account there before the run."""
    transaction = server.begin()
    transaction.insert("account", (person_id,), {"balance_fen": balance_fen})
    transaction.commit()


def share_account(server: Server, owner: UUID, member: UUID, begin_date: date) -> None:
    """Lets a relative use an account before the run, without end."""
    transaction = server.begin()
    transaction.insert(
        "family_account", (member, owner), {"begin_date": begin_date, "end_date": None}
    )
    transaction.commit()


def lock_year(t: Transaction, person_id: UUID, scheme: str, year: int) -> Result:
    """Locks the sums of one year, or makes them."""
    found, made = _lock_or_make(t, "accumulators", (person_id, scheme, year), NO_SUMS)
    return [{"is_used": found is not None, **(found or NULLS), "is_locked": made or bool(found)}]


def lock_person(
    t: Transaction,
    person_id: UUID,
    scheme: str,
    year: int,
    settlement_id: UUID,
    day: date | None = None,
) -> Result:
    """Locks the sums and then accounts, or makes them; and what is held of the settlement."""
    sums, made = _lock_or_make(t, "accumulators", (person_id, scheme, year), NO_SUMS)
    balance: int | None = None
    relatives: list[tuple[UUID, int]] = []
    if sums is not None or made:
        balance, relatives = _lock_accounts(t, person_id, day)
    held = latest_state(t, settlement_id) or {"state": None, "account_balance_fen": None}
    return [
        {
            **held,
            **answer_of(t, settlement_id),
            "is_used": sums is not None,
            **(sums or NULLS),
            "balance_fen": balance,
            "entitlements": entitlements_of(t, person_id),
            "relatives": relatives,
        }
    ]


def _lock_accounts(
    t: Transaction, person_id: UUID, day: date | None
) -> tuple[int | None, list[tuple[UUID, int]]]:
    """Locks accounts in the order of persons, the person's own too; makes that one last."""
    owners = owners_of(t, person_id, day)
    found: dict[UUID, int] = {}
    for one in sorted({person_id, *owners}):
        if t.get("account", one) is not None:
            row = t.lock("account", one)
            found[one] = (row or {"balance_fen": 0})["balance_fen"]
    if person_id in found:
        balance: int | None = found[person_id]
    else:
        balance = 0 if t.insert_new("account", (person_id,), {"balance_fen": 0}) else None
    return balance, [(one, found[one]) for one in owners if one in found]


def book(
    t: Transaction,
    settlement_id: UUID,
    request_hash: bytes,
    person_id: UUID,
    scheme: str,
    year: int,
    insured: str,
    care: str,
    policy_version: str,
    total: int,
    fund_total: int,
    account_pay: int,
    cash_pay: int,
    delta: Sequence[int],
    answer: bytes,
    balance: int,
    stay_id: UUID | None = None,
    stays_before: int | None = None,
    end_date: date | None = None,
    setting: str | None = None,
    institution: str | None = None,
    disease_index: bytes | None = None,
    owners: Sequence[UUID] = (),
    shares: Sequence[int] = (),
    tally_date: date | None = None,
    is_manual: bool = False,
) -> Result:
    """Sums, accounts, state and answer of a Commit."""
    _add(t, person_id, scheme, year, delta, 1)
    if account_pay > sum(shares):
        _pay(t, person_id, sum(shares) - account_pay)
    for owner, fen in zip(owners, shares, strict=True):
        _pay(t, owner, -fen)
        t.insert("adjudication_family_pay", (settlement_id, owner), {"account_pay_fen": fen})
    _state(t, settlement_id, 1, COMMITTED, balance)
    t.insert(
        "adjudication",
        (settlement_id,),
        {
            "settlement_id": settlement_id,
            "request_hash": request_hash,
            "person_id": person_id,
            "scheme_code": scheme,
            "benefit_year": year,
            "insured_region_code": insured,
            "care_region_code": care,
            "policy_version": policy_version,
            "total_fen": total,
            "fund_total_fen": fund_total,
            "account_pay_fen": account_pay,
            "cash_pay_fen": cash_pay,
            "delta": tuple(delta),
            "answer": answer,
            "stay_id": stay_id,
            "stays_before": stays_before,
            "end_date": end_date,
            "setting": setting,
            "institution_code": institution,
            "disease_index": disease_index,
            "sealed": True,
            "tally_date": tally_date,
            "is_manual": is_manual,
        },
    )
    return 1


def book_year(
    t: Transaction,
    settlement_id: UUID,
    year: int,
    person_id: UUID,
    scheme: str,
    delta: Sequence[int],
    tally_date: date | None = None,
) -> Result:
    """What an earlier year bears of a bill."""
    _add(t, person_id, scheme, year, delta, 1)
    t.insert(
        "adjudication_year",
        (settlement_id, year),
        {
            "person_id": person_id,
            "scheme_code": scheme,
            "delta": tuple(delta),
            "tally_date": tally_date,
        },
    )
    return 1


def leave_tombstone(t: Transaction, settlement_id: UUID) -> Result:
    """A settlement refused beforehand."""
    _state(t, settlement_id, 1, CANCELLED, 0)
    return 1


def lock_booked(t: Transaction, settlement_id: UUID) -> Result:
    """The rows that a booking changed."""
    row = t.get("adjudication", settlement_id)
    if row is None:
        return []
    for year in _years(t, settlement_id, row):
        t.lock("accumulators", row["person_id"], row["scheme_code"], year)
    people = sorted({row["person_id"], *shares_of(t, settlement_id)})
    for person_id in people:
        t.lock("account", person_id)
    return [{"person_id": person_id} for person_id in people]


def restore(t: Transaction, settlement_id: UUID) -> Result:
    """Sums and account as if it had not been, and the state that says so."""
    row = t.get("adjudication", settlement_id)
    if row is None:
        return []
    person_id, scheme = row["person_id"], row["scheme_code"]
    _add(t, person_id, scheme, row["benefit_year"], row["delta"], -1)
    for one in earlier_years(t, settlement_id):
        _add(t, person_id, scheme, one["benefit_year"], one["delta"], -1)
    shares = shares_of(t, settlement_id)
    balance = _pay(t, person_id, row["account_pay_fen"] - sum(shares.values()))
    for owner, fen in shares.items():
        _pay(t, owner, fen)
    _state(t, settlement_id, 2, CANCELLED, balance)
    return [{"account_balance_fen": balance}]


def set_accounts(t: Transaction, people: Sequence[UUID], balances: Sequence[int]) -> Result:
    """Balances as they are told, in the order of people."""
    for person_id, fen in sorted(zip(people, balances, strict=True)):
        if not t.insert_new("account", (person_id,), {"balance_fen": fen}):
            t.update("account", (person_id,), balance_fen=fen)
    return len(people)


def set_entitlements(
    t: Transaction,
    people: Sequence[UUID],
    indexes: Sequence[bytes],
    contents: Sequence[bytes],
) -> Result:
    """What persons are entitled to, sealed; one with the same key is replaced."""
    for *key, content in sorted(zip(people, indexes, contents, strict=True)):
        if not t.insert_new("entitlement", tuple(key), {"content": content}):
            t.update("entitlement", tuple(key), content=content)
    return len(people)


def open_accounts(t: Transaction, people: Sequence[UUID]) -> Result:
    """Accounts of zero for who has none, in the order of people."""
    missing = [one for one in sorted({*people}) if t.latest("account", one) is None]
    return sum(t.insert_new("account", (one,), {"balance_fen": 0}) for one in missing)


def set_family(
    t: Transaction,
    members: Sequence[UUID],
    owners: Sequence[UUID],
    begins: Sequence[date],
    ends: Sequence[date | None],
) -> Result:
    """Whose accounts relatives may use; one with the same owner and member is replaced."""
    for member, owner, begin, end in sorted(
        zip(members, owners, begins, ends, strict=True), key=lambda one: one[:2]
    ):
        dates = {"begin_date": begin, "end_date": end}
        if not t.insert_new("family_account", (member, owner), dates):
            t.update("family_account", (member, owner), **dates)
    return len(members)


def _lock_or_make(
    t: Transaction, table: str, key: tuple[Any, ...], fresh: Row
) -> tuple[Row | None, bool]:
    """Locks a row that the statement sees, or makes one; neither: somebody else just made it."""
    if t.get(table, *key) is not None:
        return t.lock(table, *key), False
    return None, t.insert_new(table, key, dict(fresh))


def _add(
    t: Transaction, person_id: UUID, scheme: str, year: int, delta: Sequence[int], sign: int
) -> None:
    key = (person_id, scheme, year)
    row = t.lock("accumulators", *key)
    if row is None:
        return
    sums = {name: row[name] + sign * change for name, change in zip(SUMS, delta, strict=True)}
    if min(sums.values()) < 0:
        raise asyncpg.CheckViolationError("a sum of a year falls below zero")
    t.update("accumulators", key, **sums)


def _pay(t: Transaction, person_id: UUID, fen: int) -> int:
    row = t.lock("account", person_id)
    balance: int = (row or {"balance_fen": 0})["balance_fen"] + fen
    if balance < 0:
        raise asyncpg.CheckViolationError("an account falls below zero")
    t.update("account", (person_id,), balance_fen=balance)
    return balance


def _state(t: Transaction, settlement_id: UUID, version: int, state: str, balance: int) -> None:
    row = {"state": state, "account_balance_fen": balance, "create_time": t.server.now()}
    t.insert("adjudication_state", (settlement_id, version), row)


def _years(t: Transaction, settlement_id: UUID, row: Row) -> list[int]:
    earlier = [one["benefit_year"] for one in earlier_years(t, settlement_id)]
    return [*earlier, row["benefit_year"]]


STATEMENTS: Final[Mapping[str, Statement]] = {
    "benefits.lock_year": lock_year,
    "benefits.lock_person": lock_person,
    "benefits.book": book,
    "benefits.book_year": book_year,
    "benefits.find_adjudication": reads.find_adjudication,
    "benefits.find_standing": reads.find_standing,
    "benefits.find_parts": reads.find_parts,
    "benefits.find_tallies": reads.find_tallies,
    "benefits.find_sums_before": reads.find_sums_before,
    "benefits.find_paid_since": reads.find_paid_since,
    "benefits.leave_tombstone": leave_tombstone,
    "benefits.lock_booked": lock_booked,
    "benefits.restore": restore,
    "benefits.list": reads.list_adjudications,
    "benefits.set_accounts": set_accounts,
    "benefits.set_entitlements": set_entitlements,
    "benefits.list_entitlements": reads.list_entitlements,
    "benefits.open_accounts": open_accounts,
    "benefits.set_family": set_family,
}
