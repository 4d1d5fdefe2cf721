"""Goal: what a settlement pays follows its patient, place and diagnoses by the catalogue.

Method: a version with conditions, and a region's catalogue that a zone recognises, published to the
whole service on a real database.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.classification.model import PaymentRestriction, UseLimit
from tests.integration.settlement.stays import (
    DRUG_FEN,
    INTERIM,
    settle,
    settle_visit_request,
    stay,
)
from tests.integration.settlement.visits import Visits, line, refund
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


async def test_a_settled_bill_stays_as_its_version_split_it(world):
    request = settle_request()
    before = await settled(world, request)
    # Classes, and from a fee date that is long past: what was settled names its version and keeps.
    await publish(world, "v2", [item(BED, "C"), item(DRUG, "C")])
    again = await world.settle(request)
    assert again.settlement.settlement_id == before.settlement_id
    found = await world.get(settlement_id=before.settlement_id, view=pb.SETTLEMENT_VIEW_FULL)
    assert found == before
    assert found.catalogue_version == "640000@v1"
    await world.reverse(settlement_id=before.settlement_id)
    reversed_ = await world.get(settlement_id=before.settlement_id, view=pb.SETTLEMENT_VIEW_FULL)
    assert (reversed_.amounts, reversed_.lines) == (before.amounts, before.lines)
    assert reversed_.catalogue_version == "640000@v1"
    # Who settles it now is told what the catalogue says now.
    other = await settled(world, settle_request())
    assert other.catalogue_version == "640000@v2"
    assert other.amounts.full_self_pay.fen == TOTAL_FEN


async def test_a_stay_settled_in_the_middle_has_its_limits_once(world):
    limited = item(BED, "A", use_limits=(UseLimit(quantity=Decimal(12), period="bill"),))
    await publish(world, "v2", [limited, item(DRUG, "A")])
    visits = Visits(world)
    visit_id = await stay(world, discharged=False)
    # What is refunded before the part is settled uses nothing up.
    await visits.upload(visit_id, refund("bed-1", "bed", "-4"))
    part = settle_visit_request(visit_id, 6 * 8_000, INTERIM, until=date(2026, 3, 10))
    first = (await settle(world, part)).settlement
    assert first.amounts.in_scope.fen == 6 * 8_000
    await visits.upload(visit_id, line("late", quantity="8", fee_date=date(2026, 3, 9)))
    await visits.discharge(visit_id)
    rest = settle_visit_request(visit_id, 8 * 8_000 + DRUG_FEN)
    second = (await settle(world, rest)).settlement
    # Six of the eight are left of the limit.
    assert second.amounts.full_self_pay.fen == 2 * 8_000
    assert second.amounts.in_scope.fen == 6 * 8_000 + DRUG_FEN
    # Taken back and settled whole, it comes to the same.
    await world.reverse(settlement_id=second.settlement_id)
    await world.reverse(settlement_id=first.settlement_id)
    whole = settle_visit_request(visit_id, 14 * 8_000 + DRUG_FEN)
    assert (await settle(world, whole)).settlement.amounts.full_self_pay.fen == 2 * 8_000
