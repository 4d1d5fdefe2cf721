"""Ningxia's published position as a year of its own.

Published (2018, of 2017): owed to other provinces 1,870.1 万元, due from them 676.5 万元, prepaid
2,507 万元 to 29 provinces, all of it paid: a clearing rate of 100 per cent. How these sums were
made up of pairs, months, schemes and bills was not published: the splits here are samples that add
up to the published totals, to the fen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from services.kit import codes
from services.proving.clearing_year.months import next_month, starts
from services.proving.clearing_year.plan import EMPLOYEE, RESIDENT, Care, Plan, bill
from yijie.clearing.v1 import notice_pb2, notice_service_pb2

NINGXIA: Final = "640000"
PAYABLE_FEN: Final = 1_870_100_000
RECEIVABLE_FEN: Final = 676_500_000
PREPAID_FEN: Final = 2_507_000_000
PARTNERS: Final = 29
YEAR: Final = 2017
_MONTHS: Final = ("2017-10", "2017-11", "2017-12")


def make_plan(seed: int) -> Plan:
    """Draws bills that add up to the published totals."""
    chance = random.Random(f"ningxia {seed}")  # noqa: S311 - a plan, no secret
    others = [code for code in sorted(codes.PROVINCES) if code != NINGXIA]
    partners = sorted(chance.sample(others, PARTNERS))
    cares: list[Care] = []
    for whole, is_payable in ((PAYABLE_FEN, True), (RECEIVABLE_FEN, False)):
        slots = [(other, month, scheme) for other in partners for month in _MONTHS
                 for scheme in (EMPLOYEE, RESIDENT)]  # fmt: skip
        for (other, month, scheme), fen in zip(
            slots, shares(chance, whole, len(slots)), strict=True
        ):
            pair = (NINGXIA, other) if is_payable else (other, NINGXIA)
            seconds = int((starts(next_month(month)) - starts(month)).total_seconds())
            instant = starts(month) + timedelta(seconds=chance.randrange(60, seconds - 600))
            cares.append(bill(chance, pair, scheme, instant, fen))
    cares.sort(key=lambda one: (one.settle_time, one.settlement_id))
    keys = [(NINGXIA, other, scheme) for other in partners for scheme in (EMPLOYEE, RESIDENT)]
    quotas = dict(zip(keys, shares(chance, PREPAID_FEN, len(keys)), strict=True))
    return Plan(
        seed=seed,
        months=_MONTHS,
        last_month=next_month(_MONTHS[-1]),
        provinces=(NINGXIA, *partners),
        cares=tuple(cares),
        defaulter="",
        default_months=(),
        hot_pair=("", ""),
        hot_month="",
        first_quotas=quotas,
        has_disputes=False,
        holds_after=hold_published,
    )


async def hold_published(scene: Any) -> None:
    """Holds what clearing answers of the year against what was published of it."""
    found: dict[str, int] = {}
    for kind in (
        notice_pb2.NOTICE_KIND_CLEARING,
        notice_pb2.NOTICE_KIND_PREPAYMENT_ADJUSTMENT,
    ):
        request = notice_service_pb2.SummarizePaymentsRequest(year=YEAR, kind=kind)
        answer = await scene.office.call(scene.office.notices.SummarizePayments, request)
        for one in answer.provinces:
            if one.region_code == NINGXIA and kind == notice_pb2.NOTICE_KIND_CLEARING:
                found["payable"], found["receivable"] = one.due.fen, one.receivable.fen
                found["clearing rate, basis points"] = one.clearing_rate_bp
            elif one.region_code == NINGXIA:
                found["prepaid"] = one.paid.fen
        if kind == notice_pb2.NOTICE_KIND_PREPAYMENT_ADJUSTMENT:
            found["provinces prepaid"] = sum(one.received.fen > 0 for one in answer.provinces)
    published = {
        "payable": PAYABLE_FEN,
        "receivable": RECEIVABLE_FEN,
        "clearing rate, basis points": 10_000,
        "prepaid": PREPAID_FEN,
        "provinces prepaid": PARTNERS,
    }
    scene.findings.hold("published position of Ningxia", found, published)


def shares(chance: random.Random, whole: int, count: int) -> Sequence[int]:
    """Divides an amount into so many parts above zero, at random, to the fen."""
    marks = sorted(chance.sample(range(1, whole), count - 1))
    return [end - begin for begin, end in zip([0, *marks], [*marks, whole], strict=True)]
