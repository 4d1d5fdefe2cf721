"""Goal: a diagnosis or an identity for medical aid lies nowhere in the clear.

Method: both go through every door; then every column of every table, PostgreSQL's own files with
its write-ahead log, the service's log and the metrics are searched for them, as text, in
hexadecimal, deflated, and as the plain hash of the request that held them.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import zlib
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import prometheus_client
import pytest
from google.protobuf.message import Message

from services.benefits.app import running
from services.benefits.config import Config
from services.benefits.servicer import FULL_NAME, BenefitsServicer
from services.benefits.store import Store
from services.benefits.vault import Vault
from services.kit.config import ConfigError, load
from services.kit.crypto import BlindIndex, FieldCipher, KeyRing
from services.kit.db import DatabaseConfig, open_database
from tests.integration.benefits.conftest import OTHER, PERSON, Benefits, serving, set_day
from tests.integration.benefits.rules import AID, CHRONIC, CHRONIC_STEPS, FLAT, bill
from tests.support.packs import By, pack_tree, policy_of
from tests.support.rpc import TIMEOUT_S, refused, served
from tests.support.sealed import KEYS, VAULT
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.benefits.v1 import benefits_service_pb2_grpc as pb_grpc

pytestmark = pytest.mark.postgres

# No other test names them, so that whole files can be searched.
DISEASE, UNLISTED = "M06501", "M02101"
IDENTITY = "severe_disability"
CANARIES = (DISEASE, UNLISTED, IDENTITY)
RULES = policy_of(
    pack_tree(
        {
            "segments.scale": FLAT,
            "deductible.amount": "0.00",
            "disease_limit.amount": By("disease", f"{{{DISEASE}: 300.00, any: 100.00}}"),
        },
        setting="chronic",
        steps=CHRONIC_STEPS,
        diseases=f"{{{DISEASE}: [], M01600: []}}",
    )
)


def forms_of(*requests: Message) -> dict[str, bytes]:
    """What must be found nowhere, by name."""
    found = {f"{text} as text": text.encode() for text in CANARIES}
    for number, request in enumerate(requests):
        digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
        found[f"plain hash {number}"] = digest
    found |= {f"{name} in hexadecimal": form.hex().encode() for name, form in found.items()}
    return found


def found_in(data: bytes, forms: dict[str, bytes]) -> list[str]:
    return [name for name, form in forms.items() if form in data]


def inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return b""


async def entitlements(service: Benefits) -> pb.UpsertEntitlementsRequest:
    """Tells of two persons that they have the disease, and of one that they are in need."""
    request = pb.UpsertEntitlementsRequest(request_id=str(uuid4()))
    for person_id, kind, code in (
        (PERSON, CHRONIC, DISEASE),
        (OTHER, CHRONIC, DISEASE),
        (OTHER, AID, IDENTITY),
        # Refused: what it says is not repeated.
        (OTHER, AID, DISEASE),
    ):
        one = request.entitlements.add(person_id=person_id, kind=kind, code=code)
        set_day(one.begin_date, (2026, 1, 1))
        if kind == AID:
            set_day(one.end_date, (2026, 2, 28))
    answer = await service.stub.UpsertEntitlements(request, timeout=TIMEOUT_S)
    assert [one.code for one in answer.results] == [0, 0, 0, 3]
    assert await service.stub.UpsertEntitlements(request, timeout=TIMEOUT_S) == answer
    assert DISEASE.encode() not in answer.SerializeToString()
    return request


async def through_every_door(service: Benefits) -> list[Message]:
    """Bills for the disease are booked, repeated, refused and asked for; returns the requests."""
    requests: list[Message] = [await entitlements(service)]
    for person_id, funds in ((PERSON, (20000, 10000)), (OTHER, (20000,))):
        for fund in funds:
            case = bill(40000, "14", disease_code=DISEASE, person_id=person_id)
            request = pb.CommitRequest(settlement_id=str(uuid4()), case=case)
            told = await service.stub.Commit(request, timeout=TIMEOUT_S)
            # What was booked for the disease is found again, by person.
            assert told.adjudication.fund_total.fen == fund
            paths = [read.path for step in told.adjudication.steps for read in step.parameters]
            assert f"employee/chronic/disease_limit.amount[{DISEASE}]" in paths
            again = await service.stub.Commit(request, timeout=TIMEOUT_S)
            assert (again.replayed, again.adjudication) == (True, told.adjudication)
            held = await service.stub.GetAdjudication(
                pb.GetAdjudicationRequest(settlement_id=request.settlement_id), timeout=TIMEOUT_S
            )
            assert held.adjudication == told.adjudication
            requests.append(request)
            changed = pb.CommitRequest()
            changed.CopyFrom(request)
            changed.case.disease_code = "M01600"
            refusal = await refused(service.stub.Commit(changed, timeout=TIMEOUT_S))
            assert refusal.reason == "REQUEST_ID_REUSED"
    # Only who sent the code is told that it is not covered.
    refusal = await refused(service.adjudicate(bill(40000, "14", disease_code=UNLISTED)))
    assert refusal.metadata["missing"] == f"disease {UNLISTED}"
    listed = pb.GetEntitlementsRequest(person_id=OTHER)
    told = await service.stub.GetEntitlements(listed, timeout=TIMEOUT_S)
    assert [one.code for one in told.entitlements] == [DISEASE, IDENTITY]
    return requests


async def test_neither_lies_in_a_table_a_file_a_log_or_a_metric(dsn):
    lines = io.BytesIO()
    async with serving(dsn, RULES, lines) as service:
        forms = forms_of(*await through_every_door(service))
        database = service.database
        tables = await database.fetch(
            "/* test.tables */ SELECT table_name AS name FROM information_schema.tables"
            " WHERE table_schema = 'benefits'"
        )
        assert {"adjudication", "entitlement", "request"} <= {row["name"] for row in tables}
        for (table,) in tables:
            for row in await database.fetch(f'/* test.rows */ SELECT * FROM "{table}"'):  # noqa: S608
                for column, value in row.items():
                    data = value if isinstance(value, bytes) else str(value).encode()
                    for text in (data, inflated(data)):
                        assert found_in(text, forms) == [], f"{table}.{column}"
        row = await database.fetchrow(
            "/* test.folder */ SELECT current_setting('data_directory') AS folder"
        )
        assert row is not None
        await database.execute("/* test.checkpoint */ CHECKPOINT")
        searched = await asyncio.to_thread(search_files, Path(row["folder"]), forms)
    # The search finds what is there: the person's key.
    assert searched > 0
    assert found_in(lines.getvalue(), forms) == []
    assert len(lines.getvalue().splitlines()) > 10
    assert found_in(prometheus_client.generate_latest(), forms) == []


def search_files(folder: Path, forms: dict[str, bytes]) -> int:
    """Searches all files of PostgreSQL; returns in how many the person's key stands."""
    key, holding = UUID(PERSON).bytes, 0
    for path in sorted(folder.rglob("*")):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
        assert found_in(data, forms) == [], path.name
        holding += key in data
    return holding


