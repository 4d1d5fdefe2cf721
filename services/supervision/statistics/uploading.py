"""Takes self-paid cases and costs of locals: each row by itself, what it means decided in order."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from services.kit.errors import Absent, DomainError
from services.supervision.domain.direct_rate import judge_eligibility
from services.supervision.domain.uploads import (
    Action,
    Judged,
    Kept,
    LocalCost,
    LocalKey,
    SelfPaid,
    Step,
    decide,
    require_one_grouping,
)
from services.supervision.statistics import upload_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.kit.db import Connection

    SelfPaidOutcome = tuple[Judged, Step] | DomainError
    CostOutcome = Step | DomainError


class Insurances(Protocol):
    """Knows who is insured where."""

    async def standings(self, cases: Sequence[SelfPaid]) -> list[bool | None]:
        """Tells whether patients are insured where they say; None: an unknown person."""


class Filings(Protocol):
    """Knows what is filed."""

    async def filed(self, cases: Sequence[SelfPaid]) -> list[bool]:
        """Tells whether a filing counts for each case."""


async def judge(
    entries: Sequence[SelfPaid | DomainError], insurances: Insurances, filings: Filings
) -> list[Judged | DomainError]:
    """Returns the entries with their eligibility; one whose person nobody knows is refused.

    Raises:
        Unavailable: identity or filing does not answer; nothing can be said of any entry.
    """
    cases = [entry for entry in entries if isinstance(entry, SelfPaid)]
    insured = await insurances.standings(cases)
    asked = [case for case, standing in zip(cases, insured, strict=True) if standing]
    filed = dict(zip(map(id, asked), await filings.filed(asked) if asked else (), strict=True))
    standings = dict(zip(map(id, cases), insured, strict=True))
    found: list[Judged | DomainError] = []
    for number, entry in enumerate(entries):
        if isinstance(entry, DomainError):
            found.append(entry)
        elif standings[id(entry)] is None:
            found.append(
                Absent("CREDENTIAL_UNKNOWN", "no such person", field=f"cases[{number}].person_id")
            )
        else:
            eligibility = judge_eligibility(
                reason=entry.reason,
                is_insured=bool(standings[id(entry)]),
                is_filed=filed.get(id(entry), False),
            )
            found.append(Judged(entry, eligibility))
    return found


async def take_cases(
    connection: Connection,
    entries: Sequence[Judged | DomainError],
    now: datetime,
    *,
    dry_run: bool,
) -> list[SelfPaidOutcome]:
    """Appends what entries bring; returns what became of each.

    Raises:
        LostRace: the same cases are being uploaded elsewhere.
    """
    judged = [entry for entry in entries if isinstance(entry, Judged)]
    kept = await upload_store.kept_cases(connection, {one.case.case_id for one in judged})
    outcomes: list[SelfPaidOutcome] = []
    rows: list[tuple[Judged, Kept]] = []
    for number, entry in enumerate(entries):
        if isinstance(entry, DomainError):
            outcomes.append(entry)
            continue
        key = entry.case.case_id
        before = kept.get(key)
        content = content_hash(entry)
        try:
            step = decide(
                entry.case.action,
                content,
                before,
                field=f"cases[{number}].institution_visit_number",
            )
        except DomainError as error:
            outcomes.append(error)
            continue
        if step is not Step.NOTHING:
            kept[key] = _next(before, step, content)
            rows.append((entry, kept[key]))
        outcomes.append((entry, step))
    if not dry_run:
        await upload_store.append_cases(connection, rows, now)
    return outcomes


async def take_costs(
    connection: Connection,
    entries: Sequence[LocalCost | DomainError],
    now: datetime,
    *,
    dry_run: bool,
) -> list[CostOutcome]:
    """Appends what rows bring; returns what became of each.

    Raises:
        LostRace: the same rows are being uploaded elsewhere.
    """
    costs = [entry for entry in entries if isinstance(entry, LocalCost)]
    kept = await upload_store.kept_costs(connection, {one.key for one in costs})
    standing: defaultdict[tuple[object, ...], set[LocalKey]] = defaultdict(set)
    for key, one in kept.items():
        if not one.is_withdrawn:
            standing[key[:3]].add(key)
    outcomes: list[CostOutcome] = []
    rows: list[tuple[LocalCost, Kept]] = []
    for number, entry in enumerate(entries):
        if isinstance(entry, DomainError):
            outcomes.append(entry)
            continue
        key, path = entry.key, f"costs[{number}]"
        try:
            if entry.action is not Action.WITHDRAW:
                require_one_grouping(key, standing[key[:3]], field=f"{path}.disease_group_code")
            step = decide(
                entry.action, entry.content, kept.get(key), field=f"{path}.institution_code"
            )
        except DomainError as error:
            outcomes.append(error)
            continue
        if step is not Step.NOTHING:
            kept[key] = _next(kept.get(key), step, entry.content)
            rows.append((entry, kept[key]))
            (standing[key[:3]].discard if kept[key].is_withdrawn else standing[key[:3]].add)(key)
        outcomes.append(step)
    if not dry_run:
        await upload_store.append_costs(connection, rows, now)
    return outcomes


def content_hash(judged: Judged) -> bytes:
    """Returns the SHA-256 of what an institution says of a case: 32 bytes."""
    case = judged.case
    parts = (
        case.person_id,
        case.institution_code,
        case.care_region_code,
        case.insured_region_code,
        case.medical_type_code,
        case.begin_date,
        case.end_date,
        case.total_fen,
        case.reason.value,
        case.is_emergency,
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).digest()


def _next(before: Kept | None, step: Step, content: bytes) -> Kept:
    return Kept(
        version=before.version + 1 if before else 1,
        is_withdrawn=step is Step.APPEND_WITHDRAWN,
        content=content,
    )
