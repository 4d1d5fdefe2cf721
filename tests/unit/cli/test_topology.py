"""Goal: the local mesh gives every service what its configuration asks for, and nothing unknown."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import socket
import stat

import pytest

from services.cli.topology import (
    CALLEES,
    HOST,
    REMOTE_PROVINCES,
    SERVICES,
    STOP_WAVES,
    PortBook,
    UnknownService,
    areas_of,
    environment,
    policy_areas,
    process_names,
    provinces_before,
    remote_name,
    require_service,
    service_of,
    write_secrets,
)
from services.kit.config import load, variables
from services.kit.routes import parse_routes
from services.kit.tls import TlsConfig

DSN = "postgresql://postgres@/postgres?host=/nowhere"


@pytest.fixture
def endpoints():
    ports = PortBook()
    yield ports.endpoints()
    ports.close()


@pytest.fixture
def apart():
    """Endpoints of a mesh in which insured provinces run apart."""
    ports = PortBook()
    yield ports.endpoints(REMOTE_PROVINCES)
    ports.close()


def config_of(service):
    return importlib.import_module(f"services.{service}.config").Config


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_be_configured_by_what_it_is_given(service, endpoints, tmp_path):
    write_secrets(tmp_path, DSN)
    given = environment(service, endpoints, tmp_path)
    config = load(config_of(service), given)
    assert config.database.dsn == DSN
    assert config.server.listen == endpoints[service].address


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_nothing_that_it_does_not_read(service, endpoints, tmp_path):
    given = environment(service, endpoints, tmp_path)
    assert given.keys() <= variables(config_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_where_all_its_callees_are(service, endpoints, tmp_path):
    wanted = {name for name in variables(config_of(service)) if name.endswith("_TARGET")}
    given = environment(service, endpoints, tmp_path)
    assert {name for name in given if name.endswith("_TARGET")} == wanted
    assert len(CALLEES.get(service, ())) == len(wanted)


@pytest.mark.parametrize("name", process_names(REMOTE_PROVINCES))
def test_with_provinces_apart_every_process_can_be_configured(name, apart, tmp_path):
    own = {province: f"{DSN}&own={province}" for province in REMOTE_PROVINCES}
    write_secrets(tmp_path, DSN, remote=own)
    given = environment(name, apart, tmp_path)
    config_class = config_of(service_of(name))
    assert given.keys() <= variables(config_class)
    config = load(config_class, given)
    assert config.server.listen == apart[name].address
    remote = [province for province in REMOTE_PROVINCES if remote_name(province) == name]
    assert config.database.dsn == (own[remote[0]] if remote else DSN)


@pytest.mark.parametrize("service", ["settlement", "clearing"])
def test_a_province_apart_is_asked_where_it_is(service, apart, tmp_path):
    routes = parse_routes(environment(service, apart, tmp_path)["YIJIE_BENEFITS_ROUTES"])
    assert {region: route.target for region, route in routes.items()} == {
        "*": apart["benefits"].address,
        **{province: apart[remote_name(province)].address for province in REMOTE_PROVINCES},
    }


def test_every_area_is_served_by_one_process(apart, tmp_path):
    served = [
        area
        for name in apart
        if service_of(name) == "benefits"
        for area in environment(name, apart, tmp_path)["YIJIE_POLICY_REGIONS"].split(",")
    ]
    assert sorted(served) == policy_areas()
    assert all(areas_of(province) for province in REMOTE_PROVINCES)


def test_a_folder_tells_which_provinces_ran_apart(tmp_path):
    assert provinces_before(tmp_path) is None
    write_secrets(tmp_path, DSN)
    assert provinces_before(tmp_path) == []
    write_secrets(tmp_path, DSN, remote={"650000": DSN})
    assert provinces_before(tmp_path) == ["650000"]


def test_every_service_is_started_and_stopped_once():
    assert sorted(itertools.chain(*STOP_WAVES)) == sorted(SERVICES)


def test_who_follows_a_stream_is_stopped_before_who_serves_it():
    wave = {name: number for number, names in enumerate(STOP_WAVES) for name in names}
    assert wave["clearing"] < wave["settlement"] < wave["catalogue"]
    assert wave["supervision"] < wave["settlement"]


def test_ports_are_all_different_and_kept_from_others():
    ports, others = PortBook(), PortBook()
    try:
        taken = [p for end in ports.endpoints().values() for p in (end.port, end.metrics_port)]
        assert len(set(taken)) == 2 * len(SERVICES)
        theirs = [p for end in others.endpoints().values() for p in (end.port, end.metrics_port)]
        assert not set(taken) & set(theirs)
    finally:
        ports.close()
        others.close()


def test_a_service_may_listen_on_a_port_that_is_kept_for_it():
    ports = PortBook()
    try:
        port = ports.take()
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((HOST, port))
            server.listen()
    finally:
        ports.close()


def test_secrets_are_ours_alone_and_keys_are_made_once(tmp_path):
    write_secrets(tmp_path, DSN)
    folder = tmp_path / "secrets"
    before = {path.name: path.read_text() for path in folder.iterdir()}
    write_secrets(tmp_path, DSN + "&other=1")
    after = {path.name: path.read_text() for path in folder.iterdir()}
    assert after.pop("dsn") != before.pop("dsn")
    assert after == before
    assert before["data_key"] != before["index_key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_unknown_service_is_named_with_those_that_there_are():
    assert require_service("filing") == "filing"
    with pytest.raises(UnknownService, match=r"no service nix; there are: identity, filing"):
        require_service("nix")


@pytest.mark.parametrize("name", process_names(REMOTE_PROVINCES))
def test_with_certificates_every_process_has_its_own(name, tmp_path):
    with contextlib.closing(PortBook()) as ports:
        endpoints = ports.endpoints(REMOTE_PROVINCES, certs=str(tmp_path / "certs"))
    write_secrets(tmp_path, DSN, remote=dict.fromkeys(REMOTE_PROVINCES, DSN))
    config = load(config_of(service_of(name)), environment(name, endpoints, tmp_path))
    own = tmp_path / "certs" / name
    assert config.server.tls == TlsConfig(
        *(str(own / one) for one in ("tls.crt", "tls.key", "ca.crt"))
    )
    assert not config.server.is_insecure_allowed
