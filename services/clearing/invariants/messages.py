"""Invariants as messages."""

from __future__ import annotations

from typing import Any

from services.clearing.domain.invariants import SHOWN_MAX, Contradiction, Result
from services.clearing.invariants.usecases import Check
from services.kit import wire
from yijie.clearing.v1 import invariant_pb2, invariant_service_pb2
from yijie.common.v1 import money_pb2


def write_check(check: Check) -> Any:
    """Returns CheckInvariantsResponse."""
    return invariant_service_pb2.CheckInvariantsResponse(
        results=[_result(one) for one in check.results],
        until_time=wire.write_time(check.until_time) if check.until_time else None,
        until_block_id=check.until_block_id,
    )


def _result(result: Result) -> Any:
    return invariant_pb2.InvariantResult(
        invariant=f"INVARIANT_{result.invariant.value}",
        checked_count=result.checked_count,
        contradiction_count=len(result.contradictions),
        contradictions=[_contradiction(one) for one in result.contradictions[:SHOWN_MAX]],
    )


def _contradiction(one: Contradiction) -> Any:
    return invariant_pb2.Contradiction(
        month=one.key.month,
        insured_region_code=one.key.insured_region_code,
        care_region_code=one.key.care_region_code,
        scheme_code=one.key.scheme_code,
        fund_type_code=one.key.fund_type_code,
        subject=one.key.subject,
        expected=money_pb2.Money(fen=one.expected_fen),
        found=money_pb2.Money(fen=one.found_fen),
    )
