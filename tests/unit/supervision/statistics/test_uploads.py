"""Goal: what an uploaded row does depends on what stands under its key, and on nothing else."""

from __future__ import annotations

import pytest

from services.kit.errors import DomainError
from services.supervision.domain.direct_rate import CareSetting
from services.supervision.domain.uploads import (
    Action,
    Kept,
    LocalKey,
    Step,
    decide,
    require_one_grouping,
)

STANDS, WITHDRAWN = Kept(1, False, b"a"), Kept(2, True, b"a")
ROW = ("2026-03", "H11010500001", CareSetting.INPATIENT)


@pytest.mark.parametrize(
    ("action", "content", "kept", "wanted"),
    [
        (Action.ADD, b"a", None, Step.APPEND),
        (Action.ADD, b"a", STANDS, Step.NOTHING),
        (Action.ADD, b"b", STANDS, "UPLOAD_DIFFERS"),
        (Action.ADD, b"b", WITHDRAWN, Step.APPEND),
        (Action.REPLACE, b"b", STANDS, Step.APPEND),
        (Action.REPLACE, b"a", STANDS, Step.APPEND),
        (Action.REPLACE, b"b", None, "UPLOAD_UNKNOWN"),
        (Action.REPLACE, b"b", WITHDRAWN, "UPLOAD_UNKNOWN"),
        (Action.WITHDRAW, b"b", STANDS, Step.APPEND_WITHDRAWN),
        (Action.WITHDRAW, b"b", WITHDRAWN, Step.NOTHING),
        (Action.WITHDRAW, b"b", None, "UPLOAD_UNKNOWN"),
    ],
)
def test_what_a_row_does(action, content, kept, wanted):
    if isinstance(wanted, Step):
        assert decide(action, content, kept, field="rows[0]") is wanted
        return
    with pytest.raises(DomainError) as caught:
        decide(action, content, kept, field="rows[0]")
    assert caught.value.reason == wanted
    assert caught.value.violations[0].field == "rows[0]"


@pytest.mark.parametrize(("group", "beside"), [("", "I21"), ("I21", "")])
def test_a_whole_and_its_parts_exclude_each_other(group, beside):
    with pytest.raises(DomainError) as caught:
        require_one_grouping(LocalKey(*ROW, group), [LocalKey(*ROW, beside)], field="rows[1]")
    assert caught.value.reason == "LOCAL_COST_GROUPED"


def test_parts_stand_beside_parts():
    require_one_grouping(
        LocalKey(*ROW, "I21"), [LocalKey(*ROW, "J18"), LocalKey(*ROW, "I21")], field=""
    )
