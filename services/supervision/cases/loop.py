"""What moves cases by itself: new findings, withdrawals, days that are over, and clearing.

The intent to deduct is written with the final decision. It is told to clearing under the decision's
own id until clearing has taken or refused it: a crash anywhere between leaves one deduction.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.kit.clock import civil_date
from services.kit.errors import Absent, DomainError, Unavailable
from services.kit.ids import new_id
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.supervision import metrics
from services.supervision.cases import deduction_store, opening_store, store
from services.supervision.cases.clients import Recorded, is_passing
from services.supervision.cases.model import (
    Case,
    CaseDeduction,
    Change,
    DeductionState,
    NewFinding,
)
from services.supervision.credit import store as credit_store
from services.supervision.credit import usecases as credit
from services.supervision.domain.case_deduction import lowered
from services.supervision.domain.case_states import BOOKED, CaseState, is_allowed
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.cases.clients import Deductions
    from services.supervision.credit.clients import Suspensions
    from services.supervision.credit.store import Consequence
    from services.supervision.credit.terms import CreditTermsBook

_FINDINGS_AT_ONCE: Final = 500
_WITHDRAWALS_AT_ONCE: Final = 500
_CASES_AT_ONCE: Final = 200
_ROUND_MAX: Final = 50
"""Transactions of one step of a round: the next step waits no longer than these take."""
_TOLD_AT_ONCE: Final = 100
_ASKED_AT_ONCE: Final = 8
_AGAIN_S: Final = 10
"""Seconds until clearing is told again what it did not take."""
_CLAIM_S: Final = 60
"""Seconds for which nobody else tells clearing what this process has claimed."""
_TELLING_S: Final = 35
"""Seconds of them after which nothing more is told: what then runs is over within them."""
_FOLLOW_S: Final = 600
"""Seconds after which clearing is asked again how a deduction stands."""
_EXCEEDS: Final = "DEDUCTION_EXCEEDS_SETTLEMENT"
_REVERSED: Final = "DISPUTED_SETTLEMENT_REVERSED"
_REUSED: Final = "DECISION_ID_REUSED"
_RESTS_ON_LESS: Final = "终审后所依据的疑点被撤回，决定仍有效；就医地可在期限内申诉"
"""Note on a case that stands though a finding of it does not."""


class CaseLoop:
    """Moves cases on; replicas take turns by the locks of what they move."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        deductions: Deductions,
        suspensions: Suspensions,
        credit_terms: CreditTermsBook,
    ) -> None:
        """Holds what a round needs."""
        self._database = database
        self._clock = clock
        self._deductions = deductions
        self._suspensions = suspensions
        self._credit_terms = credit_terms

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Does what is due while the block runs; what is in hand at the end is rolled back."""
        return repeating("cases", self.once, interval_s)

    async def once(self) -> None:
        """Does what is due; what fails keeps nothing else from being done.

        Raises:
            Exception: the first that a step raised, after all of them.
        """
        failures: list[BaseException] = []
        for step in (
            self.take_findings,
            self.close_terms,
            self.tell_clearing,
            self.ask_clearing,
            self.carry_out,
            self._count,
        ):
            results = await asyncio.gather(step(), return_exceptions=True)
            failures += [one for one in results if one is not None]
        if failures:
            raise failures[0]

    async def _count(self) -> None:
        for state, count in (await store.count_by_state(self._database)).items():
            metrics.OPEN_CASES.labels(state.value).set(count)

    # --- findings -----------------------------------------------------------------------------

    async def take_findings(self) -> None:
        """Puts new findings into cases, and ends cases whose findings were withdrawn."""
        until = await opening_store.is_behind(self._database)
        if until is None:
            return

        async def work(connection: Connection) -> tuple[bool, int]:
            return await self._take(connection, *until)

        for _ in range(_ROUND_MAX):
            is_done, opened = await self._database.run("supervision.take_findings", work)
            # Counted after the commit: a transaction may run more than once.
            metrics.OPENED_CASES.inc(opened)
            if is_done:
                break

    async def _take(
        self, connection: Connection, finding_number: int, withdrawal: int
    ) -> tuple[bool, int]:
        """Takes some findings.

        Returns whether all were taken, and the withdrawals with them, and how many cases it opened.
        """
        taken, withdrawn = await opening_store.lock_mark(connection)
        found, reached = await opening_store.list_new(
            connection, after=taken, until=finding_number, limit=_FINDINGS_AT_ONCE
        )
        now = self._clock.now()
        opened = await _open(connection, found, now) if found else 0
        if reached is not None:
            await opening_store.set_mark(connection, reached, withdrawn)
            return False, opened
        until = min(withdrawal, withdrawn + _WITHDRAWALS_AT_ONCE)
        await self._withdraw(connection, after=withdrawn, until=until, now=now)
        await opening_store.set_mark(connection, max(taken, finding_number), max(withdrawn, until))
        return until == withdrawal or withdrawn >= withdrawal, opened

    async def _withdraw(
        self, connection: Connection, *, after: int, until: int, now: datetime
    ) -> None:
        """Ends cases that fall with what was withdrawn; those that stand say so."""
        found = await opening_store.lock_withdrawn(connection, after=after, until=until)
        fallen = [case_id for case_id, state in found.items() if state is None]
        if fallen:
            await store.move(connection, fallen, Change(state=CaseState.LAPSED, change_time=now))
            for case_id in fallen:
                await self._counter(connection, case_id, now)
        for case_id, state in found.items():
            if state is not None:
                change = Change(state=state, change_time=now, note=_RESTS_ON_LESS)
                await store.insert_changes(connection, [case_id], change)
                get_logger().warning("decision rests on less")

    async def close_terms(self) -> None:
        """Notes the silence of institutions whose last day is over."""
        now = self._clock.now()

        async def work(connection: Connection) -> int:
            late = await opening_store.lock_overdue(
                connection, civil_date(now), limit=_CASES_AT_ONCE
            )
            if late:
                change = Change(state=CaseState.ANSWER_OVERDUE, change_time=now)
                await store.move(connection, late, change)
            return len(late)

        for _ in range(_ROUND_MAX):
            if await self._database.run("supervision.close_terms", work) < _CASES_AT_ONCE:
                break

    # --- clearing -----------------------------------------------------------------------------

    async def tell_clearing(self) -> None:
        """Tells clearing what was decided and is not recorded there."""
        now = self._clock.now()
        due = await deduction_store.claim(
            self._database,
            DeductionState.PENDING,
            now,
            until=now + timedelta(seconds=_CLAIM_S),
            limit=_CASES_AT_ONCE,
        )
        for group in _by_people(due):
            if self._clock.now() > now + timedelta(seconds=_TELLING_S):
                # Clearing is slow: before those that were told in vain, at the next round.
                await self._later(group, now - timedelta(seconds=_AGAIN_S))
                continue
            try:
                results = await self._deductions.record(group, now=now)
            except DomainError as error:
                # Nothing is known of any of them: all are told again, later.
                get_logger().warning("deductions not recorded", reason=error.reason)
                await self._later(group, now)
                continue
            for decision, answer in zip(group, results, strict=True):
                result = await self._resolve(answer)
                work = functools.partial(self._settle, decision, result, now=now)
                fen = await self._database.run("supervision.settle_deduction", work)
                metrics.DEDUCTED_FEN.inc(fen)

    async def _resolve(self, result: Recorded | DomainError) -> Recorded | DomainError:
        """Returns what clearing recorded where it recorded another round of the decision."""
        if not isinstance(result, DomainError) or result.reason != _REUSED:
            return result
        try:
            return await self._deductions.get(UUID(result.metadata.get("deductionId", "")))
        except DomainError as error:
            return error
        except ValueError:
            return Unavailable("CALLEE_UNAVAILABLE", "clearing did not say what it recorded")

    async def _settle(
        self,
        told: CaseDeduction,
        result: Recorded | DomainError,
        connection: Connection,
        *,
        now: datetime,
    ) -> int:
        """Writes down what clearing answered; returns what it has recorded now, fen."""
        decision_id = told.decision_id
        decision = await deduction_store.lock(connection, decision_id)
        if decision is None or decision.state is not DeductionState.PENDING:
            # Another replica was told the same.
            return 0
        if isinstance(result, Recorded):
            if result.funds_fen != decision.funds_fen:
                # A process that lost its claim told another round: what clearing has is what holds.
                decision = replace(decision, round=decision.round + 1, funds_fen=result.funds_fen)
                await deduction_store.change(connection, decision)
            await deduction_store.record(
                connection,
                decision_id,
                result.deduction_id,
                appeal_last_date=result.appeal_last_date,
                # It may have moved on since: asked at once.
                next_time=now,
            )
            await self._move(decision.case_id, CaseState.DEDUCTED, connection, now=now)
            return decision.amount_fen
        if decision.round != told.round:
            # Refused was what does not count any more; what counts is told in its turn.
            return 0
        if is_passing(result):
            await deduction_store.postpone(
                connection, [decision_id], now + timedelta(seconds=_AGAIN_S)
            )
        elif (lower := _lowered(decision, result)) is not None:
            # Written down before it is asked: what clearing then records is what stands here.
            await deduction_store.change(connection, lower)
            await deduction_store.postpone(connection, [decision_id], now)
        else:
            await deduction_store.refuse(connection, decision_id, result.reason)
            state = CaseState.LAPSED if result.reason == _REVERSED else CaseState.REFUSED
            await self._move(decision.case_id, state, connection, now=now, note=result.reason)
            get_logger().warning("deduction refused", reason=result.reason)
        return 0

    async def ask_clearing(self) -> None:
        """Follows what becomes of deductions: appeals, decisions on them, reversals."""
        now = self._clock.now()
        booked = await deduction_store.claim(
            self._database,
            DeductionState.RECORDED,
            now,
            until=now + timedelta(seconds=_FOLLOW_S),
            limit=_CASES_AT_ONCE,
        )
        for begin in range(0, len(booked), _ASKED_AT_ONCE):
            some = booked[begin : begin + _ASKED_AT_ONCE]
            answers = await asyncio.gather(*(self._ask(one) for one in some))
            for decision, found in zip(some, answers, strict=True):
                if found is not None:
                    work = functools.partial(self._move, decision.case_id, found.state, now=now)
                    await self._database.run("supervision.follow_deduction", work)

    async def _ask(self, decision: CaseDeduction) -> Recorded | None:
        if decision.deduction_id is None:
            return None
        try:
            return await self._deductions.get(decision.deduction_id)
        except DomainError as error:
            get_logger().warning("deduction not followed", reason=error.reason)
            return None

    async def _later(self, decisions: Sequence[CaseDeduction], now: datetime) -> None:
        await deduction_store.postpone(
            self._database,
            [one.decision_id for one in decisions],
            now + timedelta(seconds=_AGAIN_S),
        )

    async def _move(
        self, case_id: UUID, to: CaseState, connection: Connection, *, now: datetime, note: str = ""
    ) -> None:
        """Moves a case to where clearing says it is, by the ways there are."""
        case = await store.find(connection, case_id, lock=True)
        if case is None:
            return
        way = _way(case, to)
        for state in way:
            change = Change(state=state, change_time=now, note=note)
            await store.move(connection, [case_id], change)
        if way and to in {CaseState.WITHDRAWN, CaseState.LAPSED}:
            await self._counter(connection, case_id, now)
        if (way[-1] if way else case.state) not in BOOKED:
            await deduction_store.leave(connection, case_id)

    async def _counter(self, connection: Connection, case_id: UUID, now: datetime) -> None:
        terms = self._credit_terms.of(civil_date(now))
        await credit.counter(connection, case_id, terms=terms, now=now)

    # --- consequences -------------------------------------------------------------------------

    async def carry_out(self) -> None:
        """Has identity carry out suspensions that were approved; a repeat does no harm."""
        after: UUID | None = None
        for _ in range(_ROUND_MAX):
            approved = await credit_store.list_approved(
                self._database, after=after, limit=_CASES_AT_ONCE
            )
            await self._suspend(approved)
            if len(approved) < _CASES_AT_ONCE:
                break
            after = approved[-1].consequence_id

    async def _suspend(self, approved: Sequence[Consequence]) -> None:
        for one in approved:
            try:
                suspension_id = await self._suspensions.suspend(one)
            except Absent as error:
                # Nobody to suspend: it stays approved, and is seen in the log until somebody looks.
                get_logger().warning("suspension refused", reason=error.reason)
                continue
            except DomainError as error:
                get_logger().warning("suspension not carried out", reason=error.reason)
                continue
            await credit_store.apply(self._database, one.consequence_id, suspension_id)


async def _open(connection: Connection, found: Sequence[NewFinding], now: datetime) -> int:
    """Puts findings into the open cases of their settlements, or into new ones.

    Returns how many are new.
    """
    open_before = await opening_store.lock_open(
        connection, list(dict.fromkeys(one.settlement_id for one in found))
    )
    first: dict[UUID, list[NewFinding]] = {}
    for one in found:
        if one.settlement_id not in open_before:
            first.setdefault(one.settlement_id, []).append(one)
    new = [_new_case(some, now) for some in first.values()]
    if new:
        await opening_store.insert(connection, new)
        change = Change(state=CaseState.FIRST_REVIEW, change_time=now)
        await store.insert_changes(connection, [one.case_id for one in new], change)
    cases = open_before | {one.settlement_id: one.case_id for one in new}
    await opening_store.add_findings(
        connection, [(one.finding_id, cases[one.settlement_id]) for one in found]
    )
    if open_before:
        # A new one says already what all of its findings come to.
        await opening_store.sum_up(connection, list(open_before.values()))
    return len(new)


def _new_case(findings: Sequence[NewFinding], now: datetime) -> Case:
    """Returns the case of the findings on one settlement, as `opening_store.sum_up` says it."""
    classes = {one.result_class for one in findings}
    return Case(
        case_id=new_id(now),
        settlement_id=findings[0].settlement_id,
        care_region_code=findings[0].care_region_code,
        insured_region_code=findings[0].insured_region_code,
        institution_code=findings[0].institution_code,
        state=CaseState.FIRST_REVIEW,
        # They are declared gravest first.
        result_class=next(one for one in ResultClass if one in classes),
        is_plain=classes == {ResultClass.VIOLATION},
        rule_codes=tuple(sorted({one.rule_code for one in findings})),
        amount_fen=max(one.amount_fen for one in findings),
        open_time=now,
        change_time=now,
    )


def _by_people(decisions: Iterable[CaseDeduction]) -> list[list[CaseDeduction]]:
    """Groups decisions by who made and checked them, as clearing takes them."""
    groups: dict[tuple[str, str], list[CaseDeduction]] = {}
    for one in decisions:
        groups.setdefault((one.maker_id, one.checker_id), []).append(one)
    return [
        group[begin : begin + _TOLD_AT_ONCE]
        for group in groups.values()
        for begin in range(0, len(group), _TOLD_AT_ONCE)
    ]


def _lowered(decision: CaseDeduction, refusal: DomainError) -> CaseDeduction | None:
    """Returns a decision with what clearing still holds, or None: nothing is held, or not why."""
    code, held = refusal.metadata.get("fundTypeCode", ""), refusal.metadata.get("heldFen", "")
    if refusal.reason != _EXCEEDS or not held.isdecimal() or code not in decision.funds_fen:
        return None
    funds = lowered(decision.funds_fen, code, int(held))
    if not funds or funds == decision.funds_fen:
        return None
    return replace(decision, round=decision.round + 1, funds_fen=funds)


def _way(case: Case, to: CaseState) -> list[CaseState]:
    """Returns the states through which a case comes where clearing says that it is."""
    if case.state is to:
        return []
    if is_allowed(case.state, to):
        return [to]
    if is_allowed(case.state, CaseState.APPEALED) and is_allowed(CaseState.APPEALED, to):
        return [CaseState.APPEALED, to]
    return []
