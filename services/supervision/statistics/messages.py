"""Between the contract's messages and the domain's objects: statistics."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID, uuid5

from services.kit import codes, wire
from services.kit.errors import DomainError, InvalidArgument, RuleForbids
from services.kit.interceptors.validation import check_entry
from services.kit.status import to_status
from services.supervision.domain.direct_rate import CareSetting, Level, SelfPaidReason, Tally
from services.supervision.domain.figures import percent
from services.supervision.domain.uploads import (
    Action,
    Judged,
    LocalCost,
    LocalKey,
    SelfPaid,
    Step,
)
from yijie.supervision.v1 import statistics_pb2 as pb
from yijie.supervision.v1 import statistics_service_pb2 as service_pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from fractions import Fraction

    from services.supervision.domain.refusal_detector import Suspect
    from services.supervision.statistics.bulletin_store import Bulletin, BulletinFile
    from services.supervision.statistics.uploading import CostOutcome, SelfPaidOutcome

SERVICE: Final = "supervision"
_CASES: Final = UUID("7c0e6a4e-66a5-5a43-9a52-1e0a6a2f2a9b")
"""Namespace of the keys of self-paid cases."""
_SETTINGS: Final[Mapping[int, CareSetting | None]] = {
    pb.CARE_SETTING_UNSPECIFIED: None,
    pb.CARE_SETTING_INPATIENT: CareSetting.INPATIENT,
    pb.CARE_SETTING_OUTPATIENT: CareSetting.OUTPATIENT,
    pb.CARE_SETTING_PHARMACY: CareSetting.PHARMACY,
}
_SETTING_NUMBERS: Final[Mapping[CareSetting | None, Any]] = {
    setting: number for number, setting in _SETTINGS.items()
}
_LEVELS: Final[Mapping[int, Level]] = {
    pb.RATE_LEVEL_NATION: Level.NATION,
    pb.RATE_LEVEL_PROVINCE: Level.PROVINCE,
    pb.RATE_LEVEL_CITY: Level.CITY,
    pb.RATE_LEVEL_INSTITUTION: Level.INSTITUTION,
    pb.RATE_LEVEL_INSURED_PROVINCE: Level.INSURED_PROVINCE,
}
_LEVEL_NUMBERS: Final[Mapping[Level, Any]] = {level: number for number, level in _LEVELS.items()}
_ACTIONS: Final[Mapping[int, Action]] = {
    pb.UPLOAD_ACTION_UNSPECIFIED: Action.ADD,
    pb.UPLOAD_ACTION_ADD: Action.ADD,
    pb.UPLOAD_ACTION_REPLACE: Action.REPLACE,
    pb.UPLOAD_ACTION_WITHDRAW: Action.WITHDRAW,
}
_REASONS: Final[Mapping[int, SelfPaidReason]] = {
    pb.SELF_PAID_REASON_UNSPECIFIED: SelfPaidReason.NOT_STATED,
    pb.SELF_PAID_REASON_NOT_OPENED: SelfPaidReason.NOT_OPENED,
    pb.SELF_PAID_REASON_SYSTEM_FAULT: SelfPaidReason.SYSTEM_FAULT,
    pb.SELF_PAID_REASON_CREDENTIAL_NOT_READ: SelfPaidReason.CREDENTIAL_NOT_READ,
    pb.SELF_PAID_REASON_NOT_FILED: SelfPaidReason.NOT_FILED,
    pb.SELF_PAID_REASON_PATIENT_CHOSE: SelfPaidReason.PATIENT_CHOSE,
    pb.SELF_PAID_REASON_THIRD_PARTY_LIABLE: SelfPaidReason.THIRD_PARTY_LIABLE,
    pb.SELF_PAID_REASON_OTHER: SelfPaidReason.OTHER,
}
_TAIL: Final = Decimal("0.000001")
T = TypeVar("T")


def case_id_of(institution_code: str, visit_number: str) -> UUID:
    """Returns the key of a self-paid case."""
    return uuid5(_CASES, f"{institution_code}:{visit_number}")


def read_entries(
    messages: Iterable[Any], name: str, read: Callable[[Any, str], T]
) -> list[T | DomainError]:
    """Returns what each entry says, or why it cannot be taken."""
    found: list[T | DomainError] = []
    for number, message in enumerate(messages):
        path = f"{name}[{number}]"
        violations = check_entry(message, path)
        if violations:
            found.append(
                InvalidArgument(
                    "FIELD_INVALID",
                    f"{violations[0].field}: {violations[0].description}",
                    violations=violations,
                )
            )
            continue
        try:
            found.append(read(message, path))
        except DomainError as error:
            found.append(error)
    return found


def read_self_paid(message: Any, path: str, *, province: str, today: date) -> SelfPaid:
    """Returns a case.

    Raises:
        DomainError: FIELD_INVALID, REGION_UNKNOWN, NOT_CROSS_PROVINCE.
    """
    begin = wire.read_date(message.begin_date, f"{path}.begin_date")
    end = wire.read_date(message.end_date, f"{path}.end_date")
    if end < begin:
        raise wire.invalid(f"{path}.end_date", "before begin_date")
    if end > today:
        raise wire.invalid(f"{path}.end_date", "lies in the future")
    if not codes.is_medical_type(message.medical_type_code):
        raise wire.invalid(f"{path}.medical_type_code", "not a national medical type")
    for field in ("care_region_code", "insured_region_code"):
        if not codes.is_known_area(getattr(message, field)):
            raise wire.invalid(
                f"{path}.{field}", "not a known GB/T 2260 division", reason="REGION_UNKNOWN"
            )
    _require_province(message.institution_code, province, f"{path}.institution_code")
    if codes.province_of(message.care_region_code) != province:
        raise wire.invalid(f"{path}.care_region_code", "not of the province that uploads")
    if not codes.is_cross_province(
        care=message.care_region_code, insured=message.insured_region_code
    ):
        raise RuleForbids(
            "NOT_CROSS_PROVINCE",
            "care and insured region lie in the same province",
            field=f"{path}.insured_region_code",
        )
    return SelfPaid(
        case_id=case_id_of(message.institution_code, message.institution_visit_number),
        action=_ACTIONS[message.action],
        person_id=wire.read_uuid(message.person_id),
        institution_code=message.institution_code,
        care_region_code=message.care_region_code,
        insured_region_code=message.insured_region_code,
        medical_type_code=message.medical_type_code,
        begin_date=begin,
        end_date=end,
        total_fen=_positive(message.total, f"{path}.total"),
        reason=_REASONS[message.reason],
        is_emergency=message.emergency,
    )


def read_local_cost(message: Any, path: str, *, province: str, month: str) -> LocalCost:
    """Returns a row of local costs; `month` is the present one, which none may be after.

    Raises:
        InvalidArgument: FIELD_INVALID.
    """
    _require_province(message.institution_code, province, f"{path}.institution_code")
    if message.month > month:
        raise wire.invalid(f"{path}.month", "lies in the future")
    setting = _SETTINGS[message.setting]
    if setting is None:
        raise wire.invalid(f"{path}.setting", "must be stated")
    return LocalCost(
        key=LocalKey(message.month, message.institution_code, setting, message.disease_group_code),
        action=_ACTIONS[message.action],
        case_count=message.case_count,
        total_fen=_positive(message.total, f"{path}.total"),
    )


def write_self_paid_results(
    cases: Iterable[Any], outcomes: Iterable[SelfPaidOutcome]
) -> service_pb.UploadSelfPaidCasesResponse:
    """Returns the results of an upload, each with the case as it came."""
    response = service_pb.UploadSelfPaidCasesResponse()
    for message, outcome in zip(cases, outcomes, strict=True):
        if isinstance(outcome, DomainError):
            response.results.add(error=to_status(outcome, SERVICE))
            continue
        judged, step = outcome
        result = response.results.add(unchanged=step is Step.NOTHING)
        result.case.CopyFrom(message)
        # The answer is stored for repeats: the visit's number must not be kept with it.
        result.case.ClearField("institution_visit_number")
        result.case.case_id = str(judged.case.case_id)
        result.case.eligibility = _eligibility(judged)
    return response


def write_cost_results(
    costs: Iterable[Any], outcomes: Iterable[CostOutcome]
) -> service_pb.UploadLocalCostsResponse:
    """Returns the results of an upload, each with the row as it came."""
    response = service_pb.UploadLocalCostsResponse()
    for message, outcome in zip(costs, outcomes, strict=True):
        if isinstance(outcome, DomainError):
            response.results.add(error=to_status(outcome, SERVICE))
        else:
            response.results.add(cost=message, unchanged=outcome is Step.NOTHING)
    return response


def read_setting(number: int) -> CareSetting | None:
    """Returns a setting, None: all."""
    return _SETTINGS[number]


def read_level(number: int) -> Level:
    """Returns a level."""
    return _LEVELS[number]


def write_rate(
    month: str, level: Level, setting: CareSetting | None, ranked: tuple[int, str, Tally]
) -> Any:
    """Returns the message of a rate."""
    rank, code, tally = ranked
    return pb.DirectRate(
        month=month,
        level=_LEVEL_NUMBERS[level],
        code=code,
        setting=_SETTING_NUMBERS[setting],
        direct_count=tally.direct_cases,
        direct=wire.write_money(tally.direct_fen),
        manual_count=tally.manual_cases,
        manual=wire.write_money(tally.manual_fen),
        self_paid_count=tally.self_paid_cases,
        self_paid=wire.write_money(tally.self_paid_fen),
        rate_by_cost=_percent(tally.rate_by_cost),
        rate_by_cases=_percent(tally.rate_by_cases),
        rank=rank,
    )


def write_suspect(one: Suspect, reasons: Iterable[tuple[str, str, int]]) -> Any:
    """Returns the message of an institution that was tested; `reasons` are (name, party, count)."""
    attempts = one.attempts
    peers = Decimal(one.peer_turned_away) / Decimal(one.peer_cases) if one.peer_cases else None
    return pb.Suspect(
        institution_code=attempts.institution_code,
        care_region_code=codes.pooling_area_of(attempts.care_region_code),
        case_count=attempts.cases,
        turned_away_count=attempts.turned_away,
        turned_away_percent=_percent(Decimal(attempts.turned_away) / Decimal(attempts.cases)),
        peer_percent=_percent(peers),
        peers_are_national=one.peers_are_national,
        lower_bound_percent=_percent(one.lower_bound),
        tail=wire.write_decimal(one.tail.quantize(_TAIL, rounding=ROUND_HALF_UP)),
        tested_count=one.tested,
        flagged=one.is_flagged,
        reasons=[
            pb.ReasonCount(reason=reason, party=party, count=count)
            for reason, party, count in reasons
        ],
    )


def write_bulletin(bulletin: Bulletin, files: Iterable[BulletinFile] = ()) -> Any:
    """Returns the message of a bulletin."""
    return pb.Bulletin(
        month=bulletin.month,
        edition=bulletin.edition,
        freeze_time=wire.write_time(bulletin.freeze_time),
        digest=bulletin.digest,
        maker_id=bulletin.maker_id,
        checker_id=bulletin.checker_id,
        note=bulletin.note,
        files=[write_file(one) for one in files],
    )


def write_file(one: BulletinFile) -> Any:
    """Returns the message of a file, without its bytes."""
    return pb.BulletinFile(
        file_name=one.file_name,
        media_type=one.media_type,
        size_bytes=one.size_bytes,
        sha256=one.sha256,
    )


def _eligibility(judged: Judged) -> Any:
    return pb.SelfPaidEligibility.Value(f"SELF_PAID_ELIGIBILITY_{judged.eligibility.value}")


def _percent(share: Fraction | Decimal | None) -> Any:
    return None if share is None else wire.write_decimal(percent(share))


def _positive(message: Any, field: str) -> int:
    fen = wire.read_fen(message, field)
    if not fen:
        raise wire.invalid(field, "must be more than zero")
    return fen


def _require_province(institution_code: str, province: str, field: str) -> None:
    # H + six digits of the place where it is registered.
    if codes.province_of(institution_code[1:7]) != province:
        raise wire.invalid(field, "not of the province that uploads")
