"""Tables of a bulletin: the direct-settlement rate, and where patients are turned away."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.dates import previous_month
from services.supervision.domain.direct_rate import (
    NOTHING,
    CareSetting,
    Level,
    Tally,
    ranked,
    sum_up,
)
from services.supervision.domain.figures import Cell, Column, Kind, Table, percent, wan_yuan
from services.supervision.statistics import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from services.supervision.domain.refusal_detector import Suspect
    from services.supervision.statistics.facts import Facts
    from services.supervision.statistics.facts_store import RefusalCount
    from services.supervision.statistics.upload_store import SelfPaidCount

MONTHS: Final = 12
_RANK: Final = Column("rank", "名次")
_COUNTS: Final = (
    Column("direct_cases", "直接结算\n（人次）"),
    Column("direct_wan_yuan", "直接结算费用\n（万元）", Kind.NUMBER),
    Column("manual_cases", "回参保地报销\n（人次）"),
    Column("manual_wan_yuan", "报销费用\n（万元）", Kind.NUMBER, is_printed=False),
    Column("self_paid_cases", "自费未报销\n（人次）"),
    Column("self_paid_wan_yuan", "自费费用\n（万元）", Kind.NUMBER, is_printed=False),
)
_RATES: Final = (
    Column("rate_by_cost_percent", "费用直接\n结算率（%）", Kind.NUMBER),
    Column("rate_by_cases_percent", "人次直接\n结算率（%）", Kind.NUMBER),
)
_CHANGE: Final = Column("change_points", "比上月\n（百分点）", Kind.NUMBER)
_ABOUT_SUSPECTS: Final = (
    "统计线索，不是认定：与同省其他机构（不足 3 家时为全国）合并占比比较，精确二项检验并"
    "按检验家数校正（总水平 0.001），且 99% 威尔逊下限须高于同侪占比的 2 倍并高出 5 个"
    "百分点。参数为示例，见 docs/statistics.md。"
)
_INPATIENT: Final = CareSetting.INPATIENT


def last_months(month: str, count: int = MONTHS) -> list[str]:
    """Returns a month and those before it, oldest first."""
    found = [month]
    while len(found) < count:
        found.append(previous_month(found[-1]))
    return found[::-1]


def of_month(facts: Facts, month: str, level: Level) -> dict[str, Tally]:
    """Returns the inpatient tallies of a level in a month."""
    places = {place: one for place, one in facts.tallies.items() if place.month == month}
    return sum_up(places, level, setting=_INPATIENT)


def trend(facts: Facts) -> Table:
    """Returns the national rate of twelve months."""
    rows: list[tuple[Cell, ...]] = []
    for month in last_months(facts.month):
        tally = of_month(facts, month, Level.NATION).get("", NOTHING)
        rows.append((month, *_counts(tally), *_rates(tally)))
    return Table(
        code="01-direct-rate-trend",
        title="全国住院费用跨省直接结算率走势",
        columns=(Column("month", "出院月份", Kind.TEXT), *_COUNTS, *_RATES),
        rows=tuple(rows),
        notes=(
            (
                "按冻结时的数据计算：往月的自费病例后来报销或补结算的，往月的比率随之变动，"
                "可能与往期通报不同。"
            ),
        ),
    )


def league(facts: Facts) -> Table:
    """Returns care provinces by rate."""
    return _ranked_table(
        facts,
        Level.PROVINCE,
        code="02-direct-rate-provinces",
        title="就医省份住院费用直接结算率排名",
        heading="就医地",
        every=tuple(codes.PROVINCES),
    )


def insured(facts: Facts) -> Table:
    """Returns insured provinces by rate."""
    return _ranked_table(
        facts,
        Level.INSURED_PROVINCE,
        code="03-direct-rate-insured",
        title="参保省份住院费用直接结算率排名",
        heading="参保地",
        every=tuple(codes.PROVINCES),
    )


def cities(facts: Facts) -> Table:
    """Returns pooling areas of care, the lowest rate first."""
    rows = [
        (rank, code, words.area(code), *_counts(tally), *_rates(tally))
        for rank, code, tally in _worst_first(of_month(facts, facts.month, Level.CITY))
    ]
    return Table(
        code="04-direct-rate-cities",
        title="住院费用直接结算率最低的统筹区（就医地）",
        columns=(
            _RANK,
            Column("region_code", "区划代码", Kind.TEXT, is_printed=False),
            Column("region", "统筹区", Kind.TEXT),
            *_COUNTS,
            *_RATES,
        ),
        rows=tuple(rows),
        printed_max=15,
        notes=("名次为全国统筹区由高到低的名次；此处由低到高列示，CSV 含全部统筹区。",),
    )


def institutions(facts: Facts) -> Table:
    """Returns institutions, the lowest rate first."""
    tallies = sum_up(facts.institutions, Level.INSTITUTION, setting=_INPATIENT)
    uploaded, excluded = Counter[str](), Counter[str]()
    for _, institution, _, eligibility, cases, _ in facts.self_paid:
        uploaded[institution] += cases
        if eligibility != "ELIGIBLE":
            excluded[institution] += cases
    rows = [
        (
            rank,
            code,
            facts.names.get(code, code),
            words.province(codes.province_of(code[1:7])),
            *_counts(tally),
            *_rates(tally),
            uploaded[code],
            excluded[code],
        )
        for rank, code, tally in _worst_first(tallies)
    ]
    return Table(
        code="05-direct-rate-institutions",
        title="住院费用直接结算率最低的定点医疗机构",
        columns=(
            _RANK,
            Column("institution_code", "机构代码", Kind.TEXT, is_printed=False),
            Column("institution", "机构", Kind.TEXT),
            Column("province", "省份", Kind.TEXT),
            *_COUNTS,
            *_RATES,
            # What it uploads decides on its rate: who uploads nothing, or much that does not
            # count (a third party liable, not insured where it says), can be seen.
            Column("uploaded_self_paid_cases", "上传自费\n（例）", is_printed=False),
            Column("excluded_self_paid_cases", "其中不计入\n（例）", is_printed=False),
        ),
        rows=tuple(rows),
        printed_max=15,
        notes=(
            (
                "比率低不等于推诿：例数少的机构波动大，是否异常见“疑似推诿机构”；"
                "CSV 含全部机构及其上传的自费病例数。"
            ),
        ),
    )


def suspects(facts: Facts) -> Table:
    """Returns institutions that were tested, those found first."""
    ordered = sorted(facts.suspects, key=lambda one: not one.is_flagged)
    return Table(
        code="06-suspects",
        title="疑似推诿机构（住院）",
        columns=(
            Column("institution_code", "机构代码", Kind.TEXT, is_printed=False),
            Column("institution", "机构", Kind.TEXT),
            Column("province", "省份", Kind.TEXT),
            Column("flagged", "判断", Kind.TEXT),
            Column("cases", "可直接结算\n（人次）"),
            Column("turned_away", "未直接结算\n（人次）"),
            Column("share_percent", "未直接结算\n占比（%）", Kind.NUMBER),
            Column("peer_percent", "同侪占比\n（%）", Kind.NUMBER),
            Column("lower_percent", "占比下限\n（%）", Kind.NUMBER),
            Column("reason", "主要原因", Kind.TEXT),
        ),
        rows=tuple(_suspect(one, facts) for one in ordered),
        printed_max=max(10, sum(one.is_flagged for one in facts.suspects)),
        missing="" if facts.suspects else "没有例数足以检验的机构（不少于 20 例）",
        notes=(_ABOUT_SUSPECTS,),
    )


def reasons_of(
    refusals: Iterable[RefusalCount], self_paid: Iterable[SelfPaidCount], institution_code: str
) -> list[tuple[str, str, int]]:
    """Returns (reason, party, count) at an institution, most frequent first."""
    found: dict[tuple[str, str], int] = {}
    for one in refusals:
        if one.institution_code == institution_code:
            key = one.reason, one.party
            found[key] = found.get(key, 0) + one.refusals
    for _, institution, reason, eligibility, cases, _ in self_paid:
        if institution == institution_code and eligibility == "ELIGIBLE":
            found[reason, ""] = found.get((reason, ""), 0) + cases
    ordered = sorted(found.items(), key=lambda row: (-row[1], row[0]))
    return [(reason, party, count) for (reason, party), count in ordered]


def _suspect(one: Suspect, facts: Facts) -> tuple[Cell, ...]:
    attempts = one.attempts
    code = attempts.institution_code
    reasons = reasons_of(facts.refusals, facts.self_paid, code)
    top = reasons[0] if reasons else None
    peers = Decimal(one.peer_turned_away) / Decimal(one.peer_cases) if one.peer_cases else None
    return (
        code,
        facts.names.get(code, code),
        words.province(codes.province_of(attempts.care_region_code)),
        "需核查" if one.is_flagged else "未见异常",
        attempts.cases,
        attempts.turned_away,
        percent(Decimal(attempts.turned_away) / Decimal(attempts.cases)),
        None if peers is None else percent(peers),
        percent(one.lower_bound),
        f"{_reason_zh(top[0])}（{top[2]}）" if top else None,
    )


def _reason_zh(name: str) -> str:
    return words.SELF_PAID_REASONS.get(name) or words.reason(name)


def _ranked_table(
    facts: Facts, level: Level, *, code: str, title: str, heading: str, every: tuple[str, ...]
) -> Table:
    now = of_month(facts, facts.month, level)
    before = of_month(facts, previous_month(facts.month), level)
    present = {**dict.fromkeys(every, NOTHING), **now}
    rows = [
        (
            rank or None,
            one,
            words.province(one),
            *_counts(tally),
            *_rates(tally),
            _change(tally, before.get(one, NOTHING)),
        )
        for rank, one, tally in ranked(present)
    ]
    nation = sum(now.values(), NOTHING)
    total: tuple[Cell, ...] = (
        None,
        "",
        "全国",
        *_counts(nation),
        *_rates(nation),
        _change(nation, sum(before.values(), NOTHING)),
    )
    return Table(
        code=code,
        title=title,
        columns=(
            _RANK,
            Column("region_code", "区划代码", Kind.TEXT, is_printed=False),
            Column("region", heading, Kind.TEXT),
            *_COUNTS,
            *_RATES,
            _CHANGE,
        ),
        rows=(total, *rows),
        printed_max=1 + sum(row[0] is not None for row in rows),
        notes=("按费用直接结算率由高到低；并列同名次。没有病例的省份不排名、不列出。",),
    )


def _worst_first(tallies: Mapping[str, Tally]) -> list[tuple[int, str, Tally]]:
    with_rate = [row for row in ranked(tallies) if row[0]]
    return sorted(with_rate, key=lambda row: (-row[0], -row[2].turned_away_cases, row[1]))


def _counts(tally: Tally) -> tuple[Cell, ...]:
    return (
        tally.direct_cases,
        wan_yuan(tally.direct_fen),
        tally.manual_cases,
        wan_yuan(tally.manual_fen),
        tally.self_paid_cases,
        wan_yuan(tally.self_paid_fen),
    )


def _rates(tally: Tally) -> tuple[Cell, Cell]:
    return share(tally.rate_by_cost), share(tally.rate_by_cases)


def share(value: Fraction | None) -> Decimal | None:
    """Returns a share as percent, None where there is none."""
    return None if value is None else percent(value)


def _change(now: Tally, before: Tally) -> Decimal | None:
    if now.rate_by_cost is None or before.rate_by_cost is None:
        return None
    # Of the rounded rates: what a reader gets who takes one from the other.
    return percent(now.rate_by_cost) - percent(before.rate_by_cost)
