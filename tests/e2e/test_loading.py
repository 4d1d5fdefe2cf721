"""Goal: docs/loading.md is true: its commands load a synthetic province into a real mesh, a second
run changes nothing, and what is wrong in a file is told with what to do.

Method: the commands of the document, run as a person would, against one mesh.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
import re
import shlex
import sys
from pathlib import Path

import asyncpg
import orjson
import pytest

from services.cli.mesh import Mesh
from services.kit import codes

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"^    (yijie (?:load|sample|institutions|catalogue|bench) .*)$", re.MULTILINE)
SECTION = "## A province from nothing"


async def yijie(command: str, cwd: Path, data_dir: Path) -> tuple[int, str]:
    """Runs a command of the document; returns its exit code and what it printed."""
    arguments = shlex.split(command.partition("#")[0])[1:]
    if arguments[0] != "sample":
        arguments += ["--data-dir", str(data_dir)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli",
        *arguments,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), f"{ROOT}/services/gen"])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    return process.returncode or 0, out.decode()


async def count(running: Mesh, statement: str) -> int:
    connection = await asyncpg.connect(running.dsn)
    try:
        return int(await connection.fetchval(statement))
    finally:
        await connection.close()


def commands() -> list[str]:
    text = (ROOT / "docs/loading.md").read_text(encoding="utf-8")
    return COMMAND.findall(text.partition(SECTION)[2].partition("\n## ")[0])


@pytest.fixture(scope="module")
async def loaded(running: Mesh, tmp_path_factory) -> Path:
    """The folder of a province that was loaded by the document's commands."""
    folder = tmp_path_factory.mktemp("province")
    before = await count(running, "SELECT count(*) FROM identity.person")
    for command in commands():
        if " big " in command:
            continue
        code, out = await yijie(command, folder, running.data_dir)
        assert code == 0, f"{command}\n{out}"
        assert "Traceback" not in out
    # Other tests of this mesh register people, too, before or after.
    after = await count(running, "SELECT count(*) FROM identity.person")
    (folder / "loaded.txt").write_text(str(after - before))
    return folder


async def test_the_documents_commands_load_a_province(running, loaded):
    assert len(commands()) == 12
    with (loaded / "province/persons.csv").open(encoding="utf-8") as file:
        people = {row["cert_number"] for row in csv.DictReader(file)}
    assert len(people) == 2000
    assert int((loaded / "loaded.txt").read_text()) == 2000
    assert await count(running, "SELECT count(*) FROM identity.institution") == 60
    assert await count(running, "SELECT count(*) FROM benefits.account") > 500
    filings = len((loaded / "province/filings.csv").read_text().splitlines()) - 1
    assert await count(running, "SELECT count(*) FROM filing.filing") == filings > 0


async def test_a_second_run_does_nothing_twice(running, loaded):
    counts = (
        "SELECT count(*) FROM filing.filing",
        "SELECT count(*) FROM identity.card",
        "SELECT count(*) FROM identity.request",
        "SELECT count(*) FROM benefits.request",
    )
    before = [await count(running, statement) for statement in counts]
    for kind in ("persons", "filings"):
        command = f"yijie load {kind} province/{kind}.csv --region 640000"
        code, out = await yijie(command, loaded, running.data_dir)
        assert code == 0, out
    assert [await count(running, statement) for statement in counts] == before


