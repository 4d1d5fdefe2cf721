"""Rules about amounts: identities, what a person has used, accounts, and the region's bookings.

Written from the public description of the amounts, not from the services' code: the accumulators
of a person are what the answers of the settlements that stand add up to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.kit import codes
from services.proving.history import (
    Accumulators,
    Adjudication,
    Amounts,
    BookingState,
    PersonYear,
    Settlement,
    State,
)
from services.proving.rules.evidence import Evidence, named

_POOLED: Final = frozenset({"310100", "390100"})
_LARGE: Final = "330100"
_CRITICAL: Final = "390200"
_OUTPATIENT: Final = frozenset({"11", "12", "13"})


def identities(evidence: Evidence) -> Iterator[str]:
    """Yields every settlement ever shown whose amounts break I1 to I9."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    shown = [settlement for _, settlement in evidence.answers()]
    events = [event.settlement for feed in evidence.final.feeds for event in feed.events]
    for settlement in (*shown, *evidence.listed.values(), *events):
        broken = tuple(_broken(settlement))
        if broken and (settlement.settlement_id, broken) not in seen:
            seen.add((settlement.settlement_id, broken))
            yield f"{named(settlement)} breaks {', '.join(broken)}"


def _broken(settlement: Settlement) -> Iterator[str]:
    amounts, answer = settlement.amounts, settlement.adjudication
    if any(_parts(line) != line.total for line in settlement.lines):
        yield "I1 a line is its four parts"
    if _parts(amounts) != amounts.total:
        yield "I2 the total is its four parts"
    if settlement.lines and _sum(settlement.lines) != amounts:
        yield "I2 the bill is its lines"
    if answer is None:
        if settlement.state in {State.SETTLED, State.REVERSED}:
            yield "an answer of the insured region"
        return
    funds = [payment.amount for payment in answer.fund_payments]
    pooled = sum(one.amount for one in answer.fund_payments if one.fund_type_code in _POOLED)
    held = {
        "I3 the fund total is the funds": answer.fund_total == sum(funds),
        "I4 the total is funds and patient": amounts.total
        == answer.fund_total + answer.patient_total,
        "I5 the patient is account and cash": answer.patient_total
        == answer.account_pay + answer.cash_pay,
        "I6 the total is funds, account and cash": amounts.total
        == answer.fund_total + answer.account_pay + answer.cash_pay,
        "I7 the deductible is in scope": answer.deductible <= amounts.in_scope,
        "I8 the pooled fund is in scope": pooled <= amounts.in_scope - answer.deductible,
        "I8 no amount is negative": min(_every(amounts, answer)) >= 0,
        "I9 each fund once, more than zero": min(funds, default=1) > 0
        and len({one.fund_type_code for one in answer.fund_payments}) == len(funds),
    }
    yield from (name for name, holds in held.items() if not holds)
    if answer.year_parts:
        parts = answer.year_parts
        if (
            _sum([part.amounts for part in parts]) != amounts
            or sum(part.deductible for part in parts) != answer.deductible
            or sum(part.fund_total for part in parts) != answer.fund_total
        ):
            yield "the years add up to the bill"


def _every(amounts: Amounts, answer: Adjudication) -> list[int]:
    return [
        amounts.total,
        amounts.full_self_pay,
        amounts.over_limit,
        amounts.prior_self_pay,
        amounts.in_scope,
        answer.deductible,
        answer.fund_total,
        answer.account_pay,
        answer.cash_pay,
        answer.patient_total,
        answer.account_balance,
    ]


def _parts(amounts: Amounts) -> int:
    return amounts.full_self_pay + amounts.over_limit + amounts.prior_self_pay + amounts.in_scope


def _sum(several: Sequence[Amounts]) -> Amounts:
    return Amounts(
        total=sum(one.total for one in several),
        full_self_pay=sum(one.full_self_pay for one in several),
        over_limit=sum(one.over_limit for one in several),
        prior_self_pay=sum(one.prior_self_pay for one in several),
        in_scope=sum(one.in_scope for one in several),
    )


