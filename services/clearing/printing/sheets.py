"""The official tables as rows and columns, before any file format.

Every format draws the same `Sheet`s, so that a figure cannot differ between workbook, CSV and PDF.
Shapes: 全国跨省异地就医费用清算表, 应付/应收医疗费用清算表, 职工/居民医保基金应付明细表,
审核扣款明细表, 个人账户清算表; which columns they have beyond that is our own reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from services.clearing.domain.tables import TableLine
from services.clearing.printing.model import (
    ACCOUNT,
    NATIONAL_FUNDS,
    ProvinceTables,
    require_sound,
)
from services.kit import codes
from services.kit.clock import SHANGHAI
from services.kit.funds import national_fund

Cell = str | int
"""A text; or a count or an amount in fen, as the column says."""

_EMPLOYEE: Final = "310"
_RESIDENT: Final = "390"
_SCHEMES: Final = {_EMPLOYEE: "职工", _RESIDENT: "居民"}


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    """Fen; printed as yuan with two decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    heading: str
    kind: Kind
    width: int
    """Characters of half width that it should hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table."""

    name: str
    """Short: the tab of the workbook."""
    title: str
    facts: tuple[str, ...]
    """Between title and table: whose, of which month, in which unit."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...]
    """Empty: a table without totals."""
    is_signed: bool = True
    """Whether a line for seal and signatures ends it."""


_NUMBER: Final = Column(heading="序号", kind=Kind.COUNT, width=6)
_CODE: Final = Column(heading="区划代码", kind=Kind.TEXT, width=10)
_TOTAL: Final = "合计"
NOTHING: Final = "本月无发生额"
"""What stands in the place of rows where there are none: a table left out would be asked after."""


def sheets_of(tables: ProvinceTables) -> tuple[Sheet, ...]:
    """Returns the tables of a month in the order in which they are printed.

    Raises:
        TablesUnbalanced: the lines contradict each other.
    """
    require_sound(tables)
    made = _national(tables) if not tables.region_code else _provincial(tables)
    return tuple(replace(sheet, name=f"{n} {sheet.name}") for n, sheet in enumerate(made, start=1))


def month_text(month: str) -> str:
    """Returns a month for people: "2026-03" → "2026年3月"."""
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月"


def region_name(code: str) -> str:
    """Returns a province's name, or its code where it has none."""
    return codes.PROVINCES.get(code, code)


def _provincial(tables: ProvinceTables) -> list[Sheet]:
    owed = [line for line in tables.lines if line.insured_region_code == tables.region_code]
    due = [line for line in tables.lines if line.care_region_code == tables.region_code]
    schemes = sorted({_EMPLOYEE, _RESIDENT, *(line.scheme_code for line in owed)})
    made = [
        _balances(tables, "清算表", "跨省异地就医费用清算表", owed, due),
        _side(tables, owed, is_payable=True, schemes=_schemes_of(tables)),
        _side(tables, due, is_payable=False, schemes=_schemes_of(tables)),
        *(_funds(tables, scheme, owed) for scheme in schemes),
        _deductions(tables, owed, due),
        _account(tables, owed, due),
    ]
    return [*made, _provincial_checks(tables, made, schemes)]


def _schemes_of(tables: ProvinceTables) -> list[str]:
    return sorted({_EMPLOYEE, _RESIDENT, *(line.scheme_code for line in tables.lines)})


def _national(tables: ProvinceTables) -> list[Sheet]:
    title = "全国跨省异地就医费用清算表"
    balances = _balances(tables, "全国清算表", title, tables.lines, tables.lines)
    pairs = _pairs(tables)
    checks = (
        ("全国应付合计 = 全国应收合计", _sum(balances, "应付金额"), _sum(balances, "应收金额")),
        ("各省差额之和 = 0", _sum(balances, "差额"), 0),
        ("全国应付合计 = 分省对合计", _sum(balances, "应付金额"), _sum(pairs, "应付金额")),
        ("费用 + 调整 + 扣款 = 应付", _parts(tables.lines), _sum(pairs, "应付金额")),
    )
    return [balances, pairs, _checks(tables, checks)]


