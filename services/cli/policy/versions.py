"""`yijie policy publish` and `list`: which text of a policy is in force in a running mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from google.protobuf.json_format import MessageToDict

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.snapshot import areas_of
from services.benefits.policies import policy_files
from services.cli.mesh import MeshError, read_endpoints
from services.cli.policy.output import area, table, write_json
from services.cli.policy.sources import call, folder_of, load_folder, policies_of
from services.cli.screen import console
from services.cli.topology import provinces_apart
from services.kit import codes, wire
from services.kit.clock import SHANGHAI
from services.kit.errors import InvalidArgument
from yijie.benefits.v1 import policy_service_pb2

_PAGE_ROWS: Final = 500


async def publish(folder: str, *, data_dir: Path, dry_run: bool, as_json: bool) -> int:
    """Puts a pack in force in a running mesh, or only has it checked there; returns 0.

    Raises:
        UnknownPackError: no such folder.
        PolicyRefused: the pack is not in order, as we or the mesh see it.
        MeshError: no mesh runs.
        DomainError: benefits is silent.
    """
    pack, files = load_folder(folder_of(folder))
    request = policy_service_pb2.PublishPolicyRequest(
        request_id=str(uuid4()),
        region_code=pack.region_code,
        files=[
            policy_service_pb2.PolicyFile(name=name, content=content)
            for name, content in policy_files(files).items()
        ],
        dry_run=dry_run,
    )
    async with policies_of(pack.region_code, read_endpoints(data_dir), data_dir) as stub:
        try:
            answer = await call(stub.PublishPolicy, request)
        except InvalidArgument as error:
            raise _refused(error) from error
    if as_json:
        write_json(_document(answer.version))
        return 0
    version = answer.version.policy_version
    said = (
        "可以发布，未生效 in order, not published"
        if dry_run
        else "已生效 in force"
        if answer.version.in_force
        else "已发布，另一版本生效 published, another one is in force"
    )
    console().print(f"✓ {version} · {area(pack.region_code)} · {said}", markup=False)
    return 0


async def list_versions(region: str, *, data_dir: Path, as_json: bool) -> int:
    """Prints which versions came into force and when; returns 0.

    Raises:
        MeshError: no mesh runs.
        DomainError: benefits refuses or is silent.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    versions: list[Any] = []
    # Each region's policies are held where it is served.
    for home in [region] if region else ["", *provinces_apart(endpoints)]:
        async with policies_of(home, endpoints, data_dir) as stub:
            # A county has those of the area it lies in.
            for area_code in areas_of(region) if codes.is_area_code(region) else [region]:
                found = await _versions(stub, area_code)
                versions += found
                if found:
                    break
    if as_json:
        write_json({"versions": [_document(version) for version in versions]})
        return 0
    rows = table("版本 version", "参保地 region", "生效 in force since", "现行 now", "来源 from")
    for version in versions:
        rows.add_row(
            version.policy_version,
            area(version.region_code),
            _time(version),
            "✓" if version.in_force else "",
            "随版本发布 shipped" if version.shipped else "另行发布 published",
        )
    console().print(rows)
    return 0


def _refused(error: InvalidArgument) -> Exception:
    """Returns what the mesh says of a pack, as the loader would have said it."""
    said = error.metadata
    if error.reason != "POLICY_REFUSED" or "file" not in said:
        return error
    return PolicyRefused(
        file=said["file"],
        path=said["path"],
        problem=said["problem"],
        right=said["right"],
        line=int(said["line"]) if said.get("line") else None,
    )


async def _versions(stub: Any, region: str) -> list[Any]:
    found: list[Any] = []
    token = ""
    while True:
        request = policy_service_pb2.ListPoliciesRequest(
            page_size=_PAGE_ROWS, page_token=token, region_code=region
        )
        answer = await call(stub.ListPolicies, request)
        found += answer.versions
        token = answer.next_page_token
        if not token:
            return found


def _time(version: Any) -> str:
    if not version.HasField("publish_time"):
        return ""
    return f"{wire.read_time(version.publish_time).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _document(version: Any) -> dict[str, Any]:
    return MessageToDict(
        version, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
