"""Use cases of cases: review, confirm together, draw samples, hear the institution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from services.kit.clock import civil_date
from services.kit.errors import Absent, DomainError, InvalidArgument, OfAnotherProvince, RuleForbids
from services.kit.ids import new_id
from services.supervision.cases import hearing_store, opinions, sample_store, store
from services.supervision.cases.concluding import conclude
from services.supervision.cases.model import Answer, Case, Change, Document, Opinion, Sample
from services.supervision.domain.case_documents import DOCUMENTS_MAX
from services.supervision.domain.case_review import (
    Verdict,
    complete,
    confirm_all,
    decide,
    require_another_person,
    require_step,
    with_verdicts,
)
from services.supervision.domain.case_sample import digest_of, draw, is_rejected, size_of
from services.supervision.domain.case_states import CaseState, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.kit.db import Connection, Database
    from services.supervision.cases.clients import PaidSettlement
    from services.supervision.cases.desk import Desk
    from services.supervision.cases.terms import CaseTerms

_POPULATION_MAX: Final = 20_000
_CONFIRMED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person decides."""

    case_id: UUID
    region_code: str
    step: Step
    officer_id: str
    note: str
    verdicts: Sequence[Verdict] | None
    """None: confirms whatever is open; only of plain violations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a sample is drawn by."""

    region_code: str
    rule_code: str
    seed: str
    count: int
    """Fewer than the terms say are not drawn; 0: as many as they say."""
    officer_id: str


async def get_case(source: Connection | Database, case_id: UUID, *, lock: bool = False) -> Case:
    """Returns a case.

    Raises:
        Absent: there is none of this id.
    """
    found = await store.find(source, case_id, lock=lock)
    if found is None:
        raise absent("case")
    return found


async def review(
    connection: Connection,
    desk: Desk,
    asked: Review,
    *,
    paid: PaidSettlement | None,
    now: datetime,
) -> Case:
    """Decides one review of a case; returns it as it stands then.

    Nothing is written before all is checked: what is refused leaves no trace.

    Args:
        connection: of the transaction.
        desk: what officers work with.
        asked: what the person decides.
        paid: the settlement, for the final review.
        now: when.

    Raises:
        Absent: there is none of this id.
        RuleForbids: CASE_OF_ANOTHER_PROVINCE, CASE_STATE_FORBIDS, CASE_SAME_PERSON, CASE_NOT_PLAIN,
            in this order.
        InvalidArgument: FIELD_INVALID: verdicts that are not about each open finding once.
    """
    case = await get_case(connection, asked.case_id, lock=True)
    require_province(case.care_province_code, asked.region_code)
    require_step(case.state, asked.step)
    changes = await store.list_changes(connection, case.case_id)
    done = store.decided(changes)
    require_another_person(asked.step, asked.officer_id, done)
    doubts = (await store.list_doubts(connection, [case.case_id]))[case.case_id]
    if asked.verdicts is None and not case.is_plain:
        raise RuleForbids(
            "CASE_NOT_PLAIN",
            "not all of its findings are violations",
            field="case_ids",
            metadata={"resultClass": case.result_class.value},
        )
    said = confirm_all(asked.step, doubts) if asked.verdicts is None else asked.verdicts
    to, verdicts = decide(case.state, asked.step, doubts, said), complete(doubts, said)
    if to is CaseState.DEDUCTING and paid is None:
        raise InvalidArgument("FIELD_INVALID", "step: confirms nothing", field="step")
    await store.insert_verdicts(connection, verdicts)
    if to is CaseState.OPINION_SENT:
        at_fault = with_verdicts(doubts, verdicts)
        await hearing_store.insert_opinion(
            connection, desk.cipher, await _issue(connection, desk, case, at_fault, now)
        )
    elif to is CaseState.DEDUCTING and paid is not None:
        maker_id = next(one.officer_id for one in done if one.step is Step.SECOND)
        to = await conclude(
            connection,
            desk,
            case,
            with_verdicts(doubts, verdicts),
            paid,
            maker_id=maker_id,
            checker_id=asked.officer_id,
            now=now,
        )
    change = Change(
        state=to,
        change_time=now,
        step=asked.step,
        officer_id=asked.officer_id,
        note=asked.note,
    )
    await store.move(connection, [case.case_id], change)
    return replace(case, state=to, change_time=now)


