"""In one process on one core: adjudication of a bill and of a long stay, and loading all packs.

A bill is classified by the catalogue and adjudicated, as settlement and benefits do it, without
calls and database. Each time is the median of many, beside the slowest percent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from services.bench.drive import percentile
from services.benefits.domain.booking import Standing
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    Accumulators,
    Amounts,
    BenefitLevel,
    Case,
    HospitalLevel,
)
from services.benefits.domain.snapshot import Policy
from services.benefits.domain.stay import adjudicate_case
from services.benefits.policies import load_policy
from services.catalogue.sample import sample_items
from services.classification.classify import classify_lines, totals
from services.classification.model import FeeLine
from services.classification.snapshot import Snapshot
from services.kit.money import to_fen

_DAY: Final = date(2026, 3, 16)
_LINES_SHORT: Final = 20
_LINES_LONG: Final = 3000
_SHORT_TIMES: Final = 3000
_LONG_TIMES: Final = 100
_LOAD_TIMES: Final = 5
_INSURED: Final = "131100"
_CARE: Final = "110000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Times of one thing, seconds, and the aim for their median."""

    name: str
    times: Sequence[float]
    aim_s: float | None

    @property
    def median_s(self) -> float:
        """The middle one."""
        return percentile(self.times, 50)

    @property
    def reached(self) -> bool:
        """Whether the aim is reached; true without one."""
        return self.aim_s is None or self.median_s <= self.aim_s


def measure() -> list[Timed]:
    """Returns the times."""
    loading = [_timed(load_policy) for _ in range(_LOAD_TIMES)]
    policy = load_policy()
    snapshot = Snapshot(region_code=_CARE, version="bench", items=sample_items(_CARE))
    codes = [item.item_code for item in sample_items(_CARE) if item.catalogue_class != "C"]
    short, long = _lines(codes, _LINES_SHORT), _lines(codes, _LINES_LONG)
    split = Amounts(
        total=50_000, full_self_pay=0, over_limit=0, prior_self_pay=1_000, in_scope=49_000
    )
    return [
        Timed(
            name="adjudicate an outpatient bill, amounts given",
            times=[_timed(lambda: _adjudicate(policy, split, "11")) for _ in range(_SHORT_TIMES)],
            aim_s=None,
        ),
        Timed(
            name=f"classify and adjudicate an outpatient bill of {_LINES_SHORT} lines",
            times=[
                _timed(lambda: _bill(policy, snapshot, short, "11")) for _ in range(_SHORT_TIMES)
            ],
            aim_s=300e-6,
        ),
        Timed(
            name=f"classify and adjudicate a stay of {_LINES_LONG} lines",
            times=[_timed(lambda: _bill(policy, snapshot, long, "21")) for _ in range(_LONG_TIMES)],
            aim_s=15e-3,
        ),
        Timed(name="load all policy packs", times=loading, aim_s=1.0),
    ]


def show(found: Sequence[Timed], out: Console, *, title: str = "policy, in process") -> None:
    """Prints a table."""
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for name in ("p50 ms", "p99 ms", "aim ms"):
        table.add_column(name, justify="right")
    for one in found:
        aim = "" if one.aim_s is None else f"{one.aim_s * 1000:g}"
        style = "" if one.reached else "red"
        table.add_row(
            one.name,
            f"{one.median_s * 1000:.3f}",
            f"{percentile(one.times, 99) * 1000:.3f}",
            aim,
            style=style,
        )
    out.print(table)


def document(found: Sequence[Timed]) -> dict[str, Any]:
    """Returns the same for programs. `ok` is that the bills came out, not that the aims are met."""
    return {
        "ok": True,
        "rows": [
            {
                "name": one.name,
                "p50_ms": round(one.median_s * 1000, 4),
                "p99_ms": round(percentile(one.times, 99) * 1000, 4),
                "aim_ms": None if one.aim_s is None else one.aim_s * 1000,
            }
            for one in found
        ],
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _lines(codes: Sequence[str], count: int) -> list[FeeLine]:
    price, quantity = Decimal("12.50"), Decimal(2)
    return [
        FeeLine(
            line_id=str(number),
            item_code=codes[number * 7 % len(codes)],
            fee_date=_DAY,
            unit_price=price,
            quantity=quantity,
            amount_fen=to_fen(price * quantity),
        )
        for number in range(count)
    ]


def _bill(policy: Policy, snapshot: Snapshot, lines: Sequence[FeeLine], medical_type: str) -> None:
    sums = totals(classify_lines(snapshot, lines, path="lines"))
    amounts = Amounts(
        total=sums.total_fen,
        full_self_pay=sums.full_self_pay_fen,
        over_limit=sums.over_limit_fen,
        prior_self_pay=sums.prior_self_pay_fen,
        in_scope=sums.in_scope_fen,
    )
    _adjudicate(policy, amounts, medical_type)


def _adjudicate(policy: Policy, amounts: Amounts, medical_type: str) -> None:
    case = Case(
        person_id="00000000-0000-7000-8000-000000000001",
        insured_region_code=_INSURED,
        scheme_code="310",
        person_type_code="11",
        care_region_code=_CARE,
        level=HospitalLevel.TERTIARY,
        medical_type_code=medical_type,
        benefit_level=BenefitLevel.LONG_TERM,
        begin_date=_DAY,
        end_date=_DAY,
        amounts=amounts,
        use_account=True,
    )
    standing = Standing(years={_DAY.year: Accumulators()}, account_balance=100_000)
    check_identities(adjudicate_case(policy, case, standing))
