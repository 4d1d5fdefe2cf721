"""Goal: the good rows of a file go in once, each bad one is named with what to do, and a load that
was broken off goes on where it was.

Method: files of a few rows against a hub in this process that behaves by the contracts.
"""

from __future__ import annotations

import gzip

import orjson
import pytest
from google.type.date_pb2 import Date

from services.cli.loading.command import Options, load_file, load_into
from services.cli.loading.persons import Persons
from services.cli.loading.reader import UnreadableError
from services.cli.mesh import MeshError
from tests.unit.cli.loading.hub import person_id, serving
from tests.unit.cli.loading.rows import crowd, job, number_of, person, refused_of, write
from yijie.identity.v1 import person_pb2

# --- people -------------------------------------------------------------------------------------


async def test_people_go_in_with_cards_accounts_and_medical_aid(hub, province, options, tmp_path):
    rows = [
        person(1),
        person(2, account_balance_yuan="", aid_identity_code="minimum_living"),
        # One person of two schemes and two cards.
        person(
            3,
            scheme_code="390",
            insurance_status="3",
            insurance_end_date="2019-12-31",
            insurance_begin_date="2018-01-01",
            card_kind="electronic",
            card_number="E90000003",
            account_balance_yuan="",
        ),
        person(3),
    ]
    path = write(tmp_path / "persons.csv", rows)
    outcome = await load_into(province, job(path), options)
    assert (outcome.exit_code, outcome.tally.rows, outcome.rows_in) == (0, 4, 4)
    assert refused_of(path) == []
    assert sorted(hub.persons) == sorted(number_of(n) for n in (1, 2, 3))
    held = hub.persons[number_of(3)]
    assert [one.scheme_code for one in held.person.insurances] == ["390", "310"]
    assert held.person.insurances[0].end_date == Date(year=2019, month=12, day=31)
    assert [card.kind for card in held.cards] == [
        person_pb2.CARD_KIND_ELECTRONIC,
        person_pb2.CARD_KIND_SOCIAL_SECURITY,
    ]
    ids = {n: person_id(number_of(n)) for n in (1, 2, 3)}
    assert hub.accounts == {ids[1]: 1230, ids[3]: 1230}
    assert hub.aid == {ids[2]: "minimum_living"}


BAD_ROWS = [
    ({"sex": "x"}, "sex", "FIELD_INVALID"),
    ({"sex": ""}, "sex", "FIELD_MISSING"),
    ({"birth_date": "1980-02-30"}, "birth_date", "FIELD_INVALID"),
    ({"birth_date": "1980-0101"}, "birth_date", "FIELD_INVALID"),
    ({"name": ""}, "name", "FIELD_MISSING"),
    ({"cert_number": ""}, "cert_number", "FIELD_MISSING"),
    ({"insured_region_code": ""}, "insured_region_code", "FIELD_MISSING"),
    ({"insurance_status": "9"}, "insurance_status", "FIELD_INVALID"),
    ({"card_state": ""}, "card_state", "FIELD_MISSING"),
    ({"card_state": "new"}, "card_state", "FIELD_INVALID"),
    ({"card_kind": "gold"}, "card_kind", "FIELD_INVALID"),
    ({"card_number": ""}, "card_number", "FIELD_INVALID"),
    ({"account_balance_yuan": "1.234"}, "account_balance_yuan", "FIELD_INVALID"),
    ({"account_balance_yuan": "-1"}, "account_balance_yuan", "FIELD_INVALID"),
    ({"account_balance_yuan": "1e3"}, "account_balance_yuan", "FIELD_INVALID"),
    ({"account_balance_yuan": "9999999999999999"}, "account_balance_yuan", "FIELD_INVALID"),
    # Only the hub knows.
    ({"cert_number": "640104198001019999"}, "cert_number", "ID_NUMBER_INVALID"),
    ({"sex": "2"}, "sex", "PERSON_MISMATCH"),
    ({"scheme_code": "999"}, "scheme_code", "FIELD_INVALID"),
    ({"aid_identity_code": "nix"}, "aid_identity_code", "ENTITLEMENT_REFUSED"),
]


