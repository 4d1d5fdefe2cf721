"""Where a policy is read from: a folder, the shipped packs, or a running mesh."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.parameter import Pack
from services.benefits.domain.snapshot import areas_of
from services.benefits.policies import INDEX_FILE, PACKS_FOLDER, read_files, read_pack
from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.cli.policy.placeholders import find_placeholders
from services.cli.topology import Endpoint, remote_name
from services.kit import codes
from services.kit.channel import Callee
from services.kit.errors import Absent
from yijie.benefits.v1 import policy_service_pb2, policy_service_pb2_grpc

_CALL_S: Final = 10.0
_HOST: Final = "benefits"


class UnknownPackError(Exception):
    """There is no such pack; the text says what there is."""


def shipped() -> list[Path]:
    """Returns the folders of the shipped packs, by area."""
    return sorted(child for child in PACKS_FOLDER.iterdir() if child.is_dir())


def folder_of(text: str) -> Path:
    """Returns the folder of a pack: one of this path, or the shipped one that covers this area.

    Raises:
        UnknownPackError: there is neither.
    """
    folder = _folder(text)
    # Nothing else is read: below some other folder may lie anything.
    if not ((folder / INDEX_FILE).is_file() or codes.is_area_code(folder.name)):
        msg = f"{text} holds no pack; name a folder like packs/330200"
        raise UnknownPackError(msg)
    return folder


def _folder(text: str) -> Path:
    folder = Path(text)
    if folder.is_dir():
        # The name is the area, also of `.`.
        return folder.resolve()
    if codes.is_area_code(text):
        for area in areas_of(text):
            if (PACKS_FOLDER / area).is_dir():
                return PACKS_FOLDER / area
    msg = (
        f"{text} is neither a folder nor an area with a shipped pack; "
        f"there are: {', '.join(one.name for one in shipped())}"
    )
    raise UnknownPackError(msg)


def folders_of(texts: list[str]) -> list[Path]:
    """Returns the folders of several packs; all shipped ones if none is named.

    A folder that holds folders of packs stands for all of them.

    Raises:
        UnknownPackError: one of them is no pack.
    """
    if not texts:
        return shipped()
    return [one for text in texts for one in _packs_in(text)]


def _is_folder(text: str) -> bool:
    return Path(text).is_dir()


def _packs_in(text: str) -> list[Path]:
    folder = _folder(text)
    inside = sorted(child for child in folder.iterdir() if (child / INDEX_FILE).is_file())
    return inside if inside and not (folder / INDEX_FILE).exists() else [folder_of(text)]


def load_folder(folder: Path) -> tuple[Pack, Mapping[str, bytes]]:
    """Returns a checked pack and its files.

    Raises:
        PolicyRefused: the first ??? that is left, or else the first thing wrong.
    """
    files = read_files(folder)
    left = list(find_placeholders(folder.name, files))
    if left:
        first = left[0]
        raise PolicyRefused(
            file=first.file,
            path=first.path,
            problem=f"{first.problem}, the first of {len(left)}",
            right=first.right,
            line=first.line,
        )
    return read_pack(folder.name, files), files


async def find_pack(text: str, data_dir: Path) -> Pack:
    """Returns the pack that a text names.

    A folder; a version `<area>@…` that a running mesh has or once had; or an area: what is in force
    in the running mesh, without one the shipped pack. A county stands for the area it lies in.

    Raises:
        UnknownPackError: none of these.
        MeshError: a version is asked for and no mesh runs.
        PolicyRefused: the pack is not in order.
        DomainError: the mesh refuses.
    """
    area = text.partition("@")[0]
    endpoints = read_endpoints(data_dir)
    if not _is_folder(text) and codes.is_area_code(area) and (endpoints or "@" in text):
        async with policies_of(area, endpoints, data_dir) as stub:
            try:
                return await fetch_pack(stub, text)
            except Absent:
                msg = f"the mesh has no policy {text}; `yijie policy list` shows which it has"
                raise UnknownPackError(msg) from None
    pack, _ = load_folder(folder_of(text))
    return pack


@contextlib.asynccontextmanager
async def policies_of(
    region_code: str, endpoints: Mapping[str, Endpoint], data_dir: Path
) -> AsyncIterator[Any]:
    """Opens a channel to the policies of an insured region, which may run apart.

    Raises:
        MeshError: no mesh runs in the data directory.
    """
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    apart = remote_name(codes.province_of(region_code))
    async with open_endpoint(endpoints[apart if apart in endpoints else _HOST]) as channel:
        yield policy_service_pb2_grpc.PolicyServiceStub(channel)


async def call(method: Any, request: Any) -> Any:
    """Calls a method of PolicyService.

    Raises:
        DomainError: benefits refused, or is silent.
    """
    return await Callee(_HOST).call(method, request, own_s=_CALL_S)


async def fetch_pack(stub: Any, version: str) -> Pack:
    """Returns a version of a policy, or of a region the one in force, as the mesh has it.

    Raises:
        Absent: there never was such a version.
        DomainError: benefits is silent.
    """
    answer = await call(stub.GetPolicy, policy_service_pb2.GetPolicyRequest(policy_version=version))
    files = {file.name: bytes(file.content) for file in answer.files}
    return read_pack(answer.version.region_code, files)