async def test_what_is_wrong_is_told_and_the_rest_goes_in(running, loaded):
    with (loaded / "province/persons.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, sample = reader.fieldnames, next(reader)
    first = "640104199001019"
    rows = []
    for sequence in ("01", "03", "05", "07", "09"):
        digits = first + sequence
        number = digits + codes.check_digit(digits)
        card = f"Q000000{sequence}"
        rows.append(
            sample
            | {"cert_number": number, "sex": "1", "birth_date": "1990-01-01"}
            | {"card_number": card, "card_state": "active", "insurance_status": "1"}
        )
    rows[1]["birth_date"] = "1990-01-02"
    rows[2]["insured_region_code"] = "649900"
    rows[2]["scheme_code"] = "x"
    # Two active cards of one person.
    rows.append(
        rows[3] | {"scheme_code": "390", "card_number": "Q00000099", "account_balance_yuan": ""}
    )
    rows[3], rows[4], rows[5] = rows[3], rows[5], rows[4]
    path = loaded / "bad.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, names, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    path.write_bytes(path.read_bytes() + "坏行,张三\n".encode("gb18030"))
    code, text = await yijie("yijie load persons bad.csv --json", loaded, running.data_dir)
    document = orjson.loads(text)
    assert code == 1
    assert (document["rows"], document["rows_in"]) == (7, 2)
    with (loaded / "bad.csv.refused.csv").open(encoding="utf-8-sig", newline="") as file:
        refused = {row["line"]: row for row in csv.DictReader(file)}
    assert sorted(refused) == ["3", "4", "5", "6", "8"]
    assert (refused["3"]["reason"], refused["3"]["field"]) == ("PERSON_MISMATCH", "birth_date")
    assert refused["4"]["field"] in {"scheme_code", "insured_region_code"}
    assert {refused[line]["reason"] for line in ("5", "6")} == {
        "CARD_ALREADY_ACTIVE",
        "ROW_OF_SAME_PERSON",
    }
    assert refused["8"]["reason"] == "NOT_UTF8"
    assert all(row["what_to_do_zh"] for row in refused.values())
    assert await count(running, "SELECT count(*) FROM identity.person") == 2002


async def test_a_cut_gzip_and_gbk_on_the_real_mesh(running, loaded):
    plain = (loaded / "province/filings.csv").read_bytes()
    (loaded / "cut.csv.gz").write_bytes(gzip.compress(plain)[:-20])
    code, out = await yijie("yijie load filings cut.csv.gz --dry-run", loaded, running.data_dir)
    assert code == 1
    assert "cut off" in out
    institutions = (loaded / "province/institutions.csv").read_text(encoding="utf-8")
    (loaded / "gbk.csv").write_bytes(institutions.encode("gb18030"))
    code, out = await yijie("yijie load institutions gbk.csv", loaded, running.data_dir)
    assert code == 1
    assert "--encoding gb18030" in out
    command = "yijie load institutions gbk.csv --encoding gb18030"
    code, out = await yijie(command, loaded, running.data_dir)
    assert code == 0, out


ITEM = {
    "item_code": "XA02AXX095A001010103357",
    "name": "小儿大黄碳酸氢钠片",
    "list_type_code": "101",
    "charge_category_code": "09",
    "catalogue_class": "A",
    "begin_date": "2026-01-01",
}
# What is changed, and the column and reason by which it is refused.
BAD_ITEMS = (
    ({"catalogue_class": "B"}, "prior_self_pay_ratio", "FIELD_INVALID"),
    (
        {"price_ceiling_yuan": "-1", "over_ceiling": "self_pay"},
        "price_ceiling_yuan",
        "FIELD_INVALID",
    ),
    ({"item_code": "nonsense"}, "item_code", "FIELD_INVALID"),
    ({"list_type_code": "999"}, "list_type_code", "FIELD_INVALID"),
    ({"end_date": "2025-01-01"}, "end_date", "FIELD_INVALID"),
    # The same code again, from an earlier day on without an end.
    ({"begin_date": "2025-06-01"}, "begin_date", "CATALOGUE_PERIOD_OVERLAP"),
)


async def test_a_catalogue_with_bad_rows_is_told_by_row_and_not_published(running, loaded):
    rows = [ITEM]
    for number, (changed, _, _) in enumerate(BAD_ITEMS):
        # Other codes, or all of them would overlap; the last one shall.
        code = f"XA02AXX095A001010{200_000 + number}"
        other = {} if number == len(BAD_ITEMS) - 1 else {"item_code": code}
        rows.append(ITEM | other | changed)
    names = [*ITEM, "end_date", "price_ceiling_yuan", "over_ceiling"]
    with (loaded / "bad_items.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, names, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    command = "yijie load catalogue bad_items.csv --region 630000 --version bad --json"
    code, text = await yijie(command, loaded, running.data_dir)
    document = orjson.loads(text)
    assert (code, document["rows"], document["rows_in"]) == (1, 7, 1), text
    assert "is not published" in document["notes"][0]
    with (loaded / "bad_items.csv.refused.csv").open(encoding="utf-8-sig", newline="") as file:
        refused = {int(row["line"]): (row["field"], row["reason"]) for row in csv.DictReader(file)}
    assert sorted(refused) == [3, 4, 5, 6, 7, 8]
    assert [refused[line] for line in range(3, 9)] == [one[1:] for one in BAD_ITEMS]
    code, text = await yijie("yijie catalogue versions 630000", loaded, running.data_dir)
    assert code == 1, text


async def test_who_asks_is_measured_over_what_is_loaded(running, loaded):
    command = "yijie bench registries --persons province/persons.csv --seconds 1 --json"
    command += " --registry-rate 40"
    code, text = await yijie(command, loaded, running.data_dir)
    assert code == 0, text
    document = orjson.loads(text[text.index("{") :])
    for method in ("VerifyCredential", "MatchFiling"):
        assert document["registries"]["calls"][method]["answered"] > 5
        assert document["registries"]["calls"][method]["errors"] == {}
