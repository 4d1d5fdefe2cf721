"""Benefits' statements on bookings, accumulators and accounts; SQL of the same names in its store.

The arguments of a function are $1, $2, … of the statement.
"""

# ruff: noqa: PLR0917

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.proving.simulation.engine import Result, Row, Server, Statement, Transaction

SUMS: Final = (
    "inpatient_in_scope",
    "inpatient_deductible",
    "inpatient_count",
    "outpatient_in_scope",
    "outpatient_deductible",
    "outpatient_fund",
    "fund_pooled",
    "fund_large_amount",
    "fund_critical_illness",
    "critical_illness_base",
    "account_pay",
)
_NO_SUMS: Final = dict.fromkeys(SUMS, 0)
_NULLS: Final[dict[str, Any]] = dict.fromkeys(SUMS)
_COMMITTED, _CANCELLED = "COMMITTED", "CANCELLED"


def open_account(server: Server, person_id: UUID, balance_fen: int) -> None:
    """Puts an account there before the run."""
    transaction = server.begin()
    transaction.insert("account", (person_id,), {"balance_fen": balance_fen})
    transaction.commit()


def lock_year(t: Transaction, person_id: UUID, scheme: str, year: int) -> Result:
    """Locks the sums of one year, or makes them."""
    found, made = _lock_or_make(t, "accumulators", (person_id, scheme, year), _NO_SUMS)
    return [{"is_used": found is not None, **(found or _NULLS), "is_locked": made or bool(found)}]


def lock_person(
    t: Transaction, person_id: UUID, scheme: str, year: int, settlement_id: UUID
) -> Result:
    """Locks the sums and then the account, or makes them; and what is held of the settlement."""
    sums, made = _lock_or_make(t, "accumulators", (person_id, scheme, year), _NO_SUMS)
    balance = None
    if sums is not None or made:
        purse, opened = _lock_or_make(t, "account", (person_id,), {"balance_fen": 0})
        balance = purse["balance_fen"] if purse is not None else (0 if opened else None)
    held = _latest_state(t, settlement_id) or {"state": None, "account_balance_fen": None}
    return [
        {
            **held,
            **_answer(t, settlement_id),
            "is_used": sums is not None,
            **(sums or _NULLS),
            "balance_fen": balance,
        }
    ]


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
) -> Result:
    """Sums, account, state and answer of a Commit."""
    _add(t, person_id, scheme, year, delta, 1)
    if account_pay > 0:
        _pay(t, person_id, -account_pay)
    _state(t, settlement_id, 1, _COMMITTED, balance)
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
) -> Result:
    """What an earlier year bears of a bill."""
    _add(t, person_id, scheme, year, delta, 1)
    t.insert(
        "adjudication_year",
        (settlement_id, year),
        {"person_id": person_id, "scheme_code": scheme, "delta": tuple(delta)},
    )
    return 1


def find_adjudication(t: Transaction, settlement_id: UUID) -> Result:
    """The latest state of a settlement, with its answer."""
    state = _latest_state(t, settlement_id)
    return [{**state, **_answer(t, settlement_id)}] if state else []


def find_standing(t: Transaction, person_id: UUID, scheme: str, years: Sequence[int]) -> Result:
    """Sums of years and the account, without a lock."""
    account = t.get("account", person_id)
    rows = []
    for year in years:
        sums = t.get("accumulators", person_id, scheme, year)
        rows.append(
            {
                "benefit_year": year,
                "is_used": sums is not None,
                **(sums or _NULLS),
                "balance_fen": account["balance_fen"] if account else None,
            }
        )
    return rows


def find_parts(
    t: Transaction,
    stay_id: UUID,
    person_id: UUID,
    scheme: str,
    insured: str,
    but: UUID | None,
) -> Result:
    """The parts of a stay that stand, oldest first."""
    rows = []
    for (settlement_id,), row in sorted(t.scan("adjudication"), key=lambda found: found[0]):
        ours = (row["stay_id"], row["person_id"], row["scheme_code"], row["insured_region_code"])
        if ours != (stay_id, person_id, scheme, insured) or settlement_id == but:
            continue
        state = _latest_state(t, settlement_id)
        if state is not None and state["state"] == _CANCELLED:
            continue
        deltas = [row["delta"], *(one["delta"] for one in _earlier_years(t, settlement_id))]
        in_scope, deductible, stays = (sum(delta[place] for delta in deltas) for place in range(3))
        rows.append(
            {
                "end_date": row["end_date"],
                "stays_before": row["stays_before"],
                "in_scope": in_scope,
                "deductible": deductible,
                "stays_counted": stays,
            }
        )
    return rows


