"""The directory of institutions over the wire: agreement, suspensions, search."""

import asyncio
import functools
from datetime import date

import asyncpg
import grpc
import pytest

from services.identity.institution_search import Search, statement
from tests.integration.identity.world import (
    HOSPITAL,
    day,
    ident,
    institution,
    institutions,
    opening,
)
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.identity.v1 import identity_service_pb2 as identity_pb
from yijie.identity.v1 import institution_pb2
from yijie.identity.v1 import institution_service_pb2 as pb
from yijie.identity.v1 import institution_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres


@pytest.fixture
def directory(world):
    return rpc.InstitutionServiceStub(world.channel)


def suspend(directory, *, code=HOSPITAL, request_id=None, **changes):
    parts = {"begin_date": day(2026, 11, 1), "reason": "违规整改"}
    request = pb.SuspendInstitutionRequest(
        request_id=request_id or ident(),
        institution_code=code,
        suspension=institution_pb2.Suspension(**{**parts, **changes}),
    )
    return directory.SuspendInstitution(request, timeout=TIMEOUT_S)


def resume(directory, suspension_id, *, end=None, request_id=None):
    request = pb.ResumeInstitutionRequest(
        request_id=request_id or ident(), suspension_id=suspension_id, end_date=end
    )
    return directory.ResumeInstitution(request, timeout=TIMEOUT_S)


async def search(directory, **wanted):
    request = pb.SearchInstitutionsRequest(**wanted)
    answer = await directory.SearchInstitutions(request, timeout=TIMEOUT_S)
    return [found.institution_code for found in answer.institutions]


async def verified(world, **parts):
    """Returns why an institution is refused; empty: it is not."""
    parts = {"institution_code": HOSPITAL, "medical_type_code": "21", **parts}
    try:
        await world.verify(**parts)
    except grpc.aio.AioRpcError:
        return (await refused(world.verify(**parts))).reason
    return ""


async def test_every_field_is_read_back(world):
    written = institution(
        type=institution_pb2.INSTITUTION_TYPE_HOSPITAL,
        price_level_code="03",
        deductible_level_code="04",
        begin_date=day(2020, 1, 1),
        end_date=day(2027, 12, 31),
        address="示例路1号",
        national_platform_code="NX-0001",
    )
    await world.call("UpsertInstitutions", institutions(written))
    request = identity_pb.GetInstitutionRequest(institution_code=HOSPITAL)
    assert (await world.call("GetInstitution", request)).institution == written
    listed = await world.call("ListInstitutions", identity_pb.ListInstitutionsRequest())
    assert list(listed.institutions) == [written]
    # What is left out of the next report is gone.
    await world.open_hospital()
    read = (await world.call("GetInstitution", request)).institution
    assert not read.HasField("begin_date")
    assert (read.address, read.national_platform_code) == ("", "")


# A row each; one call for all: what is wrong with one is no matter of the others.
BAD = [
    ({"institution_code": "H6401"}, "FIELD_INVALID", "institution_code"),
    ({"institution_code": "P64010400009"}, "FIELD_INVALID", "type"),
    ({"name": ""}, "FIELD_INVALID", "name"),
    ({"name": " 示例"}, "FIELD_INVALID", "name"),
    ({"region_code": "64"}, "FIELD_INVALID", "region_code"),
    ({"region_code": "649999"}, "REGION_UNKNOWN", "region_code"),
    ({"region_code": "650102"}, "FIELD_INVALID", "region_code"),
    ({"hospital_level_code": "12"}, "FIELD_INVALID", "hospital_level_code"),
    ({"price_level_code": "00"}, "FIELD_INVALID", "price_level_code"),
    ({"deductible_level_code": "三级"}, "FIELD_INVALID", "deductible_level_code"),
    ({"type": institution_pb2.INSTITUTION_TYPE_PHARMACY}, "FIELD_INVALID", "type"),
    ({"type": 9}, "FIELD_INVALID", "type"),
    ({"begin_date": day(2026, 2, 30)}, "FIELD_INVALID", "begin_date"),
    ({"end_date": day(2019, 1, 1)}, "FIELD_INVALID", "end_date"),
    ({"address": "示例\x00路"}, "FIELD_INVALID", "address"),
    ({"national_platform_code": "编号 1"}, "FIELD_INVALID", "national_platform_code"),
    ({"openings": [opening("xx")]}, "FIELD_INVALID", "openings[0].medical_type_code"),
    ({"openings": [opening("88")]}, "FIELD_INVALID", "openings[0].medical_type_code"),
    (
        {"openings": [opening("11", day(2026, 1, 1), day(2025, 1, 1))]},
        "FIELD_INVALID",
        "openings[0].end_date",
    ),
    ({"openings": [opening("11"), opening("11")]}, "FIELD_INVALID", "openings[1].begin_date"),
    (
        {"openings": [opening("14", disease="M99999")]},
        "DISEASE_CODE_UNKNOWN",
        "openings[0].disease_code",
    ),
]


