"""Goal: each kind of file becomes what its registry takes: institutions, versions of catalogues and
mappings that are published whole or not at all, filings by id number that are not filed twice.

Method: files of a few rows against a hub in this process that behaves by the contracts.
"""

from __future__ import annotations

import gzip

import pytest
from google.type.date_pb2 import Date

from services.cli.loading import calls, catalogue, mapping
from services.cli.loading.catalogue import Catalogue
from services.cli.loading.command import load_into
from services.cli.loading.filings import Filings
from services.cli.loading.institutions import Institutions
from services.cli.loading.mapping import Mapping
from services.cli.loading.refusals import Refusal, column_of, refusals_of
from services.cli.loading.what_to_do import LOCAL_ZH, WHAT_TO_DO, what_to_do
from services.kit.errors import InvalidArgument, Unavailable
from services.kit.reasons import TEXT_ZH
from tests.unit.cli.loading.hub import person_id
from tests.unit.cli.loading.rows import crowd, job, number_of, person, refused_of, write
from yijie.filing.v1 import filing_pb2

# --- institutions -------------------------------------------------------------------------------

PLACES = "institution_code,name,region_code,hospital_level_code,openings,type,begin_date"


def place(number: int, **changed: str) -> dict[str, str]:
    return {
        "institution_code": f"H6401049{number:04d}",
        "name": f"示例医院{number}",
        "region_code": "640104",
        "hospital_level_code": "02",
        "openings": "11:2022-01-01; 14/M03900:2023-01-01..2026-12-31",
        "type": "1",
    } | changed


async def test_institutions(hub, province, options, tmp_path):
    rows = [
        place(1),
        place(2, hospital_level_code="99"),
        place(3, openings="11"),
        place(4, openings=""),
        place(5, region_code="649999"),
        place(6, type="3"),
        place(7),
    ]
    path = write(tmp_path / "institutions.csv", rows, PLACES)
    outcome = await load_into(province, job(path, Institutions), options)
    assert sorted(hub.institutions) == [f"H6401049{n:04d}" for n in (1, 4, 7)]
    assert sorted(refused_of(path)) == [
        ("3", "hospital_level_code", "FIELD_INVALID"),
        ("4", "openings", "FIELD_INVALID"),
        ("6", "region_code", "REGION_UNKNOWN"),
        ("7", "type", "FIELD_INVALID"),
    ]
    assert outcome.rows_in == 3
    opened = hub.institutions["H64010490001"].openings
    assert [(one.medical_type_code, one.disease_code) for one in opened] == [
        ("11", ""),
        ("14", "M03900"),
    ]
    assert opened[1].end_date == Date(year=2026, month=12, day=31)


# --- catalogue and mapping ----------------------------------------------------------------------

ITEMS = ",".join(column.name for column in catalogue.COLUMNS)


def item(number: int, **changed: str) -> dict[str, str]:
    return {
        "item_code": f"C{number:019d}",
        "name": f"耗材{number}",
        "list_type_code": "301",
        "charge_category_code": "08",
        "catalogue_class": "B",
        "prior_self_pay_ratio": "0.1",
        "begin_date": "2026-01-01",
        "sample": "1",
    } | changed


def edition_of(despite=False, **changed):
    def make(province, ids):
        edition = catalogue.Edition(
            region="640000", version=f"v-{ids.digest[:4]}", despite_refused=despite, **changed
        )
        return Catalogue(province, ids, edition, dry_run=False)

    return make


async def test_a_catalogue_is_published_with_its_last_row(small, hub, province, options, tmp_path):
    full = item(
        4,
        prior_self_pay_by_person_type="12:0.05;14:0.2",
        price_ceiling_yuan="10.5",
        price_ceiling_by_level="05:9;08:8.25",
        over_ceiling="reject",
        restricted_sex="2",
        restricted_min_age="18y",
        restricted_max_age="6m",
        restricted_levels="01;02",
        restricted_setting="inpatient",
        restricted_diagnoses="C34;I10",
        restricted_schemes="310",
        requires_approval="1",
        restriction_text="限女性",
        use_limits="2/day;14/bill",
    )
    path = write(tmp_path / "c.csv", [item(1), item(2), item(3), full], ITEMS)
    outcome = await load_into(province, job(path, Catalogue, edition_of()), options)
    assert outcome.exit_code == 0
    assert list(hub.published.values()) == [4]
    assert "with 4 entries" in outcome.notes[0][1]
    (items,) = hub.items.values()
    kept = items[3]
    assert [(p.person_type_code, p.ratio.value) for p in kept.prior_self_pays] == [
        ("12", "0.05"),
        ("14", "0.2"),
    ]
    assert [(c.price_level_code, c.price_ceiling.value) for c in kept.price_ceilings] == [
        ("05", "9"),
        ("08", "8.25"),
    ]
    assert kept.restriction.min_age.number == 18
    assert list(kept.restriction.diagnosis_prefixes) == ["C34", "I10"]
    assert [limit.quantity.value for limit in kept.use_limits] == ["2", "14"]
    assert not items[0].HasField("restriction")


