"""Random cases over every shipped pack; `yijie policy prove` runs many more."""

from __future__ import annotations

from services.proving.policy.prove import prove
from tests.policy.bills import policy

CASES = 6_000


def test_random_cases_violate_no_property():
    proof = prove(policy(), cases=CASES, seed=20261122)
    assert proof.violations == []
    assert proof.cases == CASES
    # Neither mostly refused nor mostly unknown to the oracle.
    assert proof.computed > CASES / 2
    assert proof.compared > CASES / 2


def test_every_file_of_every_pack_is_drawn():
    files = {f"{s.region_code} {s.scheme_code} {s.setting.value}" for s in policy().snapshots()}
    assert set(prove(policy(), cases=2 * len(files), seed=7).by_file) == files
