"""PrepaymentService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.clearing.domain.exhausted import ExhaustedPolicy, version_of
from services.clearing.domain.quota import QuotaKey
from services.clearing.domain.sizing import METHOD_EN, METHOD_ZH
from services.clearing.domain.usage import BASIS_POINTS
from services.clearing.prepayment import (
    limits,
    messages,
    store,
    top_up_store,
    topping_up,
    usecases,
    watching,
)
from services.clearing.prepayment.drafting import require_pair
from services.clearing.prepayment.outlook import Outlook
from services.clearing.prepayment.top_up_store import TopUpFilter
from services.kit import notes, paging, wire
from services.kit.caller import province_of_caller, require_region
from services.kit.clock import civil_date
from services.kit.idempotency import once
from yijie.clearing.v1 import prepayment_service_pb2 as pb
from yijie.clearing.v1 import prepayment_service_pb2_grpc

if TYPE_CHECKING:
    from services.clearing.domain.forecast_back_test import Score
    from services.clearing.prepayment.terms import Rules, Terms
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.kit.outbox import OutboxFeed

FULL_NAME: Final = "yijie.clearing.v1.PrepaymentService"
_PROVINCE: Final = re.compile(r"[1-6][0-9]0000")
_SCHEME: Final = re.compile(r"3[0-9]{2}")
_MONTHS_DEFAULT: Final = 12
_PROBABILITY_DEFAULT_BP: Final = 500


class PrepaymentServicer(prepayment_service_pb2_grpc.PrepaymentServiceServicer):
    """Answers the calls of PrepaymentService."""

    def __init__(self, database: Database, terms: Terms, clock: Clock, feed: OutboxFeed) -> None:
        """Holds what all calls share."""
        self._database = database
        self._terms = terms
        self._clock = clock
        self._feed = feed

    async def ListPrepayments(self, request: Any, context: Any) -> Any:
        """Lists what is held and used."""
        _require_party(context, request)
        now, rules = self._now()
        state = messages.read_state(request.state)
        after = paging.read_key(request, _read_pair) or ("", "")
        size = paging.page_size(request)
        found = await watching.list_prepayments(
            self._database,
            rules,
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            now=now,
        )
        wanted = [
            one
            for one in found
            if (one.pair[1], one.pair[0]) > after
            and (state is None or one.usage.state(rules.thresholds) is state)
        ]
        page = wanted[:size]
        last = (page[-1].pair[1], page[-1].pair[0]) if len(wanted) > size else ()
        return pb.ListPrepaymentsResponse(
            prepayments=[messages.write_prepayment(one, rules.thresholds) for one in page],
            next_page_token=paging.write_token(request, last) if last else "",
        )

    async def ProposeQuotas(self, request: Any, context: Any) -> Any:
        """Proposes the quotas of a year."""
        require_region(context, "", field="year")
        now, rules = self._now()

        async def work(connection: Connection) -> Any:
            proposal = await usecases.propose_quotas(
                connection, rules, year=request.year, maker_id=request.maker_id, now=now
            )
            return pb.ProposeQuotasResponse(
                proposal=messages.write_proposal(proposal, rules, civil_date(now))
            )

        return await once(self._database, request, pb.ProposeQuotasResponse, work)

    async def SetFirstQuotas(self, request: Any, context: Any) -> Any:
        """Proposes first quotas."""
        require_region(context, "", field="quotas")
        now, rules = self._now()
        quotas = messages.read_first_quotas(request)

        async def work(connection: Connection) -> Any:
            proposal = await usecases.propose_first_quotas(
                connection, quotas, year=request.year, maker_id=request.maker_id, now=now
            )
            return pb.SetFirstQuotasResponse(
                proposal=messages.write_proposal(proposal, rules, civil_date(now))
            )

        return await once(self._database, request, pb.SetFirstQuotasResponse, work)

    async def DecideQuotas(self, request: Any, context: Any) -> Any:
        """Confirms or rejects a proposal."""
        require_region(context, "", field="proposal_id")
        now, rules = self._now()

        async def work(connection: Connection) -> Any:
            proposal, notice_ids = await usecases.decide_quotas(
                connection,
                wire.read_uuid(request.proposal_id),
                confirmed=request.confirmed,
                checker_id=request.checker_id,
                note=request.note,
                now=now,
            )
            return pb.DecideQuotasResponse(
                proposal=messages.write_proposal(proposal, rules, civil_date(now)),
                notice_ids=[str(one) for one in notice_ids],
            )

        return await once(self._database, request, pb.DecideQuotasResponse, work)

    async def GetQuotaProposal(self, request: Any, context: Any) -> Any:
        """Answers a proposal."""
        require_region(context, "", field="proposal_id")
        now, rules = self._now()
        found = await usecases.find_proposal(self._database, wire.read_uuid(request.proposal_id))
        return pb.GetQuotaProposalResponse(
            proposal=messages.write_proposal(found, rules, civil_date(now))
        )

    async def ListQuotaProposals(self, request: Any, context: Any) -> Any:
        """Lists proposals."""
        require_region(context, "", field="year")
        now, rules = self._now()
        size = paging.page_size(request)
        found = await store.list_proposals(
            self._database,
            year=request.year,
            after=paging.read_key(request, UUID),
            limit=size + 1,
        )
        last = (str(found[size - 1].proposal_id),) if len(found) > size else ()
        return pb.ListQuotaProposalsResponse(
            proposals=[
                messages.write_proposal(one, rules, civil_date(now)) for one in found[:size]
            ],
            next_page_token=paging.write_token(request, last) if last else "",
        )

    async def ListQuotaLines(self, request: Any, context: Any) -> Any:
        """Lists the lines of a proposal."""
        _require_party(context, request)
        proposal_id = wire.read_uuid(request.proposal_id)
        await usecases.find_proposal(self._database, proposal_id)
        size = paging.page_size(request)
        found = await store.list_lines(
            self._database,
            proposal_id,
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            after=paging.read_key(request, _read_quota_key),
            limit=size + 1,
        )
        last = found[size - 1].key if len(found) > size else ()
        return pb.ListQuotaLinesResponse(
            lines=[messages.write_line(one) for one in found[:size]],
            next_page_token=paging.write_token(request, last) if last else "",
        )

    async def RequestTopUp(self, request: Any, context: Any) -> Any:
        """Asks for a top-up."""
        require_region(context, request.care_region_code, field="care_region_code")
        if request.late_officer_id:
            # Only the hub lets something be late.
            require_region(context, "", field="late_officer_id")
        now, rules = self._now()
        wanted = topping_up.TopUpRequest(
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            month=request.month,
            amount_fen=(
                messages.read_positive(request.amount, "amount")
                if request.HasField("amount")
                else None
            ),
            maker_id=request.maker_id,
            late_officer_id=request.late_officer_id,
            late_note=request.late_note,
        )

        async def work(connection: Connection) -> Any:
            top_up = await topping_up.request_top_up(connection, rules, wanted, now=now)
            return pb.RequestTopUpResponse(top_up=messages.write_top_up(top_up, rules.thresholds))

        return await once(self._database, request, pb.RequestTopUpResponse, work)

    async def DecideTopUp(self, request: Any, context: Any) -> Any:
        """Approves or refuses a top-up."""
        require_region(context, "", field="top_up_id")
        now, rules = self._now()

        async def work(connection: Connection) -> Any:
            top_up = await topping_up.decide_top_up(
                connection,
                wire.read_uuid(request.top_up_id),
                approved=request.approved,
                checker_id=request.checker_id,
                note=request.note,
                now=now,
            )
            return pb.DecideTopUpResponse(top_up=messages.write_top_up(top_up, rules.thresholds))

        return await once(self._database, request, pb.DecideTopUpResponse, work)

    async def GetTopUp(self, request: Any, context: Any) -> Any:
        """Answers a top-up."""
        require_region(context, request.region_code, field="region_code")
        _, rules = self._now()
        found = await topping_up.find_top_up(
            self._database,
            wire.read_uuid(request.top_up_id),
            region_code=request.region_code,
        )
        return pb.GetTopUpResponse(top_up=messages.write_top_up(found, rules.thresholds))

    async def ListTopUps(self, request: Any, context: Any) -> Any:
        """Lists top-ups."""
        _require_party(context, request)
        _, rules = self._now()
        size = paging.page_size(request)
        wanted = TopUpFilter(
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            month=request.month,
            state=messages.read_top_up_state(request.state),
            after=paging.read_key(request, UUID),
        )
        found = await top_up_store.list_top_ups(self._database, wanted, limit=size + 1)
        last = (str(found[size - 1].top_up_id),) if len(found) > size else ()
        return pb.ListTopUpsResponse(
            top_ups=[messages.write_top_up(one, rules.thresholds) for one in found[:size]],
            next_page_token=paging.write_token(request, last) if last else "",
        )

    async def GetForecast(self, request: Any, context: Any) -> Any:
        """Answers a forecast."""
        outlook, rules = self._outlook(request, context)
        found = await outlook.foresee()
        return pb.GetForecastResponse(forecast=messages.write_forecast(found, rules))

    async def GetForecastBackTest(self, request: Any, context: Any) -> Any:
        """Answers how good it would have been."""
        outlook, rules = self._outlook(request, context)
        count, score = await outlook.back_test(request.month_count or _MONTHS_DEFAULT)
        return _write_score(count, score, rules.interval_percent)

    async def WhatIfTopUp(self, request: Any, context: Any) -> Any:
        """Answers what a top-up would do."""
        amount_fen = messages.read_positive(request.amount, "amount")
        outlook, rules = self._outlook(request, context)
        trial = await outlook.try_top_up(amount_fen)
        return pb.WhatIfTopUpResponse(
            present=messages.write_forecast(trial.present, rules),
            topped_up=messages.write_forecast(trial.topped_up, rules),
            proposed=wire.write_money(trial.proposed_fen),
        )

    async def EstimateHolding(self, request: Any, context: Any) -> Any:
        """Answers what to hold."""
        outlook, _ = self._outlook(request, context)
        probability_bp = request.probability_bp or _PROBABILITY_DEFAULT_BP
        need = await outlook.size(Fraction(probability_bp, BASIS_POINTS))
        size = need.size
        return pb.EstimateHoldingResponse(
            holding=wire.write_money(size.holding_fen) if size else None,
            month=wire.write_money(size.month_fen) if size else None,
            growth_bp=messages.growth_bp(size.growth) if size else BASIS_POINTS,
            growth_known=size.growth_known if size else False,
            month_count=size.month_count if size else 0,
            month_count_needed=size.month_count_needed if size else 0,
            sufficient=size.sufficient if size else False,
            present_holding=wire.write_money(need.holding_fen),
            probability_bp=probability_bp,
            method_zh=METHOD_ZH,
            method_en=METHOD_EN,
        )

    async def SetExhaustedPolicy(self, request: Any, context: Any) -> Any:
        """Sets what an exhausted prepayment of a pair does."""
        require_region(context, "", field="insured_region_code")
        now, _ = self._now()
        policy = ExhaustedPolicy(
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            action=messages.read_action(request.action),
            without_holding=request.without_holding,
            begin_date=wire.read_date(request.begin_date, "begin_date"),
            note=notes.read_note(request.note),
            maker_id=request.maker_id,
            checker_id=request.checker_id,
            create_time=now,
        )

        async def work(connection: Connection) -> Any:
            await limits.set_policy(connection, policy, today=civil_date(now))
            return pb.SetExhaustedPolicyResponse(policy=messages.write_policy(policy))

        return await once(self._database, request, pb.SetExhaustedPolicyResponse, work)

    async def ListExhaustedPolicies(self, request: Any, context: Any) -> Any:
        """Lists what holds by pair."""
        require_region(context, "", field="page_token")
        now, rules = self._now()
        start = paging.read_key(request, paging.row_number) or 0
        size = paging.page_size(request)
        found = await limits.list_policies(
            self._database, rules, today=civil_date(now), with_past=request.with_past
        )
        more = len(found) > start + size
        return pb.ListExhaustedPoliciesResponse(
            policies=[messages.write_policy(one) for one in found[start : start + size]],
            default_action=messages.write_action(rules.exhausted_action),
            next_page_token=paging.write_token(request, (str(start + size),)) if more else "",
        )

    async def GetSettlementLimits(self, request: Any, context: Any) -> Any:
        """Answers the pairs to warn of or to refuse."""
        require_region(context, "", field="known_version")
        now, rules = self._now()
        found = await limits.get_limits(self._database, rules, today=civil_date(now))
        version = version_of(found)
        unchanged = version == request.known_version
        return pb.GetSettlementLimitsResponse(
            version=version,
            unchanged=unchanged,
            limits=[] if unchanged else [messages.write_limit(one) for one in found],
            emergency_exempt=True,
        )

    async def SubscribePrepaymentEvents(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Follows changes of usage."""
        region = request.region_code
        require_region(context, region, field="region_code")
        read = self._feed.read(
            request.after_cursor, wanted=(region,) if region else None, region=region
        )
        async with contextlib.aclosing(read) as batches:
            async for given in batches:
                _, rules = self._now()
                yield pb.SubscribePrepaymentEventsResponse(
                    events=[messages.event_of(row, rules.thresholds) for row in given.rows],
                    cursor=given.cursor,
                    lag_ms=given.lag_ms,
                )

    def _now(self) -> tuple[datetime, Rules]:
        now = self._clock.now()
        return now, self._terms.on(civil_date(now))

    def _outlook(self, request: Any, context: Any) -> tuple[Outlook, Rules]:
        _require_party(context, request)
        insured, care = request.insured_region_code, request.care_region_code
        require_pair(QuotaKey(insured, care, "310"), "care_region_code")
        now, rules = self._now()
        outlook = Outlook(
            self._database, rules, insured_region_code=insured, care_region_code=care, now=now
        )
        return outlook, rules


