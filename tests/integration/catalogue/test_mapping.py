"""Goal: codes of hospitals and regions map to national ones as MappingService's contract says.

Method: the whole service on a real PostgreSQL, on a fixed day, called through its stub.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import asyncpg
import grpc
import pytest

from services.kit.wire import write_date
from tests.integration.catalogue.support import (
    BED,
    DRUG,
    FULL,
    HOSPITAL,
    OTHER_BED,
    PHARMACY,
    REGION,
    Client,
    entry,
    owner_of,
    refusals,
    served,
    three_stages,
)
from tests.support.rpc import read_refusal, refused
from yijie.catalogue.v1 import mapping_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def client(dsn) -> AsyncIterator[Client]:
    async with served(dsn) as found:
        yield found


async def resolve(client, *codes, on_date=None, institution=HOSPITAL):
    request = pb.ResolveCodesRequest(institution_code=institution, source_codes=codes)
    if on_date is not None:
        request.on_date.CopyFrom(write_date(on_date))
    answer = await client.mapping.ResolveCodes(request, timeout=20)
    assert [found.source_code for found in answer.codes] == list(codes)
    return [
        (
            pb.ResolveState.Name(found.state).removeprefix("RESOLVE_STATE_"),
            found.region_code_item,
            found.item_code,
        )
        for found in answer.codes
    ]


async def test_three_stages_resolve_as_of_a_day(client):
    assert await resolve(client, "1") == [("UNKNOWN", "", "")]
    await three_stages(client)
    assert await resolve(client, "1", "3", "4", "5", "6", "7", "8", "1") == [
        ("RESOLVED", "NX-BED", BED.item_code),
        ("RESOLVED", "NX-DRUG", DRUG.item_code),
        ("NOT_LISTED", "NX-NEW", "001109000030900"),
        ("NO_NATIONAL_CODE", "NX-OPEN", ""),
        ("NO_REGION_CODE", "", ""),
        ("NO_REGION_CODE", "", ""),
        ("UNKNOWN", "", ""),
        ("RESOLVED", "NX-BED", BED.item_code),
    ]
    for day, item_code in (
        (date(2025, 12, 31), OTHER_BED.item_code),
        (date(2026, 1, 1), BED.item_code),
    ):
        assert await resolve(client, "2", on_date=day) == [("RESOLVED", "NX-BED2", item_code)]
    assert await resolve(client, "1", on_date=date(2019, 12, 31)) == [("NO_REGION_CODE", "", "")]
    answer = await client.mapping.ResolveCodes(
        pb.ResolveCodesRequest(institution_code=HOSPITAL, source_codes=["1"]), timeout=20
    )
    assert answer.codes[0].mapping_version == "m1/m1"


async def test_full_replacement_resolves_to_national_codes_at_once(client):
    await client.load(DRUG)
    answer = await client.map(
        PHARMACY,
        entry("A1", DRUG.item_code, list_type="101"),
        entry("A2", "XB01AXA223B001010100270", list_type="101"),
        entry("A3"),
        mode=FULL,
    )
    assert answer.published_version.mode == FULL
    assert await resolve(client, "A1", "A2", "A3", institution=PHARMACY) == [
        ("RESOLVED", "", DRUG.item_code),
        ("NOT_LISTED", "", "XB01AXA223B001010100270"),
        ("NO_REGION_CODE", "", ""),
    ]


def spoiled(**fields):
    """Returns a good entry with one field replaced."""
    message = entry("S1", BED.item_code, price="1", fen=1)
    for path, value in fields.items():
        *parents, name = path.split("__")
        target = message
        for parent in parents:
            target = getattr(target, parent)
        if value is None:
            target.ClearField(name)
        else:
            setattr(target, name, value)
    return message


WRONG = (
    ({"source_code": ""}, "source_code"),
    ({"source_code": "床位"}, "source_code"),
    ({"source_code": "x" * 51}, "source_code"),
    ({"source_name": ""}, "source_name"),
    ({"source_name": "字" * 201}, "source_name"),
    ({"source_name": "床\x00位"}, "source_name"),
    ({"target_code": "编码"}, "target_code"),
    ({"target_code": DRUG.item_code}, "target_code"),
    ({"list_type_code": ""}, "list_type_code"),
    ({"list_type_code": "401"}, "list_type_code"),
    ({"begin_date": None}, "begin_date"),
    ({"begin_date__day": 32}, "begin_date"),
    ({"end_date__month": 13}, "end_date"),
    ({"end_date__year": 2019, "end_date__month": 1, "end_date__day": 1}, "end_date"),
    ({"specification": "规" * 101}, "specification"),
    ({"specification": "\x01"}, "specification"),
    ({"unit_price__value": "-1"}, "unit_price"),
    ({"unit_price__value": "1.0000001"}, "unit_price"),
    ({"unit_price__value": "1e3"}, "unit_price"),
    ({"period_amount__fen": -1}, "period_amount"),
    ({"period_amount__fen": 10**13}, "period_amount"),
)


async def test_rows_with_one_wrong_field_are_refused_alone_and_named(client):
    answer = await client.map(
        REGION,
        entry("S1", BED.item_code),
        *(spoiled(**fields) for fields, _at in WRONG),
        entry("S2", "NOT-NATIONAL"),
        entry("S1", BED.item_code, begin=date(2025, 1, 1)),
    )
    found = refusals(answer.refused_entries)
    last = len(WRONG) + 1
    assert found.pop(last) == ("MAPPING_TARGET_UNKNOWN", [f"entries[{last}].target_code"])
    assert found.pop(last + 1) == ("MAPPING_PERIOD_OVERLAP", [f"entries[{last + 1}].begin_date"])
    assert found == {
        index: ("FIELD_INVALID", [f"entries[{index}].{at}"])
        for index, (_fields, at) in enumerate(WRONG, start=1)
    }
    assert (answer.accepted_count, answer.HasField("published_version")) == (1, False)
    # The good row stays: the mended rest publishes it.
    mended = await client.map(REGION, entry("S2", OTHER_BED.item_code))
    assert mended.published_version.entry_count == 2


async def test_targets_of_three_stages_are_codes_of_the_region(client):
    early = await client.map(HOSPITAL, entry("1", "NX-BED"))
    assert refusals(early.refused_entries) == {
        0: ("MAPPING_TARGET_UNKNOWN", ["entries[0].target_code"])
    }
    await client.map(REGION, entry("NX-BED", BED.item_code))
    answer = await client.map(HOSPITAL, entry("1", "NX-BED"), entry("2", BED.item_code))
    assert refusals(answer.refused_entries) == {
        1: ("MAPPING_TARGET_UNKNOWN", ["entries[1].target_code"])
    }


async def test_a_dry_run_keeps_nothing_and_a_published_version_takes_nothing(client, dsn):
    answer = await client.map(REGION, entry("S1", BED.item_code), dry_run=True)
    assert (answer.accepted_count, answer.HasField("published_version")) == (1, False)
    assert (await refused(client.map(REGION))).fields == ["entries"]
    request_id = str(uuid4())
    first = await client.map(REGION, entry("S1", BED.item_code), request_id=request_id)
    again = await client.map(REGION, entry("S1", BED.item_code), request_id=request_id)
    assert first == again
    other = await refused(client.map(REGION, entry("S2"), request_id=request_id))
    assert other.reason == "REQUEST_ID_REUSED"
    late = await refused(client.map(REGION, entry("S2")))
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "MAPPING_VERSION_PUBLISHED")
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "catalogue"})
    try:
        for statement in (
            "UPDATE mapping_entry SET target_code = ''",
            "DELETE FROM mapping_entry",
            "UPDATE mapping_version SET entry_count = 7",
            "DELETE FROM mapping_version",
            (
                "INSERT INTO mapping_entry SELECT version_id, 'S9', begin_date, end_date,"
                " source_name, target_code, list_type_code, specification FROM mapping_entry"
            ),
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("owner", "options", "reason", "fields"),
    [
        (REGION, {"mode": FULL}, "FIELD_INVALID", ["mode"]),
        ("170000", {}, "REGION_UNKNOWN", ["owner.region_code"]),
        ("H17010400001", {}, "REGION_UNKNOWN", ["owner.institution_code"]),
        (HOSPITAL, {"mode": 9}, "FIELD_INVALID", ["mode"]),
        ("640100", {}, "FIELD_INVALID", ["owner.region_code"]),
        (REGION, {"version": "版"}, "FIELD_INVALID", ["version"]),
        (REGION, {"officer_id": "某某"}, "FIELD_INVALID", ["officer_id"]),
    ],
)
async def test_a_call_that_is_wrong_as_a_whole_is_refused(client, owner, options, reason, fields):
    refusal = await refused(client.map(owner, entry("S1"), **options))
    assert (refusal.reason, refusal.fields) == (reason, fields)


async def test_a_draft_keeps_its_mode(client):
    await client.map(HOSPITAL, entry("1"), publish=False)
    assert (await refused(client.map(HOSPITAL, entry("2"), mode=FULL))).fields == ["mode"]


async def test_coverage_and_unmapped_items_add_up_by_count_and_money(client):
    request = pb.GetCoverageRequest(institution_code=HOSPITAL)
    missing = await refused(client.mapping.GetCoverage(request, timeout=20))
    assert (missing.code, missing.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    await three_stages(client)
    answer = await client.mapping.GetCoverage(request, timeout=20)
    assert answer.mapping_version == "m1/m1"
    total = answer.total
    assert (total.item_count, total.resolved_count) == (6, 3)
    assert (total.amount.fen, total.resolved_amount.fen) == (14_600_00, 9600_00)
    assert [
        (each.list_type_code, each.item_count, each.resolved_count) for each in answer.by_list_type
    ] == [("101", 2, 1), ("201", 4, 2)]

    listing = pb.ListUnmappedItemsRequest(institution_code=HOSPITAL, page_size=2)
    found = []
    while True:
        page = await client.mapping.ListUnmappedItems(listing, timeout=20)
        found.extend(
            (item.entry.source_code, item.entry.period_amount.fen, item.state)
            for item in page.items
        )
        listing.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert found == [
        ("6", 4000_00, pb.RESOLVE_STATE_NO_REGION_CODE),
        ("4", 700_00, pb.RESOLVE_STATE_NOT_LISTED),
        ("5", 300_00, pb.RESOLVE_STATE_NO_NATIONAL_CODE),
    ]
    assert total.amount.fen - total.resolved_amount.fen == sum(fen for _, fen, _ in found)
    listing.page_token = "x"  # noqa: S105 - a token of a page
    refusal = await refused(client.mapping.ListUnmappedItems(listing, timeout=20))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def suggestions(client, source_code, institution=HOSPITAL, count=0):
    request = pb.SuggestCodesRequest(
        institution_code=institution, source_code=source_code, count=count
    )
    answer = await client.mapping.SuggestCodes(request, timeout=20)
    return [(found.target_code, found.score) for found in answer.suggestions]


async def test_an_officer_confirms_a_suggestion_and_it_resolves(client):
    await three_stages(client)
    # Of its kind of list alone; the best first.
    assert [code for code, _score in await suggestions(client, "6")] == ["NX-DRUG"]
    request = pb.ConfirmCodesRequest(
        request_id=str(uuid4()),
        institution_code=HOSPITAL,
        version="m2",
        codes=[pb.ConfirmedCode(source_code="6", target_code="NX-DRUG")],
        officer_id="ward-7",
    )
    request.codes.add(
        source_code="1", target_code="NX-BED2", begin_date=write_date(date(2026, 11, 1))
    )
    answer = await client.mapping.ConfirmCodes(request, timeout=20)
    assert (answer.version.base_version, answer.version.entry_count) == ("m1", 8)
    assert await client.mapping.ConfirmCodes(request, timeout=20) == answer
    assert await resolve(client, "6", "1", "3") == [
        ("RESOLVED", "NX-DRUG", DRUG.item_code),
        ("RESOLVED", "NX-BED2", BED.item_code),
        ("RESOLVED", "NX-DRUG", DRUG.item_code),
    ]
    assert await resolve(client, "1", on_date=date(2026, 10, 31)) == [
        ("RESOLVED", "NX-BED", BED.item_code)
    ]


async def test_confirmations_at_once_lose_nothing(client):
    await three_stages(client)
    sources = ("4", "5", "6", "7")
    await asyncio.gather(
        *(
            client.mapping.ConfirmCodes(
                pb.ConfirmCodesRequest(
                    request_id=str(uuid4()),
                    institution_code=HOSPITAL,
                    version=f"by-{source}",
                    codes=[pb.ConfirmedCode(source_code=source, target_code="NX-BED2")],
                    officer_id="ward-7",
                ),
                timeout=20,
            )
            for source in sources
        )
    )
    found = await resolve(client, *sources, on_date=date(2027, 1, 1))
    assert found == [("RESOLVED", "NX-BED2", BED.item_code)] * 4


async def test_what_cannot_be_confirmed_is_refused_by_row_and_nothing_is_published(client):
    await three_stages(client)
    codes = [
        pb.ConfirmedCode(source_code="99", target_code="NX-BED"),
        pb.ConfirmedCode(source_code="6", target_code="NX-GONE"),
        pb.ConfirmedCode(source_code="1", target_code="NX-BED2"),
        pb.ConfirmedCode(source_code="1", target_code="NX-BED2"),
        pb.ConfirmedCode(source_code="码", target_code="NX-BED2"),
        pb.ConfirmedCode(source_code="2", target_code=""),
        pb.ConfirmedCode(source_code="3", target_code="NX-DRUG"),
    ]
    codes[6].begin_date.month = 13
    request = pb.ConfirmCodesRequest(
        request_id=str(uuid4()),
        institution_code=HOSPITAL,
        version="m2",
        codes=codes,
        officer_id="ward-7",
    )
    answer = await client.mapping.ConfirmCodes(request, timeout=20)
    assert not answer.HasField("version")
    assert refusals(answer.refused_entries) == {
        0: ("RESOURCE_NOT_FOUND", ["codes[0].source_code"]),
        1: ("MAPPING_TARGET_UNKNOWN", ["codes[1].target_code"]),
        3: ("FIELD_INVALID", ["codes[3].source_code"]),
        4: ("FIELD_INVALID", ["codes[4].source_code"]),
        5: ("FIELD_INVALID", ["codes[5].target_code"]),
        6: ("FIELD_INVALID", ["codes[6].begin_date"]),
    }
    versions = await client.mapping.ListMappingVersions(
        pb.ListMappingVersionsRequest(owner=owner_of(HOSPITAL)), timeout=20
    )
    assert [version.version for version in versions.versions] == ["m1"]
    request.version, request.request_id = "m1", str(uuid4())
    del request.codes[:]
    request.codes.add(source_code="6", target_code="NX-DRUG")
    taken = await refused(client.mapping.ConfirmCodes(request, timeout=20))
    assert taken.reason == "MAPPING_VERSION_PUBLISHED"
    request.institution_code, request.request_id = PHARMACY, str(uuid4())
    nowhere = await client.mapping.ConfirmCodes(request, timeout=20)
    assert list(refusals(nowhere.refused_entries)) == [0]


async def test_suggestions_come_from_the_catalogue_in_full_replacement(client):
    near = replace(DRUG, item_code="XB01AXA223B001010100270", specification="80mg")
    await client.map(
        PHARMACY,
        entry("A1", name="奥扎格雷钠（注射用）", list_type="101", specification="0.04g"),
        entry("A2", name="床位费"),
        mode=FULL,
    )
    unpublished = await refused(suggestions(client, "A1", PHARMACY))
    assert unpublished.reason == "CATALOGUE_NOT_PUBLISHED"
    await client.load(BED, DRUG, near)
    found = await suggestions(client, "A1", PHARMACY)
    assert [code for code, _score in found] == [DRUG.item_code, near.item_code]
    assert found[0][1] > found[1][1] >= 30
    assert await suggestions(client, "A1", PHARMACY, count=1) == found[:1]
    assert [code for code, _score in await suggestions(client, "A2", PHARMACY)] == [BED.item_code]
    # A newer version is asked as soon as it is published.
    await client.load(replace(near, name="奥扎格雷钠注射用"), version="v2")
    assert [code for code, _score in await suggestions(client, "A1", PHARMACY)] == [near.item_code]
    absent = await refused(suggestions(client, "A9", PHARMACY))
    assert (absent.code, absent.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")


async def test_a_region_changes_its_mapping_and_hospitals_follow(client):
    await three_stages(client)
    await client.map(REGION, entry("NX-BED", OTHER_BED.item_code), version="m2")
    assert await resolve(client, "1", "3") == [
        ("RESOLVED", "NX-BED", OTHER_BED.item_code),
        ("NO_NATIONAL_CODE", "NX-DRUG", ""),
    ]
    request = pb.RepublishMappingRequest(
        request_id=str(uuid4()), owner=owner_of(REGION), from_version="m1", version="m3"
    )
    answer = await client.mapping.RepublishMapping(request, timeout=20)
    assert (answer.version.base_version, answer.version.entry_count) == ("m1", 6)
    assert await client.mapping.RepublishMapping(request, timeout=20) == answer
    assert (await resolve(client, "1"))[0][2] == BED.item_code
    for from_version, version, reason in (
        ("m9", "m4", "RESOURCE_NOT_FOUND"),
        ("m1", "m2", "MAPPING_VERSION_PUBLISHED"),
    ):
        bad = pb.RepublishMappingRequest(
            request_id=str(uuid4()),
            owner=owner_of(REGION),
            from_version=from_version,
            version=version,
        )
        assert (await refused(client.mapping.RepublishMapping(bad, timeout=20))).reason == reason
    listing = pb.ListMappingVersionsRequest(owner=owner_of(REGION), page_size=2)
    first = await client.mapping.ListMappingVersions(listing, timeout=20)
    listing.page_token = first.next_page_token
    second = await client.mapping.ListMappingVersions(listing, timeout=20)
    labels = [version.version for version in (*first.versions, *second.versions)]
    assert labels == ["m3", "m2", "m1"]
    assert not second.next_page_token


async def test_money_beyond_32_bits_adds_up_to_the_fen_and_odd_names_come_back(client):
    await client.load(BED)
    amounts = (2**31 - 1, 2**31, 2**32 + 1, 10**13 - 1, 10**13 - 1, 1, 0)
    names = ("𠮷床", "床'; DROP--", 'a"b', "50%_\\", "😀", "ＡＢＣ（床）", "٣床")
    entries = [
        entry(f"S{index}", name=name, fen=fen)
        for index, (name, fen) in enumerate(zip(names, amounts, strict=True))
    ]
    await client.map(PHARMACY, *entries, entry("BED", BED.item_code, fen=2**40 + 3), mode=FULL)
    request = pb.GetCoverageRequest(institution_code=PHARMACY)
    total = (await client.mapping.GetCoverage(request, timeout=20)).total
    assert total.amount.fen == sum(amounts) + 2**40 + 3
    assert total.resolved_amount.fen == 2**40 + 3
    listing = pb.ListUnmappedItemsRequest(institution_code=PHARMACY, page_size=1)
    found = []
    while True:
        page = await client.mapping.ListUnmappedItems(listing, timeout=20)
        found.extend(item.entry for item in page.items)
        listing.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert [each.period_amount.fen for each in found] == sorted(amounts, reverse=True)
    assert {each.source_code: each.source_name for each in found} == {
        f"S{index}": name for index, name in enumerate(names)
    }
    for source in ("S0", "S2", "S4", "S5"):
        once, again = [await suggestions(client, source, PHARMACY) for _ in range(2)]
        assert once == again


async def test_an_upload_and_a_confirmation_of_one_label_do_not_wait_for_each_other(client):
    await three_stages(client)
    for number in range(8):
        label = f"both-{number}"
        confirming = client.mapping.ConfirmCodes(
            pb.ConfirmCodesRequest(
                request_id=str(uuid4()),
                institution_code=HOSPITAL,
                version=label,
                codes=[pb.ConfirmedCode(source_code="4", target_code="NX-BED2")],
                officer_id="ward-7",
            ),
            timeout=20,
        )
        uploading = client.map(HOSPITAL, entry("4", "NX-BED"), version=label)
        outcomes = await asyncio.gather(confirming, uploading, return_exceptions=True)
        refused_ones = [one for one in outcomes if isinstance(one, grpc.aio.AioRpcError)]
        # One publishes; the other is told that the label is taken.
        assert [read_refusal(one).reason for one in refused_ones] == ["MAPPING_VERSION_PUBLISHED"]
        await client.map(
            HOSPITAL, entry("4", "NX-BED"), entry("6"), version=f"next-{number}", publish=True
        )
