"""The table of bad input: a good request spoiled in one place, and what it gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.integration.settlement.world import ITEM_NAME, add_line
from tests.support.callees import BED, CAPPED, HOSPITAL

INVALID = "INVALID_ARGUMENT"
FORBIDDEN = "FAILED_PRECONDITION"
UNKNOWN = "NOT_FOUND"
Spoil = Callable[[Any], object]


class Row(NamedTuple):
    """One line of the table."""

    name: str
    spoil: Spoil
    field: str
    reason: str = "FIELD_INVALID"
    code: str = INVALID


def on(path: str, value: Any) -> Spoil:
    """Sets one field: "bill.lines[0].quantity.value"; None clears it."""
    parts = re.findall(r"[a-z_]+|[0-9]+", path)

    def spoil(request: Any) -> None:
        target = request
        for part in parts[:-1]:
            target = target[int(part)] if part.isdigit() else getattr(target, part)
        if value is None:
            target.ClearField(parts[-1])
        else:
            setattr(target, parts[-1], value)

    return spoil


def on_date(path: str, year: int, month: int, day: int) -> Spoil:
    return each(on(f"{path}.year", year), on(f"{path}.month", month), on(f"{path}.day", day))


def each(*spoils: Spoil) -> Spoil:
    return lambda request: [spoil(request) for spoil in spoils]


def bad(why: str, field: str, value: Any, *, leaf: str = "") -> Row:
    """A row with FIELD_INVALID at the field that is spoiled."""
    return Row(why, on(field + leaf, value), field)


def lines(count: int) -> Spoil:
    """Makes a bill of so many lines of a yuan."""

    def spoil(request: Any) -> None:
        del request.bill.lines[:]
        for _ in range(count):
            add_line(request.bill, BED, "1", "1", 100)
        request.bill.total.fen = 100 * count

    return spoil


def another_line(code: str, price: str, fen: int, *, line_id: str = "4") -> Spoil:
    def spoil(request: Any) -> None:
        add_line(request.bill, code, price, "1", fen).line_id = line_id
        request.bill.total.fen += fen

    return spoil


def nothing(request: Any) -> None:
    lines(1)(request)
    request.bill.lines[0].unit_price.value = "0"
    request.bill.lines[0].amount.fen = request.bill.total.fen = 0


def another_main_diagnosis(request: Any) -> None:
    request.bill.diagnoses.add(diagnosis_code="I10.x00", main=True)


def credential(kind: int, number: str) -> Spoil:
    return each(on(f"{SHOWN}.type", kind), on(f"{SHOWN}.number", number))


def chronic(disease: str) -> Spoil:
    """Makes a bill of a chronic disease."""
    return each(on("bill.medical_type_code", "1402"), on("bill.disease_code", disease))


SHOWN = "patient.credential"
AT = "bill.lines[0]"
DIAGNOSIS = "bill.diagnoses[0]"
CARE, INSURED = "bill.care_region_code", "patient.insured_region_code"
HOSPITAL_FIELD = "bill.institution_code"
ID_BAD = "ID_NUMBER_INVALID"
PATIENT_ROWS = [
    Row("id number: check digit", credential(2, "650101195001010021"), f"{SHOWN}.number", ID_BAD),
    Row("id number: no date", credential(2, "650101195013010020"), f"{SHOWN}.number", ID_BAD),
    Row("id number: short", credential(2, "65010119500101002"), f"{SHOWN}.number", ID_BAD),
    Row(
        "card unknown",
        credential(3, "B12345678"),
        f"{SHOWN}.number",
        "CREDENTIAL_UNKNOWN",
        UNKNOWN,
    ),
    Row("card lost", credential(3, "A70000002"), f"{SHOWN}.number", "CARD_LOST", FORBIDDEN),
    bad("credential type unknown", f"{SHOWN}.type", 9),
    bad("credential type missing", f"{SHOWN}.type", 0),
    bad("credential missing", SHOWN, None),
    bad("patient missing", "patient", None),
    Row(
        "another person's record",
        on("patient.birth_date.year", 1951),
        "patient.birth_date",
        "PERSON_MISMATCH",
        FORBIDDEN,
    ),
    bad("person not a UUID", "patient.person_id", ITEM_NAME),
    bad("born after the visit", "patient.birth_date", 2027, leaf=".year"),
    Row("born on no date", on_date("patient.birth_date", 1950, 2, 30), "patient.birth_date"),
    bad("sex unknown", "patient.sex", 7),
    bad("sex missing", "patient.sex", 0),
    Row(
        "no scheme in force",
        on("patient.scheme_code", "390"),
        "bill.end_date",
        "INSURANCE_NOT_IN_FORCE",
        FORBIDDEN,
    ),
    bad("scheme malformed", "patient.scheme_code", "31"),
    bad("insured region malformed", INSURED, "999999"),
    Row("insured region unknown", on(INSURED, "190000"), INSURED, "REGION_UNKNOWN"),
]
BILL_ROWS = [
    bad("bill missing", "bill", None),
    bad("care region malformed", CARE, "999999"),
    Row("care region unknown", on(CARE, "190000"), CARE, "REGION_UNKNOWN"),
    bad("care region with a newline", CARE, "640104\n"),
    bad("care region in other digits", CARE, "６40104"),
    bad("care region not the institution's", CARE, "640200"),
    Row(
        "care in the insured province",
        on(INSURED, "640200"),
        CARE,
        "NOT_CROSS_PROVINCE",
        FORBIDDEN,
    ),
    bad("institution malformed", HOSPITAL_FIELD, "X64010400001"),
    Row(
        "institution unknown",
        on(HOSPITAL_FIELD, HOSPITAL[:-1] + "9"),
        HOSPITAL_FIELD,
        "INSTITUTION_UNKNOWN",
        UNKNOWN,
    ),
    Row(
        "institution not opened",
        on("bill.medical_type_code", "41"),
        "bill.medical_type_code",
        "INSTITUTION_NOT_OPEN",
        FORBIDDEN,
    ),
    Row(
        "institution opened for no disease",
        chronic("M03900"),
        "bill.medical_type_code",
        "INSTITUTION_NOT_OPEN",
        FORBIDDEN,
    ),
    Row("disease missing", chronic(""), "bill.disease_code"),
    bad("disease with another medical type", "bill.disease_code", "M03900"),
    Row(
        "disease of a stay",
        each(on("bill.medical_type_code", "2101"), on("bill.disease_code", "M03900")),
        "bill.disease_code",
    ),
    Row("disease unknown", chronic("M99999"), "bill.disease_code", "DISEASE_CODE_UNKNOWN"),
    *(
        Row(f"disease {text!r}", chronic(text), "bill.disease_code")
        for text in ("M0390", "m03900", "M039000", "M0３900", "M03900\n", "高血压", "M" * 4096)
    ),
    bad("hospital level not the registered one", "bill.hospital_level_code", "01"),
    bad("hospital level malformed", "bill.hospital_level_code", "12"),
    bad("medical type not national", "bill.medical_type_code", "77"),
    Row(
        "date in the future",
        on_date("bill.end_date", 2026, 4, 1),
        "bill.end_date",
        "DATE_IN_FUTURE",
    ),
    Row("end before begin", on_date("bill.begin_date", 2026, 4, 1), "bill.end_date"),
    Row("begin in month 13", on("bill.begin_date.month", 13), "bill.begin_date"),
    Row("end without a day", on("bill.end_date.day", 0), "bill.end_date"),
    Row("fee date outside the stay", on(f"{AT}.fee_date.day", 30), f"{AT}.fee_date"),
    Row("fee date that is none", on(f"{AT}.fee_date.month", 0), f"{AT}.fee_date"),
    Row(
        "fee date before the catalogue",
        each(on_date("bill.begin_date", 2015, 12, 31), on_date(f"{AT}.fee_date", 2015, 12, 31)),
        f"{AT}.fee_date",
        "CATALOGUE_NOT_PUBLISHED",
        FORBIDDEN,
    ),
    bad("no diagnosis", "bill.diagnoses", None),
    Row("two main diagnoses", another_main_diagnosis, "bill.diagnoses"),
    Row("no main diagnosis", on(f"{DIAGNOSIS}.main", value=False), "bill.diagnoses"),
    bad("diagnosis malformed", f"{DIAGNOSIS}.diagnosis_code", ITEM_NAME),
    Row("0 lines", lines(0), "bill.lines"),
    Row("5,000 lines", lines(5000), "bill.lines"),
    Row(
        "total not of the lines", on("bill.total.fen", 84_704), "bill.total", "BILL_TOTAL_MISMATCH"
    ),
    Row("bill of nothing", nothing, "bill.total"),
    bad("total negative", "bill.total", -1, leaf=".fen"),
    bad("total missing", "bill.total", None),
]
LINE_ROWS = [
    *(
        bad(f"quantity {text or 'empty'}", f"{AT}.quantity", text, leaf=".value")
        for text in ("-10", "0", "1e5", "NaN", "", "1.23456", "１０", "+1", "1_0", "0x1", " 1")
    ),
    *(
        bad(f"price {text}", f"{AT}.unit_price", text, leaf=".value")
        for text in ("1.1234567", "-1", "Infinity", "sNaN", "99999999999", "1,0")
    ),
    bad("price of 1 MB", f"{AT}.unit_price", "1" * 1_000_000, leaf=".value"),
    bad("price missing", f"{AT}.unit_price", None),
    Row(
        "amount off by 0.02",
        each(on(f"{AT}.amount.fen", 80_002), on("bill.total.fen", 84_705)),
        f"{AT}.amount",
        "LINE_AMOUNT_MISMATCH",
    ),
    bad("amount negative", f"{AT}.amount", -80_000, leaf=".fen"),
    bad("amount beyond all bounds", f"{AT}.amount", 2**62, leaf=".fen"),
    bad("item code malformed", f"{AT}.item_code", "x"),
    bad("item name of 1 MB", f"{AT}.item_name", ITEM_NAME * 56_000),
    bad("line id malformed", f"{AT}.line_id", "一"),
    Row(
        "line id repeated",
        another_line(BED, "1", 100, line_id="1"),
        "bill.lines[3].line_id",
        "LINE_ID_DUPLICATE",
    ),
    Row(
        "price above a ceiling that refuses",
        another_line(CAPPED, "6", 600),
        "bill.lines[3].unit_price",
        "PRICE_ABOVE_CEILING",
        FORBIDDEN,
    ),
]
TABLE = PATIENT_ROWS + BILL_ROWS + LINE_ROWS
SETTLE_ROWS = [
    bad("request id not a UUID", "request_id", ITEM_NAME),
    bad("request id missing", "request_id", ""),
]