def _require_party(context: Any, request: Any) -> None:
    """Lets a province ask for what names it on either side."""
    field = "insured_region_code"
    if request.care_region_code and request.care_region_code == province_of_caller(context):
        field = "care_region_code"
    require_region(context, getattr(request, field), field=field)


def _write_score(month_count: int, score: Score, interval_percent: int) -> Any:
    return pb.GetForecastBackTestResponse(
        month_count=month_count,
        case_count=score.case_count,
        error_hundredths=score.error_hundredths,
        straight_error_hundredths=score.straight_error_hundredths,
        within_one_day_percent=score.within_one_day_percent,
        covered_percent=score.covered_percent,
        interval_percent=interval_percent,
        sufficient=score.case_count > 0,
    )


def _read_pair(care: str, insured: str) -> tuple[str, str]:
    # Raises ValueError for what no row can have as its key: a token may be made up.
    if not _PROVINCE.fullmatch(care) or not (insured == "" or _PROVINCE.fullmatch(insured)):
        msg = "not a pair's key"
        raise ValueError(msg)
    return care, insured


def _read_quota_key(insured: str, care: str, scheme: str) -> QuotaKey:
    patterns = ((_PROVINCE, insured), (_PROVINCE, care), (_SCHEME, scheme))
    if not all(pattern.fullmatch(text) for pattern, text in patterns):
        msg = "not a quota's key"
        raise ValueError(msg)
    return QuotaKey(insured, care, scheme)
