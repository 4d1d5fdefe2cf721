"""Goal: what a table grants is let in, and every denial is told to all who must know.

Method: the interceptor around a handler of the test, with calls of made-up certificates.
"""

from __future__ import annotations

import io
from types import SimpleNamespace

import orjson
import prometheus_client
import pytest

from services.filing.domain.errors import CallerOfAnotherProvince, FilingOfAnotherProvince
from services.kit import log
from services.kit.authorisation import (
    Denial,
    Table,
    names_province,
    province_named,
    read_table,
)
from services.kit.caller import NOBODY, Caller, caller_of, require_party, require_region
from services.kit.errors import InvalidArgument, NotAllowed, OfAnotherProvince, RuleForbids
from services.kit.interceptors.authorisation import AuthorisationInterceptor
from services.kit.interceptors.validation import Malformed

METHOD = "/a.B/C"
AGENCY, OFFICER = "640000/role/agency", "000000/role/officer"


class Call:
    """A call over TLS; without a name over none."""

    def __init__(self, name=""):
        self._name = name
        self.asked = 0

    def auth_context(self):
        self.asked += 1
        if not self._name:
            return {"transport_security_type": [b"insecure"]}
        uri = f"spiffe://yijie/region/{self._name}".encode()
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [uri]}


@pytest.fixture
def written():
    stream = io.BytesIO()
    log.configure("settlement", "info", stream)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    log.configure("settlement", "critical", io.BytesIO())


def interceptor(line, denials=None, **options):
    table = Table(read_table(f"a.B:\n  C: {line}", "t"))
    return AuthorisationInterceptor(table, None if denials is None else denials.append, **options)


def unary(line, denials=None, *, raising=None, answer=None):
    async def inner(_request, _context):
        if raising:
            raise raising
        return answer or "answered"

    return interceptor(line, denials).unary(METHOD, inner)


def counted(role):
    value = prometheus_client.REGISTRY.get_sample_value
    return value("yijie_denials_total", {"method": METHOD[1:], "role": role}) or 0.0


OWN = "{region: [bill.care, insured], agency: own, officer: own}"
BILL = SimpleNamespace(bill=SimpleNamespace(care="640104"), insured="110000")


async def test_a_denial_is_told_to_caller_log_metric_and_audit(written):
    denials, before = [], counted("agency")
    with pytest.raises(NotAllowed) as caught:
        await unary(OWN, denials)(BILL, Call("310000/role/agency"))
    assert caught.value.reason == "CALLER_NOT_ALLOWED"
    assert caught.value.violations[0].field == "bill.care"
    assert caught.value.metadata == {
        "callerRole": "agency",
        "callerRegionCode": "310000",
        "method": "a.B/C",
    }
    assert denials == [Denial("a.B/C", Caller("310000", "agency"), "CALLER_NOT_ALLOWED")]
    assert counted("agency") == before + 1
    (line,) = written()
    assert {name: line[name] for name in ("event", "method", "caller", "reason")} == {
        "event": "call denied",
        "method": "a.B/C",
        "caller": "310000 agency",
        "reason": "CALLER_NOT_ALLOWED",
    }


@pytest.mark.parametrize("name", ["640000/role/hospital", "640000/role/hub", "000000/role/agency"])
async def test_a_right_certificate_with_a_wrong_role_is_nobody(written, name):
    denials, before = [], counted("other")
    with pytest.raises(NotAllowed) as caught:
        await unary("{hub: any, agency: any}", denials)(BILL, Call(name))
    assert caught.value.metadata == {"callerRole": "", "callerRegionCode": "", "method": "a.B/C"}
    assert not caught.value.violations
    assert denials == [Denial("a.B/C", NOBODY, "CALLER_NOT_ALLOWED")]
    assert counted("other") == before + 1
    assert written()[0]["caller"] == "unknown"
    assert caught.value.message == "this is for a certificate of: hub, agency"
    with pytest.raises(NotAllowed, match=r"of: officer of 000000$"):
        await unary("{officer: hub}")(BILL, Call(AGENCY))


async def test_without_tls_everybody_is_let_in(written):
    denials = []
    assert await unary("{hub: any}", denials)(BILL, Call()) == "answered"
    assert not denials
    assert not written()


async def test_a_server_by_tls_takes_a_connection_that_tells_nothing_for_nobodys(written):
    async def inner(_request, _context):
        return "answered"

    async def stream(_request, _context):
        yield "answered"

    denials = []
    guarded = interceptor("{hub: any}", denials, is_plain_allowed=False)
    with pytest.raises(NotAllowed):
        await guarded.unary(METHOD, inner)(BILL, Call())
    with pytest.raises(NotAllowed):
        await anext(guarded.stream(METHOD, stream)(BILL, Call()))
    assert denials == [Denial("a.B/C", NOBODY, "CALLER_NOT_ALLOWED")] * 2
    assert await guarded.unary(METHOD, inner)(BILL, Call("000000/role/hub")) == "answered"


@pytest.mark.parametrize("name", [AGENCY, "110000/role/agency", OFFICER])
async def test_one_of_the_places_is_enough(name):
    assert await unary(OWN)(BILL, Call(name)) == "answered"


async def test_what_the_servicer_denies_is_told_too(written):
    denials = []
    call = unary("{servicer: true, agency: own}", denials, raising=NotAllowed("X", "x"))
    with pytest.raises(NotAllowed):
        await call(BILL, Call(AGENCY))
    assert denials == [Denial("a.B/C", Caller("640000", "agency"), "X")]
    other = unary("{servicer: true, agency: own}", denials, raising=InvalidArgument("Y", "y"))
    with pytest.raises(InvalidArgument) as caught:
        await other(BILL, Call(AGENCY))
    assert len(denials) == len(written()) == 1
    assert caught.value.metadata == {}


