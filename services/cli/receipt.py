"""Outcomes for people: receipts in Chinese with English beside it, as tables on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from google.type.date_pb2 import Date
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.cli.outcome import Check, Closing, Outcome, Standing
from services.cli.waterfall import waterfall
from services.kit import codes
from services.kit.money import format_yuan
from yijie.benefits.v1 import adjudication_pb2
from yijie.clearing.v1 import ledger_pb2
from yijie.common.v1 import money_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.supervision.v1 import finding_pb2

FUNDS: Final = {
    "310100": ("职工统筹基金", "employee pooled fund"),
    "310200": ("个人账户", "personal account"),
    "320100": ("公务员医疗补助", "civil-servant subsidy"),
    "330100": ("大额医疗费用补助", "large-amount fund"),
    "350100": ("一至六级残疾军人医疗补助", "disabled-veteran subsidy"),
    "370100": ("企业补充医疗保险", "enterprise supplement"),
    "390100": ("居民统筹基金", "resident pooled fund"),
    "390200": ("大病保险", "critical-illness insurance"),
    "610100": ("医疗救助", "medical aid"),
    "910100": ("其他", "other fund"),
}
CAUSES: Final = {
    "full_self_pay": ("全自费（目录外）", "out of catalogue"),
    "over_limit": ("超限价", "over the ceiling"),
    "prior_self_pay": ("先行自付", "prior self-pay"),
    "away_self_pay": ("异地先自付", "paid first away from home"),
    "deductible": ("起付线", "deductible"),
    "share": ("按比例自付", "share"),
    "above_cap": ("超封顶线", "above the cap"),
}
"""What a patient pays, by cause: names of the fields of PatientCauses."""
LEVELS: Final = {
    filing_service_pb2.BENEFIT_LEVEL_LONG_TERM: ("长期备案", "long-term filing"),
    filing_service_pb2.BENEFIT_LEVEL_REFERRAL: ("转诊备案", "referral"),
    filing_service_pb2.BENEFIT_LEVEL_EMERGENCY: ("急诊视同备案", "emergency, deemed filed"),
    filing_service_pb2.BENEFIT_LEVEL_TEMPORARY: ("临时外出备案", "temporary stay"),
    filing_service_pb2.BENEFIT_LEVEL_UNFILED: ("未备案", "not filed"),
}
_CLASSES: Final = {
    finding_pb2.RESULT_CLASS_VIOLATION: "违规 violation",
    finding_pb2.RESULT_CLASS_SUSPICIOUS: "可疑 suspicious",
    finding_pb2.RESULT_CLASS_TO_VERIFY: "待核实 to verify",
}
SOURCES: Final = {
    adjudication_pb2.PARAMETER_STATUS_UNSPECIFIED: "",
    adjudication_pb2.PARAMETER_STATUS_PUBLISHED: "已公布 published",
    adjudication_pb2.PARAMETER_STATUS_SECONDARY: "转引 secondary",
    adjudication_pb2.PARAMETER_STATUS_SAMPLE: "示例 sample",
}
_BLANK: Final = Text("")
_MOMENTS: Final = {"before": "结算前 before", "settled": "结算后 settled", "after": "现在 after"}
UNMET: Final = {
    "SEX": ("限定支付 性别", "limited payment: sex"),
    "AGE": ("限定支付 年龄", "limited payment: age"),
    "LEVEL": ("限定支付 机构等级", "limited payment: level"),
    "SETTING": ("限定支付 就医方式", "limited payment: setting"),
    "DEPARTMENT": ("限定支付 科室", "limited payment: department"),
    "INDICATION": ("限定支付 适应症", "limited payment: indication"),
    "SCHEME": ("限定支付 险种", "limited payment: scheme"),
    "APPROVAL": ("限定支付 未经审批", "limited payment: not approved"),
    "USE_LIMIT": ("超出用量限制", "beyond the use limit"),
}
"""Why lines, or parts of them, are full self-pay, by the contract's code."""


