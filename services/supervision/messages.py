"""Between the contracts and the domain, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.supervision.domain.model import (
    Effect,
    Finding,
    ResultClass,
    Severity,
    Sex,
)
from services.supervision.domain.recording import FindingMoment, WithdrawalReason
from yijie.common.v1 import bill_pb2
from yijie.supervision.v1 import finding_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.supervision.domain.recording import RecordedFinding

SEXES: Final[Mapping[int, Sex]] = {
    bill_pb2.SEX_UNSPECIFIED: Sex.UNKNOWN,
    bill_pb2.SEX_MALE: Sex.MALE,
    bill_pb2.SEX_FEMALE: Sex.FEMALE,
}
_CLASSES: Final[Mapping[ResultClass, finding_pb2.ResultClass]] = {
    ResultClass.VIOLATION: finding_pb2.RESULT_CLASS_VIOLATION,
    ResultClass.SUSPICIOUS: finding_pb2.RESULT_CLASS_SUSPICIOUS,
    ResultClass.TO_VERIFY: finding_pb2.RESULT_CLASS_TO_VERIFY,
}
_FROM_CLASS: Final[Mapping[int, ResultClass]] = {value: name for name, value in _CLASSES.items()}
_SEVERITIES: Final[Mapping[Severity, finding_pb2.Severity]] = {
    Severity.LOW: finding_pb2.SEVERITY_LOW,
    Severity.MEDIUM: finding_pb2.SEVERITY_MEDIUM,
    Severity.HIGH: finding_pb2.SEVERITY_HIGH,
}
_FROM_SEVERITY: Final[Mapping[int, Severity]] = {value: name for name, value in _SEVERITIES.items()}
_EFFECTS: Final[Mapping[Effect, finding_pb2.Effect]] = {
    Effect.MARK: finding_pb2.EFFECT_MARK,
    Effect.BLOCK: finding_pb2.EFFECT_BLOCK,
}
_FROM_EFFECT: Final = {value: name for name, value in _EFFECTS.items()}
_MOMENTS: Final[Mapping[FindingMoment, finding_pb2.FindingMoment]] = {
    FindingMoment.ROUND_TRIP: finding_pb2.FINDING_MOMENT_ROUND_TRIP,
    FindingMoment.AFTERWARDS: finding_pb2.FINDING_MOMENT_AFTERWARDS,
    FindingMoment.AUDIT: finding_pb2.FINDING_MOMENT_AUDIT,
    FindingMoment.MINING: finding_pb2.FINDING_MOMENT_MINING,
}
_REASONS: Final[Mapping[WithdrawalReason, finding_pb2.WithdrawalReason]] = {
    WithdrawalReason.REVERSED: finding_pb2.WITHDRAWAL_REASON_REVERSED,
    WithdrawalReason.OTHER_REVERSED: finding_pb2.WITHDRAWAL_REASON_OTHER_REVERSED,
    WithdrawalReason.SUPERSEDED: finding_pb2.WITHDRAWAL_REASON_SUPERSEDED,
}


def read_finding(message: Any) -> Finding:
    """Reads a finding that travelled with a settlement."""
    return Finding(
        rule_code=message.rule_code,
        result_class=_FROM_CLASS[message.result_class],
        line_ids=tuple(message.line_ids),
        amount_fen=message.amount.fen,
        message_zh=message.message_zh,
        message_en=message.message_en,
        rule_version=message.ruleset_version,
        # A finding of the journal may be older than these fields.
        severity=_FROM_SEVERITY.get(message.severity, Severity.MEDIUM),
        effect=_FROM_EFFECT.get(message.effect, Effect.MARK),
        source=message.source_zh,
        other_bill_keys=tuple(wire.read_uuid(one) for one in message.other_bill_keys),
    )


def write_finding(finding: Finding) -> finding_pb2.Finding:
    """Returns the message of a finding."""
    return finding_pb2.Finding(
        rule_code=finding.rule_code,
        result_class=_CLASSES[finding.result_class],
        line_ids=finding.line_ids,
        amount=wire.write_money(finding.amount_fen),
        message_zh=finding.message_zh,
        message_en=finding.message_en,
        ruleset_version=finding.rule_version,
        severity=_SEVERITIES[finding.severity],
        effect=_EFFECTS[finding.effect],
        source_zh=finding.source,
        other_bill_keys=[str(key) for key in finding.other_bill_keys],
    )


def write_detail(finding: Finding) -> bytes:
    """Returns the part of a finding that names lines and items, as it is stored encrypted."""
    return finding_pb2.Finding(
        line_ids=finding.line_ids,
        message_zh=finding.message_zh,
        message_en=finding.message_en,
        severity=_SEVERITIES[finding.severity],
        effect=_EFFECTS[finding.effect],
        source_zh=finding.source,
        other_bill_keys=[str(key) for key in finding.other_bill_keys],
    ).SerializeToString()


def read_stored(
    detail: bytes, *, rule_code: str, result_class: str, amount_fen: int, rule_version: str
) -> Finding:
    """Returns a finding of its stored columns and of what `write_detail` wrote beside them."""
    kept = finding_pb2.Finding.FromString(detail)
    kept.rule_code = rule_code
    kept.result_class = _CLASSES[ResultClass(result_class)]
    kept.amount.fen = amount_fen
    kept.ruleset_version = rule_version
    return read_finding(kept)


def class_of(number: int) -> ResultClass | None:
    """Returns the class that a filter names; None: all."""
    return _FROM_CLASS.get(number)


def severity_of(number: int) -> Severity | None:
    """Returns the severity that a filter names; None: all."""
    return _FROM_SEVERITY.get(number)


def write_recorded(recorded: RecordedFinding) -> finding_pb2.RecordedFinding:
    """Returns the message of a recorded finding."""
    return finding_pb2.RecordedFinding(
        finding_id=str(recorded.finding_id),
        settlement_id=str(recorded.settlement_id),
        care_region_code=recorded.care_region_code,
        insured_region_code=recorded.insured_region_code,
        institution_code=recorded.institution_code,
        finding=write_finding(recorded.finding),
        reversed=recorded.is_reversed,
        create_time=wire.write_time(recorded.create_time),
        moment=_MOMENTS[recorded.moment],
        withdrawal_reason=(
            _REASONS[recorded.withdrawal.reason]
            if recorded.withdrawal
            else finding_pb2.WITHDRAWAL_REASON_UNSPECIFIED
        ),
        withdraw_time=(
            wire.write_time(recorded.withdrawal.event_time) if recorded.withdrawal else None
        ),
    )
