"""Prepayment through the year: first quotas, the red pair and its top-up, next year's quotas."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from services.kit.wire import write_money
from services.proving.clearing_year.monthly import decide
from services.proving.clearing_year.office import CHECKER, MAKER
from services.proving.clearing_year.reckoning import Pair
from services.proving.clearing_year.scene import Scene
from yijie.clearing.v1 import prepayment_pb2, prepayment_service_pb2

_RED: Final = (prepayment_pb2.USAGE_STATE_RED, prepayment_pb2.USAGE_STATE_EXHAUSTED)


async def first_quotas(scene: Scene) -> None:
    """The first quotas are proposed as they were reported, and decided; notices follow."""
    year, month = scene.today.year, f"{scene.today:%Y-%m}"
    answer = await scene.office.call(
        scene.office.prepayment.SetFirstQuotas,
        prepayment_service_pb2.SetFirstQuotasRequest(
            year=year,
            maker_id=MAKER,
            quotas=[
                prepayment_service_pb2.FirstQuota(
                    insured_region_code=insured,
                    care_region_code=care,
                    scheme_code=scheme,
                    quota=write_money(fen),
                )
                for (insured, care, scheme), fen in scene.plan.first_quotas.items()
            ],
        ),
    )
    await _decide(scene, answer.proposal.proposal_id, month, scene.plan.first_quotas)


async def next_quotas(scene: Scene) -> None:
    """The quotas of the year that has begun, two average months of the last quarter."""
    year, month = scene.today.year, f"{scene.today:%Y-%m}"
    answer = await scene.office.call(
        scene.office.prepayment.ProposeQuotas,
        prepayment_service_pb2.ProposeQuotasRequest(year=year, maker_id=MAKER),
    )
    proposal_id = answer.proposal.proposal_id
    rows = await scene.office.pages(
        scene.office.prepayment.ListQuotaLines,
        prepayment_service_pb2.ListQuotaLinesRequest(proposal_id=proposal_id),
        "lines",
    )
    wanted = scene.reckoning.quotas_from(scene.plan.months[-3:])
    scene.findings.hold("quota", {_key(one): one.quota.fen for one in rows}, wanted)
    changes = {key: fen - scene.reckoning.quotas[key] for key, fen in wanted.items()}
    scene.findings.hold("quota change", {_key(one): one.change.fen for one in rows}, changes)
    await _decide(scene, proposal_id, month, changes)


async def _decide(
    scene: Scene, proposal_id: str, month: str, changes: dict[tuple[str, str, str], int]
) -> None:
    answer = await scene.office.call(
        scene.office.prepayment.DecideQuotas,
        prepayment_service_pb2.DecideQuotasRequest(
            proposal_id=proposal_id, confirmed=True, checker_id=CHECKER
        ),
    )
    await decide(scene, answer.notice_ids)
    by_pair: dict[Pair, dict[str, int]] = defaultdict(dict)
    for (insured, care, scheme), fen in changes.items():
        by_pair[Pair(insured, care)][scheme] = fen
    for pair, of_schemes in by_pair.items():
        scene.reckoning.issue_prepayment("PREPAYMENT_ADJUSTMENT", month, pair, of_schemes)


async def hold_usage(scene: Scene, month: str) -> None:
    """At the end of a month: what each pair used and holds, and which pairs are red by it."""
    rows = await scene.office.pages(
        scene.office.prepayment.ListPrepayments,
        prepayment_service_pb2.ListPrepaymentsRequest(),
        "prepayments",
    )
    pairs = [one for one in rows if one.insured_region_code]
    settled: dict[tuple[str, str], int] = defaultdict(int)
    for (insured, care, _), fen in scene.reckoning.settled(month).items():
        settled[insured, care] += fen
    held = {
        pair: scene.reckoning.holding(Pair(*pair))
        for pair in {key[:2] for key in scene.plan.first_quotas}
    }
    scene.findings.hold(
        "prepayment used", {_pair(one): one.usage.used.fen for one in pairs}, settled
    )
    scene.findings.hold(
        "prepayment held", {_pair(one): one.usage.holding.fen for one in pairs}, held
    )
    red = sorted(_pair(one) for one in pairs if one.usage.state in _RED)
    # Nine tenths of what is held, or more.
    expected = sorted(
        pair for pair, held_fen in held.items() if 10 * settled[pair] >= 9 * held_fen > 0
    )
    scene.findings.hold_equal(f"{month} pairs in the red", red, expected)
    if month == scene.plan.hot_month:
        scene.findings.hold_equal(f"{month} red pair", scene.plan.hot_pair in red, True)


async def hold_red_event(scene: Scene) -> None:
    """The province of care was told: the feed of its events has the pair going red."""
    insured, care = scene.plan.hot_pair

    async def is_told() -> bool:
        stream = scene.office.prepayment.SubscribePrepaymentEvents(
            prepayment_service_pb2.SubscribePrepaymentEventsRequest(region_code=care),
            wait_for_ready=True,
        )
        signs = 0
        try:
            async for batch in stream:
                if any(
                    one.insured_region_code == insured and one.usage.state in _RED
                    for one in batch.events
                ):
                    return True
                # The first sign of life says that the stream is open, not that nothing is left.
                signs += not batch.events
                if signs > 1:
                    return False
        finally:
            stream.cancel()
        return False

    told = await scene.wait_until("the event of the red pair", is_told)
    scene.findings.hold_equal("event of the red pair", told, True)


async def top_up(scene: Scene, month: str) -> None:
    """The month is signed: the care province asks, the hub decides, a notice is issued."""
    insured, care = scene.plan.hot_pair
    pair = Pair(insured, care)
    answer = await scene.office.call(
        scene.office.prepayment.RequestTopUp,
        prepayment_service_pb2.RequestTopUpRequest(
            insured_region_code=insured,
            care_region_code=care,
            month=month,
            maker_id=f"maker-{care}",
        ),
    )
    lacking = {
        scheme: max(0, 2 * fen - scene.reckoning.holding(pair, scheme))
        for (of_insured, of_care, scheme), fen in scene.reckoning.settled(month).items()
        if (of_insured, of_care) == pair
    }
    asked = answer.top_up
    scene.findings.hold(
        "top-up", {one.scheme_code: one.amount.fen for one in asked.schemes}, lacking
    )
    decided = await scene.office.call(
        scene.office.prepayment.DecideTopUp,
        prepayment_service_pb2.DecideTopUpRequest(
            top_up_id=asked.top_up_id, approved=True, checker_id=CHECKER
        ),
    )
    await decide(scene, [decided.top_up.notice_id])
    today = f"{scene.today:%Y-%m}"
    scene.reckoning.issue_prepayment("EMERGENCY_TOP_UP", today, pair, lacking)


async def hold_top_up_paid(scene: Scene) -> None:
    """The top-up is paid with the clearing money, and the pair holds two of its months."""
    rows = await scene.office.pages(
        scene.office.prepayment.ListTopUps,
        prepayment_service_pb2.ListTopUpsRequest(month=scene.plan.hot_month),
        "top_ups",
    )
    states = [prepayment_pb2.TopUpState.Name(one.state) for one in rows]
    scene.findings.hold_equal("top-up", states, ["TOP_UP_STATE_PAID"])


def _key(one: Any) -> tuple[str, str, str]:
    return one.insured_region_code, one.care_region_code, one.scheme_code


def _pair(one: Any) -> tuple[str, str]:
    return one.insured_region_code, one.care_region_code
