"""Every supported day resolves to exactly one snapshot; every other day is refused."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from itertools import pairwise

import pytest

from services.benefits.domain.adjudicate import adjudicate, find_snapshot
from services.benefits.domain.model import Setting
from services.benefits.policies import PACKS_FOLDER, load_policy
from services.kit.errors import RuleForbids
from tests.policy.bills import NOTHING_YET, bill, policy, settle

LAST_MONTH = date(2028, 1, 1)
DAY = timedelta(days=1)


def groups():
    found: dict[tuple[str, str, Setting], list] = {}
    for snapshot in policy().snapshots():
        key = (snapshot.region_code, snapshot.scheme_code, snapshot.setting)
        found.setdefault(key, []).append(snapshot)
    return [pytest.param(key, group, id="-".join(map(str, key))) for key, group in found.items()]


def days_to_try(group):
    start = group[0].valid_from
    days = {s.valid_from + k * DAY for s in group for k in (-1, 0, 1)}
    month = date(start.year, start.month, 1)
    while month < LAST_MONTH:
        days.add(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return sorted(day for day in days if day >= start)


@pytest.mark.parametrize(("key", "group"), groups())
def test_every_day_has_one_snapshot(key, group):
    region, scheme, setting = key
    for day in days_to_try(group):
        holding = [snapshot for snapshot in group if snapshot.covers(day)]
        assert len(holding) == 1, day
        at = policy().at(region_code=region, scheme_code=scheme, setting=setting, day=day)
        assert at is holding[0]
    for earlier, later in pairwise(group):
        assert earlier.valid_until == later.valid_from - DAY


@pytest.mark.parametrize(("key", "group"), groups())
def test_the_day_before_support_is_refused(key, group):
    region, scheme, setting = key
    day = group[0].valid_from - DAY
    with pytest.raises(RuleForbids) as refused:
        policy().at(region_code=region, scheme_code=scheme, setting=setting, day=day)
    assert refused.value.reason == "POLICY_NOT_COVERED"
    assert refused.value.metadata == {
        "insuredRegionCode": region,
        "schemeCode": scheme,
        "date": day.isoformat(),
        "missing": "date",
    }


@pytest.fixture(scope="module")
def stays_only(tmp_path_factory):
    """Of one area, the stays of employees and nothing else."""
    folder = tmp_path_factory.mktemp("packs")
    for name in ("index.yaml", "employee/inpatient.yaml"):
        target = folder / "650100" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKS_FOLDER / "650100" / name, target)
    return load_policy(folder)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"region": "460100"}, "region"),
        ({"scheme": "390", "person": "15"}, "scheme"),
        ({"medical_type": "11"}, "setting outpatient"),
        ({"medical_type": "140104"}, "setting chronic"),
        ({"medical_type": "41"}, "setting pharmacy"),
        ({"medical_type": "52"}, "medical type 52"),
        ({"person": "13"}, "person type 13"),
        ({"person": "15"}, "person type 15"),
        ({"end": date(2016, 12, 31)}, "date"),
    ],
)
def test_what_is_not_modelled_is_refused_and_named(stays_only, changes, missing):
    region = changes.pop("region", "650100")
    case = bill(region, in_scope=100000, **changes)
    with pytest.raises(RuleForbids) as refused:
        adjudicate(case, find_snapshot(stays_only, case), NOTHING_YET, 0)
    assert refused.value.reason == "POLICY_NOT_COVERED"
    assert refused.value.metadata["missing"] == missing
    assert refused.value.metadata["insuredRegionCode"] == region


def test_a_combination_left_out_of_a_table_is_refused_and_named():
    from services.benefits.domain.model import HospitalLevel

    case = bill(
        "610500",
        scheme="390",
        person="15",
        care="510100",
        level=HospitalLevel.PRIMARY,
        in_scope=100000,
    )
    with pytest.raises(RuleForbids) as refused:
        settle(case)
    assert refused.value.metadata["missing"] == "deductible.amount[cross_province,1]"


def test_every_value_names_its_document_and_when_it_was_verified():
    for snapshot in policy().snapshots():
        for path, resolved in snapshot.resolved.items():
            assert resolved.entry.reference.label, path
            assert date(2026, 1, 1) <= resolved.entry.verified_on, path


@pytest.mark.parametrize(
    ("registered", "area"),
    [
        ("610502", "610500"),
        ("640104", "640000"),
        ("460100", "460000"),
        ("110105", "110000"),
        ("610500", "610500"),
        ("610302", "610302"),
    ],
    ids=["county", "region pooled", "province pooled", "district", "itself", "no pack"],
)
def test_who_is_registered_in_a_county_has_the_policy_of_its_pooling_area(registered, area):
    assert policy().area_of(registered) == area
    case = bill(registered, in_scope=1_000_000, care="650102", end=date(2026, 3, 31))
    if area == registered == "610302":
        with pytest.raises(RuleForbids) as refused:
            settle(case)
        assert refused.value.metadata["missing"] == "region"
        return
    outcome = settle(case)
    assert outcome.policy_version.startswith(f"{area}@")
    assert outcome == settle(bill(area, in_scope=1_000_000, care="650102", end=date(2026, 3, 31)))
