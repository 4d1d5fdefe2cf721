"""Tables of a bulletin: failures, filings, times, costs, gaps, tickets and findings."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.supervision.domain.cost_index import CostIndex, CostKey, compare
from services.supervision.domain.direct_rate import CareSetting
from services.supervision.domain.figures import (
    Cell,
    Column,
    Kind,
    Table,
    percent,
    ratio,
    wan_yuan,
)
from services.supervision.statistics import facts_store, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.supervision.statistics.facts import Facts
    from services.supervision.statistics.facts_store import ResponseTime

_NO_FILING: Final = "备案服务在冻结时没有答复"
_NO_GAP: Final = "结算服务在冻结时没有答复"


def failures(facts: Facts) -> Table:
    """Returns why settlements were refused."""
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in facts.refusals:
        sums = counts[one.reason, one.party]
        sums[0] += one.refusals
        sums[1] += one.total_fen
    total = sum(sums[0] for sums in counts.values())
    ordered = sorted(counts.items(), key=lambda row: (-row[1][0], row[0]))
    return Table(
        code="07-failure-reasons",
        title="未能直接结算的原因",
        columns=(
            Column("reason", "原因代码", Kind.TEXT, is_printed=False),
            Column("reason_zh", "原因", Kind.TEXT),
            Column("party", "责任方", Kind.TEXT),
            Column("refusals", "次数"),
            Column("share_percent", "占比（%）", Kind.NUMBER),
            Column("total_wan_yuan", "涉及费用\n（万元）", Kind.NUMBER),
        ),
        rows=tuple(
            (
                reason,
                words.reason(reason),
                words.PARTIES.get(party, party),
                sums[0],
                percent(Fraction(sums[0], total)),
                wan_yuan(sums[1]),
            )
            for (reason, party), sums in ordered
        ),
        missing="" if counts else "本月没有未能结算记录",
        notes=("一次结算请求的重复提交计一次；费用为账单所报，未知的按零计。",),
    )


def self_paid(facts: Facts) -> Table:
    """Returns why patients paid whole, and whether they could have been settled."""
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for _, _, reason, eligibility, cases, fen in facts.self_paid:
        sums = counts[eligibility, reason]
        sums[0] += cases
        sums[1] += fen
    return Table(
        code="08-self-paid",
        title="自费病例的原因与可结算情况",
        columns=(
            Column("eligibility", "可结算情况", Kind.TEXT),
            Column("reason", "机构所述原因", Kind.TEXT),
            Column("cases", "人次"),
            Column("total_wan_yuan", "费用\n（万元）", Kind.NUMBER),
        ),
        rows=tuple(
            (
                words.ELIGIBILITIES[eligibility],
                words.SELF_PAID_REASONS[reason],
                sums[0],
                wan_yuan(sums[1]),
            )
            for (eligibility, reason), sums in sorted(
                counts.items(), key=lambda row: (-row[1][0], row[0])
            )
        ),
        missing=""
        if counts
        else "本月没有上传自费病例：直接结算率的分母只有报销部分，比率可能偏高",
        notes=(
            (
                "机构按国家接口 4201—4205 上传的全部自费病例，含后来已报销的；"
                "只有“可直接结算”且未报销的计入分母。"
            ),
        ),
    )


def filings(facts: Facts) -> Table:
    """Returns how filings fared, by insured province."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for one in facts.filings or ():
        counts = (
            one.submitted,
            one.approved,
            one.refused,
            one.pending,
            one.delivered,
            one.acknowledged,
        )
        for key in ("", one.insured_region_code):
            sums[key] = [a + b for a, b in zip(sums[key], counts, strict=True)]
    rows: list[tuple[Cell, ...]] = [
        (
            code,
            words.province(code),
            *found,
            percent(Fraction(found[5], found[0])) if found[0] else None,
        )
        for code, found in sorted(sums.items())
    ]
    return Table(
        code="09-filing-success",
        title="备案成功率（按参保地）",
        columns=(
            Column("region_code", "区划代码", Kind.TEXT, is_printed=False),
            Column("region", "参保地", Kind.TEXT),
            Column("submitted", "提交"),
            Column("approved", "通过"),
            Column("refused", "拒绝"),
            Column("pending", "待办"),
            Column("delivered", "已送达"),
            Column("acknowledged", "就医地\n已接收"),
            Column("success_percent", "成功率\n（%）", Kind.NUMBER),
        ),
        rows=tuple(rows),
        missing=_NO_FILING if facts.filings is None else "" if rows else "本月没有备案",
        notes=("成功率 = 就医地已接收 ÷ 提交（含被拒）；按提交日期统计，取自备案服务。",),
    )


