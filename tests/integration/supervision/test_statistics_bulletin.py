"""Bulletins on PostgreSQL: frozen whole, read again byte for byte, refused with a reason."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database
from services.kit.feed import Batch
from services.supervision.audit.records import FEED, Records
from services.supervision.audit.usecases import Auditor
from services.supervision.domain.direct_rate import Settled
from services.supervision.ruleset_source import Shipped
from services.supervision.statistics import servicer
from tests.integration.supervision.harness import KEY
from tests.integration.supervision.statistics_world import (
    HOSPITAL,
    NINGXIA,
    World,
    cost,
    hospitals,
    pb,
    statistics_world,
    stay,
)
from tests.integration.supervision.tickets_world import Agency
from tests.support.rpc import refused
from tests.unit.supervision import auditing
from yijie.common.v1 import money_pb2

pytestmark = pytest.mark.postgres

MANUAL = Settled.MANUAL


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with statistics_world(database) as made:
        yield made


def make(month: str = "2026-03", **more: str):
    values = {"request_id": str(uuid4()), "maker_id": "wang", "checker_id": "li"}
    return pb.MakeBulletinRequest(month=month, **{**values, **more})


async def files_of(world: World, bulletin) -> dict[str, bytes]:
    found = {}
    for file in bulletin.files:
        request = pb.DownloadBulletinRequest(
            month=bulletin.month, edition=bulletin.edition, file_name=file.file_name
        )
        content = b""
        while True:
            answer = await world.call("DownloadBulletin", request)
            content += answer.content
            request.offset = answer.next_offset
            if not request.offset:
                break
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.size_bytes
        found[file.file_name] = content
    return found


async def test_a_bulletin_is_frozen(world: World) -> None:
    await hospitals(world)
    await world.upload_costs(cost(institution_code="H11010500001"))
    first = (await world.call("MakeBulletin", make())).bulletin
    assert (first.edition, first.note) == (1, "")
    files = await files_of(world, first)
    assert hashlib.sha256(files["figures.json"]).hexdigest() == first.digest
    assert "医院66" in files["06-suspects.csv"].decode()
    assert "需核查" in files["bulletin.html"].decode()
    index = files["13-cost-index-institutions.csv"].decode()
    assert "H11010500001,医院01,32,32,100.00,1000.00,8000.00,0.13" in index
    assert files["bulletin.pdf"].startswith(b"%PDF-")

    # What comes later changes the rates of now and not what was frozen.
    await world.keep(stay(MANUAL, 1, 5, 99_000_00))
    world.clock.advance(days=3)
    again = (await world.call("MakeBulletin", make())).bulletin
    assert again == first
    assert await files_of(world, again) == files

    # A file larger than an answer comes in parts.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servicer, "PART_BYTES", 10_000)
        assert await files_of(world, again) == files
    beyond = pb.DownloadBulletinRequest(
        month="2026-03", file_name="bulletin.pdf", offset=(1 << 63) - 1
    )
    answer = await world.call("DownloadBulletin", beyond)
    assert (answer.content, answer.next_offset) == (b"", 0)

    second = (await world.call("MakeBulletin", make(note="补报"))).bulletin
    assert (second.edition, second.note) == (2, "补报")
    assert second.digest != first.digest
    newest = await world.call("GetBulletin", pb.GetBulletinRequest(month="2026-03"))
    assert newest.bulletin == second
    old = await world.call("GetBulletin", pb.GetBulletinRequest(month="2026-03", edition=1))
    assert old.bulletin == first
    listed = await world.call("ListBulletins", pb.ListBulletinsRequest(page_size=1))
    assert [one.edition for one in listed.bulletins] == [2]
    listed = await world.call(
        "ListBulletins",
        pb.ListBulletinsRequest(page_size=1, page_token=listed.next_page_token),
    )
    assert [(one.edition, one.digest) for one in listed.bulletins] == [(1, first.digest)]
    assert listed.next_page_token == ""


async def test_a_bulletin_of_an_empty_month_says_what_is_missing(world: World) -> None:
    world.people.is_down = world.filings.is_down = True
    bulletin = (await world.call("MakeBulletin", make("2026-02"))).bulletin
    files = await files_of(world, bulletin)
    text = files["bulletin.html"].decode()
    assert "备案服务在冻结时没有答复" in text
    assert "没有出院并可计入的住院病例" in text


async def test_refused_bulletins(world: World) -> None:
    open_month = await refused(world.call("MakeBulletin", make("2026-04")))
    assert (open_month.reason, open_month.metadata) == (
        "BULLETIN_MONTH_OPEN",
        {"field": "month", "month": "2026-04"},
    )
    alone = await refused(world.call("MakeBulletin", make(checker_id="WANG")))
    assert alone.reason == "MAKER_IS_CHECKER"
    number = await refused(world.call("MakeBulletin", make(note="身份证 640104199001011234")))
    assert number.reason == "FIELD_INVALID"
    absent = pb.GetBulletinRequest(month="2026-03")
    assert (await refused(world.call("GetBulletin", absent))).reason == "RESOURCE_NOT_FOUND"
    await world.call("MakeBulletin", make())
    missing = pb.DownloadBulletinRequest(month="2026-03", file_name="nothing.csv")
    assert (await refused(world.call("DownloadBulletin", missing))).reason == "RESOURCE_NOT_FOUND"


async def test_a_province_may_read_a_bulletin(world: World) -> None:
    await world.call("MakeBulletin", make())
    answer = await world.servicer.GetBulletin(
        pb.GetBulletinRequest(month="2026-03"), Agency(NINGXIA)
    )
    assert answer.bulletin.edition == 1


async def test_a_month_begins_at_midnight_in_shanghai(world: World) -> None:
    world.clock.instant = datetime(2026, 4, 30, 15, 59, 59, tzinfo=UTC)
    assert (await refused(world.call("MakeBulletin", make("2026-04")))).reason == (
        "BULLETIN_MONTH_OPEN"
    )
    world.clock.advance(seconds=1)
    assert (await world.call("MakeBulletin", make("2026-04"))).bulletin.month == "2026-04"


async def test_visitors_are_held_against_locals_with_the_same_disease(world: World) -> None:
    # 异地：I10 2 例各 2,000 元，J18 1 例 9,000 元；本地只有 I10，次均 1,000 元
    # 指数 4,000 ÷ 2,000 = 2，可比 4,000 ÷ 13,000
    def bill(number: int, fen: int, diagnosis: str):
        one = auditing.bill(number, begin=number, days=3, medical_type="21", fen=fen, person=number)
        return replace(one, institution_code=HOSPITAL, diagnosis_codes=(diagnosis, "E11.900"))

    bills = [
        bill(1, 200_000, "I10.x00x002"),
        bill(2, 200_000, "I10.x00"),
        bill(3, 900_000, "J18.900"),
    ]
    await audited_bills(world, *bills)
    await world.upload_costs(
        cost("I10", case_count=5, total=money_pb2.Money(fen=500_000)), cost("K35")
    )
    bulletin = (await world.call("MakeBulletin", make())).bulletin
    files = await files_of(world, bulletin)
    (row,) = csv.DictReader(
        io.StringIO(files["13-cost-index-institutions.csv"].decode("utf-8-sig"))
    )
    assert (row["visitor_cases"], row["compared_cases"]) == ("3", "2")
    assert (row["index"], row["coverage_percent"]) == ("2.00", "30.77")
    assert (row["visitor_mean_yuan"], row["expected_mean_yuan"]) == ("2000.00", "1000.00")


async def audited_bills(world: World, *bills) -> None:
    cipher = FieldCipher(parse_keyring_text(KEY))
    auditor = Auditor(world.database, Records(world.database, cipher), Shipped(auditing.ruleset()))
    settled = tuple(auditing.settle(one) for one in bills)
    batch: Any = Batch(events=settled, cursor="1", last_event_time=None)
    await auditor.apply("", batch, feed=FEED, read=lambda one: one)
