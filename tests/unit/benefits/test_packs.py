"""What a pack says, as the engine reads it: inheritance, words, tables and benefit years."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.benefits.domain import schema
from services.benefits.domain.model import Setting, Status
from services.benefits.domain.snapshot import Policy
from services.benefits.policies import read_files, read_pack

REGION = "640100"
ELSEWHERE = "640200"
BASE = dict(read_files(Path(__file__).parents[2] / "policy" / "refusals" / "base"))
EMPLOYEE = "employee/inpatient.yaml"


def pack(region=REGION, **changes):
    """The base pack with texts replaced; `{file: [(old, new), …]}`."""
    files = dict(BASE)
    files["index.yaml"] = files["index.yaml"].replace(REGION.encode(), region.encode())
    for name, pairs in changes.items():
        file = {"index": "index.yaml", "employee": EMPLOYEE}[name]
        for old, new in pairs:
            assert old.encode() in files[file]
            files[file] = files[file].replace(old.encode(), new.encode())
    return read_pack(region, files)


def snapshot(
    policy, *, scheme="310", setting=Setting.INPATIENT, day=date(2026, 3, 31), region=REGION
):
    return policy.at(region_code=region, scheme_code=scheme, setting=setting, day=day)


def test_an_entry_rests_on_the_basis_unless_it_says_otherwise():
    overrides = (
        "value: 0.10, note: Changed.",
        "value: 0.10, status: published, verified_on: 2026-02-01",
    )
    policy = Policy([pack(employee=[overrides])])
    before = snapshot(policy, day=date(2022, 12, 31)).resolved["reduction.unfiled"].entry
    after = snapshot(policy).resolved["reduction.unfiled"].entry
    assert (before.status, before.reference.id) == (Status.SAMPLE, "D1")
    assert before.verified_on == date(2026, 11, 20)
    assert (after.status, after.reference.id) == (Status.PUBLISHED, "D1")
    assert after.verified_on == date(2026, 2, 1)


def test_the_basis_may_say_a_part():
    basis = ("basis: {status: sample, reference: D1,", "basis: {status: sample,")
    text = BASE[EMPLOYEE].decode().replace(*basis).replace("{value: ", "{reference: S1, value: ")
    text = text.replace("        value:", "        reference: S1\n        value:")
    found = snapshot(Policy([read_pack(REGION, {**BASE, EMPLOYEE: text.encode()})]))
    assert {r.entry.reference.id for r in found.resolved.values()} == {"S1"}


def test_unlimited_is_no_bound():
    found = snapshot(Policy([pack()])).read(schema.LARGE_CAP, {})
    assert found.value is None
    assert found.read.value == "unlimited"


def test_any_stands_for_every_key_not_beside_it():
    resolved = snapshot(Policy([pack()])).resolved["deductible.amount"]
    assert {key[0]: reading.value for key, reading in resolved.readings.items()} == {
        "community": 30000,
        "1": 20000,
        "2": 40000,
        "3": 90000,
        "3_top": 30000,
    }
    path = resolved.readings[("3_top",)].read.path
    assert path == "employee/inpatient/deductible.amount[3_top]"


def test_medical_aid_has_no_table_for_who_receives_none():
    found = snapshot(Policy([pack()]), scheme="390").resolved
    assert ("none",) not in found["medical_aid.scale"].readings
    assert ("none",) in found["critical_illness.threshold"].readings


def test_diseases_are_those_of_the_file():
    found = snapshot(Policy([pack()]), setting=Setting.CHRONIC)
    assert found.diseases == {"M03900": ("I10", "I11"), "M01600": ("E11.2",), "HBLB101": ()}
    assert set(found.resolved["disease_limit.amount"].readings) == {
        ("M03900",),
        ("M01600",),
        ("HBLB101",),
    }
    # Listed as not modelled.
    assert found.read(schema.DEDUCTIBLE_AMOUNT, {schema.Dimension.DISEASE: "HBLB101"}) is None
    assert snapshot(Policy([pack()])).diseases == {}


@pytest.mark.parametrize(
    ("word", "day", "year", "last"),
    [
        ("calendar", date(2026, 1, 1), 2026, date(2026, 12, 31)),
        ("calendar", date(2026, 12, 31), 2026, date(2026, 12, 31)),
        ("july", date(2026, 6, 30), 2025, date(2026, 6, 30)),
        ("july", date(2026, 7, 1), 2026, date(2027, 6, 30)),
        ("july", date(2026, 12, 31), 2026, date(2027, 6, 30)),
    ],
)
def test_a_benefit_year_has_the_number_of_the_year_it_begins_in(word, day, year, last):
    found = snapshot(Policy([pack(index=[("calendar", word)])]), day=day)
    assert found.benefit_year_of(day) == year
    assert found.year_end(day) == last


def test_a_pharmacy_may_know_the_account_only():
    found = snapshot(Policy([pack()]), setting=Setting.PHARMACY)
    assert found.steps == (schema.PolicyStep.ACCOUNT,)


def test_a_region_takes_the_place_of_its_own_only():
    policy = Policy([pack(), pack(ELSEWHERE)])
    shorter = (
        "supported: {from: 2020-01-01, until: null}",
        "supported: {from: 2024-01-01, until: null}",
    )
    later = Policy([pack(employee=[shorter])])
    both = policy.overlaid(later)
    assert both.versions == {
        REGION: later.versions[REGION],
        ELSEWHERE: policy.versions[ELSEWHERE],
    }
    assert snapshot(both) is snapshot(later)
    assert snapshot(both, region=ELSEWHERE) is snapshot(policy, region=ELSEWHERE)
    assert len(list(both.snapshots())) == len(list(policy.snapshots())) - 1
    assert policy.current is policy
