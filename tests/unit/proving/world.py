"""A small run in which everything is right, to plant defects into."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from services.proving.history import (
    Accumulators,
    Adjudication,
    Amounts,
    Answered,
    Booking,
    BookingState,
    CancelFees,
    Cap,
    Causes,
    Comparison,
    Discharge,
    Entry,
    Event,
    EventKind,
    Feed,
    Final,
    FundPayment,
    Get,
    History,
    Pair,
    PersonYear,
    Position,
    Recompute,
    Refused,
    RegisterVisit,
    Reply,
    Request,
    Reverse,
    Scope,
    Settle,
    Settlement,
    SettleVisit,
    State,
    Unknown,
    UploadFees,
    Visit,
    VisitAnswered,
    VisitLine,
    VisitState,
)
from services.proving.recorder import Recorder

NAMES = UUID(int=7)
WHEN = datetime(2026, 6, 30, 12, tzinfo=UTC)
LATER = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 15)
ANNA, BORIS, CLARA = (str(uuid5(NAMES, name)) for name in ("anna", "boris", "clara"))
OPENING = 100_000
PAIR = {"insured_region_code": "130000", "care_region_code": "110000", "scheme_code": "310"}


def uuid(name: str) -> str:
    return str(uuid5(NAMES, name))


@dataclass
class World:
    """What happens, and what is left of it."""

    recorder: Recorder = field(default_factory=Recorder)
    journal: dict[str, Settlement] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    visits: dict[str, Visit] = field(default_factory=dict)
    lines: dict[str, tuple[VisitLine, ...]] = field(default_factory=dict)

    def call(self, request: Request, reply: Reply) -> None:
        self.recorder.receive(self.recorder.send(request), reply)

    def settle(
        self,
        name: str,
        person_id: str = ANNA,
        *,
        total: int = 10_000,
        state: State = State.SETTLED,
        from_relatives: int = 0,
        **visit: object,
    ) -> Settlement:
        """Settles a bill of which a fifth each is fund, account and out of scope."""
        fifth = total // 5
        settlement = Settlement(
            settlement_id=uuid(f"{name} settlement"),
            request_id=uuid(f"{name} request"),
            state=state,
            person_id=person_id,
            scheme_code="310",
            care_region_code="110000",
            insured_region_code="131100",
            institution_code="H11010100001",
            medical_type_code="21" if visit else "11",
            end_date=DAY,
            amounts=Amounts(
                total=total,
                full_self_pay=fifth,
                over_limit=0,
                prior_self_pay=0,
                in_scope=total - fifth,
            ),
            adjudication=None
            if state is State.FAILED
            else Adjudication(
                deductible=fifth,
                fund_payments=(FundPayment("310100", fifth),),
                fund_total=fifth,
                account_pay=fifth,
                cash_pay=total - 2 * fifth,
                patient_total=total - fifth,
                account_balance=OPENING,
                causes=Causes(full_self_pay=fifth, deductible=fifth, share=total - 3 * fifth),
                family_account_pay=from_relatives,
            ),
            settle_time=None if state is State.FAILED else WHEN,
            **visit,
        )
        self.journal[settlement.settlement_id] = settlement
        if state is State.FAILED:
            self.call(self.request_of(settlement), Refused("POLICY_NOT_COVERED"))
            return settlement
        self.call(self.request_of(settlement), Unknown("DEADLINE_EXCEEDED"))
        self.call(self.request_of(settlement), Answered(settlement))
        quoted = replace(self.request_of(settlement), quoted=settlement.adjudication)
        self.call(quoted, Answered(settlement, replayed=True))
        self.call(Get(request_id=settlement.request_id), Answered(settlement))
        self.events.append(Event(EventKind.SETTLED, settlement))
        return settlement

    def request_of(self, settlement: Settlement) -> Settle | SettleVisit:
        if settlement.visit_id:
            return SettleVisit(
                request_id=settlement.request_id,
                visit_id=settlement.visit_id,
                scope=settlement.scope,
                expected_total=settlement.amounts.total,
            )
        names = (
            "request_id",
            "person_id",
            "scheme_code",
            "care_region_code",
            "insured_region_code",
            "institution_code",
            "medical_type_code",
            "end_date",
        )
        return Settle(
            **{name: getattr(settlement, name) for name in names},
            total=settlement.amounts.total,
            invoice=f"INV {settlement.request_id}",
        )

    def reverse(self, settlement: Settlement) -> Settlement:
        gone = replace(settlement, state=State.REVERSED, reverse_time=LATER)
        key = settlement.settlement_id
        self.journal[key] = gone
        self.events.append(Event(EventKind.REVERSED, gone))
        first = Reverse(request_id=uuid(f"{key} reversal"), settlement_id=key)
        self.call(first, Unknown("UNAVAILABLE"))
        self.call(first, Answered(gone))
        self.call(first, Answered(gone, replayed=True))
        self.call(
            Reverse(request_id=uuid(f"{key} again"), settlement_id=key),
            Refused("SETTLEMENT_ALREADY_REVERSED"),
        )
        return gone

    def recompute(self, settlement: Settlement, name: str) -> Settlement:
        """Replaces a settlement by another one, at the second attempt."""
        gone = replace(settlement, state=State.REVERSED, reverse_time=LATER)
        key = settlement.settlement_id
        self.journal[key] = gone
        self.events.append(Event(EventKind.REVERSED, gone))
        failed, now = (
            replace(
                settlement,
                settlement_id=uuid(f"{name} {attempt} settlement"),
                request_id=uuid(f"{name} {attempt} request"),
                recomputes_settlement_id=key,
            )
            for attempt in ("failed", "new")
        )
        failed = replace(failed, state=State.FAILED, settle_time=None, adjudication=None)
        for one in (failed, now):
            self.journal[one.settlement_id] = one
        self.events.append(Event(EventKind.SETTLED, now))
        asked = Recompute(request_id=uuid(f"{name} recompute"), settlement_id=key)
        self.call(asked, Unknown("OUTCOME_PENDING"))
        self.call(asked, Answered(now))
        return now

    def void(self, name: str) -> None:
        request_id = uuid(f"{name} request")
        self.absent.append(request_id)
        self.call(
            Reverse(request_id=uuid(f"{name} reversal"), settle_request_id=request_id),
            Refused("RESOURCE_NOT_FOUND"),
        )
        self.call(Get(request_id=request_id), Refused("RESOURCE_NOT_FOUND"))

    def stay(self, name: str, person_id: str = BORIS) -> str:
        """A stay that is settled in the middle and at its end."""
        visit_id = uuid(f"{name} visit")
        lines = (
            VisitLine(line_id="1", amount=10_000, fee_date=DAY),
            VisitLine(line_id="2", amount=6_000, fee_date=DAY),
            VisitLine(line_id="3", amount=-1_000, fee_date=DAY, refund_of_line_id="2"),
        )
        visit = Visit(
            visit_id=visit_id,
            state=VisitState.REGISTERED,
            person_id=person_id,
            institution_code="H11010100001",
            medical_type_code="21",
            line_count=0,
            line_total=0,
        )
        self.call(
            RegisterVisit(
                request_id=uuid(f"{name} registration"),
                person_id=person_id,
                institution_code="H11010100001",
                medical_type_code="21",
            ),
            VisitAnswered(visit),
        )
        gone = VisitLine(line_id="4", amount=500, fee_date=DAY)
        for number, uploaded in enumerate(((*lines[:1], gone), lines[1:])):
            self.call(
                UploadFees(
                    request_id=uuid(f"{name} upload {number}"), visit_id=visit_id, lines=uploaded
                ),
                VisitAnswered(None),
            )
        self.call(
            CancelFees(request_id=uuid(f"{name} cancellation"), visit_id=visit_id, line_ids=("4",)),
            VisitAnswered(None),
        )
        interim = self.settle(f"{name} interim", person_id, visit_id=visit_id, scope=Scope.INTERIM)
        self.call(
            Discharge(request_id=uuid(f"{name} discharge"), visit_id=visit_id),
            VisitAnswered(replace(visit, state=VisitState.DISCHARGED)),
        )
        final = self.settle(
            f"{name} final", person_id, total=5_000, visit_id=visit_id, scope=Scope.FINAL
        )
        settled = [interim.settlement_id, final.settlement_id]
        self.visits[visit_id] = replace(
            visit,
            state=VisitState.SETTLED,
            line_count=3,
            line_total=15_000,
            settlement_ids=tuple(settled),
        )
        self.lines[visit_id] = tuple(
            replace(line, settlement_id=settled[line.line_id != "1"]) for line in lines
        )
        return visit_id

    # --- what is left ---------------------------------------------------------------------------

    def history(self) -> History:
        return History(
            operations=self.recorder.operations(),
            openings={ANNA: OPENING, BORIS: OPENING, CLARA: OPENING},
            families=((CLARA, BORIS),),
            caps=(
                Cap(person_id=ANNA, scheme_code="310", sum_name="outpatient_fund", amount=80_000),
            ),
        )

    def final(self) -> Final:
        used: dict[PersonYear, dict[str, int]] = {
            PersonYear(person_id, "310", 2026): defaultdict(int) for person_id in (ANNA, BORIS)
        }
        balances = {ANNA: OPENING, BORIS: OPENING, CLARA: OPENING}
        stays = set()
        for one in self.journal.values():
            if one.state is not State.SETTLED:
                continue
            fifth = one.amounts.full_self_pay
            from_relatives = one.adjudication.family_account_pay
            balances[one.person_id] -= fifth - from_relatives
            balances[CLARA] -= from_relatives
            sums = used[PersonYear(one.person_id, "310", 2026)]
            side = "inpatient" if one.visit_id else "outpatient"
            sums[f"{side}_in_scope"] += one.amounts.in_scope
            sums[f"{side}_deductible"] += fifth
            sums["fund_pooled" if one.visit_id else "outpatient_fund"] += fifth
            sums["account_pay"] += fifth
            if one.visit_id and one.visit_id not in stays:
                stays.add(one.visit_id)
                sums["inpatient_count"] += 1
        entries = tuple(self._entries())
        whole = Feed(name="dump", events=tuple(self.events))
        return Final(
            listed=tuple(self.journal.values()),
            by_request={
                **{one.request_id: one for one in self.journal.values()},
                **dict.fromkeys(self.absent),
            },
            bookings={
                one.settlement_id: Booking(BookingState.COMMITTED, one.adjudication)
                if one.state is State.SETTLED
                else Booking(BookingState.CANCELLED, one.adjudication)
                for one in self.journal.values()
            },
            recorded={
                one.settlement_id: BookingState.COMMITTED
                if one.state is State.SETTLED
                else BookingState.CANCELLED
                for one in self.journal.values()
            },
            comparisons=(
                Comparison(
                    province_code="130000",
                    hub_count=len(came := [o for o in self.journal.values() if o.settle_time]),
                    party_count=len(came),
                    difference_count=0,
                ),
            ),
            accumulators={person: Accumulators(**sums) for person, sums in used.items()},
            balances=balances,
            positions=tuple(self._positions(entries)),
            entries=entries,
            feeds=(
                whole,
                replace(whole, name="follower"),
                replace(whole, name="insured province", province_code="130000", as_care=False),
                Feed(name="another province", events=(), province_code="650000"),
                Feed(
                    name="reversals",
                    events=tuple(one for one in self.events if one.kind is EventKind.REVERSED),
                    kinds=frozenset({EventKind.REVERSED}),
                ),
            ),
            open_intents=0,
            visits=dict(self.visits),
            lines=dict(self.lines),
        )

    def _entries(self):
        for event in self.events:
            one = event.settlement
            back = event.kind is EventKind.REVERSED
            amount = one.amounts.full_self_pay * (-1 if back else 1)
            for fund in ("310100", "310200"):
                original = uuid(f"{one.settlement_id} {fund}")
                for receivable in (False, True):
                    yield Entry(
                        transfer_id=uuid(f"{original} back") if back else original,
                        settlement_id=one.settlement_id,
                        pair=Pair(month="2026-07" if back else "2026-06", **PAIR),
                        fund_type_code=fund,
                        receivable=receivable,
                        amount=amount if receivable else -amount,
                        reverses_transfer_id=original if back else "",
                    )

    def _positions(self, entries):
        for month, kind in (("2026-06", EventKind.SETTLED), ("2026-07", EventKind.REVERSED)):
            count = sum(event.kind is kind for event in self.events)
            funds = defaultdict(int)
            for entry in entries:
                if entry.receivable and entry.pair.month == month:
                    funds[entry.fund_type_code] += entry.amount
            if count:
                yield Position(
                    pair=Pair(month=month, **PAIR),
                    owed=sum(funds.values()),
                    funds=dict(funds),
                    settlement_count=count if kind is EventKind.SETTLED else 0,
                    reversal_count=count if kind is EventKind.REVERSED else 0,
                )


def good_world() -> World:
    """Settled, reversed, failed, void; a stay in two parts."""
    world = World()
    world.settle("plain")
    world.reverse(world.settle("undone"))
    world.recompute(world.settle("replaced", total=5_000), "replacing")
    world.settle("failed", state=State.FAILED)
    world.void("void")
    world.settle("other", BORIS, from_relatives=500)
    world.stay("stay")
    return world