def replayed(evidence: Evidence) -> dict[PersonYear, Accumulators]:
    """Returns the accumulators that the standing settlements add up to.

    A stay over a year's end is spread as the region said; its funds, which are not told by year,
    are left in the year of the last day, and so is the count of a stay: compare those over all
    years. critical_illness_base is not public and stays zero.
    """
    used: dict[PersonYear, Counter[str]] = defaultdict(Counter)
    stays: dict[str, PersonYear] = {}
    for settlement, _ in evidence.standing():
        answer = settlement.adjudication
        if answer is None:
            continue
        outpatient = settlement.medical_type_code[:2] in _OUTPATIENT
        side = "outpatient" if outpatient else "inpatient"
        last = PersonYear(settlement.person_id, settlement.scheme_code, settlement.end_date.year)
        for year, in_scope, deductible in [
            (part.benefit_year, part.amounts.in_scope, part.deductible)
            for part in answer.year_parts
        ] or [(last.benefit_year, settlement.amounts.in_scope, answer.deductible)]:
            sums = used[replace(last, benefit_year=year)]
            sums[f"{side}_in_scope"] += in_scope
            sums[f"{side}_deductible"] += deductible
        sums = used[last]
        by_fund = Counter[str]()
        for payment in answer.fund_payments:
            by_fund[payment.fund_type_code] += payment.amount
        pooled = sum(by_fund[code] for code in _POOLED)
        sums["outpatient_fund" if outpatient else "fund_pooled"] += pooled
        sums["fund_large_amount"] += by_fund[_LARGE]
        sums["fund_critical_illness"] += by_fund[_CRITICAL]
        sums["account_pay"] += answer.account_pay
        if codes.is_inpatient_type(settlement.medical_type_code):
            stays.setdefault(settlement.visit_id or settlement.settlement_id, last)
    for person in stays.values():
        used[person]["inpatient_count"] += 1
    return {person: Accumulators(**sums) for person, sums in used.items()}


_BY_YEAR: Final = (
    "inpatient_in_scope",
    "inpatient_deductible",
    "outpatient_in_scope",
    "outpatient_deductible",
)
_OVER_ALL_YEARS: Final = (
    "inpatient_count",
    "outpatient_fund",
    "fund_pooled",
    "fund_large_amount",
    "fund_critical_illness",
    "account_pay",
)


def accumulators(evidence: Evidence) -> Iterator[str]:
    """Yields accumulators that are not what the standing settlements add up to."""
    wanted, shown = replayed(evidence), evidence.final.accumulators
    split = {
        (settlement.person_id, settlement.scheme_code)
        for settlement, _ in evidence.standing()
        if settlement.visit_id or (settlement.adjudication and settlement.adjudication.year_parts)
    }
    for person in sorted(wanted.keys() | shown.keys(), key=str):
        whole = (person.person_id, person.scheme_code) not in split
        names = (*_BY_YEAR, *_OVER_ALL_YEARS) if whole else _BY_YEAR
        yield from _compare(
            f"{person}", names, wanted.get(person, Accumulators()), shown.get(person)
        )
        has = shown.get(person, Accumulators())
        if has.critical_illness_base < 0:
            yield f"{person}: critical_illness_base is negative"
        if person not in wanted and has != Accumulators():
            yield f"{person}: something is used though nothing stands"
    for key in sorted(split):
        yield from _compare(
            f"person {key[0]} scheme {key[1]}, all years",
            _OVER_ALL_YEARS,
            _of_all_years(wanted, key),
            _of_all_years(shown, key),
        )


def _of_all_years(sums: Mapping[PersonYear, Accumulators], key: tuple[str, str]) -> Accumulators:
    total: Counter[str] = Counter()
    for person, used in sums.items():
        if (person.person_id, person.scheme_code) == key:
            for name in Accumulators.__dataclass_fields__:
                total[name] += getattr(used, name)
    return Accumulators(**total)


def _compare(
    whose: str, names: tuple[str, ...], wanted: Accumulators, shown: Accumulators | None
) -> Iterator[str]:
    if shown is None:
        yield f"{whose}: no accumulators are answered"
        return
    for name in names:
        should, is_ = getattr(wanted, name), getattr(shown, name)
        if should != is_:
            yield f"{whose}: {name} is {is_}, the journal adds up to {should}"


def accounts(evidence: Evidence) -> Iterator[str]:
    """Yields accounts that are not the opening less what stands, or overdrawn at any moment."""
    paid: Counter[str] = Counter()
    for settlement, _ in evidence.standing():
        if settlement.adjudication is not None:
            paid[settlement.person_id] += settlement.adjudication.account_pay
    openings = evidence.history.openings
    for person_id, balance in evidence.final.balances.items():
        should = openings.get(person_id, 0) - paid[person_id]
        if balance != should:
            yield f"person {person_id}: the account is {balance}, should be {should}"
        if balance < 0:
            yield f"person {person_id}: the account is overdrawn, {balance}"
    for person_id in paid.keys() - evidence.final.balances.keys():
        yield f"person {person_id}: no account is answered"
    for person_id, sums in _highest(evidence).items():
        most, has = sums["account_pay"], openings.get(person_id, 0)
        if most > has:
            yield f"person {person_id}: {most} of an account of {has} were paid at one moment"


