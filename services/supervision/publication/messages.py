"""Between the contract of rules and what the use cases work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.supervision.domain.model import Effect, ResultClass, Severity
from services.supervision.domain.publication import PackState
from services.supervision.publication.keys import Signed
from yijie.supervision.v1 import finding_pb2
from yijie.supervision.v1 import rule_pb2 as pb2
from yijie.supervision.v1 import rule_service_pb2 as service_pb2

if TYPE_CHECKING:
    from services.supervision.domain.publication import Publication
    from services.supervision.domain.rule import Rule
    from services.supervision.domain.rule_rates import RuleRate
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.publication.dry_run import Progress, Tally
    from services.supervision.publication.packs import Pack

_STATES: Final[Mapping[PackState, pb2.RulePackState]] = {
    PackState.UPCOMING: pb2.RULE_PACK_STATE_UPCOMING,
    PackState.RUNNING: pb2.RULE_PACK_STATE_RUNNING,
    PackState.PAST: pb2.RULE_PACK_STATE_PAST,
    PackState.WITHDRAWN: pb2.RULE_PACK_STATE_WITHDRAWN,
    PackState.REFUSED: pb2.RULE_PACK_STATE_REFUSED,
}
_CLASSES: Final[Mapping[ResultClass, finding_pb2.ResultClass]] = {
    ResultClass.VIOLATION: finding_pb2.RESULT_CLASS_VIOLATION,
    ResultClass.SUSPICIOUS: finding_pb2.RESULT_CLASS_SUSPICIOUS,
    ResultClass.TO_VERIFY: finding_pb2.RESULT_CLASS_TO_VERIFY,
}
_SEVERITIES: Final[Mapping[Severity, finding_pb2.Severity]] = {
    Severity.LOW: finding_pb2.SEVERITY_LOW,
    Severity.MEDIUM: finding_pb2.SEVERITY_MEDIUM,
    Severity.HIGH: finding_pb2.SEVERITY_HIGH,
}
_EFFECTS: Final[Mapping[Effect, finding_pb2.Effect]] = {
    Effect.MARK: finding_pb2.EFFECT_MARK,
    Effect.BLOCK: finding_pb2.EFFECT_BLOCK,
}


def read_signed(request: Any, pack: Pack) -> Signed:
    """Reads what a publication is signed for."""
    return Signed(
        version=pack.version,
        digest=pack.digest,
        valid_from_time=wire.read_time(request.valid_from_time),
        maker_id=request.maker_id,
        checker_id=request.checker_id,
        key_id=request.key_id,
        signature=request.signature,
    )


def write_publication(one: Publication, state: PackState) -> pb2.RulePack:
    """Returns the message of a publication."""
    return pb2.RulePack(
        publication_id=str(one.publication_id),
        version=one.version,
        valid_from_time=wire.write_time(one.valid_from_time),
        state=_STATES[state],
        key_id=one.key_id,
        signature=one.signature,
        maker_id=one.maker_id,
        checker_id=one.checker_id,
        publish_time=wire.write_time(one.publish_time),
    )


def write_shipped(ruleset: RuleSet, *, is_running: bool) -> pb2.RulePack:
    """Returns the message of the rules of the release."""
    return pb2.RulePack(
        version=ruleset.version,
        state=_STATES[PackState.RUNNING if is_running else PackState.PAST],
        shipped=True,
    )


def write_rule(rule: Rule) -> pb2.Rule:
    """Returns the message of a rule."""
    return pb2.Rule(
        code=rule.code,
        name_zh=rule.name_zh,
        name_en=rule.name_en,
        kind=rule.kind,
        result_class=_CLASSES[rule.result_class],
        severity=_SEVERITIES[rule.severity],
        effect=_EFFECTS[rule.effect],
        when_unscreened=rule.when_unscreened.value if rule.effect is Effect.BLOCK else "",
        reach=rule.reach.value,
        moments=sorted(one.value for one in rule.moments),
        source=rule.source,
        sample=rule.sample,
        family=rule.family.value,
        effective_from_date=wire.write_date(rule.effective_from),
        effective_until_date=wire.write_optional_date(rule.effective_until),
        point_count=rule.point_count,
        parameters=dict(rule.parameters),
    )


def write_progress(
    progress: Progress, tried: RuleSet, running: RuleSet
) -> service_pb2.DryRunRulePackResponse:
    """Returns the message of what a dry run has counted so far."""
    return service_pb2.DryRunRulePackResponse(
        version=tried.version,
        running_version=running.version,
        bill_count=progress.bill_count,
        bill_amount=wire.write_money(progress.bill_fen),
        tallies=[
            _write_tally(code, tally, tried, running)
            for code, tally in sorted(progress.tallies.items())
        ],
        complete=progress.is_complete,
        truncated=progress.is_complete and progress.is_truncated,
    )


def write_rate(one: RuleRate) -> pb2.RuleRate:
    """Returns the message of a rate."""
    message = pb2.RuleRate(
        rule_code=one.rule_code,
        confirmed_count=one.confirmed,
        rejected_count=one.rejected,
        open_count=one.open,
        confirmed_amount=wire.write_money(one.confirmed_fen),
        rejected_amount=wire.write_money(one.rejected_fen),
    )
    ratio = one.false_positive_ratio
    if ratio is not None:
        low, high = one.bounds
        message.false_positive_ratio.CopyFrom(wire.write_decimal(ratio))
        message.ratio_min.CopyFrom(wire.write_decimal(low))
        message.ratio_max.CopyFrom(wire.write_decimal(high))
    return message


def _write_tally(code: str, tally: Tally, tried: RuleSet, running: RuleSet) -> pb2.RuleTally:
    rule = tried.rule(code) or running.rule(code)
    return pb2.RuleTally(
        rule_code=code,
        name_zh="" if rule is None else rule.name_zh,
        finding_count=tally.tried.findings,
        bill_count=tally.tried.bills,
        amount=wire.write_money(tally.tried.amount_fen),
        running_finding_count=tally.running.findings,
        running_bill_count=tally.running.bills,
        running_amount=wire.write_money(tally.running.amount_fen),
        new_bill_keys=[str(key) for key in tally.new_bill_keys],
        gone_bill_keys=[str(key) for key in tally.gone_bill_keys],
    )