@pytest.mark.parametrize("place_of_bad", [0, 2, 5])
@pytest.mark.usefixtures("small")
async def test_a_catalogue_with_holes_is_not_published(
    hub, province, options, tmp_path, place_of_bad
):
    rows = [item(n) for n in range(6)]
    rows[place_of_bad]["item_code"] = "NONSENSE"
    path = write(tmp_path / "c.csv", rows, ITEMS)
    outcome = await load_into(province, job(path, Catalogue, edition_of()), options)
    assert (outcome.exit_code, hub.published) == (1, {})
    assert "is not published" in outcome.notes[0][1]
    assert refused_of(path) == [(str(place_of_bad + 2), "item_code", "FIELD_INVALID")]
    # Another file is another version, and to publish in spite of holes is somebody's decision.
    rows[place_of_bad]["name"] = "又一次"
    write(path, rows, ITEMS)
    await load_into(province, job(path, Catalogue, edition_of(despite=True)), options)
    assert list(hub.published.values()) == [5]


async def test_a_catalogue_that_is_cut_off_is_not_published(hub, province, options, tmp_path):
    path = write(tmp_path / "c.csv", [item(n) for n in range(4000)], ITEMS)
    packed = tmp_path / "c.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-3000])
    outcome = await load_into(province, job(packed, Catalogue, edition_of()), options)
    assert outcome.broken is not None
    assert (outcome.exit_code, hub.published) == (1, {})


async def test_changes_name_what_is_withdrawn(hub, province, options, tmp_path):
    withdrawn = {"item_code": "C0000000000000000007", "withdrawn": "1"}
    path = write(tmp_path / "c.csv", [withdrawn, item(1)], ITEMS)
    changes = edition_of(base="v1", effective=Date(year=2026, month=7, day=1))
    outcome = await load_into(province, job(path, Catalogue, changes, "v1"), options)
    assert outcome.exit_code == 0
    assert hub.withdrawn == ["C0000000000000000007"]
    outcome = await load_into(province, job(path, Catalogue, edition_of()), options)
    assert refused_of(path) == [("2", "withdrawn", "FIELD_INVALID")]


async def test_a_withdrawal_that_the_hub_refuses_is_reported(hub, province, options, tmp_path):
    """By its own line of the file: the request holds entries and withdrawals apart."""
    gone, unknown = "C0000000000000000007", "C0000000000000000008"
    hub.not_in_base = {unknown}
    rows = [{"item_code": code, "withdrawn": "1"} for code in (gone, unknown)]
    path = write(tmp_path / "c.csv", [rows[0], item(1), rows[1], item(2)], ITEMS)
    changes = edition_of(base="v1", effective=Date(year=2026, month=7, day=1))
    outcome = await load_into(province, job(path, Catalogue, changes, "v1"), options)
    assert (outcome.exit_code, hub.withdrawn, hub.published) == (1, [gone], {})
    assert refused_of(path) == [("4", "item_code", "FIELD_INVALID")]


BAD_ITEMS = [
    {"catalogue_class": "D"},
    {"prior_self_pay_ratio": "ten"},
    {"prior_self_pay_by_person_type": "12"},
    {"price_ceiling_yuan": "1,5"},
    {"price_ceiling_by_level": "05=9"},
    {"over_ceiling": "maybe"},
    {"restricted_min_age": "18"},
    {"restricted_sex": "9"},
    {"restricted_setting": "home"},
    {"use_limits": "2/week"},
    {"use_limits": "two/day"},
    {"sample": "yes"},
    {"begin_date": "2026-13-01"},
    {"withdrawn": "x"},
]


@pytest.mark.parametrize("changed", BAD_ITEMS)
async def test_fields_of_a_catalogue(hub, province, options, tmp_path, changed):
    path = write(tmp_path / "c.csv", [item(1), item(2, **changed)], ITEMS)
    await load_into(province, job(path, Catalogue, edition_of()), options)
    (column,) = changed
    assert refused_of(path) == [("3", column, "FIELD_INVALID")]


async def test_a_mapping(hub, province, options, tmp_path):
    names = ",".join(column.name for column in mapping.COLUMNS)
    entry = {
        "source_code": "Y1",
        "source_name": "某药",
        "list_type_code": "101",
        "begin_date": "2026-01-01",
        "unit_price_yuan": "1.5",
        "period_amount_yuan": "100",
    }

    def make(client, ids):
        edition = mapping.Edition(owner="H64010490001", version=ids.digest[:4], mode="three-stage")
        return Mapping(client, ids, edition, dry_run=False)

    path = write(tmp_path / "m.csv", [entry, entry | {"target_code": "R1"}], names)
    outcome = await load_into(province, job(path, Mapping, make), options)
    assert (outcome.exit_code, list(hub.published.values())) == (0, [2])
    (kept,) = hub.entries.values()
    assert (kept[0].unit_price.value, kept[0].period_amount.fen) == ("1.5", 10_000)

    bad = [entry | {"target_code": "NIX"}, entry | {"period_amount_yuan": "x"}, entry]
    write(path, bad, names)
    outcome = await load_into(province, job(path, Mapping, make), options)
    assert sorted(refused_of(path)) == [
        ("2", "target_code", "MAPPING_TARGET_UNKNOWN"),
        ("3", "period_amount_yuan", "FIELD_INVALID"),
    ]
    assert len(hub.published) == 1


