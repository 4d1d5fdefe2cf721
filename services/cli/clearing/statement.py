"""`yijie clearing statement`: the tables of a month as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from services.cli.clearing.desk import Desk, desk
from services.cli.mesh import MeshError
from services.kit import codes
from yijie.clearing.v1 import month_pb2
from yijie.clearing.v1 import month_service_pb2 as pb

_FORMS = {
    "xlsx": month_pb2.TABLE_FORMAT_XLSX,
    "csv": month_pb2.TABLE_FORMAT_CSV,
    "pdf": month_pb2.TABLE_FORMAT_PDF,
}


async def write_statements(
    data_dir: Path, month: str, *, region: str, form: str, output: str
) -> int:
    """Writes the file of a province, of the country, or a folder with all of them; returns 0.

    `output` is a file or a folder, which is made if it ends in a slash; empty: the file's own name
    in this folder; "-": standard output.

    Raises:
        MeshError: no mesh runs there, or a file cannot be written.
        DomainError: clearing refused.
    """
    async with desk(data_dir) as held:
        if region != "all":
            answer = await _download(held, month, region, form)
            _put(answer, output)
            return 0
        folder = Path(output)
        regions = ("", *sorted(codes.PROVINCES))
        screen = Console(stderr=True)
        for one in track(
            regions,
            description="生成清算表 tables",
            console=screen,
            transient=True,
            disable=not screen.is_terminal,
        ):
            answer = await _download(held, month, one, form)
            # Not before there is something to put in it.
            _make(folder)
            _write(folder / answer.file_name, answer.content)
        sys.stderr.write(f"  {len(regions)} 份文件 files · {folder}\n")
    return 0


async def _download(held: Desk, month: str, region: str, form: str) -> Any:
    request = pb.DownloadTablesRequest(month=month, region_code=region, format=_FORMS[form])
    return await held.call(held.months.DownloadTables, request)


def _put(answer: Any, output: str) -> None:
    if output == "-":
        sys.stdout.buffer.write(answer.content)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if output.endswith("/"):
        _make(path)
    if path.is_dir():
        path /= answer.file_name
    _write(path, answer.content)
    sys.stderr.write(f"  {path} · {len(answer.content)} 字节 bytes\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder} 不能作为文件夹 · is no folder: {error.strerror}"
        raise MeshError(msg) from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except FileNotFoundError as error:
        msg = f"{path} 无法写入：没有这个文件夹 · cannot be written: there is no such folder"
        raise MeshError(msg) from error
    except OSError as error:
        msg = f"{path} 无法写入 · cannot be written: {error.strerror}"
        raise MeshError(msg) from error