async def confirm_together(
    connection: Connection,
    desk: Desk,
    asked: Sequence[Review],
    *,
    paid: Mapping[UUID, PaidSettlement | DomainError],
    now: datetime,
) -> list[Case | DomainError]:
    """Confirms cases; returns what became of each, in the order given.

    `paid` has settlements for the final review by case, or why one could not be had.
    """
    outcomes: dict[UUID, Case | DomainError] = {}
    # In one order, so that two who confirm the same cases do not wait for each other.
    for one in sorted(asked, key=lambda review_: review_.case_id):
        settlement = paid.get(one.case_id)
        try:
            if isinstance(settlement, DomainError):
                raise settlement
            outcomes[one.case_id] = await review(connection, desk, one, paid=settlement, now=now)
        except DomainError as refusal:
            outcomes[one.case_id] = refusal
    return [outcomes[one.case_id] for one in asked]


async def draw_sample(
    connection: Connection, asked: Draw, *, terms: CaseTerms, now: datetime
) -> Sample:
    """Draws a sample of the cases of one rule.

    Raises:
        RuleForbids: SAMPLE_EMPTY.
    """
    population = await sample_store.lock_population(
        connection,
        region_code=asked.region_code,
        rule_code=asked.rule_code,
        limit=_POPULATION_MAX,
    )
    if not population:
        raise RuleForbids(
            "SAMPLE_EMPTY",
            "there is no case to draw from",
            field="rule_code",
            metadata={"ruleCode": asked.rule_code},
        )
    least = size_of(len(population), per_mille=terms.sample_per_mille, least=terms.sample_least)
    sample_id = new_id(now)
    drawn = tuple(draw(asked.seed, sample_id, population, max(asked.count, least)))
    sample = Sample(
        sample_id=sample_id,
        region_code=asked.region_code,
        rule_code=asked.rule_code,
        seed=asked.seed,
        draw_time=now,
        population=len(population),
        population_digest=digest_of(population),
        officer_id=asked.officer_id,
        drawn=drawn,
        open=len(drawn),
        reviewed=0,
        rejected=0,
        confirmed=0,
    )
    await sample_store.insert(connection, sample, population)
    return sample


async def get_sample(source: Connection | Database, sample_id: UUID) -> Sample:
    """Returns a sample as it stands.

    Raises:
        Absent: there is none of this id.
    """
    found = await sample_store.find(source, sample_id)
    if found is None:
        raise absent("sample")
    return found


async def confirm_sample(
    connection: Connection,
    sample_id: UUID,
    *,
    region_code: str,
    officer_id: str,
    note: str,
    terms: CaseTerms,
    now: datetime,
) -> tuple[Sample, int]:
    """Confirms cases that a sample stands for; returns it, and how many were confirmed.

    Raises:
        Absent: there is none of this id.
        RuleForbids: CASE_OF_ANOTHER_PROVINCE, SAMPLE_OPEN, SAMPLE_REJECTED, in this order.
    """
    await sample_store.lock(connection, sample_id)
    sample = await get_sample(connection, sample_id)
    require_province(sample.region_code, region_code)
    if sample.open:
        raise RuleForbids(
            "SAMPLE_OPEN",
            "cases that were drawn are not decided yet",
            field="sample_id",
            metadata={"open": str(sample.open)},
        )
    if is_rejected(
        reviewed=sample.reviewed,
        rejected=sample.rejected,
        per_mille_max=terms.sample_rejected_per_mille,
    ):
        raise RuleForbids(
            "SAMPLE_REJECTED",
            "of the cases drawn too many were dismissed or cut, or none was looked at",
            field="sample_id",
            metadata={"rejected": str(sample.rejected), "drawn": str(sample.reviewed)},
        )
    case_ids = await sample_store.lock_rest(connection, sample, limit=_CONFIRMED_AT_ONCE)
    if case_ids:
        doubts = await store.list_doubts(connection, case_ids)
        verdicts = [one for found in doubts.values() for one in confirm_all(Step.FIRST, found)]
        await store.insert_verdicts(connection, verdicts)
        change = Change(
            state=CaseState.SECOND_REVIEW,
            change_time=now,
            step=Step.FIRST,
            officer_id=officer_id,
            note=note,
            sample_id=sample_id,
        )
        await store.move(connection, case_ids, change)
    return replace(sample, confirmed=sample.confirmed + len(case_ids)), len(case_ids)