async def test_a_bad_row_is_answered_and_the_good_ones_go_in(world):
    base = {
        "begin_date": day(2020, 1, 1),
        "type": institution_pb2.INSTITUTION_TYPE_HOSPITAL,
    }
    rows = [institution(**{**base, **changes}) for changes, _, _ in BAD]
    good = [institution(institution_code=f"H6401040001{n}") for n in range(2)]
    answer = await world.call("UpsertInstitutions", institutions(good[0], *rows, good[1]))
    assert [answer.results[0].key, answer.results[-1].key] == [
        "H64010400010",
        "H64010400011",
    ]
    for position, (result, (_, reason, field)) in enumerate(
        zip(answer.results[1:-1], BAD, strict=True), start=1
    ):
        error = read_status(result.error)
        assert (error.reason, error.fields) == (reason, [f"institutions[{position}].{field}"])
    listed = await world.call("ListInstitutions", identity_pb.ListInstitutionsRequest())
    assert len(listed.institutions) == 2


async def test_an_agreement_counts_on_the_business_date(world):
    await world.register()
    await world.open_hospital(begin_date=day(2026, 11, 20), end_date=day(2026, 11, 20))
    assert await verified(world) == ""
    for on in (day(2026, 11, 19), day(2026, 11, 21)):
        assert await verified(world, business_date=on) == "INSTITUTION_NOT_DESIGNATED"


async def test_a_suspension_and_its_end(world, directory):
    await world.register()
    await world.open_hospital()
    answer = await suspend(directory, medical_type_code="21")
    (held,) = answer.institution.suspensions
    assert (held.medical_type_code, held.reason) == ("21", "违规整改")
    refusal = await refused(world.verify(institution_code=HOSPITAL, medical_type_code="21"))
    assert (refusal.reason, refusal.metadata["medicalTypeCode"]) == ("INSTITUTION_SUSPENDED", "21")
    assert refusal.zh == "该机构或其该项业务已暂停跨省直接结算"
    assert await verified(world, business_date=day(2026, 10, 31)) == ""
    assert await verified(world, medical_type_code="") == ""

    # Lifted without a date it ends yesterday (the clock says the 21st), and the 20th stays barred.
    lifted = await resume(directory, held.suspension_id)
    assert list(lifted.institution.suspensions) == []
    assert await verified(world) == "INSTITUTION_SUSPENDED"
    assert await verified(world, business_date=day(2026, 11, 21)) == ""
    # Before its first day: it never counted.
    await resume(directory, held.suspension_id, end=day(2026, 10, 1))
    assert await verified(world) == ""
    history = await world.rows(
        "SELECT end_date FROM identity.institution_suspension_change ORDER BY change_id"
    )
    assert [row["end_date"] for row in history] == [
        None,
        date(2026, 11, 20),
        date(2026, 10, 1),
    ]


async def test_a_suspension_of_all_businesses_outlives_a_new_report(world, directory):
    await world.register()
    await world.open_hospital()
    await suspend(directory)
    await world.open_hospital(name="改名医院")
    assert await verified(world, medical_type_code="") == "INSTITUTION_SUSPENDED"
    proven = await world.verify()
    assert not proven.HasField("institution")


async def test_a_repeat_suspends_once(world, directory):
    await world.open_hospital()
    request_id = ident()
    first = await suspend(directory, request_id=request_id)
    assert await suspend(directory, request_id=request_id) == first
    other = await refused(suspend(directory, request_id=request_id, reason="另一原因"))
    assert other.reason == "REQUEST_ID_REUSED"
    found = await world.rows("SELECT FROM identity.institution_suspension")
    assert len(found) == 1


