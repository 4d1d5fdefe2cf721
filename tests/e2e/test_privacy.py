"""No personal data in the clear, anywhere that a mesh leaves anything. Goal and method.

Canary values (id number, name, card number, recognition code, token, birth date, diagnosis, item,
chronic disease, identity for medical aid, papers of a filing, officers' words) go through every
door, well-formed and malformed, with the services' logs at debug. Then everything is searched for
them, as text, in hexadecimal, as a protobuf date and as an unkeyed hash, which would be no
protection: all files of the mesh (PostgreSQL's own with its log and write-ahead log, service logs,
spans), every column of every schema (also deflated ones), /metrics, the refusals, and what `yijie
load` prints and writes. The same spans, metrics and lines are held against telemetry.yaml. At last
each table is made to refuse a row, because PostgreSQL writes the row it refuses into its log.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from services.cli.mesh import Mesh, mesh
from services.cli.province import Province
from services.kit.wire import write_date
from tests.e2e import doors_bills, doors_every, doors_filing, doors_identity, telling
from tests.e2e.canaries import (
    BAD_CERT,
    BORN,
    CARD,
    CERT,
    DIAGNOSIS,
    DOCUMENT,
    EXPECTED,
    FOUND_CODE,
    FOUND_NAME,
    NAME,
    OF_POLICY,
    OTHER_DAY,
    SERIAL,
    SIGNED,
    TEXTS,
    Visit,
)
from tests.e2e.searching import Search, columns, inflated, provoke_refused_rows, read_page
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S
from yijie.identity.v1 import identity_service_pb2

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]

# What the drug register names stands in the catalogue that every hospital reads.
PUBLIC = ("catalogue", "snapshot_chunk")
# Both provinces are told of these: the day on which the stay should end is in them.
OF_STAYS = frozenset({"admission", "warning", "warnings", "RegisterVisit"})


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Mesh]:
    """A mesh of this module alone, as talkative as it can be."""
    folder = Path(tempfile.mkdtemp(prefix="yijie-e2e-"))
    try:
        async with mesh(folder, settings={"YIJIE_LOG_LEVEL": "debug"}) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def search() -> Search:
    found = Search()
    for text in TEXTS:
        found.add_text(text)
    for day in (BORN, OTHER_DAY, SIGNED):
        found.forms.append((f"{day} as a message", write_date(day).SerializeToString()))
    return found


@pytest.fixture(scope="module")
def quiet() -> Search:
    """What is in answers to both provinces of a stay, and nowhere else."""
    found = Search()
    found.add_text(str(EXPECTED))
    found.forms.append(("expected as a message", write_date(EXPECTED).SerializeToString()))
    return found


@pytest.fixture(scope="module")
async def visit(running: Mesh, province: Province, search: Search) -> Visit:
    """Everything that the hub is told of the canary person."""
    visit = Visit(province, search, running)
    await doors_bills.register(visit)
    await doors_identity.load(visit)
    answer = await province.identity.IssueCredentialToken(
        identity_service_pb2.IssueCredentialTokenRequest(person_id=visit.person_id),
        timeout=TIMEOUT_S,
    )
    search.add_text(answer.token)
    await doors_bills.settle_and_reverse(visit, answer.token)
    await doors_identity.replay(visit, answer.token)
    await doors_bills.be_refused(visit, answer.token)
    await doors_bills.send_malformed(visit)
    await doors_identity.look_up(visit)
    await doors_identity.live_with_cards(visit)
    await doors_filing.file(visit)
    await doors_filing.be_refused(visit)
    await doors_filing.recompute(visit)
    await doors_filing.stay(visit)
    await doors_filing.deliver(visit)
    await doors_identity.watch(visit)
    await doors_every.map_garbage(visit)
    assert await doors_every.open_every(visit) > 100
    return visit


async def test_refusals_say_nothing_of_the_person(visit, search, quiet):
    assert len(visit.refusals) > 600
    for code, text in visit.refusals:
        assert search.found_in(text) == [], code
        assert code in OF_STAYS or quiet.found_in(text) == [], code


async def test_metrics_say_nothing_of_the_person(running, visit, search, quiet):
    for service, endpoint in running.endpoints.items():
        page = await asyncio.to_thread(read_page, endpoint.metrics_url)
        assert b"rpc_server" in page, service
        assert search.found_in(page) == [], service
        assert quiet.found_in(page) == [], service
        assert visit.person_id.encode() not in page, service


async def test_everything_that_is_told_is_declared(running, visit):
    """Every span, edge, metric, label and log line of all that went through the doors."""
    await recorded(running)
    connection = await asyncpg.connect(running.dsn)
    try:
        rows = await connection.fetch("SELECT trace_id FROM settlement.settlement")
    finally:
        await connection.close()
    settled = [row["trace_id"] for row in rows]
    assert len(settled) > 3

    async def whole() -> None:
        assert list(telling.wrong_traces(running.trace_dir, settled)) == []

    await eventually(whole)
    assert sorted(set(telling.wrong_spans(running.trace_dir))) == []
    assert sorted(set(telling.wrong_edges(running.trace_dir))) == []
    for process, endpoint in running.endpoints.items():
        page = await asyncio.to_thread(read_page, endpoint.metrics_url)
        assert list(telling.wrong_metrics(process, page)) == []
        log = running.data_dir / "logs" / f"{process}.log"
        assert sorted(set(telling.wrong_lines(log))) == []


PERSONS = f"""\
cert_number,name,sex,birth_date,insured_region_code,scheme_code,person_type_code,insurance_status,\
insurance_begin_date,card_number,card_state,card_issuing_region_code,card_recognition_code
{BAD_CERT},{NAME},2,{BORN},131100,310,11,1,2012-01-01,{CARD},active,131100,{SERIAL}
{CERT},{NAME},1,{BORN},131100,310,11,1,2012-01-01,{CARD},active,131100,{SERIAL}
{CERT},{NAME},2,{OTHER_DAY},131100,310,11,1,2012-01-01,,,,
{CERT},{NAME},{CERT},{BORN},131100,310,11,1,2012-01-01,{CARD},{NAME},131100,{SERIAL}
{CERT},{NAME},2,{NAME},{CERT},{CARD},11,1,{CERT},{CERT},active,131100,{NAME}
{CERT},{NAME},2
{CERT},"{NAME},2
"""
FILINGS = f"""\
cert_number,insured_region_code,target_region_code,type,begin_date,evidence,channel,\
diagnosis_code,documents
{BAD_CERT},340100,310000,referral,{SIGNED},referral_proof,window,{DIAGNOSIS},\
referral_proof:{DOCUMENT}:{SIGNED}
{CERT},340100,310000,referral,{SIGNED},referral_proof,window,{DIAGNOSIS},\
referral_proof:{DOCUMENT}:{SIGNED}
{CERT},340100,{CERT},referral,{SIGNED},referral_proof,window,{NAME},{DOCUMENT}
{CERT},650100,310000,{NAME},{CERT},{CARD},{NAME},{DIAGNOSIS},{NAME}:{DOCUMENT}
"""
HEADLESS = PERSONS.partition("\n")[2]


@pytest.mark.parametrize(
    "text", [PERSONS, FILINGS, HEADLESS], ids=["persons", "filings", "headless"]
)
async def test_a_loader_tells_of_rows_and_not_of_what_stood_in_them(
    text, running, visit, search, tmp_path
):
    kind = "filings" if text == FILINGS else "persons"
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode() + f"{CERT},{NAME}\n".encode("gb18030"))
    for extra in (("--json",), ("--dry-run",)):
        code, out = await yijie(running, "load", kind, str(path), *extra)
        assert code in {1, 2}, out
        assert search.found_in(out) == []
    refused = tmp_path / "rows.csv.refused.csv"
    if text == HEADLESS:
        # A line of data stands where the columns should be named: nothing was read.
        assert not refused.exists()
    else:
        listed = refused.read_bytes()
        # The header, and one line at least for each row.
        assert listed.count(b"\n") >= text.count("\n") + 1
        assert search.found_in(listed) == []


async def test_no_key_is_ever_shown(running, visit):
    """Method: key commands that work and that do not; then all files but the secrets."""
    secrets = running.data_dir / "secrets"
    keys = Search()
    _add_keys(keys, (secrets / "index_key").read_text())
    for command, works in (
        (("rotate",), True),
        (("status", "--json"), True),
        (("retire", "2"), False),
    ):
        _add_keys(keys, (secrets / "data_key").read_text())
        code, out = await yijie(running, "keys", *command)
        assert (code == 0) is works, out
        _add_keys(keys, (secrets / "data_key").read_text())
        assert keys.found_in(out) == [], command
    whole = (secrets / "data_key").read_text()
    assert whole.count(":") == 2
    try:
        # The services look at their key file every second: they go on with what they know.
        (secrets / "data_key").write_text(whole[:-9])
        code, out = await yijie(running, "keys", "status")
        assert code, out
        assert keys.found_in(out) == []
        await asyncio.sleep(1.5)
    finally:
        (secrets / "data_key").write_text(whole)
    for path in running.data_dir.rglob("*"):
        if path.is_file() and path.parent != secrets:
            assert keys.found_in(path.read_bytes()) == [], path.name


def _add_keys(keys: Search, text: str) -> None:
    """Adds the keys of a file: as they stand there, as bytes, in hexadecimal."""
    for line in text.split():
        key = line.rpartition(":")[2]
        raw = base64.b64decode(key)
        keys.forms += [("base64", key.encode()), ("raw", raw), ("hex", raw.hex().encode())]


async def test_no_column_holds_them_in_the_clear(running, visit, search, quiet):
    await recorded(running)
    found = Search()
    for text in (FOUND_NAME, FOUND_CODE):
        found.add_text(text)
    connection = await asyncpg.connect(running.dsn)
    seen = set()
    try:
        for schema, table, column in await columns(connection):
            query = f'SELECT "{column}" FROM "{schema}"."{table}"'  # noqa: S608 - names of ours
            for row in await connection.fetch(query):
                value = row[0]
                data = value if isinstance(value, bytes) else str(value).encode()
                assert search.found_in(data) == [], f"{schema}.{table}.{column}"
                assert quiet.found_in(data) == [], f"{schema}.{table}.{column}"
                assert quiet.found_in(inflated(data)) == [], f"{schema}.{table}.{column}"
                open_to_all = OF_POLICY if table == "policy_version" else ()
                assert set(search.found_in(inflated(data))) <= {*open_to_all}, f"{table}.{column}"
                if (schema, table) != PUBLIC:
                    assert found.found_in(data) == [], f"{schema}.{table}.{column}"
                    assert found.found_in(inflated(data)) == [], f"{schema}.{table}.{column}"
                if value is not None:
                    seen.add(f"{schema}.{table}")
    finally:
        await connection.close()
    # The tables in which a bill leaves something.
    assert {"identity.person", "identity.card", "settlement.settlement"} <= seen
    assert {"settlement.outbox", "settlement.request", "supervision.audited_bill"} <= seen
    assert {"benefits.adjudication", "clearing.entry", "supervision.finding"} <= seen
    assert {"benefits.entitlement", "benefits.request", "benefits.policy_version"} <= seen
    # And those in which the registries do.
    assert {"identity.access", "identity.signal", "identity.card_state_change"} <= seen
    assert {"filing.filing_record", "filing.filing_event", "filing.filing_supplement"} <= seen
    assert {"filing.filing_acknowledgement", "filing.refused_submission"} <= seen
    assert {"filing.admission", "filing.warning_event", "filing.commitment_bar"} <= seen
    assert {"settlement.recomputation", "settlement.admission_event"} <= seen
    assert {"settlement.visit", "supervision.signal", "settlement.refusal"} <= seen


async def test_no_file_holds_them_in_the_clear(running, visit, search, quiet):
    await recorded(running)
    connection = await asyncpg.connect(running.dsn)
    try:
        rows_refused = await provoke_refused_rows(connection)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    read: list[str] = []
    held: set[str] = set()
    for path in sorted(running.data_dir.rglob("*")):
        # Files come and go while PostgreSQL works; a socket cannot be read.
        if not path.is_file():
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        name = str(path.relative_to(running.data_dir))
        read.append(name)
        assert search.found_in(data) == [], name
        assert quiet.found_in(data) == [], name
        if UUID(visit.person_id).bytes in data:
            held.add(name.partition("/")[0])
    # The search finds what is there: the opaque key lies in the database's files, and only there.
    assert held == {"pg"}
    assert {f"logs/{service}.log" for service in running.endpoints} <= set(read)
    assert {"pg/log", "traces/province.jsonl"} <= set(read)
    # PostgreSQL did write the rows it refused.
    assert rows_refused > 30
    log = (running.data_dir / "pg" / "log").read_text(errors="replace")
    assert log.count("Failing row contains") > rows_refused / 2


async def yijie(running: Mesh, *arguments: str) -> tuple[int, bytes]:
    """Runs a command against the mesh; returns its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli", *arguments, "--data-dir", str(running.data_dir)),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), f"{ROOT}/services/gen"])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    return process.returncode or 0, out


async def recorded(running: Mesh) -> None:
    """Waits until clearing and supervision have taken in all that was settled."""
    connection = await asyncpg.connect(running.dsn)

    async def probe() -> None:
        missing = await connection.fetchval(
            "SELECT count(*) FROM settlement.outbox o WHERE o.kind = 'SETTLED' AND NOT EXISTS"
            " (SELECT FROM supervision.audited_bill b WHERE b.bill_key = o.settlement_id)"
        )
        entries = await connection.fetchval("SELECT count(*) FROM clearing.entry")
        assert missing == 0
        assert entries > 0

    try:
        await eventually(probe)
    finally:
        await connection.close()
