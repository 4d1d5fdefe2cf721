"""Deductions and inquiries of the year: they stand, are withdrawn, lapse, or are given back."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.kit.clock import civil_month
from services.kit.wire import read_date, write_money
from services.proving.clearing_year.months import working_days_after
from services.proving.clearing_year.office import hub_officers, officers
from services.proving.clearing_year.plan import Care
from services.proving.clearing_year.reckoning import funds_of, split
from services.proving.clearing_year.scene import Scene
from yijie.clearing.v1 import dispute_pb2, dispute_service_pb2

_LEAST_FEN: Final = 10_000
_APPEAL_DAYS: Final = 10
"""Working days after the day of recording (terms/dispute.yaml, a sample)."""
_WORDS: Final = (
    "stands",
    "stands by fund",
    "appealed, upheld",
    "appealed, withdrawn",
    "refunded while pending",
    "refunded after it stood",
)
_UPHELD: Final = dispute_pb2.DEDUCTION_STATE_UPHELD


@dataclass(slots=True)
class _Case:
    """A deduction on its way."""

    word: str
    care: Care
    deduction_id: str
    funds: dict[str, int]
    last_day: date | None
    """Civil date of the last day of the appeal term."""


@dataclass(slots=True)
class Review:
    """The review of the care provinces and what the insured provinces ask them."""

    scene: Scene
    open: list[_Case] = field(default_factory=list)
    """Pending: upheld when their term is over, if nobody appeals."""
    refunded: list[_Case] = field(default_factory=list)
    """Whose settlements are to be refunded."""
    counts: dict[str, int] = field(default_factory=dict)
    touched: set[UUID] = field(default_factory=set)
    """Settlements that were disputed: each once."""

    async def record(self, month: str) -> None:
        """Final decisions on settlements of a month come in, one of each fate."""
        cases = []
        chance = random.Random(f"review {self.scene.plan.seed} {month}")  # noqa: S311 - no secret
        chosen = self._choose(month, chance, len(_WORDS))
        for word, care in zip(_WORDS, chosen, strict=False):
            whole = sum(funds_of(care).values())
            amount = whole * chance.randrange(10, 60) // 100
            funds = split(amount, funds_of(care))
            if word == "stands by fund":
                fund = max(funds_of(care), key=lambda one: funds_of(care)[one])
                funds = {fund: funds_of(care)[fund] // 3}
            cases.append(_Case(word, care, "", funds, None))
        if not cases:
            return
        office = self.scene.office
        answer = await office.call(
            office.disputes.RecordDeductions,
            dispute_service_pb2.RecordDeductionsRequest(
                deductions=[self._asked(one) for one in cases], **hub_officers()
            ),
        )
        for case, result in zip(cases, answer.results, strict=True):
            self.scene.findings.hold_equal(
                f"deduction of {case.care.settlement_id} refused", result.error.message, ""
            )
            if result.HasField("deduction"):
                self._take(case, result.deduction)

    def _choose(self, month: str, chance: random.Random, count: int) -> list[Care]:
        found = [
            care
            for care in self.scene.plan.cares
            if civil_month(care.settle_time) == month
            and care.arrive_time == care.settle_time
            and care.reverse_time is None
            and sum(care.fund_fen.values()) >= _LEAST_FEN
            and care.settlement_id not in self.touched
        ]
        return chance.sample(found, min(count, len(found)))

    def _asked(self, case: _Case) -> Any:
        care = case.care
        asked = dispute_service_pb2.AskedDeduction(
            decision_id=str(self.scene.office.new_id()),
            settlement_id=str(care.settlement_id),
            insured_region_code=care.insured_region_code,
            care_region_code=care.care_region_code,
        )
        if case.word == "stands by fund":
            for fund, fen in case.funds.items():
                asked.funds.add(fund_type_code=fund, amount=write_money(fen))
        else:
            asked.amount.fen = sum(case.funds.values())
        return asked

    def _take(self, case: _Case, deduction: Any) -> None:
        case.deduction_id = deduction.deduction_id
        case.last_day = working_days_after(self.scene.today, _APPEAL_DAYS)
        said = read_date(deduction.appeal_last_date, "appeal_last_date")
        self.scene.findings.hold_equal("last day of appeal", str(said), str(case.last_day))
        self.touched.add(case.care.settlement_id)
        self.scene.findings.hold(
            f"deduction {case.word}",
            {one.fund_type_code: one.amount.fen for one in deduction.funds},
            case.funds,
        )
        self.open.append(case)
        self.counts[case.word] = self.counts.get(case.word, 0) + 1

    def refund_pending(self, instant: datetime) -> None:
        """Has the settlements refunded whose deductions are to lapse."""
        self._refund("refunded while pending", instant)

    def refund_standing(self, instant: datetime) -> None:
        """Has the settlements refunded whose deductions stand."""
        self._refund("refunded after it stood", instant)

    def _refund(self, word: str, instant: datetime) -> None:
        for number, case in enumerate(self._of(word)):
            self.scene.refund_at(case.care, instant + timedelta(minutes=number))
            self.refunded.append(case)

    async def appeal(self) -> None:
        """Care provinces appeal."""
        for case in self._of("appealed, upheld", "appealed, withdrawn"):
            region = case.care.care_region_code
            request = dispute_service_pb2.AppealDeductionRequest(
                deduction_id=case.deduction_id,
                region_code=region,
                note="费用合理，申请复核",
                maker_id=f"maker-{region}",
            )
            await self.scene.office.call(self.scene.office.disputes.AppealDeduction, request)

    async def decide(self) -> None:
        """Appeals are decided."""
        for case in self._of("appealed, upheld", "appealed, withdrawn"):
            is_upheld = case.word == "appealed, upheld"
            decision = (
                dispute_pb2.APPEAL_DECISION_UPHELD
                if is_upheld
                else dispute_pb2.APPEAL_DECISION_WITHDRAWN
            )
            request = dispute_service_pb2.DecideAppealRequest(
                deduction_id=case.deduction_id,
                decision=decision,
                note="已复核",
                **hub_officers(),
            )
            await self.scene.office.call(self.scene.office.disputes.DecideAppeal, request)
            self.open.remove(case)
            if is_upheld:
                self.scene.reckoning.uphold(UUID(case.deduction_id), case.care, case.funds)

    def _of(self, *words: str) -> list[_Case]:
        return [one for one in self.open if one.word in words]

    async def settle_up(self) -> None:
        """Waits for what follows by itself: terms that are over, settlements refunded."""
        for case in [one for one in self.refunded if self._is_refunded(one)]:
            self.refunded.remove(case)
            if case in self.open:
                self.open.remove(case)
                await self._wait(case, dispute_pb2.DEDUCTION_STATE_LAPSED)
            else:
                await self._wait(case, dispute_pb2.DEDUCTION_STATE_RETURNED)
                self.scene.reckoning.give_back(UUID(case.deduction_id))
        for case in [
            one for one in self.open if one.last_day is not None and one.last_day < self.scene.today
        ]:
            await self._wait(case, _UPHELD)
            self.open.remove(case)
            self.scene.reckoning.uphold(UUID(case.deduction_id), case.care, case.funds)

    def _is_refunded(self, case: _Case) -> bool:
        return all(care.settlement_id != case.care.settlement_id for *_, care in self.scene.ahead)

    async def _wait(self, case: _Case, state: int) -> None:
        request = dispute_service_pb2.GetDeductionRequest(deduction_id=case.deduction_id)

        async def has_come() -> bool:
            answer = await self.scene.office.call(self.scene.office.disputes.GetDeduction, request)
            return bool(answer.deduction.state == state)

        name = dispute_pb2.DeductionState.Name(dispute_pb2.DeductionState.ValueType(state))
        await self.scene.wait_until(f"deduction '{case.word}' {name}", has_come)

    async def inquire(self, month: str, *, is_irregular: bool) -> None:
        """An insured province asks about a costly stay of a month, and is answered."""
        chance = random.Random(f"inquiry {self.scene.plan.seed} {month}")  # noqa: S311 - no secret
        found = [care for care in self._choose(month, chance, 10_000) if care.is_large_stay]
        if not found:
            return
        care, disputes = found[0], self.scene.office.disputes
        self.touched.add(care.settlement_id)
        asked = await self.scene.office.call(
            disputes.OpenInquiry,
            dispute_service_pb2.OpenInquiryRequest(
                settlement_id=str(care.settlement_id),
                region_code=care.insured_region_code,
                question="请核查住院费用",
                maker_id=f"maker-{care.insured_region_code}",
            ),
        )
        self.counts["inquiries"] = self.counts.get("inquiries", 0) + 1
        request = dispute_service_pb2.AnswerInquiryRequest(
            inquiry_id=asked.inquiry.inquiry_id,
            region_code=care.care_region_code,
            result=dispute_pb2.INQUIRY_RESULT_CONFIRMED,
            answer="费用属实",
            **officers(care.care_region_code),
        )
        if is_irregular:
            funds = funds_of(care)
            amount = sum(funds.values()) // 7
            request.result = dispute_pb2.INQUIRY_RESULT_IRREGULAR
            request.answer = "部分费用不合规"
            request.amount.fen = amount
            answer = await self.scene.office.call(disputes.AnswerInquiry, request)
            self._take(
                _Case("of an inquiry", care, "", split(amount, funds), None), answer.deduction
            )
        else:
            await self.scene.office.call(disputes.AnswerInquiry, request)

    def waiting(self) -> Counter[tuple[str, ...]]:
        """Returns what deductions that wait would take off: insured, care, scheme and fund."""
        found: Counter[tuple[str, ...]] = Counter()
        for case in self.open:
            care = case.care
            key = (care.insured_region_code, care.care_region_code, care.scheme_code)
            for fund, fen in case.funds.items():
                found[*key, fund] -= fen
        return found

    async def hold_counts(self) -> None:
        """Holds how many deductions there are in each state."""
        rows = await self.scene.office.pages(
            self.scene.office.disputes.ListDeductions,
            dispute_service_pb2.ListDeductionsRequest(),
            "deductions",
        )
        standing = {one.deduction_id: one.amount.fen for one in rows if one.state == _UPHELD}
        expected = {
            str(key): sum(funds.values())
            for key, (_, _, funds) in self.scene.reckoning.deducted.items()
        }
        self.scene.findings.hold("deduction that stands", standing, expected)
