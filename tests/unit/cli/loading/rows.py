"""Rows of files, files of rows, and what a load says of them."""

from __future__ import annotations

import csv

from services.cli.loading.command import Job
from services.cli.loading.persons import Persons
from services.kit import codes

HEADER = (
    "cert_number,name,sex,birth_date,insured_region_code,scheme_code,person_type_code,"
    "insurance_status,insurance_begin_date,insurance_end_date,card_number,card_kind,card_state,"
    "card_issuing_region_code,card_recognition_code,account_balance_yuan,aid_identity_code"
)


def number_of(sequence: int, born: str = "19800101") -> str:
    first = f"640104{born}{sequence:03d}"
    return first + codes.check_digit(first)


def person(sequence: int, **changed: str) -> dict[str, str]:
    row = {
        "cert_number": number_of(sequence),
        "name": f"示例{sequence}",
        "sex": "1" if sequence % 2 else "2",
        "birth_date": "1980-01-01",
        "insured_region_code": "640100",
        "scheme_code": "310",
        "person_type_code": "11",
        "insurance_status": "1",
        "insurance_begin_date": "20200101",
        "card_number": f"E{sequence:08d}",
        "card_state": "active",
        "card_issuing_region_code": "640100",
        "card_recognition_code": "640100" + "A" * 26,
        "account_balance_yuan": "12.30",
    }
    return row | changed


def write(path, rows, header=HEADER):
    names = header.split(",")
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, names, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    return path


def job(path, kind=Persons, make=None, scope="", **options) -> Job:
    def standard(province, ids):
        return kind(province, ids, region="", dry_run=False, **options)

    return Job(path=path, kind=kind.name, columns=kind.columns, make=make or standard, scope=scope)


def refused_of(path) -> list[tuple[str, str, str]]:
    listed = path.with_name(path.name + ".refused.csv")
    if not listed.exists():
        return []
    with listed.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["what_to_do_zh"] and row["what_to_do_en"] for row in rows)
    return [(row["line"], row["field"], row["reason"]) for row in rows]


def crowd(count: int):
    return [person(n) for n in range(1, 2 * count, 2)]
