"""Goal: a bill is read as it was written, and a stored history says what a history says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.supervision.audit.details import (
    Head,
    StoredHistory,
    StoredLines,
    read_bill,
    write_detail,
)
from services.supervision.domain.model import Bill, Channel, History, Line, Sex, substance_of

CODES = (
    "XA01ABD075A002010100483",
    "XA01ABD075A001010100001",
    "ZA04CAE0023010102312",
    "001101000010000",
    "001101000010000-110000001",
    "002203010010000",
)
DAYS = st.dates(date(2020, 1, 1), date(2027, 12, 31))
TEXTS = st.text(max_size=20)
LINES = st.builds(
    Line,
    line_id=st.text("abc0123456789-_.", min_size=1, max_size=8),
    item_code=st.sampled_from(CODES),
    fee_date=DAYS,
    quantity=st.decimals("0.0001", "99999999", places=4),
    amount_fen=st.integers(0, 10**14),
    unit_price=st.decimals("0", "999999", places=6),
    department_code=TEXTS,
    supply_days=st.integers(0, 366),
    catalogue_class=st.sampled_from(("", "A", "B", "C")),
    charge_category_code=st.sampled_from(("", "01", "14")),
    in_scope_fen=st.none() | st.integers(0, 10**14),
)
CODE_LISTS = st.none() | st.lists(TEXTS, max_size=3).map(tuple)
BILLS = st.builds(
    Bill,
    sex=st.sampled_from(Sex),
    birth_date=st.none() | DAYS,
    medical_type=st.sampled_from(("11", "21", "9901")),
    institution_level=st.sampled_from(("", "01", "11")),
    scheme_code=st.sampled_from(("310", "390")),
    lines=st.lists(LINES, max_size=6).map(tuple),
    bill_key=st.uuids(),
    channel=st.sampled_from(Channel),
    person_id=st.uuids(),
    care_region_code=st.just("110105"),
    insured_region_code=st.just("640104"),
    institution_code=st.just("H11010500001"),
    department_code=TEXTS,
    doctor_code=TEXTS,
    begin_date=DAYS,
    end_date=DAYS,
    settle_time=st.datetimes(datetime(2020, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(tzinfo=UTC)
    ),
    diagnosis_codes=CODE_LISTS,
    operation_codes=CODE_LISTS,
    emergency=st.booleans(),
    visit_id=st.none() | st.uuids(),
    invoice_key=st.none() | st.binary(min_size=32, max_size=32),
    phone_key=st.none() | st.binary(min_size=32, max_size=32),
    total_fen=st.integers(0, 10**14),
    fund_fen=st.integers(0, 10**14),
)


def stored(bill: Bill) -> Bill:
    """The bill as it comes back from the database."""
    clear = {
        name: getattr(bill, name)
        for name in Head.__dataclass_fields__
        if name != "medical_type_code"
    }
    return read_bill(Head(**clear, medical_type_code=bill.medical_type), write_detail(bill))


@given(BILLS)
def test_a_bill_is_read_as_it_was_written(bill: Bill) -> None:
    read = stored(bill)
    assert read == bill
    assert bill == read
    assert hash(read) == hash(bill)
    assert write_detail(read) == write_detail(bill)


@given(st.lists(LINES, max_size=6))
def test_lines_are_a_sequence(lines: list[Line]) -> None:
    bill = replace(BILL, lines=tuple(lines))
    read = stored(bill).lines
    assert isinstance(read, StoredLines)
    assert len(read) == len(lines)
    assert list(read) == lines
    assert [read[place] for place in range(-len(lines), len(lines))] == lines * 2
    assert read[1:3] == tuple(lines[1:3])
    assert list(read.item_codes()) == [line.item_code for line in lines]
    assert read != (*lines, LINE)
    assert read != 1


@settings(max_examples=60)
@given(st.lists(BILLS, max_size=5, unique_by=lambda one: one.bill_key), BILLS)
def test_a_stored_history_says_the_same(bills: list[Bill], judged: Bill) -> None:
    plain = History(bills=tuple(bills))
    # Bills of this batch are not stored yet: both may stand side by side.
    mixed = StoredHistory(
        bills=tuple(one if number % 2 else stored(one) for number, one in enumerate(bills))
    )
    for history, expected in ((mixed, plain), (mixed.earlier(judged), plain.earlier(judged))):
        assert history.bills == expected.bills
        for code in CODES:
            national = code.partition("-")[0]
            assert history.of_item(national) == expected.of_item(national)
            substance = substance_of(code)
            assert history.of_substance(substance) == expected.of_substance(substance)


LINE = Line(
    line_id="1",
    item_code=CODES[0],
    fee_date=date(2026, 3, 1),
    quantity=Decimal("1.5"),
    amount_fen=150,
)
BILL = Bill(
    sex=Sex.MALE,
    birth_date=None,
    medical_type="11",
    institution_level="",
    scheme_code="310",
    lines=(LINE,),
    bill_key=UUID(int=1),
    person_id=UUID(int=2),
    begin_date=date(2026, 3, 1),
    end_date=date(2026, 3, 1),
    settle_time=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=4),
    total_fen=150,
    fund_fen=90,
)
