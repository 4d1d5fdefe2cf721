"""What benefits' statements read of bookings, accumulators and accounts; as benefits.py."""

# ruff: noqa: PLR0917

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.proving.simulation.engine import Result, Row, Transaction

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
    "chronic_in_scope",
    "chronic_deductible",
    "chronic_fund",
    "large_amount_base",
    "fund_civil_servant",
    "fund_enterprise_supplement",
    "fund_disabled_veteran",
    "medical_aid_base",
    "fund_medical_aid",
    "fund_other",
)
NO_SUMS: Final = dict.fromkeys(SUMS, 0)
NULLS: Final[dict[str, Any]] = dict.fromkeys(SUMS)
COMMITTED, CANCELLED = "COMMITTED", "CANCELLED"
_PLACES: Final = {
    "inpatient": (0, 1, 6),
    "outpatient": (3, 4, 5),
    "pharmacy": (3, 4, 5),
    "chronic": (11, 12, 13),
}
"""Where in a delta a setting has its in-scope cost, deductible and pooled fund."""
_TALLIED: Final = (
    "benefit_year",
    "month",
    "setting",
    "institution_code",
    "disease_index",
    "same_stay",
    "count",
    "total",
    "in_scope",
    "deductible",
    "fund",
)
_LISTED: Final = (
    "insured_region_code",
    "care_region_code",
    "scheme_code",
    "total_fen",
    "fund_total_fen",
    "account_pay_fen",
    "cash_pay_fen",
    "is_manual",
)


def find_adjudication(t: Transaction, settlement_id: UUID) -> Result:
    """The latest state of a settlement, with its answer."""
    state = latest_state(t, settlement_id)
    return [{**state, **answer_of(t, settlement_id)}] if state else []


