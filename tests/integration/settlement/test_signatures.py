"""Goal: who sent what is proven, kept with the journal, and nobody can send it for another.

Method: the whole service between fakes, keys in files of the test; signatures made by hand.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from uuid import UUID

import grpc
import pytest

from services.kit import telemetry
from services.kit.config import load
from services.kit.signing.algorithms import generate
from services.kit.signing.client import Signer
from services.kit.signing.message import METADATA_KEY, Direction, read_header
from services.settlement.app import running
from services.settlement.config import Config
from services.settlement.signed_calls import SIGNED
from tests.integration.settlement.signed import kept
from tests.integration.settlement.world import (
    eventually,
    ident,
    logging_to,
    served,
    settings_of,
    settle_request,
)
from tests.support.certificates import Authority
from tests.support.rpc import TIMEOUT_S, refused
from tests.support.signing import Keys, entry_of, send
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres
SCHEMAS = ("settlement",)
SETTLE = "/yijie.settlement.v1.SettlementService/Settle"


@pytest.fixture
def behind_tls(dsn, callees, clock, monkeypatch):
    """Serves settlement behind mutual TLS with keys; gives what opens a caller's stub."""
    authority = Authority()
    make = grpc.aio.server

    def secured(*arguments, **options):
        server = make(*arguments, **options)
        monkeypatch.setattr(
            server,
            "add_insecure_port",
            lambda _: server.add_secure_port("localhost:0", authority.server_credentials()),
        )
        return server

    @contextlib.asynccontextmanager
    async def serving(keys):
        config = load(Config, settings_of(dsn, callees, **keys.variables()))
        with logging_to(io.BytesIO()), monkeypatch.context() as patch:
            patch.setattr(grpc.aio, "server", secured)
            async with running(config, clock=clock) as server:
                target = f"localhost:{server.address.rpartition(':')[2]}"

                @contextlib.asynccontextmanager
                async def stub_of(uri):
                    credentials = authority.client_credentials(uri)
                    async with grpc.aio.secure_channel(target, credentials) as channel:
                        yield rpc.SettlementServiceStub(channel)

                yield stub_of

    return serving


async def test_a_settlement_and_its_answer_are_proven(signing, keys):
    request = settle_request(with_trace=True)
    signed = keys.sign(signing.stub.Settle, request)
    call = send(signing.stub.Settle, request, signed)
    answer = await call
    header = dict(await call.trailing_metadata())[METADATA_KEY]
    answered = read_header(
        header,
        answer.SerializeToString(deterministic=True),
        method=SETTLE,
        direction=Direction.ANSWER,
        request=signed.message,
    )
    assert answered.holds(keys.hub.public)
    (first, one), (second, other) = await kept(signing, answer.settlement.settlement_id)
    assert (one, other) == (signed, answered)
    assert (first["region_code"], first["role"]) == ("640000", "agency")
    assert (second["region_code"], second["role"]) == ("000000", "hub")
    assert {str(row["request_id"]) for row in (first, second)} == {request.request_id}
    assert pb.SettleRequest.FromString(one.message) == request
    assert pb.SettleResponse.FromString(other.message) == answer


async def test_sm2_proves_as_well(dsn, callees, clock, tmp_path):
    keys = Keys(tmp_path, clock.now(), "sm2")
    async with served(dsn, callees, clock, io.BytesIO(), **keys.variables("all")) as world:
        request = settle_request()
        signed = keys.sign(world.stub.Settle, request)
        answer = await send(world.stub.Settle, request, signed)
        (row, found), _ = await kept(world, answer.settlement.settlement_id)
        assert (found, row["algorithm"]) == (signed, "sm2")
        other = settle_request()
        refusal = await refused(send(world.stub.Settle, other, signed))
        assert refusal.reason == "SIGNATURE_INVALID"


async def test_a_replayed_request_gets_the_same_answer_and_settles_nothing(signing, keys):
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    first = await send(signing.stub.Settle, request, signed)
    again = await send(signing.stub.Settle, request, signed)
    assert again.replayed
    assert again.settlement == first.settlement
    rows = await kept(signing)
    # One request, for it is the same, and both answers that were given, in one millisecond.
    assert sorted(row["direction"] for row, _ in rows) == ["ANSWER", "ANSWER", "REQUEST"]
    assert len({row["signed_ms"] for row, _ in rows}) == 1
    (row,) = await signing.sql("SELECT count(*) AS n FROM settlement")
    assert row["n"] == 1


