"""Goal: an officer takes a month to its end with `yijie clearing`, and is told who is awaited."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from datetime import timedelta

import openpyxl
import orjson
import pytest

from services.clearing.app import running
from services.clearing.config import Config
from services.cli.clearing.checking import show_check
from services.cli.clearing.netting import show_netting
from services.cli.clearing.running import AWAITED, run_month
from services.cli.clearing.statement import write_statements
from services.cli.clearing.status import show_status
from services.cli.mesh import ENDPOINTS, MeshError
from services.cli.topology import Endpoint
from services.kit import log
from services.kit.config import load
from services.kit.errors import DomainError
from services.proving.clearing_year import command, monthly
from services.proving.clearing_year.command import Options, plan_of
from services.proving.clearing_year.journal import Journal, serving
from services.proving.clearing_year.months import starts
from services.proving.clearing_year.office import connected
from services.proving.clearing_year.reckoning import Reckoning
from services.proving.clearing_year.scene import MovedClock, Scene

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
SCHEMAS = ("clearing",)
MONTH = "2025-01"
PEOPLE = {"maker": "m1", "checker": "c1"}


@contextlib.asynccontextmanager
async def hub(dsn, folder):
    """A clearing service with three provinces' January behind it, where commands look for one."""
    plan = plan_of(Options(months=2, provinces=3, settlements=40))
    clock, journal = MovedClock(starts(MONTH)), Journal()
    # The service logs where the commands print.
    log.configure("clearing", "critical")
    async with (
        serving(journal) as port,
        running(load(Config, command._environ(dsn, port, "640000")), clock=clock) as server,
        connected(server.address, seed=1) as office,
    ):
        listening = int(server.address.rpartition(":")[2])
        endpoint = dataclasses.asdict(Endpoint(port=listening, metrics_port=0))
        (folder / ENDPOINTS).write_bytes(orjson.dumps({"clearing": endpoint}))
        reckoning = Reckoning(open_month=MONTH, untabled_month=MONTH)
        scene = Scene(plan, clock, journal, office, reckoning)
        await scene.pass_to(starts("2025-02") + timedelta(minutes=30))
        await monthly.cut(scene, MONTH)
        yield scene


async def test_a_month_from_its_cut_to_its_end(dsn, tmp_path, capfd):
    async def run() -> tuple[int, str]:
        code = await run_month(tmp_path, MONTH, **PEOPLE)
        return code, capfd.readouterr().err

    async with hub(dsn, tmp_path) as scene:
        assert await show_status(tmp_path, "", as_json=False) == 0
        listed = capfd.readouterr().out
        assert MONTH in listed
        assert "待对账确认 open" in listed
        await _no_file_is_written(tmp_path)

        assert await run_month(tmp_path, "2025-02", **PEOPLE) == AWAITED
        assert capfd.readouterr().err.splitlines() == [
            "  2025-02 未截止 not cut",
            "  等待 awaited：月末截止 the end of the month",
        ]
        code, said = await run()
        assert code == AWAITED
        assert "对账确认 reconcile：" in said
        assert all(care in said for care in {pair.care for pair in scene.reckoning.payable(MONTH)})

        await scene.pass_to(starts("2025-02") + timedelta(days=18))
        await monthly.confirm(scene, MONTH)
        code, said = await run()
        assert (code, "应付合计 payable" in said, "签章 sign" in said) == (AWAITED, True, True)

        await _files_are_written(tmp_path, capfd)
        await _netting_is_shown(tmp_path, capfd)

        scene.reckoning.make_tables()
        await monthly.sign(scene, MONTH)
        code, said = await run()
        assert code == AWAITED
        assert "份通知书 notices" in said
        assert "划拨 payment：" in said
        # Again: nothing is drawn up twice, and the same people are awaited.
        assert await run() == (code, said[said.rindex(f"  {MONTH}") :])

        scene.reckoning.issue_clearing(MONTH)
        money = monthly.Money(scene)
        await money.transfer(is_defaulting=False)
        await money.transfer(is_defaulting=False)
        code, said = await run()
        assert code == 0
        assert said.splitlines()[-1] == f"  {MONTH} 已关账 closed"
        capfd.readouterr()
        assert await show_status(tmp_path, MONTH, as_json=True) == 0
        status = orjson.loads(capfd.readouterr().out)
        assert status["month"]["state"] == "MONTH_STATE_CLOSED"
        assert await show_status(tmp_path, MONTH, as_json=False) == 0
        assert "已关账 closed" in capfd.readouterr().out
        assert await show_check(tmp_path, "", whole_chain=True, as_json=False) == 0
        checked = capfd.readouterr().out
        assert "清算表与账本" in checked
        assert "✓ 全部相符" in checked
        assert scene.findings.differences == []


async def _no_file_is_written(folder) -> None:
    with pytest.raises(DomainError) as refused:
        await write_statements(folder, MONTH, region="", form="csv", output=str(folder))
    assert refused.value.reason == "MONTH_NOT_TABLED"
    # Refused, and nothing is left behind.
    nowhere = folder / "nowhere"
    with pytest.raises(DomainError):
        await write_statements(folder, MONTH, region="all", form="csv", output=str(nowhere))
    assert not nowhere.exists()


async def _files_are_written(folder, capfd) -> None:
    capfd.readouterr()
    path = folder / "tables.xlsx"
    assert await write_statements(folder, MONTH, region="", form="xlsx", output=str(path)) == 0
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert book.sheetnames == ["1 全国清算表", "2 分省对", "3 核对"]
    everything = folder / "all"
    assert (
        await write_statements(folder, MONTH, region="all", form="csv", output=str(everything)) == 0
    )
    names = sorted(path.name for path in everything.iterdir())
    assert len(names) == 33
    assert "跨省异地就医清算表_640000宁夏回族自治区_2025年1月.csv" in names
    path = folder / "no" / "such" / "folder.csv"
    with pytest.raises(MeshError, match="there is no such folder"):
        await write_statements(folder, MONTH, region="", form="csv", output=str(path))
    # What ends in a slash is a folder, and is made.
    made = folder / "made"
    assert await write_statements(folder, MONTH, region="", form="csv", output=f"{made}/") == 0
    assert [path.name for path in made.iterdir()] == ["跨省异地就医清算表_全国_2025年1月.csv"]


async def _netting_is_shown(folder, capfd) -> None:
    capfd.readouterr()
    assert await show_netting(folder, MONTH, as_json=True) == 0
    answer = orjson.loads(capfd.readouterr().out)
    assert sum(int(one["net"]["fen"]) for one in answer["provinces"]) == 0
    assert await show_netting(folder, MONTH, as_json=False) == 0
    assert "轧差模拟" in capfd.readouterr().out


async def test_without_a_mesh_it_says_so(tmp_path):
    with pytest.raises(MeshError, match="no mesh runs"):
        await show_status(tmp_path, "", as_json=False)
