"""A hub of two services for commands that ask one: it holds settlements and texts of policies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent import futures
from pathlib import Path

import grpc
import orjson
from grpc_status import rpc_status

from services.benefits.domain.errors import PolicyRefused
from services.benefits.policies import read_pack
from services.cli.mesh import ENDPOINTS
from services.cli.topology import SERVICES, remote_name
from services.kit.errors import Absent, DomainError, InvalidArgument
from services.kit.status import to_status
from yijie.benefits.v1 import policy_service_pb2, policy_service_pb2_grpc
from yijie.settlement.v1 import settlement_service_pb2, settlement_service_pb2_grpc


class Settlements(settlement_service_pb2_grpc.SettlementServiceServicer):
    """Answers settlements by id."""

    def __init__(self) -> None:
        self.held = {}

    def GetSettlement(self, request, context):
        if request.settlement_id not in self.held:
            _refuse(context, Absent("RESOURCE_NOT_FOUND", "no such settlement"))
        assert request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL
        return settlement_service_pb2.GetSettlementResponse(
            settlement=self.held[request.settlement_id]
        )


class Policies(policy_service_pb2_grpc.PolicyServiceServicer):
    """Keeps every text that is published, the last of a region in force."""

    def __init__(self) -> None:
        self.texts: dict[str, Mapping[str, bytes]] = {}
        self.in_force: dict[str, str] = {}
        self.elsewhere: set[str] = set()

    def publish(self, region: str, files: Mapping[str, bytes]) -> str:
        version = read_pack(region, files).version
        self.texts[version] = files
        self.in_force[region] = version
        return version

    def PublishPolicy(self, request, context):
        files = {file.name: file.content for file in request.files}
        try:
            version = self._check(request.region_code, files)
        except PolicyRefused as refused:
            said = {name: getattr(refused, name) for name in ("file", "path", "problem", "right")}
            said["line"] = "" if refused.line is None else str(refused.line)
            _refuse(context, InvalidArgument("POLICY_REFUSED", "it is refused", metadata=said))
        if not request.dry_run:
            self.publish(request.region_code, files)
        return policy_service_pb2.PublishPolicyResponse(version=self._version(version))

    def _check(self, region: str, files: Mapping[str, bytes]) -> str:
        if region in self.elsewhere:
            raise PolicyRefused(file=region, path="(top)", problem="is not ours", right="go there")
        return read_pack(region, files).version

    def GetPolicy(self, request, context):
        version = self.in_force.get(request.policy_version, request.policy_version)
        if version not in self.texts:
            _refuse(context, Absent("RESOURCE_NOT_FOUND", "no such version"))
        return policy_service_pb2.GetPolicyResponse(
            version=self._version(version),
            files=[
                policy_service_pb2.PolicyFile(name=name, content=content)
                for name, content in self.texts[version].items()
            ],
        )

    def ListPolicies(self, request, context):
        # One to a page, so that whoever asks must turn it.
        found = sorted(v for v in self.texts if v.startswith(request.region_code))
        place = int(request.page_token or 0)
        return policy_service_pb2.ListPoliciesResponse(
            versions=[self._version(version) for version in found[place : place + 1]],
            next_page_token=str(place + 1) if place + 1 < len(found) else "",
        )

    def _version(self, version: str) -> policy_service_pb2.PolicyVersion:
        region = version.partition("@")[0]
        message = policy_service_pb2.PolicyVersion(
            policy_version=version,
            region_code=region,
            in_force=self.in_force.get(region) == version,
        )
        if version in self.texts:
            message.publish_time.seconds = 1_790_000_000
        return message


def _refuse(context: grpc.ServicerContext, error: DomainError) -> None:
    context.abort_with_status(rpc_status.to_status(to_status(error, "hub")))


@contextlib.contextmanager
def serving(
    data_dir: Path,
    settlements: Settlements,
    policies: Policies | None,
    apart: Mapping[str, Policies] | None = None,
) -> Iterator[None]:
    """Serves on free ports, which are written to the data directory.

    `policies` None: they are not served. `apart`: of provinces that run apart, by their code.
    """
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(_served(settlements, policies))
        ports = dict.fromkeys(SERVICES, port) | {
            remote_name(province): stack.enter_context(_served(settlements, own))
            for province, own in (apart or {}).items()
        }
        document = {name: {"port": port, "metrics_port": 1} for name, port in ports.items()}
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / ENDPOINTS).write_bytes(orjson.dumps(document))
        yield
        (data_dir / ENDPOINTS).unlink()


@contextlib.contextmanager
def _served(settlements: Settlements, policies: Policies | None) -> Iterator[int]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server(settlements, server)
    if policies is not None:
        policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(policies, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(grace=None).wait()
