"""The skeleton of a new pack: every value that the usual steps need, with ??? where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.benefits.domain.model import HospitalLevel, Person, Setting
from services.benefits.domain.schema import (
    DEDUCTIBLE_AMOUNT,
    FILED_LEVELS,
    REDUCTION_FILED,
    SEGMENTS_SCALE,
    SPECS,
    AnySpec,
    PolicyStep,
    Unit,
)
from services.cli.policy.meanings import PARAMETERS, SCHEMES, SETTINGS, STEPS, form
from services.cli.policy.placeholders import MARK
from services.kit import codes
from services.kit.codes import SCHEME_EMPLOYEE, SCHEME_RESIDENT

_FOLDERS: Final = {SCHEME_EMPLOYEE: "employee", SCHEME_RESIDENT: "resident"}
_PERSONS: Final = {
    SCHEME_EMPLOYEE: (Person.IN_SERVICE.value, Person.RETIRED.value),
    SCHEME_RESIDENT: (Person.MINOR.value, Person.ADULT.value, Person.ELDERLY.value),
}
_POOLED: Final = (PolicyStep.DEDUCTIBLE, PolicyStep.SEGMENTS, PolicyStep.POOLED_CAP)
_STEPS: Final = {
    (SCHEME_EMPLOYEE, Setting.INPATIENT): (
        *_POOLED,
        PolicyStep.LARGE_AMOUNT,
        PolicyStep.ACCOUNT,
    ),
    (SCHEME_EMPLOYEE, Setting.OUTPATIENT): (*_POOLED, PolicyStep.ACCOUNT),
    (SCHEME_RESIDENT, Setting.INPATIENT): (*_POOLED, PolicyStep.CRITICAL_ILLNESS),
    (SCHEME_RESIDENT, Setting.OUTPATIENT): _POOLED,
}
"""The usual steps of the files that nearly every region has."""

_LEVELS: Final = tuple(level.value for level in HospitalLevel)
_OTHER_PROVINCES: Final = ("110105", "310101")
"""Districts of which one lies in another province, whatever the region."""


@dataclass(frozen=True, slots=True)
class _File:
    scheme_code: str
    setting: Setting
    start: date
    reference: str


def skeleton(region_code: str, *, start: date) -> dict[str, str]:
    """Returns the text of each file by its name in the pack.

    Args:
        region_code: six digits of a pooling area that there is.
        start: from when on the values are going to be known.
    """
    reference = f"{region_code}-D1"
    files = {"index.yaml": _index(region_code, reference, start)}
    for (scheme, setting), steps in _STEPS.items():
        file = _File(scheme, setting, start, reference)
        name = f"{_FOLDERS[scheme]}/{setting.value}.yaml"
        files[name] = "\n".join([*_head(file, steps), *_parameters(file, steps), ""])
    files["examples.yaml"] = _examples(region_code, start)
    return files


def _index(region_code: str, reference: str, start: date) -> str:
    return f"""\
# {codes.area_name(region_code)} {region_code}: put what the document says for every {MARK}.
# `yijie policy check FOLDER` names the first one that is left, and what would be right.
area: "{region_code}"
name: {codes.area_name(region_code)}
name_en: {MARK}
# Year and month of this text; a later text of the same month is "{start:%Y.%m}.2".
version: "{start:%Y.%m}"
# calendar, or july where year N runs from 1 July N to 30 June N+1.
benefit_year: calendar
# One entry per document; values name them by their key.
references:
  {reference}:
    title: {MARK}
    # Drop the lines below that the document has nothing for.
    number: {MARK}
    issued_by: {MARK}
    published: {MARK}
    href: {MARK}