@pytest.mark.parametrize("bad", BAD_ROWS)
async def test_a_bad_row_is_named_and_the_others_go_in(hub, options, tmp_path, bad):
    changed, field, reason = bad
    path = write(tmp_path / "persons.csv", [person(1), person(3, **changed), person(5)])
    async with serving(hub) as province:
        outcome = await load_into(province, job(path), options)
    assert (outcome.exit_code, outcome.tally.rows, outcome.tally.refused_rows) == (1, 3, 1)
    assert refused_of(path) == [("3", field, reason)]
    assert outcome.tally.counts == {reason: 1}
    assert outcome.tally.first_lines == {reason: [3]}
    assert {number_of(1), number_of(5)} <= set(hub.persons)
    # A row whose person is in and only the aid is not is the one exception.
    assert len(hub.persons) == (3 if reason == "ENTITLEMENT_REFUSED" else 2)


async def test_a_person_is_whole_or_not_at_all(hub, province, options, tmp_path):
    rows = [
        person(1),
        person(3, insurance_status="x", account_balance_yuan=""),
        person(3),
        person(5),
        person(5, name="示例六", account_balance_yuan=""),
        person(7),
        person(7, scheme_code="390"),
        person(9, scheme_code="999", account_balance_yuan=""),
        person(9),
        person(11),
        person(13),
        person(11),
    ]
    path = write(tmp_path / "persons.csv", rows)
    outcome = await load_into(province, job(path), options)
    assert sorted(hub.persons) == sorted(number_of(n) for n in (1, 11, 13))
    assert (outcome.tally.rows, outcome.rows_in) == (12, 3)
    assert sorted(refused_of(path), key=lambda row: int(row[0])) == [
        ("3", "insurance_status", "FIELD_INVALID"),
        ("4", "", "ROW_OF_SAME_PERSON"),
        ("5", "", "ROW_OF_SAME_PERSON"),
        ("6", "name", "PERSON_ROWS_DISAGREE"),
        ("7", "", "ROW_OF_SAME_PERSON"),
        ("8", "account_balance_yuan", "PERSON_ROWS_DISAGREE"),
        ("9", "scheme_code", "FIELD_INVALID"),
        ("10", "", "ROW_OF_SAME_PERSON"),
        ("13", "cert_number", "PERSON_TWICE"),
    ]


async def test_one_number_on_every_line_does_not_fill_memory(hub, province, options, tmp_path):
    path = write(tmp_path / "persons.csv", [person(1)] * 50 + [person(3)])
    outcome = await load_into(province, job(path), options)
    assert (outcome.tally.rows, outcome.tally.refused_rows) == (51, 50)
    assert list(hub.persons) == [number_of(3)]


async def test_a_region_that_is_asked_for_keeps_others_out(hub, province, options, tmp_path):
    path = write(tmp_path / "p.csv", [person(1), person(3, insured_region_code="650100")])

    def make(client, ids):
        return Persons(client, ids, region="640000", dry_run=False)

    outcome = await load_into(province, job(path, make=make), options)
    assert outcome.tally.counts == {"OTHER_PROVINCE": 1}
    assert list(hub.persons) == [number_of(1)]


async def test_a_dry_run_keeps_nothing_and_finds_the_same(hub, province, options, tmp_path):
    path = write(tmp_path / "persons.csv", [person(1), person(3, sex="2"), person(5, sex="")])

    def make(client, ids):
        return Persons(client, ids, region="", dry_run=True)

    dry = Options(data_dir=tmp_path, dry_run=True)
    outcome = await load_into(province, job(path, make=make), dry)
    assert outcome.tally.counts == {"PERSON_MISMATCH": 1, "FIELD_MISSING": 1}
    assert (hub.persons, hub.accounts, hub.answers) == ({}, {}, {})
    outcome = await load_into(province, job(path), options)
    assert outcome.tally.counts == {"PERSON_MISMATCH": 1, "FIELD_MISSING": 1}
    assert list(hub.persons) == [number_of(1)]


# --- going on -----------------------------------------------------------------------------------


async def test_a_stream_that_breaks_is_opened_again(small, hub, province, options, tmp_path):
    path = write(tmp_path / "persons.csv", crowd(60))
    hub.break_after = [3, 1, 0, 2]
    outcome = await load_into(province, job(path), options)
    assert (outcome.exit_code, outcome.rows_in) == (0, 60)
    assert len(hub.persons) == len(hub.accounts) == 60
    assert hub.batches == [3] * 20, "a batch had its effect twice, or never"


