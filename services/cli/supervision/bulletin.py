"""`yijie supervision bulletin`: makes the bulletin of a month, or gets it, and writes its files."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from services.cli.mesh import MeshError, read_endpoints
from services.cli.progress import Progress
from services.cli.province import connected
from services.kit.errors import DomainError
from yijie.supervision.v1 import statistics_service_pb2 as pb

if TYPE_CHECKING:
    from services.cli.province import Province

_MAKE_S: Final = 3600.0
"""Longest wait: a bulletin adds up thirteen months of a whole country."""
_FILE_S: Final = 30.0


class NoPeopleError(Exception):
    """There is no bulletin yet, and nobody is named who makes and checks it."""


async def write_bulletin(
    data_dir: Path, month: str, *, output: Path, maker: str, checker: str, note: str
) -> int:
    """Writes the files of a bulletin into a folder, which is made; returns 0.

    The bulletin is made if there is none, or if `note` says why there must be a further edition.
    What was frozen comes out byte for byte the same, however often.

    Raises:
        NoPeopleError: one has to be made, and `maker` or `checker` is missing.
        MeshError: no mesh runs there, or a file cannot be written.
        DomainError: supervision refused.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    progress = Progress()
    async with connected(endpoints, "") as province:
        bulletin = None if note else await _find(province, month)
        if bulletin is None:
            if not maker or not checker:
                raise NoPeopleError
            with progress.step("生成通报", "making the bulletin"):
                answer = await province.call(
                    province.statistics.MakeBulletin,
                    pb.MakeBulletinRequest(
                        request_id=str(uuid4()),
                        month=month,
                        maker_id=maker,
                        checker_id=checker,
                        note=note,
                    ),
                    within_s=_MAKE_S,
                )
            bulletin = answer.bulletin
        await _write_files(province, bulletin, output)
    sys.stderr.write(
        f"  {month} 第 {bulletin.edition} 版 edition · {len(bulletin.files)} 份文件 files"
        f" · {output}\n  SHA-256 {bulletin.digest}\n"
    )
    return 0


async def _find(province: Province, month: str) -> Any:
    try:
        answer = await province.call(
            province.statistics.GetBulletin, pb.GetBulletinRequest(month=month)
        )
    except DomainError as error:
        if error.reason != "RESOURCE_NOT_FOUND":
            raise
        return None
    return answer.bulletin


async def _write_files(province: Province, bulletin: Any, output: Path) -> None:
    _make(output)
    for file in bulletin.files:
        content = await _download(province, bulletin, file.file_name)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            msg = f"{file.file_name} 校验不符 · does not have the digest that the bulletin names"
            raise MeshError(msg)
        _write(output / file.file_name, content)


async def _download(province: Province, bulletin: Any, file_name: str) -> bytes:
    request = pb.DownloadBulletinRequest(
        month=bulletin.month, edition=bulletin.edition, file_name=file_name
    )
    parts = []
    while True:
        answer = await province.call(
            province.statistics.DownloadBulletin, request, within_s=_FILE_S
        )
        parts.append(answer.content)
        request.offset = answer.next_offset
        if not request.offset:
            return b"".join(parts)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} 不能作为文件夹 · is no folder: {error.strerror}"
        raise MeshError(msg) from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        msg = f"{path} 无法写入 · cannot be written: {error.strerror}"
        raise MeshError(msg) from error