async def test_two_that_lift_at_once_are_both_in_the_history(world, directory):
    await world.open_hospital()
    answer = await suspend(directory, end_date=day(2026, 12, 31))
    key = answer.institution.suspensions[0].suspension_id
    await asyncio.gather(
        *(resume(directory, key, end=day(2026, 11, number)) for number in (25, 25))
    )
    rows = await world.rows("SELECT FROM identity.institution_suspension_change")
    assert len(rows) == 3


async def test_what_a_suspension_is_refused_for(world, directory):
    await world.open_hospital()
    attempts = [
        (suspend(directory, code="H64010499999"), "INSTITUTION_UNKNOWN", "institution_code"),
        (suspend(directory, medical_type_code="88"), "FIELD_INVALID", None),
        (suspend(directory, reason=""), "FIELD_INVALID", "suspension.reason"),
        (suspend(directory, reason=" "), "FIELD_INVALID", "suspension.reason"),
        (suspend(directory, begin_date=None), "FIELD_INVALID", "suspension.begin_date"),
        (suspend(directory, begin_date=day(2026, 2, 30)), "FIELD_INVALID", "suspension.begin_date"),
        (suspend(directory, end_date=day(2026, 10, 1)), "FIELD_INVALID", "suspension.end_date"),
        (resume(directory, ident()), "RESOURCE_NOT_FOUND", "suspension_id"),
    ]
    for attempt, reason, field in attempts:
        refusal = await refused(attempt)
        assert refusal.reason == reason
        if field:
            assert refusal.fields == [field]
    ended = await suspend(directory, begin_date=day(2026, 12, 1), end_date=day(2026, 12, 2))
    key = ended.institution.suspensions[0].suspension_id
    refusal = await refused(resume(directory, key, end=day(2026, 12, 3)))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["end_date"])


async def fill(world, directory):
    """Registers a small directory; returns nothing, the tests name what they look for."""
    answer = await world.call(
        "UpsertInstitutions",
        institutions(
            institution(name="银川市第一人民医院", openings=[opening("21"), opening("11")]),
            institution(
                institution_code="H64010500002",
                region_code="640105",
                name="宁夏Yinchuan口腔医院",
                hospital_level_code="05",
                openings=[opening("14", disease="M07800")],
            ),
            institution(
                institution_code="P64010400003",
                name="平安大药房",
                hospital_level_code="11",
                openings=[opening("41")],
            ),
            institution(
                institution_code="H64020500004",
                region_code="640205",
                name="石嘴山人民医院",
                openings=[opening("21", day(2027, 1, 1))],
            ),
            institution(
                institution_code="H11010500005",
                region_code="110105",
                name="北京示例医院",
                end_date=day(2026, 1, 1),
                openings=[opening("21")],
            ),
        ),
    )
    assert not any(result.HasField("error") for result in answer.results)
    await suspend(directory, medical_type_code="11")


FIRST, DENTAL, SHOP = HOSPITAL, "H64010500002", "P64010400003"
FUTURE, ENDED = "H64020500004", "H11010500005"


async def test_the_directory_is_searched(world, directory):
    await fill(world, directory)
    find = functools.partial(search, directory)
    assert await find() == [FIRST, DENTAL, SHOP]
    assert await find(include_closed=True) == [ENDED, FIRST, DENTAL, FUTURE, SHOP]
    assert await find(region_code="640100") == [FIRST, DENTAL, SHOP]
    assert await find(region_code="640105") == [DENTAL]
    assert await find(region_code="640200", include_closed=True) == [FUTURE]
    assert await find(region_code="110000") == []
    assert await find(hospital_level_code="05") == [DENTAL]
    assert await find(medical_type_code="21") == [FIRST]
    assert await find(medical_type_code="11") == []  # suspended
    assert await find(medical_type_code="11", include_closed=True) == [FIRST]
    assert await find(medical_type_code="11", on_date=day(2026, 10, 31)) == [FIRST]
    assert await find(medical_type_code="21", on_date=day(2027, 1, 1)) == [FIRST, FUTURE]
    assert await find(medical_type_code="21", on_date=day(2026, 1, 1)) == [ENDED, FIRST]
    assert await find(disease_code="M07803") == [DENTAL]
    assert await find(disease_code="M01600") == []
    assert await find(type=institution_pb2.INSTITUTION_TYPE_PHARMACY) == [SHOP]
    assert await find(type=institution_pb2.INSTITUTION_TYPE_HOSPITAL) == [FIRST, DENTAL]
    assert await find(name_contains="人民医院") == [FIRST]
    assert await find(name_contains="YINCHUAN") == [DENTAL]
    assert await find(name_contains="银") == [FIRST]
    assert await find(name_contains=" 人民医院 ") == [FIRST]
    assert await find(name_contains="%") == []
    assert await find(name_contains="医院", region_code="640000") == [FIRST, DENTAL]
    narrow = {"region_code": "640104", "type": 2, "hospital_level_code": "11"}
    assert await find(**narrow, medical_type_code="41", name_contains="药房") == [SHOP]


