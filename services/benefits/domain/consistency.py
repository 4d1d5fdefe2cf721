"""What the parts of a policy file owe to each other: steps in order, and their parameters there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.benefits.domain import schema
from services.benefits.domain.model import Setting
from services.benefits.domain.schema import (
    PRECEDED_BY,
    SPECS,
    SUPPLEMENTS,
    DeductibleMode,
    Dimension,
    PolicyStep,
)
from services.kit.codes import SCHEME_EMPLOYEE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.benefits.domain.parameter import History
    from services.benefits.domain.place import Place

_FUNDS_ABOVE: Final = (
    PolicyStep.LARGE_AMOUNT,
    PolicyStep.CRITICAL_ILLNESS,
    *SUPPLEMENTS,
    PolicyStep.MEDICAL_AID,
)
_BEFORE: Final = {
    PolicyStep.AWAY_SELF_PAY: (PolicyStep.DEDUCTIBLE, PolicyStep.SEGMENTS),
    PolicyStep.SEGMENTS: _FUNDS_ABOVE,
    # What a disease's limit leaves of the pooled fund is what the cap counts.
    PolicyStep.DISEASE_LIMIT: (PolicyStep.POOLED_CAP, *_FUNDS_ABOVE),
    PolicyStep.POOLED_CAP: _FUNDS_ABOVE,
}
"""Which steps a step stands before, if both are there."""

_OF_EMPLOYEES: Final = (PolicyStep.LARGE_AMOUNT, PolicyStep.ACCOUNT)
_OF_STAYS: Final = (DeductibleMode.NTH_STAY, DeductibleMode.DECREASING_STAY)


def check_steps(at: Place, steps: tuple[PolicyStep, ...], *, scheme: str, setting: Setting) -> None:
    """Refuses steps that stand twice, in an order without meaning, or where they do not belong."""
    for place, step in enumerate(steps):
        here = at.item(place)
        before = steps[:place]
        if step in before:
            here.refuse(f"`{step.value}` stands twice", "list each step once")
        missing = [need for need in PRECEDED_BY[step] if need not in before]
        missing += [need for need in steps[place + 1 :] if step in _BEFORE.get(need, ())]
        if missing:
            here.refuse(f"`{step.value}` stands too early", f"put `{missing[0].value}` before it")
        if step in _OF_EMPLOYEES and scheme != SCHEME_EMPLOYEE:
            here.refuse(f"`{step.value}` is of employees", 'use it with scheme "310"')
        if step is PolicyStep.DISEASE_LIMIT and setting is not Setting.CHRONIC:
            here.refuse("`disease_limit` is of chronic diseases", "use it with setting chronic")
        if step is PolicyStep.LARGE_AMOUNT and PolicyStep.DISEASE_LIMIT in steps:
            # Bills above the cap would use up nothing of the limit, and each pay anew.
            here.refuse("`large_amount` does not go with `disease_limit`", "drop one of them")
        if step is PolicyStep.ACCOUNT and place + 1 < len(steps):
            here.refuse(
                "`account` is not last", "the account pays what the funds leave: put it last"
            )
    account_alone = setting is Setting.PHARMACY and steps == (PolicyStep.ACCOUNT,)
    if PolicyStep.SEGMENTS not in steps and not account_alone:
        at.refuse("has no `segments`", "without it no fund pays; list deductible, segments, …")


def check_file(
    at: Place,
    histories: Mapping[str, History],
    steps: tuple[PolicyStep, ...],
    setting: Setting,
) -> None:
    """Refuses a file that lacks what its steps read, or gives what none of them reads."""
    for spec in SPECS:
        used = spec.step is None or spec.step in steps
        if used and spec.required and spec.path not in histories:
            at.refuse(f"has no `{spec.path}`", "a listed step reads it: add it")
        if not used and spec.path in histories:
            name = spec.step.value if spec.step else ""
            at.child(spec.path).refuse("no listed step reads it", f"list `{name}` or drop it")
    _check_deductible(at, histories, setting)
    _check_year_end(at.child("year_end"), histories.get("year_end"), setting)
    _check_reduced(at.child(schema.REDUCTION_APPLIES_TO.path), histories, steps)
    pair = (schema.REDUCTION_TWO_WAY.path, schema.REDUCTION_TWO_WAY_COMMITMENT.path)
    for given, other in (pair, pair[::-1]):
        if given in histories and other not in histories:
            at.child(given).refuse(f"stands without `{other}`", "give both or neither")


def _check_deductible(at: Place, histories: Mapping[str, History], setting: Setting) -> None:
    modes = _values(histories.get(schema.DEDUCTIBLE_MODE.path))
    for mode in _OF_STAYS:
        if mode in modes and setting is not Setting.INPATIENT:
            at.child(schema.DEDUCTIBLE_MODE.path).refuse(
                f"{mode.value} counts stays", "use it with setting inpatient"
            )
    for spec in (schema.DEDUCTIBLE_STEP, schema.DEDUCTIBLE_FLOOR):
        if (DeductibleMode.DECREASING_STAY in modes) != (spec.path in histories):
            at.child(spec.path).refuse(
                "goes with mode decreasing_stay and with no other", "give both or neither"
            )
    amount = histories.get(schema.DEDUCTIBLE_AMOUNT.path)
    if amount and (DeductibleMode.NTH_STAY in modes) != (Dimension.STAY in amount.by):
        at.child(schema.DEDUCTIBLE_AMOUNT.path).refuse(
            "`by: [stay]` goes with mode nth_stay and with no other", "give both or neither"
        )


def _check_reduced(
    at: Place, histories: Mapping[str, History], steps: tuple[PolicyStep, ...]
) -> None:
    """Refuses a reduction of a step that the file does not have."""
    history = histories.get(schema.REDUCTION_APPLIES_TO.path)
    listed = {step.value for step in steps}
    for entry in history.entries if history else ():
        for cell in entry.cells.values():
            for step in sorted(one.value for one in cell.value):
                if step not in listed:
                    at.child(f"history.{entry.effective_from}").child("value").refuse(
                        f"names `{step}`, which is not among the steps", "drop it, or list the step"
                    )


def _values(history: History | None) -> set[Any]:
    if history is None:
        return set()
    return {cell.value for entry in history.entries for cell in entry.cells.values()}


def _check_year_end(at: Place, history: History | None, setting: Setting) -> None:
    """Refuses a choice that would be read before the bill's place in a table is known."""
    if history is None:
        return
    if setting is not Setting.INPATIENT:
        at.refuse("only stays last over a year's end", "drop it here")
    if history.by:
        at.refuse("is one value for everybody", "drop `by`")