def print_outcome(console: Console, number: int, outcome: Outcome) -> None:
    """Prints a case: receipt, calculation, findings, trace, checks."""
    title = f"{number} {outcome.key} · {outcome.title_zh} · {outcome.title_en}"
    parts: list[Table | Text | Group] = [_facts(outcome), _BLANK]
    if outcome.refusal is not None:
        error = outcome.refusal
        parts.append(Text(f"拒绝 refused: {error.reason} — {error.zh}", "bold red"))
        parts += [Text(error.message, "red"), _BLANK]
    if outcome.kind in {"settled", "stay", "recomputed"} and outcome.settlement is not None:
        parts += [
            amounts_table(outcome.settlement.amounts, outcome.settlement.adjudication),
            _BLANK,
        ]
        if outcome.settlement.adjudication.HasField("causes"):
            parts += [causes(outcome.settlement.adjudication.causes), _BLANK]
        parts += [steps_table(outcome.settlement.adjudication), _BLANK]
        if outcome.settlement.findings:
            parts += [_findings(outcome.settlement), _BLANK]
    if outcome.kind in {"reversed", "recomputed"}:
        parts += [_standings(outcome.standings), _BLANK]
    parts.append(Text(f"跟踪 trace {outcome.trace_id}", style="bold"))
    parts += [waterfall(outcome.hops), _BLANK, checks_text(outcome.checks)]
    console.print(Panel(Group(*parts), title=Text(title, style="bold"), title_align="left"))


def print_closing(console: Console, closing: Closing) -> None:
    """Prints who owes whom, and the check over all settlements."""
    parts: list[Table | Text] = [
        _positions(closing.positions),
        _BLANK,
        _sum_line(closing),
        checks_text(closing.checks),
    ]
    title = Text("清算往来 · clearing positions", style="bold")
    console.print(Panel(Group(*parts), title=title, title_align="left"))


def region(code: str) -> str:
    """Returns a region for people: 银川市 640100, with its province where it is not one."""
    province, name = codes.area_name(codes.province_of(code)), codes.area_name(code)
    return f"{name if province == name else province + name} {code}"


def fund_name(code: str) -> tuple[str, str]:
    """Returns a fund's Chinese and English name; its code where we know none."""
    return FUNDS.get(code, (code, ""))


