"""What the catalogue in force says of the fee lines of a visit, before anything is settled.

A refund takes back what its original loses by it: together they are what is settled of what is
left, to the fen, also where a use limit or a rounding gave the original less than its share.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.classification import wire as classification_wire
from services.classification.classify import (
    CatalogueNotPublished,
    PriceAboveCeiling,
    classify_line,
)
from services.classification.model import ClassificationContext
from services.classification.snapshot import Snapshot
from services.settlement.domain.visit import Line, around_refunds
from yijie.common.v1 import bill_pb2

_PARTS: Final = ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")
_Around = Mapping[str, tuple[Line, Line]]


def classified_all(
    snapshot: Snapshot,
    lines: Sequence[Line],
    context: ClassificationContext,
    *,
    standing: Iterable[Line],
) -> list[bill_pb2.ClassifiedLine]:
    """Returns what a catalogue says of the lines of a call, each by itself, in their order.

    `standing` are the visit's lines; they may be left out where `lines` has no refund.

    Raises: PriceAboveCeiling naming every line at fault, CatalogueNotPublished the first.
    """
    around = around_refunds((*standing, *lines))
    found, refused = [], []
    for index, line in enumerate(lines):
        try:
            found.append(_classified(snapshot, line, context, around, f"lines[{index}].line"))
        except PriceAboveCeiling as error:
            refused += [violation.field for violation in error.violations]
    if refused:
        raise PriceAboveCeiling(refused)
    return found


def classified_kept(
    snapshot: Snapshot | None,
    lines: Sequence[Line],
    context: ClassificationContext,
    *,
    standing: Iterable[Line],
) -> list[bill_pb2.ClassifiedLine | None]:
    """Returns what a catalogue says of kept lines; None of one that it refuses by now.

    `standing` are the visit's lines, these included, read after them; they may be left out where
    `lines` has no refund.
    """
    around = around_refunds(standing)
    found: list[bill_pb2.ClassifiedLine | None] = []
    for line in lines:
        classified = None
        # A refund may have been taken back between the two looks.
        gone = line.refund_of_line_id and line.fee.line_id not in around
        if snapshot is not None and not gone:
            with contextlib.suppress(PriceAboveCeiling, CatalogueNotPublished):
                classified = _classified(snapshot, line, context, around, "line")
        found.append(classified)
    return found


def _classified(
    snapshot: Snapshot, line: Line, context: ClassificationContext, around: _Around, path: str
) -> bill_pb2.ClassifiedLine:
    if not line.refund_of_line_id:
        return _by_itself(snapshot, line, context, path)
    before, after = around[line.fee.line_id]
    message = _by_itself(snapshot, before, context, path)
    left = None
    if after.fee.quantity:
        left = _by_itself(snapshot, after, context, path).split
    message.line_id = line.fee.line_id
    for name in _PARTS:
        amount = getattr(message.split, name)
        amount.fen = (0 if left is None else getattr(left, name).fen) - amount.fen
    return message


def _by_itself(
    snapshot: Snapshot, line: Line, context: ClassificationContext, path: str
) -> bill_pb2.ClassifiedLine:
    split = classify_line(snapshot, line.billed, path=path, context=context)
    return classification_wire.write_line_split(split)
