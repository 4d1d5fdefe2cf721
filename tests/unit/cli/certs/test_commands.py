"""Goal: `yijie certs` tells what it did, what comes next, and the way out of what it refuses."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from services.cli.certs.app import app
from services.cli.certs.folder import Folder
from tests.support.certs import CALLER, SERVICE, folder_of, issue_expired


@pytest.fixture
def yijie(tmp_path):
    def call(command, *arguments):
        where = [] if command == "request" else ["--certs", str(tmp_path / "certs")]
        result = CliRunner().invoke(app, [command, *arguments, *where])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return call


def issue(yijie, region="640000", role="agency", *more):
    return yijie("issue", "--region", region, "--role", role, *more)


def test_the_way_from_nothing_to_a_rotated_authority(yijie, tmp_path):
    code, said = yijie("init")
    assert (code, "next: yijie certs issue" in said) == (0, True)
    code, said = issue(yijie, "000000", "hub", "--name", "settlement", "--dns", "settlement")
    assert (code, "issued settlement" in said) == (0, True)
    assert issue(yijie)[0] == 0
    code, said = yijie("list")
    assert code == 0
    for word in ("settlement", "agency-640000", "agency", "640000", "签发 signs"):
        assert word in said
    code, said = yijie("rotate-ca")
    assert (code, "1/3" in said, "next: yijie certs renew" in said) == (0, True, True)
    assert "已公布 announced" in yijie("list")[1]
    code, said = yijie("renew")
    assert (code, "2/3" in said, "yijie certs drop-ca" in said) == (0, True, True)
    assert "next: yijie certs drop-ca" in yijie("list")[1]
    code, said = yijie("drop-ca")
    assert (code, "3/3" in said) == (0, True)
    assert Folder(tmp_path / "certs").next_step == ""


def test_one_certificate_is_issued_anew_or_given_up_while_an_authority_is_exchanged(
    yijie, tmp_path
):
    yijie("init")
    issue(yijie)
    yijie("rotate-ca")
    code, said = yijie("renew", "agency-640000")
    assert (code, "2/3" in said, "next" in said) == (0, False, False)
    yijie("request", "agency-650000", "--to", str(tmp_path / "there"))
    assert issue(yijie, "650000", "agency", "--csr", str(tmp_path / "there/tls.csr"))[0] == 0
    assert yijie("renew")[0] == 0
    code, said = yijie("drop-ca")
    assert (code, "--without agency-650000" in said) == (1, True)
    code, said = yijie("drop-ca", "--without", "agency-650000")
    assert (code, "given up: agency-650000" in said) == (0, True)
    assert "agency-650000" not in yijie("list")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["issue", "--region", "640000", "--role", "king"], 2, "is nobody"),
        (["issue", "--region", "000000", "--role", "agency"], 2, "is nobody"),
        (["issue", "--region", "640000", "--role", "agency", "--dns", "x"], 2, "only calls"),
        (["issue", "--region", "640000", "--role", "agency", "--days", "0"], 2, "days"),
        (["issue", "--region", "640000", "--role", "agency", "--csr", "/nowhere"], 1, "/nowhere"),
        (["issue", "--region", "640000", "--role", "agency", "--name", "../x"], 1, "no name"),
        (["issue", "--region", "650000", "--role", "agency", "--name", "one"], 1, "certs renew"),
        (["init"], 1, "rotate-ca"),
        (["renew", "nobody"], 1, "no key of it"),
        (["drop-ca"], 1, "no authority to drop"),
        (["check", "nowhere"], 2, "host:port"),
    ],
)
def test_what_is_refused_names_the_way_out(yijie, arguments, code, said):
    yijie("init")
    issue(yijie, "640000", "agency", "--name", "one")
    found, output = yijie(*arguments)
    assert found == code
    assert said in output
    assert "Traceback" not in output


@pytest.mark.parametrize("command", ["list", "renew", "rotate-ca"])
def test_without_an_authority_the_first_step_is_named(yijie, command):
    code, said = yijie(command)
    assert (code, "yijie certs init" in said) == (1, True)


def test_what_expires_soon_fails_and_says_how_to_go_on(yijie, tmp_path):
    folder_of(tmp_path / "certs", CALLER, SERVICE)
    assert yijie("list")[0] == 0
    code, said = yijie("list", "--within", "91")
    assert (code, f"yijie certs renew {CALLER.name}" in said) == (1, True)
    code, said = yijie("list", "--within", "91", "--json")
    document = orjson.loads(said)
    assert (code, document["expires_soon"]) == (1, True)
    assert [one["name"] for one in document["certificates"]] == [CALLER.name, SERVICE.name]
    assert {one["days_left"] for one in document["certificates"]} <= {89, 90}
    assert document["authorities"][0]["state"] == "current"
    assert document["next_step"] == ""


def test_an_expired_certificate_is_listed_and_issued_anew(yijie, tmp_path):
    issue_expired(tmp_path / "certs", CALLER)
    code, said = yijie("list", "--within", "0")
    assert (code, f"renew {CALLER.name}" in said) == (1, True)
    assert yijie("renew", CALLER.name)[0] == 0
    assert yijie("list")[0] == 0


def test_a_province_keeps_its_key(yijie, tmp_path):
    yijie("init")
    code, said = yijie("request", "agency-640000", "--to", str(tmp_path / "theirs"))
    assert (code, "--csr" in said) == (0, True)
    key = (tmp_path / "theirs" / "tls.key").read_bytes()
    assert yijie("request", "x", "--to", str(tmp_path / "theirs"))[0] == 1
    assert (tmp_path / "theirs" / "tls.key").read_bytes() == key
    request = str(tmp_path / "theirs" / "tls.csr")
    code, said = issue(yijie, "640000", "agency", "--csr", request)
    assert (code, "tls.key" in said) == (0, False)
    assert not list((tmp_path / "certs" / "agency-640000").glob("*.key"))
    code, said = issue(yijie, "640000", "agency", "--csr", str(tmp_path / "theirs" / "tls.key"))
    assert (code, "yijie certs request" in said) == (2, True)
    assert "PRIVATE" not in said


def test_who_refuses_whom_is_told(yijie, tmp_path):
    folder_of(tmp_path / "certs", CALLER)
    code, said = yijie("check", "127.0.0.1:1", "--name", CALLER.name)
    assert (code, "nobody answers" in said) == (1, True)
    code, said = yijie("check", "127.0.0.1:1", "--name", "nobody")
    assert (code, "cannot be read" in said) == (1, True)
