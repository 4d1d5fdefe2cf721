"""Rules about amounts: identities, what a person has used, accounts, and the region's bookings.

Written from the public description of the amounts, not from the services' code: the accumulators
of a person are what the answers of the settlements that stand add up to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Final

from services.kit import codes
from services.proving.history import (
    Accumulators,
    Adjudication,
    Amounts,
    BookingState,
    Causes,
    PersonYear,
    Settlement,
    State,
)
from services.proving.rules.evidence import Evidence, named

_POOLED: Final = frozenset({"310100", "390100"})
_LARGE: Final = "330100"
_CRITICAL: Final = "390200"
_EMPLOYEE: Final = "310"
_OTHER_FUNDS: Final = {
    "320100": "fund_civil_servant",
    "370100": "fund_enterprise_supplement",
    "350100": "fund_disabled_veteran",
    "610100": "fund_medical_aid",
    "910100": "fund_other",
}
"""Fund types that have a sum of the year of their own."""
_OUTPATIENT: Final = frozenset({"11", "12", "13", "41"})
_CHRONIC: Final = "14"
_FROM_JULY: Final = frozenset({"310000"})
"""Areas whose benefit year N runs from 1 July N to 30 June N + 1 (上海)."""
_JULY: Final = 7


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
        "relatives pay inside the account's part": answer.family_account_pay <= answer.account_pay,
        "the patient is the causes": answer.causes is None
        or _causes_agree(amounts, answer, answer.causes),
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


def _causes_agree(amounts: Amounts, answer: Adjudication, causes: Causes) -> bool:
    every = astuple(causes)
    return (
        min(every) >= 0
        and sum(every) == answer.patient_total
        # No fund pays of what is out of scope, and of the deductible funds can only pay.
        and causes.full_self_pay == amounts.full_self_pay
        and causes.over_limit == amounts.over_limit
        and causes.prior_self_pay == amounts.prior_self_pay
        and causes.deductible <= answer.deductible
    )


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
        answer.family_account_pay,
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
    are left in the year of the last day, and so are the count of a stay and what is paid first for
    care elsewhere, which is no part of the in-scope sum: compare those over all years. Of an
    employee the fund of large amounts also pays critical illness: compare those two together.
    critical_illness_base, and what else is not public, stays zero.
    """
    used: dict[PersonYear, Counter[str]] = defaultdict(Counter)
    stays: dict[str, PersonYear] = {}
    for settlement, _ in evidence.standing():
        answer = settlement.adjudication
        if answer is None:
            continue
        in_scope_name, deductible_name, fund_name = _names(settlement)
        last = PersonYear(settlement.person_id, settlement.scheme_code, _benefit_year(settlement))
        for year, in_scope, deductible in [
            (part.benefit_year, part.amounts.in_scope, part.deductible)
            for part in answer.year_parts
        ] or [(last.benefit_year, settlement.amounts.in_scope, answer.deductible)]:
            sums = used[replace(last, benefit_year=year)]
            sums[in_scope_name] += in_scope
            sums[deductible_name] += deductible
        sums = used[last]
        sums[in_scope_name] -= answer.causes.away_self_pay if answer.causes else 0
        by_fund = Counter[str]()
        for payment in answer.fund_payments:
            by_fund[payment.fund_type_code] += payment.amount
        sums[fund_name] += sum(by_fund[code] for code in _POOLED)
        sums["fund_large_amount"] += by_fund[_LARGE]
        sums["fund_critical_illness"] += by_fund[_CRITICAL]
        for code, name in _OTHER_FUNDS.items():
            sums[name] += by_fund[code]
        sums["account_pay"] += answer.account_pay
        if codes.is_inpatient_type(settlement.medical_type_code):
            stays.setdefault(settlement.visit_id or settlement.settlement_id, last)
    for person in stays.values():
        used[person]["inpatient_count"] += 1
    return {person: Accumulators(**sums) for person, sums in used.items()}


def _benefit_year(settlement: Settlement) -> int:
    day = settlement.end_date
    begins_later = settlement.insured_region_code in _FROM_JULY and day.month < _JULY
    return day.year - begins_later


def _names(settlement: Settlement) -> tuple[str, str, str]:
    """Names of the sums of a setting: in scope, deductible, pooled fund."""
    of_type = settlement.medical_type_code[:2]
    if of_type == _CHRONIC:
        return "chronic_in_scope", "chronic_deductible", "chronic_fund"
    if of_type in _OUTPATIENT:
        return "outpatient_in_scope", "outpatient_deductible", "outpatient_fund"
    return "inpatient_in_scope", "inpatient_deductible", "fund_pooled"


_IN_SCOPE: Final = ("inpatient_in_scope", "outpatient_in_scope", "chronic_in_scope")
_BY_YEAR: Final = (
    "inpatient_deductible",
    "outpatient_deductible",
    "chronic_deductible",
)
_OVER_ALL_YEARS: Final = (
    "inpatient_count",
    "outpatient_fund",
    "fund_pooled",
    "chronic_fund",
    "fund_large_amount",
    "fund_critical_illness",
    *_OTHER_FUNDS.values(),
    "account_pay",
)