def leave_tombstone(t: Transaction, settlement_id: UUID) -> Result:
    """A settlement refused beforehand."""
    _state(t, settlement_id, 1, _CANCELLED, 0)
    return 1


def lock_booked(t: Transaction, settlement_id: UUID) -> Result:
    """The rows that a booking changed."""
    row = t.get("adjudication", settlement_id)
    if row is None:
        return []
    for year in _years(t, settlement_id, row):
        t.lock("accumulators", row["person_id"], row["scheme_code"], year)
    t.lock("account", row["person_id"])
    return [{"person_id": row["person_id"]}]


def restore(t: Transaction, settlement_id: UUID) -> Result:
    """Sums and account as if it had not been, and the state that says so."""
    row = t.get("adjudication", settlement_id)
    if row is None:
        return []
    person_id, scheme = row["person_id"], row["scheme_code"]
    _add(t, person_id, scheme, row["benefit_year"], row["delta"], -1)
    for one in _earlier_years(t, settlement_id):
        _add(t, person_id, scheme, one["benefit_year"], one["delta"], -1)
    balance = _pay(t, person_id, row["account_pay_fen"])
    _state(t, settlement_id, 2, _CANCELLED, balance)
    return [{"account_balance_fen": balance}]


def list_adjudications(
    t: Transaction,
    first: UUID,
    end: UUID,
    after: UUID | None,
    start_time: datetime,
    end_time: datetime,
    region: str,
    limit: int,
) -> Result:
    """What was booked or cancelled on a date."""
    rows = []
    for (settlement_id, version), state in sorted(
        t.scan("adjudication_state"), key=lambda found: found[0]
    ):
        if version != 1 or (after is not None and settlement_id <= after):
            continue
        second = t.get("adjudication_state", settlement_id, 2)
        of_day = first <= settlement_id < end or any(
            one["state"] == _CANCELLED and start_time <= one["create_time"] < end_time
            for one in (state, second)
            if one is not None
        )
        row = t.get("adjudication", settlement_id)
        insured = row["insured_region_code"] if row else None
        if not of_day or (region and not (insured or "").startswith(region)):
            continue
        rows.append(
            {
                **{name: row[name] if row else None for name in _LISTED},
                "settlement_id": settlement_id,
                "state": (second or state)["state"],
                "is_booked": state["state"] == _COMMITTED,
                "first_time": state["create_time"],
                "second_time": second["create_time"] if second else None,
            }
        )
    return rows[:limit]


def set_accounts(t: Transaction, people: Sequence[UUID], balances: Sequence[int]) -> Result:
    """Balances as they are told, in the order of people."""
    for person_id, fen in sorted(zip(people, balances, strict=True)):
        if not t.insert_new("account", (person_id,), {"balance_fen": fen}):
            t.update("account", (person_id,), balance_fen=fen)
    return len(people)


_LISTED: Final = (
    "insured_region_code",
    "care_region_code",
    "scheme_code",
    "total_fen",
    "fund_total_fen",
    "account_pay_fen",
    "cash_pay_fen",
)


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


def _latest_state(t: Transaction, settlement_id: UUID) -> dict[str, Any] | None:
    for version in (2, 1):
        row = t.get("adjudication_state", settlement_id, version)
        if row is not None:
            return {name: row[name] for name in ("state", "account_balance_fen")}
    return None


def _answer(t: Transaction, settlement_id: UUID) -> dict[str, Any]:
    row = t.get("adjudication", settlement_id) or {"request_hash": None, "answer": None}
    return {name: row[name] for name in ("request_hash", "answer")}


def _earlier_years(t: Transaction, settlement_id: UUID) -> list[dict[str, Any]]:
    found = [
        {**row, "benefit_year": year}
        for (of, year), row in t.scan("adjudication_year")
        if of == settlement_id
    ]
    return sorted(found, key=lambda row: row["benefit_year"])


def _years(t: Transaction, settlement_id: UUID, row: Row) -> list[int]:
    earlier = [one["benefit_year"] for one in _earlier_years(t, settlement_id)]
    return [*earlier, row["benefit_year"]]


STATEMENTS: Final[Mapping[str, Statement]] = {
    "benefits.lock_year": lock_year,
    "benefits.lock_person": lock_person,
    "benefits.book": book,
    "benefits.book_year": book_year,
    "benefits.find_adjudication": find_adjudication,
    "benefits.find_standing": find_standing,
    "benefits.find_parts": find_parts,
    "benefits.leave_tombstone": leave_tombstone,
    "benefits.lock_booked": lock_booked,
    "benefits.restore": restore,
    "benefits.list": list_adjudications,
    "benefits.set_accounts": set_accounts,
}