async def test_a_replayed_signature_proves_no_other_request(signing, keys):
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    await send(signing.stub.Settle, request, signed)
    changed = pb.SettleRequest.FromString(request.SerializeToString())
    changed.request_id = ident()
    before = await signing.counts()
    refusal = await refused(send(signing.stub.Settle, changed, signed))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "SIGNATURE_INVALID")
    assert refusal.fields == [METADATA_KEY]
    assert refusal.zh
    assert await signing.counts() == before


async def test_a_request_replayed_later_is_stale(signing, keys, clock):
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    await send(signing.stub.Settle, request, signed)
    clock.advance(minutes=6)
    refusal = await refused(send(signing.stub.Settle, request, signed))
    assert refusal.reason == "SIGNATURE_STALE"
    assert refusal.metadata["windowMs"] == "300000"
    assert refusal.metadata["ageMs"] == "360000"
    # Signed anew, the same request gets the same answer.
    anew = keys.sign(signing.stub.Settle, request, ago_ms=-360_000)
    assert (await send(signing.stub.Settle, request, anew)).replayed


async def test_a_key_that_was_rotated_out_signs_nothing_more(signing, keys, clock):
    request = settle_request()
    old = await send(signing.stub.Settle, request, keys.sign(signing.stub.Settle, request))
    # The next key comes into use before the one before goes: either signs meanwhile.
    following = generate("sm2", "640000-2")
    keys.entries["640000-2"] = entry_of(following, keys.now)
    keys.write()
    for key in (following, keys.agency):
        fresh = settle_request()
        await send(signing.stub.Settle, fresh, keys.sign(signing.stub.Settle, fresh, key=key))
    keys.entries["640000-1"] = replace(keys.entries["640000-1"], retired_time=clock.now())
    keys.write()
    late = settle_request()
    by_old = keys.sign(signing.stub.Settle, late)

    async def is_known():
        with contextlib.suppress(AssertionError):
            refusal = await refused(send(signing.stub.Settle, late, by_old))
            assert refusal.reason == "SIGNATURE_KEY_RETIRED"
            assert refusal.metadata["keyId"] == "640000-1"
            return True
        return False

    # The file is looked at every second: until then the key holds, and the repeat is one.
    await eventually(is_known)
    # What it signed before stays proven.
    (_, found), _ = await kept(signing, old.settlement.settlement_id)
    entry = keys.book().entry("640000-1")
    assert found.holds(entry.public_key)
    assert not entry.may_sign(clock.now())


async def test_who_must_sign_and_does_not_is_refused(dsn, callees, clock, keys):
    async with served(dsn, callees, clock, io.BytesIO(), **keys.variables("all")) as world:
        before = await world.counts()
        refusal = await refused(world.settle())
        assert (refusal.reason, refusal.fields) == ("SIGNATURE_MISSING", [METADATA_KEY])
        junk = world.stub.Settle(
            settle_request(), timeout=TIMEOUT_S, metadata=((METADATA_KEY, b"junk"),)
        )
        assert (await refused(junk)).reason == "SIGNATURE_INVALID"
        stranger = generate("ed25519", "stranger")
        request = settle_request()
        signed = keys.sign(world.stub.Settle, request, key=stranger)
        refusal = await refused(send(world.stub.Settle, request, signed))
        assert refusal.reason == "SIGNATURE_KEY_UNKNOWN"
        assert await world.counts() == before
        # A trial writes nothing: nobody signs it.
        await world.pre_settle()


async def test_without_keys_nothing_changes(signing, world):
    """Where nobody must sign, signatures are not looked at; where one may, who does not may go."""
    junk = ((METADATA_KEY, b"junk"),)
    await world.stub.Settle(settle_request(), timeout=TIMEOUT_S, metadata=junk)
    assert await kept(world) == []


