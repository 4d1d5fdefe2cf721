"""Goal: what is printed can be read by a program, goes on where it stopped, and names nobody."""

from __future__ import annotations

import contextlib

import grpc
import orjson
import pytest

from services.cli import feed_command
from services.cli.mesh import ENDPOINTS
from services.kit.channel import open_channel
from services.kit.errors import InvalidArgument
from services.kit.status import to_status
from tests.support.settlement_feed import FakeSettlement, feed_server, reversed_, settled
from yijie.settlement.v1 import settlement_service_pb2 as pb


class Journal(FakeSettlement):
    """Keeps the requests that it gets."""

    def __init__(self):
        super().__init__(batch_size=2)
        self.requests = []

    async def Subscribe(self, request, context):
        self.requests.append(request)
        if request.region_code == "999999":
            error = InvalidArgument("REGION_UNKNOWN", "no such province", field="region_code")
            status = to_status(error, "settlement")
            context.set_trailing_metadata(
                (("grpc-status-details-bin", status.SerializeToString()),)
            )
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such province")
        # The feed says at once that it has accepted the cursor.
        yield pb.SubscribeResponse(cursor=request.after_cursor)
        async for response in super().Subscribe(request, context):
            yield response


@pytest.fixture
async def journal():
    fake = Journal()
    first = settled(1, funds={"310100": 700}, account_fen=300)
    first.settlement.amounts.total.fen = 5321
    first.settlement.adjudication.fund_total.fen = 700
    await fake.append(first, reversed_(first), settled(2))
    return fake


@contextlib.asynccontextmanager
async def mesh_of(journal, folder):
    async with feed_server(journal) as port:
        (folder / ENDPOINTS).write_bytes(
            orjson.dumps({"settlement": {"port": port, "metrics_port": 0}})
        )
        yield folder


async def test_one_line_for_each_event(journal, tmp_path, capfdbinary):
    request = feed_command.subscription(region="640000", role="care", kinds="settled, REVERSED")
    async with mesh_of(journal, tmp_path) as folder:
        assert await feed_command.feed(folder, request, is_once=True) == 0
    lines = [orjson.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["SETTLED", "REVERSED", "SETTLED"]
    assert [line["state"] for line in lines] == ["SETTLED", "REVERSED", "SETTLED"]
    assert lines[0] | {"trace_id": ""} == {
        "cursor": "00000001",
        "kind": "SETTLED",
        "event_time": "2026-03-31T12:00:00+00:00",
        "settlement_id": "00000000-0000-0000-0000-000000000001",
        "request_id": "",
        "visit_id": "",
        "person_id": "00000000-0000-0002-0000-000000000001",
        "care_region_code": "110105",
        "insured_region_code": "131100",
        "institution_code": "H11010500001",
        "scheme_code": "310",
        "state": "SETTLED",
        "total_fen": 5321,
        "fund_fen": 700,
        "account_fen": 300,
        "cash_fen": 4321,
        "trace_id": "",
    }
    (asked,) = journal.requests
    assert (asked.region_code, asked.region_role) == ("640000", pb.REGION_ROLE_CARE)
    assert list(asked.kinds) == [pb.EVENT_KIND_SETTLED, pb.EVENT_KIND_REVERSED]


async def test_a_stream_that_breaks_goes_on_from_its_cursor(journal, tmp_path, capfdbinary):
    journal.responses_max = 1
    request = feed_command.subscription(after="00000001")
    waits = []

    async def wait(seconds):
        waits.append(seconds)

    events = []
    async with mesh_of(journal, tmp_path) as folder:
        target = feed_command.read_endpoints(folder)["settlement"].address
        async with open_channel(target) as channel:
            stub = feed_command.settlement_service_pb2_grpc.SettlementServiceStub(channel)
            async with contextlib.aclosing(
                feed_command.responses(stub, request, wait=wait)
            ) as responses:
                async for response in responses:
                    events += response.events
                    if len(waits) == 2:
                        break
    assert [event.cursor for event in events] == ["00000002", "00000003"]
    assert [one.after_cursor for one in journal.requests] == ["00000001", "00000003", "00000003"]
    assert request.after_cursor == "00000001"
    assert b"UNAVAILABLE" in capfdbinary.readouterr().err


async def test_what_the_hub_refuses_ends_it(journal, tmp_path):
    request = feed_command.subscription(region="999999")
    async with mesh_of(journal, tmp_path) as folder:
        with pytest.raises(InvalidArgument, match="no such province"):
            await feed_command.feed(folder, request, is_once=True)
    assert len(journal.requests) == 1
