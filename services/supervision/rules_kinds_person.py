"""The kinds of rules about a person's other bills, and about other people's.

See rules_kinds for their names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from services.supervision.domain.model import Setting
from services.supervision.domain.steps.claims import DuplicateClaim, DuplicateInvoice
from services.supervision.domain.steps.payment import SecondLine
from services.supervision.domain.steps.stays import (
    OutpatientDuringStay,
    OverlappingStay,
    SplitStay,
)
from services.supervision.domain.steps.visits import (
    FrequentPurchase,
    ImpossibleTravel,
    Period,
    RepeatedExamination,
    SplitPrescription,
    SupplyOverlap,
    VisitFrequency,
)
from services.supervision.domain.steps.windows import WindowQuantity
from services.supervision.rules_manifest import TABLE_MISMATCH, Fields
from services.supervision.rules_plan import HISTORY_DAYS_MAX, Head, Plan
from services.supervision.rules_tables import Layout, Tables, refuse_twice

if TYPE_CHECKING:
    from services.supervision.rules_plan import MakeBill, MakeItem
    from services.supervision.rules_readers import PerItem, Read

_FILE: Final = re.compile(r"[a-z][a-z_]{1,39}\.csv")


# --- the person's other bills ---------------------------------------------------------------------


def overlapping(_: Fields, __: Head) -> MakeBill:
    """Reads the parameters of overlapping."""
    return lambda rule: OverlappingStay(rule=rule)


def split_stay(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of split_stay."""
    days = p.number("days_max", low=1, high=90)
    same = p.flag("same_institution", default=False)
    return lambda rule: SplitStay(rule=rule, days_max=days, same_institution=same)


def during_stay(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of during_stay."""
    settings = p.members("settings", Setting)
    if not settings or settings & {Setting.UNKNOWN, Setting.INPATIENT}:
        p.refuse("settings are those of visits", key="settings")
    return lambda rule: OutpatientDuringStay(rule=rule, settings=settings)


def visit_frequency(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of visit_frequency."""
    period, most = p.member("period", Period), p.number("count_min", low=2)
    return lambda rule: VisitFrequency(rule=rule, period=period, count_min=most)


def purchase(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of purchase."""
    days, times = p.number("days", low=1, high=HISTORY_DAYS_MAX), p.number("times_max", low=1)
    return lambda rule: FrequentPurchase(rule=rule, days=days, times_max=times)


def supply_overlap(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of supply_overlap."""
    left = p.number("days_left_min", low=1, high=HISTORY_DAYS_MAX)
    most = p.number("days_max", low=1, high=HISTORY_DAYS_MAX)
    return lambda rule: SupplyOverlap(rule=rule, days_left_min=left, days_max=most)


def repeated(p: Fields, _: Head) -> PerItem:
    """Reads the parameters of repeated."""
    days = p.number("days", low=1, high=HISTORY_DAYS_MAX)
    return lambda _: lambda rule: RepeatedExamination(rule=rule, days=days)


def split_prescription(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of split_prescription."""
    most = p.number("count_min", low=2)
    return lambda rule: SplitPrescription(rule=rule, count_min=most)


def invoice(_: Fields, __: Head) -> MakeBill:
    """Reads the parameters of invoice."""
    return lambda rule: DuplicateInvoice(rule=rule)


def claim(p: Fields, _: Head) -> MakeBill:
    """Reads the parameters of claim."""
    lines = p.number("lines_min", low=1)
    return lambda rule: DuplicateClaim(rule=rule, lines_min=lines)


def read_travel(f: Fields, tables: Tables, _: Head) -> Plan:
    """Reads the parameters of read_travel."""
    p = f.mapping("parameters")
    file = p.matching("distances", _FILE)
    if not tables.has(file):
        p.refuse(f"{file} is missing", key="distances", reason=TABLE_MISMATCH)
    speed, least = p.number("speed_kmh_max", low=1), p.number("distance_km_min", low=1)
    p.finish()
    distances: dict[tuple[str, str], int] = {}
    for row in tables.rows(file, Layout.DISTANCE):
        pair = (row["from_code"], row["to_code"])
        if pair[0] >= pair[1] or not all(len(one) == len("640000") for one in pair):
            row.refuse("two codes of provinces, the smaller first")
        if pair in distances:
            refuse_twice(row, "the pair")
        distances[pair] = row.number("km")
    plan = Plan(history_days=1)
    plan.bills.append(
        lambda rule: ImpossibleTravel(
            rule=rule, distances_km=distances, speed_kmh_max=speed, distance_km_min=least
        )
    )
    return plan


def second_line(p: Fields, _: Head) -> PerItem:
    """Reads the parameters of second_line."""
    first, days = p.prefixes("first_prefixes"), p.number("days", low=1, high=HISTORY_DAYS_MAX)
    zh, en = p.text("first_zh"), p.text("first_en")
    return lambda _: (
        lambda rule: SecondLine(rule=rule, first_prefixes=first, days=days, text_zh=zh, text_en=en)
    )


def window_quantity(p: Fields, head: Head) -> PerItem:
    """Reads the parameters of window_quantity."""
    days = p.number("days", low=1, high=HISTORY_DAYS_MAX)

    def per_item(item: Fields) -> MakeItem:
        most = item.decimal("quantity_max")
        return lambda rule: WindowQuantity(
            rule=rule, result_class=head.result_class, quantity_max=most, days=days
        )

    return per_item


# --- other people's bills: only parameters --------------------------------------------------------


def peers(*numbers: str, ratio: bool = False) -> Read:
    """Reads the parameters of peers."""

    def read(f: Fields, _: Tables, __: Head) -> Plan:
        p = f.mapping("parameters")
        for key in numbers:
            p.number(key, low=1)
        if ratio:
            p.decimal("ratio_min")
        p.finish()
        return Plan()

    return read
