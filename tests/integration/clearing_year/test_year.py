"""Goal: a year of clearing reconciles to the fen, and a wrong fen anywhere is found."""

from __future__ import annotations

import asyncpg
import pytest
from rich.console import Console

from services.proving.clearing_year import command, compare, monthly, ningxia
from services.proving.clearing_year.command import Options, plan_of, run_plan
from services.proving.clearing_year.plan import make_plan
from services.proving.clearing_year.reckoning import Reckoning

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(150)]
SCHEMAS = ("clearing",)
SHORT = Options(months=2, provinces=4, settlements=160)
TINY = Options(months=2, provinces=3, settlements=40)


async def test_a_short_year_reconciles_to_the_fen(dsn, capsys):
    seen: list[str] = []
    outcome = await run_plan(plan_of(SHORT), dsn, on_month=seen.append)
    scene = outcome.scene
    assert scene.findings.differences == []
    assert seen == ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    # What was to happen did: a rule that saw nothing proves nothing.
    fates = outcome.year.review.counts
    assert set(fates) == {
        "stands",
        "stands by fund",
        "appealed, upheld",
        "appealed, withdrawn",
        "refunded while pending",
        "refunded after it stood",
        "inquiries",
        "of an inquiry",
    }
    kinds = {key.kind for key in scene.reckoning.notices}
    assert kinds == {"CLEARING", "PREPAYMENT_ADJUSTMENT", "EMERGENCY_TOP_UP"}
    assert outcome.year.defaulted_fen > 0
    assert scene.reckoning.outstanding() == {}
    for part in ("adjustment", "deduction", "late"):
        assert any(getattr(sums, part) for sums in scene.reckoning.lines.values()), part
    assert any(scene.reckoning.amount(key) < 0 for key in scene.reckoning.notices)
    compared = scene.findings.compared
    for what in ("table cost", "ledger balance", "notice", "payable file against receivable file"):
        assert compared[what] > 0, what
    command._show(Console(width=200), outcome, SHORT)
    assert "reconciles to the fen" in capsys.readouterr().out
    scene.findings.differences.append("table payable 2025-01: 1.00 元, reckoned 1.01 元")
    command._show(Console(width=200), outcome, SHORT)
    said = capsys.readouterr().out
    assert "does not reconcile" in said
    assert "table payable 2025-01" in said


async def test_a_fen_that_is_not_right_is_found_everywhere(dsn, monkeypatch):
    """A fen more in the books, a fen more in the database, a transfer that the bank kept."""
    plan = plan_of(TINY)
    chosen = plan.cares[5].settlement_id
    settle, balances, state = Reckoning.settle, compare.balances, monthly.Money._state
    altered: list[str] = []
    kept: list[int] = []

    def with_a_fen_more(self, care):
        settle(self, care)
        if care.settlement_id == chosen:
            place = next(one for one in self.lines if one.insured == care.insured_region_code
                         and one.care == care.care_region_code
                         and one.scheme == care.scheme_code)  # fmt: skip
            self.lines[place].cost += 1

    async def alter_first(*arguments):
        if not altered:
            connection = await asyncpg.connect(dsn)
            try:
                altered.append(
                    await connection.execute(
                        "UPDATE clearing.account SET balance_fen = balance_fen + 1"
                        " WHERE account_id = (SELECT min(account_id) FROM clearing.account"
                        " WHERE side = 'RECEIVABLE')"
                    )
                )
            finally:
                await connection.close()
        await balances(*arguments)

    async def without_the_last(self, made):
        if not kept and len(made) > 1:
            kept.append(made[-1].amount_fen)
            made = made[:-1]
        await state(self, made)

    monkeypatch.setattr(Reckoning, "settle", with_a_fen_more)
    monkeypatch.setattr(compare, "balances", alter_first)
    monkeypatch.setattr(monthly.Money, "_state", without_the_last)
    outcome = await run_plan(plan, dsn)
    assert not outcome.holds
    differences = outcome.scene.findings.differences
    found = " ".join(differences)
    for what in ("table cost", "file ", "notice ", "payment file", "ledger balance"):
        assert what in found
    of_table = next(text for text in differences if text.startswith("table cost"))
    assert "(-1 fen)" in of_table
    assert altered == ["UPDATE 1"]
    assert any(text.startswith("ledger balance") and "(+1 fen)" in text for text in differences)
    moved = f"{kept[0]:+d} fen"
    assert any(text.startswith("payment file") and moved in text for text in differences)


async def test_ningxia_is_reproduced_as_published(dsn):
    plan = ningxia.make_plan(7)
    outcome = await run_plan(plan, dsn)
    assert outcome.scene.findings.differences == []
    held = outcome.scene.findings.compared["published position of Ningxia"]
    assert held == 5
    reckoning = outcome.scene.reckoning
    owed = sum(
        reckoning.amount(key)
        for key in reckoning.notices
        if key.kind == "CLEARING" and key.insured == ningxia.NINGXIA
    )
    # 1870.1 万元 = 18,701,000 元.
    assert owed == ningxia.PAYABLE_FEN == 18_701_000_00


def test_the_same_seed_gives_the_same_year():
    wanted = {"year": 2025, "months": 12, "provinces": 32, "settlements": 600}
    first, again = make_plan(seed=3, **wanted), make_plan(seed=3, **wanted)
    assert first == again
    assert make_plan(seed=4, **wanted) != first
    assert first.is_whole_year
    assert len(first.provinces) == 32
    refunded = [care for care in first.cares if care.reverse_time is not None]
    assert {care.reverse_time > care.settle_time for care in refunded} == {True}