def find_standing(
    t: Transaction, person_id: UUID, scheme: str, years: Sequence[int], day: date | None = None
) -> Result:
    """Sums of years, accounts and entitlements, without a lock."""
    account = t.get("account", person_id)
    entitlements = entitlements_of(t, person_id)
    purses = [(owner, t.get("account", owner)) for owner in owners_of(t, person_id, day)]
    rows = []
    for year in years:
        sums = t.get("accumulators", person_id, scheme, year)
        rows.append(
            {
                "benefit_year": year,
                "is_used": sums is not None,
                **(sums or NULLS),
                "balance_fen": account["balance_fen"] if account else None,
                "entitlements": entitlements,
                "relatives": [(owner, row["balance_fen"]) for owner, row in purses if row],
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
        if not _stands(t, settlement_id):
            continue
        deltas = [row["delta"], *(one["delta"] for one in earlier_years(t, settlement_id))]
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


def find_tallies(
    t: Transaction,
    person_id: UUID,
    scheme: str,
    years: Sequence[int],
    stay_id: UUID | None,
    insured: str | None,
    but: UUID | None,
    before: UUID | None,
) -> Result:
    """Sums of the bookings that stand, by month, setting, institution and disease."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for (settlement_id,), row in t.scan("adjudication"):
        if (row["person_id"], row["scheme_code"]) != (person_id, scheme) or settlement_id == but:
            continue
        if (before is not None and settlement_id >= before) or not _stands(t, settlement_id):
            continue
        same_stay = stay_id is not None and (row["stay_id"], row["insured_region_code"]) == (
            stay_id,
            insured,
        )
        disease = row["disease_index"] or b""
        of_bill = (row["setting"], row["institution_code"], disease, same_stay)
        earlier = [{**one, "total_fen": 0} for one in earlier_years(t, settlement_id)]
        for part in (row, *earlier):
            of_stay = stay_id is not None and row["stay_id"] == stay_id
            if part["benefit_year"] not in years and not of_stay:
                continue
            key = (part["benefit_year"], part["tally_date"].month, *of_bill)
            sums = groups.setdefault(key, [0] * 5)
            places = _PLACES[row["setting"]]
            added = (1, part["total_fen"], *(part["delta"][place] for place in places))
            groups[key] = [one + other for one, other in zip(sums, added, strict=True)]
    return [dict(zip(_TALLIED, (*key, *sums), strict=True)) for key, sums in sorted(groups.items())]


def find_sums_before(
    t: Transaction, person_id: UUID, scheme: str, years: Sequence[int], before: UUID
) -> Result:
    """What the bookings before one add up to, of those that stand."""
    sums = {year: dict(NO_SUMS) for year in years}
    for (settlement_id,), row in t.scan("adjudication"):
        if (row["person_id"], row["scheme_code"]) != (person_id, scheme):
            continue
        if settlement_id >= before or not _stands(t, settlement_id):
            continue
        for part in (row, *earlier_years(t, settlement_id)):
            if part["benefit_year"] in sums:
                of_year = sums[part["benefit_year"]]
                for name, change in zip(SUMS, part["delta"], strict=True):
                    of_year[name] += change
    return [{"benefit_year": year, "is_used": True, **sums[year]} for year in years]


def find_paid_since(t: Transaction, people: Sequence[UUID], since: UUID) -> Result:
    """What accounts have paid from a settlement on, by those that stand."""
    paid = dict.fromkeys(people, 0)
    for (settlement_id,), row in t.scan("adjudication"):
        if settlement_id < since or not _stands(t, settlement_id):
            continue
        shares = shares_of(t, settlement_id)
        own = row["account_pay_fen"] - sum(shares.values())
        for person_id, fen in ((row["person_id"], own), *shares.items()):
            if person_id in paid:
                paid[person_id] += fen
    return [{"person_id": person_id, "fen": fen} for person_id, fen in paid.items()]


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
            one["state"] == CANCELLED and start_time <= one["create_time"] < end_time
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
                "is_booked": state["state"] == COMMITTED,
                "first_time": state["create_time"],
                "second_time": second["create_time"] if second else None,
            }
        )
    return rows[:limit]


def list_entitlements(t: Transaction, person_id: UUID) -> Result:
    """What a person is entitled to, past ones too, sealed."""
    return [{"content": content} for content in entitlements_of(t, person_id)]


def owners_of(t: Transaction, member: UUID, day: date | None) -> list[UUID]:
    """Whose accounts a relative may use on a day, in the order in which they pay."""
    held = [
        (row["begin_date"], owner)
        for (of, owner), row in t.scan("family_account")
        if of == member and day is not None and _holds(row, day)
    ]
    return [owner for _, owner in sorted(held)]


def _holds(row: Row, day: date) -> bool:
    begin, end = row["begin_date"], row["end_date"]
    return bool(begin <= day and (end is None or day <= end))


def entitlements_of(t: Transaction, person_id: UUID) -> list[bytes]:
    """What a person is entitled to, each sealed."""
    return [row["content"] for (of, _), row in t.scan("entitlement") if of == person_id]


def _stands(t: Transaction, settlement_id: UUID) -> bool:
    state = latest_state(t, settlement_id)
    return state is not None and state["state"] != CANCELLED


def shares_of(t: Transaction, settlement_id: UUID) -> dict[UUID, int]:
    """What relatives' accounts paid, by owner."""
    return {
        owner: row["account_pay_fen"]
        for (of, owner), row in t.scan("adjudication_family_pay")
        if of == settlement_id
    }


def latest_state(t: Transaction, settlement_id: UUID) -> dict[str, Any] | None:
    """The latest state of a settlement, or None."""
    for version in (2, 1):
        row = t.get("adjudication_state", settlement_id, version)
        if row is not None:
            return {name: row[name] for name in ("state", "account_balance_fen")}
    return None


def answer_of(t: Transaction, settlement_id: UUID) -> dict[str, Any]:
    """What was answered, or nulls."""
    row = t.get("adjudication", settlement_id)
    return {name: row[name] if row else None for name in ("request_hash", "answer", "sealed")}


def earlier_years(t: Transaction, settlement_id: UUID) -> list[dict[str, Any]]:
    """The years before the last that bear a part of a bill, ascending."""
    found = [
        {**row, "benefit_year": year}
        for (of, year), row in t.scan("adjudication_year")
        if of == settlement_id
    ]
    return sorted(found, key=lambda row: row["benefit_year"])
