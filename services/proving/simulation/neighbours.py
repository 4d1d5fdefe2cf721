"""Who stands around the services that are simulated: identity, filing and supervision.

They are not what is proven here, so they only answer, always the same, or do not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from services.kit.errors import Unavailable
from services.proving.simulation.faults import Faults
from services.proving.simulation.machine import Process
from services.proving.simulation.network import Network
from services.proving.simulation.people import HOSPITALS, Person
from yijie.filing.v1 import filing_service_pb2, filing_service_pb2_grpc
from yijie.identity.v1 import identity_service_pb2, identity_service_pb2_grpc, person_pb2
from yijie.supervision.v1 import finding_pb2, supervision_service_pb2, supervision_service_pb2_grpc

_LONG_S = 5.0
LEVELS: Final = (
    filing_service_pb2.BENEFIT_LEVEL_LONG_TERM,
    filing_service_pb2.BENEFIT_LEVEL_REFERRAL,
    filing_service_pb2.BENEFIT_LEVEL_TEMPORARY,
    filing_service_pb2.BENEFIT_LEVEL_UNFILED,
)
"""What filing says of a person, the first until something else is filed."""
_REGIONS = {hospital.institution_code: hospital.region_code for hospital in HOSPITALS}


class _Identity(identity_service_pb2_grpc.IdentityServiceServicer):
    def __init__(self, people: Mapping[str, Person], faults: Faults) -> None:
        self._people = people
        self._faults = faults

    async def VerifyCredential(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        if self._faults.hits("neighbour_down"):
            raise Unavailable("DATABASE_UNAVAILABLE", "down")
        person = self._people[request.person_id]
        response = identity_service_pb2.VerifyCredentialResponse(
            person_id=request.person_id, sex=request.sex, birth_date=request.birth_date
        )
        response.insurances.add(
            insured_region_code=person.insured_region_code,
            scheme_code=person.scheme_code,
            person_type_code=person.person_type_code,
            status=person_pb2.INSURANCE_STATUS_NORMAL,
        )
        institution = response.institution
        institution.institution_code = request.institution_code
        institution.region_code = _REGIONS[request.institution_code]
        institution.hospital_level_code = "02"
        institution.deductible_level_code = "03"
        return response


class _Filing(filing_service_pb2_grpc.FilingServiceServicer):
    def __init__(self, faults: Faults, levels: Mapping[str, int]) -> None:
        self._faults = faults
        self._levels = levels

    async def MatchFiling(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        if self._faults.hits("neighbour_down"):
            raise Unavailable("DATABASE_UNAVAILABLE", "down")
        return filing_service_pb2.MatchFilingResponse(
            benefit_level=self._levels.get(request.person_id, LEVELS[0]),  # type: ignore[arg-type]
            filing_id="0190bbbb-0000-7000-8000-000000000001",
            explanation_zh="长期备案",
            explanation_en="long-term filing",
        )


class _Supervision(supervision_service_pb2_grpc.SupervisionServiceServicer):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def ScreenBill(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        if self._faults.hits("unscreened"):
            await asyncio.sleep(_LONG_S)
        response = supervision_service_pb2.ScreenBillResponse()
        if self._faults.hits("blocked"):
            # On no other bill: whether one stands is a question to a table beside the journal.
            response.findings.add(rule_code="OVERLAPPING_STAY", effect=finding_pb2.EFFECT_BLOCK)
        return response


def serve_neighbours(
    network: Network,
    process: Process,
    people: tuple[Person, ...],
    levels: Mapping[str, int],
) -> None:
    """Serves the three from one process; `levels` are persons' benefit levels as they change."""
    server: Any = network.serve(process, "neighbours")
    by_id = {str(person.person_id): person for person in people}
    faults = network.faults
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(
        _Identity(by_id, faults), server
    )
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(_Filing(faults, levels), server)
    supervision_service_pb2_grpc.add_SupervisionServiceServicer_to_server(
        _Supervision(faults), server
    )