def caps(evidence: Evidence) -> Iterator[str]:
    """Yields persons who at any moment had used more in a year than their policy allows."""
    highest = _highest(evidence)
    allowed = defaultdict(list)
    for cap in evidence.history.caps:
        allowed[cap.person_id, cap.scheme_code].append(cap)
    for person, used in evidence.final.accumulators.items():
        for cap in allowed[person.person_id, person.scheme_code]:
            has = max(getattr(used, cap.sum_name), highest[person.person_id][cap.sum_name])
            if has > cap.amount:
                yield f"{person}: {cap.sum_name} is {has} of {cap.amount}"


def _highest(evidence: Evidence) -> dict[str, Counter[str]]:
    """Returns the most that each person surely had used at one moment, all years together.

    A settlement surely stands from when its caller was told until somebody asks to take it back.
    """
    told: dict[str, int] = {}
    for operation, shown in evidence.answers():
        if shown.stands:
            key = shown.settlement_id
            told[key] = min(operation.ended, told.get(key, operation.ended))
    moments: dict[str, list[tuple[int, int, Settlement]]] = defaultdict(list)
    for key, since in told.items():
        settlement = evidence.listed.get(key)
        undone = [attempt.sent for attempt in evidence.reversals.get(key, ())]
        if settlement is None or settlement.adjudication is None:
            continue
        until = min(undone, default=None)
        if until is None or since < until:
            moments[settlement.person_id].append((since, 1, settlement))
        if until is not None and since < until:
            moments[settlement.person_id].append((until, -1, settlement))
    highest: dict[str, Counter[str]] = defaultdict(Counter)
    for person_id, changes in moments.items():
        sums: Counter[str] = Counter()
        for _, sign, settlement in sorted(changes, key=lambda change: change[:2]):
            for name, amount in _uses(settlement).items():
                sums[name] += sign * amount
            highest[person_id] |= sums
    return highest


def _uses(settlement: Settlement) -> dict[str, int]:
    answer = settlement.adjudication
    if answer is None:
        return {}
    pooled = sum(one.amount for one in answer.fund_payments if one.fund_type_code in _POOLED)
    if settlement.medical_type_code[:2] not in _OUTPATIENT:
        return {"account_pay": answer.account_pay, "fund_pooled": pooled}
    return {
        "account_pay": answer.account_pay,
        "outpatient_fund": pooled,
        "outpatient_deductible": answer.deductible,
    }


def bookings(evidence: Evidence) -> Iterator[str]:
    """Yields settlements of which the insured region holds something else than the journal."""
    held = evidence.final.bookings
    wanted: dict[State, set[BookingState | None]] = {
        State.SETTLED: {BookingState.COMMITTED},
        State.REVERSED: {BookingState.CANCELLED},
        State.FAILED: {BookingState.CANCELLED, None},
        State.PENDING: {BookingState.COMMITTED, BookingState.CANCELLED, None},
    }
    for settlement in evidence.listed.values():
        booking = held.get(settlement.settlement_id)
        state = booking.state if booking else None
        if state not in wanted[settlement.state]:
            has = state.value if state else "nothing"
            yield f"{named(settlement)} is {settlement.state.value}, its region holds {has}"
        elif (
            settlement.stands
            and booking is not None
            and booking.adjudication is not None
            and booking.adjudication != settlement.adjudication
        ):
            yield f"{named(settlement)}: its region booked other amounts"
    recorded = evidence.final.recorded
    if recorded is None:
        return
    for settlement_id, told in recorded.items():
        booking = held.get(settlement_id)
        if settlement_id not in evidence.listed:
            # A tombstone of what was voided on its way is all that may be left of it.
            if told is BookingState.COMMITTED:
                yield f"settlement {settlement_id} is booked by a region and not in the journal"
        elif booking is None or booking.state is not told:
            yield f"settlement {settlement_id} is listed as {told.value} by its region"
    for settlement_id in held.keys() - recorded.keys():
        yield f"settlement {settlement_id} is held by its region and not listed"
