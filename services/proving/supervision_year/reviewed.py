"""The three reviews: officers of the care provinces, institutions that answer, agree or are silent.

An officer here sees what was injected, and so confirms what is right and dismisses what is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from services.kit import codes
from services.kit.wire import read_date
from services.proving.supervision_year.reckoning import Confirmed, deducted
from services.proving.supervision_year.scene import Scene
from yijie.clearing.v1 import dispute_pb2, dispute_service_pb2
from yijie.supervision.v1 import case_pb2, case_service_pb2, finding_pb2

_BATCH: Final = 200
_SILENT_OF_10: Final = 1
_DISPUTING_OF_10: Final = 3
_PDF: Final = b"%PDF"
_DAY: Final = timedelta(days=1)
_STANDING: Final = (
    dispute_pb2.DEDUCTION_STATE_PENDING,
    dispute_pb2.DEDUCTION_STATE_APPEALED,
    dispute_pb2.DEDUCTION_STATE_UPHELD,
)
_NAMES: Final = {
    value: name.removeprefix("CASE_STATE_") for name, value in case_pb2.CaseState.items()
}


@dataclass(slots=True)
class Review:
    """Acts all reviews of the year."""

    scene: Scene
    cases: int = 0
    """Opened."""
    counts: Counter[str] = field(default_factory=Counter)
    """Of acts, by name."""
    states: Counter[str] = field(default_factory=Counter)
    """Of cases, at the end."""
    booked_fen: int = 0
    """Deductions that stand, as clearing has them."""
    reckoned_fen: int = 0
    """The same, as they must be."""
    confirmed_ids: set[str] = field(default_factory=set)
    """Findings that every review confirmed, and no appeal dropped."""
    rejected_ids: set[str] = field(default_factory=set)
    """Findings that a review dismissed, or an appeal dropped."""
    _example_fen: int = 0
    example_id: str = ""
    """A finding that went all the way to a deduction that stands."""
    appealed: list[str] = field(default_factory=list)
    """Deductions that were appealed against; the first appeal is granted."""

    async def run(self) -> None:
        """Acts from the opening of the cases to deductions that stand.

        Raises:
            YearError: something does not come about.
            DomainError: supervision refused what it should not.
        """
        await self._wait_for_cases()
        await self._sample()
        await self._decide_first()
        await self._decide_second()
        await self._answer()
        await self._weigh()
        await self._decide_final()
        await self._wait_for_deductions()
        await self._appeal()
        await self._let_terms_pass()
        await self._hold()

    # --- the reviews -----------------------------------------------------------------------------

    async def _wait_for_cases(self) -> None:
        wanted = {
            one.bill_id for one in self.scene.findings if one.bill_id in self._settlement_ids()
        }

        async def are_open() -> bool:
            return len(await self._list()) >= len(wanted)

        await self.scene.wait_until("a case is open for every settlement found", are_open)
        self.cases = len(await self._list())

    async def _sample(self) -> None:
        """Draws a sample where most cases are of one rule in one province, and trusts it."""
        cases = await self._list(case_pb2.CASE_STATE_FIRST_REVIEW)
        plain = Counter(
            (_province(one), one.rule_codes[0])
            for one in cases
            if len(one.rule_codes) == 1
            and one.result_class == finding_pb2.RESULT_CLASS_VIOLATION
            and all(found in self.scene.measured.true_ids for found in self._found(one))
        )
        if not plain:
            return
        (province, rule_code), _ = max(plain.items(), key=lambda one: (one[1], one[0]))
        office = self.scene.office
        drawn = await office.call(
            office.cases.DrawSample,
            case_service_pb2.DrawSampleRequest(
                region_code=province,
                rule_code=rule_code,
                seed=f"year-{self.scene.plan.seed}",
                officer_id=f"first-{province}",
            ),
        )
        for case_id in drawn.sample.case_ids:
            await self._decide(case_id, case_pb2.REVIEW_STEP_FIRST, "first")
        self.counts["抽查 sampled"] = len(drawn.sample.case_ids)
        done = await office.call(
            office.cases.ConfirmSample,
            case_service_pb2.ConfirmSampleRequest(
                sample_id=drawn.sample.sample_id,
                region_code=province,
                officer_id=f"first-{province}",
            ),
        )
        self.counts["按抽查确认 confirmed by sample"] = done.confirmed

    async def _decide_first(self) -> None:
        for one in await self._list(case_pb2.CASE_STATE_FIRST_REVIEW):
            await self._decide(one.case_id, case_pb2.REVIEW_STEP_FIRST, "first")

    async def _decide_second(self) -> None:
        await self._in_batches(
            case_pb2.CASE_STATE_SECOND_REVIEW, case_pb2.REVIEW_STEP_SECOND, "second"
        )

    async def _decide_final(self) -> None:
        await self._in_batches(
            case_pb2.CASE_STATE_FINAL_REVIEW, case_pb2.REVIEW_STEP_FINAL, "final"
        )

    async def _in_batches(self, state: Any, step: Any, who: str) -> None:
        """Confirms plain violations by province together, decides the others one by one."""
        by_province: dict[str, list[str]] = {}
        others = []
        for one in await self._list(state):
            is_plain = one.result_class == finding_pb2.RESULT_CLASS_VIOLATION
            if is_plain and await self._is_all_right(one.case_id):
                by_province.setdefault(_province(one), []).append(one.case_id)
            else:
                others.append(one.case_id)
        for province, case_ids in sorted(by_province.items()):
            for begin in range(0, len(case_ids), _BATCH):
                others += await self._confirm(province, case_ids[begin : begin + _BATCH], step, who)
        for case_id in others:
            await self._decide(case_id, step, who)

    async def _confirm(
        self, province: str, case_ids: Sequence[str], step: Any, who: str
    ) -> list[str]:
        """Confirms cases together; returns those that are not plain enough for it."""
        office = self.scene.office
        answer = await office.call(
            office.cases.ConfirmCases,
            case_service_pb2.ConfirmCasesRequest(
                case_ids=case_ids,
                region_code=province,
                step=step,
                officer_id=f"{who}-{province}",
            ),
        )
        refused = [
            case_id
            for case_id, result in zip(case_ids, answer.results, strict=True)
            if result.HasField("error")
        ]
        self.counts["成批确认 confirmed in batches"] += len(case_ids) - len(refused)
        return refused

    async def _decide(self, case_id: str, step: Any, who: str) -> None:
        case = await self._get(case_id)
        province = _province(case)
        office = self.scene.office
        right = self.scene.measured.true_ids
        await office.call(
            office.cases.DecideCase,
            case_service_pb2.DecideCaseRequest(
                case_id=case_id,
                region_code=province,
                step=step,
                verdicts=[
                    case_service_pb2.AskedVerdict(
                        finding_id=one.finding_id, confirmed=one.finding_id in right
                    )
                    for one in _undecided(case)
                ],
                officer_id=f"{who}-{province}",
            ),
        )
        self.counts["逐件审核 decided one by one"] += 1

    # --- the institutions ------------------------------------------------------------------------

    async def _answer(self) -> None:
        """Institutions agree, dispute with a document, or are silent until the term is over."""
        office = self.scene.office
        last = self.scene.today
        for number, one in enumerate(await self._list(case_pb2.CASE_STATE_OPINION_SENT)):
            case = await self._get(one.case_id)
            last = max(last, read_date(case.opinion.answer_last_date, "answer_last_date"))
            opinion = await office.call(
                office.cases.GetOpinion, case_service_pb2.GetOpinionRequest(case_id=one.case_id)
            )
            self.scene.hold_equal("opinion is a PDF", opinion.pdf[:4], _PDF)
            self.counts["审核意见书 opinions"] += 1
            turn = number % 10
            if turn < _SILENT_OF_10:
                self.counts["逾期未反馈 silent"] += 1
                continue
            is_disputing = turn < _DISPUTING_OF_10
            await office.call(
                office.cases.AnswerOpinion,
                case_service_pb2.AnswerOpinionRequest(
                    case_id=one.case_id,
                    region_code=_province(case),
                    institution_code=case.institution_code,
                    position=(
                        case_pb2.POSITION_DISPUTED if is_disputing else case_pb2.POSITION_AGREED
                    ),
                    text="已核对病历，申请复核" if is_disputing else "无异议",
                    officer_id="institution-desk",
                ),
            )
            self.counts["反馈 answered"] += 1
        self.scene.pass_to(last + _DAY)

        async def is_over() -> bool:
            return not await self._list(case_pb2.CASE_STATE_OPINION_SENT)

        await self.scene.wait_until("terms to answer are over", is_over)

    async def _weigh(self) -> None:
        for state in (case_pb2.CASE_STATE_ANSWERED, case_pb2.CASE_STATE_ANSWER_OVERDUE):
            for one in await self._list(state):
                await self._decide(one.case_id, case_pb2.REVIEW_STEP_ANSWER, "second")

    # --- clearing --------------------------------------------------------------------------------

    async def _wait_for_deductions(self) -> None:
        async def are_booked() -> bool:
            self.scene.clock.instant += timedelta(seconds=1)
            return not await self._list(case_pb2.CASE_STATE_DEDUCTING)

        await self.scene.wait_until("clearing has every deduction", are_booked)

    async def _appeal(self) -> None:
        """Two provinces appeal; the hub grants the first appeal and refuses the second."""
        office = self.scene.office
        cases = await self._list(case_pb2.CASE_STATE_DEDUCTED)
        for number, one in enumerate(cases[:2]):
            case = await self._get(one.case_id)
            deduction_id = case.deduction.deduction_id
            await office.call(
                office.disputes.AppealDeduction,
                dispute_service_pb2.AppealDeductionRequest(
                    deduction_id=deduction_id,
                    region_code=_province(case),
                    note="依据补充病历申请复核",
                    maker_id=f"appeal-{_province(case)}",
                ),
                of="clearing",
            )
            await office.call(
                office.disputes.DecideAppeal,
                dispute_service_pb2.DecideAppealRequest(
                    deduction_id=deduction_id,
                    decision=(
                        dispute_pb2.APPEAL_DECISION_UPHELD
                        if number
                        else dispute_pb2.APPEAL_DECISION_WITHDRAWN
                    ),
                    note="经复核",
                    maker_id="hub-maker",
                    checker_id="hub-checker",
                ),
                of="clearing",
            )
            self.appealed.append(deduction_id)
        self.counts["申诉 appealed"] = len(self.appealed)

    async def _let_terms_pass(self) -> None:
        rows = await self._deductions()
        days = [read_date(one.appeal_last_date, "appeal_last_date") for one in rows]
        self.scene.pass_to(max([self.scene.today, *days]) + _DAY)

        async def are_over() -> bool:
            self.scene.clock.instant += timedelta(seconds=30)
            waiting = (case_pb2.CASE_STATE_DEDUCTED, case_pb2.CASE_STATE_APPEALED)
            return not [one for state in waiting for one in await self._list(state)]

        await self.scene.wait_until("cases know how their deductions stand", are_over)

    async def _hold(self) -> None:
        """Holds clearing's deductions against the reckoning, to the fen."""
        bills = self.scene.plan.by_id
        reckoned: dict[str, dict[str, int]] = {}
        for one in await self._list():
            self.states[_NAMES[one.state]] += 1
            case = await self._get(one.case_id)
            self._note_verdicts(case)
            if not case.HasField("deduction") or case.state == case_pb2.CASE_STATE_WITHDRAWN:
                continue
            self._note_example(case)
            confirmed = [
                Confirmed(
                    frozenset(found.finding.line_ids),
                    found.verdicts[-1].at_fault.fen
                    if found.verdicts[-1].HasField("at_fault")
                    else found.finding.amount.fen,
                )
                for found in case.findings
                if found.verdicts and all(verdict.confirmed for verdict in found.verdicts)
            ]
            reckoned[case.settlement_id] = deducted(bills[case.settlement_id], confirmed)
        booked = {
            one.settlement_id: {fund.fund_type_code: fund.amount.fen for fund in one.funds}
            for one in await self._deductions()
            if one.state in _STANDING
        }
        for key in sorted({*reckoned, *booked}):
            self.scene.hold_equal(f"deduction of {key}", booked.get(key), reckoned.get(key))
        self.booked_fen = sum(sum(funds.values()) for funds in booked.values())
        self.reckoned_fen = sum(sum(funds.values()) for funds in reckoned.values())

    def _note_example(self, case: Any) -> None:
        """Keeps the finding of the largest deduction for some lines alone, to be followed."""
        found = [one for one in case.findings if one.finding.line_ids]
        is_alone = len(found) == len(case.findings) == 1
        if is_alone and case.deduction.amount.fen > self._example_fen:
            self.example_id, self._example_fen = found[0].finding_id, case.deduction.amount.fen

    def _note_verdicts(self, case: Any) -> None:
        for found in case.findings:
            is_dropped = case.state == case_pb2.CASE_STATE_WITHDRAWN
            if is_dropped or any(not verdict.confirmed for verdict in found.verdicts):
                self.rejected_ids.add(found.finding_id)
            else:
                self.confirmed_ids.add(found.finding_id)

    # --- asking ----------------------------------------------------------------------------------

    async def _list(self, state: Any = case_pb2.CASE_STATE_UNSPECIFIED) -> list[Any]:
        request = case_service_pb2.ListCasesRequest(state=state)
        return await self.scene.office.pages(self.scene.office.cases.ListCases, request, "cases")

    async def _get(self, case_id: str) -> Any:
        request = case_service_pb2.GetCaseRequest(case_id=case_id)
        return (await self.scene.office.call(self.scene.office.cases.GetCase, request)).case

    async def _deductions(self) -> list[Any]:
        return await self.scene.office.pages(
            self.scene.office.disputes.ListDeductions,
            dispute_service_pb2.ListDeductionsRequest(),
            "deductions",
            of="clearing",
        )

    async def _is_all_right(self, case_id: str) -> bool:
        case = await self._get(case_id)
        right = self.scene.measured.true_ids
        return all(one.finding_id in right for one in _undecided(case))

    def _found(self, case: Any) -> list[str]:
        return [one.finding_id for one in self.scene.findings if one.bill_id == case.settlement_id]

    def _settlement_ids(self) -> set[str]:
        return {one.settlement.settlement_id for one in self.scene.journal.full}


def _undecided(case: Any) -> list[Any]:
    """Returns the findings that a review has to speak of: standing, and dismissed by none."""
    return [
        one
        for one in case.findings
        if not one.withdrawn and all(verdict.confirmed for verdict in one.verdicts)
    ]


def _province(case: Any) -> str:
    return codes.province_of(case.care_region_code)
