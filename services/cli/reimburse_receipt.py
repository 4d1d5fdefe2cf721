"""What `yijie reimburse` prints: who is paid how much, what is not paid and why, and the gap.

Chinese first, for it is handed to whoever claims; the person is not named.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final

from rich.console import Console
from rich.table import Table

from services.cli import cases
from services.cli.advice.questions import SAMPLE, signed, table
from services.cli.receipt import (
    LEVELS,
    UNMET,
    amounts_table,
    causes,
    iso,
    region,
    steps_table,
)
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.money import format_yuan
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import advice_service_pb2, reimbursement_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

_STATES: Final = {
    reimbursement_pb2.REIMBURSEMENT_STATE_UNSPECIFIED: ("试算，未受理", "trial, not taken in"),
    reimbursement_pb2.REIMBURSEMENT_STATE_SUBMITTED: ("已受理", "submitted"),
    reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED: (
        "已核算，待复核",
        "adjudicated, waits for another person to check it",
    ),
    reimbursement_pb2.REIMBURSEMENT_STATE_APPROVED: (
        "已复核，待支付",
        "approved, waits for payment",
    ),
    reimbursement_pb2.REIMBURSEMENT_STATE_PAID: ("已支付", "paid"),
    reimbursement_pb2.REIMBURSEMENT_STATE_REJECTED: ("不予支付", "rejected"),
    reimbursement_pb2.REIMBURSEMENT_STATE_CANCELLED: ("已撤销", "cancelled"),
    reimbursement_pb2.REIMBURSEMENT_STATE_FAILED: ("核算未通过", "failed"),
}
_NAME_MAX: Final = 24
"""Characters of an item's name in the table."""


def print_receipt(
    out: Console,
    claim: reimbursement_pb2.Reimbursement,
    compared: pb.CompareReimbursementResponse | None,
) -> None:
    """Prints a claim: what it is, who pays, how that came about, and the gap."""
    zh, en = _STATES[claim.state]
    out.print(f"零星报销 manual reimbursement · {claim.reimbursement_id or '—'}", style="bold")
    out.print(f"状态 state: {zh} {en}")
    _print_facts(out, claim)
    out.print(
        f"应付参保人 payable to the person: {format_yuan(claim.payable.fen)}", style="bold green"
    )
    out.print()
    out.print(amounts_table(claim.amounts, claim.adjudication))
    out.print()
    if claim.adjudication.HasField("causes"):
        out.print(causes(claim.adjudication.causes))
        out.print()
    _print_lines(out, claim)
    out.print(steps_table(claim.adjudication))
    if compared is not None:
        _print_comparison(out, compared)
    if claim.sample or (compared is not None and compared.sample):
        out.print(SAMPLE, style="yellow")


def _print_facts(out: Console, claim: reimbursement_pb2.Reimbursement) -> None:
    bill = claim.bill
    names = {one.institution_code: one.name for one in cases.institutions().values()}
    institution = names.get(claim.institution_code, "")
    out.print(
        f"就医地 place of care: {region(claim.care_region_code)} · {institution} "
        f"{claim.institution_code}"
    )
    scheme = codes.SCHEMES.get(claim.scheme_code, claim.scheme_code)
    medical = codes.MEDICAL_TYPES.get(claim.medical_type_code, claim.medical_type_code)
    out.print(f"参保地 insured region: {region(claim.insured_region_code)} · {scheme}")
    days = f"{iso(claim.begin_date)} – {iso(claim.end_date)}"
    out.print(f"票据 invoice: {bill.invoice_number} · {medical} · {days}")
    if claim.HasField("submit_time"):
        day = civil_date(claim.submit_time.ToDatetime(UTC))
        out.print(f"受理日期 taken in on: {day.isoformat()}")
    level = LEVELS.get(claim.benefit_level, ("", ""))
    out.print(f"备案 filing: {level[0]} {level[1]} · {claim.benefit_level_explanation_zh}")
    for change in claim.changes:
        if change.payment_reference:
            out.print(f"银行回单 bank reference: {change.payment_reference}")
    for other in claim.similar_reimbursement_ids:
        out.print(
            f"疑似重复，请核对票据 same place and days, compare the invoices: {other}",
            style="bold red",
        )


def _print_lines(out: Console, claim: reimbursement_pb2.Reimbursement) -> None:
    """Prints the lines that are not wholly in scope, and why."""
    names = {line.line_id: line.item_name or line.item_code for line in claim.bill.lines}
    rows = _lines_table()
    for line in claim.lines:
        split = line.split
        if split.in_scope.fen == split.total.fen:
            continue
        rows.add_row(
            line.line_id,
            names.get(line.line_id, "")[:_NAME_MAX],
            "；".join(_reasons(line)),
            *(
                format_yuan(part.fen)
                for part in (
                    split.total,
                    split.full_self_pay,
                    split.over_limit,
                    split.prior_self_pay,
                )
            ),
        )
    if rows.row_count:
        out.print(rows)
        out.print()


def _lines_table() -> Table:
    return table(
        ("未全部纳入的明细\nlines not wholly in scope", "项目\nitem", "原因\nbecause"),
        (
            "金额\namount",
            "全自费\nfull self-pay",
            "超限价\nover limit",
            "先行自付\nprior self-pay",
        ),
    )


def _reasons(line: bill_pb2.ClassifiedLine) -> list[str]:
    """Returns why a line is not wholly in scope, Chinese."""
    split = line.split
    found = [UNMET.get(reason, (reason, reason))[0] for reason in line.unmet_restrictions]
    if line.not_listed:
        found.append("参保地目录外")
    elif split.full_self_pay.fen and not found:
        is_c = line.catalogue_class == bill_pb2.CATALOGUE_CLASS_C
        found.append("丙类" if is_c else "单价超过参保地限价，不予支付")
    if split.over_limit.fen:
        found.append("超限价")
    if split.prior_self_pay.fen:
        found.append("乙类先行自付")
    return found


def _print_comparison(out: Console, compared: pb.CompareReimbursementResponse) -> None:
    out.print()
    out.print("与直接结算比较 beside direct settlement", style="bold")
    rows = table(
        ("方式\nway", "目录版本\ncatalogue"),
        ("范围内\nin scope", "基金\nfunds", "个人\npatient"),
    )
    ways: tuple[tuple[str, advice_service_pb2.Pricing], ...] = (
        ("零星报销 manual", compared.manual),
        ("直接结算 direct", compared.direct),
    )
    for name, way in ways:
        rows.add_row(
            name,
            way.catalogue_version,
            format_yuan(way.amounts.in_scope.fen),
            format_yuan(way.adjudication.fund_total.fen),
            format_yuan(way.adjudication.patient_total.fen),
        )
    out.print(rows)
    out.print(
        f"直接结算基金多付 funds would have paid more directly: {signed(compared.fund_gap.fen)}",
        style="bold",
    )