async def test_what_is_another_provinces_to_do_is_a_denial_of_a_province_and_a_mistake_of_the_hub(
    written,
):
    denials = []
    error = OfAnotherProvince("CASE_OF_ANOTHER_PROVINCE", "x", field="region_code")
    call = unary("{servicer: true, agency: own, officer: own}", denials, raising=error)
    for name in (OFFICER, AGENCY):
        with pytest.raises(RuleForbids):
            await call(BILL, Call(name))
    assert denials == [Denial("a.B/C", Caller("640000", "agency"), "CASE_OF_ANOTHER_PROVINCE")]
    assert [line["reason"] for line in written()] == ["CASE_OF_ANOTHER_PROVINCE"]


async def test_filings_of_another_province_are_a_denial_only_where_the_caller_is_meant():
    assert CallerOfAnotherProvince("f").reason == FilingOfAnotherProvince("f").reason
    assert (CallerOfAnotherProvince.denies_caller, FilingOfAnotherProvince.denies_caller) == (
        True,
        False,
    )


async def test_bytes_that_are_no_message_are_left_to_validation():
    assert await unary(OWN)(Malformed("x"), Call(AGENCY)) == "answered"
    with pytest.raises(NotAllowed):
        await unary(OWN)(Malformed("x"), Call("640000/role/auditor"))


@pytest.mark.parametrize(
    ("name", "is_let"),
    [(AGENCY, True), (OFFICER, True), ("110000/role/agency", False)],
)
async def test_an_answer_about_others_does_not_leave(name, is_let):
    denials = []
    line = "{answer: [settlement.care], agency: own, officer: own}"
    answer = SimpleNamespace(settlement=SimpleNamespace(care="640100"))
    call = unary(line, denials, answer=answer)
    if is_let:
        assert await call(BILL, Call(name)) is answer
    else:
        with pytest.raises(NotAllowed):
            await call(BILL, Call(name))
    assert len(denials) == (not is_let)


async def test_streams_are_asked_once_before_anything_is_sent():
    begun, denials = [], []

    async def inner(_request, _context):
        begun.append(1)
        yield 1
        yield 2

    line = "{region: [insured], agency: own}"
    stream = interceptor(line, denials).stream(METHOD, inner)
    assert [one async for one in stream(BILL, Call("110000/role/agency"))] == [1, 2]
    assert [one async for one in stream(BILL, Call())] == [1, 2]
    with pytest.raises(NotAllowed):
        await anext(stream(BILL, Call(AGENCY)))
    duplex = interceptor("{agency: any}", denials).duplex(METHOD, inner)
    assert [one async for one in duplex(iter(()), Call(AGENCY))] == [1, 2]
    with pytest.raises(NotAllowed):
        await anext(duplex(iter(()), Call(OFFICER)))
    assert len(begun) == 3
    assert len(denials) == 2


async def test_a_stream_that_its_servicer_denies_is_told_too():
    denials = []

    async def inner(_request, _context):
        raise NotAllowed("X", "x")
        yield

    with pytest.raises(NotAllowed):
        await anext(interceptor("{agency: any}", denials).stream(METHOD, inner)(BILL, Call(AGENCY)))
    assert [denial.reason for denial in denials] == ["X"]


@pytest.mark.parametrize(
    ("value", "province"),
    [
        ("640104", "640000"),
        ("660000", "660000"),
        ("H64010400001", "640000"),
        ("P66010400001", "660000"),
        ("", ""),
        ("64", ""),
        ("64010", ""),
        ("ABCDEF", ""),
        ("640104000010", ""),
        ("६४०१०४", ""),
        ("00000000-0000-0000-0000-000000000001", ""),
    ],
)
def test_what_a_value_says_of_a_province(value, province):
    assert province_named(value) == province


def test_of_a_repeated_field_all_must_be_the_callers():
    names = names_province(["entries[].persons[].insured"], "640000")

    def message(*entries):
        return SimpleNamespace(
            entries=[
                SimpleNamespace(persons=[SimpleNamespace(insured=one) for one in entry])
                for entry in entries
            ]
        )

    assert names(message(["640000"], ["640104", "640199"]))
    assert not names(message(["640000"], ["640104", "110000"]))
    assert not names(message(["640000", ""]))
    assert not names(message([]))
    assert not names(message())


def test_the_certificate_is_read_once_for_a_call():
    call, other = Call(AGENCY), Call(OFFICER)
    assert [caller_of(one) for one in (call, call, other, call)] == [
        Caller("640000", "agency"),
        Caller("640000", "agency"),
        Caller("000000", "officer"),
        Caller("640000", "agency"),
    ]
    assert (call.asked, other.asked) == (2, 1)


@pytest.mark.parametrize(
    ("name", "is_let"),
    [
        (AGENCY, True),
        ("110000/role/officer", True),
        (OFFICER, True),
        ("", True),
        ("310000/role/agency", False),
        ("640000/role/hospital", False),
    ],
)
def test_a_party_sees_what_names_it(name, is_let):
    if is_let:
        require_party(Call(name), {"640000", "110000"}, field="x")
        return
    with pytest.raises(NotAllowed) as caught:
        require_party(Call(name), {"640000", "110000"}, field="x")
    assert caught.value.metadata == {}
    assert caught.value.violations[0].field == "x"


def test_nobody_is_not_the_party_of_a_record_without_provinces():
    for context in (Call("640000/role/hospital"), Call(AGENCY)):
        with pytest.raises(NotAllowed):
            require_region(context, "", field="x")