def _balances(
    tables: ProvinceTables,
    name: str,
    title: str,
    owed: Iterable[TableLine],
    due: Iterable[TableLine],
) -> Sheet:
    """Returns what is owed and due: by the other province, or nationally by province."""
    is_national = not tables.region_code
    payable = _by(owed, _insured if is_national else _care)
    receivable = _by(due, _care if is_national else _insured)
    rows: list[tuple[Cell, ...]] = []
    for number, code in enumerate(sorted({*payable, *receivable}), start=1):
        owes, gets = _payable(payable.get(code, [])), _payable(receivable.get(code, []))
        rows.append((number, code, region_name(code), owes, gets, gets - owes))
    columns = (
        _NUMBER,
        _CODE,
        Column(heading="省份" if is_national else "对方省份", kind=Kind.TEXT, width=22),
        _money("应付金额"),
        _money("应收金额"),
        _money("差额"),
    )
    note = "差额 = 应收 − 应付，仅供参考：应付、应收分别按通知书全额划拨，不轧差。"
    return _sheet(tables, name, title, columns, rows, notes=(note,))


def _pairs(tables: ProvinceTables) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    schemes = _schemes_of(tables)
    pairs = _by(tables.lines, lambda line: line.insured_region_code + line.care_region_code)
    for number, lines in enumerate((pairs[key] for key in sorted(pairs)), start=1):
        first = lines[0]
        amounts = _by_scheme(lines, schemes)
        insured, care = first.insured_region_code, first.care_region_code
        row = (number, insured, region_name(insured), care, region_name(care))
        rows.append((*row, *amounts, _payable(lines)))
    columns = (
        _NUMBER,
        Column(heading="参保地代码", kind=Kind.TEXT, width=11),
        Column(heading="参保地", kind=Kind.TEXT, width=20),
        Column(heading="就医地代码", kind=Kind.TEXT, width=11),
        Column(heading="就医地", kind=Kind.TEXT, width=20),
        *(_money(_scheme_heading(scheme)) for scheme in schemes),
        _money("应付金额"),
    )
    return _sheet(tables, "分省对", "跨省异地就医费用清算分省对明细表", columns, rows)


def _side(
    tables: ProvinceTables, lines: Iterable[TableLine], *, is_payable: bool, schemes: Sequence[str]
) -> Sheet:
    """Returns the payable or the receivable table: a row per province on the other side."""
    word, other = ("应付", "就医地") if is_payable else ("应收", "参保地")
    of_other = _care if is_payable else _insured
    grouped = _by(lines, of_other)
    rows: list[tuple[Cell, ...]] = []
    for number, code in enumerate(sorted(grouped), start=1):
        found = grouped[code]
        settled = sum(line.settlement_count for line in found)
        reversed_ = sum(line.reversal_count for line in found)
        amounts = (*_by_part(found), _payable(found))
        late = sum(line.late_fen for line in found)
        of_which = (*_by_scheme(found, schemes), _account_of(found), late)
        row = (number, code, region_name(code), settled, reversed_)
        rows.append((*row, *amounts, *of_which))
    columns = (
        _NUMBER,
        _CODE,
        Column(heading=other, kind=Kind.TEXT, width=20),
        Column(heading="结算\n笔数", kind=Kind.COUNT, width=9),
        Column(heading="冲销\n笔数", kind=Kind.COUNT, width=9),
        _money("本月费用"),
        _money("以前月份调整"),
        _money("审核扣款"),
        _money(f"{word}合计"),
        *(_money(f"其中：{_scheme_heading(scheme)}") for scheme in schemes),
        _money("其中：个人账户"),
        _money("其中：迟到数据"),
    )
    note = "迟到数据：发生于以前月份、清算月截止后到达，已含在本月费用和以前月份调整内。"
    title = f"跨省异地就医{word}医疗费用清算表"
    return _sheet(tables, f"{word}清算表", title, columns, rows, notes=(note,))


def _funds(tables: ProvinceTables, scheme: str, owed: Iterable[TableLine]) -> Sheet:
    """Returns what is owed for a scheme by province of care and fund."""
    rows: list[tuple[Cell, ...]] = []
    grouped = _by((line for line in owed if line.scheme_code == scheme), _care)
    for number, code in enumerate(sorted(grouped), start=1):
        by_fund = _by(grouped[code], lambda line: national_fund(line.fund_type_code))
        amounts = [_payable(by_fund.get(fund, [])) for fund in NATIONAL_FUNDS]
        rows.append((number, code, region_name(code), *amounts, _payable(grouped[code])))
    columns = (
        _NUMBER,
        _CODE,
        Column(heading="就医地", kind=Kind.TEXT, width=18),
        *(_money(f"{name}\n{code}") for code, name in NATIONAL_FUNDS.items()),
        _money(_TOTAL),
    )
    name = f"{_scheme_heading(scheme)}明细"
    title = f"跨省异地就医{_scheme_heading(scheme)}医保基金应付明细表"
    note = "基金代码为国家跨省清算口径；居民大病、职工大病补助列入 330100。"
    return _sheet(tables, name, title, columns, rows, notes=(note,))


