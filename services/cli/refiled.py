"""Settled unfiled, filed afterwards, and the settlement computed anew (补备案后重算)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.cli.outcome import Check, Standing, identities
from services.cli.province import SETTLE_S, Province
from services.kit.wire import write_date
from yijie.filing.v1 import filing_pb2, filing_service_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

CASE: Final = "resident_points"
"""Whose: not filed, and entitled to as much as at home once filed for long-term stay."""
_DAYS_BEFORE: Final = 30


@dataclass(frozen=True, slots=True)
class Refiled:
    """The filing, and what the settlement came to by it."""

    filing: filing_pb2.Filing
    answer: settlement_service_pb2.RecomputeSettlementResponse

    @property
    def differences_fen(self) -> tuple[int, int, int]:
        """What funds, account and patient pay more than before."""
        answer = self.answer
        return (
            answer.fund_difference.fen,
            answer.account_difference.fen,
            answer.cash_difference.fen,
        )


async def file_and_recompute(
    province: Province, settled: settlement_pb2.Settlement, ids: tuple[UUID, UUID]
) -> Refiled:
    """Files for a long-term stay from before the admission on, and has it all computed anew.

    Args:
        province: of care and of insurance.
        settled: the settlement, which no filing decided.
        ids: of the two requests.
    """
    admitted = settled.begin_date
    begin = date(admitted.year, admitted.month, admitted.day) - timedelta(days=_DAYS_BEFORE)
    filing = filing_pb2.Filing(
        person_id=settled.person_id,
        insured_region_code=settled.insured_region_code,
        target_region_code=settled.care_region_code,
        type=filing_pb2.FILING_TYPE_LONG_TERM_RESIDENT,
        evidence=filing_pb2.FILING_EVIDENCE_COMMITMENT,
        channel=filing_pb2.FILING_CHANNEL_APP,
        begin_date=write_date(begin),
    )
    submitted = await province.call(
        province.filing.SubmitFiling,
        filing_service_pb2.SubmitFilingRequest(request_id=str(ids[0]), filing=filing),
    )
    answer = await province.call(
        province.settlement.RecomputeSettlement,
        settlement_service_pb2.RecomputeSettlementRequest(
            request_id=str(ids[1]), settlement_id=settled.settlement_id
        ),
        within_s=SETTLE_S,
    )
    return Refiled(submitted.filing, answer)


def checks(
    refiled: Refiled,
    settled: settlement_pb2.Settlement,
    full: settlement_pb2.Settlement,
    standings: Sequence[Standing],
) -> list[Check]:
    """Returns what must hold.

    Args:
        refiled: what was filed and answered.
        settled: the settlement before.
        full: the settlement that stands now, with its lines.
        standings: with the first settlement, and now.
    """
    answer, (fund, account, cash) = refiled.answer, refiled.differences_fen
    before, after = standings
    owed = sum(fen for _, fen in after.owed_fen) - sum(fen for _, fen in before.owed_fen)
    return [
        Check(
            "filed",
            "补备案当即生效",
            "the late filing is live at once",
            refiled.filing.state == filing_pb2.FILING_STATE_LIVE,
        ),
        Check(
            "recomputed",
            "已按备案待遇重算，原结算已撤销",
            "computed anew at the filed level, the first is reversed",
            answer.changed
            and full.filing_id == refiled.filing.filing_id
            and full.recomputes_settlement_id == settled.settlement_id
            and answer.replaced_settlement.state == settlement_pb2.SETTLEMENT_STATE_REVERSED,
        ),
        *identities(full, settled.amounts.total.fen),
        Check(
            "difference",
            "基金、账户、现金的差额相抵，患者少付",
            "the differences cancel out, and the patient pays less",
            fund + account + cash == 0 and cash < 0,
        ),
        Check(
            "ledger",
            "清算只多出这笔差额",
            "clearing owes this difference more, and nothing else",
            owed == fund + account,
        ),
    ]
