"""The process as it is wired: policy, database, migrations, health."""

from __future__ import annotations

from uuid import uuid4

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.benefits.app import running
from services.benefits.config import Config
from services.benefits.domain.errors import PolicyRefused
from services.benefits.servicer import FULL_NAME
from services.kit.channel import open_channel
from services.kit.config import load
from tests.integration.benefits.conftest import make_case
from tests.support.sealed import KEYS
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.benefits.v1 import benefits_service_pb2_grpc as pb_grpc

pytestmark = pytest.mark.postgres


async def test_the_process_serves(dsn):
    config = load(Config, {**KEYS, "YIJIE_DSN": dsn, "YIJIE_DRAIN_GRACE_S": "1"})
    async with running(config) as server, open_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service=FULL_NAME), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        stub = pb_grpc.BenefitsServiceStub(channel)
        request = pb.CommitRequest(settlement_id=str(uuid4()), case=make_case())
        assert (await stub.Commit(request, timeout=5)).adjudication.patient_total.fen == 452


async def test_nothing_is_served_with_a_broken_pack(dsn, tmp_path):
    (tmp_path / "650100").mkdir()
    (tmp_path / "650100" / "index.yaml").write_text("area: 650100\n")
    config = load(Config, {**KEYS, "YIJIE_DSN": dsn, "YIJIE_POLICY_FOLDER": str(tmp_path)})
    with pytest.raises(PolicyRefused):
        async with running(config):
            pytest.fail("served")
