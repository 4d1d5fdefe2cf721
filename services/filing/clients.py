"""Whom filing calls: identity, for who is insured where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.filing.domain.submitting import Standing
from services.kit.channel import Callee
from services.kit.errors import Unavailable
from services.kit.wire import write_date
from yijie.identity.v1 import access_pb2, identity_service_pb2, identity_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import grpc

    from services.filing.usecases import Question

_STANDINGS: Final[Mapping[int, Standing]] = {
    identity_service_pb2.INSURANCE_STANDING_IN_FORCE: Standing.IN_FORCE,
    identity_service_pb2.INSURANCE_STANDING_NOT_IN_FORCE: Standing.NOT_IN_FORCE,
    identity_service_pb2.INSURANCE_STANDING_ELSEWHERE: Standing.ELSEWHERE,
    identity_service_pb2.INSURANCE_STANDING_PERSON_UNKNOWN: Standing.UNKNOWN,
}


class IdentityClient:
    """Tells who is insured where."""

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        """Asks through a channel, within `timeout_s` of the caller's deadline."""
        self._stub: Any = identity_service_pb2_grpc.IdentityServiceStub(channel)
        self._callee = Callee("identity")
        self._timeout_s = timeout_s

    async def standings(self, questions: Sequence[Question]) -> list[Standing]:
        """Returns how persons stand to regions, in the order of the questions; at most 500.

        Raises:
            Unavailable: identity does not answer.
        """
        request = identity_service_pb2.CheckInsurancesRequest(
            entries=[
                identity_service_pb2.InsuranceQuestion(
                    person_id=str(question.person_id),
                    insured_region_code=question.insured_region,
                    on_date=write_date(question.on),
                )
                for question in questions
            ],
            purpose=access_pb2.ACCESS_PURPOSE_FILING,
        )
        response = await self._callee.call(
            self._stub.CheckInsurances, request, own_s=self._timeout_s
        )
        found = [_STANDINGS.get(standing) for standing in response.standings]
        answered = [standing for standing in found if standing is not None]
        if len(answered) != len(questions):
            # A later release may know standings that ours does not: no filing rests on a guess.
            raise Unavailable(
                "CALLEE_UNAVAILABLE",
                "identity answered what this release cannot read",
                metadata={"callee": "identity"},
            )
        return answered