"""


def _head(file: _File, steps: tuple[PolicyStep, ...]) -> Iterator[str]:
    scheme, setting = SCHEMES[file.scheme_code], SETTINGS[file.setting]
    yield f"# {scheme[0]}{setting[0]} · {scheme[1]} scheme, {setting[1]}."
    yield f'scheme: "{file.scheme_code}"'
    yield f"setting: {file.setting.value}"
    yield "# For which days the values below hold; `until` is the last one, null: open."
    yield "supported:"
    yield f"  from: {file.start}"
    yield "  until: null"
    yield f"persons: [{', '.join(_PERSONS[file.scheme_code])}]"
    yield "# What the values rest on unless they say otherwise themselves:"
    yield "# published (the document was read), secondary (a source that quotes it), sample (示例)."
    yield "basis:"
    yield f"  status: {MARK}"
    yield f"  reference: {file.reference}"
    yield f"  verified_on: {MARK}"
    yield "# In the order in which they are computed; take out what the region does not have."
    yield f"steps: [{', '.join(step.value for step in steps)}]"
    others = [s for s in PolicyStep if s not in steps and _belongs(s, file)]
    for step in others:
        yield f"#   further: {step.value} ({STEPS[step][0]}, {STEPS[step][1]})"
    yield "# Sentences: what the documents rule and these steps cannot say."
    yield "not_modelled: []"
    yield "parameters:"


def _belongs(step: PolicyStep, file: _File) -> bool:
    if step is PolicyStep.DISEASE_LIMIT:
        return file.setting is Setting.CHRONIC
    of_employees = step in {PolicyStep.LARGE_AMOUNT, PolicyStep.ACCOUNT}
    return file.scheme_code == SCHEME_EMPLOYEE or not of_employees


def _parameters(file: _File, steps: tuple[PolicyStep, ...]) -> Iterator[str]:
    read = [spec for spec in SPECS if spec.step is None or spec.step in steps]
    for spec in read:
        if not spec.required:
            continue
        zh, en = PARAMETERS[spec.path]
        yield f"  # {zh} · {en}"
        yield f"  #   {form(spec)}"
        yield f"  {spec.path}:"
        yield f"    unit: {spec.unit.value}"
        by, keys = _table(file, spec)
        if by:
            yield f"    by: [{', '.join(by)}]"
        yield "    history:"
        yield f"      {file.start}:"
        yield from _value("        ", "value", keys, spec)
    optional = [spec for spec in read if not spec.required and _is_open(spec, file)]
    if optional:
        yield "  # Further parameters, each with a meaning when it is absent:"
    for spec in optional:
        zh, en = PARAMETERS[spec.path]
        yield f"  #   {spec.path} ({spec.unit.value}): {zh} · {en}"
        yield f"  #     {form(spec)}"


def _is_open(spec: AnySpec, file: _File) -> bool:
    return spec.path != "year_end" or file.setting is Setting.INPATIENT


def _table(file: _File, spec: AnySpec) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Returns the dimensions that the usual region tells apart, and their keys."""
    if spec is DEDUCTIBLE_AMOUNT:
        return ("level",), (_LEVELS,)
    if spec is SEGMENTS_SCALE and file.scheme_code == SCHEME_EMPLOYEE:
        return ("person", "level"), (_PERSONS[SCHEME_EMPLOYEE], _LEVELS)
    if spec is SEGMENTS_SCALE:
        return ("level",), (_LEVELS,)
    if spec is REDUCTION_FILED:
        return ("benefit_level",), (FILED_LEVELS,)
    return (), ()


def _value(
    indent: str, key: str, keys: tuple[tuple[str, ...], ...], spec: AnySpec
) -> Iterator[str]:
    name = f'"{key}"' if key.isdigit() else key
    if keys:
        yield f"{indent}{name}:"
        for below in keys[0]:
            yield from _value(indent + "  ", below, keys[1:], spec)
    elif spec.unit is Unit.SCALE:
        yield f"{indent}{name}:"
        yield f"{indent}  - above: 0.00"
        yield f"{indent}    ratio: {MARK}"
    else:
        yield f"{indent}{name}: {MARK}"


def _examples(region_code: str, start: date) -> str:
    care = next(code for code in _OTHER_PROVINCES if code[:2] != region_code[:2])
    return f"""\
# Worked examples: `yijie policy test FOLDER` computes each and compares to the fen.
- name: {MARK}
  source: {MARK}
  case:
    scheme: "310"
    setting: inpatient
    person: in_service
    level: "3"
    care: "{care}"
    benefit_level: LONG_TERM
    date: {start}
    full_self_pay: 0.00
    over_limit: 0.00
    prior_self_pay: 0.00
    in_scope: 20000.00
  expect:
    deductible: {MARK}
    funds:
      "310100": {MARK}
    fund_total: {MARK}
    account: 0.00
    cash: {MARK}
  arithmetic: {MARK}
"""
