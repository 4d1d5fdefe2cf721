"""Rules over the bills of one person, or of people who belong together, wherever treated.

Each is one Ibis expression over `Tables` that any engine computes alike: whole numbers, no
division, no float, every order total.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir
from ibis import _

from services.kit import codes
from services.mining.tables import Tables, answer
from services.mining.thresholds import Thresholds

INPATIENT: Final = sorted(
    code
    for code in codes.MEDICAL_TYPES
    if len(code) == 2 and codes.is_inpatient_type(code)  # noqa: PLR2004
)


def overlapping_stays(tables: Tables, _limits: Thresholds) -> ir.Table:
    """Stays of one person at two institutions that share a night (跨机构重叠住院).

    Found on the one settled later; `other` is the earlier, `value` the nights shared. A transfer on
    one day is no overlap.
    """
    stay = stays_of(tables).select(
        "bill_key",
        "person_key",
        "institution",
        "begin_day",
        "end_day",
        "settle_minute",
        "total_fen",
    )
    earlier = stay.rename(lambda name: f"a_{name}")
    later_settled = (stay.settle_minute > earlier.a_settle_minute) | (
        (stay.settle_minute == earlier.a_settle_minute) & (stay.bill_key > earlier.a_bill_key)
    )
    pairs = stay.join(
        earlier,
        [
            stay.person_key == earlier.a_person_key,
            stay.begin_day < earlier.a_end_day,
            earlier.a_begin_day < stay.end_day,
            stay.institution != earlier.a_institution,
            later_settled,
        ],
    )
    shared = ibis.least(pairs.end_day, pairs.a_end_day) - ibis.greatest(
        pairs.begin_day, pairs.a_begin_day
    )
    return answer(
        pairs,
        "OVERLAPPING_STAY",
        bill_key=pairs.bill_key,
        other=pairs.a_bill_key,
        value=shared,
        amount_fen=pairs.total_fen,
    )


def split_stays(tables: Tables, limits: Thresholds) -> ir.Table:
    """A stay at the same institution for a related disease soon after another (分解住院).

    Related: the same category of the main diagnosis, three characters of ICD-10. `other` is the
    stay before, `value` the days between.
    """
    # Parts of one stay, settled one after the other, are one.
    stay = stays_of(tables).mutate(
        stay_key=ibis.ifelse(_.visit_key == "", _.bill_key, _.visit_key),
        category=_.diagnosis.substr(0, 3),
    )
    whole = stay.group_by("person_key", "institution", "category", "stay_key").agg(
        begin_day=_.begin_day.min(),
        end_day=_.end_day.max(),
        # A key sorts by time: the last part is what is found at fault.
        bill_key=_.bill_key.max(),
        total_fen=_.total_fen.sum(),
    )
    window = ibis.window(
        group_by=["person_key", "institution", "category"], order_by=["begin_day", "bill_key"]
    )
    before = whole.mutate(
        a_bill_key=_.bill_key.lag().over(window), a_end_day=_.end_day.lag().over(window)
    )
    found = before.filter(
        _.a_bill_key.notnull(),
        _.begin_day >= _.a_end_day,
        _.begin_day <= _.a_end_day + limits.split_days_max,
    )
    return answer(
        found,
        "SPLIT_STAY",
        bill_key=found.bill_key,
        other=found.a_bill_key,
        value=found.begin_day - found.a_end_day,
        reference=ibis.literal(limits.split_days_max),
        amount_fen=found.total_fen,
    )


def duplicate_invoices(tables: Tables, _limits: Thresholds) -> ir.Table:
    """An invoice claimed more than once, directly or manually, in any provinces (重复报销).

    Found on all but the first; `other` is the first, `value` how many bills have it.
    """
    bill = tables.bill.filter(_.invoice_key != "")
    window = ibis.window(group_by="invoice_key", order_by=["settle_minute", "bill_key"])
    ranked = bill.mutate(
        place=ibis.row_number().over(window),
        first_key=_.bill_key.first().over(window),
        bills=_.bill_key.count().over(ibis.window(group_by="invoice_key")),
    )
    found = ranked.filter(_.place > 0)
    return answer(
        found,
        "DUPLICATE_INVOICE",
        bill_key=found.bill_key,
        other=found.first_key,
        value=found.bills,
        reference=ibis.literal(1),
        amount_fen=found.total_fen,
    )


def visit_frequency(tables: Tables, limits: Thresholds) -> ir.Table:
    """Outpatient visits of one person beyond what anybody needs (门急诊频次异常).

    Counted in the whole country by day, month of settlement and year; found on the last bill of the
    span. `other` is the span, `value` the visits, `reference` the limit.
    """
    visit = tables.bill.filter(_.channel == "DIRECT", _.medical_type.notin(INPATIENT)).mutate(
        day=_.begin_day.cast("string"), year=_.month.substr(0, 4)
    )
    spans = (
        ("day", limits.visits_a_day_min),
        ("month", limits.visits_a_month_min),
        ("year", limits.visits_a_year_min),
    )
    answers = []
    for span, least in spans:
        keys = ["person_key", span]
        counted = visit.mutate(
            visits=_.bill_key.count().over(ibis.window(group_by=keys)),
            place=ibis.row_number().over(
                ibis.window(
                    group_by=keys, order_by=[ibis.desc("settle_minute"), ibis.desc("bill_key")]
                )
            ),
        )
        found = counted.filter(_.visits >= least, _.place == 0)
        answers.append(
            answer(
                found,
                "VISIT_FREQUENCY",
                bill_key=found.bill_key,
                other=ibis.literal(f"{span}:") + found[span],
                value=found.visits,
                reference=ibis.literal(least),
                amount_fen=found.total_fen,
            )
        )
    return ibis.union(*answers)


def shared_phones(tables: Tables, limits: Thresholds) -> ir.Table:
    """Bills of people who left one telephone, where the sums are among the highest (共用联系电话).

    `other` is the telephone's key, `value` the people, `reference` the sum of the telephone, fen.
    """
    bill = tables.bill.filter(_.phone_key != "")
    phone = bill.group_by("phone_key").agg(
        persons=_.person_key.nunique(), sum_fen=_.total_fen.sum()
    )
    # Ranked by how often each sum occurs: far fewer rows in one order than there are telephones.
    counted = phone.group_by("sum_fen").agg(phones=_.count())
    through = ibis.window(order_by=ibis.desc("sum_fen"), preceding=None, following=0)
    ranked = counted.mutate(
        above=_.phones.sum().over(through) - _.phones, every=_.phones.sum().over(ibis.window())
    )
    top = ranked.filter(_.above * 100 < _.every * limits.phone_top_percent).select("sum_fen")
    high = phone.filter(_.persons >= limits.phone_persons_min).join(top, "sum_fen")
    joined = bill.join(high.select("phone_key", "persons", "sum_fen"), "phone_key")
    found = joined.join(_together(joined, limits), "phone_key")
    return answer(
        found,
        "SHARED_PHONE",
        bill_key=found.bill_key,
        other=found.phone_key,
        value=found.persons,
        reference=found.sum_fen,
        amount_fen=found.total_fen,
    )


def _together(shared: ir.Table, limits: Thresholds) -> ir.Table:
    """Returns the telephones that enough people left within the window of days.

    Such a window begins with a bill. A telephone of very many people is not looked at bill by bill:
    that would be a square of them.
    """
    of_many = shared.filter(_.persons >= limits.phone_persons_any).select("phone_key")
    few = shared.filter(_.persons < limits.phone_persons_any)
    other = few.select(b_phone="phone_key", b_person="person_key", b_day="begin_day")
    pairs = few.join(
        other,
        [
            few.phone_key == other.b_phone,
            other.b_day >= few.begin_day,
            other.b_day <= few.begin_day + limits.phone_window_days,
        ],
    )
    after = pairs.group_by("phone_key", "bill_key").agg(people=_.b_person.nunique())
    enough = after.filter(_.people >= limits.phone_persons_min).select("phone_key")
    return ibis.union(of_many, enough, distinct=True)


def crowds(tables: Tables, limits: Thresholds) -> ir.Table:
    """People who come together again and again (聚集就医).

    Together: at one institution within an hour, of the two ways to cut the day into hours; whoever
    come within half an hour of each other share one. Again: on so many days within the window.
    Found on the last bill that each of them had there in company. `other` is the institution,
    `value` the people, the person included.
    """
    visit = tables.bill.filter(_.channel == "DIRECT", _.medical_type.notin(INPATIENT))
    together = _pairs(_slots(visit), limits)
    pair = ["institution", "person_key", "b_person"]
    # The day that lies so many days of company before: near enough, it was again and again.
    ordered = ibis.window(group_by=pair, order_by="begin_day")
    again = together.mutate(
        first_day=_.begin_day.lag(limits.crowd_visits_min - 1).over(ordered)
    ).filter(_.first_day.notnull(), _.begin_day <= _.first_day + limits.crowd_window_days)
    person = again.group_by("institution", "person_key").agg(
        people=_.b_person.nunique() + 1, last_day=_.begin_day.max()
    )
    crowded = person.filter(_.people >= limits.crowd_persons_min)
    joined = visit.join(crowded, ["institution", "person_key"])
    last = joined.filter(_.begin_day == _.last_day).mutate(
        place=ibis.row_number().over(
            ibis.window(
                group_by=["institution", "person_key"],
                order_by=[ibis.desc("settle_minute"), ibis.desc("bill_key")],
            )
        )
    )
    found = last.filter(_.place == 0)
    return answer(
        found,
        "CLUSTERED_VISITS",
        bill_key=found.bill_key,
        other=found.institution,
        value=found.people,
        reference=ibis.literal(limits.crowd_persons_min),
        amount_fen=found.total_fen,
    )


def _slots(visit: ir.Table) -> ir.Table:
    """Returns who was at an institution in which hour, each once."""
    return ibis.union(
        *(
            visit.select(
                "institution",
                "person_key",
                "begin_day",
                slot=ibis.literal(f"{name}:") + visit[name].cast("string"),
            )
            for name in ("settle_hour", "settle_half_hour")
        ),
        distinct=True,
    )


def _pairs(present: ir.Table, limits: Thresholds) -> ir.Table:
    """Returns who was there with whom on which days, in hours of enough people and not too many.

    In an hour of very many people everybody is in everybody's company: it says nothing, and a
    square of them would be computed.
    """
    keys = ["institution", "slot"]
    full = present.group_by(*keys).agg(persons=_.person_key.nunique())
    telling = full.filter(
        _.persons >= limits.crowd_persons_min, _.persons <= limits.crowd_persons_max
    )
    one = present.join(telling, keys)
    other = one.select(b_institution="institution", b_slot="slot", b_person="person_key")
    both = one.join(
        other,
        [
            one.institution == other.b_institution,
            one.slot == other.b_slot,
            one.person_key != other.b_person,
        ],
    )
    return both.select("institution", "person_key", "b_person", "begin_day").distinct()


def stays_of(tables: Tables) -> ir.Table:
    """Returns the bills of stays."""
    return tables.bill.filter(_.medical_type.isin(INPATIENT))
