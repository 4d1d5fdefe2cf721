"""An insured region that misbehaves when told to; one of the services of callees.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import grpc
from grpc_status import rpc_status

from services.kit import wire
from services.kit.errors import AlreadyExists, DomainError, Overloaded, RuleForbids, Unavailable
from services.kit.money import Rounding, share_fen
from services.kit.status import to_status
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2, benefits_service_pb2_grpc

INSURED = "650100"
DEDUCTIBLE_FEN = 10_000
FUND_RATIO = Decimal("0.85")
LONG_S = 30.0


async def refuse(context: Any, error: DomainError, service: str) -> None:
    """Answers an error as the errors interceptor of a service does."""
    await context.abort_with_status(rpc_status.to_status(to_status(error, service)))


@dataclass(repr=False)
class Booking:
    """What the insured region holds of a settlement; without a case it is a tombstone."""

    case: Any = None
    adjudication: Any = None
    cancelled: bool = False
    channel: int = 0


@dataclass(repr=False)
class FakeBenefits(benefits_service_pb2_grpc.BenefitsServiceServicer):
    """Books in memory, once per settlement, with an account of 50 yuan.

    `mode` is how it answers a Commit: "ok", "refuse" (POLICY_NOT_COVERED), "not_qualified"
    (DISEASE_NOT_QUALIFIED, in words that name the disease), "silent" (before
    booking), "unavailable" (before booking), "lost_reply" (after booking), "late_reply" (after
    booking, too late), "inconsistent", "overloaded".
    """

    mode: str = "ok"
    script: list[str] = field(default_factory=list)
    """Modes of the next Commits; when it is empty, `mode`."""
    commit_mode: str = ""
    """The mode of Commits alone; empty: `mode`."""
    refused_level: int | None = None
    """A benefit level of which it refuses Commits alone."""
    bookings: dict[str, Booking] = field(default_factory=dict)
    commits: int = 0
    cancels: list[str] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    """What was booked and restored, in order: ("book" or "restore", settlement id)."""
    cancel_is_down: bool = False
    cancel_is_refused: bool = False
    """True: it answers a Cancel with an error that no region should have for it."""
    delay_s: float = 0.0
    account_fen: int = 5_000
    deductible_fen: int = DEDUCTIBLE_FEN
    """What the accumulators leave of the deductible."""
    in_flight: int = 0
    most_in_flight: int = 0
    """Most questions about sums that were asked at the same time."""
    is_behind: bool = False
    """Of a release that does not serve the question about sums yet."""
    policy_version: str = "650000@2017-abcdef"
    fund_ratio: Decimal = FUND_RATIO
    level_ratios: dict[int, Decimal] = field(default_factory=dict)
    """What the fund pays at a benefit level; of the others `fund_ratio`."""
    knows_expected: bool = True
    """False: a province that books what comes out, whatever it is told to expect."""

    @property
    def live(self) -> dict[str, Booking]:
        """Bookings that stand."""
        return {key: b for key, b in self.bookings.items() if b.case and not b.cancelled}

    def adjudicate(self, case: Any) -> Any:
        """Returns a consistent answer: a deductible, one fund, the account if asked for."""
        amounts = case.amounts
        deductible = min(amounts.in_scope.fen, self.deductible_fen)
        ratio = self.level_ratios.get(case.benefit_level, self.fund_ratio)
        fund = share_fen(amounts.in_scope.fen - deductible, ratio, Rounding.DOWN)
        patient = amounts.total.fen - fund
        account = min(patient, self.account_fen) if case.use_account else 0
        answer = adjudication_pb2.Adjudication(
            policy_version=self.policy_version,
            sample=self.mode == "sample",
            accumulators_digest=f"accumulators-{self.deductible_fen}",
            account_digest=f"account-{self.account_fen}",
        )
        for name, fen in (
            ("deductible", deductible),
            ("fund_total", fund),
            ("account_pay", account),
            ("cash_pay", patient - account),
            ("patient_total", patient),
            ("account_balance", self.account_fen - account),
        ):
            getattr(answer, name).fen = fen
        if fund:
            answer.fund_payments.add(fund_type_code="310100", amount=wire.write_money(fund))
        for name, fen in (
            ("full_self_pay", amounts.full_self_pay.fen),
            ("over_limit", amounts.over_limit.fen),
            ("prior_self_pay", amounts.prior_self_pay.fen),
            ("deductible", deductible),
            ("share", amounts.in_scope.fen - deductible - fund),
        ):
            getattr(answer.causes, name).fen = fen
        step = answer.steps.add(step_code="segment", label_zh="统筹支付", label_en="pooled fund")
        # As a province does that has a limit of its own for each disease.
        step.parameters.add(path=f"employee/segments.ratio[{case.disease_code}]", value="0.85")
        return answer

    async def Adjudicate(self, request: Any, context: Any) -> Any:
        await self._before(context, self.mode, request.case.disease_code)
        answer = self.adjudicate(request.case)
        if not request.with_trace:
            answer.ClearField("steps")
        if self.mode == "inconsistent":
            answer.cash_pay.fen += 1
        return benefits_service_pb2.AdjudicateResponse(adjudication=answer)

    async def Commit(self, request: Any, context: Any) -> Any:
        self.commits += 1
        mode = self.script.pop(0) if self.script else self.commit_mode or self.mode
        if request.case.benefit_level == self.refused_level:
            mode = "refuse"
        await self._before(context, mode, request.case.disease_code)
        held = self.bookings.get(request.settlement_id)
        if held is not None and held.cancelled:
            error = RuleForbids("ADJUDICATION_CANCELLED", "cancelled before")
            await refuse(context, error, "benefits")
        if held is not None and held.case != request.case:
            await refuse(context, AlreadyExists("REQUEST_ID_REUSED", "other case"), "benefits")
        if held is None and request.HasField("expected") and self.knows_expected:
            await self._compare(request, context)
        if held is None:
            held = Booking(request.case, self.adjudicate(request.case), channel=request.channel)
            self.bookings[request.settlement_id] = held
            self.history.append(("book", request.settlement_id))
        if mode == "lost_reply":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "crashed after booking")
        if mode == "late_reply":
            await asyncio.sleep(LONG_S)
        answer = adjudication_pb2.Adjudication()
        answer.CopyFrom(held.adjudication)
        if mode == "inconsistent":
            answer.fund_total.fen += 1
        return benefits_service_pb2.CommitResponse(adjudication=answer)

    async def _compare(self, request: Any, context: Any) -> None:
        """Refuses where other amounts come out than expected, as the real service does."""
        now, then = self.adjudicate(request.case), request.expected
        now.ClearField("steps")
        if (now.deductible, now.fund_total, now.account_pay, now.cash_pay) == (
            then.deductible, then.fund_total, then.account_pay, then.cash_pay
        ):  # fmt: skip
            return
        pairs = {
            "policy": now.policy_version == then.policy_version,
            "accumulators": now.accumulators_digest == then.accumulators_digest,
            "account": now.account_digest == then.account_digest,
        }
        changed = ",".join(name for name, same in pairs.items() if not same)
        error = RuleForbids("EXPECTATION_NOT_MET", "not expected", metadata={"changed": changed})
        await refuse(context, error, "benefits")

    async def GetAccumulators(self, request: Any, context: Any) -> Any:
        if self.is_behind:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not yet")
        await self._before(context, self.mode)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0.01)
        self.in_flight -= 1
        return benefits_service_pb2.GetAccumulatorsResponse()

    async def Cancel(self, request: Any, context: Any) -> Any:
        self.cancels.append(request.settlement_id)
        if self.cancel_is_down:
            await refuse(context, Unavailable("DATABASE_UNAVAILABLE", "down"), "benefits")
        if self.cancel_is_refused:
            await refuse(context, RuleForbids("MONTH_CLOSED", "not any more"), "benefits")
        booking = self.bookings.setdefault(request.settlement_id, Booking())
        if booking.case is not None and not booking.cancelled:
            self.history.append(("restore", request.settlement_id))
        booking.cancelled = True
        return benefits_service_pb2.CancelResponse(restored=booking.case is not None)

    async def _before(self, context: Any, mode: str, disease: str = "") -> None:
        await asyncio.sleep(self.delay_s)
        if mode == "silent":
            await asyncio.sleep(LONG_S)
        if mode == "unavailable":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        if mode == "overloaded":
            await refuse(context, Overloaded("OVERLOADED", "busy"), "benefits")
        if mode == "refuse":
            error = RuleForbids(
                "POLICY_NOT_COVERED",
                "no policy of region 650000 covers this",
                field="case.scheme_code",
                metadata={"insuredRegionCode": INSURED},
            )
            await refuse(context, error, "benefits")
        if mode == "not_qualified":
            error = RuleForbids(
                "DISEASE_NOT_QUALIFIED",
                f"no qualification for {disease}",
                field="case.disease_code",
                metadata={"diseaseCode": disease},
            )
            await refuse(context, error, "benefits")
