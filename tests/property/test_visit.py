"""Goal: whatever is uploaded, refunded, taken back, settled and reversed, in whatever order, what a
settlement covers stays what it was of, and the money of lines is neither lost nor counted twice.

Method: the domain's own decisions drive a visit through random steps; refused steps change nothing.
A second account, of what each settlement covered when it was made, is kept beside and compared.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.classification.validation import amount_agrees
from services.kit.errors import DomainError
from services.settlement.domain import visit_fees as fees
from services.settlement.domain.visit import (
    Scope,
    covered_by,
    covered_lines,
    lines_to_settle,
    net_lines,
    total_fen,
)
from services.settlement.domain.visit_states import VisitState
from tests.unit.settlement.visit_samples import (
    DISCHARGE,
    TODAY,
    day,
    sample_line,
    sample_refund,
    sample_standing,
    sample_visit,
)

CHARGES, REFUNDS = "abcdefgh", "stuvwxyz"
IDS = st.sampled_from(CHARGES)
DAYS = st.integers(1, 31)
BATCHES = st.sampled_from(["", "B1", "B2"])
# Mostly what is taken; what is refused has tables of its own.
PRICES = st.sampled_from(["80", "80", "12.345", "0.005", "0"])
AMOUNT_OFF = st.sampled_from([0, 0, 0, 0, 1, -1])
QUANTITIES = st.sampled_from(["1", "2", "3", "0.5"])
WHICH = st.integers(0, 19)
CHARGE = st.tuples(st.just("charge"), IDS, DAYS, BATCHES, PRICES, QUANTITIES, AMOUNT_OFF)
REFUND = st.tuples(
    st.just("refund"), st.sampled_from(REFUNDS), WHICH, st.sampled_from(["1", "0.5"]), AMOUNT_OFF
)
STEPS = st.one_of(
    st.tuples(st.just("upload"), st.lists(CHARGE, min_size=1, max_size=3)),
    st.tuples(st.just("upload"), st.lists(REFUND, min_size=1, max_size=1)),
    st.tuples(st.just("cancel"), st.lists(st.sampled_from(CHARGES + REFUNDS), max_size=2)),
    st.tuples(st.just("settle"), DAYS, BATCHES),
    st.tuples(st.just("finish"), st.just(0)),
    st.tuples(st.just("reverse"), st.integers(0, 5)),
)
START = st.lists(CHARGE, min_size=1, max_size=6, unique_by=lambda charge: charge[1])


class Drive:
    """A visit in memory, as the store would keep it."""

    def __init__(self, *, stay: bool) -> None:
        self.visit = sample_visit(medical_type_code="21" if stay else "11")
        self.lines: list = []
        self.covered: dict[UUID, set[str]] = {}
        self.made = 0

    def step(self, kind, *arguments) -> None:
        before = (self.visit, list(self.lines))
        try:
            getattr(self, kind)(*arguments)
        except DomainError as error:
            event(f"{kind} {error.reason}")
            assert (self.visit, self.lines) == before
        else:
            event(f"{kind} done")

    def upload(self, wanted) -> None:
        sent = [self._line(position, *entry) for position, entry in enumerate(wanted)]
        fees.check_shapes(sent)
        taken = {line.fee.line_id for line in self.lines}
        kept = fees.accepted(self.visit, sent, standing=self.lines, taken=taken, today=TODAY)
        self._move(self.lines + kept)

    def cancel(self, line_ids) -> None:
        gone = fees.lines_to_cancel(
            self.visit, self.lines, line_ids=sorted(set(line_ids)), every=not line_ids
        )
        self._move([line for line in self.lines if line not in gone])

    def settle(self, number, batch) -> None:
        settled = {s.charge_batch_number for s in self.visit.settlements}
        if self.visit.is_stay and self.visit.final is None:
            self._settle(Scope.INTERIM, until_date=day(number))
        elif not self.visit.is_stay and batch not in settled:
            self._settle(Scope.BATCH, charge_batch_number=batch)

    def finish(self, _) -> None:
        if self.visit.is_stay and self.visit.final is None:
            self.visit = replace(
                self.visit, recorded_state=VisitState.DISCHARGED, discharge=DISCHARGE
            )
            self._settle(Scope.FINAL)
            assert all(covered_by(self.visit, line) for line in self.lines)

    def reverse(self, index) -> None:
        standing = list(self.visit.settlements)
        if standing:
            # Of a stay the newest alone; of batches any.
            undone = standing.pop(-1 if self.visit.is_stay else index % len(standing))
            del self.covered[undone.settlement_id]
            self.visit = replace(
                self.visit,
                settlements=tuple(standing),
                recorded_state=VisitState.REGISTERED,
                discharge=None,
            )

    def _settle(self, scope, **part) -> None:
        wanted = lines_to_settle(self.visit, self.lines, scope, **part)
        netted = net_lines(wanted)
        assert total_fen(netted) == total_fen(wanted)
        self.made += 1
        made = sample_standing(self.made, scope, revision=self.visit.revision, **part)
        self.visit = replace(
            self.visit,
            settlements=(*self.visit.settlements, made),
            revision=self.visit.revision + 1,
        )
        self.covered[made.settlement_id] = {line.fee.line_id for line in wanted}

    def _line(self, position, kind, line_id, *rest):
        placed = {"revision": self.visit.revision + 1, "position": position}
        if kind == "charge":
            number, batch, price, quantity, off = rest
            line = sample_line(line_id, price=price, quantity=quantity, fee_date=day(number))
            amount = max(line.fee.amount_fen + off, 0)
            batch = "" if self.visit.is_stay else batch
            placed["charge_batch_number"] = batch
        else:
            which, quantity, off = rest
            # Nearly always of a line that is there, at its price.
            charges = [each for each in self.lines if not each.refund_of_line_id]
            of, price = "a", "80"
            if which and charges:
                fee = charges[which % len(charges)].fee
                of, price = fee.line_id, str(fee.unit_price)
            values = {"price": price, "quantity": f"-{quantity}", "fee_date": TODAY}
            line = sample_refund(line_id, of, **values)
            amount = min(line.fee.amount_fen + off, 0)
        return replace(line, fee=replace(line.fee, amount_fen=amount), **placed)

    def _move(self, lines) -> None:
        self.lines = lines
        self.visit = replace(
            self.visit,
            revision=self.visit.revision + 1,
            line_count=len(lines),
            line_total_fen=total_fen(lines),
        )

    def check(self) -> None:
        for settlement_id, line_ids in self.covered.items():
            found = covered_lines(self.visit, self.lines, settlement_id)
            assert {line.fee.line_id for line in found} == line_ids
            self._check_net(found)
        free = [line for line in self.lines if covered_by(self.visit, line) is None]
        self._check_net(free)
        parts = sum(len(line_ids) for line_ids in self.covered.values()) + len(free)
        assert parts == len(self.lines)

    def _check_net(self, lines) -> None:
        # A refund is always beside its original, and what is left is a charge like any other.
        here = {line.fee.line_id for line in lines}
        assert all(line.refund_of_line_id in here for line in lines if line.refund_of_line_id)
        netted = net_lines(lines)
        assert total_fen(netted) == total_fen(lines)
        for line in netted:
            assert line.fee.quantity > 0
            assert line.fee.amount_fen >= 0
            assert amount_agrees(line.fee)


@settings(max_examples=300)
@given(stay=st.booleans(), start=START, steps=st.lists(STEPS, max_size=25))
def test_what_settlements_cover_and_what_lines_come_to(stay, start, steps):
    drive = Drive(stay=stay)
    for step in (("upload", start), *steps):
        drive.step(*step)
        drive.check()