def causes(paid_for: adjudication_pb2.PatientCauses) -> Table:
    """Returns what the patient pays by cause, without the causes of nothing."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("个人负担由来", no_wrap=True)
    table.add_column("what the patient pays for", no_wrap=True)
    table.add_column("元 yuan", justify="right", no_wrap=True)
    for name, (zh, en) in CAUSES.items():
        fen = getattr(paid_for, name).fen
        if fen:
            table.add_row(f"  {zh}", en, format_yuan(fen))
    return table


def _facts(outcome: Outcome) -> Table:
    case, settlement = outcome.case, outcome.settlement
    table = _plain()
    bill = case.bill
    days = f"{iso(bill.begin_date)} – {iso(bill.end_date)}"
    _fact(
        table, "就医地 place of care", f"{region(bill.care_region_code)} · {case.institution_name}"
    )
    _fact(table, "参保地 insured region", region(case.insured_region_code))
    scheme = codes.SCHEMES.get(case.scheme_code, case.scheme_code)
    medical = codes.MEDICAL_TYPES.get(bill.medical_type_code, bill.medical_type_code)
    _fact(table, "险种 · 医疗类别 scheme · type", f"{scheme} · {medical} · {days}")
    _fact(table, "明细 fee lines", f"{len(bill.lines)}")
    _fact(table, "请求编号 request id", outcome.request_id)
    if settlement is not None:
        zh, en = LEVELS.get(settlement.benefit_level, ("", ""))
        _fact(table, "结算编号 settlement id", settlement.settlement_id)
        _fact(table, "待遇档次 benefit level", f"{zh} {en}")
        _fact(table, "依据 because", settlement.benefit_level_explanation_zh)
        _fact(table, "", settlement.benefit_level_explanation_en)
        _fact(table, "政策版本 policy version", settlement.adjudication.policy_version)
        _fact(table, "目录版本 catalogue version", settlement.catalogue_version)
        if settlement.recomputes_settlement_id:
            _fact(table, "重算，替代 replaces", settlement.recomputes_settlement_id)
        for zh, en, count in _by_condition(settlement):
            _fact(table, zh, f"{count} 条明细 · {en}")
        if settlement.sample:
            _fact(table, "示例 sample", "所用目录或政策含示例值 · sample values were used")
    _fact(table, "应答 answered", f"{outcome.elapsed_ms:.1f} ms")
    return table


def _by_condition(settlement: settlement_pb2.Settlement) -> list[tuple[str, str, int]]:
    """Returns how many lines limited payment, use limits and mutual recognition decided on."""
    unmet = Counter(reason for line in settlement.lines for reason in line.unmet_restrictions)
    rows = [(*UNMET.get(reason, (reason, reason)), count) for reason, count in unmet.items()]
    if recognised := sum(bool(line.recognised_region_code) for line in settlement.lines):
        rows.append(("目录互认 recognised", "by the insured region's catalogue", recognised))
    return rows


def amounts_table(split: money_pb2.AmountSplit, paid: adjudication_pb2.Adjudication) -> Table:
    """Returns who pays what of a bill."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("结算单", no_wrap=True)
    table.add_column("receipt", no_wrap=True)
    table.add_column("元 yuan", justify="right", no_wrap=True)
    rows = [
        ("费用总额", "bill total", split.total.fen, "bold"),
        ("  全自费", "full self-pay", split.full_self_pay.fen, ""),
        ("  超限价", "over limit", split.over_limit.fen, ""),
        ("  先行自付", "prior self-pay", split.prior_self_pay.fen, ""),
        ("  政策范围内", "in scope", split.in_scope.fen, ""),
        ("    其中起付线", "of which deductible", paid.deductible.fen, ""),
        ("基金支付", "paid by funds", paid.fund_total.fen, "bold green"),
    ]
    for payment in paid.fund_payments:
        zh, en = fund_name(payment.fund_type_code)
        rows.append((f"  {zh}", en, payment.amount.fen, ""))
    rows += [
        ("个人负担", "paid by the patient", paid.patient_total.fen, "bold yellow"),
        ("  个人账户", "personal account", paid.account_pay.fen, ""),
        *(
            [("    其中家庭共济", "of which relatives' accounts", paid.family_account_pay.fen, "")]
            if paid.family_account_pay.fen
            else []
        ),
        ("  个人现金", "cash", paid.cash_pay.fen, ""),
        ("个人账户余额", "account balance", paid.account_balance.fen, "dim"),
    ]
    for zh, en, fen, style in rows:
        table.add_row(zh, en, format_yuan(fen), style=style)
    return table


def steps_table(adjudication: adjudication_pb2.Adjudication) -> Group:
    """Returns the calculation; documents are numbered, and named once below."""
    steps = adjudication.steps
    documents = list(dict.fromkeys(r.reference for step in steps for r in step.parameters))
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    # On a narrow terminal these fold; without a least width they would vanish without a word.
    table.add_column("计算步骤 step", overflow="fold", min_width=13)
    table.add_column("基数 base", justify="right", no_wrap=True)
    table.add_column("结果 result", justify="right", no_wrap=True)
    table.add_column("舍入 rounding", overflow="fold", min_width=6)
    table.add_column("参数 parameter", overflow="fold", min_width=12)
    table.add_column("值 value", overflow="fold", min_width=6)
    table.add_column("自 since", no_wrap=True)
    table.add_column("依据 source", overflow="fold", min_width=9)
    for step in steps:
        label = f"{step.label_zh} {step.label_en}"
        first = (label, format_yuan(step.base.fen), format_yuan(step.result.fen), step.rounding)
        for index, read in enumerate(step.parameters or [None]):
            head = first if index == 0 else ("", "", "", "")
            table.add_row(*head, *(_parameter(read, documents) if read else ("", "", "", "")))
    notes = Text(style="dim")
    for number, name in enumerate(documents, start=1):
        notes.append(f"[{number}] {name}\n")
    notes.rstrip()
    return Group(table, notes)


