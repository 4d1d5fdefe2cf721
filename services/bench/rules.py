"""The audit rules in one process on one core: a bill by all rules, with and without a history.

Two bills of 20 lines: an ordinary one, and one whose every line a published rule names, which is
the worst that a bill can do to the index. Times are processor times, so that what else runs on the
machine does not count; each is the median of many, beside the slowest percent.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.bench import policy
from services.bench.policy import Timed
from services.supervision.domain.engine import judge
from services.supervision.domain.examples import run_examples
from services.supervision.domain.model import Bill, History, Line, Moment, Sex
from services.supervision.rules_loader import RULES_DIR, load_rules
from services.supervision.rules_pack import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from services.supervision.domain.ruleset import RuleSet

_DAY: Final = date(2026, 3, 16)
_LINES: Final = 20
_LINES_LONG: Final = 3000
_BILLS: Final = 100
_HISTORY: Final = 20
"""Bills of the year before: one every 18 days, which few people have."""
_TIMES: Final = 30
_LOAD_TIMES: Final = 5
_AIM_S: Final = 1e-3
_PLAIN: Final = ("001101000010000", "002501010010000", "003101000010000", "001204000010000")
"""Items that are charged every day and that no rule names."""
_SEED: Final = 7


def measure() -> list[Timed]:
    """Returns the times."""
    loading = [_timed(load_rules) for _ in range(_LOAD_TIMES)]
    rules, packed = load_rules(), pack(RULES_DIR)
    drawn = random.Random(_SEED)  # noqa: S311 - a bench, no secret
    named = [code for code in rules.limited_items if code[0] in "XZ0"]
    plain = [_bill(drawn, _PLAIN, n) for n in range(_BILLS)]
    worst = [_bill(drawn, named, n) for n in range(_BILLS)]
    past = History(
        bills=tuple(_bill(drawn, named, n, days_ago=18 * n + 1) for n in range(_HISTORY))
    )
    long = _bill(drawn, named, 0, lines=_LINES_LONG)
    name = f"a bill of {_LINES} lines"
    return [
        _judged(f"{name}, SCREENING, no history", rules, plain, Moment.SCREENING, None),
        _judged(f"{name}, every line named by a rule, SCREENING", rules, worst, Moment.SCREENING),
        _judged(f"{name}, SCREENING, {_HISTORY} bills of history", rules, plain, history=past),
        _judged(
            f"{name}, every line named, AUDIT, {_HISTORY} bills of history",
            rules,
            worst,
            Moment.AUDIT,
            past,
        ),
        Timed(
            name=f"a stay of {_LINES_LONG} lines, every line named, AUDIT",
            times=[
                _timed(lambda: judge(long, rules, moment=Moment.AUDIT, history=past))
                for _ in range(_TIMES)
            ],
            aim_s=None,
        ),
        Timed(
            name=f"the {len(run_examples(rules))} worked examples",
            times=[_timed(lambda: run_examples(rules)) for _ in range(_LOAD_TIMES)],
            aim_s=None,
        ),
        Timed(name="load the shipped rules", times=loading, aim_s=1.0),
        Timed(
            name=f"unpack a pack of {len(packed) // 1024} KiB",
            times=[_timed(lambda: unpack(packed)) for _ in range(_LOAD_TIMES)],
            aim_s=1.0,
        ),
    ]


def show(found: Sequence[Timed], out: Console) -> None:
    """Prints a table."""
    policy.show(found, out, title="rules, in process")


def document(found: Sequence[Timed]) -> dict[str, Any]:
    """Returns the same for programs."""
    return policy.document(found)


def _judged(
    name: str,
    rules: RuleSet,
    bills: Sequence[Bill],
    moment: Moment = Moment.SCREENING,
    history: History | None = None,
) -> Timed:
    def work(bill: Bill) -> Callable[[], object]:
        return lambda: judge(bill, rules, moment=moment, history=history)

    # Once unmeasured: the history makes its index with the first bill that asks.
    judge(bills[0], rules, moment=moment, history=history)
    times = [_timed(work(bill)) for _ in range(_TIMES) for bill in bills]
    return Timed(name=name, times=times, aim_s=_AIM_S)


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _bill(
    drawn: random.Random,
    codes: Sequence[str],
    number: int,
    *,
    days_ago: int = 0,
    lines: int = _LINES,
) -> Bill:
    day = _DAY - timedelta(days=days_ago)
    fees = tuple(
        Line(
            line_id=str(place),
            item_code=drawn.choice(codes),
            fee_date=day,
            quantity=Decimal(1),
            amount_fen=1000,
            unit_price=Decimal(10),
            supply_days=7,
            catalogue_class="A",
            charge_category_code="14",
            in_scope_fen=1000,
        )
        for place in range(lines)
    )
    return Bill(
        sex=Sex.MALE,
        birth_date=date(1980, 5, 1),
        medical_type="11",
        institution_level="02",
        scheme_code="310",
        lines=fees,
        bill_key=UUID(int=number + 1000 * bool(days_ago)),
        care_region_code="110105",
        insured_region_code="640100",
        institution_code="H11010500001",
        department_code="03",
        doctor_code="D110105000001",
        begin_date=day,
        end_date=day,
        settle_time=datetime.combine(day, time_of_day(2), UTC),
        diagnosis_codes=("I10.x00x002",),
        operation_codes=(),
    )
