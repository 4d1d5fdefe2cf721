"""Goal: a synthetic province is one that loads: valid, no two of a kind, and the same again."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from services.cli.commands import app
from services.cli.loading.catalogue import COLUMNS as ITEM_COLUMNS
from services.cli.loading.catalogue import Catalogue, Edition
from services.cli.loading.filings import Filings
from services.cli.loading.institutions import Institutions
from services.cli.loading.kinds import Ids, lies_in
from services.cli.loading.mapping import Edition as MappingEdition
from services.cli.loading.mapping import Mapping
from services.cli.loading.persons import Persons
from services.cli.loading.reader import Source
from services.cli.progress import Progress
from services.cli.sample import people
from services.cli.sample.areas import counties_of
from services.cli.sample.province import Sizes, UnknownProvinceError, write
from services.kit import codes

DAY = date(2026, 11, 22)
SIZES = Sizes(persons=3000, items=18_000, institutions=150)
IDS = Ids("kind", "digest", "")


def made(folder, *, sizes=SIZES, seed=1, region="640000"):
    write(folder, sizes, seed=seed, region=region, day=DAY, progress=Progress(io.StringIO()))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("province"))


def table(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def entries(path, kind):
    """Everything in a file as its kind reads it; nothing may be refused."""
    with Source(path, kind.columns) as source:
        return list(kind.entries(source.rows(pytest.fail), pytest.fail))


def test_people_are_valid_and_different(folder):
    found = entries(folder / "persons.csv", Persons(None, IDS, region="640000", dry_run=False))
    assert len(found) == 3000
    rows = [entry.message for entry in found]
    assert len({row.person.cert_number for row in rows}) == 3000
    cards = [card for row in rows for card in row.cards]
    assert len({card.card_number for card in cards}) == len(cards) > 2900
    for row in rows:
        person = row.person
        parsed = codes.parse_id_number(person.cert_number, today=DAY)
        assert parsed is not None
        assert parsed.sex == str(person.sex)
        born = person.birth_date
        assert parsed.birth_date == date(born.year, born.month, born.day)
        assert person.cert_number[14] == "9", "sequence numbers from 900 are nobody's"
        for insurance in person.insurances:
            assert codes.is_known_area(insurance.insured_region_code)
            begun = insurance.begin_date
            assert parsed.birth_date <= date(begun.year, begun.month, begun.day) <= DAY
    for card in cards:
        assert codes.is_card_number(card.card_number)
        assert codes.is_card_serial(card.recognition_code)
    sexes = Counter(row.person.sex for row in rows)
    assert min(sexes.values()) > 1300
    # Some have two rows, some receive aid, some cards are lost.
    assert any(len(row.person.insurances) == 2 for row in rows)
    assert any(entry.extras is not None and entry.extras.aid for entry in found)
    assert len({card.state for card in cards}) == 4


def test_filings_are_of_these_people(folder):
    found = entries(folder / "filings.csv", Filings(None, IDS, region="640000", dry_run=False))
    numbers = {row["cert_number"] for row in table(folder / "persons.csv")}
    assert len(found) > 30
    assert {entry.extras for entry in found} <= numbers
    for entry in found:
        filing = entry.message
        assert filing.target_region_code[:2] != "64"
        assert codes.is_known_area(filing.target_region_code)
        begin = date(filing.begin_date.year, filing.begin_date.month, filing.begin_date.day)
        assert timedelta() <= DAY - begin < timedelta(days=180)
    assert len({entry.message.type for entry in found}) >= 4


def test_institutions_are_different(folder):
    kind = Institutions(None, IDS, region="640000", dry_run=False)
    found = [entry.message for entry in entries(folder / "institutions.csv", kind)]
    assert len({one.institution_code for one in found}) == 150
    for one in found:
        assert codes.is_institution_code(one.institution_code)
        assert lies_in(one.region_code, "640000")
        assert one.openings


def test_entries_of_a_catalogue_are_well_formed(folder):
    kind = Catalogue(None, IDS, Edition(region="640000", version="v"), dry_run=False)
    found = [entry.message for entry in entries(folder / "catalogue.csv", kind)]
    assert len({item.item_code for item in found}) == 18_000
    for item in found:
        assert codes.list_type_of(item.item_code) == item.list_type_code
        assert item.sample
    assert {len(row) for row in table(folder / "catalogue.csv")} == {len(ITEM_COLUMNS)}
    assert {item.list_type_code for item in found} == {"101", "102", "103", "201", "301"}
    assert any(item.HasField("restriction") for item in found)
    assert any(item.use_limits for item in found)
    assert any(item.price_ceilings for item in found)


def test_mappings_lead_to_the_catalogue(folder):
    def read(owner):
        kind = Mapping(None, IDS, MappingEdition(owner=owner, version="v"), dry_run=False)
        path = folder / f"mapping-{owner}.csv"
        return {e.message.source_code: e.message.target_code for e in entries(path, kind)}

    items = {row["item_code"] for row in table(folder / "catalogue.csv")}
    region = read("640000")
    assert set(region.values()) <= items
    owners = [path.stem.partition("-")[2] for path in folder.glob("mapping-H*.csv")]
    assert len(owners) == 3
    for owner in owners:
        targets = set(read(owner).values())
        assert "" in targets, "something is left to map"
        assert targets - {""} <= set(region) or targets - {""} <= items


def test_the_same_seed_makes_the_same_files(folder, tmp_path):
    again = made(tmp_path / "again")
    other = made(tmp_path / "other", seed=2)
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
    numbers = {row["cert_number"] for row in table(folder / "persons.csv")}
    assert not numbers <= {row["cert_number"] for row in table(other / "persons.csv")}


@pytest.mark.parametrize("region", ["110000", "460000", "660000", "820000"])
def test_other_provinces(tmp_path, region):
    sizes = Sizes(persons=200, items=20, institutions=10)
    if region not in codes.PROVINCES:
        with pytest.raises(UnknownProvinceError):
            made(tmp_path, sizes=sizes, region=region)
        return
    made(tmp_path, sizes=sizes, region=region)
    found = entries(tmp_path / "persons.csv", Persons(None, IDS, region=region, dry_run=False))
    assert len({entry.message.person.cert_number for entry in found}) == 200


def test_a_million_have_different_numbers():
    """Of every county and pair of sequences in turn; the widest province has room for all."""
    counties = counties_of("640000")
    assert people.most_of(counties) > 10_000_000
    with pytest.raises(UnknownProvinceError, match="id numbers for"):
        made(None, sizes=Sizes(persons=10**9, items=0, institutions=0))


def test_the_command(tmp_path):
    sizes = ["--persons", "5", "--items", "5", "--institutions", "5", "--date", "2026-11-22"]
    ran = CliRunner().invoke(app, ["sample", "province", str(tmp_path / "p"), *sizes])
    assert ran.exit_code == 0
    assert "yijie load persons persons.csv" in (tmp_path / "p/README.txt").read_text("utf-8")
    for options in (["--region", "990000"], ["--date", "yesterday"], ["--persons", "-1"]):
        assert (
            CliRunner().invoke(app, ["sample", "province", str(tmp_path), *options]).exit_code == 2
        )
