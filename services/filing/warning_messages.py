"""Between the contracts' messages and stays and warnings; decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.filing.domain import warnings
from services.filing.domain.warnings import Stay, StayState, WarningState
from services.kit.errors import DomainError
from services.kit.wire import (
    invalid,
    read_date,
    read_optional_date,
    read_uuid,
    write_date,
    write_optional_date,
    write_time,
)
from yijie.filing.v1 import filing_feed_service_pb2 as pb
from yijie.settlement.v1 import visit_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.filing.vault import Vault
    from services.filing.warning_store import Watched
    from services.kit.outbox import OutboxRow

_STAY_STATES: Final[Mapping[int, StayState]] = {
    visit_pb2.VISIT_STATE_REGISTERED: StayState.REGISTERED,
    visit_pb2.VISIT_STATE_DISCHARGED: StayState.DISCHARGED,
    visit_pb2.VISIT_STATE_SETTLED: StayState.SETTLED,
    visit_pb2.VISIT_STATE_CANCELLED: StayState.CANCELLED,
}
_STATE_NUMBERS: Final[Mapping[WarningState, Any]] = {
    WarningState.OPEN: pb.WARNING_STATE_OPEN,
    WarningState.RESOLVED: pb.WARNING_STATE_RESOLVED,
    WarningState.DISCHARGED: pb.WARNING_STATE_DISCHARGED,
    WarningState.WITHDRAWN: pb.WARNING_STATE_WITHDRAWN,
    WarningState.SETTLED: pb.WARNING_STATE_SETTLED,
}


def read_stay(event: Any) -> Stay:
    """Returns the stay of an event of settlement's feed.

    Raises:
        DomainError: FIELD_INVALID, it is not what the contract says.
    """
    told = event.admission
    if told.state not in _STAY_STATES:
        raise invalid("admission.state", "not a state of a stay")
    return Stay(
        visit_id=_uuid(told.visit_id, "admission.visit_id"),
        person_id=_uuid(told.person_id, "admission.person_id"),
        insured_region=told.insured_region_code,
        care_region=told.care_region_code,
        institution_code=told.institution_code,
        admission_date=read_date(told.admission_date, "admission.admission_date"),
        expected_discharge_date=read_optional_date(
            told.expected_discharge_date, "admission.expected_discharge_date"
        ),
        discharge_date=read_optional_date(told.discharge_date, "admission.discharge_date"),
        emergency=told.emergency,
        state=_STAY_STATES[told.state],
        revision=told.revision,
    )


def write_warning(watched: Watched, on: date) -> pb.AdmissionWarning:
    """Returns the message of a warning, its days counted on a civil date.

    Raises:
        ValueError: nothing is said of the stay.
    """
    stay, said = watched.stay, watched.said
    if said.state is None:
        raise ValueError("nothing is said of this stay")
    why = warnings.explain(said.state, said.reason, stay.state)
    return pb.AdmissionWarning(
        visit_id=str(stay.visit_id),
        person_id=str(stay.person_id),
        insured_region_code=stay.insured_region,
        care_region_code=stay.care_region,
        institution_code=stay.institution_code,
        admission_date=write_date(stay.admission_date),
        expected_discharge_date=write_optional_date(stay.expected_discharge_date),
        days_to_discharge=warnings.days_to_discharge(stay, on),
        days_in_hospital=warnings.days_in_hospital(stay, on),
        state=_STATE_NUMBERS[said.state],
        explanation_zh=why.zh,
        explanation_en=why.en,
    )


def event_of(row: OutboxRow, vault: Vault) -> pb.WarningEvent:
    """Returns an event of the warning feed."""
    message = vault.open_warning(row.columns["warning"], row.columns["visit_id"])
    return pb.WarningEvent(
        event_time=write_time(row.event_time),
        warning=pb.AdmissionWarning.FromString(message),
        event_id=row.position.sequence,
    )


def _uuid(text: str, field: str) -> Any:
    try:
        return read_uuid(text)
    except ValueError:
        error: DomainError = invalid(field, "not a UUID")
        raise error from None