async def answer(
    connection: Connection,
    desk: Desk,
    case_id: UUID,
    given: Answer,
    *,
    region_code: str,
    institution_code: str,
) -> Case:
    """Takes the answer of an institution.

    Raises:
        Absent: there is none of this id.
        RuleForbids: CASE_OF_ANOTHER_PROVINCE, FEEDBACK_TOO_LATE, CASE_STATE_FORBIDS, in this order.
        InvalidArgument: FIELD_INVALID: another institution's case.
    """
    now = given.answer_time
    case = await get_case(connection, case_id, lock=True)
    require_party(case, region_code=region_code, institution_code=institution_code)
    await require_hearing(connection, desk, case, {CaseState.OPINION_SENT}, now=now)
    await hearing_store.insert_answer(connection, case_id, given)
    await store.move(connection, [case_id], Change(state=CaseState.ANSWERED, change_time=now))
    return replace(case, state=CaseState.ANSWERED, change_time=now)


async def keep_document(
    connection: Connection,
    desk: Desk,
    document: Document,
    content: bytes,
    *,
    region_code: str,
    institution_code: str,
) -> None:
    """Keeps a document for the answer.

    Raises:
        Absent: there is no such case.
        RuleForbids: CASE_OF_ANOTHER_PROVINCE, FEEDBACK_TOO_LATE, CASE_STATE_FORBIDS,
            TOO_MANY_DOCUMENTS, in this order.
        InvalidArgument: FIELD_INVALID: another institution's case.
    """
    case = await get_case(connection, document.case_id, lock=True)
    require_party(case, region_code=region_code, institution_code=institution_code)
    await require_hearing(connection, desk, case, HEARD, now=document.create_time)
    if await hearing_store.count_documents(connection, case.case_id) >= DOCUMENTS_MAX:
        raise RuleForbids(
            "TOO_MANY_DOCUMENTS",
            "the case has as many documents as it can have",
            field="case_id",
            metadata={"documentsMax": str(DOCUMENTS_MAX)},
        )
    await hearing_store.insert_document(connection, desk.cipher, document, content)


HEARD: Final = frozenset({CaseState.OPINION_SENT, CaseState.ANSWERED})
"""States in which documents are taken."""


async def require_hearing(
    source: Connection | Database,
    desk: Desk,
    case: Case,
    states: frozenset[CaseState] | set[CaseState],
    *,
    now: datetime,
) -> None:
    """Refuses what an institution brings too late, or when it is not asked.

    Raises:
        RuleForbids: FEEDBACK_TOO_LATE, CASE_STATE_FORBIDS, in this order.
    """
    asked = case.state in {*HEARD, CaseState.ANSWER_OVERDUE}
    opinion = (await hearing_store.list_opinions(source, desk.cipher, [case.case_id])).get(
        case.case_id
    )
    if asked and opinion is not None and civil_date(now) > opinion.answer_last_date:
        raise RuleForbids(
            "FEEDBACK_TOO_LATE",
            "the last day for the answer is over",
            field="case_id",
            metadata={"lastDate": opinion.answer_last_date.isoformat()},
        )
    if case.state not in states:
        raise RuleForbids(
            "CASE_STATE_FORBIDS",
            "nothing is asked of the institution",
            field="case_id",
            metadata={"state": case.state.value},
        )


def require_party(case: Case, *, region_code: str, institution_code: str) -> None:
    """Refuses whoever is not the institution of a case, or not its province.

    Raises:
        RuleForbids: CASE_OF_ANOTHER_PROVINCE.
        InvalidArgument: FIELD_INVALID: another institution's case.
    """
    require_province(case.care_province_code, region_code)
    if institution_code != case.institution_code:
        raise InvalidArgument(
            "FIELD_INVALID",
            "institution_code: the case is of another institution",
            field="institution_code",
        )


def require_province(of: str, region_code: str) -> None:
    """Refuses a province that is not the one of a case or sample.

    Raises:
        RuleForbids: CASE_OF_ANOTHER_PROVINCE.
    """
    if of != region_code:
        raise OfAnotherProvince(
            "CASE_OF_ANOTHER_PROVINCE",
            "the case is of another province",
            field="region_code",
            metadata={"regionCode": region_code},
        )


def absent(resource: str) -> Absent:
    """Returns the error for something that there is not."""
    return Absent(
        "RESOURCE_NOT_FOUND",
        f"no such {resource}",
        field=f"{resource}_id",
        metadata={"resource": resource},
    )


async def _issue(
    connection: Connection,
    desk: Desk,
    case: Case,
    at_fault_fen: Mapping[UUID, int],
    now: datetime,
) -> Opinion:
    found = await desk.findings.findings_of([case.settlement_id], connection=connection)
    number = await hearing_store.next_number(
        connection, case.care_province_code, civil_date(now).year
    )
    return opinions.issue(
        case,
        found[case.settlement_id],
        at_fault_fen,
        number=number,
        working_days=desk.terms_on(now).answer_working_days,
        now=now,
    )
