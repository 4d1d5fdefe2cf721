"""Between the contract of credit points and what the use cases work with."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from services.kit import wire
from services.supervision.credit.store import Consequence, CreditEvent, OnSiteVisit
from services.supervision.credit.usecases import formula_zh
from services.supervision.domain.consequence_states import ConsequenceState
from services.supervision.domain.credit import (
    ConsequenceKind,
    CreditTerms,
    Subject,
    hundredths_of,
)
from yijie.supervision.v1 import credit_pb2 as pb2
from yijie.supervision.v1 import credit_service_pb2 as service_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

_SUBJECTS: Final[Mapping[Subject, pb2.CreditSubject]] = {
    one: cast("pb2.CreditSubject", pb2.CreditSubject.Value(f"CREDIT_SUBJECT_{one.value}"))
    for one in Subject
}
_KINDS: Final[Mapping[ConsequenceKind, pb2.ConsequenceKind]] = {
    one: cast("pb2.ConsequenceKind", pb2.ConsequenceKind.Value(f"CONSEQUENCE_KIND_{one.value}"))
    for one in ConsequenceKind
}
_STATES: Final[Mapping[ConsequenceState, pb2.ConsequenceState]] = {
    one: cast("pb2.ConsequenceState", pb2.ConsequenceState.Value(f"CONSEQUENCE_STATE_{one.value}"))
    for one in ConsequenceState
}
_TENTHS, _HUNDREDTHS = 1, 2


def read_subject(value: int) -> Subject | None:
    """Reads a subject; unspecified: None."""
    return next((one for one, number in _SUBJECTS.items() if number == value), None)


def read_state(value: int) -> ConsequenceState | None:
    """Reads a filter; unspecified: None."""
    return next((one for one, number in _STATES.items() if number == value), None)


def write_credit(
    subject: Subject,
    subject_id: str,
    *,
    on: date,
    hundredths: int,
    events: Sequence[CreditEvent],
    terms: CreditTerms,
) -> pb2.Credit:
    """Returns the message of how somebody stands."""
    return pb2.Credit(
        subject=_SUBJECTS[subject],
        subject_id=subject_id,
        on_date=wire.write_date(on),
        points=wire.write_decimal(Decimal(hundredths).scaleb(-_HUNDREDTHS)),
        events=[
            pb2.CreditEvent(
                event_id=str(one.event_id),
                case_id=str(one.case_id),
                rule_code=one.rule_code,
                points=wire.write_decimal(Decimal(one.points_tenths).scaleb(-_TENTHS)),
                event_date=wire.write_date(one.event_date),
                remaining=wire.write_decimal(
                    Decimal(hundredths_of([one.points], on, terms.validity_days)).scaleb(
                        -_HUNDREDTHS
                    )
                ),
                explanation_zh=one.explanation_zh,
            )
            for one in events
        ],
        formula_zh=formula_zh(terms),
        sample=terms.sample,
    )


def write_consequence(one: Consequence) -> pb2.Consequence:
    """Returns the message of a consequence."""
    return pb2.Consequence(
        consequence_id=str(one.consequence_id),
        subject=_SUBJECTS[one.subject],
        subject_id=one.subject_id,
        region_code=one.region_code,
        kind=_KINDS[one.kind],
        medical_type_code=one.medical_type_code,
        days=one.days,
        points=wire.write_decimal(Decimal(one.points_hundredths).scaleb(-_HUNDREDTHS)),
        state=_STATES[one.state],
        propose_time=wire.write_time(one.propose_time),
        decide_time=wire.write_time(one.decide_time) if one.decide_time else None,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        note=one.note,
        begin_date=wire.write_optional_date(one.begin_date),
        end_date=wire.write_optional_date(one.end_date),
        suspension_id=one.suspension_id,
    )


def write_visit(one: OnSiteVisit, *, peers_least: int) -> service_pb2.OnSiteVisit:
    """Returns the message of a stay that is worth a visit."""
    reasons = [
        reason
        for reason, holds in (
            (pb2.ON_SITE_REASON_LONG_STAY, one.is_long),
            (pb2.ON_SITE_REASON_HIGH_COST, one.is_costly),
        )
        if holds
    ]
    return service_pb2.OnSiteVisit(
        settlement_id=str(one.bill_key),
        institution_code=one.institution_code,
        insured_region_code=one.insured_region_code,
        medical_type_code=one.medical_type_code,
        begin_date=wire.write_date(one.begin_date),
        end_date=wire.write_date(one.end_date),
        days=one.days,
        total=wire.write_money(one.total_fen),
        peer_median=wire.write_money(one.median_fen) if one.peers >= peers_least else None,
        peers=one.peers,
        reasons=reasons,
    )
