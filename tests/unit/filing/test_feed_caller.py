"""A province's agency sees and says what concerns its own province, and nothing else."""

import pytest

from services.filing.feed_servicer import Feeds, FilingFeedServicer
from services.kit.errors import NotAllowed
from yijie.filing.v1 import filing_feed_service_pb2 as pb


class Caller:
    """A call with the certificate of an agency."""

    def __init__(self, region, role="agency"):
        self._name = f"spiffe://yijie/region/{region}/role/{role}".encode()

    def auth_context(self):
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


class Nothing:
    """Stands for parts that a refused call never reaches."""

    database = None


async def called(method, request, context):
    answer = method(request, context)
    if hasattr(answer, "__aiter__"):
        return await anext(aiter(answer))
    return await answer


@pytest.mark.parametrize(
    ("method", "request_of", "field"),
    [
        (
            "SubscribeFilings",
            lambda p: pb.SubscribeFilingsRequest(province_code=p),
            "province_code",
        ),
        (
            "SubscribeWarnings",
            lambda p: pb.SubscribeWarningsRequest(province_code=p),
            "province_code",
        ),
        ("ListWarnings", lambda p: pb.ListWarningsRequest(province_code=p), "province_code"),
        (
            "AcknowledgeFilings",
            lambda p: pb.AcknowledgeFilingsRequest(care_province_code=p),
            "care_province_code",
        ),
    ],
)
@pytest.mark.parametrize("asked", ["", "310000"])
async def test_an_agency_of_another_province_is_refused(method, request_of, field, asked):
    servicer = FilingFeedServicer(Feeds(Nothing(), Nothing(), Nothing()))
    for context in (Caller("640000"), Caller("310000", "hospital")):
        with pytest.raises(NotAllowed) as caught:
            await called(getattr(servicer, method), request_of(asked), context)
        assert caught.value.reason == "CALLER_NOT_ALLOWED"
        assert caught.value.violations[0].field == field
