"""Goal: each pod starts, serves, drains and is watched as its service expects, without rights.

Method: reads the rendered umbrella as Kubernetes would and compares it with the contracts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.charts.render import (
    CASES,
    CHARTS,
    NINGXIA,
    RELEASE,
    ROOT,
    SERVICES,
    SINGLE,
    UMBRELLA,
    Case,
    Manifest,
    manifests,
    of_kind,
    parse,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CLEANUP_S: Final = 10
"""What closing the pool and flushing telemetry may take after the calls in flight."""

by_case = pytest.mark.parametrize("case", [*UMBRELLA, NINGXIA, *SINGLE], ids=lambda case: case.name)
by_service = pytest.mark.parametrize("service", SERVICES)


def _deployment(service: str, case: Case = UMBRELLA[0]) -> Manifest:
    return of_kind(manifests(case), "Deployment")[f"{RELEASE}-{service}"]


def _server(service: str) -> Manifest:
    containers = _deployment(service)["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 1
    server: Manifest = containers[0]
    return server


def _pods(objects: tuple[Manifest, ...]) -> Iterator[Manifest]:
    for manifest in objects:
        if manifest["kind"] in {"Deployment", "Job"}:
            yield manifest["spec"]["template"]


def _proto_service(service: str) -> str:
    text = (ROOT / f"protos/yijie/{service}/v1/{service}_service.proto").read_text(encoding="utf-8")
    package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    names = re.findall(r"^service (\w+)", text, re.MULTILINE)
    assert package
    assert len(names) == 1
    return f"{package[1]}.{names[0]}"


@by_service
def test_runs_its_service(service: str) -> None:
    assert _server(service)["command"] == ["yijie", "serve", service]
    job = of_kind(manifests(UMBRELLA[0]), "Job")[f"{RELEASE}-{service}-migrate"]
    migrate = job["spec"]["template"]["spec"]["containers"][0]
    assert migrate["command"] == ["yijie", "migrate", service]
    assert migrate["image"] == _server(service)["image"]


@by_service
def test_probes(service: str) -> None:
    server = _server(service)
    assert server["readinessProbe"]["grpc"] == {"port": 50052, "service": _proto_service(service)}
    for probe in ("startupProbe", "livenessProbe"):
        assert server[probe]["grpc"] == {"port": 50052, "service": "live"}


@by_case
def test_drains(case: Case) -> None:
    config = of_kind(manifests(case), "ConfigMap")
    for name, deployment in _deployments(manifests(case)):
        assert deployment["spec"]["strategy"] == {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        }
        pod = deployment["spec"]["template"]["spec"]
        assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
        drain = (
            5,
            *(int(config[name]["data"][f"YIJIE_DRAIN_{part}_S"]) for part in ("DELAY", "GRACE")),
        )
        assert pod["terminationGracePeriodSeconds"] == 40 >= sum(drain) + CLEANUP_S


@by_case
def test_pods_have_no_rights(case: Case) -> None:
    for template in _pods(manifests(case)):
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert container["resources"]["limits"].keys() == {"memory"}
        writable = [v["name"] for v in pod["volumes"] if "emptyDir" in v]
        assert writable == ["tmp"]
        assert "sizeLimit" in pod["volumes"][0]["emptyDir"]


@by_case
def test_selectors_select_the_servers_alone(case: Case) -> None:
    """Not the migration's pods, which have the same name and release."""
    objects = manifests(case)
    servers = {n: d["spec"]["template"]["metadata"]["labels"] for n, d in _deployments(objects)}
    migrations = [j["spec"]["template"]["metadata"]["labels"] for _, j in _jobs(objects)]
    for name, deployment in _deployments(objects):
        service = of_kind(objects, "Service")[f"{name}-headless"]["spec"]["selector"]
        assert service == deployment["spec"]["selector"]["matchLabels"]
        assert "helm.sh/chart" not in service
        assert [n for n, labels in servers.items() if service.items() <= labels.items()] == [name]
        assert not [labels for labels in migrations if service.items() <= labels.items()]


def _deployments(objects: tuple[Manifest, ...]) -> list[tuple[str, Manifest]]:
    return list(of_kind(objects, "Deployment").items())


def _jobs(objects: tuple[Manifest, ...]) -> list[tuple[str, Manifest]]:
    return list(of_kind(objects, "Job").items())


@by_service
def test_service_is_headless(service: str) -> None:
    spec = of_kind(manifests(UMBRELLA[0]), "Service")[f"{RELEASE}-{service}-headless"]["spec"]
    assert spec["clusterIP"] == "None"
    assert spec["publishNotReadyAddresses"] is False
    ports = {p["name"]: (p["port"], p["appProtocol"]) for p in spec["ports"]}
    assert ports == {"grpc": (50051, "grpc"), "metrics": (9464, "http")}
    assert {p["name"]: p["containerPort"] for p in _server(service)["ports"]} == {
        "grpc": 50051,
        "probe": 50052,
        "metrics": 9464,
    }


@by_case
def test_replicas_belong_to_the_autoscaler_or_to_us(case: Case) -> None:
    objects = manifests(case)
    scalers = of_kind(objects, "HorizontalPodAutoscaler")
    for name, deployment in _deployments(objects):
        assert ("replicas" in deployment["spec"]) is (name not in scalers)
    for name, scaler in scalers.items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == name
        assert scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]


