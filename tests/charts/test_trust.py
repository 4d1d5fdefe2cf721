"""Goal: every server has a certificate by which its callers know it, and nobody else gets in.

Method: names in certificates against the targets that callers are given, and against the names by
which the services themselves tell callers and regions apart.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import pytest

from services.kit.caller import uri_of
from services.kit.tls import peer_name
from tests.charts.render import (
    CHARTS,
    HUB,
    NAMESPACE,
    NINGXIA,
    RELEASE,
    SERVICES,
    SINGLE,
    UMBRELLA,
    Manifest,
    load_values,
    manifests,
    of_kind,
    parse,
    render,
)

ISSUED: Final[Manifest] = {"global": {"tls": {"issuer": {"name": "yijie"}}}}
FULL: Final = SINGLE[1]


@cache
def _issued() -> tuple[Manifest, ...]:
    return parse(render(CHARTS / "yijie", ISSUED))


def _tls_files(pod: Manifest) -> dict[str, str]:
    volume = next(v["projected"] for v in pod["volumes"] if v["name"] == "secrets")
    return {
        item["path"]: f"{kind}/{source['name']}/{item['key']}"
        for parts in volume["sources"]
        for kind, source in parts.items()
        for item in source["items"]
        if item["path"].startswith("tls/")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_certificate_has_the_name_that_callers_dial(service: str) -> None:
    objects = _issued()
    names = of_kind(objects, "Certificate")[f"{RELEASE}-{service}"]["spec"]["dnsNames"]
    dialled = {
        target.rpartition("=")[2].removeprefix("dns:///").partition(":")[0]
        for config in of_kind(objects, "ConfigMap").values()
        for variable, target in config["data"].items()
        if variable == f"YIJIE_{service.upper()}_TARGET"
        or (service == "benefits" and variable == "YIJIE_BENEFITS_ROUTES")
    }
    assert dialled <= set(names)
    assert f"{RELEASE}-{service}-headless.{NAMESPACE}.svc" in names
    assert len(names) == len(set(names))


def test_the_hub_is_the_hub_and_a_region_its_province() -> None:
    for certificate in of_kind(_issued(), "Certificate").values():
        assert certificate["spec"]["uris"] == [uri_of(HUB, "hub")]
        assert peer_name("hub", HUB) in certificate["spec"]["dnsNames"]
    region = load_values(NINGXIA.values)
    region["global"] |= ISSUED["global"]
    objects = parse(render(CHARTS / "yijie", region))
    (certificate,) = of_kind(objects, "Certificate").values()
    assert certificate["spec"]["uris"] == [uri_of("640000", "benefits")]
    assert peer_name("benefits", "640000") in certificate["spec"]["dnsNames"]
    assert region["benefits"]["tls"]["dnsNames"][0] in certificate["spec"]["dnsNames"]


def test_a_certificate_serves_and_calls_and_lands_where_the_pod_looks() -> None:
    objects = _issued()
    for name, certificate in of_kind(objects, "Certificate").items():
        spec = certificate["spec"]
        assert {"server auth", "client auth"} <= set(spec["usages"])
        assert spec["privateKey"]["rotationPolicy"] == "Always"
        assert int(spec["renewBefore"][:-1]) < int(spec["duration"][:-1])
        pod = of_kind(objects, "Deployment")[name]["spec"]["template"]["spec"]
        assert _tls_files(pod) == {
            f"tls/{key}": f"secret/{spec['secretName']}/{key}"
            for key in ("tls.crt", "tls.key", "ca.crt")
        }


def test_nothing_is_asked_of_cert_manager_unless_it_is_named() -> None:
    assert not of_kind(manifests(UMBRELLA[0]), "Certificate")


def test_authorities_may_come_from_one_bundle() -> None:
    """During a rotation it holds both, for all services at once."""
    pod = of_kind(manifests(FULL), "Deployment")[f"{RELEASE}-settlement"]["spec"]["template"][
        "spec"
    ]
    assert _tls_files(pod) == {
        "tls/tls.crt": "secret/settlement-certificate/tls.crt",
        "tls/tls.key": "secret/settlement-certificate/tls.key",
        "tls/ca.crt": "configMap/yijie-authorities/ca.crt",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_plain_text_is_said_aloud(service: str) -> None:
    dev, default = (
        of_kind(manifests(case), "ConfigMap")[f"{RELEASE}-{service}"]["data"]
        for case in (UMBRELLA[1], UMBRELLA[0])
    )
    assert dev["YIJIE_INSECURE_LISTEN"] == "1"
    assert not [variable for variable in dev if "_TLS_" in variable]
    assert "YIJIE_INSECURE_LISTEN" not in default
    pod = of_kind(manifests(UMBRELLA[1]), "Deployment")[f"{RELEASE}-{service}"]
    assert _tls_files(pod["spec"]["template"]["spec"]) == {}


def test_who_is_outside_comes_by_address() -> None:
    exposed = of_kind(manifests(FULL), "Service")[f"{RELEASE}-settlement-exposed"]
    assert exposed["spec"]["loadBalancerSourceRanges"] == ["2001:db8:640::/48", "203.0.113.0/24"]
    assert exposed["metadata"]["annotations"] == {"example.org/balancer": "internal"}
    # Its labels are not those by which the ServiceMonitor finds the metrics.
    assert "app.kubernetes.io/name" not in exposed["metadata"]["labels"]
    node_port = load_values(FULL.values)
    node_port["exposure"]["type"] = "NodePort"
    objects = parse(render(CHARTS / "grpc-service", node_port))
    spec = of_kind(objects, "Service")[f"{RELEASE}-settlement-exposed"]["spec"]
    assert (spec["type"], "loadBalancerSourceRanges" in spec) == ("NodePort", False)


def test_probes_are_open_to_no_pod() -> None:
    """The kubelet asks from the node, which no policy keeps out; nobody else may."""
    for policy in of_kind(manifests(UMBRELLA[0]), "NetworkPolicy").values():
        ports = {e["port"] for rule in policy["spec"]["ingress"] for e in rule["ports"]}
        assert ports <= {"grpc", "metrics"}


def test_production_signs() -> None:
    config = of_kind(manifests(UMBRELLA[2]), "ConfigMap")
    settlement, supervision = (
        config[f"{RELEASE}-{s}"]["data"] for s in ("settlement", "supervision")
    )
    assert settlement["YIJIE_SIGNATURES_REQUIRED"] == "known"
    assert {"YIJIE_SIGNATURE_KEY_FILE", "YIJIE_SIGNATURE_KEYS_FILE"} <= settlement.keys()
    assert {"YIJIE_CHECKPOINT_KEY_FILE", "YIJIE_CHECKPOINT_KEYS_FILE"} <= supervision.keys()
    signing = [n for n, c in config.items() if any("SIGNATURE" in v for v in c["data"])]
    assert signing == [f"{RELEASE}-settlement"]


def test_database_backups_and_standbys() -> None:
    values = load_values("yijie-postgres/ci/region-values.yaml")
    objects = parse(render(CHARTS / "yijie-postgres", values))
    store = of_kind(objects, "ObjectStore")["yijie-640000-backup"]
    assert store["spec"]["configuration"]["destinationPath"] == values["backup"]["destinationPath"]
    clusters = of_kind(objects, "Cluster")
    for name, cluster in clusters.items():
        (plugin,) = cluster["spec"]["plugins"]
        assert plugin["isWALArchiver"] is True
        assert plugin["parameters"] == {"barmanObjectName": store["metadata"]["name"]}
        scheduled = of_kind(objects, "ScheduledBackup")[name]["spec"]
        assert scheduled["cluster"] == {"name": name}
        assert len(scheduled["schedule"].split()) == 6
        assert cluster["spec"]["instances"] == 3
        assert cluster["spec"]["postgresql"]["synchronous"]["number"] == 1
    assert not of_kind(parse(render(CHARTS / "yijie-postgres", {})), "ScheduledBackup")
