"""What credit points call: identity, to suspend institutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from services.kit import wire
from services.kit.channel import Callee
from yijie.identity.v1 import (
    institution_pb2,
    institution_service_pb2,
    institution_service_pb2_grpc,
)

if TYPE_CHECKING:
    import grpc

    from services.supervision.credit.store import Consequence

_SUSPEND_S: Final = 5.0


class Suspensions(Protocol):
    """Where institutions are suspended."""

    async def suspend(self, consequence: Consequence) -> str:
        """Suspends the institution of a consequence; returns the key of the suspension."""
        ...


class SuspensionsClient:
    """Suspensions over InstitutionService of identity."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = institution_service_pb2_grpc.InstitutionServiceStub(channel)
        self._callee = Callee("identity")

    async def suspend(self, consequence: Consequence) -> str:
        """Suspends the institution of an approved consequence.

        A repeat suspends once: the consequence's id is the request's. Returns the key of the
        suspension, UUID.

        Raises:
            Absent: identity does not know the institution.
            Unavailable: identity did not answer in time.
        """
        request = institution_service_pb2.SuspendInstitutionRequest(
            request_id=str(consequence.consequence_id),
            institution_code=consequence.subject_id,
            suspension=institution_pb2.Suspension(
                medical_type_code=consequence.medical_type_code,
                begin_date=wire.write_optional_date(consequence.begin_date),
                end_date=wire.write_optional_date(consequence.end_date),
                reason=consequence.note,
            ),
        )
        response = await self._callee.call(self._stub.SuspendInstitution, request, own_s=_SUSPEND_S)
        for one in response.institution.suspensions:
            if (one.medical_type_code, one.begin_date, one.reason) == (
                consequence.medical_type_code,
                request.suspension.begin_date,
                consequence.note,
            ):
                return str(one.suspension_id)
        return ""