def _parameter(
    read: adjudication_pb2.ParameterRead, documents: Sequence[str]
) -> tuple[str, str, str, str]:
    # The first two parts are the scheme and the setting, the same for all of a bill.
    path = read.path.split("/", 2)[-1]
    since = iso(read.effective_date) if read.effective_date.year else ""
    return (
        path,
        read.value,
        since,
        f"{SOURCES[read.status]} [{documents.index(read.reference) + 1}]",
    )


def _findings(settlement: settlement_pb2.Settlement) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("审核疑点 finding", no_wrap=True)
    table.add_column("规则 rule", no_wrap=True)
    table.add_column("金额 amount", justify="right", no_wrap=True)
    table.add_column("说明 what", overflow="fold")
    for finding in settlement.findings:
        table.add_row(
            _CLASSES.get(finding.result_class, ""),
            finding.rule_code,
            format_yuan(finding.amount.fen),
            f"{finding.message_zh}\n{finding.message_en}",
        )
    return table


def _standings(standings: dict[str, Standing]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for moment in standings:
        table.add_column(_MOMENTS[moment], justify="right", no_wrap=True)
    held = list(standings.values())
    names = (
        ("住院统筹累计 inpatient fund", "fund_pooled"),
        ("住院大病累计 critical illness", "fund_critical_illness"),
        ("门诊政策范围内累计 outpatient in scope", "outpatient_in_scope"),
        ("门诊起付线累计 outpatient deductible", "outpatient_deductible"),
        ("门诊统筹累计 outpatient fund", "outpatient_fund"),
        ("个人账户支付累计 paid from the account", "account_pay"),
    )
    for label, name in names:
        sums = [getattr(s.accumulators, name).fen for s in held]
        if any(sums):
            table.add_row(label, *(format_yuan(fen) for fen in sums))
    balances = (format_yuan(s.account_balance_fen) for s in held)
    table.add_row("个人账户余额 account balance", *balances)
    owed = (format_yuan(sum(fen for _, fen in s.owed_fen)) for s in held)
    table.add_row("清算应付 owed in clearing", *owed)
    return table


def _positions(positions: Sequence[ledger_pb2.Position]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("参保地（应付） owes", "就医地（应收） is owed", "月份 month", "险种 scheme"):
        table.add_column(name, no_wrap=True)
    for name in ("结算 settled", "撤销 reversed", "应付 owed"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("基金 by fund", overflow="fold")
    for position in positions:
        funds = ", ".join(
            f"{fund_name(fund.fund_type_code)[0]} {format_yuan(fund.owed.fen)}"
            for fund in position.funds
            if fund.owed.fen
        )
        table.add_row(
            region(position.insured_region_code),
            region(position.care_region_code),
            position.month,
            position.scheme_code,
            str(position.settlement_count),
            str(position.reversal_count),
            format_yuan(position.owed.fen),
            funds,
        )
    return table


def _sum_line(closing: Closing) -> Text:
    return Text(
        f"{closing.settlement_count} 笔结算 settlements, {closing.reversal_count} 笔撤销 reversed: "
        f"基金 fund {format_yuan(closing.fund_fen)} + 个人账户 account "
        f"{format_yuan(closing.account_fen)} + 现金 cash {format_yuan(closing.cash_fen)} = "
        f"{format_yuan(closing.fund_fen + closing.account_fen + closing.cash_fen)}; "
        f"费用总额 bill total {format_yuan(closing.total_fen)}"
    )


def checks_text(checks: Sequence[Check]) -> Text:
    """Returns a line per check, in both languages."""
    text = Text()
    for check in checks:
        mark, style = ("✓", "green") if check.holds else ("✗", "bold red")
        text.append(f"{mark} {check.zh} · {check.en}\n", style=style)
    text.rstrip()
    return text


def _plain() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _fact(table: Table, label: str, value: str) -> None:
    if value:
        table.add_row(label, value)


def iso(day: Date) -> str:
    """Returns a civil date as YYYY-MM-DD."""
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"
