"""What `yijie keys` prints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from services.cli.keys.places import KeyPlaces, find_places
from services.cli.keys.rotating import Count, Told, count, reseal_all, retire, rotate
from services.cli.screen import console
from services.kit.crypto import SM4_KEY_BYTES


async def show_status(data_dir: Path, service: str, *, as_json: bool) -> None:
    """Prints fields by table and key."""
    places = find_places(data_dir, service)
    ring, counts = places.ring(), await count(places)
    if as_json:
        content = {
            "active_key_id": ring.active,
            "key_ids": sorted(ring.keys),
            "columns": [
                {
                    "service": c.service,
                    "table": c.column.table,
                    "column": c.column.column,
                    "kept": c.column.kept,
                    "fields_by_key_id": {str(k): n for k, n in sorted(c.by_key.items())},
                }
                for c in counts
            ],
        }
        typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return
    ids = sorted({*ring.keys, *(key_id for c in counts for key_id in c.by_key)})
    table = Table("service", "table", "column", *(_title(places, key_id) for key_id in ids), "")
    for c in counts:
        numbers = (f"{c.by_key[key_id]:,}" if c.by_key.get(key_id) else "·" for key_id in ids)
        kept = "journal: kept, never sealed anew" if c.column.kept else ""
        table.add_row(c.service, c.column.table, c.column.column, *numbers, kept)
    console().print(table)
    _advise(places, counts)


async def show_rotation(data_dir: Path, service: str, algorithm: str) -> None:
    """Rotates, with a bar."""
    places = find_places(data_dir, service)
    with _bar(await _to_look_at(places)) as told:
        key_id, looked_at = await rotate(places, algorithm=algorithm, told=told)
    typer.echo(f"key {key_id} is active; {looked_at:,} fields were looked at")
    _advise(places, await count(places))


async def show_resealing(data_dir: Path, service: str) -> None:
    """Seals anew, with a bar."""
    places = find_places(data_dir, service)
    with _bar(await _to_look_at(places)) as told:
        looked_at = await reseal_all(places, told=told)
    typer.echo(f"{looked_at:,} fields were looked at")
    _advise(places, await count(places))


async def show_retirement(data_dir: Path, service: str, key_id: int) -> None:
    """Takes a key out."""
    await retire(find_places(data_dir, service), key_id)
    typer.echo(f"key {key_id} is taken out; services forget it within a second")


async def _to_look_at(places: KeyPlaces) -> int:
    return sum(sum(c.by_key.values()) for c in await count(places) if not c.column.kept)


def _title(places: KeyPlaces, key_id: int) -> str:
    ring = places.ring()
    if key_id not in ring.keys:
        return f"key {key_id} MISSING"
    kind = "SM4" if len(ring.keys[key_id]) == SM4_KEY_BYTES else "AES"
    return f"key {key_id} {kind}{' active' if key_id == ring.active else ''}"


def _advise(places: KeyPlaces, counts: list[Count]) -> None:
    """Says of each key that is not active whether it can go."""
    ring = places.ring()
    for key_id in sorted(ring.keys):
        if key_id == ring.active:
            continue
        fields = sum(c.by_key.get(key_id, 0) for c in counts)
        anew = sum(c.by_key.get(key_id, 0) for c in counts if not c.column.kept)
        if not fields:
            typer.echo(f"key {key_id}: no field needs it; `yijie keys retire {key_id}`")
        elif anew:
            typer.echo(f"key {key_id}: {anew:,} fields can be sealed anew; `yijie keys reseal`")
        else:
            typer.echo(f"key {key_id}: {fields:,} fields of journals need it; keep it for reading")


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Told]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("keys", total=total)

        def told(name: str, fields: int) -> None:
            progress.update(task, description=name, advance=fields)

        yield told
