"""What explains a settlement: its steps with their documents, and sums that are checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.benefits.domain.parameter import Entry, Pack
from services.cli import report
from services.cli.receipt import CAUSES, fund_name, iso
from services.kit.money import format_yuan
from yijie.benefits.v1 import adjudication_pb2
from yijie.settlement.v1 import settlement_pb2

Name = tuple[str, str]
"""Chinese, English."""


@dataclass(frozen=True, slots=True)
class Row:
    """One amount of a table that adds up to a total."""

    key: str
    name: Name
    fen: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Two figures that must be the same."""

    name: Name
    expected: int
    got: int

    @property
    def holds(self) -> bool:
        """Tells whether they are."""
        return self.expected == self.got


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is shown of a settlement."""

    settlement: settlement_pb2.Settlement
    sources: Mapping[tuple[str, str], Entry]
    """Where each parameter comes from, by path and ISO date; empty: only the label is known."""
    causes: tuple[Row, ...]
    """What the patient pays, by cause; empty: the insured region does not say."""
    payers: tuple[Row, ...]
    """Who pays the bill."""
    sums: tuple[Sum, ...]

    @property
    def holds(self) -> bool:
        """Tells whether every sum does."""
        return all(one.holds for one in self.sums)


def explain_settlement(settlement: settlement_pb2.Settlement, pack: Pack | None) -> Explanation:
    """Returns the explanation of a settlement.

    Args:
        settlement: with its adjudication and calculation steps.
        pack: the policy that it was computed by; None: not to be had.
    """
    paid = settlement.adjudication
    causes = tuple(_causes(paid))
    payers = tuple(_payers(paid))
    return Explanation(
        settlement=settlement,
        sources={} if pack is None else _sources(paid, pack),
        causes=causes,
        payers=payers,
        sums=tuple(_sums(settlement, causes, payers)),
    )


def _causes(paid: adjudication_pb2.Adjudication) -> Iterator[Row]:
    if paid.HasField("causes"):
        for key, name in CAUSES.items():
            yield Row(key, name, getattr(paid.causes, key).fen)


def _payers(paid: adjudication_pb2.Adjudication) -> Iterator[Row]:
    for payment in paid.fund_payments:
        code = payment.fund_type_code
        yield Row(code, fund_name(code), payment.amount.fen)
    family = paid.family_account_pay.fen
    yield Row("account", ("个人账户", "own account"), paid.account_pay.fen - family)
    yield Row("family_account", ("家庭共济账户", "relatives' accounts"), family)
    yield Row("cash", ("个人现金", "cash"), paid.cash_pay.fen)


def _sums(
    settlement: settlement_pb2.Settlement, causes: tuple[Row, ...], payers: tuple[Row, ...]
) -> Iterator[Sum]:
    split, paid = settlement.amounts, settlement.adjudication
    if causes:
        yield Sum(
            ("个人负担由来合计 = 个人负担", "the causes = what the patient pays"),
            paid.patient_total.fen,
            sum(row.fen for row in causes),
        )
    yield Sum(
        ("各方支付合计 = 费用总额", "all who pay = the bill"),
        split.total.fen,
        sum(row.fen for row in payers),
    )
    yield Sum(
        ("四部分合计 = 费用总额", "the four parts = the bill"),
        split.total.fen,
        split.full_self_pay.fen
        + split.over_limit.fen
        + split.prior_self_pay.fen
        + split.in_scope.fen,
    )
    yield Sum(
        ("账户 + 现金 = 个人负担", "account + cash = what the patient pays"),
        paid.patient_total.fen,
        paid.account_pay.fen + paid.cash_pay.fen,
    )
    yield Sum(
        ("各基金合计 = 基金支付", "the funds = what all funds pay"),
        paid.fund_total.fen,
        sum(payment.amount.fen for payment in paid.fund_payments),
    )


def _sources(paid: adjudication_pb2.Adjudication, pack: Pack) -> dict[tuple[str, str], Entry]:
    """Returns the entries that the steps read, each found by the file, parameter and date."""
    held = {
        (part.file.partition("/")[2].removesuffix(".yaml"), path, str(entry.effective_from)): entry
        for part in pack.parts
        for path, history in part.histories.items()
        for entry in history.entries
    }
    found = {}
    for step in paid.steps:
        for read in step.parameters:
            file, _, path = read.path.partition("[")[0].rpartition("/")
            day = iso(read.effective_date)
            entry = held.get((file, path, day))
            if entry is not None:
                found[read.path, day] = entry
    return found


def source_of(found: Explanation, read: adjudication_pb2.ParameterRead) -> Entry | None:
    """Returns the policy's entry for a parameter that was read; None: not to be had."""
    return found.sources.get((read.path, iso(read.effective_date)))


def as_json(found: Explanation) -> dict[str, Any]:
    """Returns the explanation for programs, amounts in fen."""
    message = found.settlement
    document = report.settlement(message)
    for step, shown in zip(message.adjudication.steps, document["steps"], strict=True):
        for read, parameter in zip(step.parameters, shown["parameters"], strict=True):
            parameter["document"] = _document(source_of(found, read))
    return {
        "ok": found.holds,
        "settlement": document,
        "causes_fen": {row.key: row.fen for row in found.causes} if found.causes else None,
        "payers_fen": {row.key: row.fen for row in found.payers},
        "sums": [
            {
                "zh": one.name[0],
                "en": one.name[1],
                "expected_fen": one.expected,
                "got_fen": one.got,
                "holds": one.holds,
            }
            for one in found.sums
        ],
    }


def _document(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "title": entry.reference.title,
        "number": entry.reference.number,
        "href": entry.reference.href,
        "verified_on": str(entry.verified_on),
        "note": entry.note,
    }


def shown_sum(one: Sum) -> str:
    """Returns both figures of a sum."""
    return f"{format_yuan(one.got)} {'=' if one.holds else '≠'} {format_yuan(one.expected)}"
