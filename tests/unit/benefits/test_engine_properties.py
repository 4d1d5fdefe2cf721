"""What holds for any bill by any pack that can be written, not only by those that are shipped."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.benefits.domain.adjudicate import NO_PARTS, Earlier, adjudicate, find_snapshot
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    SUM_NAMES,
    Accumulators,
    AidIdentity,
    BenefitLevel,
    Circumstances,
    Entitlement,
    EntitlementKind,
    LongTermEvidence,
    Purse,
    Setting,
    Tally,
)
from services.proving.policy import oracle
from services.proving.policy.compare import differences
from services.proving.policy.sequences import Ledger, check_limits, check_settled
from tests.policy.bills import bill
from tests.support.packs import REGION, pack_tree, policy_of

FUNDS = (
    "large_amount",
    "critical_illness",
    "civil_servant",
    "enterprise_supplement",
    "disabled_veteran",
    "medical_aid",
    "other_fund",
)
MEDICAL_TYPES = {"inpatient": "21", "outpatient": "11", "chronic": "14", "pharmacy": "41"}
YEAR_ENDS = {"year_end": st.sampled_from(["one_bill", "split_by_days"])}
DISEASES = ["M03900", "M01600"]
BURDENS = ["away_self_pay", "deductible", "share", "above_cap"]
PARTS = ["in_scope", "prior_self_pay", "over_limit", "full_self_pay"]
fen = st.one_of(st.integers(0, 300), st.integers(0, 300_000), st.integers(0, 30_000_000))
yuan = st.integers(0, 400_000).map(lambda amount: f"{amount // 100}.{amount % 100:02}")
ratio = st.integers(0, 100).map(lambda percent: f"{percent / 100:.2f}")


def some(items):
    return st.lists(st.sampled_from(items), min_size=1, unique=True).map(
        lambda chosen: f"[{', '.join(chosen)}]"
    )


@st.composite
def scale(draw):
    bounds = sorted(draw(st.sets(st.integers(1, 5000), max_size=3)))
    return ", ".join(f"{{above: {bound}.00, ratio: {draw(ratio)}}}" for bound in (0, *bounds)).join(
        "[]"
    )


@st.composite
def packs(draw, settings=tuple(MEDICAL_TYPES)):
    """Setting and files of a pack of employees."""
    setting = draw(st.sampled_from(settings))
    steps = ["deductible", "segments"]
    if draw(st.booleans()):
        steps.insert(0, "away_self_pay")
    if setting == "chronic" and draw(st.booleans()):
        steps.append("disease_limit")
    funds = draw(st.permutations(FUNDS))
    if draw(st.booleans()):
        steps.append("pooled_cap")
    # large_amount needs a cap, and does not go with the limit of a disease.
    has_excess = "pooled_cap" in steps and "disease_limit" not in steps
    funds = [fund for fund in funds if has_excess or fund != "large_amount"]
    steps += [*funds, "account"]
    modes = ["per_stay", "per_year", "per_quarter", "per_month", "per_hospital", "top_up"]
    values = {
        "rounding": st.sampled_from(["half_up", "down"]),
        "deductible.mode": st.sampled_from(modes),
        "deductible.amount": yuan,
        "segments.basis": st.sampled_from(["cost", "base", "fund"]),
        "segments.span": st.sampled_from(["stay", "year"]),
        "segments.scale": scale(),
        "reduction.mode": st.sampled_from(["points", "factor"]),
        "reduction.applies_to": some(
            [step for step in ("segments", "large_amount", "critical_illness") if step in steps]
        ),
        "reduction.filed": ratio,
        "reduction.unfiled": ratio,
        "reduction.two_way": ratio,
        "reduction.two_way_commitment": st.sampled_from(["as_documented", "as_unfiled"]),
        "account.pays": some(PARTS),
        "account.family_pays": some(PARTS),
    }
    if "away_self_pay" in steps:
        values["away_self_pay.ratio"] = ratio
    if "disease_limit" in steps:
        kinds = ["fund", "in_scope", "total", "fund_quota"]
        values |= {
            "disease_limit.type": st.sampled_from(kinds),
            "disease_limit.amount": yuan,
            "disease_limit.period": st.sampled_from(["year", "quarter", "month"]),
        }
    if "pooled_cap" in steps:
        values |= {
            "pooled_cap.amount": yuan,
            "pooled_cap.basis": st.sampled_from(["fund", "cost"]),
            "pooled_cap.counts": st.sampled_from(["setting", "scheme"]),
        }
    for fund in funds:
        values[f"{fund}.scale"] = scale()
        values[f"{fund}.cap"] = st.one_of(st.just("unlimited"), yuan)
        if fund == "critical_illness":
            values[f"{fund}.threshold"] = yuan
            values[f"{fund}.basis"] = st.sampled_from(["burden", "above_threshold"])
            values[f"{fund}.deductible_counts"] = st.sampled_from(["true", "false"])
        elif fund != "large_amount":
            values[f"{fund}.counts"] = some(BURDENS)
    values |= YEAR_ENDS if setting == "inpatient" else {}
    parameters = {path: draw(values[path]) for path in values}
    year = draw(st.sampled_from(["calendar", "july"]))
    return setting, pack_tree(
        parameters, setting=setting, steps=", ".join(steps), benefit_year=year
    )


@st.composite
def circumstances(draw):
    kinds = draw(st.sets(st.sampled_from(EntitlementKind)))
    aid = [identity.value for identity in AidIdentity if identity is not AidIdentity.NONE]
    codes = {EntitlementKind.MEDICAL_AID: draw(st.sampled_from(aid))}
    held = {(kind, codes.get(kind, "")) for kind in kinds - {EntitlementKind.CHRONIC_DISEASE}}
    held |= {(EntitlementKind.CHRONIC_DISEASE, disease) for disease in DISEASES}
    tallies = draw(
        st.lists(
            st.builds(
                Tally,
                benefit_year=st.sampled_from([2025, 2026]),
                month=st.integers(1, 12),
                setting=st.sampled_from(Setting),
                institution_code=st.sampled_from(["", "H65010000001"]),
                disease_code=st.sampled_from(["", *DISEASES]),
                same_stay=st.booleans(),
                count=st.integers(0, 2),
                total=fen,
                in_scope=fen,
                deductible=fen,
                fund=fen,
            ),
            max_size=4,
        )
    )
    return Circumstances(
        entitlements=tuple(
            Entitlement(kind, code, date(2020, 1, 1), None) for kind, code in sorted(held, key=str)
        ),
        tallies=tuple(tallies),
        relatives=tuple(
            Purse(UUID(int=index), balance)
            for index, balance in enumerate(draw(st.lists(fen, max_size=3)))
        ),
    )


@st.composite
def sums(draw):
    """Sums that settlements can have led to: no more deducted than was in scope."""
    found = {name: draw(fen) for name in SUM_NAMES} | {"inpatient_count": draw(st.integers(0, 5))}
    for setting in ("inpatient", "outpatient", "chronic"):
        found[f"{setting}_deductible"] = draw(st.integers(0, found[f"{setting}_in_scope"]))
    return Accumulators(**found)


@st.composite
def parts_before(draw, setting):
    """What earlier parts of the stay took, if it has any."""
    if setting != "inpatient" or draw(st.booleans()):
        return NO_PARTS
    in_scope = draw(fen)
    return Earlier(
        in_scope=in_scope,
        deductible=draw(st.integers(0, in_scope)),
        fund=draw(st.integers(0, in_scope)),
        stays_counted=1,
        stays_before=draw(st.integers(0, 4)),
    )


@st.composite
def bills(draw, setting):
    in_scope, prior, over, full = (draw(fen) for _ in range(4))
    return bill(
        REGION,
        in_scope=in_scope,
        prior=prior,
        over=over,
        full=full + 1,
        care=draw(st.sampled_from(["650102", "652300", "640104"])),
        medical_type=MEDICAL_TYPES[setting],
        benefit_level=draw(st.sampled_from(BenefitLevel)),
        evidence=draw(st.sampled_from(LongTermEvidence)),
        disease=draw(st.sampled_from(DISEASES)) if setting == "chronic" else "",
        institution="H65010000001",
        use_account=True,
    )


@given(packs(), circumstances(), sums(), fen, st.data())
def test_any_bill_by_any_pack(pack, held, before, balance, data):
    setting, tree = pack
    case, earlier = data.draw(bills(setting)), data.draw(parts_before(setting))
    snapshot = find_snapshot(policy_of(tree), case)
    outcome = adjudicate(case, snapshot, before, balance, earlier, circumstances=held)
    check_identities(outcome)
    assert outcome == adjudicate(case, snapshot, before, balance, earlier, circumstances=held)
    wanted = oracle.expected(case, snapshot, before, held, earlier=earlier, balance=balance)
    assert list(differences(outcome, wanted)) == []
    # Every fund is in one sum of the year, and every sum grows.
    delta = outcome.delta
    assert min(astuple(delta)) >= 0
    pooled = delta.fund_pooled + delta.outpatient_fund + delta.chronic_fund
    assert outcome.fund_total == pooled + sum(
        getattr(delta, f"fund_{name}".removesuffix("_fund")) for name in FUNDS
    )
    # Each purse gives what it has, and the patient pays no part twice.
    assert outcome.account_pay <= outcome.patient_total
    purses = {purse.person_id: purse.balance for purse in held.relatives}
    assert all(paid <= purses[holder] for holder, paid in outcome.family_payments)
    # The trace ends the pooled fund with the amount that counts.
    results = {step.code: step.result_fen for step in outcome.steps}
    last = next(code for code in ("pooled_cap", "disease_limit", "pooled_fund") if code in results)
    assert results[last] == pooled
    assert all(step.name_zh and step.name_en for step in outcome.steps)


@given(packs(("chronic", "chronic", "inpatient", "outpatient")), circumstances(), fen, st.data())
def test_bills_one_after_another_stay_within_what_a_period_allows(pack, held, balance, data):
    setting, tree = pack
    rules = policy_of(tree)
    ledger = Ledger(
        rules, balance=balance, relatives=held.relatives, entitlements=held.entitlements
    )
    # Often over the end of a year, of either kind.
    ends = st.sampled_from([date(2025, 6, 25), date(2025, 12, 27)])
    day, stay = data.draw(st.one_of(ends, st.dates(date(2025, 1, 1), date(2026, 6, 30)))), 0
    for _ in range(data.draw(st.integers(2, 7))):
        if ledger.booked and data.draw(st.integers(0, 4)) == 0:
            ledger.take_back(data.draw(st.integers(0, len(ledger.booked) - 1)))
            continue
        begin, day = day, day + timedelta(days=data.draw(st.sampled_from([0, 1, 12, 40])))
        stay += data.draw(st.integers(0, 1))
        case = replace(
            data.draw(bills(setting)),
            begin_date=begin if setting == "inpatient" else day,
            end_date=day,
            stay_id=str(UUID(int=stay)),
            institution_code=data.draw(st.sampled_from(["", "H65010000001"])),
        )
        standing = ledger.standing(case)
        outcome = ledger.settle(case)
        assert list(check_settled(rules, case, standing, outcome)) == []
        assert list(check_limits(ledger)) == []