def accumulators(evidence: Evidence) -> Iterator[str]:
    """Yields accumulators that are not what the standing settlements add up to."""
    wanted = replayed(evidence)
    shown = {
        person: _folded(person.scheme_code, used)
        for person, used in evidence.final.accumulators.items()
    }
    split, spread = _over_years(evidence)
    for person in sorted(wanted.keys() | shown.keys(), key=str):
        key = (person.person_id, person.scheme_code)
        names = (
            *_BY_YEAR,
            *(() if key in spread else _IN_SCOPE),
            *(() if key in split else _OVER_ALL_YEARS),
        )
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
            (*_OVER_ALL_YEARS, *_IN_SCOPE),
            _of_all_years(wanted, key),
            _of_all_years(shown, key),
        )


def _folded(scheme_code: str, used: Accumulators) -> Accumulators:
    """Returns sums as fund payments tell them apart: an employee's 330100 pays two of them."""
    if scheme_code != _EMPLOYEE:
        return used
    both = used.fund_large_amount + used.fund_critical_illness
    return replace(used, fund_large_amount=both, fund_critical_illness=0)


def _over_years(evidence: Evidence) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Returns persons and schemes whose funds, and whose in-scope sums, are not told by year."""
    split, spread = set(), set()
    for settlement, _ in evidence.standing():
        key = (settlement.person_id, settlement.scheme_code)
        answer = settlement.adjudication
        if settlement.visit_id or (answer and answer.year_parts):
            split.add(key)
        if answer and answer.year_parts and answer.causes and answer.causes.away_self_pay:
            spread.add(key)
    return split, spread


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
    """Yields accounts that are not the opening less what stands, or overdrawn at any moment.

    Whose account a relative paid from is not told: of persons who may use each other's, the sum
    must be right, and each balance within what the relatives can have taken.
    """
    own, shared = _paid_by_accounts(evidence)
    openings, balances = evidence.history.openings, evidence.final.balances
    members: dict[str, set[str]] = defaultdict(set)
    for owner, member in evidence.history.families:
        members[owner].add(member)
    for person_id, balance in balances.items():
        most = openings.get(person_id, 0) - own[person_id]
        least = most - sum(shared[member] for member in members[person_id])
        if not least <= balance <= most:
            should = f"{most}" if least == most else f"from {least} to {most}"
            yield f"person {person_id}: the account is {balance}, should be {should}"
        if balance < 0:
            yield f"person {person_id}: the account is overdrawn, {balance}"
    yield from _shared_accounts(evidence, own, shared)
    for person_id in own.keys() - balances.keys():
        yield f"person {person_id}: no account is answered"
    for person_id, sums in _highest(evidence).items():
        paid, had = sums["account_pay"], openings.get(person_id, 0)
        if paid > had:
            yield f"person {person_id}: {paid} of an account of {had} were paid at one moment"


def _paid_by_accounts(evidence: Evidence) -> tuple[Counter[str], Counter[str]]:
    """Returns what stands of each person from the own account, and from those of relatives."""
    own: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    for settlement, _ in evidence.standing():
        if settlement.adjudication is not None:
            from_relatives = settlement.adjudication.family_account_pay
            own[settlement.person_id] += settlement.adjudication.account_pay - from_relatives
            shared[settlement.person_id] += from_relatives
    return own, shared


def _shared_accounts(
    evidence: Evidence, own: Mapping[str, int], shared: Mapping[str, int]
) -> Iterator[str]:
    openings, balances = evidence.history.openings, evidence.final.balances
    for group in _families(evidence.history.families):
        wanted = sum(openings.get(one, 0) - own[one] - shared[one] for one in group)
        has = sum(balances.get(one, 0) for one in group)
        if has != wanted:
            yield f"the accounts of {', '.join(sorted(group))} are {has}, should be {wanted}"
    related = {member for _, member in evidence.history.families}
    for person_id in shared.keys() - related:
        if shared[person_id]:
            yield f"person {person_id}: {shared[person_id]} are from relatives, and there are none"


def _families(links: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Returns who is linked to whom, over any number of links."""
    groups: list[set[str]] = []
    for link in links:
        joined = {*link}.union(*(group for group in groups if not group.isdisjoint(link)))
        groups = [group for group in groups if group.isdisjoint(link)] + [joined]
    return groups


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
        undone = [attempt.sent for attempt in evidence.undoings(key)]
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
    _, deductible_name, fund_name = _names(settlement)
    uses = {"account_pay": answer.account_pay - answer.family_account_pay, fund_name: pooled}
    if fund_name == "outpatient_fund":
        uses[deductible_name] = answer.deductible
    return uses


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