async def test_a_suspended_business_stands_beside_what_is_open(world, directory):
    await fill(world, directory)
    request = pb.SearchInstitutionsRequest(medical_type_code="11", include_closed=True)
    (found,) = (await directory.SearchInstitutions(request, timeout=TIMEOUT_S)).institutions
    assert [one.medical_type_code for one in found.suspensions] == ["11"]
    assert len(found.openings) == 2


async def test_pages_of_a_search_are_one_list(world, directory):
    rows = [institution(institution_code=f"H640104000{n:02d}") for n in range(7)]
    await world.call("UpsertInstitutions", institutions(*rows))
    request = pb.SearchInstitutionsRequest(page_size=3, region_code="640000")
    seen = []
    while True:
        answer = await directory.SearchInstitutions(request, timeout=TIMEOUT_S)
        seen += [found.institution_code for found in answer.institutions]
        request.page_token = answer.next_page_token
        if not request.page_token:
            break
    assert seen == [row.institution_code for row in rows]
    answer = await directory.SearchInstitutions(
        pb.SearchInstitutionsRequest(page_size=3), timeout=TIMEOUT_S
    )
    other = pb.SearchInstitutionsRequest(
        page_token=answer.next_page_token, hospital_level_code="02"
    )
    refusal = await refused(directory.SearchInstitutions(other, timeout=TIMEOUT_S))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"medical_type_code": "88"}, "FIELD_INVALID"),
        ({"medical_type_code": "21", "disease_code": "M07800"}, "FIELD_INVALID"),
        ({"disease_code": "M99999"}, "DISEASE_CODE_UNKNOWN"),
        ({"region_code": "64"}, "FIELD_INVALID"),
        ({"hospital_level_code": "12"}, "FIELD_INVALID"),
        ({"on_date": day(2026, 2, 30)}, "FIELD_INVALID"),
        ({"type": 7}, "FIELD_INVALID"),
        ({"name_contains": "医\x00院"}, "FIELD_INVALID"),
    ],
)
async def test_what_a_search_is_refused_for(world, directory, wanted, reason):
    request = pb.SearchInstitutionsRequest(**wanted)
    refusal = await refused(directory.SearchInstitutions(request, timeout=TIMEOUT_S))
    assert refusal.reason == reason


@pytest.mark.parametrize(
    ("search_for", "index"),
    [
        (Search(region="640100"), "institution_by_region"),
        (Search(name="人民医院"), "institution_by_name"),
        (Search(medical_type="14", disease="M07200"), "institution_opening_by_business"),
        (Search(), "institution_pkey"),
    ],
)
async def test_a_search_goes_by_an_index(dsn, search_for, index):
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "identity"})
    try:
        await connection.execute("""
            INSERT INTO institution (institution_code, name, region_code, level_code,
                                     price_level_code, deductible_level_code, create_time,
                                     update_time)
            SELECT 'H' || region || lpad(n::text, 5, '0'), '示例' || n || '号' || md5(n::text),
                   region, '02', '02', '02', now(), now()
              FROM generate_series(0, 5999) AS n,
                   LATERAL (SELECT (11 + n % 50) || '0' || (1 + n / 50 % 5) || '01') AS r(region);
            INSERT INTO institution_opening (institution_code, position, medical_type_code,
                                             begin_date, disease_code)
            SELECT institution_code, 0, CASE WHEN institution_code LIKE '%77' THEN '14' ELSE '21'
                   END, '2020-01-01', CASE WHEN institution_code LIKE '%77' THEN 'M07200' ELSE ''
                   END
              FROM institution;
            ANALYZE institution;
            ANALYZE institution_opening""")
        query, arguments = statement(search_for, on=date(2026, 11, 20), after="", count=50)
        plan = await connection.fetch(f"EXPLAIN {query}", *arguments)
    finally:
        await connection.close()
    assert any(index in row[0] for row in plan)
