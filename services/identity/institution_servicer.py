"""InstitutionService: messages ⇄ domain, nothing else."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from services.identity import institution_messages, institution_usecases
from services.identity.domain.institutions import province_of
from services.kit import paging
from services.kit.caller import require_region
from services.kit.clock import civil_date
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.wire import read_optional_date, read_uuid
from yijie.identity.v1 import institution_service_pb2 as pb
from yijie.identity.v1 import institution_service_pb2_grpc as rpc

if TYPE_CHECKING:
    from services.identity.domain.model import Institution
    from services.identity.usecases import Identity
    from services.kit.db import Connection
    from yijie.identity.v1 import institution_pb2

FULL_NAME: Final = "yijie.identity.v1.InstitutionService"


class InstitutionServicer(rpc.InstitutionServiceServicer):
    """Serves the directory of institutions and their suspensions."""

    def __init__(self, identity: Identity) -> None:
        """Serves with what the use cases work with."""
        self._identity = identity

    async def SuspendInstitution(
        self, request: pb.SuspendInstitutionRequest, context: Any
    ) -> pb.SuspendInstitutionResponse:
        """Suspends an institution or one of its businesses."""
        code = request.institution_code
        _require(context, code, field="institution_code")
        suspension = institution_messages.read_suspension(
            request.suspension, new_id(self._identity.clock.now())
        )

        async def work(connection: Connection) -> pb.SuspendInstitutionResponse:
            found = await institution_usecases.suspend_institution(
                self._identity, connection, code, suspension
            )
            return pb.SuspendInstitutionResponse(institution=self._write(found))

        return await once(self._identity.database, request, pb.SuspendInstitutionResponse, work)

    async def ResumeInstitution(
        self, request: pb.ResumeInstitutionRequest, context: Any
    ) -> pb.ResumeInstitutionResponse:
        """Ends a suspension."""
        end_date = read_optional_date(request.end_date, "end_date")

        async def work(connection: Connection) -> pb.ResumeInstitutionResponse:
            found = await institution_usecases.resume_institution(
                self._identity,
                connection,
                read_uuid(request.suspension_id),
                end_date=end_date,
                check_code=functools.partial(_require, context, field="suspension_id"),
            )
            return pb.ResumeInstitutionResponse(institution=self._write(found))

        return await once(self._identity.database, request, pb.ResumeInstitutionResponse, work)

    async def SearchInstitutions(
        self, request: pb.SearchInstitutionsRequest, _context: Any
    ) -> pb.SearchInstitutionsResponse:
        """Searches institutions."""
        size = paging.page_size(request)
        found = await institution_usecases.search_institutions(
            self._identity,
            institution_messages.read_search(request),
            after=paging.read_key(request, institution_messages.parse_position) or "",
            count=size + 1,
        )
        more = len(found) > size
        return pb.SearchInstitutionsResponse(
            institutions=map(self._write, found[:size]),
            next_page_token=paging.write_token(request, [found[size - 1].code]) if more else "",
        )

    def _write(self, institution: Institution) -> institution_pb2.Institution:
        today = civil_date(self._identity.clock.now())
        return institution_messages.write_institution(institution, today=today)


def _require(context: Any, code: str, *, field: str) -> None:
    # An agency suspends the institutions of its own province.
    require_region(context, province_of(code), field=field)
