"""Random cases over all packs: what must hold for each, and what the oracle computes of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.benefits.domain.adjudicate import adjudicate
from services.benefits.domain.errors import IdentityBroken
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    SUM_NAMES,
    Accumulators,
    AidIdentity,
    Amounts,
    BenefitLevel,
    Case,
    Circumstances,
    Entitlement,
    EntitlementKind,
    HospitalLevel,
    LongTermEvidence,
    Purse,
    Setting,
    Tally,
)
from services.benefits.messages import write_adjudication
from services.kit.errors import RuleForbids
from services.kit.money import to_fen
from services.proving.policy import oracle
from services.proving.policy.compare import differences
from services.proving.policy.sequences import Ledger, check_limits, check_settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.benefits.domain.model import Outcome
    from services.benefits.domain.snapshot import Policy, Snapshot

_CARE: Final = (
    "110105",
    "120100",
    "310115",
    "440305",
    "510100",
    "610102",
    "640104",
    "650102",
    "660000",
)
_PERSONS: Final = {
    "in_service": "11",
    "retired": "12",
    "minor": "14",
    "adult": "15",
    "elderly": "16",
}
_MEDICAL_TYPES: Final = {
    Setting.INPATIENT: "21",
    Setting.OUTPATIENT: "11",
    Setting.CHRONIC: "14",
    Setting.PHARMACY: "41",
}
_MAGNITUDES: Final = (20_000, 2_000_000, 20_000_000, 200_000_000)
_PERSON_ID: Final = "00000000-0000-7000-8000-000000000001"
_HOSPITALS: Final = ("H11010500001", "H11010500002", "")
_SEQUENCE_EVERY: Final = 8
"""Of the files whose values are not of a period: so many cases to one with bills after it."""
_TAKEN_BACK: Final = 0.2
_VIOLATIONS_MAX: Final = 20


@dataclass(slots=True)
class Proof:
    """What came of the cases."""

    cases: int = 0
    computed: int = 0
    compared: int = 0
    """With the oracle."""
    bills: int = 0
    """Settled one after another."""
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    by_file: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case with all that it is computed from."""

    snapshot: Snapshot
    case: Case
    before: Accumulators
    balance: int
    circumstances: Circumstances


def prove(policy: Policy, *, cases: int, seed: int) -> Proof:
    """Computes so many random cases; the same seed draws the same cases from the same packs."""
    proof = Proof()
    drawing = random.Random(seed)  # noqa: S311  # no secret
    snapshots = list(policy.snapshots())
    started = time.perf_counter()
    for number in range(cases):
        drawn = _draw(drawing, snapshots[number % len(snapshots)])
        _check(proof, drawn, drawing)
        if drawn.snapshot.setting is Setting.CHRONIC or not number % _SEQUENCE_EVERY:
            _check_sequence(proof, policy, drawn, drawing)
        if len(proof.violations) >= _VIOLATIONS_MAX:
            break
    proof.seconds = time.perf_counter() - started
    return proof


def _check(proof: Proof, drawn: Drawn, drawing: random.Random) -> None:
    proof.cases += 1
    outcome = _try(drawn)
    if isinstance(outcome, str):
        proof.refused[outcome] += 1
        found = list(_refused_by_one(drawn))
    else:
        proof.computed += 1
        found = [*_alone(drawn, outcome), *_with_more(drawn, outcome, drawing)]
        found += _in_either_order(drawn, outcome, drawing)
        proof.compared += 1
        found += _against_oracle(drawn, outcome)
    place = _place(drawn)
    proof.by_file[place] += 1
    proof.violations += [f"{place}: {text}: {drawn}" for text in found]


def _place(drawn: Drawn) -> str:
    snapshot = drawn.snapshot
    return f"{snapshot.region_code} {snapshot.scheme_code} {snapshot.setting.value}"