async def test_a_load_that_broke_off_goes_on(small, hub, province, options, tmp_path):
    path = write(tmp_path / "persons.csv", crowd(60))
    hub.break_after = [7] + [0] * 500
    outcome = await load_into(province, job(path), options)
    assert outcome.exit_code == 1
    assert (outcome.stopped.reason, outcome.stopped.message) == ("DATABASE_UNAVAILABLE", "gone")
    taken = len(hub.persons)
    assert 0 < taken < 60
    assert outcome.stopped_after_line <= 1 + taken
    # What a settlement took from an account in the meantime stays taken.
    spent = person_id(number_of(1))
    hub.accounts[spent] = 5
    hub.break_after = []
    outcome = await load_into(province, job(path), options)
    assert (outcome.exit_code, outcome.rows_in) == (0, 60)
    assert hub.batches == [3] * 20
    assert hub.accounts[spent] == 5


async def test_another_content_has_other_ids(small, hub, province, options, tmp_path):
    path = write(tmp_path / "persons.csv", crowd(6))
    await load_into(province, job(path), options)
    write(path, [*crowd(5), person(99)])
    outcome = await load_into(province, job(path), options)
    assert outcome.exit_code == 0
    assert number_of(99) in hub.persons


async def test_a_part_that_was_taken_otherwise_costs_that_part(
    small, hub, province, options, tmp_path
):
    path = write(tmp_path / "persons.csv", crowd(30))
    await load_into(province, job(path), options)
    # Two ids are known with other content: those parts cannot be taken, the others can.
    for key, (content, answer) in list(hub.answers.items()):
        if number_of(1).encode() in content or number_of(37).encode() in content:
            hub.answers[key] = (b"other", answer)
    outcome = await load_into(province, job(path), options)
    assert outcome.tally.counts == {"REQUEST_ID_REUSED": 6}
    assert outcome.stopped is None


async def test_the_rows_before_a_cut_go_in(hub, province, options, tmp_path):
    path = write(tmp_path / "persons.csv", crowd(300))
    packed = tmp_path / "persons.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-2000])
    outcome = await load_into(province, job(packed), options)
    assert outcome.exit_code == 1
    assert 0 < outcome.rows_in == len(hub.persons) < 300
    assert outcome.broken.after_line == outcome.rows_in + 1


# --- the report ---------------------------------------------------------------------------------


async def test_the_report_says_what_to_do_and_names_nobody(hub, tmp_path, capsys):
    rows = [person(1), person(3, sex="2"), person(5, birth_date="x")]
    path = write(tmp_path / "persons.csv", rows)
    path.write_bytes(path.read_bytes() + "7,张三\n".encode("gb18030"))
    async with serving(hub, tmp_path / "mesh"):
        code = await load_file(job(path), Options(data_dir=tmp_path / "mesh"))
        told = capsys.readouterr().out
        as_json = Options(data_dir=tmp_path / "mesh", as_json=True)
        await load_file(job(path), as_json)
        document = orjson.loads(capsys.readouterr().out)
    assert code == 1
    assert "4 行 rows · 1 已入库 in · 3 被拒 refused" in told
    for text in ("PERSON_MISMATCH", "NOT_UTF8", "--encoding gb18030", "persons.csv.refused.csv"):
        assert text in told
    assert document["rows_refused"] == 3
    assert {one["reason"] for one in document["reasons"]} == {
        "PERSON_MISMATCH",
        "FIELD_INVALID",
        "NOT_UTF8",
    }
    listed = path.with_name("persons.csv.refused.csv").read_text(encoding="utf-8-sig")
    for secret in (*(number_of(n) for n in (1, 3, 5)), "示例3", "E00000003", "张三"):
        assert secret not in listed + told + str(document)


async def test_no_rows_and_no_mesh(hub, tmp_path, capsys):
    path = write(tmp_path / "persons.csv", [])
    with pytest.raises(MeshError, match="no mesh runs"):
        await load_file(job(path), Options(data_dir=tmp_path / "mesh"))
    with pytest.raises(UnreadableError, match="--encoding is one of"):
        await load_file(job(path), Options(data_dir=tmp_path, encoding="latin1"))
    async with serving(hub, tmp_path / "mesh"):
        assert await load_file(job(path), Options(data_dir=tmp_path / "mesh")) == 2
    assert "holds no rows" in capsys.readouterr().out


async def test_refused_rows_that_cannot_be_listed(province, tmp_path):
    path = write(tmp_path / "persons.csv", [person(1)])
    elsewhere = Options(data_dir=tmp_path, refused=tmp_path / "persons.csv" / "x")
    with pytest.raises(UnreadableError, match="--refused"):
        await load_into(province, job(path), elsewhere)
