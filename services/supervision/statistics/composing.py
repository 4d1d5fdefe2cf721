"""Turns what was found into what a bulletin says: tables, headlines, summary and notes. No I/O."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.kit.dates import previous_month
from services.supervision.domain.direct_rate import NOTHING, Level, Tally
from services.supervision.domain.figures import Cell, Figures, Headline, Table, percent, wan_yuan
from services.supervision.statistics import other_tables, rate_tables, words

if TYPE_CHECKING:
    from services.supervision.statistics.facts import Facts

_YI_WAN: Final = Decimal(10_000)
_MS_PER_SECOND: Final = Decimal(1000)
_DEFINITION: Final = (
    "住院费用直接结算率 = 直接结算费用 ÷（直接结算费用 + 回参保地报销费用 + 可直接结算而自费"
    "且未报销的费用），按出院月份；同一次住院只计一次，已撤销的不计。全文见 docs/statistics.md。"
)


def compose(facts: Facts) -> Figures:
    """Returns what a bulletin says of the facts."""
    tables = (
        rate_tables.trend(facts),
        rate_tables.league(facts),
        rate_tables.insured(facts),
        rate_tables.cities(facts),
        rate_tables.institutions(facts),
        rate_tables.suspects(facts),
        other_tables.failures(facts),
        other_tables.self_paid(facts),
        other_tables.filings(facts),
        other_tables.times(facts, insured=False),
        other_tables.times(facts, insured=True),
        other_tables.cost_index(facts, by_institution=False),
        other_tables.cost_index(facts, by_institution=True),
        other_tables.gaps(facts),
        other_tables.tickets(facts),
        other_tables.findings(facts),
        other_tables.cases(facts),
    )
    by_code = {table.code[:2]: table for table in tables}
    return Figures(
        month=facts.month,
        edition=facts.edition,
        freeze_time=facts.freeze_time.astimezone(UTC).isoformat(timespec="seconds"),
        headlines=_headlines(facts, by_code),
        tables=tables,
        summary=_summary(facts, by_code),
        notes=_notes(tables),
        note=facts.note,
    )


def _headlines(facts: Facts, tables: dict[str, Table]) -> tuple[Headline, ...]:
    now, before = _nation(facts)
    filings, times = tables["09"], tables["10"]
    success = filings.values("success_percent")[0] if filings.rows else None
    slowest = times.values("p95_ms")[0] if times.rows else None
    return (
        Headline(
            label="住院费用直接结算率",
            value=_shown(rate_tables.share(now.rate_by_cost)),
            unit="%",
            change=_points(
                rate_tables.share(now.rate_by_cost), rate_tables.share(before.rate_by_cost)
            ),
        ),
        Headline(
            label="住院人次直接结算率",
            value=_shown(rate_tables.share(now.rate_by_cases)),
            unit="%",
            change=_points(
                rate_tables.share(now.rate_by_cases), rate_tables.share(before.rate_by_cases)
            ),
        ),
        _cases("住院直接结算", now.direct_cases, before.direct_cases),
        _money("住院直接结算费用", now.direct_fen, before.direct_fen),
        _cases("未直接结算（可直接结算）", now.turned_away_cases, before.turned_away_cases),
        Headline(
            label="疑似推诿机构",
            value=f"{sum(one.is_flagged for one in facts.suspects):,}",
            unit="家",
            change=f"检验 {len(facts.suspects):,} 家",
        ),
        Headline(label="备案成功率", value=_shown(success), unit="%"),
        Headline(
            label="结算全程用时 P95",
            value=_shown(
                Decimal(str(slowest)) / _MS_PER_SECOND if isinstance(slowest, int) else None
            ),
            unit="秒",
        ),
    )


def _summary(facts: Facts, tables: dict[str, Table]) -> tuple[str, ...]:
    now, before = _nation(facts)
    month = words.month(facts.month)
    if now.rate_by_cost is None:
        return (f"{month}没有出院并可计入的住院病例。", *_about_refusals(facts, tables))
    rate, change = (
        rate_tables.share(now.rate_by_cost),
        _points(rate_tables.share(now.rate_by_cost), rate_tables.share(before.rate_by_cost)),
    )
    found = [
        f"{month}全国住院费用跨省直接结算率为 {_shown(rate)}%"
        + (f"（{change}）" if change else "")
        + f"：直接结算 {now.direct_cases:,} 人次、{_wan(now.direct_fen)}，"
        f"回参保地报销 {now.manual_cases:,} 人次，自费未报销 {now.self_paid_cases:,} 人次。"
    ]
    league = [
        (str(name), value)
        for rank, name, value in zip(
            tables["02"].values("rank"),
            tables["02"].values("region"),
            tables["02"].values("rate_by_cost_percent"),
            strict=True,
        )
        if rank is not None
    ]
    if len(league) > 1:
        best, worst = league[0], league[-1]
        found.append(
            f"就医地中最高为{best[0]} {_shown(best[1])}%，最低为{worst[0]} {_shown(worst[1])}%，"
            f"{sum(_below(value, rate) for _, value in league)} 个省份低于全国。"
        )
    return (*found, *_about_refusals(facts, tables))


def _about_refusals(facts: Facts, tables: dict[str, Table]) -> list[str]:
    found = []
    flagged = sum(one.is_flagged for one in facts.suspects)
    if facts.suspects:
        found.append(
            f"检验 {len(facts.suspects):,} 家医疗机构，{flagged} 家未直接结算的比例显著高于同侪，"
            "需核查。"
        )
    with_stays = tables["05"].values("uploaded_self_paid_cases")
    if with_stays:
        uploading = sum(bool(count) for count in with_stays)
        found.append(
            f"{len(with_stays):,} 家有住院病例的机构中 {uploading:,} 家上传了自费病例；"
            "未上传的机构，自费的不在分母，比率可能偏高。"
        )
    if tables["07"].rows:
        reason, party, count = (tables["07"].rows[0][place] for place in (1, 2, 3))
        total = sum(one.refusals for one in facts.refusals)
        found.append(
            f"未能结算记录 {total:,} 次，首位原因为“{reason}”（{count:,} 次，责任方：{party}）。"
        )
    if facts.cases:
        opened = sum(one.opened for one in facts.cases)
        standing = sum(one.standing for one in facts.cases)
        deducted = sum(one.deducted_fen for one in facts.cases)
        found.append(
            f"本月立案 {opened:,} 件，已终审认定 {standing:,} 件，已入账扣款 {_wan(deducted)}。"
        )
    visible = [row for row in tables["12"].rows if row[-1] is not None]
    if visible:
        found.append(
            f"有本地费用可比的省份中，{visible[0][1]}异地住院费用指数最高，"
            f"为本地的 {visible[0][-1]} 倍。"
        )
    return found


def _notes(tables: tuple[Table, ...]) -> tuple[str, ...]:
    missing = [f"{table.title}：{table.missing}" for table in tables if table.missing]
    return (
        _DEFINITION,
        "本通报按冻结时国家平台掌握的数据计算，冻结后不再改动；更正另出新版，原版保留。",
        "推诿检验的参数、工单时限为示例，不是已发布的规定；“需核查”是统计线索，不是认定。",
        "图中数字与表、CSV 一致；各表的全部行和未列出的列见同名 CSV，校验值见 sha256sums.txt。",
        "无数据：" + "；".join(missing) + "。" if missing else "各表均有数据。",
    )


def _nation(facts: Facts) -> tuple[Tally, Tally]:
    now = rate_tables.of_month(facts, facts.month, Level.NATION).get("", NOTHING)
    month = previous_month(facts.month)
    return now, rate_tables.of_month(facts, month, Level.NATION).get("", NOTHING)


def _cases(label: str, now: int, before: int) -> Headline:
    return Headline(label=label, value=f"{now:,}", unit="人次", change=_growth(now, before))


def _money(label: str, now: int, before: int) -> Headline:
    amount = wan_yuan(now)
    is_yi = amount >= _YI_WAN
    value = (amount / _YI_WAN).quantize(Decimal("0.01")) if is_yi else amount
    return Headline(
        label=label,
        value=f"{value:,.2f}",
        unit="亿元" if is_yi else "万元",
        change=_growth(now, before),
    )


def _growth(now: int, before: int) -> str:
    if not before:
        return ""
    change = percent(Decimal(now - before) / Decimal(before))
    return f"比上月 {change:+,.2f}%"


def _points(now: Decimal | None, before: Decimal | None) -> str:
    return "" if now is None or before is None else f"比上月 {now - before:+.2f} 个百分点"


def _shown(value: Cell) -> str:
    return "—" if value is None else f"{value:,.2f}" if isinstance(value, Decimal) else str(value)


def _wan(fen: int) -> str:
    return f"{wan_yuan(fen):,.2f} 万元"


def _below(value: Cell, rate: Decimal | None) -> bool:
    return isinstance(value, Decimal) and rate is not None and value < rate
