"""Use cases of credit points: give, counter, reckon, propose and decide what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.kit.clock import civil_date, civil_midnight
from services.kit.errors import Absent, InvalidArgument, OfAnotherProvince, RuleForbids
from services.kit.ids import new_id
from services.kit.money import format_yuan
from services.supervision.credit import store
from services.supervision.credit.store import Consequence, CreditEvent
from services.supervision.domain.consequence_states import ConsequenceState
from services.supervision.domain.credit import (
    ConsequenceKind,
    CreditTerms,
    Subject,
    hundredths_of,
    points_of,
    reached,
)
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from services.kit.db import Connection, Database

_CLASSES_ZH: Final = {
    ResultClass.VIOLATION: "违规",
    ResultClass.SUSPICIOUS: "可疑",
    ResultClass.TO_VERIFY: "待核实",
}
_BY_IDENTITY: Final = frozenset(
    {ConsequenceKind.SUSPEND_BUSINESS, ConsequenceKind.SUSPEND_INSTITUTION}
)
_BUSINESS_DIGITS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """A final decision as far as points need it."""

    case_id: UUID
    subjects: Mapping[Subject, str]
    """Who is concerned; without a subject that is not known."""
    regions: Mapping[Subject, str]
    """Province that decides on what follows, by subject."""
    rule_code: str
    result_class: ResultClass
    amount_fen: int
    medical_type_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How two people decide on a consequence."""

    consequence_id: UUID
    region_code: str
    approved: bool
    begin_date: date | None
    """None: tomorrow."""
    maker_id: str
    checker_id: str
    note: str


async def award(connection: Connection, given: Award, *, terms: CreditTerms, now: datetime) -> None:
    """Gives the points of a final decision, and proposes what they lead to."""
    for subject, subject_id in sorted(given.subjects.items(), key=lambda one: one[0].value):
        tenths = points_of(terms, subject, given.result_class, given.amount_fen)
        if tenths == 0:
            continue
        await store.lock_subject(connection, subject, subject_id)
        event = CreditEvent(
            event_id=new_id(now),
            subject=subject,
            subject_id=subject_id,
            case_id=given.case_id,
            rule_code=given.rule_code,
            region_code=given.regions[subject],
            medical_type_code=given.medical_type_code[:_BUSINESS_DIGITS],
            points_tenths=tenths,
            event_date=civil_date(now),
            explanation_zh=_explain(terms, subject, given, tenths),
            create_time=now,
        )
        if await store.insert_event(connection, event):
            await _weigh(connection, event, terms=terms, now=now)


async def counter(
    connection: Connection, case_id: UUID, *, terms: CreditTerms, now: datetime
) -> None:
    """Takes the points of a case back: it does not stand any more."""
    for one in await store.list_of_case(connection, case_id):
        if one.points_tenths < 0:
            continue
        await store.lock_subject(connection, one.subject, one.subject_id)
        against = replace(
            one,
            event_id=new_id(now),
            points_tenths=-one.points_tenths,
            explanation_zh="案件未成立，原记分冲销",
            create_time=now,
        )
        if await store.insert_event(connection, against):
            await _weigh(connection, against, terms=terms, now=now)


async def reckon(
    source: Connection | Database,
    subject: Subject,
    subject_id: str,
    *,
    on: date,
    terms: CreditTerms,
) -> tuple[int, list[CreditEvent]]:
    """Returns the points of a subject on a day, in hundredths, with what counts on it."""
    events = await store.list_of_subject(
        source, subject, subject_id, after=on - timedelta(days=terms.validity_days), until=on
    )
    return hundredths_of([one.points for one in events], on, terms.validity_days), events


