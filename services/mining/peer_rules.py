"""Rules that compare with peers: robust statistics, so that those who are far out do not count.

The median is the lower one (of an even number, the smaller of the two in the middle), and so is the
median of the absolute deviations: both are values that occur, exact on every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import ibis
import ibis.expr.types as ir
from ibis import _

from services.mining.people_rules import INPATIENT, stays_of
from services.mining.tables import Tables, answer
from services.mining.thresholds import Thresholds


def price_outliers(tables: Tables, limits: Thresholds) -> ir.Table:
    """Lines dearer than the item is at institutions of the level in the province (价格离群).

    Each institution counts once, with its own median price, so that a large one does not set the
    price. `other` is item, level and province; `value`, `reference` and `spread` are millionths of
    a yuan.
    """
    peers = ["item", "level", "care"]
    line = tables.line.filter(_.quantity_e4 > 0, _.unit_price_micro > 0)
    own = _weighted_median(line, [*peers, "institution"], "unit_price_micro", "price")
    middle = _with_spread(own, peers, "price")
    counted = line.group_by(*peers).agg(line_count=_.count())
    enough = middle.filter(_.peer_count >= limits.institutions_min).join(
        counted.filter(_.line_count >= limits.price_bills_min), peers
    )
    joined = line.join(enough, peers)
    found = joined.filter(
        *_far_above(
            joined.unit_price_micro, joined, limits.price_ratio_min, limits.price_spread_min
        )
    )
    return answer(
        found,
        "PRICE_OUTLIER",
        bill_key=found.bill_key,
        line_id=found.line_id,
        other=_joined(found, peers),
        value=found.unit_price_micro,
        reference=found.median,
        spread=found.spread,
        amount_fen=found.amount_fen,
    )


def cost_outliers(tables: Tables, limits: Thresholds) -> ir.Table:
    """Stays dearer than for the disease at institutions of the level in the province (费用离群).

    The disease is the category of the main diagnosis, three characters of ICD-10. `other` is
    disease, level and province; `value`, `reference` and `spread` are fen.
    """
    peers = ["category", "level", "care"]
    stay = stays_of(tables).mutate(category=_.diagnosis.substr(0, 3))
    middle = _with_spread(stay, peers, "total_fen")
    enough = middle.filter(_.peer_count >= limits.cost_bills_min)
    joined = stay.join(enough, peers)
    found = joined.filter(
        *_far_above(joined.total_fen, joined, limits.cost_ratio_min, limits.cost_spread_min)
    )
    return answer(
        found,
        "COST_OUTLIER",
        bill_key=found.bill_key,
        other=_joined(found, peers),
        value=found.total_fen,
        reference=found.median,
        spread=found.spread,
        amount_fen=found.total_fen,
    )


def frequency_outliers(tables: Tables, limits: Thresholds) -> ir.Table:
    """People with far more outpatient visits in a month than others of their province (频次离群).

    Found on the last bill of the month. `other` is insured province and month, `value` the visits,
    `reference` the median of the people who had any.
    """
    visit = tables.bill.filter(_.channel == "DIRECT", _.medical_type.notin(INPATIENT)).mutate(
        province=_.insured_region.substr(0, 2)
    )
    own = ["person_key", "month"]
    last = ibis.window(group_by=own, order_by=[ibis.desc("settle_minute"), ibis.desc("bill_key")])
    counted = visit.mutate(
        visits=_.bill_key.count().over(ibis.window(group_by=own)),
        place=ibis.row_number().over(last),
    ).filter(_.place == 0)
    peers = ["province", "month"]
    middle = _weighted_median(counted, peers, "visits", "median")
    joined = counted.join(middle, peers)
    ratio = limits.frequency_ratio_min
    found = joined.filter(
        _.visits >= limits.frequency_bills_min,
        _.visits * ratio.denominator >= _["median"] * ratio.numerator,
    )
    return answer(
        found,
        "FREQUENCY_OUTLIER",
        bill_key=found.bill_key,
        other=_joined(found, peers),
        value=found.visits,
        reference=found["median"],
        amount_fen=found.total_fen,
    )


def _far_above(
    value: ir.Value, peers: ir.Table, ratio: Fraction, spreads: Fraction
) -> tuple[ir.Value, ir.Value]:
    """Tells whether values are some times the median, and some spreads above it; multiplied out."""
    return (
        value * ratio.denominator >= peers["median"] * ratio.numerator,
        (value - peers["median"]) * spreads.denominator > peers["spread"] * spreads.numerator,
    )


def _weighted_median(table: ir.Table, keys: Sequence[str], column: str, name: str) -> ir.Table:
    """Returns the lower median of a column by keys, from how often each value occurs.

    Values repeat (prices do): to sort how often they occur is to sort a hundredth of the rows.
    """
    counted = table.group_by(*keys, column).agg(rows=_.count())
    through = ibis.window(group_by=list(keys), order_by=column, preceding=None, following=0)
    summed = counted.mutate(
        until=_.rows.sum().over(through), total=_.rows.sum().over(ibis.window(group_by=list(keys)))
    )
    middle = summed.filter(
        _.until * 2 >= _.total,
        (_.until - _.rows) * 2 < _.total,
    )
    return middle.select(*keys, "total", **{name: middle[column]})


def _with_spread(table: ir.Table, keys: Sequence[str], column: str) -> ir.Table:
    """Returns by keys: median, spread (median absolute deviation) and peer_count."""
    median = _weighted_median(table, keys, column, "median")
    joined = table.select(*keys, column).join(median, list(keys))
    deviations = joined.mutate(
        deviation=ibis.ifelse(
            joined[column] >= joined["median"],
            joined[column] - joined["median"],
            joined["median"] - joined[column],
        )
    )
    spread = _weighted_median(deviations, [*keys, "median"], "deviation", "spread")
    return spread.select(*keys, "median", "spread", peer_count=spread.total)


def _joined(table: ir.Table, keys: Sequence[str]) -> ir.StringValue:
    first, *others = keys
    text = table[first]
    for key in others:
        text = text + "/" + table[key]
    return text
