"""What `yijie signatures show` and `verify` print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson
import typer
from rich.table import Table

from services.cli.keys.places import KeyPlaces, connected, find_places
from services.cli.migrate import DatabaseError
from services.cli.screen import console
from services.cli.signatures.keys import SignaturesError, read_directory, write_new
from services.cli.signatures.proof import (
    Finding,
    Item,
    read_proof,
    time_of,
    verify_all,
    write_proof,
)
from services.kit.crypto import FieldCipher, UnreadableField
from services.settlement.signature_store import FIND, FIND_VISIT, signed_of, unread_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SERVICE = "settlement"


async def show_record(
    data_dir: Path, record_id: str, *, is_service: bool, out: Path | None, as_json: bool
) -> int:
    """Prints what was signed of a record, and writes the proof of it.

    Returns 1 if there is nothing, or a row cannot be read; the others are shown and written.

    Raises:
        SignaturesError: it is no id, or the proof cannot be written.
        KeysError: there is no mesh.
        DatabaseError: the database cannot be used.
    """
    items = await _kept(data_dir, record_id, is_service=is_service)
    damaged = [item for item in items if item.damage]
    if out is not None:
        write_new(out, write_proof([item for item in items if not item.damage]), 0o600)
    if as_json:
        _print_json([Finding(item, item.damage) for item in items])
    else:
        _print(items)
        _print_findings([Finding(item, item.damage) for item in damaged])
        if out is not None:
            typer.echo(
                f"证明已写入 · the proof is in {out}, with personal data; verify it anywhere:"
                f" yijie signatures verify {out} --directory KEYS.yaml"
            )
    return 0 if items and not damaged else 1


async def verify_record(
    data_dir: Path, what: str, directory: Path, *, is_service: bool, as_json: bool
) -> int:
    """Verifies a proof or a record; returns 1 if anything is not proven, or nothing is signed.

    Raises:
        SignaturesError: the directory or the proof cannot be read.
        KeysError: there is no mesh.
        DatabaseError: the database cannot be used.
    """
    keys = read_directory(directory)
    proof = _read_file(Path(what))
    items = (
        await _kept(data_dir, what, is_service=is_service) if proof is None else read_proof(proof)
    )
    findings = verify_all(keys, items)
    if as_json:
        _print_json(findings)
    else:
        _print(items)
        _print_findings(findings)
    return 0 if findings and not any(finding.problem for finding in findings) else 1


def _read_file(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


async def _kept(data_dir: Path, record_id: str, *, is_service: bool) -> list[Item]:
    try:
        key = UUID(record_id)
    except ValueError:
        msg = f"{record_id!r} 不是编号或证明文件 · is neither an id nor a file"
        raise SignaturesError(msg) from None
    places = find_places(data_dir, _SERVICE if is_service else "")
    place = next(place for place in places.places if place.service == _SERVICE)
    async with connected(place) as connection:
        try:
            visits = await connection.fetch(FIND_VISIT, key)
            rows = await connection.fetch(FIND, [key, *(row["visit_id"] for row in visits)])
        except asyncpg.PostgresError as error:
            raise DatabaseError(error) from error
    return _items(places, rows)


def _items(places: KeyPlaces, rows: Sequence[asyncpg.Record]) -> list[Item]:
    cipher = FieldCipher(places.ring())
    return [row_item(cipher, row) for row in rows]


def row_item(cipher: FieldCipher, row: Mapping[str, Any]) -> Item:
    """Returns what a row of `FIND` holds; of one that cannot be read all but the message."""
    try:
        signed, damage = signed_of(cipher, row), ""
    except UnreadableField as error:
        signed, damage = unread_of(row), f"无法解密 the row is damaged or its key is gone: {error}"
    return Item(
        record_id=str(row["record_id"]),
        request_id=str(row["request_id"]),
        region_code=row["region_code"],
        role=row["role"],
        received_ms=round(row["receive_time"].timestamp() * 1000),
        signed=signed,
        damage=damage,
    )


def _print(items: Sequence[Item]) -> None:
    if not items:
        typer.echo("该笔没有签名 · nothing of this record was signed")
        return
    table = Table(
        "签署时间 signed", "方向 direction", "方法 method", "签署方 by", "密钥 key", "算法"
    )
    for item in items:
        signed = item.signed
        table.add_row(
            time_of(signed.signed_ms),
            signed.direction.value,
            signed.method.rpartition(".")[2],
            f"{item.region_code} {item.role}",
            signed.key_id,
            signed.algorithm,
        )
    console().print(table)


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark, text = ("✗", finding.problem) if finding.problem else ("✓", "签名有效 proven")
        name = finding.item.signed.method.rpartition("/")[2]
        typer.echo(f"{mark} {name} {finding.item.signed.direction.value}: {text}")


def _print_json(findings: Sequence[Finding]) -> None:
    content = [
        {
            "record_id": finding.item.record_id,
            "request_id": finding.item.request_id,
            "method": finding.item.signed.method,
            "direction": finding.item.signed.direction.value,
            "region": finding.item.region_code,
            "role": finding.item.role,
            "key_id": finding.item.signed.key_id,
            "algorithm": finding.item.signed.algorithm,
            "signed_ms": finding.item.signed.signed_ms,
            "received_ms": finding.item.received_ms,
            "digest": finding.item.signed.digest.hex(),
            "problem": finding.problem,
        }
        for finding in findings
    ]
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
