"""Goal: who may call what is what docs/authorisation.md says, cell by cell.

Method: a TLS server with the real interceptors and tables of all services in front of handlers that
answer at once. Every method is called by every role of the hub and of a province, about its own
province, about another one and about none; each outcome is compared with the cell of the page.
"""

from __future__ import annotations

import asyncio
import contextlib

import grpc
import pytest
from google.protobuf import message_factory

from services.kit import log
from services.kit.authorisation import Table, load_table
from services.kit.caller import uri_of
from services.kit.interceptors.authorisation import AuthorisationInterceptor
from services.kit.interceptors.deadline import DeadlineInterceptor
from services.kit.interceptors.errors import ErrorsInterceptor
from services.kit.status import from_rpc_error
from tests.support.certificates import Authority
from tests.support.granted import NONE, methods, rows

HUB_REGION, NINGXIA = "000000", "640000"
CALLERS = {
    f"{role} of {region}": uri_of(region, role)
    for role, regions in {
        "hub": (HUB_REGION,),
        "agency": (NINGXIA,),
        "benefits": (NINGXIA,),
        "officer": (HUB_REGION, NINGXIA),
        "auditor": (HUB_REGION, NINGXIA),
        "operator": (HUB_REGION, NINGXIA),
    }.items()
    for region in regions
}
# Right certificates with a wrong role or region, and one that is another's.
NOBODIES = {
    "hospital of 640000": f"spiffe://yijie/region/{NINGXIA}/role/hospital",
    "hub of 640000": f"spiffe://yijie/region/{NINGXIA}/role/hub",
    "agency of 000000": f"spiffe://yijie/region/{HUB_REGION}/role/agency",
    "agency of nowhere": "spiffe://yijie/region/990000/role/agency",
    "somebody else": f"spiffe://elsewhere/region/{NINGXIA}/role/agency",
}
OWN, OWN_AT_LAST, OTHER, NO_REGION = "own", "own, at the last path", "another's", "none"
CASES = {
    OWN: ("640104", "H64010400001"),
    OWN_AT_LAST: ("640000", "P64010400001"),
    OTHER: ("110105", "H11010500001"),
}
METHODS = methods()
ROWS = sorted(rows(), key=lambda row: row.method)


class Answering(grpc.GenericRpcHandler):
    """Answers every method; where the page has paths of the answer, by the case that is asked."""

    def __init__(self):
        self.answers = {}

    def service(self, handler_call_details):
        name = handler_call_details.method
        if name.startswith("/grpc.health."):
            return None  # no health service: what calls us takes us for well
        descriptor = METHODS[name]
        request_type = message_factory.GetMessageClass(descriptor.input_type)

        async def unary(_request, context):
            return self.answers[name, dict(context.invocation_metadata())["case"]]

        async def stream(_request, _context):
            yield b""

        make, handler = grpc.unary_unary_rpc_method_handler, unary
        if descriptor.server_streaming:
            make, handler = grpc.unary_stream_rpc_method_handler, stream
        if descriptor.client_streaming:
            make = grpc.stream_stream_rpc_method_handler
        return make(
            handler,
            request_deserializer=request_type.FromString,
            response_serializer=lambda answer: answer and answer.SerializeToString(),
        )


@pytest.fixture(scope="module")
async def served():
    """A channel per caller."""
    log.configure("settlement", "critical")
    rules = {
        name: rule
        for service in {row.method.split(".")[1] for row in ROWS} | {"supervision"}
        for name, rule in load_table(service).rules.items()
    }
    answering, authority = Answering(), Authority()
    server = grpc.aio.server(
        interceptors=[
            ErrorsInterceptor("settlement"),
            AuthorisationInterceptor(Table(rules)),
            DeadlineInterceptor(),
        ]
    )
    server.add_generic_rpc_handlers([answering])
    port = server.add_secure_port("localhost:0", authority.server_credentials())
    await server.start()
    async with contextlib.AsyncExitStack() as stack:
        channels = {
            name: await stack.enter_async_context(
                grpc.aio.secure_channel(f"localhost:{port}", authority.client_credentials(uri))
            )
            for name, uri in (CALLERS | NOBODIES).items()
        }
        yield answering, channels
        await server.stop(0)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.method.rpartition(".")[2])
async def test_every_cell(served, row):
    answering, channels = served
    for case in (*CASES, NO_REGION):
        answering.answers[row.method, case] = fill(
            METHODS[row.method].output_type, row.answer, case
        )
    cells = [(caller, case) for caller in channels for case in (*CASES, NO_REGION)]
    found = await asyncio.gather(*(outcome(channels[caller], row, case) for caller, case in cells))
    assert dict(zip(cells, found, strict=True)) == {
        (caller, case): expected(row, caller, case) for caller, case in cells
    }


def expected(row, caller, case):
    """Returns what a cell of the page means for a call."""
    role, _, region = caller.partition(" of ")
    grant = NONE if caller in NOBODIES else row.grants[role]
    if grant == "any" or (grant in {"hub", "own"} and region == HUB_REGION):
        return "let in"
    if grant == "own":
        # What the servicer asks by what it has stored is not here: it has tests of its own.
        return "let in" if row.by_servicer or case in {OWN, OWN_AT_LAST} else "wrong region"
    return "wrong role"


async def outcome(channel, row, case):
    descriptor = METHODS[row.method]
    request = fill(descriptor.input_type, row.request, case).SerializeToString()
    options = {"timeout": 20, "metadata": (("case", case),)}
    try:
        if descriptor.client_streaming:
            await channel.stream_stream(row.method)(iter([request]), **options).read()
        elif descriptor.server_streaming:
            await channel.unary_stream(row.method)(request, **options).read()
        else:
            await channel.unary_unary(row.method)(request, **options)
    except grpc.aio.AioRpcError as error:
        denial = from_rpc_error(error)
        if denial.metadata.get("method") != row.method[1:]:
            return f"{error.code()} {denial.reason}"
        return "wrong region" if denial.violations else "wrong role"
    return "let in"


def fill(descriptor, paths, case):
    """Returns a message that names the case's province at one of the paths, or nowhere."""
    message = message_factory.GetMessageClass(descriptor)()
    if not paths or case == NO_REGION:
        return message
    place = message
    *parents, last = paths[-1 if case == OWN_AT_LAST else 0].split(".")
    for step in parents:
        held = getattr(place, step.removesuffix("[]"))
        place = held.add() if step.endswith("[]") else held
    area, institution = CASES[case]
    setattr(place, last, institution if last == "institution_code" else area)
    return message
