"""Goal: every alert fires when it should, and nothing else does; near misses stay quiet.

Method: promtool evaluates all committed rules at once over written series; what is compared is the
whole list of firing alerts, so that an alert that fires beside the one meant is seen too.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from services.observability.check import REPOSITORY, RULES
from services.observability.objectives import alerts, objectives, windows
from services.observability.rules import alert_names
from tests.support.prometheus import binaries

# As text: YAML reads 0x10 as sixteen.
_CASES_FILE = Path(__file__).parent / "alert_cases.yaml"
CASES = yaml.load(_CASES_FILE.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - only text
OTHER = 'care_region="460000", insured_region="650000"'
PAIR = 'care_region="640000", insured_region="130000"'
TIME = "yijie_settlement_round_trip_duration_seconds"
TRIPS = "yijie_settlement_round_trips_total"
FAILURES = "yijie_settlement_round_trip_failures_total"
CALLS = "rpc_server_call_duration_seconds_count"
METHOD = 'rpc_method="yijie.clearing.v1.LedgerService/GetPosition"'


def late(share: float) -> dict[str, str]:
    """1000 bills a minute of one pair, a share of which takes longer than a second."""
    return {
        f'{TIME}_count{{job="settlement", {PAIR}}}': "0+1000x60",
        f'{TIME}_bucket{{job="settlement", le="1.0", {PAIR}}}': f"0+{1000 * (1 - share):.3f}x60",
    }


def failed(share: float, party: str = "hub") -> dict[str, str]:
    """1000 bills a minute of one pair, a share of which fails by somebody's fault."""
    parties = dict.fromkeys(("institution", "care_region", "hub", "insured_region"), 0.0)
    parties[party] = 1000 * share
    return {
        **{
            f'{FAILURES}{{job="settlement", party="{name}", {PAIR}}}': f"0+{count}x60"
            for name, count in parties.items()
        },
        f'{TRIPS}{{job="settlement", outcome="settled", {PAIR}}}': f"0+{1000 * (1 - share)}x60",
        f'{TRIPS}{{job="settlement", outcome="failed", {PAIR}}}': f"0+{1000 * share}x60",
    }


def beside(series: dict[str, str], times: int) -> dict[str, str]:
    """The same, and so many times as many bills of another pair, all well."""
    all_well = {**late(0.0), **failed(0.0)}
    names = {name.partition("{")[0] for name in series}
    return series | {
        name.replace(PAIR, OTHER): f"0+{float(row[2:].partition('x')[0]) * times}x60"
        for name, row in all_well.items()
        if name.partition("{")[0] in names
    }


def calls(share: float, code: str = "INTERNAL", method: str = METHOD) -> dict[str, str]:
    """1000 calls a minute to clearing, a share of which is answered with a code."""
    labels = f'job="clearing", {method}'
    return {
        f'{CALLS}{{{labels}, rpc_response_status_code="OK"}}': f"0+{1000 * (1 - share)}x60",
        f'{CALLS}{{{labels}, rpc_response_status_code="{code}"}}': f"0+{1000 * share}x60",
    }


# When it is looked at: the slow windows wait an hour and more before they tell anybody.
FAST, SLOW = ("1m", "50m"), ("5m", "8h")
SETTLING = "yijie.settlement.v1.SettlementService/Settle"
BURNS = [
    (
        "a twentieth is late",
        FAST,
        late(0.05),
        {"SettlementsLateBurnFast": 1},
    ),
    ("one in a thousand is late, as allowed", FAST, late(0.0009), {}),
    (
        "0.4 % are late for hours",
        SLOW,
        late(0.004),
        {"SettlementsLateBurnSlow": 1},
    ),
    ("0.05 % are late for hours", SLOW, late(0.0005), {}),
    (
        "a twentieth fails by us",
        FAST,
        failed(0.05),
        {"SettlementsFailedBurnFast": 1},
    ),
    ("a twentieth fails by the insured region", FAST, failed(0.05, "insured_region"), {}),
    ("a twentieth fails by the institution", FAST, failed(0.05, "institution"), {}),
    (
        "0.2 % fail by us for hours",
        SLOW,
        failed(0.002),
        {"SettlementsFailedBurnSlow": 1},
    ),
    ("0.02 % fail by us for hours", SLOW, failed(0.0002), {}),
    ("a twentieth of the calls fails by the server", FAST, calls(0.05), {"CallsFailedBurnFast": 1}),
    ("a twentieth of the calls is refused", FAST, calls(0.05, "FAILED_PRECONDITION"), {}),
    (
        "settlement's own answers are judged by party",
        FAST,
        calls(0.05, "UNAVAILABLE", f'rpc_method="{SETTLING}"'),
        {},
    ),
    ("0.2 % of the calls fail for hours", SLOW, calls(0.002), {"CallsFailedBurnSlow": 1}),
    (
        "a twentieth is late for hours: a page is enough, no ticket beside it",
        SLOW,
        late(0.05),
        {"SettlementsLateBurnFast": 1},
    ),
    (
        "one pair of many is late, the country is well",
        FAST,
        beside(late(0.05), 99),
        {"SettlementsLateForPair": 1},
    ),
    (
        "one pair of many fails by us, the country is well",
        SLOW,
        beside(failed(0.02), 99),
        {"SettlementsFailedForPair": 1},
    ),
    (
        "one pair is all that is late, and so much that the country is",
        FAST,
        beside(late(0.9), 9),
        {"SettlementsLateBurnFast": 1, "SettlementsLateForPair": 1},
    ),
    (
        "a twentieth fails by us, behind ten times as much that nobody could settle",
        FAST,
        {
            **failed(0.05),
            f'{TRIPS}{{job="settlement", outcome="failed", {PAIR}}}': "0+10050x60",
            f'{FAILURES}{{job="settlement", party="institution", {PAIR}}}': "0+10000x60",
        },
        {"SettlementsFailedBurnFast": 1},
    ),
    (
        "one call of twenty fails at night",
        FAST,
        {
            f'{CALLS}{{job="clearing", {METHOD}, rpc_response_status_code="OK"}}': "0+1x60",
            f'{CALLS}{{job="clearing", {METHOD}, rpc_response_status_code="INTERNAL"}}': (
                "0x20 1x26 2x20"
            ),
        },
        {},
    ),
    (
        "nine of ten bills of a pair with few bills are late",
        FAST,
        {
            **late(0.0),
            f'{TIME}_count{{job="settlement", care_region="460000", insured_region="650000"}}': (
                "0x30 4x60"
            ),
            f'{TIME}_bucket{{job="settlement", le="1.0", care_region="460000",'
            ' insured_region="650000"}': "0x60",
        },
        {},
    ),
]


