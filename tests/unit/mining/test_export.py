"""Goal: an export has whole months only, each once, and says of a bill what supervision said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pyarrow.dataset as ds
import pytest

from services.cli.supervision.mine import months_between
from services.kit import wire
from services.kit.config import load
from services.mining import export, schema
from services.mining.config import MiningConfig
from services.mining.engines import open_engine
from services.mining.export import MonthMixed, export_month
from services.mining.run import mine
from services.mining.tables import BILL, LINE, MinedFinding
from services.mining.thresholds import Thresholds
from services.mining.wire import BillMalformed, read_bill, write_findings
from tests.support.mining import bill, write
from yijie.supervision.v1 import audit_pb2

MARCH, APRIL = "2025-03", "2025-04"


async def given(*bills):
    for one in bills:
        yield one


def in_april(number):
    return bill(number, begin_date=date(2025, 4, 2))


def keys_in(folder):
    return sorted(ds.dataset(folder / BILL).to_table(["bill_key"]).column("bill_key").to_pylist())


async def test_a_month_exported_again_replaces_what_was_there(tmp_path):
    await export_month(tmp_path, MARCH, given(bill(1), bill(2)))
    await export_month(tmp_path, APRIL, given(in_april(3)))
    done = await export_month(tmp_path, MARCH, given(bill(2), bill(4), bill(5)))
    assert (done.bill_count, done.line_count) == (3, 3)
    assert keys_in(tmp_path) == [bill(n).bill_key for n in (2, 3, 4, 5)]
    assert (export.bills_in(tmp_path), export.lines_in(tmp_path)) == (4, 4)


async def test_a_month_without_bills_is_emptied(tmp_path):
    await export_month(tmp_path, MARCH, given(bill(1)))
    assert (await export_month(tmp_path, MARCH, given())).bill_count == 0
    assert export.bills_in(tmp_path) == export.bytes_of(tmp_path) == 0


async def test_a_stream_that_breaks_off_leaves_the_month_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_BILLS_AT_ONCE", 1)
    await export_month(tmp_path, MARCH, given(bill(1)))

    async def broken():
        yield bill(2)
        yield bill(3)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await export_month(tmp_path, MARCH, broken())
    assert keys_in(tmp_path) == [bill(1).bill_key]
    assert [path.name for path in tmp_path.iterdir()] != []
    assert not (tmp_path / ".month").exists()


async def test_a_bill_of_another_month_is_refused(tmp_path):
    with pytest.raises(MonthMixed):
        await export_month(tmp_path, MARCH, given(bill(1), in_april(2)))
    assert export.bills_in(tmp_path) == 0


async def test_partitions_are_month_and_care_province(tmp_path):
    other = bill(2, care_region_code="110105", institution_code="H11010000001")
    await export_month(tmp_path, MARCH, given(bill(1), other))
    for name in (BILL, LINE):
        folders = {
            str(path.parent.relative_to(tmp_path)) for path in tmp_path.glob(f"{name}/*/*/*")
        }
        assert folders == {f"{name}/month={MARCH}/care={code}" for code in ("110000", "330000")}


def test_only_the_months_asked_for_are_mined(tmp_path):
    bills = [bill(1, invoice_key="i"), replace(in_april(2), invoice_key="i")]
    write(tmp_path, bills)

    def found(*months):
        with open_engine(load(MiningConfig, {}), tmp_path, months) as engine:
            return len(mine(engine, rule_codes=["DUPLICATE_INVOICE"]).findings["DUPLICATE_INVOICE"])

    assert (found(), found(MARCH, APRIL), found(MARCH), found(APRIL)) == (1, 1, 0, 0)


def test_months_from_one_to_another():
    assert months_between("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months_between("2025-11", "2025-11") == ["2025-11"]


# --- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "units", "whole"),
    [
        ("0.000001", schema.PRICE_UNITS, 1),
        ("12.34", schema.PRICE_UNITS, 12_340_000),
        ("-0.5", 10, -5),
    ],
)
def test_figures_are_whole_numbers_of_their_units(number, units, whole):
    assert schema.scaled(Decimal(number), units) == whole


def test_a_figure_finer_than_its_unit_is_refused():
    with pytest.raises(ValueError, match="no whole number"):
        schema.scaled(Decimal("0.0000001"), schema.PRICE_UNITS)


def test_days_come_back():
    assert schema.day_number(date(1970, 1, 2)) == 1
    assert schema.day_of(schema.day_number(date(2025, 3, 3))) == date(2025, 3, 3)


# --- the contract --------------------------------------------------------------------------------


def message(**changes):
    told = audit_pb2.ExportedBill(
        bill_key="k",
        channel=audit_pb2.CHANNEL_DIRECT,
        person_key=b"\x01\xff",
        care_region_code="330100",
        insured_region_code="640100",
        institution_code="H33010000001",
        medical_type_code="11",
        begin_date=wire.write_date(date(2025, 3, 3)),
        end_date=wire.write_date(date(2025, 3, 3)),
        settle_time=wire.write_time(datetime(2025, 3, 3, 2, tzinfo=UTC)),
        diagnosis_codes=["I10.x00x002", "E11.900"],
        total=wire.write_money(1000),
        **changes,
    )
    told.lines.add(
        line_id="1",
        item_code="001102000010000-0001",
        fee_date=wire.write_date(date(2025, 3, 3)),
        quantity=wire.write_decimal(Decimal("1.5")),
        amount=wire.write_money(1000),
    )
    return told


def test_a_bill_is_read_as_it_is_told():
    read = read_bill(message(phone_key=b"\x02"))
    assert (read.person_key, read.phone_key, read.invoice_key) == ("01ff", "02", "")
    assert read.main_diagnosis_code == "I10.x00x002"
    [row] = schema.line_rows(read)
    assert (row["item"], row["unit_price_micro"], row["quantity_e4"]) == (
        "001102000010000",
        0,
        15_000,
    )
    assert schema.bill_row(read)["month"] == MARCH


def test_a_channel_of_a_later_release_is_not_guessed():
    told = message()
    told.channel = 9
    with pytest.raises(BillMalformed):
        read_bill(told)


def finding(line_id, value, rule_code="PRICE_OUTLIER"):
    return MinedFinding(
        rule_code=rule_code,
        bill_key="k",
        line_id=line_id,
        other="001102000010000/01/330000",
        value=value,
        reference=10_000_000,
        spread=1,
        amount_fen=10,
    )


def test_lines_of_a_bill_are_one_finding_and_other_kinds_are_left_out():
    found = [finding("2", 20_000_000), finding("1", 30_000_000), finding("", 1, "SPLIT_STAY")]
    [told] = write_findings(found, {"price_outlier": "PRICE_FAR_ABOVE"})
    assert told.rule_code == "PRICE_FAR_ABOVE"
    assert list(told.line_ids) == ["1", "2"]
    assert "30" in told.message_zh
    assert "中位价10元" in told.message_zh


# --- thresholds ----------------------------------------------------------------------------------


def test_rules_in_force_set_what_they_name():
    limits = Thresholds.of(
        {
            "price_outlier": {"bills_min": "20", "ratio_min": "2.5"},
            "shared_phone": {
                "persons_min": "4",
                "window_days": "90",
                "new_in_a_later_release": "1",
            },
        }
    )
    assert (limits.price_bills_min, limits.price_ratio_min) == (20, Fraction(5, 2))
    assert (limits.phone_persons_min, limits.phone_window_days) == (4, 90)
    assert limits.cost_ratio_min == Thresholds().cost_ratio_min