async def test_two_persons_with_one_disease_have_nothing_in_common_to_see(dsn):
    async with serving(dsn, RULES) as service:
        await through_every_door(service)
        rows = await service.database.fetch(
            "/* test.diseases */ SELECT person_id, disease_index, sealed FROM adjudication"
        )
        assert len(rows) == 3
        assert all(row["sealed"] for row in rows)
        assert {row["disease_index"] for row in rows if str(row["person_id"]) == PERSON} == {
            VAULT.disease_index(UUID(PERSON), DISEASE)
        }
        assert len({row["disease_index"] for row in rows}) == 2
        rows = await service.database.fetch(
            "/* test.entitlements */ SELECT entitlement_index, length(content) FROM entitlement"
        )
        assert len({row["entitlement_index"] for row in rows}) == 3
        assert len({row["length"] for row in rows}) == 1


async def test_another_index_key_is_refused_at_start(dsn):
    environ = {**KEYS, "YIJIE_DSN": dsn, "YIJIE_POLICY_REGIONS": "650100"}
    other = {"YIJIE_INDEX_KEY": KEYS["YIJIE_DATA_KEY"]}
    for _ in range(2):
        async with running(load(Config, environ)):
            pass
    with pytest.raises(ConfigError, match="YIJIE_INDEX_KEY"):
        async with running(load(Config, environ | other)):
            pytest.fail("served")


async def test_with_another_data_key_nothing_is_read_and_nothing_told(dsn):
    async with serving(dsn, RULES) as service:
        _, request, *_ = await through_every_door(service)
    lines = io.BytesIO()
    async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
        ring = KeyRing({1: bytes(range(64, 96))}, 1)
        vault = Vault(FieldCipher(ring), BlindIndex(bytes(range(32, 64))))
        servicer = BenefitsServicer(Store(database, vault), RULES)
        register = partial(pb_grpc.add_BenefitsServiceServicer_to_server, servicer)
        async with served("benefits", FULL_NAME, register, lines) as channel:
            stub = pb_grpc.BenefitsServiceStub(channel)
            refusal = await refused(stub.Commit(request, timeout=TIMEOUT_S))
    assert refusal.code == "INTERNAL"
    assert found_in(refusal.text.encode() + lines.getvalue(), forms_of()) == []
    assert b"UnreadableField" in lines.getvalue()
