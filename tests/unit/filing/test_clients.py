"""What filing makes of identity's answers."""

from datetime import date
from uuid import UUID

import pytest

from services.filing.clients import IdentityClient
from services.filing.domain.submitting import Standing
from services.filing.usecases import Question
from services.kit.errors import Unavailable
from tests.support.rpc import served
from yijie.identity.v1 import access_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import identity_service_pb2_grpc as rpc

QUESTIONS = [Question(UUID(int=number), "650100", date(2026, 3, number)) for number in range(1, 5)]


class Identity(rpc.IdentityServiceServicer):
    """Answers what it is told to."""

    def __init__(self):
        self.standings = [1, 2, 3, 4]
        self.asked = None

    async def CheckInsurances(self, request, context):
        self.asked = request
        return pb.CheckInsurancesResponse(standings=self.standings)


@pytest.fixture
def identity():
    return Identity()


@pytest.fixture
async def client(identity):
    def register(server):
        rpc.add_IdentityServiceServicer_to_server(identity, server)

    async with served("identity", "yijie.identity.v1.IdentityService", register) as channel:
        yield IdentityClient(channel, timeout_s=5.0)


async def test_standings_come_in_the_order_of_the_questions(client, identity):
    assert await client.standings(QUESTIONS) == [
        Standing.IN_FORCE,
        Standing.NOT_IN_FORCE,
        Standing.ELSEWHERE,
        Standing.UNKNOWN,
    ]
    assert identity.asked.purpose == access_pb2.ACCESS_PURPOSE_FILING
    assert [entry.on_date.day for entry in identity.asked.entries] == [1, 2, 3, 4]
    assert identity.asked.entries[2].person_id == str(UUID(int=3))


@pytest.mark.parametrize("standings", [[], [1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 99], [1] * 5])
async def test_no_filing_rests_on_an_answer_that_cannot_be_read(client, identity, standings):
    identity.standings = standings
    with pytest.raises(Unavailable) as caught:
        await client.standings(QUESTIONS)
    assert caught.value.reason == "CALLEE_UNAVAILABLE"