def test_prod_scales_what_a_bill_touches() -> None:
    scaled = of_kind(manifests(UMBRELLA[2]), "HorizontalPodAutoscaler").keys()
    touched = {"identity", "filing", "supervision", "settlement", "benefits"}
    assert scaled == {f"{RELEASE}-{service}" for service in touched}


@by_service
def test_leaves_one_at_a_time_and_spreads(service: str) -> None:
    budget = of_kind(manifests(UMBRELLA[2]), "PodDisruptionBudget")[f"{RELEASE}-{service}"]
    assert budget["spec"]["maxUnavailable"] == 1
    assert "minAvailable" not in budget["spec"]
    constraints = _deployment(service)["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [c["topologyKey"] for c in constraints] == [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    ]


def test_configuration_rolls_the_pods() -> None:
    """dev and default differ in the log level, default and prod for clearing in the collector."""
    sums = {_checksum(_deployment("clearing", case)) for case in UMBRELLA}
    assert len(sums) == 3


def _checksum(deployment: Manifest) -> Any:
    return deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]


@by_case
def test_secret_files_are_where_the_settings_say(case: Case) -> None:
    objects = manifests(case)
    config = of_kind(objects, "ConfigMap")
    for name, deployment in _deployments(objects):
        pod = deployment["spec"]["template"]["spec"]
        files = {v for k, v in config[name]["data"].items() if k.endswith("_FILE")}
        assert files == _mounted(pod)
    for _, job in _jobs(objects):
        pod = job["spec"]["template"]["spec"]
        env = {e["name"]: e["value"] for e in pod["containers"][0]["env"]}
        assert {env["YIJIE_DSN_FILE"]} == _mounted(pod)


def _mounted(pod: Manifest) -> set[str]:
    where = {m["name"]: m for m in pod["containers"][0]["volumeMounts"]}["secrets"]
    assert where["readOnly"] is True
    volume = next(v["projected"] for v in pod["volumes"] if v["name"] == "secrets")
    assert volume["defaultMode"] == 0o440
    items = [i["path"] for s in volume["sources"] for o in s.values() for i in o["items"]]
    return {f"{where['mountPath']}/{path}" for path in items}


def test_keys_that_sign_rules_are_mounted_where_they_are_given() -> None:
    values = {"supervision": {"keys": {"secret": {"ruleKeys": "rule-keys"}}}}
    objects = parse(render(CHARTS / "yijie", values))
    name = f"{RELEASE}-supervision"
    path = of_kind(objects, "ConfigMap")[name]["data"]["YIJIE_RULE_KEYS_FILE"]
    assert path in _mounted(of_kind(objects, "Deployment")[name]["spec"]["template"]["spec"])
    default = of_kind(manifests(UMBRELLA[0]), "ConfigMap")[name]["data"]
    assert "YIJIE_RULE_KEYS_FILE" not in default


def test_personal_data_keys_go_where_personal_data_is() -> None:
    config = of_kind(manifests(UMBRELLA[0]), "ConfigMap")
    holders = {name for name, c in config.items() if "YIJIE_DATA_KEY_FILE" in c["data"]}
    assert holders == {
        f"{RELEASE}-{name}"
        for name in ("identity", "filing", "settlement", "benefits", "supervision")
    }
    indexed = {name for name, c in config.items() if "YIJIE_INDEX_KEY_FILE" in c["data"]}
    assert indexed == {f"{RELEASE}-{name}" for name in ("identity", "settlement", "benefits")}


@by_case
def test_migration_needs_nothing_of_the_release(case: Case) -> None:
    """A pre-install hook runs before the release's ConfigMap, account and policies exist."""
    objects = manifests(case)
    for name, job in _jobs(objects):
        notes = job["metadata"]["annotations"]
        assert notes["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert job["spec"].keys() >= {
            "backoffLimit",
            "activeDeadlineSeconds",
            "ttlSecondsAfterFinished",
        }
        pod = job["spec"]["template"]["spec"]
        assert pod["serviceAccountName"] == "default"
        assert "envFrom" not in pod["containers"][0]
        policy = of_kind(objects, "NetworkPolicy")[name]
        assert policy["metadata"]["annotations"]["helm.sh/hook"] == notes["helm.sh/hook"]
        assert int(policy["metadata"]["annotations"]["helm.sh/hook-weight"]) < int(
            notes["helm.sh/hook-weight"]
        )
        labels = job["spec"]["template"]["metadata"]["labels"]
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_postgres_clusters_are_what_the_services_look_for() -> None:
    """Names of the secrets agree between the two charts, and the data outlives both releases."""
    postgres = next(c for c in CASES if c.chart == "yijie-postgres")
    clusters = of_kind(manifests(postgres), "Cluster")
    assert clusters.keys() == {f"{RELEASE}-{service}-pg" for service in SERVICES}
    for service in SERVICES:
        name = f"{RELEASE}-{service}-pg"
        volumes = _deployment(service)["spec"]["template"]["spec"]["volumes"]
        source = volumes[1]["projected"]["sources"][0]["secret"]
        assert source["name"] == f"{name}-app"
        assert source["items"] == [{"key": "uri", "path": "dsn"}]
        assert clusters[name]["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        spec = clusters[name]["spec"]
        assert spec["postgresql"]["synchronous"]["dataDurability"] == "required"
        # On two machines, not merely in two pods of one.
        assert spec["affinity"] == {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": "required",
        }