def _check_sequence(proof: Proof, policy: Policy, drawn: Drawn, drawing: random.Random) -> None:
    """Settles bills of one person after the drawn one, and takes some of them back in between."""
    held = drawn.circumstances
    ledger = Ledger(
        policy,
        balance=drawn.balance,
        relatives=held.relatives,
        entitlements=tuple(replace(one, end_date=None) for one in held.entitlements),
    )
    day, stay = drawn.case.end_date, drawing.getrandbits(64)
    for _ in range(drawing.randint(2, 8)):
        if ledger.booked and drawing.random() < _TAKEN_BACK:
            ledger.take_back(drawing.randrange(len(ledger.booked)))
            continue
        begin, day = day, day + timedelta(days=drawing.choice((0, 1, 9, 40)))
        stay += drawing.randint(0, 1)
        case = replace(
            drawn.case,
            begin_date=begin if drawn.snapshot.setting is Setting.INPATIENT else day,
            end_date=day,
            amounts=_amounts(drawing),
            institution_code=drawing.choice(_HOSPITALS),
            disease_code=_disease(drawing, drawn.snapshot),
            stay_id=str(UUID(int=stay)),
        )
        standing = ledger.standing(case)
        try:
            outcome = ledger.settle(case)
        except RuleForbids:
            continue
        proof.bills += 1
        found = [*check_settled(policy, case, standing, outcome), *check_limits(ledger)]
        proof.violations += [f"{_place(drawn)}: {text}: {case}, {standing}" for text in found]


def _try(drawn: Drawn) -> Outcome | str:
    try:
        return adjudicate(
            drawn.case,
            drawn.snapshot,
            drawn.before,
            drawn.balance,
            circumstances=drawn.circumstances,
        )
    except RuleForbids as error:
        return error.reason


def _alone(drawn: Drawn, outcome: Outcome) -> Iterator[str]:
    try:
        check_identities(outcome)
    except IdentityBroken as error:
        yield f"identities: {error}"
    if outcome.fund_total > drawn.case.amounts.in_scope:
        yield "the funds pay more than is in scope"
    if outcome.causes.total != outcome.patient_total:
        yield "the causes are not what the patient pays"
    if drawn.before.plus(outcome.delta).minus(outcome.delta) != drawn.before:
        yield "taking back does not restore"
    if min(getattr(outcome.delta, name) for name in SUM_NAMES) < 0:
        yield "a sum goes down"
    again = _try(drawn)
    if isinstance(again, str) or _bytes(again) != _bytes(outcome):
        yield "the same snapshot gives other bytes"


def _bytes(outcome: Outcome) -> bytes:
    data: bytes = write_adjudication(outcome, with_trace=True).SerializeToString()
    return data


def _with_more(drawn: Drawn, outcome: Outcome, drawing: random.Random) -> Iterator[str]:
    more = drawing.randint(1, drawing.choice(_MAGNITUDES))
    amounts = drawn.case.amounts
    dearer = replace(
        drawn,
        case=replace(
            drawn.case,
            amounts=replace(amounts, total=amounts.total + more, in_scope=amounts.in_scope + more),
        ),
    )
    much = _try(dearer)
    if isinstance(much, str):
        return
    if not outcome.fund_total <= much.fund_total:
        yield f"{more} fen more cost: the funds pay less"
    if not outcome.patient_total <= much.patient_total:
        yield f"{more} fen more cost: the patient pays less"


def _in_either_order(drawn: Drawn, outcome: Outcome, drawing: random.Random) -> Iterator[str]:
    """Two bills of one day: what a year's cap, or its deductible, allows holds in either order."""
    other_case = replace(drawn.case, amounts=_amounts(drawing))
    pairs = (drawn.case, other_case), (other_case, drawn.case)
    ends = []
    for first, second in pairs:
        before, balance = drawn.before, drawn.balance
        for case in (first, second):
            now = _try(replace(drawn, case=case, before=before, balance=balance))
            if isinstance(now, str):
                return
            before, balance = before.plus(now.delta), now.account_balance
        ends.append(before)
    one, two = ends
    for name in ("inpatient_in_scope", "outpatient_in_scope", "chronic_in_scope"):
        if getattr(one, name) != getattr(two, name):
            yield f"two orders, two sums of {name}"
    caps = _caps(drawn, outcome)
    for name, cap in caps.items():
        for end in ends:
            if getattr(end, name) > max(cap, getattr(drawn.before, name)):
                yield f"{name} is above its cap of {cap}"


