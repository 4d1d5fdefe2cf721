"""Goal: two catalogues and their mutual recognition come to what each line says.

Method: a few lines whose split is plain to see, then Hypothesis over catalogues and lines.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classification.classify import CatalogueNotPublished, classify_lines
from services.classification.model import (
    CatalogueItem,
    ClassificationContext,
    FeeLine,
    LineSplit,
    PriceCeiling,
    UseLimit,
)
from services.classification.snapshot import Snapshot
from services.classification.zones import Zone, recognition_of
from services.kit.money import to_fen
from services.settlement.domain.gap import (
    Gap,
    PairSums,
    gaps,
    pair_lines,
    price_direct,
    price_home,
    sums_of,
)

BED, DRUG, OTHER = "001109000030000", "XB01AXA223B001010100269", "XA02BCA224A001010100270"
LOCAL = f"{BED}-NX01"
BEGIN = date(2020, 1, 1)
DAY = date(2026, 3, 1)
PARTS = ("full_self_pay_fen", "over_limit_fen", "prior_self_pay_fen", "in_scope_fen")


def item(code: str, catalogue_class: str = "A", **changes: object) -> CatalogueItem:
    values: dict[str, object] = {
        "item_code": code,
        "name": "样品",
        "list_type_code": "201" if code.startswith("0") else "101",
        "charge_category_code": "01",
        "catalogue_class": catalogue_class,
        "prior_self_pay_ratio": Decimal("0.1") if catalogue_class == "B" else Decimal(0),
        "price_ceiling": None,
        "over_ceiling": "self_pay",
        "begin_date": BEGIN,
        "end_date": None,
        "sample": False,
    }
    return CatalogueItem(**{**values, **changes})


def catalogue(region: str, *items: CatalogueItem) -> Snapshot:
    return Snapshot(region_code=region, version="1", items=items)


def line(code: str, yuan: str = "10", *, line_id: str = "1", day: date = DAY) -> FeeLine:
    price = Decimal(yuan)
    return FeeLine(
        line_id=line_id,
        item_code=code,
        fee_date=day,
        unit_price=price,
        quantity=Decimal(1),
        amount_fen=to_fen(price),
    )


def pairs_of(care: Snapshot, insured: Snapshot, *lines: FeeLine):
    return pair_lines(lines, direct=price_direct(care, lines), home=price_home(insured, lines))


def parts(split: LineSplit) -> tuple[int, ...]:
    return tuple(getattr(split, name) for name in PARTS)


def test_the_better_of_the_two_is_recognised():
    care = catalogue("640000", item(DRUG, "C"), item(BED, "A"))
    insured = catalogue("650000", item(DRUG, "B"), item(BED, "B"))
    drug, bed = pairs_of(care, insured, line(DRUG), line(BED, line_id="2"))
    assert (parts(drug.direct), parts(drug.home)) == ((1000, 0, 0, 0), (0, 0, 100, 900))
    assert drug.mutual == drug.home
    assert drug.in_scope_gap_fen == 900
    assert bed.mutual == bed.direct
    assert bed.in_scope_gap_fen == -100


def test_of_two_equal_splits_that_of_the_care_region_is_taken():
    care = catalogue("640000", item(DRUG, "A", charge_category_code="09"))
    insured = catalogue("650000", item(DRUG, "A", charge_category_code="11"))
    (pair,) = pairs_of(care, insured, line(DRUG))
    assert pair.mutual.charge_category_code == "09"
    assert not pair.differs
    assert gaps([pair]) == []


def test_the_same_in_scope_split_otherwise_is_a_difference():
    care = catalogue("640000", item(DRUG, "B"))
    insured = catalogue("650000", item(DRUG, "A", price_ceiling=Decimal(9)))
    (pair,) = pairs_of(care, insured, line(DRUG))
    assert (parts(pair.direct), parts(pair.home)) == ((0, 0, 100, 900), (0, 100, 0, 900))
    assert pair.in_scope_gap_fen == 0
    assert gaps([pair]) == [pair]


def test_a_local_suffix_of_the_care_region_is_unknown_at_home():
    care = catalogue("640000", item(LOCAL, "C"), item(BED, "A"))
    insured = catalogue("650000", item(BED, "A"), item(LOCAL, "C"))
    (pair,) = pairs_of(care, insured, line(LOCAL))
    assert parts(pair.direct) == (1000, 0, 0, 0)
    assert parts(pair.home) == (0, 0, 0, 1000)
    assert pair.item_code == LOCAL


@pytest.mark.parametrize("refusing", ["640000", "650000"])
def test_a_ceiling_that_refuses_takes_nothing_into_scope(refusing):
    capped = item(DRUG, "A", price_ceiling=Decimal(9), over_ceiling="reject", sample=True)
    open_ = item(DRUG, "A")
    care = catalogue("640000", capped if refusing == "640000" else open_)
    insured = catalogue("650000", capped if refusing == "650000" else open_)
    (pair,) = pairs_of(care, insured, line(DRUG))
    refused = pair.direct if refusing == "640000" else pair.home
    assert parts(refused) == (1000, 0, 0, 0)
    assert refused.sample
    assert not refused.not_listed
    assert parts(pair.mutual) == (0, 0, 0, 1000)


def test_limits_run_out_over_the_lines_as_in_a_settlement():
    limits = (UseLimit(quantity=Decimal(1), period="bill"),)
    care = catalogue("640000", item(DRUG, "A", use_limits=limits), item(BED, "A"))
    insured = catalogue("650000", item(DRUG, "A"), item(BED, "A", use_limits=limits))
    lines = [line(DRUG), line(DRUG, line_id="2"), line(LOCAL, line_id="3"), line(BED, line_id="4")]
    pairs = pairs_of(care, insured, *lines)
    assert [pair.direct for pair in pairs] == list(classify_lines(care, lines))
    assert [parts(pair.direct)[-1] for pair in pairs] == [1000, 0, 0, 1000]
    # At home both service items are one, with one limit.
    assert [parts(pair.home)[-1] for pair in pairs] == [1000, 1000, 1000, 0]


def test_an_applied_zone_counts_directly_as_in_a_settlement():
    care, insured = catalogue("640000", item(BED)), catalogue("650000", item(DRUG, "B"))
    zone = Zone(
        province_codes=frozenset({"640000", "650000"}),
        list_type_codes=frozenset({"101"}),
        begin_date=BEGIN,
        end_date=None,
    )
    recognition = recognition_of((zone,), care_province="640000", insured=insured)
    (split,) = price_direct(care, [line(DRUG)], recognition=recognition)
    assert (parts(split), split.recognised_region_code) == ((0, 0, 100, 900), "650000")


def test_a_ceiling_of_the_level_that_refuses_is_named():
    levels = (PriceCeiling(price_level_code="02", price_ceiling=Decimal(9)),)
    care = catalogue("640000", item(DRUG, "A", price_ceilings=levels, over_ceiling="reject"))
    context = ClassificationContext(price_level_code="02")
    (split,) = price_direct(care, [line(DRUG)], context)
    assert (parts(split), split.price_ceiling) == ((1000, 0, 0, 0), Decimal(9))


def test_a_line_counts_as_of_its_fee_date():
    home = catalogue(
        "650000",
        item(DRUG, "C", end_date=date(2026, 1, 31)),
        item(DRUG, "A", begin_date=date(2026, 2, 1)),
    )
    care = catalogue("640000", item(DRUG, "A"))
    before, after = pairs_of(
        care, home, line(DRUG, day=date(2026, 1, 31)), line(DRUG, day=date(2026, 2, 1), line_id="2")
    )
    assert (before.in_scope_gap_fen, after.in_scope_gap_fen) == (-1000, 0)


def test_a_catalogue_that_begins_later_says_nothing():
    home = catalogue("650000", item(DRUG, "A", begin_date=date(2026, 4, 1)))
    with pytest.raises(CatalogueNotPublished) as caught:
        price_home(home, [line(DRUG)])
    assert caught.value.metadata == {"regionCode": "650000"}


def test_the_largest_difference_comes_first():
    care = catalogue("640000", item(BED, "A"), item(DRUG, "C"), item(OTHER, "A"))
    insured = catalogue("650000", item(BED, "C"), item(DRUG, "A"), item(OTHER, "A"))
    found = pairs_of(
        care,
        insured,
        line(BED, "5", line_id="a"),
        line(DRUG, "7", line_id="b"),
        line(OTHER, "100", line_id="c"),
        line(DRUG, "5", line_id="d"),
    )
    assert [pair.direct.line_id for pair in gaps(found)] == ["b", "a", "d"]


def test_sums_of_a_pair_of_provinces():
    sums = PairSums()
    for patient, saving, cost in ((300, 300, 250), (-50, 0, 0), (0, 0, 0)):
        sums.add(
            Gap(
                total_fen=1000,
                patient_fen=patient,
                mutual_saving_fen=saving,
                mutual_fund_cost_fen=cost,
            )
        )
    assert sums == PairSums(
        settlement_count=3,
        worse_count=1,
        better_count=1,
        total_fen=3000,
        patient_fen=250,
        mutual_saving_fen=300,
        mutual_fund_cost_fen=250,
    )


# --- for any catalogues and lines ---------------------------------------------------------------

CODES = (BED, LOCAL, DRUG, OTHER)


@st.composite
def catalogues(draw: st.DrawFn, region: str) -> Snapshot:
    held = []
    # The last code is listed in neither: then it is 目录外 on both sides.
    for code in CODES[:-1]:
        if draw(st.booleans()) or code == BED:
            catalogue_class = draw(st.sampled_from("ABC"))
            ratio = draw(st.decimals(0, 1, places=4)) if catalogue_class == "B" else Decimal(0)
            held.append(
                item(
                    code,
                    catalogue_class,
                    prior_self_pay_ratio=ratio,
                    price_ceiling=draw(st.none() | st.decimals(0, 1000, places=2)),
                    over_ceiling=draw(st.sampled_from(("self_pay", "reject"))),
                )
            )
    return catalogue(region, *held)


@st.composite
def fee_lines(draw: st.DrawFn) -> list[FeeLine]:
    count = draw(st.integers(1, 8))
    found = []
    for number in range(count):
        price = draw(st.decimals(0, 2000, places=4))
        quantity = draw(st.decimals(Decimal("0.01"), 100, places=2))
        exact = to_fen(price * quantity)
        found.append(
            FeeLine(
                line_id=str(number),
                item_code=draw(st.sampled_from(CODES)),
                fee_date=draw(st.dates(BEGIN, date(2030, 1, 1))),
                unit_price=price,
                quantity=quantity,
                amount_fen=max(0, exact + draw(st.sampled_from((-1, 0, 1)))),
            )
        )
    return found


bills = st.tuples(catalogues("640000"), catalogues("650000"), fee_lines())


@given(bills)
def test_mutual_recognition_takes_no_line_out_of_scope(bill):
    pairs = pairs_of(bill[0], bill[1], *bill[2])
    for pair in pairs:
        most = max(pair.direct.in_scope_fen, pair.home.in_scope_fen)
        assert pair.mutual.in_scope_fen == most
        assert pair.mutual in (pair.direct, pair.home)
    sums = sums_of(pairs)
    assert sums.mutual.in_scope_fen >= max(sums.direct.in_scope_fen, sums.home.in_scope_fen)


@given(bills)
def test_lines_and_sums_add_up(bill):
    care, insured, lines = bill
    pairs = pairs_of(care, insured, *lines)
    for pair, billed in zip(pairs, lines, strict=True):
        for split in (pair.direct, pair.home, pair.mutual):
            assert split.line_id == billed.line_id
            assert sum(parts(split)) == split.total_fen == billed.amount_fen
            assert min(parts(split)) >= 0
    sums = sums_of(pairs)
    total = sum(billed.amount_fen for billed in lines)
    for way in (sums.direct, sums.home, sums.mutual):
        assert way.total_fen == total
        assert sum(getattr(way, name) for name in PARTS) == total
    gap = sum(pair.in_scope_gap_fen for pair in pairs)
    assert sums.home.in_scope_fen - sums.direct.in_scope_fen == gap


@given(bills, st.randoms())
def test_the_order_of_lines_does_not_matter(bill, random):
    care, insured, lines = bill
    shuffled = list(lines)
    random.shuffle(shuffled)
    one, other = pairs_of(care, insured, *lines), pairs_of(care, insured, *shuffled)
    assert sums_of(one) == sums_of(other)
    by_id = {pair.direct.line_id: pair for pair in one}
    assert all(by_id[pair.direct.line_id] == pair for pair in other)


@given(bills)
def test_a_catalogue_compared_with_itself_has_no_gap(bill):
    care, _, lines = bill
    national = [billed for billed in lines if billed.item_code != LOCAL]
    pairs = pairs_of(care, care, *national)
    assert gaps(pairs) == []
    sums = sums_of(pairs)
    assert sums.direct == sums.home == sums.mutual


@given(bills)
def test_gaps_are_the_lines_that_differ_and_no_others(bill):
    pairs = pairs_of(bill[0], bill[1], *bill[2])
    found = gaps(pairs)
    sizes = [abs(pair.in_scope_gap_fen) for pair in found]
    assert sizes == sorted(sizes, reverse=True)
    assert {pair.direct.line_id for pair in found} == {
        pair.direct.line_id for pair in pairs if parts(pair.direct) != parts(pair.home)
    }