def group(title: str, every: str, at: str, series: dict[str, str], firing: dict[str, int]):
    """A test of promtool: exactly these alerts fire, each so often."""
    return {
        "name": title,
        "interval": every,
        "input_series": [
            {"series": name, "values": str(values)} for name, values in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": at,
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": count}
                    for name, count in sorted(firing.items())
                ],
            }
        ],
    }


def scaled(series: dict[str, str], every: str) -> dict[str, str]:
    """The same rates where a sample stands for five minutes."""
    if every != "5m":
        return series
    return {
        name: "0+" + f"{5 * float(values[2:].partition('x')[0]):.3f}" + "x110"
        for name, values in series.items()
    }


def run_promtool(folder: Path, every: str, groups: list[dict], files: list[str]) -> None:
    path = folder / f"tests-{every}.yaml"
    tests = {
        "rule_files": [str(REPOSITORY / RULES / f"{name}.yaml") for name in files],
        "evaluation_interval": every,
        "tests": groups,
    }
    path.write_text(yaml.safe_dump(tests, sort_keys=False), encoding="utf-8")
    done = subprocess.run(
        [binaries().promtool, "test", "rules", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_its_cases():
    burning = {name for name in alert_names(objectives(), windows(), ()) for _ in objectives()}
    fired = {name for *_, firing in BURNS for name in firing}
    assert burning == fired
    assert set(CASES) == {alert.name for alert in alerts()}
    assert all({"at", "fires", "quiet"} <= set(case) for case in CASES.values())


def test_promtool_takes_every_file():
    paths = [str(path) for path in sorted((REPOSITORY / RULES).glob("*.yaml"))]
    done = subprocess.run(
        [binaries().promtool, "check", "rules", "--lint=all", "--lint-fatal", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_single_alerts_fire_and_do_not(tmp_path):
    for every in {case.get("every", "1m") for case in CASES.values()}:
        groups = []
        for name, case in CASES.items():
            if case.get("every", "1m") == every:
                # An alert that was on before stands there as a series.
                given = {"SettlementsFailedBurnFast": 1} if "ALERTS" in str(case["quiet"]) else {}
                fires = group(f"{name} fires", every, case["at"], case["fires"], {name: 1})
                quiet = group(f"{name} is quiet", every, case["at"], case["quiet"], given)
                groups += [fires, quiet]
        run_promtool(tmp_path, every, groups, [*CASES])


@pytest.mark.parametrize("every", ["1m", "5m"])
def test_burning_budgets_are_told(tmp_path, every):
    groups = [
        group(title, interval, at, scaled(series, interval), firing)
        for title, (interval, at), series, firing in BURNS
        if interval == every
    ]
    burning = alert_names(objectives(), windows(), ())
    run_promtool(tmp_path, every, groups, [*burning, "recording-*"])


def test_shares_weigh_every_bill_the_same(tmp_path):
    """100 of 1000 bills a minute are late in one pair, none of 100 in another: 100 of 1100."""
    series = {
        **late(0.1),
        f'{TIME}_count{{job="settlement", {OTHER}}}': "0+100x60",
        f'{TIME}_bucket{{job="settlement", le="1.0", {OTHER}}}': "0+100x60",
        **failed(0.02),
        f'yijie_settlement_slow_round_trips_total{{job="a", party="hub", {PAIR}}}': "0+25x60",
        f'yijie_settlement_slow_round_trips_total{{job="b", party="insured_region", {PAIR}}}': (
            "0+75x60"
        ),
    }
    pair = 'care_region="640000",insured_region="130000"'
    parties = "hub:yijie_settlement_late_parties:rate5m"
    # Ten thousandths, for promtool compares to the last bit.
    expected = {
        "hub:yijie_settlement_late:ratio_rate30m": {"{}": 909},
        "hub:yijie_settlement_late:ratio_rate1h": {"{}": 909},
        f"pair:yijie_settlement_late:ratio_rate30m{{{pair}}}": {f"{{{pair}}}": 1000},
        "hub:yijie_settlement_failed:ratio_rate30m": {"{}": 200},
        # As the dashboard asks who used the budget.
        f"sum by (party) (avg_over_time({parties}[30m]))"
        " / scalar(sum(avg_over_time(hub:yijie_settlement_late_events:rate5m[30m]))) ": {
            '{party="hub"}': 227,
            '{party="insured_region"}': 682,
        },
    }
    tests = {
        "name": "shares",
        "interval": "1m",
        "input_series": [{"series": name, "values": row} for name, row in series.items()],
        "promql_expr_test": [
            {
                "expr": f"round(10000 * ({expr}))",
                "eval_time": "50m",
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in samples.items()
                ],
            }
            for expr, samples in expected.items()
        ],
    }
    run_promtool(tmp_path, "1m", [tests], ["recording-*"])