async def test_a_certificate_with_a_key_must_sign_with_it(keys, behind_tls):
    agency, other = (
        "spiffe://yijie/region/640000/role/agency",
        "spiffe://yijie/region/110000/role/agency",
    )
    request = settle_request()
    async with behind_tls(keys) as stub_of:
        async with stub_of(agency) as stub:
            refusal = await refused(stub.Settle(request, timeout=TIMEOUT_S))
            assert refusal.reason == "SIGNATURE_MISSING"
            signed = keys.sign(stub.Settle, request)
            assert not (await send(stub.Settle, request, signed)).replayed
            # Nor does it get free by letting its key end.
            keys.entries["640000-1"] = entry_of(keys.agency, keys.now, valid_to=keys.now)
            keys.write()
            other_call = settle_request()

            async def is_known():
                late = keys.sign(stub.Settle, other_call)
                refusal = await refused(send(stub.Settle, other_call, late))
                return refusal.reason == "SIGNATURE_KEY_RETIRED"

            await eventually(is_known)
            refusal = await refused(stub.Settle(other_call, timeout=TIMEOUT_S))
            assert refusal.reason == "SIGNATURE_MISSING"
            keys.entries["640000-1"] = entry_of(keys.agency, keys.now)
            keys.write()
        reversal = pb.ReverseSettlementRequest(
            request_id=ident(), settle_request_id=request.request_id
        )
        async with stub_of(other) as stub:
            # Taken from the wire and sent by another: the key is not his.
            stolen = keys.sign(stub.ReverseSettlement, reversal)
            refusal = await refused(send(stub.ReverseSettlement, reversal, stolen))
            assert refusal.reason == "SIGNATURE_KEY_UNKNOWN"


async def test_reversals_are_proven(signing, keys, clock):
    settled = settle_request()
    answer = await send(signing.stub.Settle, settled, keys.sign(signing.stub.Settle, settled))
    key = answer.settlement.settlement_id
    clock.advance(seconds=1)
    request = pb.ReverseSettlementRequest(request_id=ident(), settlement_id=key)
    signed = keys.sign(signing.stub.ReverseSettlement, request)
    await send(signing.stub.ReverseSettlement, request, signed)
    found = await kept(signing, key)
    assert [(row["direction"], one.method.rpartition("/")[2]) for row, one in found] == [
        ("REQUEST", "Settle"),
        ("ANSWER", "Settle"),
        ("REQUEST", "ReverseSettlement"),
        ("ANSWER", "ReverseSettlement"),
    ]
    # Of one that never came: it settles nothing any more, and who wanted that is proven.
    nothing = pb.ReverseSettlementRequest(request_id=ident(), settle_request_id=ident())
    signed = keys.sign(signing.stub.ReverseSettlement, nothing)
    refusal = await refused(send(signing.stub.ReverseSettlement, nothing, signed))
    assert refusal.reason == "RESOURCE_NOT_FOUND"
    ((row, only),) = await kept(signing, str(UUID(int=0)))
    assert only == signed
    assert str(row["request_id"]) == nothing.request_id


async def test_a_refused_request_leaves_nothing(signing, keys):
    request = settle_request()
    request.bill.total.fen += 1
    refusal = await refused(
        send(signing.stub.Settle, request, keys.sign(signing.stub.Settle, request))
    )
    assert refusal.reason == "BILL_TOTAL_MISMATCH"
    assert await kept(signing) == []


async def test_a_signed_message_has_no_unknown_fields(signing, keys):
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    longer = pb.SettleRequest.FromString(request.SerializeToString() + b"\xc2\x3e\x01x")
    refusal = await refused(send(signing.stub.Settle, longer, signed))
    assert refusal.reason == "FIELD_UNKNOWN"


async def test_the_caller_signs_and_verifies(signing, keys, clock):
    told = []
    signer = Signer(
        keys.book(), SIGNED, clock, on_exchange=lambda one, other: told.append((one, other))
    )
    request = settle_request()
    answer = await signer.call(signing.stub.Settle, SETTLE, request, timeout=TIMEOUT_S)
    ((asked, answered),) = told
    assert asked.holds(keys.agency.public)
    assert answered.holds(keys.hub.public)
    assert pb.SettleResponse.FromString(answered.message) == answer
    # As a load generator sends it: bytes that were written before.
    plain = signing.channel.unary_unary(SETTLE)
    replayed = await signer.call(plain, SETTLE, request.SerializeToString(), timeout=TIMEOUT_S)
    assert pb.SettleResponse.FromString(replayed).replayed


async def test_outcomes_are_counted(signing, keys):
    def count(outcome):
        return telemetry.SIGNATURES.labels(SETTLE[1:], outcome)._value.get()

    before = {name: count(name) for name in ("verified", "signed", "unsigned", "invalid")}
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    await send(signing.stub.Settle, request, signed)
    await refused(send(signing.stub.Settle, settle_request(), signed))
    await signing.settle()
    assert {name: count(name) - was for name, was in before.items()} == {
        "verified": 1,
        "signed": 1,
        "unsigned": 1,
        "invalid": 1,
    }
