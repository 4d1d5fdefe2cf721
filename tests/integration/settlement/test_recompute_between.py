"""Goal: what has changed between a settlement and its being computed anew changes what it should
and nothing else: another catalogue, an account that is spent, the end of a month.

Method: as in test_recompute.py and test_recompute_money.py; what changes is changed in between.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.kit.db import Database
from services.kit.errors import Unavailable
from tests.integration.settlement.test_chronic import DISEASE, chronic, full, unreadable
from tests.integration.settlement.test_recompute import (
    LONG_TERM,
    MORE_FEN,
    UNFILED,
    _levels,
    recompute,
    stands_at,
    unfiled,
)
from tests.integration.settlement.test_recompute_money import stay_bill
from tests.integration.settlement.test_undo_money import (
    ACCOUNT_FEN,
    Mesh,
    mesh,
    noon,
    owed,
)
from tests.integration.settlement.world import (
    add_line,
    eventually,
    ident,
    pre_settle_request,
    settle_request,
)
from tests.support.callees import BED, DRUG, item
from tests.support.rpc import refused

SCHEMAS = ("settlement", "benefits", "clearing")
pytestmark = pytest.mark.postgres

__all__ = ["_levels", "mesh"]


async def test_another_catalogue_since_changes_nothing_of_the_bill(world):
    """Only the benefit level is new: prices, classes and shares were those of the day it was
    settled on, and the bill was explained by that version."""
    _, first = await unfiled(world)
    await world.callees.catalogue.publish("640000", "v2", [item(BED, "C"), item(DRUG, "C")])

    async def is_followed():
        tried = (await world.pre_settle(pre_settle_request())).settlement
        return tried.catalogue_version.endswith("v2") and not tried.amounts.in_scope.fen

    await eventually(is_followed)
    answer = await recompute(world, first.settlement_id)
    before, now = await full(world, first), await full(world, answer.settlement)
    assert now.catalogue_version.endswith("v1")
    for name in ("amounts", "catalogue_version", "person_type_code", "screening_state"):
        assert getattr(now, name) == getattr(before, name)
    assert (now.lines, now.bill, now.findings) == (before.lines, before.bill, before.findings)
    assert answer.fund_difference.fen == MORE_FEN


async def test_a_chronic_disease_is_computed_anew_and_stays_unreadable(world):
    world.callees.identity.opened |= {"14"}
    world.callees.filing.benefit_level = UNFILED
    first = (await world.settle(chronic(settle_request()))).settlement
    world.callees.filing.benefit_level = LONG_TERM
    answer = await recompute(world, first.settlement_id)
    assert answer.changed
    (booked,) = world.callees.benefits.live.values()
    assert booked.case.disease_code == DISEASE
    now = await full(world, answer.settlement)
    assert now.disease_code == now.bill.disease_code == DISEASE
    await unreadable(world, answer.SerializeToString())
    # So does what brings the old level back.
    world.callees.filing.benefit_level = UNFILED
    world.callees.benefits.script = ["inconsistent"]
    refusal = await refused(recompute(world, now.settlement_id))
    restored = await world.get(settlement_id=refusal.metadata["settlementId"])
    assert (await full(world, restored)).disease_code == DISEASE
    await unreadable(world, restored.SerializeToString())
    await eventually(lambda: stands_at(world, LONG_TERM))


async def test_an_account_that_is_spent_since_pays_what_it_has(mesh: Mesh):
    """Downward the patient owes more; what the account no longer has is cash, and it never falls
    below zero."""
    filing = mesh.world.callees.filing
    mesh.set_time(noon(2026, 3, 31))
    filing.benefit_level = LONG_TERM
    request = settle_request(use_account=True)
    request.patient.insured_region_code = "110000"
    # Beyond the deductible of the year, so that the level counts.
    add_line(request.bill, BED, "800", "4", 320_000)
    request.bill.total.fen += 320_000
    first = (await mesh.world.settle(request)).settlement
    left = first.adjudication.account_balance.fen
    assert min(left, first.adjudication.account_pay.fen, first.adjudication.fund_total.fen) > 0
    spender = (await mesh.world.settle(stay_bill(date(2026, 3, 15)))).settlement
    assert spender.adjudication.account_balance.fen == 0
    assert spender.adjudication.account_pay.fen == left
    filing.benefit_level = UNFILED
    answer = await recompute(mesh.world, first.settlement_id)
    assert answer.fund_difference.fen < 0
    assert answer.account_difference.fen == 0
    assert answer.cash_difference.fen == -answer.fund_difference.fen
    assert answer.settlement.adjudication.account_balance.fen == 0
    # Upward again it gets back what the fund pays, and nothing else.
    filing.benefit_level = LONG_TERM
    again = await recompute(mesh.world, answer.settlement.settlement_id)
    assert again.settlement.adjudication.account_pay == first.adjudication.account_pay
    assert again.settlement.adjudication.fund_total == first.adjudication.fund_total
    for one in (spender, again.settlement):
        await mesh.world.reverse(settlement_id=one.settlement_id)
    assert left + first.adjudication.account_pay.fen == ACCOUNT_FEN


async def test_over_the_end_of_a_month_each_event_is_where_it_happened(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
):
    """Taken back in the last second of January (Shanghai), booked anew in the first of February."""
    filing = mesh.world.callees.filing
    # Made in advance, as by a clock that does not jump: nobody is held up by new partitions.
    await mesh.world.sql("SELECT ensure_month('2026-01-01'), ensure_month('2026-02-01')")
    await mesh.world.sql("SELECT ensure_month('2026-03-01')")
    mesh.set_time(noon(2025, 12, 31))
    filing.benefit_level = UNFILED
    first = (await mesh.world.settle(stay_bill(date(2025, 12, 20)))).settlement
    filing.benefit_level = LONG_TERM
    mesh.set_time(datetime(2026, 1, 31, 15, 59, 59, tzinfo=UTC))
    request_id = ident()
    with monkeypatch.context() as patched:
        write = Database.fetchrow

        async def dying(self, query, *arguments):
            if "/* settlement.insert_settled" in query:
                raise Unavailable("DATABASE_UNAVAILABLE", "dead", retry_after_ms=1)
            return await write(self, query, *arguments)

        patched.setattr(Database, "fetchrow", dying)
        refusal = await refused(recompute(mesh.world, first.settlement_id, request_id))
    assert refusal.reason == "OUTCOME_PENDING"
    await mesh.owes({"2025-12": owed(first), "2026-01": -owed(first)})
    mesh.set_time(datetime(2026, 1, 31, 16, 0, 1, tzinfo=UTC))
    answer = await recompute(mesh.world, first.settlement_id, request_id)
    assert answer.changed
    await mesh.owes(
        {
            "2025-12": owed(first),
            "2026-01": -owed(first),
            "2026-02": owed(answer.settlement),
        }
    )
