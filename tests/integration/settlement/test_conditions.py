"""Goal: what a settlement pays follows its patient, place and diagnoses by the catalogue.

Method: a version with conditions, and a region's catalogue that a zone recognises, published to the
whole service on a real database.
"""

from __future__ import annotations

import pytest

from services.classification.model import PaymentRestriction
from tests.integration.settlement.world import TOTAL_FEN, eventually, settle_request
from tests.support.callees import BED, DRUG, INSURED, item
from yijie.catalogue.v1 import catalogue_service_pb2 as catalogue_pb
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


def restricted(code: str, restriction: PaymentRestriction):
    return item(code, "A", restriction=restriction)


async def publish(world, version: str, items) -> None:
    await world.callees.catalogue.publish("640000", version, items)

    async def in_place() -> bool:
        response = await world.pre_settle()
        return f"640000@{version}" in response.settlement.catalogue_version

    await eventually(in_place)


async def settled(world, request):
    answer = await world.settle(request)
    return await world.get(
        settlement_id=answer.settlement.settlement_id, view=pb.SETTLEMENT_VIEW_FULL
    )


async def test_lines_that_do_not_meet_their_condition_are_self_paid(world):
    man = PaymentRestriction(sex="1")
    woman = PaymentRestriction(sex="2")
    request = settle_request()
    sex = "1" if request.patient.sex == bill_pb2.SEX_MALE else "2"
    met, unmet = (man, woman) if sex == "1" else (woman, man)
    await publish(world, "v2", [restricted(BED, met), restricted(DRUG, unmet)])
    settlement = await settled(world, request)
    by_code = {
        line.item_code: classified
        for line, classified in zip(request.bill.lines, settlement.lines, strict=True)
    }
    assert list(by_code[BED].unmet_restrictions) == []
    assert by_code[BED].split.in_scope == by_code[BED].split.total
    assert list(by_code[DRUG].unmet_restrictions) == ["SEX"]
    assert by_code[DRUG].split.full_self_pay == by_code[DRUG].split.total
    assert settlement.amounts.total.fen == TOTAL_FEN


async def test_a_zone_names_both_versions(world):
    zone = catalogue_pb.RecognitionZone(
        zone_id="a",
        province_codes=["640000", f"{INSURED[:2]}0000"],
        list_type_codes=["101"],
        applied=True,
    )
    zone.begin_date.year, zone.begin_date.month, zone.begin_date.day = 2016, 1, 1
    world.callees.catalogue.zones = [zone]
    home = f"{INSURED[:2]}0000"
    world.callees.catalogue.add(home, "h1", [item(DRUG, "A")])
    await publish(world, "v2", [item(BED, "A")])
    request = settle_request()
    settlement = await settled(world, request)
    assert settlement.catalogue_version == f"640000@v2+{home}@h1"
    by_code = {
        line.item_code: classified
        for line, classified in zip(request.bill.lines, settlement.lines, strict=True)
    }
    assert by_code[DRUG].recognised_region_code == home
    assert by_code[DRUG].split.in_scope == by_code[DRUG].split.total
