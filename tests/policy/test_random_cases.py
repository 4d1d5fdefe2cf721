"""Random cases over every shipped pack; `yijie policy prove` runs many more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.benefits.domain.model import Entitlement, EntitlementKind
from services.proving.policy.prove import prove
from services.proving.policy.sequences import Ledger, check_limits, check_settled
from tests.policy.bills import bill, policy
from tests.support.packs import REGION, pack_tree, policy_of

CASES = 6_000


def test_random_cases_violate_no_property():
    proof = prove(policy(), cases=CASES, seed=20261122)
    assert proof.violations == []
    assert proof.cases == CASES
    # Not mostly refused, and none unknown to the formulas.
    assert proof.computed > CASES / 2
    assert proof.compared == proof.computed
    assert proof.bills > CASES / 4


def test_every_file_of_every_pack_is_drawn():
    files = {f"{s.region_code} {s.scheme_code} {s.setting.value}" for s in policy().snapshots()}
    assert set(prove(policy(), cases=2 * len(files), seed=7).by_file) == files


def test_a_sequence_that_pays_too_much_is_noticed():
    rules = policy_of(pack_tree(setting="chronic", steps="deductible, segments, disease_limit"))
    disease = Entitlement(EntitlementKind.CHRONIC_DISEASE, "M03900", date(2020, 1, 1), None)
    ledger = Ledger(rules, entitlements=(disease,))
    case = bill(
        REGION, in_scope=120000, care="650102", medical_type="14", disease="M03900", person="11"
    )
    standing = ledger.standing(case)
    outcome = ledger.settle(case)
    # 1,100 after the deductible: 500 + 80 of 500, the limit.
    assert (outcome.deductible, outcome.fund_total) == (10000, 50000)
    assert list(check_limits(ledger)) == []
    assert list(check_settled(rules, case, standing, outcome)) == []
    # The same again, as if the first had not been.
    again = replace(outcome, causes=replace(outcome.causes, share=0))
    ledger.booked.append(ledger.booked[0])
    assert len(list(check_limits(ledger))) == 1
    assert len(list(check_settled(rules, case, ledger.standing(case), outcome))) == 2
    found = list(check_settled(rules, case, standing, again))
    assert found[0].startswith("identities: causes add up")