def _deductions(
    tables: ProvinceTables, owed: Iterable[TableLine], due: Iterable[TableLine]
) -> Sheet:
    """Returns what review took off, on either side, by province, scheme and fund."""
    amounts: dict[tuple[str, str, str], list[int]] = {}
    for side, (lines, of_other) in enumerate(((owed, _care), (due, _insured))):
        for line in lines:
            if line.deduction_fen:
                key = (of_other(line), line.scheme_code, national_fund(line.fund_type_code))
                amounts.setdefault(key, [0, 0])[side] += line.deduction_fen
    rows: list[tuple[Cell, ...]] = []
    for number, key in enumerate(sorted(amounts), start=1):
        code, scheme, fund = key
        row = (number, code, region_name(code), _scheme_name(scheme), fund, NATIONAL_FUNDS[fund])
        rows.append((*row, *amounts[key]))
    columns = (
        _NUMBER,
        _CODE,
        Column(heading="对方省份", kind=Kind.TEXT, width=20),
        Column(heading="险种", kind=Kind.TEXT, width=20),
        Column(heading="基金代码", kind=Kind.TEXT, width=10),
        Column(heading="基金", kind=Kind.TEXT, width=14),
        _money("冲减应付"),
        _money("冲减应收"),
    )
    title = "跨省异地就医医保基金审核扣款明细表"
    note = "负数冲减应付、应收；正数为以前扣款的退回。"
    return _sheet(tables, "审核扣款", title, columns, rows, notes=(note,))


def _account(tables: ProvinceTables, owed: Iterable[TableLine], due: Iterable[TableLine]) -> Sheet:
    """Returns what personal accounts owe and are owed, by the other province."""
    payable = _by((line for line in owed if line.fund_type_code == ACCOUNT), _care)
    receivable = _by((line for line in due if line.fund_type_code == ACCOUNT), _insured)
    rows: list[tuple[Cell, ...]] = []
    for number, code in enumerate(sorted({*payable, *receivable}), start=1):
        sides = [payable.get(code, []), receivable.get(code, [])]
        amounts = [part for lines in sides for part in (*_by_part(lines), _payable(lines))]
        rows.append((number, code, region_name(code), *amounts))
    parts = ("本月费用", "以前月份调整", "审核扣款", _TOTAL)
    columns = (
        _NUMBER,
        _CODE,
        Column(heading="对方省份", kind=Kind.TEXT, width=20),
        *(_money(f"应付\n{part}") for part in parts),
        *(_money(f"应收\n{part}") for part in parts),
    )
    return _sheet(tables, "个人账户", "跨省异地就医个人账户清算表", columns, rows)


def _provincial_checks(
    tables: ProvinceTables, made: Sequence[Sheet], schemes: Sequence[str]
) -> Sheet:
    """Returns what must be equal between the tables, each side added up from another of them."""
    balances, payable, receivable = made[:3]
    funds, (deductions, account) = made[3:-2], made[-2:]
    account_heading = f"{NATIONAL_FUNDS[ACCOUNT]}\n{ACCOUNT}"
    checks = [
        ("清算表应付 = 应付清算表合计", _sum(balances, "应付金额"), _sum(payable, "应付合计")),
        ("清算表应收 = 应收清算表合计", _sum(balances, "应收金额"), _sum(receivable, "应收合计")),
        (
            "应付清算表合计 = 各险种明细表合计之和",
            _sum(payable, "应付合计"),
            sum(_sum(sheet, _TOTAL) for sheet in funds),
        ),
    ]
    for scheme, sheet in zip(schemes, funds, strict=True):
        name = _scheme_heading(scheme)
        label = f"应付清算表{name} = {name}明细表合计"
        checks.append((label, _sum(payable, f"其中：{name}"), _sum(sheet, _TOTAL)))
        by_fund = sum(_sum(sheet, column.heading) for column in sheet.columns[3:-1])
        checks.append((f"{name}明细表分基金之和 = 合计", by_fund, _sum(sheet, _TOTAL)))
    for word, sheet in (("应付", payable), ("应收", receivable)):
        parts = sum(_sum(sheet, part) for part in ("本月费用", "以前月份调整", "审核扣款"))
        checks += [
            (f"{word}：费用 + 调整 + 扣款 = 合计", parts, _sum(sheet, f"{word}合计")),
            (
                f"{word}清算表审核扣款 = 审核扣款明细表",
                _sum(sheet, "审核扣款"),
                _sum(deductions, f"冲减{word}"),
            ),
            (
                f"{word}清算表个人账户 = 个人账户清算表",
                _sum(sheet, "其中：个人账户"),
                _sum(account, f"{word}\n{_TOTAL}"),
            ),
        ]
    of_funds = sum(_sum(sheet, account_heading) for sheet in funds)
    checks.append(
        ("各险种明细表个人账户之和 = 个人账户清算表", of_funds, _sum(account, f"应付\n{_TOTAL}"))
    )
    return _checks(tables, checks)


