"""Between reconciliation's domain and its contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from services.clearing.comparison_store import Result
from services.clearing.difference_store import Difference
from services.clearing.domain.differences import DifferenceLeg, LegStatus
from services.clearing.domain.explanations import EXPLANATION_EN, EXPLANATION_ZH
from services.clearing.domain.reconciliation import (
    Amounts,
    Held,
    LegRecord,
    Party,
    Place,
    Status,
)
from services.clearing.domain.statement_states import StatementState
from services.clearing.domain.totals import Group, Sums, Totals, TotalsDifference
from services.clearing.reconciliation_clients import has_time
from services.kit import codes, wire
from services.kit.errors import InvalidArgument
from services.kit.wire import invalid
from yijie.clearing.v1 import reconciliation_pb2 as pb2

_FEN_SUM_MAX: Final = 10**17


def read_party(value: int) -> Party:
    """Returns the party; the contract has refused those that do not exist."""
    return Party(pb2.Party.Name(value).removeprefix("PARTY_"))


def write_party(party: Party) -> Any:
    """Returns the message of a party."""
    return pb2.Party.Value(f"PARTY_{party.value}")


def write_statement_state(state: StatementState) -> Any:
    """Returns the message of a statement's state."""
    return pb2.StatementState.Value(f"STATEMENT_STATE_{state.value}")


def read_province(code: str, field: str) -> str:
    """Returns a province that takes part, or raises InvalidArgument."""
    if code not in codes.PROVINCES:
        raise InvalidArgument("REGION_UNKNOWN", "no such province", field=field)
    return code


def read_totals(messages: Sequence[Any]) -> dict[Group, Totals]:
    """Returns stated totals by group.

    Raises:
        InvalidArgument: a group twice, an unknown province, a sum that cannot be.
    """
    found: dict[Group, Totals] = {}
    for index, one in enumerate(messages):
        field = f"totals[{index}]"
        province = read_province(one.insured_region_code, f"{field}.insured_region_code")
        group = Group(province, one.scheme_code)
        if group in found:
            raise invalid(field, "is of an insured province and scheme that an earlier one is of")
        found[group] = Totals(
            settled=_read_sums(one.settled, f"{field}.settled"),
            reversed=_read_sums(one.reversed, f"{field}.reversed"),
        )
    return found


def read_record(message: Any, field: str) -> LegRecord:
    """Returns a detail.

    Raises:
        InvalidArgument: no key, an id that the hub did not give, or an amount that cannot be.
    """
    settlement_id = UUID(message.settlement_id) if message.settlement_id else None
    request_id = UUID(message.request_id) if message.request_id else None
    if settlement_id is None and request_id is None:
        raise invalid(field, "needs settlement_id or request_id")
    if settlement_id is not None and not has_time(settlement_id):
        raise invalid(f"{field}.settlement_id", "is not an id that the hub gives")
    return LegRecord(
        settlement_id=settlement_id,
        request_id=request_id,
        place=Place(
            institution_code=message.institution_code,
            care_region_code="",
            insured_region_code=read_province(
                message.insured_region_code, f"{field}.insured_region_code"
            ),
            scheme_code=message.scheme_code,
        ),
        status=Status(pb2.RecordState.Name(message.state).removeprefix("RECORD_STATE_")),
        amounts=Amounts(
            total_fen=wire.read_fen(message.total, f"{field}.total"),
            fund_fen=wire.read_fen(message.fund_total, f"{field}.fund_total"),
            account_fen=wire.read_fen(message.account_pay, f"{field}.account_pay"),
            cash_fen=wire.read_fen(message.cash_pay, f"{field}.cash_pay"),
        ),
    )


def write_totals_difference(one: TotalsDifference) -> Any:
    """Returns the message of a group in which the totals differ."""
    return pb2.TotalsDifference(
        insured_region_code=one.group.insured_region_code,
        scheme_code=one.group.scheme_code,
        stated=_write_totals(one.group, one.one),
        hub=_write_totals(one.group, one.other),
    )


