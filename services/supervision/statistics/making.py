"""Makes a bulletin: reads everything once, composes, renders, and freezes what came out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from services.kit.clock import SHANGHAI, Clock, civil_month
from services.kit.dates import first_day, last_day
from services.kit.errors import DomainError, RuleForbids
from services.kit.log import get_logger
from services.supervision.cases import store as case_store
from services.supervision.domain.cost_index import compare
from services.supervision.domain.direct_rate import CareSetting, Level, ranked, setting_of, sum_up
from services.supervision.domain.figures import Figures, canonical, digest_of
from services.supervision.domain.refusal_detector import Attempts, Suspect, detect
from services.supervision.statistics import (
    bulletin_store,
    facts_store,
    rate_store,
    upload_store,
)
from services.supervision.statistics.bulletin_store import Bulletin, BulletinFile
from services.supervision.statistics.composing import compose
from services.supervision.statistics.facts import Facts
from services.supervision.statistics.rate_tables import last_months
from services.supervision.tickets import store as ticket_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from typing import TypeVar

    from services.kit.db import Connection, Database
    from services.supervision.audit.store import AuditStore
    from services.supervision.domain.cost_index import Cost, CostKey
    from services.supervision.domain.direct_rate import Place, Tally
    from services.supervision.ruleset_source import RuleSetSource
    from services.supervision.statistics.clients import FilingClient, GapClient, IdentityClient

    T = TypeVar("T")

_NAMED_MAX: Final = 500
"""Institutions whose names are asked for: those that are printed, and all that are suspected."""
_DEAREST: Final = 15
_HTML: Final = "text/html; charset=utf-8"
_CSV: Final = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a bulletin is made from."""

    database: Database
    audit: AuditStore
    clock: Clock
    identity: IdentityClient
    filing: FilingClient
    gap: GapClient
    rules: RuleSetSource


def require_over(month: str, now: datetime) -> None:
    """Refuses a month that is not over: its rates would still move by the day.

    Raises:
        RuleForbids: BULLETIN_MONTH_OPEN.
    """
    if month >= civil_month(now):
        raise RuleForbids(
            "BULLETIN_MONTH_OPEN",
            "the month is not over",
            field="month",
            metadata={"month": month},
        )


async def gather(sources: Sources, *, month: str, edition: int, note: str, now: datetime) -> Facts:
    """Reads all that a bulletin tells. A callee that does not answer leaves a gap that is told."""
    database = sources.database
    months = last_months(month, 13)
    first, last = first_day(month), last_day(month)
    institutions = await rate_store.tallies(
        database, month, month, by_institution=True, inpatient_only=True
    )
    suspects = await asyncio.to_thread(find_suspects, institutions)
    locals_ = await upload_store.locals_of(database, month)
    grouped = frozenset(key.institution_code for key in locals_ if key.disease_group_code)
    since, until = facts_store.instants(month)
    visitors = await facts_store.visitors(database, sources.audit, month, grouped=grouped)
    named = _printed_institutions(institutions, suspects, _dearest(visitors, locals_))
    return Facts(
        month=month,
        edition=edition,
        freeze_time=now,
        note=note,
        tallies=await rate_store.tallies(
            database, months[0], month, by_institution=False, inpatient_only=True
        ),
        institutions=institutions,
        suspects=suspects,
        refusals=await facts_store.refusals(database, month),
        self_paid=await upload_store.self_paid_of_month(database, month),
        filings=await _or_none(sources.filing.summary(first, last), "filing"),
        gaps=await _or_none(sources.gap.gaps(), "settlement"),
        care_times=await facts_store.response_times(database, month, insured=False),
        insured_times=await facts_store.response_times(database, month, insured=True),
        visitors=visitors,
        locals_=locals_,
        tickets=await ticket_store.summarize(
            database, since=since, until=until, now=now, region_code=""
        ),
        findings=await facts_store.findings(database, month),
        cases=await case_store.standing(database, since=since, until=until),
        rule_names={rule.code: rule.name_zh for rule in sources.rules.ruleset().rules},
        names=await _or_none(sources.identity.names(named), "identity") or {},
    )