def times(facts: Facts, *, insured: bool) -> Table:
    """Returns response times by province."""
    found: Sequence[ResponseTime] = facts.insured_times if insured else facts.care_times
    return Table(
        code="11-response-times-insured" if insured else "10-response-times-care",
        title="参保地待遇计算用时" if insured else "就医地结算全程用时",
        columns=(
            Column("region_code", "区划代码", Kind.TEXT, is_printed=False),
            Column("region", "参保地" if insured else "就医地", Kind.TEXT),
            Column("bills", "结算\n（人次）"),
            Column("p50_ms", "中位数\n（毫秒）"),
            Column("p95_ms", "P95\n（毫秒）"),
            Column("p99_ms", "P99\n（毫秒）"),
            Column("within_second_percent", "1 秒内\n占比（%）", Kind.NUMBER),
        ),
        rows=tuple(
            (
                one.code,
                words.province(one.code),
                one.bills,
                one.p50_ms,
                one.p95_ms,
                one.p99_ms,
                percent(Fraction(one.within_second, one.bills)),
            )
            for one in found
        ),
        missing="" if found else "本月结算没有用时记录",
        notes=(
            "按结算时间统计；用时为国家平台所测，"
            + ("只含参保地答复的部分。" if insured else "自收到请求至答复。"),
        ),
    )


def cost_index(facts: Facts, *, by_institution: bool) -> Table:
    """Returns visitors' cost against locals', by province or by institution."""
    inpatient = {
        key: cost for key, cost in facts.visitors.items() if key.setting is CareSetting.INPATIENT
    }
    found = compare(inpatient, facts.locals_, _institution_of if by_institution else _province_of)
    rows = sorted(
        (
            (code, one, one.index)
            for code, one in found.items()
            if not by_institution or one.compared.cases
        ),
        key=lambda row: (row[2] is None, -(row[2] or Fraction(0)), row[0]),
    )
    has_any = any(index is not None for _, _, index in rows)
    return Table(
        code="13-cost-index-institutions" if by_institution else "12-cost-index-provinces",
        title="机构异地与本地住院费用之比" if by_institution else "各省异地与本地住院费用之比",
        columns=(
            Column("code", "代码", Kind.TEXT, is_printed=False),
            Column("name", "机构" if by_institution else "就医地", Kind.TEXT),
            Column("visitor_cases", "异地\n（人次）"),
            Column("compared_cases", "可比\n（人次）"),
            Column("coverage_percent", "可比费用\n占比（%）", Kind.NUMBER),
            Column("visitor_mean_yuan", "异地次均\n（元）", Kind.NUMBER),
            Column("expected_mean_yuan", "同病种本地次均\n（元）", Kind.NUMBER),
            Column("index", "费用指数\n（本地=1）", Kind.NUMBER),
        ),
        rows=tuple(_index_row(facts, code, one, by_institution) for code, one, _ in rows)
        if has_any
        else (),
        missing="" if has_any else "没有机构上传本地住院费用，无从比较",
        printed_max=15 if by_institution else 40,
        notes=(
            (
                "指数 = 异地住院费用 ÷ 同一机构、同一病种（ICD-10 类目）同等人次的本地费用；"
                "机构未上传本地费用的病种两边都不计。机构只给总数的按全部病种合并比较，未按病种校正。"
            ),
        ),
    )


def gaps(facts: Facts) -> Table:
    """Returns what direct settlement paid otherwise than a claim at home would."""
    rows = sorted(
        facts.gaps or (),
        key=lambda one: (-one.patient_gap_fen, one.care_region_code, one.insured_region_code),
    )
    return Table(
        code="14-benefit-gap",
        title="直接结算与回参保地报销的待遇差",
        columns=(
            Column("care_region_code", "就医地代码", Kind.TEXT, is_printed=False),
            Column("care", "就医地", Kind.TEXT),
            Column("insured_region_code", "参保地代码", Kind.TEXT, is_printed=False),
            Column("insured", "参保地", Kind.TEXT),
            Column("settlements", "比较\n（人次）"),
            Column("worse", "多付\n（人次）"),
            Column("better", "少付\n（人次）"),
            Column("total_wan_yuan", "费用\n（万元）", Kind.NUMBER),
            Column("mean_gap_yuan", "次均多付\n（元）", Kind.NUMBER),
        ),
        rows=tuple(
            (
                one.care_region_code,
                words.province(one.care_region_code),
                one.insured_region_code,
                words.province(one.insured_region_code),
                one.settlements,
                one.worse,
                one.better,
                wan_yuan(one.total_fen),
                ratio(Fraction(one.patient_gap_fen, 100 * one.settlements)),
            )
            for one in rows
            if one.settlements
        ),
        missing=_NO_GAP if facts.gaps is None else "" if rows else "没有可比较的结算",
        printed_max=15,
        notes=(
            (
                "抽样：冻结时最新的 200 笔结算（不限本月），同一账单分别按就医地目录直接结算与"
                "按参保地目录报销计算；正数为直接结算时患者多付。"
            ),
        ),
    )


