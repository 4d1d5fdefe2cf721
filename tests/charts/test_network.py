"""Goal: who may open a connection to whom is the architecture, and nothing else.

Method: a small reading of NetworkPolicy (labels, namespaces, ports; rules are a union, a selected
pod is denied by default) is asked about every pair of pods, both sides, instead of comparing text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.charts.render import (
    CASES,
    NAMESPACE,
    POSTGRES,
    RELEASE,
    SERVICES,
    SINGLE,
    UMBRELLA,
    Case,
    Manifest,
    manifests,
    of_kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS: Final = {
    "settlement": {"identity", "filing", "catalogue", "supervision", "benefits", "clearing"},
    "clearing": {"settlement", "benefits"},
    "supervision": {"settlement", "identity", "filing", "clearing", "catalogue", "benefits"},
    "filing": {"identity", "settlement"},
    "provinces": {"identity", "filing", "catalogue", "settlement", "clearing", "supervision"},
}
"""The architecture: who calls whom. Clearing and supervision follow the feed of settlement, filing
its admissions, supervision the signals of identity; filing asks identity who is insured where;
clearing reconciles with the insured regions; settlement polls clearing for limits; supervision
brings clearing its final decisions, asks filing how many filings succeed, and seals what all of
them tell into the audit chain."""

GRPC: Final = 50051
METRICS: Final = 9464
POSTGRESQL: Final = 5432
OTLP: Final = 4317
PORTS: Final = {"grpc": GRPC, "metrics": METRICS}


@dataclass(frozen=True, slots=True)
class Pod:
    """One end of a connection."""

    labels: tuple[tuple[str, str], ...]
    namespace: str = NAMESPACE


def _pod(labels: Manifest, namespace: str = NAMESPACE) -> Pod:
    return Pod(tuple(sorted(labels.items())), namespace)


PROVINCE: Final = Pod((), "province-gateway")
PROMETHEUS: Final = Pod((), "monitoring")
COLLECTOR: Final = Pod((), "observability")
RESOLVER: Final = Pod((("k8s-app", "kube-dns"),), "kube-system")
STRANGER: Final = Pod((("app", "stranger"),))
OUTSIDER: Final = Pod((), "elsewhere")


def _selects(selector: Manifest, labels: tuple[tuple[str, str], ...]) -> bool:
    assert selector.keys() <= {"matchLabels"}
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= dict(labels).items()


def _is_peer(peer: Manifest, pod: Pod) -> bool:
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        namespace = (("kubernetes.io/metadata.name", pod.namespace),)
        if not _selects(peer["namespaceSelector"], namespace):
            return False
    elif pod.namespace != NAMESPACE:
        return False
    return _selects(peer.get("podSelector", {}), pod.labels)


def _lets_through(
    policies: list[Manifest], direction: str, ends: tuple[Pod, Pod], port: int
) -> bool:
    """Whether the policies of `ends[0]` let it talk with `ends[1]`; without any, all is open."""
    own, other = ends
    side = "from" if direction == "Ingress" else "to"
    selected = [
        p["spec"]
        for p in policies
        if direction in p["spec"]["policyTypes"]
        and own.namespace == NAMESPACE
        and _selects(p["spec"]["podSelector"], own.labels)
    ]
    return not selected or any(
        any(_is_peer(peer, other) for peer in rule[side])
        and any(PORTS.get(entry["port"], entry["port"]) == port for entry in rule["ports"])
        for spec in selected
        for rule in spec[direction.lower()]
    )


def _connects(policies: list[Manifest], caller: Pod, callee: Pod, port: int) -> bool:
    return _lets_through(policies, "Egress", (caller, callee), port) and _lets_through(
        policies, "Ingress", (callee, caller), port
    )


def _mesh(case: Case) -> tuple[list[Manifest], dict[str, Pod]]:
    objects = manifests(case)
    policies = list(of_kind(objects, "NetworkPolicy").values())
    pods = {
        name.removeprefix(f"{RELEASE}-"): _pod(d["spec"]["template"]["metadata"]["labels"])
        for name, d in of_kind(objects, "Deployment").items()
    }
    return policies, pods


by_case = pytest.mark.parametrize("case", UMBRELLA, ids=lambda case: case.name)
by_any_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@by_case
def test_calls_are_the_architecture(case: Case) -> None:
    policies, pods = _mesh(case)
    assert pods.keys() == set(SERVICES)
    callers = pods | {
        "provinces": PROVINCE,
        "prometheus": PROMETHEUS,
        "stranger": STRANGER,
        "outsider": OUTSIDER,
    }
    open_calls = {
        (caller, callee)
        for caller, caller_pod in callers.items()
        for callee, callee_pod in pods.items()
        if caller != callee and _connects(policies, caller_pod, callee_pod, GRPC)
    }
    assert open_calls == {(caller, callee) for caller in CALLS for callee in CALLS[caller]}


@by_case
def test_targets_are_the_architecture(case: Case) -> None:
    """Each callee's target names a Service that exists and that selects that callee's pods."""
    objects = manifests(case)
    services = of_kind(objects, "Service")
    for service in SERVICES:
        data = of_kind(objects, "ConfigMap")[f"{RELEASE}-{service}"]["data"]
        targets = {
            name.removeprefix("YIJIE_").removesuffix("_TARGET").lower(): value
            for name, value in data.items()
            if name.endswith("_TARGET")
        }
        if "YIJIE_BENEFITS_ROUTES" in data:
            targets["benefits"] = data["YIJIE_BENEFITS_ROUTES"].removeprefix("*=")
        assert targets.keys() == CALLS.get(service, set())
        for callee, target in targets.items():
            host, port = target.removeprefix("dns:///").split(":")
            assert services[host]["spec"]["selector"]["app.kubernetes.io/name"] == callee
            assert int(port) in {p["port"] for p in services[host]["spec"]["ports"]}


@by_case
def test_only_monitoring_reads_metrics(case: Case) -> None:
    policies, pods = _mesh(case)
    for pod in pods.values():
        assert _connects(policies, PROMETHEUS, pod, METRICS)
        assert not _connects(policies, PROVINCE, pod, METRICS)
        assert not any(_connects(policies, other, pod, METRICS) for other in pods.values())


@by_case
def test_ways_out(case: Case) -> None:
    """To its own database, the resolver and, if there is one, the collector; nowhere else."""
    policies, pods = _mesh(case)
    for service, pod in pods.items():
        for owner in SERVICES:
            database = Pod((("cnpg.io/cluster", f"{RELEASE}-{owner}-pg"),))
            assert _connects(policies, pod, database, POSTGRESQL) is (owner == service)
        assert _connects(policies, pod, RESOLVER, 53)
        assert _connects(policies, pod, COLLECTOR, OTLP) is (case is UMBRELLA[2])
        assert not _connects(policies, pod, OUTSIDER, 443)


@by_case
def test_migration_reaches_its_database_only(case: Case) -> None:
    policies, pods = _mesh(case)
    for name, job in of_kind(manifests(case), "Job").items():
        migration = _pod(job["spec"]["template"]["metadata"]["labels"])
        database = Pod((("cnpg.io/cluster", f"{name.removesuffix('-migrate')}-pg"),))
        assert _connects(policies, migration, database, POSTGRESQL)
        assert _connects(policies, migration, RESOLVER, 53)
        assert not any(_connects(policies, migration, pod, GRPC) for pod in pods.values())
        assert not any(_connects(policies, pod, migration, GRPC) for pod in pods.values())


@pytest.mark.parametrize("case", POSTGRES, ids=lambda case: case.name)
def test_databases_admit_their_service_only(case: Case) -> None:
    policies = list(of_kind(manifests(case), "NetworkPolicy").values())
    _, pods = _mesh(UMBRELLA[0])
    for owner in SERVICES:
        database = Pod((("cnpg.io/cluster", f"{RELEASE}-{owner}-pg"),))
        admitted = {s for s, pod in pods.items() if _connects(policies, pod, database, POSTGRESQL)}
        assert admitted == {owner}
        assert _connects(policies, database, database, POSTGRESQL)


def test_region_release_admits_the_hub_only() -> None:
    policies, pods = _mesh(SINGLE[2])
    hub = {"app.kubernetes.io/name": "settlement", "app.kubernetes.io/component": "server"}
    assert _connects(policies, _pod(hub, "yijie"), pods["benefits"], GRPC)
    assert not _connects(policies, _pod(hub, "elsewhere"), pods["benefits"], GRPC)
    assert not _connects(policies, Pod((), "yijie"), pods["benefits"], GRPC)


def _rules(objects: tuple[Manifest, ...]) -> Iterator[tuple[str, Manifest]]:
    for policy in of_kind(objects, "NetworkPolicy").values():
        assert policy["spec"]["podSelector"]["matchLabels"]
        for direction, side in (("Ingress", "from"), ("Egress", "to")):
            if direction in policy["spec"]["policyTypes"]:
                yield from ((side, rule) for rule in policy["spec"][direction.lower()])


@by_any_case
def test_no_rule_means_everybody(case: Case) -> None:
    """In a NetworkPolicy an absent or empty list, and an empty selector, mean all of them."""
    for side, rule in _rules(manifests(case)):
        assert rule.keys() == {side, "ports"}
        assert rule["ports"]
        assert rule[side]
        for peer in rule[side]:
            assert peer
            assert all(selector for selector in peer.values())
            assert peer.get("ipBlock", {}).get("cidr") not in {"0.0.0.0/0", "::/0"}


@by_case
def test_every_pod_has_both_directions(case: Case) -> None:
    policies, pods = _mesh(case)
    for pod in pods.values():
        selected = [p for p in policies if _selects(p["spec"]["podSelector"], pod.labels)]
        assert [p["spec"]["policyTypes"] for p in selected] == [["Ingress", "Egress"]]
