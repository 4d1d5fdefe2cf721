"""Between messages of checks before travel and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.identity.domain.portability import PortabilityQuestion, PortabilityStanding
from services.kit import codes
from services.kit.wire import read_optional_date
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_CREDENTIAL_TYPES: Final[Mapping[int, str]] = {
    person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL: codes.CREDENTIAL_E_CREDENTIAL,
    person_pb2.CREDENTIAL_TYPE_ID_NUMBER: codes.CREDENTIAL_ID_NUMBER,
    person_pb2.CREDENTIAL_TYPE_CARD: codes.CREDENTIAL_CARD,
}


def read_questions(
    request: pb.CheckPortabilityRequest, *, today: date
) -> list[PortabilityQuestion]:
    """Returns what is asked; a date that is not stated is today."""
    return [
        PortabilityQuestion(
            credential_type=_CREDENTIAL_TYPES[entry.credential.type],
            number=entry.credential.number,
            insured_region=entry.insured_region_code,
            scheme=entry.scheme_code,
            on=read_optional_date(entry.on_date, f"entries[{position}].on_date") or today,
        )
        for position, entry in enumerate(request.entries)
    ]


def write_standing(standing: PortabilityStanding) -> pb.PortabilityStanding:
    """Returns the message of what can be told of one credential."""
    return pb.PortabilityStanding(
        person_id=str(standing.person_id) if standing.person_id else "",
        checks=[
            pb.PortabilityCheck(check_code=check.code, passed=not check.reason, reason=check.reason)
            for check in standing.checks
        ],
    )
