"""Goal: files of self-paid cases and of local costs go in row by row, and each bad row is told.

Method: the commands' engine against the real service on a database; identity is a hub that behaves
by the contract.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from services.cli.loading.command import Options, load_into
from services.cli.loading.local_costs import LocalCosts
from services.cli.loading.self_paid import SelfPaid
from services.cli.province import Province, connected
from services.cli.topology import SERVICES, Endpoint
from services.kit.db import Database
from tests.integration.supervision.statistics_world import (
    BEIJING,
    HOSPITAL,
    World,
    pb2,
    statistics_world,
)
from tests.unit.cli.loading import hub as hubs
from tests.unit.cli.loading.rows import job, number_of, refused_of, write
from yijie.identity.v1 import identity_service_pb2_grpc

pytestmark = pytest.mark.postgres

CASES = ",".join(column.name for column in SelfPaid.columns)
COSTS = ",".join(column.name for column in LocalCosts.columns)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with statistics_world(database) as made:
        yield made


@pytest.fixture
async def province(world: World) -> AsyncIterator[Province]:
    async with _identity() as port:
        here = int(world.address.rpartition(":")[2])
        endpoints = {
            name: Endpoint(here if name == "supervision" else port, 1) for name in SERVICES
        }
        async with connected(endpoints, "") as client:
            yield client


@contextlib.asynccontextmanager
async def _identity() -> AsyncIterator[int]:
    hub = hubs.Hub()
    hub.persons = {number_of(sequence): None for sequence in range(1, 20)}
    server = grpc.aio.server()
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(hubs.Identity(hub), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(grace=None)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(data_dir=tmp_path / "mesh")


def case(sequence: int, **changed: str) -> dict[str, str]:
    return {
        "institution_code": HOSPITAL,
        "institution_visit_number": f"ZY-{sequence}",
        "cert_number": number_of(sequence),
        "insured_region_code": "640104",
        "care_region_code": "110105",
        "medical_type_code": "21",
        "begin_date": "2026-03-02",
        "end_date": "20260309",
        "total_yuan": "12000.50",
        "reason": "patient_chose",
        "emergency": "",
        "action": "",
    } | changed


def local(group: str, **changed: str) -> dict[str, str]:
    return {
        "institution_code": HOSPITAL,
        "month": "2026-03",
        "setting": "inpatient",
        "disease_group_code": group,
        "case_count": "120",
        "total_yuan": "960000.00",
        "action": "",
    } | changed


def load(path: Path, kind, *, dry_run: bool = False):
    def make(province, ids):
        return kind(province, ids, region=BEIJING, dry_run=dry_run)

    return job(path, kind, make, BEIJING)


async def test_good_rows_go_in_and_each_bad_row_is_told(
    world: World, province: Province, options: Options, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "cases.csv",
        [
            case(1),
            case(2, total_yuan="12.345"),
            case(3, end_date="2026-02-30"),
            case(4, reason="because"),
            case(99),
            case(5, insured_region_code="110106"),
            case(6, care_region_code="310101"),
            case(7, institution_visit_number=""),
            case(8, end_date="2026-03-01"),
            case(9, action="replace"),
            case(1),
            case(1, total_yuan="1"),
            case(10, institution_code="H1"),
            case(11),
        ],
        CASES,
    )
    outcome = await load_into(province, load(path, SelfPaid), options)
    assert sorted(refused_of(path), key=lambda row: int(row[0])) == [
        ("3", "total_yuan", "FIELD_INVALID"),
        ("4", "end_date", "FIELD_INVALID"),
        ("5", "reason", "FIELD_INVALID"),
        ("6", "", "CREDENTIAL_UNKNOWN"),
        ("7", "insured_region_code", "NOT_CROSS_PROVINCE"),
        ("8", "care_region_code", "OTHER_PROVINCE"),
        ("9", "institution_visit_number", "FIELD_MISSING"),
        ("10", "end_date", "FIELD_INVALID"),
        ("11", "institution_visit_number", "UPLOAD_UNKNOWN"),
        ("13", "institution_visit_number", "UPLOAD_DIFFERS"),
        ("14", "institution_code", "FIELD_INVALID"),
    ]
    assert (outcome.rows_in, outcome.exit_code) == (3, 1)
    assert outcome.notes[0][0].startswith("3 例可直接结算")
    nation = (await world.rates(pb2.RATE_LEVEL_NATION))[""]
    assert (nation.self_paid_count, nation.self_paid.fen) == (2, 2 * 1_200_050)
    # The report may be sent on: it holds nothing that stood in the rows.
    listed = path.with_name("cases.csv.refused.csv").read_text("utf-8-sig")
    assert number_of(99) not in listed


async def test_the_same_file_again_changes_nothing(
    world: World, province: Province, options: Options, tmp_path: Path
) -> None:
    path = write(tmp_path / "cases.csv", [case(n) for n in range(1, 6)], CASES)
    for _ in range(2):
        assert (await load_into(province, load(path, SelfPaid), options)).exit_code == 0
    assert (await world.rates(pb2.RATE_LEVEL_NATION))[""].self_paid_count == 5
    kept = await world.database.fetchrow("/* test.count */ SELECT count(*) FROM self_paid_case")
    assert kept is not None
    assert kept[0] == 5


async def test_gbk_is_read_when_it_is_said_and_told_when_it_is_not(
    world: World, province: Province, options: Options, tmp_path: Path
) -> None:
    path = tmp_path / "cases.csv"
    plain = write(path, [case(1, institution_visit_number="门诊1")], CASES).read_text("utf-8")
    path.write_bytes(plain.encode("gb18030"))
    refused = await load_into(province, load(path, SelfPaid), options)
    assert refused.tally.counts == {"NOT_UTF8": 1}
    gbk = Options(data_dir=options.data_dir, encoding="gb18030")
    assert (await load_into(province, load(path, SelfPaid), gbk)).rows_in == 1


async def test_a_dry_run_keeps_nothing(
    world: World, province: Province, options: Options, tmp_path: Path
) -> None:
    path = write(tmp_path / "cases.csv", [case(1)], CASES)
    outcome = await load_into(province, load(path, SelfPaid, dry_run=True), options)
    assert outcome.exit_code == 0
    assert await world.rates(pb2.RATE_LEVEL_NATION) == {}


async def test_local_costs_row_by_row(
    world: World, province: Province, options: Options, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "costs.csv",
        [
            local("I21"),
            local("J18"),
            local(""),
            local("C34", case_count="1.5"),
            local("C34", setting="ward"),
            local("C34", month="2026-13"),
            local("I21", case_count="121"),
            local("c34"),
        ],
        COSTS,
    )
    outcome = await load_into(province, load(path, LocalCosts), options)
    assert sorted(refused_of(path)) == [
        ("4", "disease_group_code", "LOCAL_COST_GROUPED"),
        ("5", "case_count", "FIELD_INVALID"),
        ("6", "setting", "FIELD_INVALID"),
        ("7", "month", "FIELD_INVALID"),
        ("8", "institution_code", "UPLOAD_DIFFERS"),
        ("9", "disease_group_code", "FIELD_INVALID"),
    ]
    assert outcome.rows_in == 2
