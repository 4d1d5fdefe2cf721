"""Why direct settlement paid another amount than reimbursement at home.

The same lines are priced by the care region's catalogue, by the insured region's, and by the better
of the two for each line, as if both recognised each other's (目录互认). All three go to the insured
region with the same person, place and sums of the year. The catalogues are those in place now,
which the answer names: a settlement of an older version may come out differently than it did. So
may a part of a stay, and a stay over the end of a benefit year that the region splits by days: a
question has one date, and each of the three is asked as a bill by itself on the last day. Nothing
is written. Line items are in the answer only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from services.classification.classify import CatalogueNotPublished, versions_used
from services.classification.model import SplitTotals
from services.classification.snapshot import Snapshot
from services.classification.wire import write_totals
from services.kit import call as calls
from services.kit import codes, telemetry
from services.kit.clock import Clock, civil_date
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import Absent, DomainError, FieldViolation, RuleForbids
from services.settlement import gap_messages, messages
from services.settlement.advice_messages import read_outcomes
from services.settlement.advice_store import AdviceStore
from services.settlement.clients import Callees
from services.settlement.domain.bill import check_bill
from services.settlement.domain.gap import (
    Gap,
    PairSums,
    pair_lines,
    price_direct,
    price_home,
    sums_of,
)
from services.settlement.domain.states import State
from services.settlement.gap_messages import Comparison, Priced, Subject
from services.settlement.snapshots import Snapshots
from services.settlement.store import Record, Store
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

_SAMPLE_SIZE: Final = 200
_SAMPLE_SIZE_MAX: Final = 1000
_AT_ONCE: Final = 4
"""Comparisons in flight: each asks an insured region as a window would."""
_ANSWER_S: Final = 0.25
"""Kept back of the deadline for what is under way to end and the answer to arrive."""
_DEADLINE: Final = "DEADLINE"
_COMPARABLE: Final = frozenset({State.SETTLED, State.REVERSED})
_CARE: Final = ("the care region", "就医地")
_INSURED: Final = ("the insured region", "参保地")


class Gaps:
    """Use cases of comparison. What they raise is what the contract documents for each RPC."""

    def __init__(
        self,
        *,
        store: Store,
        advice_store: AdviceStore,
        callees: Callees,
        snapshots: Snapshots,
        clock: Clock,
    ) -> None:
        self._store = store
        self._advice_store = advice_store
        self._callees = callees
        self._snapshots = snapshots
        self._clock = clock

    async def compare(self, request: pb.CompareCataloguesRequest) -> pb.CompareCataloguesResponse:
        """Returns a bill by both catalogues, and by both recognising each other's.

        Raises RESOURCE_NOT_FOUND, SETTLEMENT_STATE_FORBIDS, CATALOGUE_NOT_PUBLISHED,
        POLICY_NOT_COVERED, DISEASE_NOT_QUALIFIED, ADJUDICATION_INCONSISTENT,
        INSURED_REGION_UNAVAILABLE; of a sample also what `check_bill` raises.
        """
        if request.WhichOneof("subject") == "settlement_id":
            subject = await self._settled(UUID(request.settlement_id))
        else:
            subject = self._sample(request.sample)
        calls.note(
            care_region=codes.province_of(subject.care_region_code),
            insured_region=codes.province_of(subject.insured_region_code),
        )
        return gap_messages.write_comparison(await self._compare(subject))

    async def summarize(
        self, request: pb.SummarizeCatalogueGapsRequest
    ) -> pb.SummarizeCatalogueGapsResponse:
        """Returns the gaps of the newest settlements per pair of provinces.

        What cannot be compared is counted by its reason, and what the caller's deadline left no
        time for as DEADLINE.
        """
        found = await self._advice_store.newest(
            care_prefix=request.care_region_code[:2],
            insured_prefix=request.insured_region_code[:2],
            limit=min(request.sample_size or _SAMPLE_SIZE, _SAMPLE_SIZE_MAX),
        )
        pairs: defaultdict[tuple[str, str], PairSums] = defaultdict(PairSums)
        not_compared: Counter[str] = Counter()
        left = iter(found)
        workers = [
            asyncio.create_task(self._add_all(left, pairs, not_compared)) for _ in range(_AT_ONCE)
        ]
        try:
            await asyncio.wait(workers, timeout=_time_left_s(), return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
        for error in [worker.exception() for worker in workers if not worker.cancelled()]:
            if error is not None:
                raise error
        counted = sum(sums.settlement_count for sums in pairs.values()) + not_compared.total()
        if counted < len(found):
            not_compared[_DEADLINE] += len(found) - counted
        return gap_messages.write_summary(pairs, not_compared)

    async def _add_all(
        self,
        left: Iterator[UUID],
        pairs: defaultdict[tuple[str, str], PairSums],
        not_compared: Counter[str],
    ) -> None:
        for settlement_id in left:
            record = await self._found(settlement_id)
            pair = (
                codes.province_of(record.care_region_code),
                codes.province_of(record.insured_region_code),
            )
            try:
                compared = await self._compare(_subject(record))
            except DeadlineTooShortError:
                not_compared[_DEADLINE] += 1
            except DomainError as error:
                not_compared[error.reason] += 1
            else:
                pairs[pair].add(_gap(compared))

    async def _settled(self, settlement_id: UUID) -> Subject:
        calls.note(settlement_id=str(settlement_id))
        record = await self._found(settlement_id)
        if record.state not in _COMPARABLE:
            raise RuleForbids(
                "SETTLEMENT_STATE_FORBIDS",
                "only what was settled can be compared",
                field="settlement_id",
                metadata={"state": record.state.value},
            )
        return _subject(record)

    async def _found(self, settlement_id: UUID) -> Record:
        record = await self._store.find(settlement_id)
        if record is None:
            raise Absent(
                "RESOURCE_NOT_FOUND",
                "no such settlement",
                field="settlement_id",
                metadata={"resource": "settlement"},
            )
        return record

    def _sample(self, sample: pb.BillSample) -> Subject:
        try:
            facts = messages.read_bill(gap_messages.sample_order(sample))
            check_bill(facts, civil_date(self._clock.now()))
        except DomainError as error:
            raise gap_messages.named_by_sample(error) from None
        return gap_messages.read_sample(sample)

    async def _compare(self, subject: Subject) -> Comparison:
        care = self._snapshot(subject.care_region_code, subject.care_field, _CARE)
        insured = self._snapshot(subject.insured_region_code, subject.insured_field, _INSURED)
        recognition = self._snapshots.recognition(
            care_region_code=subject.care_region_code,
            insured_region_code=subject.insured_region_code,
        )
        lines = gap_messages.lines_of(subject)
        # Leave the loop to the windows between two readings of up to 3,000 lines.
        await asyncio.sleep(0)
        with telemetry.span("settlement.classify"):
            with _named(subject.care_field, _CARE):
                direct = price_direct(care, lines, subject.context, recognition)
            await asyncio.sleep(0)
            with _named(subject.insured_field, _INSURED):
                home = price_home(insured, lines, subject.context)
        await asyncio.sleep(0)
        pairs = pair_lines(lines, direct=direct, home=home)
        sums = sums_of(pairs)
        given: dict[SplitTotals, adjudication_pb2.Adjudication] = {}
        # One after the other, and what comes to the same sums once.
        for amounts in (sums.direct, sums.home, sums.mutual):
            if amounts not in given:
                given[amounts] = await self._adjudicate(subject, amounts)
        by_direct = versions_used(care, recognition, direct)
        return Comparison(
            direct=_priced(by_direct, sums.direct, given),
            home=_priced(insured.label, sums.home, given),
            mutual=_priced(f"{care.label}+{insured.label}", sums.mutual, given),
            pairs=pairs,
        )

    async def _adjudicate(
        self, subject: Subject, amounts: SplitTotals
    ) -> adjudication_pb2.Adjudication:
        question = benefits_service_pb2.EstimateBenefitRequest()
        question.CopyFrom(subject.question)
        question.amounts.CopyFrom(write_totals(amounts))
        try:
            response = await self._callees.benefits.estimate(question)
            (outcome,) = read_outcomes(question, response).values()
            if isinstance(outcome, DomainError):
                raise outcome
        except DomainError as error:
            # The callee's paths are those of a question that our caller never saw.
            if error.violations:
                error.violations = (FieldViolation(subject.field, error.message),)
            raise
        return outcome

    def _snapshot(self, region_code: str, field: str, whose: tuple[str, str]) -> Snapshot:
        try:
            return self._snapshots.of(region_code)
        except RuleForbids:
            raise _not_published(codes.province_of(region_code), field, whose) from None


def _subject(record: Record) -> Subject:
    case = messages.read_commit(record).case
    return gap_messages.read_settled(record.detail, case, str(record.settlement_id))


def _priced(
    version: str,
    amounts: SplitTotals,
    given: dict[SplitTotals, adjudication_pb2.Adjudication],
) -> Priced:
    return Priced(catalogue_version=version, amounts=amounts, adjudication=given[amounts])


def _gap(found: Comparison) -> Gap:
    direct, home, mutual = found.direct, found.home, found.mutual
    return Gap(
        total_fen=direct.amounts.total_fen,
        patient_fen=direct.patient_fen - home.patient_fen,
        mutual_saving_fen=direct.patient_fen - mutual.patient_fen,
        mutual_fund_cost_fen=mutual.fund_fen - direct.fund_fen,
    )


@contextlib.contextmanager
def _named(field: str, whose: tuple[str, str]) -> Iterator[None]:
    """Says of a catalogue that begins after a fee date whose it is."""
    try:
        yield
    except CatalogueNotPublished as error:
        region_code = error.metadata["regionCode"]
        raise _not_published(region_code, field, whose, before=True) from None


def _not_published(
    region_code: str, field: str, whose: tuple[str, str], *, before: bool = False
) -> RuleForbids:
    en, zh = whose
    return RuleForbids(
        "CATALOGUE_NOT_PUBLISHED",
        f"a fee date is before the catalogue of {en} {region_code} begins"
        if before
        else f"no catalogue of {en} {region_code} is published",
        zh=f"费用发生日期早于{zh}医保目录的生效日期" if before else f"{zh}医保目录尚未发布",
        field=field,
        metadata={"regionCode": region_code},
    )


def _time_left_s() -> float | None:
    call = calls.current.get()
    remaining = call.remaining_s() if call else None
    return None if remaining is None else max(0.0, remaining - _ANSWER_S)
