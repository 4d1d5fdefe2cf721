"""PolicyService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.benefits import policy_usecases
from services.kit import call as calls
from services.kit import codes, paging, wire
from services.kit.idempotency import once
from yijie.benefits.v1 import policy_service_pb2, policy_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.benefits.policy_book import Policies
    from services.benefits.policy_store import PolicyVersion
    from services.kit.db import Connection, Database

FULL_NAME: Final = "yijie.benefits.v1.PolicyService"


class PolicyServicer(policy_service_pb2_grpc.PolicyServiceServicer):
    """Answers the calls of PolicyService."""

    def __init__(self, database: Database, policies: Policies) -> None:
        """Holds what all calls share."""
        self._database = database
        self._policies = policies

    async def PublishPolicy(self, request: Any, context: Any) -> Any:
        """Checks a pack and puts it in force, in this process before it answers."""
        calls.note(insured_region=codes.province_of(request.region_code))
        files = policy_usecases.read_files([(file.name, file.content) for file in request.files])
        if request.dry_run:
            version = await policy_usecases.check(self._policies, request.region_code, files)
            return policy_service_pb2.PublishPolicyResponse(
                version=policy_service_pb2.PolicyVersion(
                    policy_version=version, region_code=request.region_code
                )
            )

        async def work(connection: Connection) -> Any:
            version = await policy_usecases.check(self._policies, request.region_code, files)
            published = await policy_usecases.publish(connection, version, files)
            return policy_service_pb2.PublishPolicyResponse(version=_write_version(published))

        response = await once(
            self._database, request, policy_service_pb2.PublishPolicyResponse, work
        )
        # A repeat too: the first answer may have been lost before this process had caught up.
        await self._policies.catch_up()
        return response

    async def GetPolicy(self, request: Any, context: Any) -> Any:
        """Answers the text of a version."""
        version, files = await policy_usecases.get(self._database, request.policy_version)
        return policy_service_pb2.GetPolicyResponse(
            version=_write_version(version), files=_write_files(files)
        )

    async def ListPolicies(self, request: Any, context: Any) -> Any:
        """Answers a page of what came into force."""
        size = paging.page_size(request)
        versions = await policy_usecases.list_versions(
            self._database,
            request.region_code,
            before=paging.read_key(request, paging.row_number),
            limit=size + 1,
        )
        page = versions[:size]
        return policy_service_pb2.ListPoliciesResponse(
            versions=[_write_version(version) for version in page],
            next_page_token=(
                paging.write_token(request, (str(page[-1].sequence),))
                if len(versions) > size
                else ""
            ),
        )


def _write_version(version: PolicyVersion) -> Any:
    return policy_service_pb2.PolicyVersion(
        policy_version=version.version,
        region_code=version.region_code,
        publish_time=None
        if version.publish_time is None
        else wire.write_time(version.publish_time),
        in_force=version.in_force,
        shipped=version.shipped,
    )


def _write_files(files: Mapping[str, bytes]) -> list[Any]:
    return [
        policy_service_pb2.PolicyFile(name=name, content=content)
        for name, content in sorted(files.items())
    ]