def _caps(drawn: Drawn, outcome: Outcome) -> dict[str, int]:
    """Returns the caps on sums of the year that were read, by sum."""
    setting = drawn.snapshot.setting
    pooled = {
        Setting.INPATIENT: "fund_pooled",
        Setting.CHRONIC: "chronic_fund",
    }.get(setting, "outpatient_fund")
    names = {
        "large_amount.cap": "fund_large_amount",
        "critical_illness.cap": "fund_critical_illness",
        "civil_servant.cap": "fund_civil_servant",
        "enterprise_supplement.cap": "fund_enterprise_supplement",
        "disabled_veteran.cap": "fund_disabled_veteran",
        "medical_aid.cap": "fund_medical_aid",
        "other_fund.cap": "fund_other",
    }
    found = {}
    bases = {
        read.path.partition("[")[0].rpartition("/")[2]: read.value
        for step in outcome.steps
        for read in step.parameters
    }
    for path, value in bases.items():
        if value == "unlimited":
            continue
        if path in names:
            found[names[path]] = _fen_of(value)
        elif path == "pooled_cap.amount" and (
            bases.get("pooled_cap.basis"),
            bases.get("pooled_cap.counts"),
        ) == ("fund", "setting"):
            found[pooled] = _fen_of(value)
    return found


def _fen_of(text: str) -> int:
    """Returns an amount as a trace writes it (100,000.00)."""
    return to_fen(Decimal(text.replace(",", "")))


def _refused_by_one(drawn: Drawn) -> Iterator[str]:
    try:
        _expected(drawn)
    except oracle.NotCovered:
        return
    yield "refused, and the oracle computes it"


def _against_oracle(drawn: Drawn, outcome: Outcome) -> Iterator[str]:
    try:
        expected = _expected(drawn)
    except oracle.NotCovered:
        yield "computed, and the oracle refuses it"
        return
    yield from differences(outcome, expected)


def _expected(drawn: Drawn) -> oracle.Expected:
    return oracle.expected(
        drawn.case, drawn.snapshot, drawn.before, drawn.circumstances, balance=drawn.balance
    )


def _draw(drawing: random.Random, snapshot: Snapshot) -> Drawn:
    end = snapshot.valid_from + timedelta(days=drawing.randint(0, 200))
    if snapshot.valid_until is not None:
        end = min(end, snapshot.valid_until)
    case = Case(
        person_id=_PERSON_ID,
        insured_region_code=snapshot.region_code,
        scheme_code=snapshot.scheme_code,
        person_type_code=_PERSONS[drawing.choice(sorted(snapshot.persons))],
        care_region_code=drawing.choice((*_CARE, snapshot.region_code)),
        level=drawing.choice(tuple(HospitalLevel)),
        medical_type_code=_MEDICAL_TYPES[snapshot.setting],
        benefit_level=drawing.choice(tuple(BenefitLevel)),
        begin_date=end,
        end_date=end,
        amounts=_amounts(drawing),
        use_account=drawing.random() < 0.5,  # noqa: PLR2004
        disease_code=_disease(drawing, snapshot),
        institution_code=drawing.choice(_HOSPITALS),
        long_term_evidence=drawing.choice(tuple(LongTermEvidence)),
    )
    return Drawn(
        snapshot=snapshot,
        case=case,
        before=_sums(drawing),
        balance=_fen(drawing),
        circumstances=Circumstances(
            entitlements=_entitlements(drawing, snapshot, end),
            tallies=tuple(_tally(drawing, snapshot, end) for _ in range(drawing.randint(0, 4))),
            relatives=tuple(
                Purse(UUID(int=number), _fen(drawing)) for number in range(drawing.randint(0, 2))
            ),
        ),
    )


