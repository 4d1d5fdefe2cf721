"""What is to be settled: a bill sent whole or put together from a visit goes one way from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.classification.model import FeeLine
from services.settlement.domain.bill import Bill
from services.settlement.domain.visit import Scope
from yijie.common.v1 import money_pb2
from yijie.settlement.v1 import settlement_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a visit that a bill stands for."""

    visit_id: UUID
    revision: int
    """Of the visit, as it was read."""
    scope: Scope
    charge_batch_number: str
    """Only with BATCH; "" is a batch too."""
    until_date: date | None
    """Last day covered; only with INTERIM."""
    is_stay: bool
    expected_amounts: money_pb2.AmountSplit | None
    """What the institution computed of each part; what is absent is not compared."""
    earlier: Sequence[FeeLine] = ()
    """Of a stay, what settlements that stand cover: it used limits up before this part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A patient, a bill and how to pay: all that the round trip is about."""

    patient: settlement_pb2.Patient
    bill: settlement_pb2.Bill
    facts: Bill
    """The bill in the domain's types."""
    use_account: bool
    use_id: str = ""
    """Under what identity takes a token for it, UUID; empty: it is only tried."""
    part: Part | None = None
    """None: the bill was sent whole."""
