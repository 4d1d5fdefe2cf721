"""Goal: what `yijie up` prints to be pasted can be pasted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from services.cli import cases
from services.cli.topology import Endpoint
from services.cli.up import beside, grpcurl_call, python_call
from services.kit import codes
from yijie.settlement.v1 import settlement_pb2


def test_a_program_is_named_as_it_can_be_called(monkeypatch):
    folder = Path(sys.executable).parent
    monkeypatch.chdir(folder.parent)
    assert beside("yijie") == f"{folder.name}/yijie"
    monkeypatch.chdir("/")
    assert Path("/", beside("yijie")) == folder / "yijie"


@pytest.fixture
def patient():
    return settlement_pb2.Patient(insured_region_code="131100", scheme_code="310")


def test_a_plain_mesh_is_called_without_certificates(patient):
    endpoint = Endpoint(50051, 0)
    assert "grpcurl -plaintext" in grpcurl_call(endpoint, patient)
    program = python_call(endpoint, patient)
    compile(program, "printed", "exec")
    assert 'grpc.insecure_channel("127.0.0.1:50051")' in program


def test_a_mesh_with_certificates_is_called_as_the_agency_of_the_place_of_care(patient):
    endpoint = Endpoint(50051, 0, "/data/certs")
    care = codes.province_of(cases.case("outpatient").bill.care_region_code)
    command, program = grpcurl_call(endpoint, patient), python_call(endpoint, patient)
    compile(program, "printed", "exec")
    for name in ("ca.crt", "tls.crt", "tls.key"):
        assert f"/data/certs/agency-{care}/{name}" in command
    assert f"/data/certs/agency-{care}" in program
    assert "grpc.secure_channel" in program
    assert "-plaintext" not in command