def _checks(tables: ProvinceTables, checks: Iterable[tuple[str, int, int]]) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (number, label, left, right, left - right, "相符" if left == right else "不符")
        for number, (label, left, right) in enumerate(checks, start=1)
    ]
    columns = (
        _NUMBER,
        Column(heading="核对关系", kind=Kind.TEXT, width=46),
        _money("左边"),
        _money("右边"),
        _money("差"),
        Column(heading="结果", kind=Kind.TEXT, width=8),
    )
    notes = (
        "省间核对：本省应付清算表中某省的金额 = 该省应收清算表中本省的金额，反之亦然。",
        f"本月清算数据摘要（各省文件相同）SHA-256：{tables.digest}",
    )
    sheet = _sheet(tables, "核对", "跨省异地就医费用清算核对表", columns, rows, notes=notes)
    return replace(sheet, totals=(), is_signed=False)


def _sheet(
    tables: ProvinceTables,
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
    *,
    notes: tuple[str, ...] = (),
) -> Sheet:
    whose = f"{region_name(tables.region_code)} {tables.region_code}"
    made = tables.table_time.astimezone(SHANGHAI)
    heading = (
        f"编制范围：{whose if tables.region_code else '全国'}",
        f"清算月：{month_text(tables.month)}",
        "金额单位：元",
        f"生成时间：{made:%Y-%m-%d %H:%M:%S}（北京时间）",
    )
    facts = ("　　".join(heading), *notes)
    totals: list[Cell] = []
    named = False
    for index, column in enumerate(columns):
        if column is _NUMBER:
            totals.append("")
        elif column.kind is Kind.TEXT:
            totals.append("" if named else _TOTAL)
            named = True
        else:
            totals.append(_added(rows, index))
    return Sheet(
        name=name,
        title=title,
        facts=facts,
        columns=columns,
        rows=tuple(rows),
        totals=tuple(totals),
    )


def _money(heading: str) -> Column:
    return Column(heading=heading, kind=Kind.MONEY, width=18)


def _sum(sheet: Sheet, heading: str) -> int:
    """Adds a column up from its rows: a check must not rest on the total that it checks."""
    index = [column.heading for column in sheet.columns].index(heading)
    return _added(sheet.rows, index)


def _added(rows: Iterable[tuple[Cell, ...]], index: int) -> int:
    return sum(value for row in rows if isinstance(value := row[index], int))


def _by(lines: Iterable[TableLine], key: Callable[[TableLine], str]) -> dict[str, list[TableLine]]:
    found: dict[str, list[TableLine]] = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    return found


def _care(line: TableLine) -> str:
    return line.care_region_code


def _insured(line: TableLine) -> str:
    return line.insured_region_code


def _payable(lines: Iterable[TableLine]) -> int:
    return sum(line.payable_fen for line in lines)


def _parts(lines: Iterable[TableLine]) -> int:
    return sum(line.cost_fen + line.adjustment_fen + line.deduction_fen for line in lines)


def _by_part(lines: Sequence[TableLine]) -> tuple[int, int, int]:
    return (
        sum(line.cost_fen for line in lines),
        sum(line.adjustment_fen for line in lines),
        sum(line.deduction_fen for line in lines),
    )


def _by_scheme(lines: Sequence[TableLine], schemes: Iterable[str]) -> list[int]:
    return [_payable(line for line in lines if line.scheme_code == one) for one in schemes]


def _account_of(lines: Iterable[TableLine]) -> int:
    return _payable(line for line in lines if line.fund_type_code == ACCOUNT)


def _scheme_heading(scheme: str) -> str:
    return _SCHEMES.get(scheme) or codes.SCHEMES.get(scheme, scheme)


def _scheme_name(scheme: str) -> str:
    return codes.SCHEMES.get(scheme, scheme)
