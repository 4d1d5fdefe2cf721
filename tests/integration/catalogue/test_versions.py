"""Goal: versions by changes, dry runs, repetitions and comparisons do what their contract says.

Method: the whole service on a real PostgreSQL, called through its stub.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from services.classification.model import (
    AgeBound,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)
from services.classification.wire import read_item, write_item
from services.kit.wire import write_date
from tests.integration.catalogue.support import BED, DRUG, REGION, Client, refusals, served
from tests.support.rpc import read_status, refused
from yijie.catalogue.v1 import catalogue_pb2
from yijie.catalogue.v1 import catalogue_service_pb2 as pb
from yijie.common.v1 import bill_pb2

pytestmark = pytest.mark.postgres

CHANGE = date(2026, 1, 1)
EVE = date(2025, 12, 31)
FULL = replace(
    DRUG,
    prior_self_pays=(
        PriorSelfPay(person_type_code="12", ratio=Decimal("0.05")),
        PriorSelfPay(person_type_code="14", ratio=Decimal(0)),
    ),
    price_ceilings=(
        PriceCeiling(price_level_code="01", price_ceiling=Decimal("12.5")),
        PriceCeiling(price_level_code="03", price_ceiling=Decimal(9)),
    ),
    restriction=PaymentRestriction(
        sex="2",
        min_age=AgeBound(18, "year"),
        max_age=AgeBound(60, "year"),
        price_level_codes=("01", "02"),
        setting="inpatient",
        department_codes=("A03",),
        diagnosis_prefixes=("I63",),
        scheme_codes=("310",),
        requires_approval=True,
        text="限急性缺血性脑卒中患者",
    ),
    use_limits=(UseLimit(quantity=Decimal(14), period="bill"),),
)


@pytest.fixture
async def client(dsn) -> AsyncIterator[Client]:
    async with served(dsn) as found:
        yield found


async def items_of(client, version):
    return [read_item(item, "items") for item in await client.items(version)]


async def test_every_new_field_is_stored_and_answered(client):
    assert (await client.load(FULL)).accepted_count == 1
    assert await items_of(client, "v1") == [FULL]
    for list_type in ("104", "105"):
        answer = await client.load(replace(FULL, list_type_code=list_type), version=list_type)
        assert answer.published_version.item_count == 1


async def test_changes_cut_the_base_the_day_before_and_begin_on_the_date(client):
    other = replace(BED, item_code="001109000030100")
    later = replace(BED, item_code="001109000030200", begin_date=date(2026, 6, 1))
    await client.load(BED, DRUG, other, later)
    changed = replace(BED, begin_date=CHANGE, price_ceiling=Decimal(90))
    new = replace(BED, item_code="001109000030300", begin_date=date(2026, 2, 1))
    first = await client.load(
        changed, version="v2", base_version="v1", effective_date=CHANGE, publish=False
    )
    assert not first.HasField("published_version")
    assert (await refused(client.items("v2"))).reason == "CATALOGUE_NOT_PUBLISHED"
    last = await client.load(
        new,
        version="v2",
        base_version="v1",
        effective_date=CHANGE,
        withdrawn=[DRUG.item_code, later.item_code],
    )
    published = last.published_version
    assert (published.base_version, published.item_count) == ("v1", 5)
    assert published.effective_date == write_date(CHANGE)
    assert await items_of(client, "v2") == [
        replace(BED, end_date=EVE),
        changed,
        other,
        new,
        replace(DRUG, end_date=EVE),
    ]
    # The base stays as it was.
    assert await items_of(client, "v1") == [BED, other, later, DRUG]


@pytest.mark.parametrize(
    ("options", "reason", "fields"),
    [
        ({"base_version": "v1"}, "FIELD_INVALID", ["effective_date"]),
        ({"effective_date": CHANGE}, "FIELD_INVALID", ["effective_date"]),
        ({"withdrawn": ["001109000030000"]}, "FIELD_INVALID", ["withdrawn_item_codes"]),
        (
            {"base_version": "v0", "effective_date": CHANGE},
            "CATALOGUE_NOT_PUBLISHED",
            ["base_version"],
        ),
        ({"base_version": "v2", "effective_date": CHANGE}, "FIELD_INVALID", ["base_version"]),
        ({"base_version": "版", "effective_date": CHANGE}, "FIELD_INVALID", ["base_version"]),
        ({"base_version": "v1", "effective_date": CHANGE}, "FIELD_INVALID", ["items"]),
    ],
)
async def test_changes_that_say_too_little_are_refused_whole(client, options, reason, fields):
    await client.load(BED)
    refusal = await refused(client.load(version="v2", **options))
    assert (refusal.reason, refusal.fields) == (reason, fields)


async def test_every_batch_states_the_same_base_and_date(client):
    await client.load(BED)
    await client.load(DRUG, version="other")
    draft = {"version": "v2", "publish": False}
    new = replace(DRUG, begin_date=CHANGE)
    await client.load(new, base_version="v1", effective_date=CHANGE, **draft)
    for options, field in (
        ({}, "base_version"),
        ({"base_version": "other", "effective_date": CHANGE}, "base_version"),
        ({"base_version": "v1", "effective_date": EVE}, "effective_date"),
    ):
        assert (await refused(client.load(new, **draft, **options))).fields == [field]


async def test_entries_and_withdrawals_that_do_not_fit_are_refused_by_row(client):
    await client.load(BED, replace(DRUG, end_date=EVE))
    answer = await client.load(
        replace(BED, begin_date=EVE),
        replace(DRUG, begin_date=CHANGE),
        version="v2",
        base_version="v1",
        effective_date=CHANGE,
        withdrawn=["床", "", DRUG.item_code, "001109000030900", BED.item_code, BED.item_code],
    )
    assert refusals(answer.refused_items) == {
        0: ("FIELD_INVALID", ["items[0].begin_date"]),
    }
    assert {
        each.index: read_status(each.error).message.partition(": ")[2]
        for each in answer.refused_withdrawals
    } == {
        0: "6 to 50 of 0-9 A-Z - are required",
        1: "6 to 50 of 0-9 A-Z - are required",
        2: "the version has an entry of this item as well",
        3: "the base version does not list it on effective_date or later",
        5: "withdrawn already",
    }
    assert not answer.HasField("published_version")
    again = await client.load(
        replace(BED, begin_date=CHANGE),
        version="v2",
        base_version="v1",
        effective_date=CHANGE,
        withdrawn=[BED.item_code],
    )
    assert refusals(again.refused_items) == {0: ("FIELD_INVALID", ["items[0].item_code"])}
    assert len(again.refused_withdrawals) == 1


async def test_withdrawing_everything_is_refused(client):
    await client.load(replace(BED, begin_date=CHANGE))
    refusal = await refused(
        client.load(
            version="v2", base_version="v1", effective_date=CHANGE, withdrawn=[BED.item_code]
        )
    )
    assert refusal.fields == ["withdrawn_item_codes"]


async def test_a_dry_run_checks_everything_and_keeps_nothing(client):
    request_id = str(uuid4())
    answer = await client.load(
        BED, replace(DRUG, name=""), DRUG, dry_run=True, request_id=request_id
    )
    assert answer.accepted_count == 2
    assert list(refusals(answer.refused_items)) == [1]
    good = await client.load(BED, dry_run=True, request_id=request_id)
    assert (good.accepted_count, good.HasField("published_version")) == (1, False)
    assert (await refused(client.items("v1"))).reason == "CATALOGUE_NOT_PUBLISHED"
    assert (await refused(client.load(dry_run=True))).fields == ["items"]
    published = await client.load(BED, request_id=request_id)
    assert published.published_version.item_count == 1
    refusal = await refused(client.load(DRUG, dry_run=True))
    assert refusal.reason == "CATALOGUE_VERSION_PUBLISHED"


def spoiled(**fields):
    """Returns the message of FULL with some fields replaced."""
    message = write_item(FULL)
    for path, value in fields.items():
        *parents, name = path.split("__")
        target = message
        for parent in parents:
            target = getattr(target, parent) if not parent.isdigit() else target[int(parent)]
        if value is None:
            target.ClearField(name)
        else:
            setattr(target, name, value)
    return message


WRONG = (
    ({"item_code": ""}, "item_code"),
    ({"item_code": "xb01"}, "item_code"),
    ({"item_code": "XB01AXA223B00101010026"}, "item_code"),
    ({"name": ""}, "name"),
    ({"name": "字" * 201}, "name"),
    ({"name": "奥\x00扎"}, "name"),
    ({"list_type_code": "106"}, "list_type_code"),
    ({"list_type_code": "201"}, "list_type_code"),
    ({"list_type_code": "301"}, "list_type_code"),
    ({"charge_category_code": "15"}, "charge_category_code"),
    ({"catalogue_class": 0}, "catalogue_class"),
    ({"catalogue_class": 9}, "catalogue_class"),
    ({"prior_self_pay_ratio": None}, "prior_self_pay_ratio"),
    ({"prior_self_pay_ratio__value": "1.1"}, "prior_self_pay_ratio"),
    ({"prior_self_pay_ratio__value": "-0.1"}, "prior_self_pay_ratio"),
    ({"prior_self_pay_ratio__value": "0.00001"}, "prior_self_pay_ratio"),
    ({"prior_self_pay_ratio__value": "ten"}, "prior_self_pay_ratio"),
    ({"price_ceiling__value": "-1"}, "price_ceiling"),
    ({"price_ceiling__value": "1.0000001"}, "price_ceiling"),
    ({"price_ceiling__value": "1", "over_ceiling": 0}, "over_ceiling"),
    ({"over_ceiling": 7}, "over_ceiling"),
    ({"begin_date": None}, "begin_date"),
    ({"begin_date__month": 13}, "begin_date"),
    ({"end_date__day": 40}, "end_date"),
    ({"end_date__year": 2016, "end_date__month": 1, "end_date__day": 1}, "end_date"),
    ({"prior_self_pays__0__person_type_code": "99"}, "prior_self_pays[0].person_type_code"),
    ({"prior_self_pays__1__person_type_code": "12"}, "prior_self_pays[1].person_type_code"),
    ({"prior_self_pays__1__ratio__value": "2"}, "prior_self_pays[1].ratio"),
    ({"price_ceilings__0__price_level_code": "12"}, "price_ceilings[0].price_level_code"),
    ({"price_ceilings__1__price_level_code": "01"}, "price_ceilings[1].price_level_code"),
    ({"price_ceilings__0__price_ceiling__value": "-3"}, "price_ceilings[0].price_ceiling"),
    ({"restriction__sex": 8}, "restriction.sex"),
    ({"restriction__min_age__unit": 0}, "restriction.min_age.unit"),
    ({"restriction__max_age__number": 18}, "restriction.max_age"),
    ({"restriction__setting": 9}, "restriction.setting"),
    ({"restriction__text": "限\x00"}, "restriction.text"),
    ({"use_limits__0__quantity__value": "0"}, "use_limits[0].quantity"),
    ({"use_limits__0__period": 0}, "use_limits[0].period"),
    ({"specification": "规" * 101}, "specification"),
    ({"specification": "40mg\x07"}, "specification"),
    ({"unit": "支" * 21}, "unit"),
    ({"unit": "支\n"}, "unit"),
)


async def test_rows_with_one_wrong_field_are_refused_alone_and_named(client):
    answer = await client.load(BED, *(spoiled(**fields) for fields, _at in WRONG), publish=False)
    assert answer.accepted_count == 1
    assert refusals(answer.refused_items) == {
        index: ("FIELD_INVALID", [f"items[{index}].{at}"])
        for index, (_fields, at) in enumerate(WRONG, start=1)
    }


async def test_a_share_outside_class_b_and_a_bad_list_are_named(client):
    broken = write_item(replace(FULL, catalogue_class="A", prior_self_pay_ratio=Decimal(0)))
    listed = write_item(FULL)
    listed.restriction.price_level_codes.append("99")
    listed.restriction.scheme_codes.append("999")
    listed.restriction.diagnosis_prefixes.append("I6")
    listed.restriction.department_codes.append("!")
    empty = catalogue_pb2.CatalogueItem()
    answer = await client.load(broken, listed, empty, publish=False)
    found = refusals(answer.refused_items)
    assert found[0] == ("FIELD_INVALID", ["items[0].prior_self_pays"])
    assert found[1][1][0].startswith("items[1].restriction.")
    # Many wrong fields: the first of them are named, so that 5,000 such rows fit an answer.
    assert len(found[2][1]) == 5


async def test_a_batch_of_wrong_rows_only_is_answered(client):
    message = catalogue_pb2.CatalogueItem(name="x")
    answer = await client.load(*[message] * 5000)
    assert len(answer.refused_items) == 5000
    assert answer.ByteSize() < 4 * 1024 * 1024


async def test_republishing_gives_the_same_content_a_new_label(client):
    await client.load(BED, DRUG)
    await client.load(FULL, version="v2")
    request_id = str(uuid4())
    answer = await client.republish("v1", "v3", request_id=request_id)
    assert answer.version.base_version == "v1"
    assert (answer.version.item_count, answer.version.publication_sequence) == (2, 3)
    assert not answer.version.HasField("effective_date")
    assert await items_of(client, "v3") == await items_of(client, "v1")
    assert await client.republish("v1", "v3", request_id=request_id) == answer
    assert (await refused(client.republish("v1", "v2"))).reason == "CATALOGUE_VERSION_PUBLISHED"
    unknown = await refused(client.republish("v9", "v4"))
    assert (unknown.reason, unknown.fields) == ("CATALOGUE_NOT_PUBLISHED", ["from_version"])
    await client.load(BED, version="draft", publish=False)
    assert (await refused(client.republish("v1", "draft"))).fields == ["version"]
    reused = await refused(client.republish("v1", "v5", request_id=request_id))
    assert reused.reason == "REQUEST_ID_REUSED"


async def test_versions_are_listed_newest_first_by_pages(client):
    for number in range(5):
        await client.load(BED, version=f"v{number}")
    await client.load(BED, version="draft", publish=False)
    await client.load(BED, region="110000")
    request = pb.ListVersionsRequest(region_code=REGION, page_size=2)
    found = []
    while True:
        page = await client.catalogue.ListVersions(request, timeout=20)
        found.append([version.version for version in page.versions])
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert found == [["v4", "v3"], ["v2", "v1"], ["v0"]]
    request.region_code, request.page_token = "110000", "nonsense"
    refusal = await refused(client.catalogue.ListVersions(request, timeout=20))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


def kinds(answer):
    """Returns {code: (kind, fields)} of differences."""
    return {
        each.item_code: (
            pb.DifferenceKind.Name(each.kind).removeprefix("DIFFERENCE_KIND_"),
            list(each.changed_fields),
        )
        for each in answer.differences
    }


async def test_two_versions_are_compared_by_history_and_by_day(client):
    same = replace(BED, item_code="001109000030100")
    renamed = replace(BED, item_code="001109000030200")
    await client.load(BED, DRUG, same, renamed)
    await client.load(
        replace(BED, begin_date=CHANGE, price_ceiling=Decimal(90)),
        replace(FULL, item_code="XB01AXA223B001010100270", begin_date=CHANGE),
        replace(renamed, begin_date=CHANGE, name="重症监护床位费"),
        version="v2",
        base_version="v1",
        effective_date=CHANGE,
        withdrawn=[DRUG.item_code],
    )
    new = "XB01AXA223B001010100270"
    answer = await client.compare(version="v2", other_version="v1")
    assert kinds(answer) == {
        BED.item_code: ("CONFLICT", ["price_ceiling", "begin_date", "end_date"]),
        renamed.item_code: ("CONFLICT", ["name", "begin_date", "end_date"]),
        DRUG.item_code: ("CONFLICT", ["end_date"]),
        new: ("ONLY_HERE", []),
    }
    assert answer.summary == pb.DifferenceSummary(only_here_count=1, conflict_count=3, same_count=1)
    bed = answer.differences[0]
    assert [len(bed.items), len(bed.other_items)] == [2, 1]
    before = await client.compare(version="v2", other_version="v1", on_date=EVE)
    assert kinds(before) == {}
    assert before.summary.same_count == 4
    after = await client.compare(version="v2", other_version="v1", on_date=CHANGE)
    assert kinds(after) == {
        BED.item_code: ("CONFLICT", ["price_ceiling"]),
        renamed.item_code: ("CONFLICT", ["name"]),
        DRUG.item_code: ("ONLY_THERE", []),
        new: ("ONLY_HERE", []),
    }
    drugs = await client.compare(
        version="v2", other_version="v1", on_date=CHANGE, list_type_code="101"
    )
    assert set(kinds(drugs)) == {DRUG.item_code, new}


async def test_equal_values_written_otherwise_are_no_difference(client):
    await client.load(FULL)
    swapped = write_item(FULL)
    swapped.prior_self_pay_ratio.value = "0.1000"
    shares = list(swapped.prior_self_pays)
    del swapped.prior_self_pays[:]
    swapped.prior_self_pays.extend(reversed(shares))
    swapped.price_ceilings[0].price_ceiling.value = "12.500"
    await client.load(swapped, version="v2")
    assert (await client.compare(version="v1", other_version="v2")).summary.same_count == 1


async def test_regions_are_compared_on_a_day_with_the_zone_that_would_recognise(client):
    herb = replace(DRUG, item_code="T001700657", list_type_code="103", charge_category_code="10")
    await client.load(BED, DRUG, herb, region="310000")
    await client.load(
        replace(BED, name="床位", price_ceiling=Decimal(70), sample=False),
        region="330000",
        version="z1",
    )
    request = {"region_code": "310000", "other_region_code": "330000"}
    refusal = await refused(client.compare(**request))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["on_date"])
    answer = await client.compare(on_date=date(2026, 5, 1), **request)
    assert kinds(answer) == {
        BED.item_code: ("CONFLICT", ["price_ceiling"]),
        herb.item_code: ("ONLY_HERE", []),
        DRUG.item_code: ("ONLY_HERE", []),
    }
    zones = {each.item_code: each.zone_id for each in answer.differences}
    assert zones == {BED.item_code: "", herb.item_code: "", DRUG.item_code: "yangtze-delta"}
    earlier = await client.compare(on_date=date(2025, 5, 1), **request)
    assert {each.zone_id for each in earlier.differences} == {""}
    missing = await refused(
        client.compare(region_code="310000", other_region_code="110000", on_date=CHANGE)
    )
    assert (missing.reason, missing.fields) == ("CATALOGUE_NOT_PUBLISHED", ["other_version"])


async def test_pages_of_differences_stay_on_the_first_page_s_versions(client):
    items = [replace(BED, item_code=f"0011090000{number:05d}") for number in range(7)]
    await client.load(*items)
    await client.load(DRUG, version="v2")
    page = await client.compare(version="v1", page_size=3)
    await client.load(*items, version="v3")
    found, summaries = [each.item_code for each in page.differences], [page.HasField("summary")]
    token = page.next_page_token
    while token:
        page = await client.compare(version="v1", page_size=3, page_token=token)
        found.extend(each.item_code for each in page.differences)
        summaries.append(page.HasField("summary"))
        token = page.next_page_token
    assert found == [*(item.item_code for item in items), DRUG.item_code]
    assert summaries == [True, False, False]
    refusal = await refused(client.compare(version="v1", page_token="AA=="))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_reference_codes_are_listed_by_prefix_and_name(client):
    request = pb.ListReferenceCodesRequest(
        kind=pb.REFERENCE_KIND_DIAGNOSIS, code_prefix="A00", page_size=2
    )
    first = await client.catalogue.ListReferenceCodes(request, timeout=20)
    assert [code.code for code in first.codes] == ["A00.000", "A00.000x001"]
    request.page_token = first.next_page_token
    second = await client.catalogue.ListReferenceCodes(request, timeout=20)
    assert second.codes[0].code > "A00.000x001"
    assert all(code.code.startswith("A00") for code in second.codes)
    for kind, word in (
        (pb.REFERENCE_KIND_DRUG, "奥扎格雷"),
        (pb.REFERENCE_KIND_SERVICE_ITEM, "诊查费"),
        (pb.REFERENCE_KIND_CONSUMABLE_CLASS, "穿刺"),
        (pb.REFERENCE_KIND_CHRONIC_DISEASE, "糖尿病"),
        (pb.REFERENCE_KIND_OPERATION, "超声"),
    ):
        found = await client.catalogue.ListReferenceCodes(
            pb.ListReferenceCodesRequest(kind=kind, name_contains=word), timeout=20
        )
        assert found.codes
        assert all(word in code.name for code in found.codes)
    bad = pb.ListReferenceCodesRequest(kind=pb.REFERENCE_KIND_DRUG, page_token="x")
    refusal = await refused(client.catalogue.ListReferenceCodes(bad, timeout=20))
    assert refusal.reason == "PAGE_TOKEN_INVALID"
    none = pb.ListReferenceCodesRequest()
    assert (await refused(client.catalogue.ListReferenceCodes(none, timeout=20))).fields == ["kind"]


async def test_zones_are_listed_as_of_a_day(client):
    request = pb.ListZonesRequest(page_size=2)
    first = await client.catalogue.ListZones(request, timeout=20)
    assert [zone.zone_id for zone in first.zones] == ["beijing-tianjin-hebei", "sichuan-chongqing"]
    request.page_token = first.next_page_token
    second = await client.catalogue.ListZones(request, timeout=20)
    (delta,) = second.zones
    assert (delta.name_zh, delta.applied, delta.sample) == ("长三角", False, True)
    assert list(delta.province_codes) == ["310000", "320000", "330000", "340000"]
    early = pb.ListZonesRequest(on_date=write_date(date(2020, 1, 1)))
    assert not (await client.catalogue.ListZones(early, timeout=20)).zones


async def test_a_restriction_that_states_nothing_and_an_unknown_region_are_handled(client):
    bare = write_item(BED)
    bare.restriction.SetInParent()
    assert (await client.load(bare)).accepted_count == 1
    assert (await client.items("v1"))[0].catalogue_class == bill_pb2.CATALOGUE_CLASS_A
    assert (await refused(client.load(BED, region="170000"))).reason == "REGION_UNKNOWN"
