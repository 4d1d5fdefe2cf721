"""Goal: a region's release is its benefits service, which the hub alone may call; a slip in its
file is found before it is installed.

Method: every committed region file is rendered as it would be installed; slips are made in copies.
"""

from __future__ import annotations

import copy
import ipaddress
import shutil
from typing import TYPE_CHECKING, Any, Final

import helm_python
import orjson
import pytest
import yaml
from typer.testing import CliRunner

from services.cli.region.app import app
from services.cli.region.files import read_region
from services.cli.region.new import new, text
from services.kit import codes
from tests.charts.render import (
    CHARTS,
    NINGXIA,
    REGIONS,
    RELEASE,
    Case,
    Manifest,
    load_values,
    manifests,
    of_kind,
    parse,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WANTED: Final = {"110000", "460000", "640000", "650000", "660000"}
NAME: Final = f"{RELEASE}-benefits"

by_region = pytest.mark.parametrize("case", REGIONS, ids=lambda case: case.name)


def _code(case: Case) -> str:
    return case.name.removeprefix("yijie-")


def test_there_are_files_of_these_regions() -> None:
    assert {_code(case) for case in REGIONS} >= WANTED
    assert NINGXIA in REGIONS


@by_region
def test_a_region_runs_its_benefits_alone(case: Case) -> None:
    objects = manifests(case)
    for kind in ("Deployment", "Service", "Job", "ConfigMap", "ServiceAccount"):
        names = of_kind(objects, kind)
        assert names, kind
        assert all(name.startswith(NAME) for name in names), kind
    data = of_kind(objects, "ConfigMap")[NAME]["data"]
    areas = data["YIJIE_POLICY_REGIONS"].split(",")
    assert {codes.province_of(area) for area in areas} == {_code(case)}
    assert not [variable for variable in data if variable.endswith(("_TARGET", "_ROUTES"))]
    assert data["YIJIE_TLS_CERT_FILE"]


@by_region
def test_only_the_hub_may_call(case: Case) -> None:
    objects = manifests(case)
    policy = of_kind(objects, "NetworkPolicy")[NAME]["spec"]
    calls = [rule for rule in policy["ingress"] if rule["ports"][0]["port"] == "grpc"]
    blocks = [peer["ipBlock"]["cidr"] for rule in calls for peer in rule["from"]]
    assert len(calls) == 1
    assert blocks
    exposed = of_kind(objects, "Service")[f"{NAME}-exposed"]["spec"]
    assert exposed["loadBalancerSourceRanges"] == blocks
    assert exposed["externalTrafficPolicy"] == "Local"
    assert [(p["port"], p["targetPort"]) for p in exposed["ports"]] == [(443, "grpc")]


@by_region
def test_no_way_leads_from_a_region_to_anywhere(case: Case) -> None:
    """Its database and the resolver: nobody is called by it."""
    policy = of_kind(manifests(case), "NetworkPolicy")[NAME]["spec"]
    ports = {entry["port"] for rule in policy["egress"] for entry in rule["ports"]}
    assert ports == {5432, 53}


@by_region
def test_notes_hand_the_hub_its_route(case: Case) -> None:
    values = load_values(case.values)
    notes = render(CHARTS / "yijie", values)["yijie/templates/NOTES.txt"]
    assert f'"{_code(case)}":' in notes
    assert f"target: dns:///{values['benefits']['tls']['dnsNames'][0]}:443" in notes


def test_the_route_of_the_notes_is_one() -> None:
    notes = render(CHARTS / "yijie", load_values(NINGXIA.values))["yijie/templates/NOTES.txt"]
    said = notes[notes.index("     benefitsRoutes:") :].replace("ADDRESS", "192.0.2.7")
    route = yaml.safe_load(said.split("\n\n")[0])["benefitsRoutes"]["640000"]
    services = ("settlement", "clearing", "supervision")
    values: Manifest = {s: {"benefitsRoutes": {"640000": route}} for s in services}
    objects = parse(render(CHARTS / "yijie", values))
    for service in services:
        routes = of_kind(objects, "ConfigMap")[f"{RELEASE}-{service}"]["data"]
        target = "640000=dns:///benefits.640000.yijie.example:443"
        assert target in routes["YIJIE_BENEFITS_ROUTES"].split(",")
        egress = of_kind(objects, "NetworkPolicy")[f"{RELEASE}-{service}"]["spec"]["egress"]
        assert {"to": route["to"], "ports": [{"protocol": "TCP", "port": 443}]} in egress


def test_the_generator_serves_every_province(tmp_path: Path) -> None:
    """Judged by the schemas; that such a file renders is shown above."""
    folder = _chart(tmp_path)
    for code in codes.PROVINCES:
        new(code, folder, hub=["192.0.2.0/28", "2001:db8::/48"], host=f"b{code}.example.org")
    checked = _yijie("check", folder, "--strict")
    assert checked.exit_code == 0, checked.output
    assert all(name in checked.output for name in codes.PROVINCES.values())


def test_the_committed_files_pass() -> None:
    checked = _yijie("check", CHARTS / "yijie/regions")
    assert checked.exit_code == 0, checked.output


# --- slips --------------------------------------------------------------------------------


def _chart(parent: Path) -> Path:
    """A folder of region files beside the schemas that judge them, and nothing else."""
    for chart in ("yijie", "grpc-service"):
        (parent / chart).mkdir()
        shutil.copy(CHARTS / chart / "values.schema.json", parent / chart)
    folder = parent / "yijie/regions"
    folder.mkdir()
    return folder


def _yijie(command: str, *arguments: str | Path):
    words = [str(a) for a in arguments]
    at = next(n for n, word in enumerate(words) if word.endswith("regions"))
    words[at : at + 1] = ["--regions", words[at]]
    return CliRunner().invoke(app, [command, *words], env={"COLUMNS": "200"})


def _ningxia(folder: Path, change: tuple[str, str], *, name: str = "640000") -> Path:
    made = text("640000", hub=[], host="")
    assert change[0] in made
    file = folder / f"{name}.yaml"
    file.write_text(made.replace(*change, 1), encoding="utf-8")
    return file


NO_CHANGE: Final = ("mode", "mode")
SLIPS: Final = [
    (("mode: region", "mood: region"), "mood: no such key; did you mean mode?"),
    (("exposure: {", "exposur: {"), "benefits.exposur: no such key; did you mean exposure?"),
    (("dnsNames:", "dnsName:"), "benefits.tls.dnsName: no such key; did you mean dnsNames?"),
    (("region: {code", "regions: {code"), "global.regions: no such key; did you mean region?"),
    (("hub:\n      from", "hub:\n      form"), "benefits.callers.hub.form: no such key"),
    (("enabled: true", "enable: true"), "benefits.exposure.enable: no such key; did you mean"),
    (
        ("POLICY_REGIONS:", "POLICY_REGION:"),
        "benefits.settings.YIJIE_POLICY_REGION: no such key; did you mean YIJIE_POLICY_REGIONS?",
    ),
    (
        ("\n\n# The hub's.", "\n    YIJIE_DSN: secret"),
        "benefits.settings.YIJIE_DSN: no such key",
    ),
]


@pytest.mark.parametrize(("change", "says"), SLIPS)
def test_an_unknown_key_is_refused_with_the_way_out(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    folder = _chart(tmp_path)
    file = _ningxia(folder, change)
    checked = _yijie("check", folder)
    assert checked.exit_code == 1
    assert says in checked.output
    lines = file.read_text(encoding="utf-8").splitlines()
    line = next(n for n, x in enumerate(lines, 1) if change[1].split("\n")[-1] in x)
    assert f"640000.yaml:{line}: " in checked.output
    # Helm refuses the same: by the schema, or because then nobody may call.
    with pytest.raises(helm_python.HelmError):
        render(CHARTS / "yijie", load_values(str(file)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("mode: region", "mode: hub"), "mode: is hub; write mode: region"),
        (('code: "640000"', "code: 640000"), "is not of type 'string'"),
        (('code: "640000"', 'code: "640100"'), "is 640100, which is no province"),
        (('code: "640000"', 'code: "650000"'), "name the file 650000.yaml"),
        (('REGIONS: "640000"', 'REGIONS: "650100"'), "has 650100, no area of 640000; leave it"),
        (("filing: {enabled: false}", "filing: {replicas: 2}"), "filing: is more than switched"),
        (("filing: {enabled: false}\n", ""), "write filing: {enabled: false}"),
        (("mode: region", "mode: region\nmode: region"), "duplicate key mode; keep one"),
        (
            ("cidr: 198.51.100.0/28", "cidr: 0.0.0.0/0"),
            "640000.yaml:13: benefits.callers.hub.from[0]",
        ),
        (
            ("cidr: 198.51.100.0/28", "cidr: 198.51.100.1/28"),
            "benefits.callers: 198.51.100.1/28 is no address block; write its first address",
        ),
        (('REGIONS: "640000"', 'REGIONS: ""'), "names no area; name the areas of 640000, or it"),
        (("exposure: {enabled: true}", "exposure:"), "benefits.exposure: is empty; leave it out"),
        (
            ("exposure: {enabled: true}", "keys: {enabled: false}"),
            "benefits.keys.enabled: is false; leave it out",
        ),
        (("benefits:\n", "benefits:\n  enabled: false\n"), "benefits.enabled: is false; leave it"),
        (
            ("benefits:\n", "benefits:\n  callees: {settlement: {}}\n"),
            "benefits.callees: is not empty; leave it out",
        ),
        (
            ("ipBlock: {cidr: 198.51.100.0/28}", "podSelector: {matchLabels: {a: b}}"),
            "benefits.callers: nobody may call from outside",
        ),
        (("mode: region", "- mode"), "is not YAML"),
    ],
)
def test_a_slip_is_refused(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    _ningxia(folder, change)
    checked = _yijie("check", folder)
    assert checked.exit_code == 1
    assert says in checked.output


def _without_one_key(tree: Manifest) -> Iterator[Manifest]:
    """Copies of the values in which one key, at any depth, is missing, empty or null."""

    def places(node: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in pairs:
            yield (*above, key)
            if isinstance(child, dict | list):
                yield from places(child, (*above, key))

    for *above, last in places(tree):
        for slip in ("missing", "empty", "null"):
            changed = copy.deepcopy(tree)
            parent: Any = changed
            for key in above:
                parent = parent[key]
            if slip == "missing":
                del parent[last]
            else:
                parent[last] = type(parent[last])() if slip == "empty" else None
            yield changed


def test_what_passes_here_helm_takes(tmp_path: Path) -> None:
    """Whatever is missing or empty in a region file: the check is not milder than the charts."""
    file = _chart(tmp_path) / "640000.yaml"
    passed = refused = 0
    for tree in _without_one_key(yaml.safe_load(text("640000", hub=[], host=""))):
        file.write_text(yaml.safe_dump(tree), encoding="utf-8")
        if read_region(file)[1]:
            refused += 1
        else:
            render(CHARTS / "yijie", tree)
            passed += 1
    assert passed >= 5
    assert refused >= 30


def test_a_file_that_helm_would_take_by_another_name_is_seen(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    _ningxia(folder, NO_CHANGE).rename(folder / "640000.yml")
    checked = _yijie("check", folder)
    assert checked.exit_code == 1
    assert "is 640000 in 640000.yml; name the file 640000.yaml" in checked.output
    assert _yijie("new", "640000", folder).exit_code == 2


def test_two_files_with_one_code_are_refused(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    _ningxia(folder, NO_CHANGE)
    _ningxia(folder, ("benefits.640000", "second.640000"), name="640000-north")
    checked = _yijie("check", folder)
    assert checked.exit_code == 1
    assert "640000-north.yaml has the code 640000 too; keep one" in checked.output
    made = _yijie("new", "640000", folder)
    assert made.exit_code == 2


def test_two_regions_with_one_name_are_refused(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    for code in ("640000", "650000"):
        _yijie("new", code, folder, "--host", "benefits.example.org", "--hub", "192.0.2.0/28")
    checked = _yijie("check", folder)
    assert checked.exit_code == 1
    assert "640000.yaml has the name benefits.example.org too; keep one" in checked.output


def test_a_file_of_another_name_has_the_code(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    _ningxia(folder, NO_CHANGE, name="ningxia")
    made = _yijie("new", "640000", folder)
    assert made.exit_code == 2
    assert "ningxia.yaml has the code 640000 already; nothing was written" in made.output
    assert not (folder / "640000.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("999999",), "there is no province 999999; there are: 110000"),
        (("640104",), "640104 lies in 宁夏回族自治区 640000"),
        (("000000",), "there is no province 000000"),
        (("640000", "--hub", "0.0.0.0/0"), "--hub 0.0.0.0/0 is no address block"),
        (("640000", "--hub", "192.0.2.1/24"), "--hub 192.0.2.1/24 is no address block"),
        (("640000", "--host", "bad name"), "--host bad name is no DNS name"),
    ],
)
def test_a_file_that_would_be_wrong_is_not_written(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    folder = _chart(tmp_path)
    made = _yijie("new", *arguments, folder)
    assert made.exit_code == 2
    assert says in made.output
    assert list(folder.iterdir()) == []


def test_no_folder_is_made_in_passing(tmp_path: Path) -> None:
    made = _yijie("new", "640000", tmp_path / "charts/regions")
    assert made.exit_code == 2
    assert "name that of the region files with --regions" in made.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    file = _ningxia(folder, ("benefits.640000", "own.640000"))
    before = file.read_bytes()
    made = _yijie("new", "640000", folder)
    assert made.exit_code == 2
    assert "640000.yaml is there already; nothing was written" in made.output
    assert file.read_bytes() == before


def test_what_is_still_an_example_is_a_caution(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    _yijie("new", "640000", folder)
    assert _yijie("check", folder).exit_code == 0
    strict = _yijie("check", folder, "--strict")
    assert strict.exit_code == 1
    assert "still an example: benefits.640000.yijie.example, 198.51.100.0/28" in strict.output


def test_check_speaks_json(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    _yijie("new", "460000", folder)
    document = orjson.loads(_yijie("check", folder, "--json").stdout)
    (region,) = document["regions"]
    assert region["code"] == "460000"
    assert region["areas"] == ["460000"]
    assert [ipaddress.ip_network(block).prefixlen for block in region["hubBlocks"]] == [28]
    assert document["problems"] == []
    assert len(document["cautions"]) == 1


def test_a_folder_without_region_files_says_so(tmp_path: Path) -> None:
    folder = _chart(tmp_path)
    empty = _yijie("check", folder)
    assert empty.exit_code == 2
    assert "`yijie region new CODE` writes one" in empty.output
    (tmp_path / "regions").mkdir()
    elsewhere = _yijie("check", tmp_path / "regions")
    assert elsewhere.exit_code == 2
    assert "does not lie in charts/yijie" in elsewhere.output
