"""One cost claimed twice (发票重复、直接结算与零星报销重复)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.kit import codes
from services.supervision.domain.model import Bill, ResultClass, begin_of, end_of, total_fen_of
from services.supervision.domain.steps.base import BillCheck, Hit, View, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateInvoice(BillCheck):
    """发票重复: the invoice was claimed already."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Among the person's bills; that no two persons claim one is settlement's own index."""
        key = view.bill.invoice_key
        others = [one for one in view.past().bills if key and one.invoice_key == key]
        if others:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="该发票已经报销或结算",
                text_en="the invoice was claimed before",
                others=keys_of(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateClaim(BillCheck):
    """直接结算与零星报销重复: the same care settled by both ways."""

    lines_min: int
    """Lines alike in item, day and amount from which two bills are the same care."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Same institution and days; certain where the totals and at least one line agree.

        Two visits of a day may well cost the same.
        """
        bill = view.bill
        others = [
            one
            for one in view.past().bills
            if one.channel is not bill.channel
            and one.institution_code == bill.institution_code
            and begin_of(one) <= view.end
            and view.begin <= end_of(one)
            and (
                total_fen_of(one) == total_fen_of(bill)
                or self._alike(one, bill, at_least=self.lines_min)
            )
        ]
        if others:
            certain = any(
                total_fen_of(one) == total_fen_of(bill) and self._alike(one, bill, at_least=1)
                for one in others
            )
            yield Hit(
                result_class=self.rule.result_class if certain else ResultClass.TO_VERIFY,
                lines=(),
                text_zh="同一费用已通过另一渠道结算或报销",
                text_en="the same cost was settled by the other channel",
                others=keys_of(others),
            )

    @staticmethod
    def _alike(one: Bill, other: Bill, *, at_least: int) -> bool:
        return (_lines(one) & _lines(other)).total() >= at_least


def _lines(bill: Bill) -> Counter[tuple[str, date, int]]:
    return Counter(
        (codes.national_item_code(line.item_code), line.fee_date, line.amount_fen)
        for line in bill.lines
    )
