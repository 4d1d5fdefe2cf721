"""docs/policy.md alone is enough: its pack is checked, tested, published, and settles."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from google.type.decimal_pb2 import Decimal

from services.cli import cases
from services.kit.errors import RuleForbids
from services.kit.wire import write_date, write_money
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import settlement_pb2

pytestmark = pytest.mark.mesh

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
BLOCK = re.compile(
    r"^`packs/(?P<name>[^`]+)`\n\n```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
VISIT_DATE = date(2026, 7, 2)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The pack as the page describes it."""
    root = Path(tempfile.mkdtemp(prefix="yijie-docs-"))
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        file = root / block["name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block["text"], encoding="utf-8")
    yield root / "330200"
    shutil.rmtree(root)


async def yijie(*words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def person_of_ningbo() -> cases.DemoPerson:
    person = cases.people()["beijing"]
    message = person_pb2.Person()
    message.CopyFrom(person.message)
    message.name = "甬示例"
    message.cert_number = "330203197403189038"
    message.insurances[0].insured_region_code = "330200"
    card = person_pb2.Card()
    card.CopyFrom(person.card)
    card.card_number, card.issuing_region_code = "F33020009", "330200"
    return dataclasses.replace(person, key="ningbo", message=message, card=card)


def case_of(person: cases.DemoPerson) -> cases.DemoCase:
    """One line of class A in Tianjin: 19,000.00 in scope."""
    day = write_date(VISIT_DATE)
    institution = cases.institutions()["tianjin_tertiary"]
    line = bill_pb2.FeeLine(
        line_id="001",
        item_code="003107010210000",
        item_name="动态血压监测",
        fee_date=day,
        unit_price=Decimal(value="190.00"),
        quantity=Decimal(value="100"),
        amount=write_money(1_900_000),
    )
    return dataclasses.replace(
        cases.case("segments"),
        key="ningbo",
        person=person,
        credential=person.credential("card"),
        insured_region_code="330200",
        scheme_code="310",
        bill=settlement_pb2.Bill(
            care_region_code="120000",
            institution_code=institution.institution_code,
            hospital_level_code=institution.hospital_level_code,
            medical_type_code="21",
            begin_date=day,
            end_date=day,
            diagnoses=[bill_pb2.Diagnosis(diagnosis_code="I10.x00x002", main=True)],
            lines=[line],
            total=write_money(1_900_000),
        ),
    )


async def test_a_pack_written_from_the_page_settles_without_a_change_in_code(
    folder, running, province
):
    code, output = await yijie("policy", "check", str(folder))
    assert code == 0, output
    code, output = await yijie("policy", "test", str(folder))
    assert code == 0, output

    person = person_of_ningbo()
    persons = identity_service_pb2.UpsertPersonsRequest(
        request_id=str(uuid4()), persons=[person.message]
    )
    answer = await province.call(province.identity.UpsertPersons, persons)
    cards = identity_service_pb2.UpsertCardsRequest(request_id=str(uuid4()), cards=[person.card])
    cards.cards[0].person_id = answer.results[0].key
    answer = await province.call(province.identity.UpsertCards, cards)
    assert answer.results[0].key
    case = case_of(person)
    patient = await province.register(case)
    with pytest.raises(RuleForbids) as refused:
        await province.presettle(case, patient)
    assert refused.value.reason == "POLICY_NOT_COVERED"

    code, output = await yijie(
        "policy", "publish", str(folder), "--data-dir", str(running.data_dir)
    )
    assert code == 0, output
    # Of a county too: 海曙区 has the policy of 宁波, which it lies in.
    code, output = await yijie(
        *("policy", "explain", "330203", "310", "2026-07-02"), "--data-dir", str(running.data_dir)
    )
    assert code == 0, output
    assert "宁波市 Ningbo" in output
    settled = (await province.settle(case, patient, uuid4())).settlement
    # Not filed, from July: (19,000 - 800) x (0.88 - 0.20) = 12,376.00.
    paid = settled.adjudication
    assert [(f.fund_type_code, f.amount.fen) for f in paid.fund_payments] == [("310100", 1_237_600)]
    assert paid.cash_pay.fen + paid.account_pay.fen == 662_400
    assert paid.policy_version.startswith("330200@2026.11-")
    assert settled.sample

    code, output = await yijie(
        "explain", settled.settlement_id, "--data-dir", str(running.data_dir)
    )
    assert code == 0, output
    assert "12,376.00" in output or "12376.00" in output
    assert "示例政策，非正式文件" in output
