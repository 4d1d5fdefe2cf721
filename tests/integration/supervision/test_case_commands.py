"""Goal: an officer takes a case from a terminal from findings to a decision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import typer

from services.cli.mesh import ENDPOINTS
from services.cli.supervision import case_answers, case_desk
from services.cli.supervision.case_answers import Given
from services.cli.supervision.case_desk import Decision, Wanted
from services.kit.db import Database
from services.kit.errors import DomainError
from tests.integration.supervision.cases_world import (
    ANSWER,
    CARE,
    FIRST,
    PDF,
    SECOND,
    World,
    cases_world,
    doubt,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with cases_world(database) as made:
        port = int(made.address.rpartition(":")[2])
        endpoints = {"supervision": {"port": port, "metrics_port": 1}}
        (tmp_path / ENDPOINTS).write_bytes(orjson.dumps(endpoints))
        yield made


def decision(step: str, officer: str, *, confirmed: bool = True, opposite: str = "") -> Decision:
    return Decision(
        step=step,
        officer=officer,
        is_confirmed=confirmed,
        opposite=frozenset({opposite} - {""}),
        note="",
    )


async def test_an_officer_takes_a_case_through(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.settle(1, doubt("A"), doubt("B", "2", fen=20_000))
    case = await world.case_of(1)
    everything = Wanted(region="", state="", rule="", drawn=False, count=10)
    assert await case_desk.list_cases(tmp_path, everything, as_json=False) == 0
    listed = capsys.readouterr().out
    assert "A B" in listed
    assert case.case_id in listed
    second = case.findings[1].finding_id
    await case_desk.decide_case(tmp_path, case.case_id, decision("first", "w.1", opposite=second))
    await case_desk.decide_case(tmp_path, case.case_id, decision("second", "l.2"))
    await case_desk.write_opinion(tmp_path, case.case_id, tmp_path / "o.pdf")
    assert (tmp_path / "o.pdf").read_bytes().startswith(b"%PDF-")
    record = tmp_path / "病历首页.pdf"
    record.write_bytes(PDF)
    given = Given(officer="hospital.7", is_agreed=False, text="不同科室", documents=(record,))
    await case_answers.answer_case(tmp_path, case.case_id, given)
    assert "病历首页" in capsys.readouterr().out
    await world.decide(await world.case_of(1), ANSWER)
    with pytest.raises(DomainError) as caught:
        await case_desk.decide_case(tmp_path, case.case_id, decision("final", "w.1"))
    assert caught.value.reason == "CASE_SAME_PERSON"
    await case_desk.decide_case(tmp_path, case.case_id, decision("final", "z.3"))
    capsys.readouterr()
    await case_desk.show_case(tmp_path, case.case_id, as_json=False)
    shown = capsys.readouterr().out
    for text in ("已终审", "YJ110000-2026-000001", "60.00", "✓✓✓✓", "✗", "DISPUTED"):
        assert text in shown
    await case_desk.show_case(tmp_path, case.case_id, as_json=True)
    document = orjson.loads(capsys.readouterr().out)
    assert document["case"]["deduction"]["amount"]["fen"] == "6000"


async def test_a_sample_is_drawn_and_confirmed(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 8):
        await world.settle(number)
    await case_desk.draw_sample(
        tmp_path, region=CARE, rule="ITEM_DUPLICATE", seed="s", count=1, officer="w.1"
    )
    shown = capsys.readouterr().out
    assert "7 件中抽 5 件" in shown
    sample_id = shown.split("sample ")[1].split("：")[0]
    for drawn in await world.list(drawn_only=True):
        await case_desk.decide_case(tmp_path, drawn.case_id, decision("first", "w.1"))
    await case_desk.confirm_sample(tmp_path, sample_id, region=CARE, officer="w.1")
    assert "confirmed 2" in capsys.readouterr().out


async def test_an_exception_that_is_no_open_finding_decides_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.settle(1)
    case = await world.case_of(1)
    with pytest.raises(typer.Exit):
        await case_desk.decide_case(
            tmp_path, case.case_id, decision("first", "w.1", opposite=case.case_id)
        )
    assert "未作决定" in capsys.readouterr().err
    assert await world.state(1) == "FIRST_REVIEW"


async def test_a_document_that_is_none_is_refused_and_nothing_is_answered(
    world: World, tmp_path: Path
) -> None:
    await world.settle(1)
    await world.reach(1, ANSWER)
    await world.settle(2)
    await world.decide(await world.case_of(2), FIRST)
    await world.decide(await world.case_of(2), SECOND)
    case = await world.case_of(2)
    huge = tmp_path / "huge.pdf"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    program = tmp_path / "program.pdf"
    program.write_bytes(b"MZ" + PDF)
    for path, reason in ((huge, "DOCUMENT_TOO_LARGE"), (program, "DOCUMENT_TYPE_REFUSED")):
        given = Given(officer="hospital.7", is_agreed=True, text="", documents=(path,))
        with pytest.raises(DomainError) as caught:
            await case_answers.answer_case(tmp_path, case.case_id, given)
        assert caught.value.reason == reason
    assert await world.state(2) == "OPINION_SENT"
