"""Goal: no bill whatever makes the check of a bill fail in another way than by saying no."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.classification.model import FeeLine
from services.kit.errors import DomainError
from services.kit.status import to_status
from services.settlement.domain.bill import Bill, check_bill, check_institution
from services.settlement.messages import read_bill
from tests.integration.settlement.world import settle_request

TODAY = date(2026, 3, 31)
days = st.one_of(st.dates(), st.dates(date(2026, 3, 29), date(2026, 4, 1)))
regions = st.one_of(st.sampled_from(("640104", "650100", "190000", "131199", "")), st.text())
decimals = st.one_of(
    st.decimals(),
    st.decimals(0, 100, places=2),
    st.sampled_from([Decimal("1E+999999"), Decimal("-0"), Decimal("sNaN"), Decimal("1E-50")]),
)
fens = st.one_of(st.integers(), st.integers(0, 10_000))
lines = st.builds(
    FeeLine,
    line_id=st.one_of(st.sampled_from(("1", "2", "")), st.text()),
    item_code=st.one_of(st.just("001109000030000"), st.text()),
    fee_date=days,
    unit_price=decimals,
    quantity=decimals,
    amount_fen=fens,
)
bills = st.builds(
    Bill,
    care_region_code=regions,
    insured_region_code=regions,
    institution_code=st.text(),
    hospital_level_code=st.text(),
    scheme_code=st.text(),
    medical_type_code=st.one_of(st.sampled_from(("11", "21", "1101")), st.text()),
    birth_date=days,
    begin_date=days,
    end_date=days,
    emergency=st.booleans(),
    main_diagnosis_count=st.integers(0, 3),
    lines=st.lists(lines, max_size=4),
    total_fen=fens,
)


@given(bills, days)
def test_check_bill_says_yes_or_no(bill, today):
    refusal = None
    try:
        check_bill(bill, today)
    except DomainError as error:
        refusal = error
    if refusal is not None:
        assert to_status(refusal, "settlement").ByteSize() < 6 * 1024
    else:
        assert sum(line.amount_fen for line in bill.lines) == bill.total_fen > 0
        assert bill.begin_date <= bill.end_date <= today


@given(bills, regions, st.text())
def test_check_institution_says_yes_or_no(bill, region, level):
    with contextlib.suppress(DomainError):
        check_institution(bill, region_code=region, hospital_level_code=level)


numbers = st.one_of(st.text(max_size=30), st.decimals(allow_nan=True).map(str), st.just("80"))
parts = st.integers(-(2**31), 2**31 - 1)


@given(price=numbers, quantity=numbers, fen=st.integers(-(2**63), 2**63 - 1), year=parts, day=parts)
def test_a_request_is_read_or_refused(price, quantity, fen, year, day):
    request = settle_request()
    line = request.bill.lines[0]
    line.unit_price.value, line.quantity.value, line.amount.fen = price, quantity, fen
    line.fee_date.year, line.fee_date.day = year, day
    with contextlib.suppress(DomainError):
        check_bill(read_bill(request), TODAY)
