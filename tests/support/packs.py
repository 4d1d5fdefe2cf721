"""Builds small policy packs for tests, through the reader of real ones.

    rules = policy_of(pack_tree({"deductible.amount": "300.00"}, steps="deductible, segments"))

A file has the parameters that its steps need, from DEFAULTS unless the test says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from services.benefits.domain.adjudicate import NO_PARTS, Earlier, adjudicate, find_snapshot
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    NO_CIRCUMSTANCES,
    Accumulators,
    Circumstances,
    Outcome,
)
from services.benefits.domain.schema import SPEC_BY_PATH
from services.benefits.domain.snapshot import Policy
from services.benefits.policies import read_pack
from tests.policy.bills import bill

REGION = "650100"
SINCE = "2020-01-01"
BRACKETS = "[{above: 0.00, ratio: 0.50}, {above: 1000.00, ratio: 0.80}]"


class By(NamedTuple):
    """A value that is a table: `By("person", "{in_service: 0.50, retired: 0.60}")`."""

    dimensions: str
    value: str


Value = str | By | Mapping[str, str]
"""What stands at `value:`, as YAML; a table; or values by effective date."""

DEFAULTS: Mapping[str, str] = {
    "rounding": "half_up",
    "away_self_pay.ratio": "0.10",
    "deductible.mode": "per_stay",
    "deductible.amount": "100.00",
    "segments.basis": "base",
    "segments.span": "stay",
    "segments.scale": BRACKETS,
    "reduction.mode": "points",
    "reduction.applies_to": "[segments]",
    "reduction.filed": "0.10",
    "reduction.unfiled": "0.20",
    "disease_limit.type": "fund",
    "disease_limit.amount": "500.00",
    "disease_limit.period": "year",
    "pooled_cap.amount": "2000.00",
    "pooled_cap.basis": "fund",
    "pooled_cap.counts": "setting",
    "large_amount.scale": "[{above: 0.00, ratio: 0.90}]",
    "large_amount.cap": "500.00",
    "critical_illness.threshold": "1000.00",
    "critical_illness.basis": "burden",
    "critical_illness.scale": "[{above: 0.00, ratio: 0.60}]",
    "critical_illness.deductible_counts": "true",
    "critical_illness.cap": "unlimited",
    **{
        f"{fund}.{name}": value
        for fund in (
            "civil_servant",
            "enterprise_supplement",
            "disabled_veteran",
            "other_fund",
            "medical_aid",
        )
        for name, value in (
            ("counts", "[share, above_cap]"),
            ("scale", "[{above: 0.00, ratio: 0.50}]"),
            ("cap", "unlimited"),
        )
    },
    "account.pays": "[in_scope, prior_self_pay]",
}
_PERSONS = {"310": "in_service, retired", "390": "minor, adult, elderly"}
_FOLDERS = {"310": "employee", "390": "resident"}


def pack_tree(
    parameters: Mapping[str, Value | None] | None = None,
    *,
    scheme: str = "310",
    setting: str = "inpatient",
    steps: str = "deductible, segments",
    since: str = SINCE,
    until: str = "null",
    diseases: str = "{M03900: [I10], M01600: []}",
    benefit_year: str = "calendar",
    region: str = REGION,
) -> dict[str, bytes]:
    """Returns the files of a pack with one policy file, by name.

    Args:
        parameters: what is not as in DEFAULTS, by path; None: left out of the file.
        scheme: of the file.
        setting: of the file.
        steps: of the file, with commas between.
        since: first supported day, from which values hold that name no date.
        until: last supported day, or `null`.
        diseases: of a chronic file, as YAML.
        benefit_year: of the region.
        region: area code.
    """
    index = (
        f'area: "{region}"\nname: 测试\nname_en: Test\nversion: "2026.11"\n'
        f"benefit_year: {benefit_year}\nreferences:\n  R1: {{title: 测试}}\n"
    )
    text = (
        f'scheme: "{scheme}"\nsetting: {setting}\nsupported: {{from: {since}, until: {until}}}\n'
        f"persons: [{_PERSONS[scheme]}]\nsteps: [{steps}]\nnot_modelled: []\n"
        "basis: {status: sample, reference: R1, verified_on: 2026-11-01}\n"
    )
    if setting == "chronic":
        text += f"diseases: {diseases}\n"
    read = set(steps.split(", "))
    values: dict[str, Value | None] = {
        path: value
        for path, value in DEFAULTS.items()
        if (step := SPEC_BY_PATH[path].step) is None or step.value in read
    }
    text += "parameters:\n"
    for path, value in (values | dict(parameters or {})).items():
        if value is not None:
            text += _parameter(path, value, since)
    return {
        "index.yaml": index.encode(),
        f"{_FOLDERS[scheme]}/{setting}.yaml": text.encode(),
    }


def policy_of(*trees: Mapping[str, bytes], region: str = REGION) -> Policy:
    """Returns the policy of one region with the files of several `pack_tree`."""
    files = {name: content for tree in trees for name, content in tree.items()}
    return _policy(region, tuple(sorted(files.items())))


@lru_cache(maxsize=64)
def _policy(region: str, files: tuple[tuple[str, bytes], ...]) -> Policy:
    return Policy([read_pack(region, dict(files))])


def _parameter(path: str, value: Value, since: str) -> str:
    text = f"  {path}:\n    unit: {SPEC_BY_PATH[path].unit.value}\n"
    if isinstance(value, By):
        text += f"    by: [{value.dimensions}]\n"
        value = value.value
    entries = {since: value} if isinstance(value, str) else value
    return (
        text
        + "    history:\n"
        + "".join(f"      {day}: {{value: {one}}}\n" for day, one in entries.items())
    )


_MEDICAL_TYPES = {"inpatient": "21", "outpatient": "11", "chronic": "14", "pharmacy": "41"}


def settled(
    parameters: Mapping[str, Value | None] | None = None,
    *,
    scheme: str = "310",
    setting: str = "inpatient",
    before: Accumulators | None = None,
    balance: int = 0,
    earlier: Earlier = NO_PARTS,
    circumstances: Circumstances = NO_CIRCUMSTANCES,
    tree: Mapping[str, Any] | None = None,
    steps: str = "deductible, segments",
    **case: Any,
) -> Outcome:
    """Adjudicates one bill by a pack of one file, and checks the identities.

    The care is inside the pooling area unless the case says otherwise.

    Args:
        parameters: as `pack_tree`.
        scheme: of file and bill.
        setting: of file and bill.
        before: sums of the year.
        balance: own account, fen.
        earlier: what earlier parts of the stay took.
        circumstances: entitlements, tallies, relatives.
        tree: more of `pack_tree`.
        steps: of the file.
        **case: of `bill`.
    """
    rules = policy_of(
        pack_tree(parameters, scheme=scheme, setting=setting, steps=steps, **(tree or {}))
    )
    given = {
        "care": "650102",
        "person": "11" if scheme == "310" else "15",
        "medical_type": _MEDICAL_TYPES[setting],
    }
    one = bill(REGION, scheme=scheme, **(given | case))
    outcome = adjudicate(
        one,
        find_snapshot(rules, one),
        before or Accumulators(),
        balance,
        earlier,
        circumstances=circumstances,
    )
    check_identities(outcome)
    return outcome
