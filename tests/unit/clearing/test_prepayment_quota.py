"""Goal: quotas, rates of use, top-ups and policies are exact, at and beside every threshold."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain import quota_states, top_up_states, usage_states
from services.clearing.domain.exhausted import (
    ExhaustedAction,
    ExhaustedPolicy,
    in_force,
    limits_of,
    version_of,
)
from services.clearing.domain.quota import (
    QuotaKey,
    basis_months,
    first_repeated,
    pair_problem,
    propose,
    quota_of,
)
from services.clearing.domain.usage import (
    Thresholds,
    Usage,
    add_up,
    propose_top_up,
    split_top_up,
)
from services.clearing.domain.usage_states import UsageState
from services.clearing.prepayment.servicer import _require_party
from services.clearing.prepayment.terms import deadline_of, load
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit.codes import PROVINCES
from services.kit.errors import NotAllowed
from services.kit.terms_files import TermsRefused
from yijie.clearing.v1 import prepayment_service_pb2

A, B, C = "110000", "310000", "640000"
THRESHOLDS = Thresholds(yellow=Fraction(7, 10), red=Fraction(9, 10))
DAY = date(2026, 3, 20)


def key(insured: str = C, care: str = A, scheme: str = "310") -> QuotaKey:
    return QuotaKey(insured, care, scheme)


@pytest.mark.parametrize(
    ("months", "quota"),
    [
        ((300, 300, 300), 600),
        ((100, 100, 101), 201),  # 2 × 301 ÷ 3 = 200.67
        ((100, 100, 100), 200),
        ((0, 0, 1), 1),  # 0.67
        ((1, 1, 0), 1),  # 1.33
        ((0, 0, 0), 0),
        ((-50, 10, 10), 0),  # refunds outweigh
        ((10**15, 10**15, 10**15 - 1), 2 * 10**15 - 1),  # …999.33
    ],
)
def test_a_quota_is_two_average_months_rounded_half_up(months: tuple[int, ...], quota: int) -> None:
    assert quota_of(months, months_held=2) == quota


def test_half_a_fen_goes_up() -> None:
    assert quota_of((1, 0), months_held=1) == 1
    assert quota_of((3, 0), months_held=1) == 2


def test_the_basis_is_the_last_quarter_of_the_year_before() -> None:
    assert basis_months(2026) == ("2025-10", "2025-11", "2025-12")


def test_a_proposal_has_who_travelled_and_who_does_not_any_more() -> None:
    lines = propose(
        {key(): (30, 30, 30), key(B): (0, 0, 0)}, {key(scheme="390"): 40, key(): 50}, months_held=2
    )
    assert [(x.key, x.in_force_fen, x.quota_fen, x.change_fen) for x in lines] == [
        (key(), 50, 60, 10),
        (key(scheme="390"), 40, 0, -40),
    ]


def test_pairs_between_which_nothing_can_stand() -> None:
    assert pair_problem(key()) == ""
    # 新疆 and 兵团 are two participants; Hong Kong is none.
    assert pair_problem(key("650000", "660000")) == ""
    for bad in (key("810000"), key(care="250000"), key(A, A), key(scheme="320"), key("110105")):
        assert pair_problem(bad)
    assert first_repeated([key(), key(B), key()]) == 2
    assert first_repeated([key(), key(scheme="390")]) is None


@pytest.mark.parametrize(
    ("used", "holding", "state", "bp"),
    [
        (0, 0, UsageState.UNFUNDED, 0),
        (5, -1, UsageState.UNFUNDED, 0),
        (-5, 100, UsageState.NORMAL, 0),
        (6_999, 10_000, UsageState.NORMAL, 6_999),
        (7_000, 10_000, UsageState.YELLOW, 7_000),
        (8_999, 10_000, UsageState.YELLOW, 8_999),
        # 89.9999…% never reads as 90 %.
        (899_999_999_999, 10**12, UsageState.YELLOW, 8_999),
        (9_000, 10_000, UsageState.RED, 9_000),
        (9_999, 10_000, UsageState.RED, 9_999),
        (10_000, 10_000, UsageState.EXHAUSTED, 10_000),
        (25_000, 10_000, UsageState.EXHAUSTED, 25_000),
    ],
)
def test_a_threshold_belongs_to_the_state_that_it_begins(
    used: int, holding: int, state: UsageState, bp: int
) -> None:
    usage = Usage(used_fen=used, holding_fen=holding)
    assert (usage.state(THRESHOLDS), usage.basis_points) == (state, bp)


@given(st.integers(1, 10**12), st.sampled_from([Fraction(7, 10), Fraction(9, 10), Fraction(1)]))
def test_the_amount_of_a_rate_is_the_least_that_reaches_it(holding: int, rate: Fraction) -> None:
    target = Usage(used_fen=0, holding_fen=holding).fen_to(rate)
    assert Fraction(target, holding) >= rate
    assert Fraction(target - 1, holding) < rate


def test_a_care_province_as_a_whole_may_use_all_that_it_holds() -> None:
    usages = {
        (A, C): Usage(used_fen=90, holding_fen=100),
        (B, C): Usage(used_fen=0, holding_fen=100),
        (C, A): Usage(used_fen=7, holding_fen=0),
    }
    whole = add_up(usages)
    assert whole["", C] == Usage(used_fen=90, holding_fen=200)
    assert whole["", A].state(THRESHOLDS) is UsageState.UNFUNDED


def test_a_top_up_brings_the_holding_to_two_months() -> None:
    assert propose_top_up(Usage(used_fen=95, holding_fen=100), months_held=2) == 90
    assert propose_top_up(Usage(used_fen=50, holding_fen=100), months_held=2) == 0
    assert propose_top_up(Usage(used_fen=40, holding_fen=100), months_held=2) == 0


def test_a_top_up_divides_by_what_each_scheme_lacks() -> None:
    by_scheme = {
        "310": Usage(used_fen=100, holding_fen=100),  # lacks 100
        "390": Usage(used_fen=100, holding_fen=150),  # lacks 50
    }
    assert split_top_up(150, by_scheme, months_held=2) == {"310": 100, "390": 50}
    # 66.67 and 33.33: the larger remainder gets the fen.
    assert split_top_up(100, by_scheme, months_held=2) == {"310": 67, "390": 33}
    assert split_top_up(1, by_scheme, months_held=2) == {"310": 1}
    rich = {"310": Usage(used_fen=0, holding_fen=10)}
    with pytest.raises(ValueError, match="lacks"):
        split_top_up(1, rich, months_held=2)


@given(
    st.integers(1, 10**12),
    st.integers(0, 10**11),
    st.integers(0, 10**11),
    st.integers(1, 10**12),
)
def test_the_parts_of_a_top_up_add_up(amount: int, one: int, other: int, used: int) -> None:
    by_scheme = {
        "310": Usage(used_fen=used, holding_fen=one),
        "390": Usage(used_fen=10**12, holding_fen=other),
    }
    parts = split_top_up(amount, by_scheme, months_held=2)
    assert sum(parts.values()) == amount
    assert all(part > 0 for part in parts.values())


@pytest.mark.parametrize("module", [quota_states, top_up_states, usage_states])
def test_the_diagram_is_the_table(module: Any) -> None:
    drawn = {
        (before.strip(), after.strip())
        for line in (module.__doc__ or "").splitlines()
        if "-->" in line
        for before, after in [line.partition(":")[0].split("-->")]
        if "[*]" not in line
    }
    table = {
        (before.value, after.value) for before, ways in module.ALLOWED.items() for after in ways
    }
    assert drawn == table


# --- policies -----------------------------------------------------------------------------------


def policy(
    action: ExhaustedAction, *, begin: date = DAY, without: bool = False, insured: str = C
) -> ExhaustedPolicy:
    return ExhaustedPolicy(
        insured_region_code=insured,
        care_region_code=A,
        action=action,
        without_holding=without,
        begin_date=begin,
    )


BLOCK, WARN, OBSERVE = ExhaustedAction.BLOCK, ExhaustedAction.WARN, ExhaustedAction.OBSERVE


def test_the_latest_begin_holds_and_of_equal_ones_the_last() -> None:
    early, late = date(2026, 3, 1), date(2026, 3, 10)
    of_terms = [policy(BLOCK, begin=early)]
    assert in_force(of_terms, [], today=DAY)[C, A].action is BLOCK
    was_set = [policy(WARN, begin=late), policy(OBSERVE, begin=early)]
    assert in_force(of_terms, was_set, today=DAY)[C, A].action is WARN
    was_set.append(policy(BLOCK, begin=late))
    assert in_force(of_terms, was_set, today=DAY)[C, A].action is BLOCK
    was_set.append(policy(OBSERVE, begin=date(2026, 3, 21)))
    assert in_force(of_terms, was_set, today=DAY)[C, A].action is BLOCK


@pytest.mark.parametrize(
    ("state", "without", "listed"),
    [
        (UsageState.EXHAUSTED, False, True),
        (UsageState.RED, True, False),
        (UsageState.UNFUNDED, False, False),
        (UsageState.UNFUNDED, True, True),
    ],
)
def test_who_is_listed(state: UsageState, without: bool, listed: bool) -> None:
    policies = {(C, A): policy(BLOCK, without=without)}
    found = limits_of(policies, OBSERVE, {(C, A): state})
    assert bool(found) is listed


def test_the_default_lists_the_exhausted_and_nobody_without_a_holding() -> None:
    states = {(B, A): UsageState.UNFUNDED, (C, A): UsageState.EXHAUSTED}
    assert limits_of({}, OBSERVE, states) == ()
    (one,) = limits_of({}, WARN, states)
    assert (one.insured_region_code, one.action) == (C, WARN)
    spared = {(C, A): policy(OBSERVE)}
    assert limits_of(spared, BLOCK, states) == ()
    # Never looked at: nothing is held.
    assert len(limits_of({(C, A): policy(BLOCK, without=True)}, OBSERVE, {})) == 1


def test_a_version_changes_with_the_list() -> None:
    one = limits_of({(C, A): policy(BLOCK)}, OBSERVE, {(C, A): UsageState.EXHAUSTED})
    other = limits_of({(C, A): policy(WARN)}, OBSERVE, {(C, A): UsageState.EXHAUSTED})
    versions = {version_of(()), version_of(one), version_of(other)}
    assert len(versions) == 3
    assert version_of(one) == version_of(tuple(one))


# --- terms --------------------------------------------------------------------------------------


def test_the_terms_are_the_published_figures() -> None:
    rules = load().on(DAY)
    assert (rules.quota_months_held, rules.top_up_months_held) == (2, 2)
    assert rules.thresholds == THRESHOLDS
    assert rules.top_up_working_days == 3
    assert rules.exhausted_action is OBSERVE
    assert rules.exhausted_overrides == ()
    assert deadline_of(2026, rules.quota_fix_deadline) == date(2026, 1, 31)
    assert deadline_of(2026, rules.quota_pay_deadline) == date(2026, 2, 28)
    assert deadline_of(2028, rules.quota_pay_deadline) == date(2028, 2, 29)


OVERRIDE = 'value: [{insured: "640000", care: "110000", action: block, without_holding: true}]'


def written(folder: Path, old: str, new: str) -> Path:
    text = (TERMS_FOLDER / "prepayment.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "prepayment.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_pair_can_be_named_in_the_terms(tmp_path: Path) -> None:
    (one,) = load(written(tmp_path, "value: []", OVERRIDE)).on(DAY).exhausted_overrides
    assert (one.pair, one.action, one.without_holding) == ((C, A), BLOCK, True)
    assert one.maker_id == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: 0.70", "value: 70"),
        ("value: 0.70", "value: 0.95"),
        ("value: 0.90", "value: 1.00"),
        ("value: 2\n", "value: 0\n"),
        ("value: false", "value: 0"),
        ("value: observe", "value: refuse"),
        ("value: []", OVERRIDE.replace('"640000"', '"110000"')),
        ("value: []", OVERRIDE.replace('"640000"', "640000")),
        ("value: []", "value: none"),
        ("{month: 1, day: 31}", "{month: 13, day: 31}"),
        ("window_days: 84", "window_days: 85"),
        ("deviations: 1.2816", "deviations: 1"),
        ("  sizing_months:", "  sizing_month:"),
        ("yellow_rate:", "red_rate:"),
    ],
)
def test_terms_that_are_unclear_are_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(TermsRefused, match=r"prepayment\.yaml"):
        load(written(tmp_path, old, new))


# --- who may ask ----------------------------------------------------------------------------------


class Certified:
    """A call whose certificate names a region and a role."""

    def __init__(self, region: str, role: str = "agency") -> None:
        self._name = f"spiffe://yijie/region/{region}/role/{role}".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


def test_a_province_asks_for_what_names_it() -> None:
    request = prepayment_service_pb2.GetForecastRequest(insured_region_code=C, care_region_code=A)
    for region in (A, C):
        _require_party(Certified(region), request)
    _require_party(Certified("000000", "hub"), request)
    with pytest.raises(NotAllowed):
        _require_party(Certified(B), request)
    with pytest.raises(NotAllowed):
        _require_party(Certified(A), prepayment_service_pb2.ListPrepaymentsRequest())
    with pytest.raises(NotAllowed):
        _require_party(Certified(A, "hospital"), request)
    assert len(PROVINCES) == 32
