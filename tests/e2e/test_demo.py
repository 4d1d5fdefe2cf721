"""The demo as a newcomer runs it. Goal: the published amounts come out, to the fen, through the
real mesh. Method: the command runs once; its JSON is all that the tests look at. The expected
amounts stand here and in no other place.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.cli import cases as demo_cases

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "services.cli", "demo"]
SETTLED = ("zhang", "outpatient", "segments", "resident_points", "resident_factor", "chronic")
CALLEES = {"identity", "filing", "supervision", "benefits"}


def environment(folder: Path) -> dict[str, str]:
    # TMPDIR: the demo's data lies where we can see that nothing is left of it.
    paths = os.pathsep.join([str(ROOT), str(ROOT / "services" / "gen")])
    return {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(folder)}


@pytest.fixture(scope="module")
def finished():
    """The finished command and the folder that it had for its temporary data."""
    # Not pytest's own folder: the path of a Unix socket has about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="yj-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL started by root runs as another user
        done = subprocess.run(
            [*COMMAND, "--json"],
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        yield done, folder


@pytest.fixture(scope="module")
def document(finished) -> dict[str, Any]:
    done, _ = finished
    assert done.returncode == 0, done.stderr
    # Nothing but JSON on standard output: the parser takes no other character.
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def cases(document) -> dict[str, Any]:
    return {case["case"]: case for case in document["cases"]}


def paid(case: dict[str, Any]) -> tuple[int, int, int]:
    amounts, payment = case["settlement"]["amounts_fen"], case["settlement"]["payment_fen"]
    return amounts["total"], payment["fund"], payment["patient"]


def test_case_zhang_as_published(cases):
    zhang = cases["zhang"]
    assert paid(zhang) == (1735393, 1303305, 432088)
    amounts = zhang["settlement"]["amounts_fen"]
    assert amounts["total"] - amounts["in_scope"] == 112093
    assert zhang["settlement"]["payment_fen"]["deductible"] == 90000
    assert zhang["line_count"] >= 60


def test_case_outpatient_as_in_the_message(cases):
    settlement = cases["outpatient"]["settlement"]
    assert paid(cases["outpatient"]) == (452, 0, 452)
    assert settlement["amounts_fen"]["prior_self_pay"] == 23
    assert settlement["amounts_fen"]["in_scope"] == settlement["payment_fen"]["deductible"] == 429
    assert settlement["payment_fen"]["account"] == 452
    assert settlement["payment_fen"]["cash"] == 0


def test_case_segments(cases):
    assert paid(cases["segments"])[1:] == (6892500, 1749500)


def test_case_resident_by_both_modes_of_reduction(cases):
    funds = Counter(paid(cases[key])[1] for key in ("resident_points", "resident_factor"))
    assert funds == Counter([2091000, 2187600])
    for key in ("resident_points", "resident_factor"):
        assert cases[key]["settlement"]["funds_fen"].keys() == {"390100", "390200"}
        assert cases[key]["settlement"]["benefit_level"] == "UNFILED"


def test_case_chronic(cases):
    # (255.00 - 100.00) x 60 % = 93.00.
    assert paid(cases["chronic"]) == (25500, 9300, 16200)
    causes = cases["chronic"]["settlement"]["causes_fen"]
    assert {name: fen for name, fen in causes.items() if fen} == {
        "deductible": 10000,
        "share": 6200,
    }


def test_the_causes_of_every_case_are_what_the_patient_pays(cases):
    for case in cases.values():
        if case["settlement"]:
            payment = case["settlement"]["payment_fen"]
            assert sum(case["settlement"]["causes_fen"].values()) == payment["patient"]


def test_advice(document, cases):
    advice = document["advice"]
    assert advice["eligibility"]["eligible"]
    assert len(advice["estimate"]["estimates"]) == 5
    direct = advice["gap"]["direct"]
    assert int(direct["amounts"]["in_scope"]["fen"]) == 7740000
    assert int(direct["adjudication"]["patient_total"]["fen"]) == paid(cases["segments"])[2]
    assert int(advice["gap"]["patient_gap"]["fen"]) > 0


def test_case_refused_says_why_and_writes_nothing(cases):
    refused = cases["card_lost"]
    assert refused["settlement"] is None
    assert refused["refusal"]["reason"] == "CARD_LOST"
    assert refused["refusal"]["message_zh"]
    assert refused["standings"]["before"] == refused["standings"]["after"]
    assert {check["name"]: check["holds"] for check in refused["checks"]}["nothing_written"]


def test_case_reversed_leaves_everything_as_before(cases):
    reversal = cases["outpatient_reversed"]
    standings = reversal["standings"]
    assert reversal["settlement"]["state"] == "REVERSED"
    assert standings["after"] == standings["before"] != standings["settled"]
    used = standings["before"]["account_balance_fen"] - standings["settled"]["account_balance_fen"]
    assert used == 452
    assert {"same_again", "once_only"} <= {c["name"] for c in reversal["checks"] if c["holds"]}


def test_case_stay_goes_its_whole_way_and_back(cases):
    checks = {check["name"]: check["holds"] for check in cases["zhang_stay"]["checks"]}
    told = ("quote", "parts", "undo_order", "cancelled", "accumulators")
    assert [checks[name] for name in told] == [True] * len(told)


def test_case_filed_afterwards_is_computed_anew(cases):
    before, after = cases["resident_points"], cases["resident_points_recomputed"]
    # (370.00 - 25.00) x 65 % by the hundred yuan, and of critical illness (145.75 - 125.00) x 60 %.
    assert paid(after) == (4200000, 2242500 + 124500, 1833000)
    assert paid(before)[1] == 2091000
    assert after["settlement"]["benefit_level"] == "LONG_TERM"
    standings = after["standings"]
    owed = [sum(standings[name]["owed_fen"].values()) for name in ("settled", "after")]
    assert owed[1] - owed[0] == paid(after)[1] - paid(before)[1]


def test_every_check_of_every_case_holds(document):
    failed = [
        (case["case"], check["name"])
        for case in document["cases"]
        for check in case["checks"]
        if not check["holds"]
    ]
    assert failed == []
    assert document["ok"]


def test_the_books_close(document, cases):
    closing = document["clearing"]
    # Six bills, one of them twice because computed anew, and the two parts of the stay; one bill,
    # both parts and what was replaced are taken back.
    assert (closing["settlement_count"], closing["reversal_count"]) == (9, 4)
    paid_fen = closing["fund_fen"] + closing["account_fen"] + closing["cash_fen"]
    stay = demo_cases.case("zhang").bill
    net_of_refund = stay.total.fen - stay.lines[0].amount.fen
    billed = sum(c["bill_total_fen"] for c in settled(document)) + net_of_refund
    billed += cases["resident_points_recomputed"]["bill_total_fen"]
    assert paid_fen == closing["total_fen"] == billed
    owed = {
        (position["insured_region_code"], position["care_region_code"]): position["owed_fen"]
        for position in closing["positions"]
    }
    assert owed == {
        ("650000", "640000"): 1303305,
        ("130000", "110000"): 0,
        ("110000", "120000"): 6892500,
        ("610000", "510000"): 2367000 + 2187600,
        ("650000", "110000"): 9300,
    }


def settled(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [case for case in document["cases"] if case["case"] in SETTLED]


def test_every_settlement_names_what_it_was_computed_by(document):
    for case in settled(document):
        settlement = case["settlement"]
        assert settlement["policy_version"].startswith(case["insured_region_code"])
        assert settlement["catalogue_version"].startswith(case["care_region_code"][:2])
        assert settlement["trace_id"] == case["trace_id"]
        assert settlement["screening_state"] == "SCREENED"


def test_every_step_of_the_calculation_names_its_parameters(document):
    for case in settled(document):
        steps = case["settlement"]["steps"]
        reads = [read for step in steps for read in step["parameters"]]
        assert {"cash"} <= {step["step"] for step in steps}
        assert reads
        assert all(read["value"] and read["reference"] for read in reads)
        assert {read["status"] for read in reads} <= {"PUBLISHED", "SECONDARY", "SAMPLE"}


def test_a_finding_of_supervision_reaches_the_receipt(cases):
    assert {found["rule"] for found in cases["segments"]["settlement"]["findings"]} == {
        "DUPLICATE_CHARGE"
    }


def test_every_trace_begins_at_the_province_and_reaches_every_callee(document):
    for case in settled(document):
        spans = case["trace"]
        assert spans[0]["service"] == "province"
        assert spans[0]["depth"] == 0
        assert [span["name"] for span in spans if span["orphan"]] == []
        assert {span["service"] for span in spans} >= CALLEES | {"settlement"}


def test_no_personal_data_is_printed(finished):
    done, _ = finished
    from services.cli.cases import people

    for person in people().values():
        for secret in (person.message.cert_number, person.message.name, person.card.card_number):
            assert secret not in done.stdout + done.stderr


def test_nothing_is_left_behind(finished, document):
    _, folder = finished
    assert data_of(folder) == []
    assert running_with(folder) == []


def test_a_killed_demo_leaves_nothing_behind():
    with tempfile.TemporaryDirectory(prefix="yj-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        command = subprocess.Popen(
            COMMAND,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait(lambda: list(folder.glob("*/logs/clearing.log")))
            assert running_with(folder)
        finally:
            command.send_signal(signal.SIGKILL)
            command.wait()
        wait(lambda: not data_of(folder) and not running_with(folder))


def data_of(folder: Path) -> list[str]:
    # The embedded PostgreSQL's library keeps a lock file for all of the user's servers beside it.
    return [path.name for path in folder.glob("yijie-*")]


def wait(done, within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


def running_with(folder: Path) -> list[str]:
    """The processes that have the folder in their command line or environment (Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if str(folder).encode() in text and int(process.name) != os.getpid():
                found.append(text.split(b"\0", 1)[0].decode(errors="replace"))
    return found