def write_result(result: Result) -> Any:
    """Returns the message of a result."""
    return pb2.LegResult(
        party=write_party(result.leg.party),
        party_code=result.leg.party_code,
        business_date=wire.write_date(result.leg.business_date),
        state=write_statement_state(result.state),
        hub_count=result.hub_count,
        party_count=result.party_count,
        difference_count=result.difference_count,
        compare_time=wire.write_time(result.compare_time),
    )


def write_difference(one: Difference) -> Any:
    """Returns the message of a difference."""
    message = pb2.Difference(
        difference_id=str(one.difference_id),
        business_date=wire.write_date(one.business_date),
        settlement_id=_text(one.settlement_id),
        request_id=_text(one.request_id),
        institution_code=one.place.institution_code,
        care_region_code=one.place.care_region_code,
        insured_region_code=one.place.insured_region_code,
        scheme_code=one.place.scheme_code,
        kind=f"DIFFERENCE_KIND_{one.kind.value}",
        cause=f"DIFFERENCE_CAUSE_{one.cause.value}",
        missing_parties=[
            write_party(leg.party) for leg in one.legs if leg.status is LegStatus.MISSING
        ],
        legs=[_write_leg(leg) for leg in one.legs],
        twin_settlement_id=_text(one.twin_settlement_id),
        explanation_zh=EXPLANATION_ZH[one.cause],
        explanation_en=EXPLANATION_EN[one.cause],
        state=f"DIFFERENCE_STATE_{one.state.value}",
        find_time=wire.write_time(one.find_time),
        note=one.note,
        operator_code=one.operator_code,
    )
    if one.close_time is not None:
        message.close_time.CopyFrom(wire.write_time(one.close_time))
    return message


def _read_sums(message: Any, field: str) -> Sums:
    def fen(money: Any, name: str) -> int:
        # A sum of a day may be more than one settlement can have.
        if not 0 <= money.fen < _FEN_SUM_MAX:
            raise invalid(f"{field}.{name}", "must be zero or more and below a quadrillion yuan")
        return int(money.fen)

    sums = Sums(
        count=message.settlement_count,
        amounts=Amounts(
            total_fen=fen(message.total, "total"),
            fund_fen=fen(message.fund_total, "fund_total"),
            account_fen=fen(message.account_pay, "account_pay"),
            cash_fen=fen(message.cash_pay, "cash_pay"),
        ),
    )
    if sums.count == 0 and any(
        (
            sums.amounts.total_fen,
            sums.amounts.fund_fen,
            sums.amounts.account_fen,
            sums.amounts.cash_fen,
        )
    ):
        raise invalid(f"{field}.settlement_count", "is zero and the amounts are not")
    return sums


def _write_sums(sums: Sums) -> Any:
    return pb2.StatementSums(
        settlement_count=sums.count,
        total=wire.write_money(sums.amounts.total_fen),
        fund_total=wire.write_money(sums.amounts.fund_fen),
        account_pay=wire.write_money(sums.amounts.account_fen),
        cash_pay=wire.write_money(sums.amounts.cash_fen),
    )


def _write_totals(group: Group, totals: Totals) -> Any:
    return pb2.StatementTotals(
        insured_region_code=group.insured_region_code,
        scheme_code=group.scheme_code,
        settled=_write_sums(totals.settled),
        reversed=_write_sums(totals.reversed),
    )


def _write_leg(leg: DifferenceLeg) -> Any:
    message = pb2.DifferenceLeg(
        party=write_party(leg.party),
        party_code=leg.party_code,
        status=f"LEG_STATUS_{leg.status.value}",
    )
    if leg.held is not None:
        _write_held(message, leg.held)
    return message


def _write_held(message: Any, held: Held) -> None:
    message.state = pb2.RecordState.Value(f"RECORD_STATE_{held.status.value}")
    if held.amounts is not None:
        message.total.fen = held.amounts.total_fen
        message.fund_total.fen = held.amounts.fund_fen
        message.account_pay.fen = held.amounts.account_fen
        message.cash_pay.fen = held.amounts.cash_fen


def _text(key: UUID | None) -> str:
    return "" if key is None else str(key)