# --- filings ------------------------------------------------------------------------------------

FILED = (
    "cert_number,insured_region_code,target_region_code,type,begin_date,evidence,documents,channel"
)


def filing(sequence: int, **changed: str) -> dict[str, str]:
    return {
        "cert_number": number_of(sequence),
        "insured_region_code": "640100",
        "target_region_code": "110000",
        "type": "12",
        "begin_date": "2026-12-01",
        "evidence": "document",
        "documents": "residence_proof:D-1:2026-01-31;commitment_letter:D-2",
    } | changed


async def test_filings_go_in_by_id_number(small, hub, province, options, tmp_path):
    await load_into(province, job(write(tmp_path / "p.csv", crowd(4))), options)
    rows = [
        filing(1),
        filing(99),
        filing(3, target_region_code="640200"),
        filing(5, type="22"),
        filing(5, documents="paper:1"),
        filing(7, evidence="commitment", documents="", channel="04"),
    ]
    path = write(tmp_path / "f.csv", rows, FILED)
    outcome = await load_into(province, job(path, Filings), options)
    assert outcome.rows_in == 2
    assert sorted(refused_of(path)) == [
        ("3", "", "CREDENTIAL_UNKNOWN"),
        ("4", "target_region_code", "NOT_CROSS_PROVINCE"),
        ("5", "type", "FIELD_INVALID"),
        ("6", "documents", "FIELD_INVALID"),
    ]
    # Two batches are under way at once: the hub may have them in either order.
    by_channel = {one.channel: one for one in hub.filings}
    assert by_channel.keys() == {
        filing_pb2.FILING_CHANNEL_PROVINCE_BATCH,
        filing_pb2.FILING_CHANNEL_APP,
    }
    first = by_channel[filing_pb2.FILING_CHANNEL_PROVINCE_BATCH]
    assert first.person_id == person_id(number_of(1))
    assert [one.document_id for one in first.documents] == ["D-1", "D-2"]


async def test_filings_are_not_filed_twice(small, hub, province, options, tmp_path):
    await load_into(province, job(write(tmp_path / "p.csv", crowd(3))), options)
    path = write(tmp_path / "f.csv", [filing(n) for n in (1, 3, 99, 5)], FILED)
    await load_into(province, job(path, Filings), options)
    assert len(hub.filings) == 3
    await load_into(province, job(path, Filings), options)
    assert len(hub.filings) == 3
    # The one who was missing is known by now: that part of the file was taken without them.
    await load_into(province, job(write(tmp_path / "q.csv", [person(99)])), options)
    outcome = await load_into(province, job(path, Filings), options)
    assert len(hub.filings) == 3
    assert outcome.tally.counts == {"REQUEST_ID_REUSED": 3}
    assert refused_of(path)[0] == ("2", "", "REQUEST_ID_REUSED")


# --- parts --------------------------------------------------------------------------------------


async def test_what_may_pass_is_waited_for(small):
    tries = []

    async def call():
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("CALLEE_UNAVAILABLE", "away")
        return "here"

    assert await calls.patiently(call) == "here"

    async def never():
        raise Unavailable("CALLEE_UNAVAILABLE", "away")

    with pytest.raises(Unavailable):
        await calls.patiently(never)


async def test_an_error_that_blames_nobody_is_not_shed():
    async def ask(kept, part):
        raise InvalidArgument("FIELD_INVALID", "the version is bad", field="version")

    with pytest.raises(InvalidArgument):
        await calls.shedding(3, "items", ask)


def test_violations_find_their_line_and_column():
    columns = {"scheme_code": "scheme_code", "status": "insurance_status"}
    assert column_of("rows[3].person.insurances[1].status", columns) == "insurance_status"
    assert column_of("nix.value", columns) == "value"
    error = InvalidArgument("FIELD_INVALID", "bad", field="person.insurances[1].status")
    assert refusals_of((7, 8), error, columns) == [
        Refusal(8, "insurance_status", "FIELD_INVALID", "bad"),
        Refusal(7, "", "ROW_OF_SAME_PERSON", "another row of the same person was refused"),
    ]


def test_every_reason_says_what_to_do():
    assert set(LOCAL_ZH) <= set(WHAT_TO_DO)
    assert set(WHAT_TO_DO) <= set(LOCAL_ZH) | set(TEXT_ZH)
    for reason in (*WHAT_TO_DO, *TEXT_ZH, "SOMETHING_NEW"):
        assert all(what_to_do(reason))