def find_suspects(institutions: Mapping[Place, Tally]) -> list[Suspect]:
    """Returns the institutions that were tested, by their inpatient cases of a month."""
    regions = {
        place.institution_code: place.care_region_code
        for place in sorted(institutions)
        if setting_of(place.medical_type_code) is CareSetting.INPATIENT
    }
    tallies = sum_up(institutions, Level.INSTITUTION, setting=CareSetting.INPATIENT)
    return detect(
        [
            Attempts(
                institution_code=code,
                care_region_code=regions[code],
                cases=tally.cases,
                turned_away=tally.turned_away_cases,
            )
            for code, tally in sorted(tallies.items())
        ]
    )


def render(figures: Figures) -> list[tuple[BulletinFile, bytes]]:
    """Returns the files of a bulletin: the same figures, the same bytes."""
    # What draws pages is loaded once a month: it would be a tenth of a service's start.
    from services.supervision.statistics.bulletin import as_csv, as_html, as_pdf  # noqa: PLC0415

    content = canonical(figures)
    digest = digest_of(content)
    frozen = datetime.fromisoformat(figures.freeze_time).astimezone(SHANGHAI)
    read = f"{frozen:%Y-%m-%d %H:%M}（北京时间）"
    files = {
        "bulletin.html": (_HTML, as_html.write(figures, digest, read)),
        "bulletin.pdf": ("application/pdf", as_pdf.write(figures, digest, read)),
        "figures.json": ("application/json", content),
        **{f"{table.code}.csv": (_CSV, as_csv.write(table)) for table in figures.tables},
    }
    sums = "".join(f"{digest_of(held)}  {name}\n" for name, (_, held) in sorted(files.items()))
    files["sha256sums.txt"] = ("text/plain; charset=utf-8", sums.encode())
    return [
        (
            BulletinFile(
                file_name=name, media_type=kind, sha256=digest_of(held), size_bytes=len(held)
            ),
            held,
        )
        for name, (kind, held) in sorted(files.items())
    ]


@dataclass(frozen=True, slots=True)
class Draft:
    """A bulletin that is not frozen yet."""

    figures: Figures
    digest: str
    files: list[tuple[BulletinFile, bytes]]


async def draft(sources: Sources, *, month: str, edition: int, note: str, now: datetime) -> Draft:
    """Returns the bulletin that would be made now; a thread draws it, calls go on meanwhile."""
    facts = await gather(sources, month=month, edition=edition, note=note, now=now)

    def draw() -> Draft:
        figures = compose(facts)
        return Draft(figures, digest_of(canonical(figures)), render(figures))

    return await asyncio.to_thread(draw)


async def freeze(
    connection: Connection, made: Draft, *, maker_id: str, checker_id: str, now: datetime
) -> tuple[Bulletin, list[BulletinFile]]:
    """Keeps a bulletin and its files for good.

    Raises:
        LostRace: the edition was frozen meanwhile.
    """
    bulletin = Bulletin(
        month=made.figures.month,
        edition=made.figures.edition,
        freeze_time=now,
        digest=made.digest,
        maker_id=maker_id,
        checker_id=checker_id,
        note=made.figures.note,
    )
    await bulletin_store.insert(connection, bulletin, made.files)
    return bulletin, [one for one, _ in made.files]


def _printed_institutions(
    institutions: Mapping[Place, Tally], suspects: list[Suspect], dearest: list[str]
) -> list[str]:
    flagged = [one.attempts.institution_code for one in suspects if one.is_flagged]
    tested = [one.attempts.institution_code for one in suspects]
    tallies = sum_up(institutions, Level.INSTITUTION, setting=CareSetting.INPATIENT)
    lowest = [code for rank, code, _ in reversed(ranked(tallies)) if rank]
    printed = [*tested[:15], *lowest[:25], *dearest[:_DEAREST]]
    return list(dict.fromkeys([*printed, *flagged]))[:_NAMED_MAX]


def _dearest(visitors: Mapping[CostKey, Cost], locals_: Mapping[CostKey, Cost]) -> list[str]:
    """Returns institutions by what their visitors cost against locals, the dearest first."""
    stays = {key: cost for key, cost in visitors.items() if key.setting is CareSetting.INPATIENT}
    indices = {
        code: one.index
        for code, one in compare(stays, locals_, lambda key: key.institution_code).items()
    }
    return sorted(
        (code for code, index in indices.items() if index is not None),
        key=lambda code: (-(indices[code] or 0), code),
    )


async def _or_none(answer: Awaitable[T], callee: str) -> T | None:
    try:
        return await answer
    except DomainError as error:
        get_logger().warning("bulletin without a part", callee=callee, reason=error.reason)
        return None