def _disease(drawing: random.Random, snapshot: Snapshot) -> str:
    return drawing.choice(sorted(snapshot.diseases)) if snapshot.diseases else ""


def _tally(drawing: random.Random, snapshot: Snapshot, day: date) -> Tally:
    """Returns what was booked in some month about a day, mostly of the same setting."""
    in_scope = _fen(drawing)
    return Tally(
        benefit_year=snapshot.benefit_year_of(day) - drawing.choice((0, 0, 0, 1)),
        month=drawing.randint(1, 12),
        setting=drawing.choice((snapshot.setting, *Setting)),
        institution_code=drawing.choice(_HOSPITALS),
        disease_code=_disease(drawing, snapshot),
        same_stay=False,
        count=1,
        total=in_scope + _fen(drawing),
        in_scope=in_scope,
        deductible=drawing.randint(0, in_scope),
        fund=drawing.randint(0, in_scope),
    )


def _entitlements(drawing: random.Random, snapshot: Snapshot, day: date) -> tuple[Entitlement, ...]:
    found = [
        Entitlement(EntitlementKind.CHRONIC_DISEASE, disease, day, None)
        for disease in sorted(snapshot.diseases)
    ]
    if drawing.random() < 0.2:  # noqa: PLR2004
        identity = drawing.choice([i for i in AidIdentity if i is not AidIdentity.NONE])
        found.append(Entitlement(EntitlementKind.MEDICAL_AID, identity.value, day, None))
    if drawing.random() < 0.1:  # noqa: PLR2004
        kind = drawing.choice(
            [
                EntitlementKind.CIVIL_SERVANT,
                EntitlementKind.ENTERPRISE_SUPPLEMENT,
                EntitlementKind.DISABLED_VETERAN,
            ]
        )
        found.append(Entitlement(kind, "", day, None))
    return tuple(found)


def _fen(drawing: random.Random) -> int:
    return drawing.randint(0, drawing.choice(_MAGNITUDES))


def _amounts(drawing: random.Random) -> Amounts:
    full, over, prior, in_scope = (_fen(drawing) for _ in range(4))
    return Amounts(
        total=full + 1 + over + prior + in_scope,
        full_self_pay=full + 1,
        over_limit=over,
        prior_self_pay=prior,
        in_scope=in_scope,
    )


def _sums(drawing: random.Random) -> Accumulators:
    """Returns sums that settlements can have led to: parts within their wholes."""
    if drawing.random() < 0.3:  # noqa: PLR2004
        return Accumulators()
    inpatient, outpatient, chronic = (_fen(drawing) for _ in range(3))
    return Accumulators(
        inpatient_in_scope=inpatient,
        inpatient_deductible=drawing.randint(0, inpatient),
        inpatient_count=drawing.randint(0, 4),
        outpatient_in_scope=outpatient,
        outpatient_deductible=drawing.randint(0, outpatient),
        outpatient_fund=drawing.randint(0, outpatient),
        chronic_in_scope=chronic,
        chronic_deductible=drawing.randint(0, chronic),
        chronic_fund=drawing.randint(0, chronic),
        fund_pooled=drawing.randint(0, inpatient),
        fund_large_amount=_fen(drawing),
        large_amount_base=_fen(drawing),
        fund_critical_illness=_fen(drawing),
        critical_illness_base=_fen(drawing),
        medical_aid_base=_fen(drawing),
        fund_medical_aid=_fen(drawing),
        fund_civil_servant=_fen(drawing),
        fund_enterprise_supplement=_fen(drawing),
        fund_disabled_veteran=_fen(drawing),
        fund_other=_fen(drawing),
    )