def tickets(facts: Facts) -> Table:
    """Returns how provinces answer tickets."""
    found = [one for one in facts.tickets if one.kind is None]
    return Table(
        code="15-tickets",
        title="协同工单办理情况（按责任省份）",
        columns=(
            Column("region_code", "区划代码", Kind.TEXT, is_printed=False),
            Column("region", "责任省份", Kind.TEXT),
            Column("opened", "工单"),
            Column("in_time", "按时答复"),
            Column("late", "逾期答复"),
            Column("overdue", "逾期未答复"),
            Column("in_time_percent", "按时率\n（%）", Kind.NUMBER),
            Column("median_minutes", "答复中位数\n（分钟）"),
            Column("escalated", "督办"),
        ),
        rows=tuple(
            (
                one.region_code,
                words.province(one.region_code) if one.region_code else "国家平台",
                one.opened,
                one.in_time,
                one.late,
                one.overdue,
                percent(Fraction(one.in_time, due))
                if (due := one.in_time + one.late + one.overdue)
                else None,
                one.median_minutes,
                one.escalated,
            )
            for one in found
        ),
        missing="" if found else "本月没有工单",
        notes=("本月开出的工单在冻结时的状态；24 小时时限为示例，见 docs/supervision.md。",),
    )


def findings(facts: Facts) -> Table:
    """Returns what the audit found on bills settled in the month."""
    ordered = sorted(
        facts.findings, key=lambda one: (-one.amount_fen, one.rule_code, one.result_class)
    )
    return Table(
        code="16-findings",
        title="审核疑点（按规则）",
        columns=(
            Column("rule_code", "规则代码", Kind.TEXT, is_printed=False),
            Column("rule", "规则", Kind.TEXT),
            Column("result_class", "类别", Kind.TEXT),
            Column("findings", "疑点\n（条）"),
            Column("amount_wan_yuan", "涉及金额\n（万元）", Kind.NUMBER),
        ),
        rows=tuple(
            (
                one.rule_code,
                facts.rule_names.get(one.rule_code, one.rule_code),
                words.RESULT_CLASSES.get(one.result_class, one.result_class),
                one.findings,
                wan_yuan(one.amount_fen),
            )
            for one in ordered
        ),
        missing="" if ordered else "本月结算没有仍成立的疑点",
        printed_max=20,
        notes=("冻结时仍成立的疑点；同一费用可被多条规则指出，金额不可相加。疑点不是认定。",),
    )


def cases(facts: Facts) -> Table:
    """Returns how cases opened in the month stand, by care province."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for one in facts.cases:
        counts = (one.opened, one.undecided, one.dismissed, one.standing, one.deducted_fen)
        for key in ("", one.care_province_code):
            sums[key] = [a + b for a, b in zip(sums[key], counts, strict=True)]
    return Table(
        code="17-cases",
        title="案件办理情况（按就医地）",
        columns=(
            Column("region_code", "区划代码", Kind.TEXT, is_printed=False),
            Column("region", "就医地", Kind.TEXT),
            Column("opened", "立案\n（件）"),
            Column("undecided", "审理中\n（件）"),
            Column("dismissed", "不予认定\n（件）"),
            Column("standing", "终审认定\n（件）"),
            Column("deducted_wan_yuan", "已入账扣款\n（万元）", Kind.NUMBER),
        ),
        rows=tuple(
            (code, words.province(code), *found[:4], wan_yuan(found[4]))
            for code, found in sorted(sums.items())
        ),
        missing="" if sums else "本月没有立案",
        notes=("本月立案的案件在冻结时的状态；申诉成立的计入不予认定。",),
    )


def _index_row(facts: Facts, code: str, one: CostIndex, by_institution: bool) -> tuple[Cell, ...]:
    compared = one.compared
    return (
        code,
        facts.names.get(code, code) if by_institution else words.province(code),
        one.visitors.cases,
        compared.cases,
        percent(one.coverage),
        ratio(Fraction(compared.total_fen, 100 * compared.cases)) if compared.cases else None,
        ratio(one.expected_fen / (100 * compared.cases)) if compared.cases else None,
        None if one.index is None else ratio(one.index),
    )


def _institution_of(key: CostKey) -> str:
    return key.institution_code


def _province_of(key: CostKey) -> str:
    return facts_store.place_of(key.institution_code)
