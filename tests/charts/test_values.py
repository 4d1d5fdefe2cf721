"""Goal: a mistake in the values is refused at once, with the key and the way out.

Method: one mistake at a time on top of values that are known to be good.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, Final

import helm_python
import kubernetes_validate
import pytest
import yaml

from services.kit import codes
from tests.charts.render import (
    CHARTS,
    HUB,
    RELEASE,
    SERVICES,
    Manifest,
    load_values,
    of_kind,
    parse,
    render,
)
from tests.charts.test_network import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLEMENT: Final = load_values("grpc-service/ci/settlement-full-values.yaml")
SCHEMAS: Final = ("grpc-service", "yijie", "yijie-postgres")


def _with(values: Manifest, path: str, value: Any) -> Manifest:
    """Returns values with one of them set; `/` separates the keys."""
    changed = copy.deepcopy(values)
    *parents, last = path.split("/")
    here = changed
    for key in parents:
        here = here.setdefault(key, {})
    here[last] = value
    return changed


ELSEWHERE: Final = {
    "target": "dns:///benefits.example:443",
    "port": 443,
    "to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("setlement", {}),
        ("settlement/replica", 3),
        ("settlement/autoscaling/minReplica", 3),
        ("settlement/callees/identity/adress", "x:1"),
        ("settlement/callees/identities", {}),
        ("settlement/benefitsRoutes/640100", {}),
        ("settlement/benefitsRoutes/640000/callsMax", 1),
        ("mode", "province"),
        ("monitoring/prometheusRules", {}),
        ("monitoring/prometheusRule/excludeRule", []),
        ("monitoring/dashboards/folders", ""),
        ("global/tls/enable", True),
        ("global/tls/issuer/names", "x"),
        ("global/region/name", "x"),
        ("global/imag", {}),
        ("global/image/tags", "1"),
    ],
)
def test_umbrella_refuses_a_typo(path: str, value: object) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=path.rsplit("/", maxsplit=1)[-1]):
        render(CHARTS / "yijie", _with({}, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("service", "settlements"),
        ("service", ""),
        ("replicas", "3"),
        ("replicas", 0),
        ("autoscaling/targetCpuUtilizationPercent", 101),
        ("resources/limits/gpu", "1"),
        ("resources/requests/cpu", "lots"),
        ("callers/reporting/from", []),
        ("callers/reporting/from", [{}]),
        ("callers/reporting/from", [{"namespaceSelector": {}}]),
        ("callers/reporting/from", [{"podSelector": {"matchLabels": {}}}]),
        ("database/to", [{"ipBlock": {"cidr": "0.0.0.0/0"}}]),
        ("database/to", [{"ipBlock": {"cidr": "0.0.0.0/00"}}]),
        ("database/to", [{"ipBlock": {"cidr": "::/0"}}]),
        ("database/to", [{"ipBlock": {"cidr": "198.51.100.300/32"}}]),
        ("database/to", [{"ipBlock": {"cidr": "198.51.100.3/33"}}]),
        ("callees/identity/target", "dns:///a:1,dns:///b:2"),
        ("settings/YIJIE_DB_POOL_SIZ_MAX", "20"),
        ("settings/YIJIE_RECONCILE_HOUR", "3"),
        ("settings/YIJIE_LISTEN", "0.0.0.0:1"),
        ("settings/YIJIE_CLEARING_TARGET", "x:1"),
        ("settings/YIJIE_DSN", "postgresql://settlement:secret@database/settlement"),
        ("settings/YIJIE_DATA_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        ("benefitsRoutes/690000", {}),
        ("settings/YIJIE_DB_POOL_SIZE_MAX", 20),
        ("global/image/tag", "latest"),
        ("global/image/digest", "sha256:12"),
        ("global/logLevel", "chatty"),
        ("global/otlp/endpoint", "collector:4317"),
        ("global/dns/to", []),
        ("global/region/code", 640000),
        ("global/region/code", "640100"),
        ("global/region/code", "690000"),
        ("global/tls/duration", "90d"),
        ("tls/secret/key", "tls.key"),
        ("tls/dnsNames", ["Benefits"]),
        ("exposure/type", "ClusterIP"),
        ("keys/secret/signatureKey", "a key"),
    ],
)
def test_schema_refuses(path: str, value: object) -> None:
    with pytest.raises(helm_python.HelmValuesError):
        render(CHARTS / "grpc-service", _with(SETTLEMENT, path, value))


def test_service_is_required() -> None:
    with pytest.raises(helm_python.HelmValuesError, match="service"):
        render(CHARTS / "grpc-service", {})


PEERS: Final = [{"ipBlock": {"cidr": "192.0.2.1/32"}}]
NAMESPACES: Final = [{"namespaceSelector": {"matchLabels": {"team": "gateway"}}}]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("autoscaling/minReplicas", 13, "autoscaling.minReplicas is above"),
        ("benefitsRoutes", None, "settlement needs benefitsRoutes"),
        ("service", "filing", "read by settlement, clearing and supervision only"),
        ("callees/settlement", {}, "callees.settlement: settlement does not call it"),
        ("callees/filing", None, "callees.filing: settlement does not start without it"),
        ("keys/enabled", False, "keys.enabled is false: settlement holds personal data"),
        ("service", "clearing", "keys.enabled is true: clearing reads none"),
        ("keys/secret/signatureKeys", "", "settings.YIJIE_SIGNATURES_REQUIRED is known: keys.se"),
        ("global/tls/renewBefore", "2160h", "renewBefore is not below global.tls.duration"),
        ("database/to", [], "database.to: say where the database of Secret journal-dsn is"),
        ("keys/secret/indexKey", "", "settlement needs a blind-index key"),
        ("service", "supervision", "supervision reads none"),
        ("callees/identity/target", "dns:///id:1", "callees.identity: set target and to together"),
        ("callees/identity/to", PEERS, "callees.identity: set target and to together"),
        ("benefitsRoutes/*/to", PEERS, "benefitsRoutes.*: set target and to together"),
        ("callers/reports", {}, "callers.reports is no service of the mesh"),
        ("global/tls/enabled", False, "exposure.enabled: only with global.tls.enabled"),
        ("global/provinces/from", NAMESPACES, "exposure.enabled: no caller comes from an ipBlock"),
        ("global/region/code", "640000", "a region runs benefits alone, and settlement belongs"),
        ("keys/secret/checkpointKey", "k", "checkpointKeys, ruleKeys: read by supervision only"),
        ("service", "clearing", "signatureKeys: read by settlement only: remove them from clear"),
    ],
)
def test_rules_between_values(path: str, value: object, says: str) -> None:
    values = _with(SETTLEMENT, path, value)
    if path == "service":
        values["settings"] = {}  # another service's would be refused first
    with pytest.raises(helm_python.HelmError) as refused:
        render(CHARTS / "grpc-service", values)
    assert says in str(refused.value)


def test_problems_are_reported_together() -> None:
    values = _with(_with(SETTLEMENT, "callers/reports", {}), "callees/settlement", {})
    with pytest.raises(helm_python.HelmError) as refused:
        render(CHARTS / "grpc-service", values)
    assert "callers.reports" in str(refused.value)
    assert "callees.settlement" in str(refused.value)


REGION: Final = load_values("grpc-service/ci/benefits-region-values.yaml")


@pytest.mark.parametrize(
    ("areas", "says"),
    [
        ("", "not there, so that it would answer for every province"),
        ("650100", "650100 is no area of 640000: leave it out"),
        ("640100, 650100", "650100 is no area of 640000: leave it out"),
    ],
)
def test_a_province_answers_for_its_own_areas(areas: str, says: str) -> None:
    with pytest.raises(helm_python.HelmError, match=f"YIJIE_POLICY_REGIONS: {says}"):
        render(CHARTS / "grpc-service", _with(REGION, "settings/YIJIE_POLICY_REGIONS", areas))


def test_a_province_may_name_several_areas() -> None:
    values = _with(REGION, "settings/YIJIE_POLICY_REGIONS", "640100, 640200")
    assert of_kind(parse(render(CHARTS / "grpc-service", values)), "Deployment")


def test_route_and_callee_provinces_are_those_that_there_are() -> None:
    schema = json.loads((CHARTS / "grpc-service/values.schema.json").read_text(encoding="utf-8"))
    places = schema["properties"]["global"]["properties"]["region"]["properties"]["code"]
    (routes,) = schema["properties"]["benefitsRoutes"]["patternProperties"]
    candidates = {f"{number:02}0000" for number in range(100)}
    assert {c for c in candidates if re.search(places["pattern"], c)} == {HUB, *codes.PROVINCES}
    assert {c for c in candidates if re.search(routes, c)} == set(codes.PROVINCES)


def test_a_name_that_looks_like_a_number_stays_a_name() -> None:
    values = copy.deepcopy(SETTLEMENT)
    for path in (
        "database/secret/name",
        "database/secret/key",
        "keys/secret/name",
        "keys/secret/dataKey",
        "keys/secret/signatureKey",
        "tls/secret/name",
        "global/tls/bundle/configMap",
        "global/tls/bundle/key",
        "priorityClassName",
    ):
        values = _with(values, path, "123")
    values = _with(values, "global/image/pullSecrets", ["123"])
    for manifest in parse(render(CHARTS / "grpc-service", values)):
        if manifest["kind"] in {"Deployment", "Job"}:
            version = kubernetes_validate.latest_version()
            kubernetes_validate.validate(manifest, version, strict=True)


def test_long_names_fail_rather_than_meet() -> None:
    longest = "r" * (54 - len("-settlement"))
    objects = parse(render(CHARTS / "grpc-service", SETTLEMENT, release=longest))
    assert all(len(o["metadata"]["name"]) <= 63 for o in objects)
    with pytest.raises(helm_python.HelmError, match="choose a shorter release name"):
        render(CHARTS / "grpc-service", SETTLEMENT, release=longest + "r")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_be_left_out(service: str) -> None:
    values = _with({}, f"{service}/enabled", value=False)
    callers = [name for name, calls in CALLS.items() if service in calls and name != "provinces"]
    if callers and service != "benefits":
        with pytest.raises(
            helm_python.HelmError, match=f"leads to {service}, which is off"
        ) as all_:
            render(CHARTS / "yijie", values)
        for caller in callers:
            assert f"{caller}.callees.{service} leads to" in str(all_.value)
            elsewhere = {"target": f"dns:///{service}.example:443", "to": PEERS}
            values = _with(values, f"{caller}/callees/{service}", elsewhere)
    if service == "benefits":
        with pytest.raises(helm_python.HelmError, match="leads to benefits, which is off"):
            render(CHARTS / "yijie", values)
        route = {"target": "dns:///benefits.example:443", "port": 443, "to": PEERS}
        values = _with(values, "settlement/benefitsRoutes/*", route)
        with pytest.raises(helm_python.HelmError, match="ask the same insured provinces"):
            render(CHARTS / "yijie", values)
        for other in ("clearing", "supervision"):
            values = _with(values, f"{other}/benefitsRoutes/*", route)
    objects = parse(render(CHARTS / "yijie", values))
    left = {f"{RELEASE}-{other}" for other in SERVICES if other != service}
    assert of_kind(objects, "Deployment").keys() == left


def test_an_alias_runs_the_service_of_its_name() -> None:
    with pytest.raises(helm_python.HelmError, match="an alias runs the service of its name"):
        render(CHARTS / "yijie", {"identity": {"service": "benefits"}})


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("mode", "region", "settlement.enabled is true: it belongs to the hub"),
        ("mode", "region", "global.region.code is 000000, the hub"),
        ("mode", "region", "benefits.callers: nobody may call"),
        ("global/region/code", "640000", "a region runs benefits alone"),
        ("supervision/benefitsRoutes/640000", ELSEWHERE, "and supervision.benefitsRoutes differ"),
        (
            "monitoring/prometheusRule/excludeRules",
            ["FeedBehnd"],
            "excludeRules: there is no rules/FeedBehnd.yaml to leave out",
        ),
    ],
)
def test_rules_between_services(path: str, value: object, says: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        render(CHARTS / "yijie", _with({}, path, value))
    assert says in str(refused.value)


def test_a_region_says_so() -> None:
    values = load_values("yijie/regions/640000.yaml")
    del values["mode"]
    with pytest.raises(helm_python.HelmError, match="a region says mode: region"):
        render(CHARTS / "yijie", values)


def test_null_takes_a_caller_a_callee_and_a_route_away() -> None:
    values = _with({}, "identity/callers/provinces", None)
    values = _with(values, "settlement/callees/clearing", None)
    for service in ("settlement", "clearing", "supervision"):
        values = _with(values, f"{service}/benefitsRoutes", {"*": None, "640000": ELSEWHERE})
    objects = parse(render(CHARTS / "yijie", values))
    routes = of_kind(objects, "ConfigMap")[f"{RELEASE}-clearing"]["data"]["YIJIE_BENEFITS_ROUTES"]
    assert routes == "640000=dns:///benefits.example:443"
    own = of_kind(objects, "ConfigMap")[f"{RELEASE}-settlement"]["data"]
    assert "YIJIE_CLEARING_TARGET" not in own
    assert "YIJIE_SUPERVISION_TARGET" in own
    ingress = of_kind(objects, "NetworkPolicy")[f"{RELEASE}-identity"]["spec"]["ingress"]
    assert len(ingress) == len(("settlement", "filing", "supervision", "metrics"))


def test_notes_name_the_next_step() -> None:
    notes = render(CHARTS / "yijie", {})["yijie/templates/NOTES.txt"]
    assert "rollout status deployment" in notes
    assert f"dns:///{RELEASE}-settlement-headless.hub:50051" in notes
    assert "yijie certs issue --region NNNNNN --role agency" in notes
    assert "yijie region new CODE" in notes
    assert "Nobody is warned yet" in notes
    assert "CAUTION" not in notes
    dev = render(CHARTS / "yijie", load_values("yijie/values-dev.yaml"))
    assert "Nobody is asked who they are" in dev["yijie/templates/NOTES.txt"]


def test_a_renamed_key_says_its_new_name() -> None:
    with pytest.raises(helm_python.HelmError, match="write release: yijie"):
        render(CHARTS / "yijie-postgres", {"hub": "yijie"})


def test_backups_need_a_place() -> None:
    with pytest.raises(helm_python.HelmError, match=r"needs backup\.destinationPath"):
        render(CHARTS / "yijie-postgres", {"backup": {"enabled": True}})


def _objects_of(schema: Any) -> Iterator[Manifest]:
    if isinstance(schema, dict):
        if "object" in schema.get("type", ()):
            yield schema
        for child in schema.values():
            yield from _objects_of(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _objects_of(child)


@pytest.mark.parametrize("chart", SCHEMAS)
def test_schema_is_closed(chart: str) -> None:
    """No object takes any key; what the umbrella passes on is judged by the subchart's schema."""
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text(encoding="utf-8"))
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    delegated = (
        [schema["properties"][key] for key in ("global", *SERVICES)] if chart == "yijie" else []
    )
    for node in _objects_of(schema):
        if node not in delegated:
            assert node["additionalProperties"] is False or node["additionalProperties"]["type"]


@pytest.mark.parametrize("chart", SCHEMAS)
def test_values_and_schema_have_the_same_keys(chart: str) -> None:
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHARTS / chart / "values.yaml").read_text(encoding="utf-8"))
    removed = {"hub"}
    only_in_schema = {
        "grpc-service": {"service"},
        "yijie": set(),
        "yijie-postgres": {"global", *removed},
    }
    assert schema["properties"].keys() - values.keys() == only_in_schema[chart]
    if chart != "yijie":
        _compare(schema, values)


def _compare(schema: Manifest, values: Manifest) -> None:
    """Every default has a described key; every key of an object that is not empty has a default."""
    for key, value in values.items():
        child = schema["properties"][key]
        assert child.get("description"), key
        if value and "properties" in child:
            assert value.keys() == child["properties"].keys(), key
            _compare(child, value)