async def decide(connection: Connection, decision: Decision, *, now: datetime) -> Consequence:
    """Decides on a proposed consequence.

    What identity does not carry out is told by the list of consequences, and applied at once.

    Raises:
        Absent: there is none of this id.
        RuleForbids: CASE_OF_ANOTHER_PROVINCE, CONSEQUENCE_DECIDED, in this order.
        InvalidArgument: the first day is in the past, or nothing begins on it.
    """
    found = await store.lock(connection, decision.consequence_id)
    if found is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such consequence",
            field="consequence_id",
            metadata={"resource": "consequence"},
        )
    if found.region_code != decision.region_code:
        raise OfAnotherProvince(
            "CASE_OF_ANOTHER_PROVINCE",
            "another province decides on it",
            field="region_code",
            metadata={"regionCode": decision.region_code},
        )
    if found.state is not ConsequenceState.PROPOSED:
        raise RuleForbids(
            "CONSEQUENCE_DECIDED",
            "it was decided, or fell away",
            field="consequence_id",
            metadata={"state": found.state.value},
        )
    today = civil_date(now)
    if decision.begin_date is not None and (not decision.approved or decision.begin_date < today):
        raise InvalidArgument(
            "FIELD_INVALID", "begin_date: is in the past, or nothing begins", field="begin_date"
        )
    begin = decision.begin_date or today + timedelta(days=1)
    state = ConsequenceState.REJECTED
    if decision.approved:
        state = (
            ConsequenceState.APPROVED if found.kind in _BY_IDENTITY else ConsequenceState.APPLIED
        )
    decided = replace(
        found,
        state=state,
        decide_time=now,
        maker_id=decision.maker_id,
        checker_id=decision.checker_id,
        note=decision.note,
        begin_date=begin if decision.approved else None,
        end_date=(
            begin + timedelta(days=found.days - 1) if decision.approved and found.days else None
        ),
    )
    await store.decide(connection, decided)
    return decided


async def _weigh(
    connection: Connection, event: CreditEvent, *, terms: CreditTerms, now: datetime
) -> None:
    """Proposes what a subject's points lead to now, and drops proposals that they no longer do."""
    today = civil_date(now)
    hundredths, events = await reckon(
        connection, event.subject, event.subject_id, on=today, terms=terms
    )
    due = {one.kind: one for one in reached(terms, event.subject, hundredths)}
    known = await store.list_of(
        connection,
        event.subject,
        event.subject_id,
        since=civil_midnight(today - timedelta(days=terms.validity_days)),
    )
    fallen = [
        one.consequence_id
        for one in known
        if one.state is ConsequenceState.PROPOSED and one.kind not in due
    ]
    if fallen:
        await store.withdraw(connection, fallen, now)
    for kind in due.keys() - {one.kind for one in known}:
        business = kind is ConsequenceKind.SUSPEND_BUSINESS
        await store.propose(
            connection,
            Consequence(
                consequence_id=new_id(now),
                subject=event.subject,
                subject_id=event.subject_id,
                region_code=event.region_code,
                kind=kind,
                medical_type_code=_worst_business(events) if business else "",
                days=due[kind].days,
                points_hundredths=hundredths,
                state=ConsequenceState.PROPOSED,
                propose_time=now,
            ),
        )


def _worst_business(events: Sequence[CreditEvent]) -> str:
    """Returns the medical type of which most points came; of equals the lower code."""
    sums: dict[str, int] = {}
    for one in events:
        sums[one.medical_type_code] = sums.get(one.medical_type_code, 0) + one.points_tenths
    return min(sums, key=lambda code: (-sums[code], code))


def _explain(terms: CreditTerms, subject: Subject, given: Award, tenths: int) -> str:
    steps = min(given.amount_fen // terms.amount_step_fen, terms.steps_max)
    share = terms.share_per_mille[subject]
    return (
        f"{_CLASSES_ZH[given.result_class]}{_tenths(terms.class_tenths[given.result_class])}分，"
        f"扣款{format_yuan(given.amount_fen)}元计{steps}档、每档{_tenths(terms.step_tenths)}分，"
        f"责任比例{share // 10}.{share % 10}%，记{_tenths(tenths)}分"
    )


def formula_zh(terms: CreditTerms) -> str:
    """Returns the formula in words."""
    classes = "、".join(
        f"{_CLASSES_ZH[one]}{_tenths(terms.class_tenths[one])}分" for one in ResultClass
    )
    shares = "、".join(
        f"{name}{terms.share_per_mille[one] // 10}.{terms.share_per_mille[one] % 10}%"
        for one, name in (
            (Subject.INSTITUTION, "机构"),
            (Subject.DOCTOR, "医师"),
            (Subject.PERSON, "参保人"),
        )
    )
    return (
        f"每件终审成立案件：{classes}；每满{format_yuan(terms.amount_step_fen)}元扣款加"
        f"{_tenths(terms.step_tenths)}分，最多{terms.steps_max}档；按责任比例（{shares}）记分，不足"
        f"0.1分舍去；记分自终审之日起按日均匀递减，{terms.validity_days}日后清零"
    )


def _tenths(value: int) -> str:
    return f"{value // 10}.{value % 10}"
