"""What the engine knows of a kind of file: its columns, what rows become, how it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from services.cli.loading.fields import FieldError
from services.cli.loading.reader import Column, Row
from services.cli.loading.refusals import Refusal
from services.kit import codes

_NAMESPACE: Final = UUID("5b0c7e52-3f0f-5c39-8f0e-2a9d6f6f7c11")
_FORM: Final = "1"
"""Of how rows become requests: another one must not be answered from what an earlier sent."""

Refuse = Callable[[Refusal], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one request entry is made of."""

    lines: tuple[int, ...]
    message: Any
    size: int
    """Bytes of its lines."""
    extras: Any = None
    """What else a kind keeps with it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that are sent together."""

    number: int
    entries: Sequence[Entry]
    is_last: bool
    """Nothing of the file follows, and it was whole."""
    refused_before: int
    """Lines refused up to here."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Request ids: the same for the same part of the same file, loaded the same way."""

    kind: str
    digest: str
    """SHA-256 of the file."""
    options: str
    """All else that decides what a batch holds: region, version, encoding, dry run."""

    def of(self, batch: int, part: str = "") -> str:
        """Returns the id of a request of a batch."""
        name = f"{_FORM}:{self.kind}:{self.digest}:{self.options}:{batch}:{part}"
        return str(uuid5(_NAMESPACE, name))


class Kind(Protocol):
    """A kind of file."""

    name: str
    columns: Sequence[Column]
    batch_entries: int
    """Most entries of a batch."""
    window: int
    """Batches that may be on their way at once."""

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields what rows become; `refuse` is told of those that become nothing."""
        ...

    async def send(self, batch: Batch) -> list[Refusal]:
        """Sends a batch; returns what of it was refused."""
        ...

    async def close(self) -> None:
        """Ends what was opened to send."""
        ...

    def notes(self) -> list[tuple[str, str]]:
        """Returns what else there is to say at the end, Chinese and English."""
        ...


def each(rows: Iterator[Row], refuse: Refuse, convert: Callable[[Row], Entry]) -> Iterator[Entry]:
    """Yields an entry per row."""
    for row in rows:
        try:
            yield convert(row)
        except FieldError as error:
            refuse(Refusal(row.line, error.column, error.reason, error.problem))


def require_region(code: str, region: str, column: str) -> None:
    """Refuses what lies in another region than the one loaded for; empty: any."""
    if region and not lies_in(code, region):
        raise FieldError(column, "not of the region that is loaded", "OTHER_PROVINCE")


def lies_in(code: str, region: str) -> bool:
    """Tells whether an area is a region or lies in it, by the zeros at the region's end."""
    if region == codes.province_of(region):
        return code[:2] == region[:2]
    return code == region or code.startswith(region.removesuffix("00"))


def columns(required: str, optional: str = "") -> tuple[Column, ...]:
    """Returns columns from names separated by blanks."""
    return (
        *(Column(name, required=True) for name in required.split()),
        *(Column(name) for name in optional.split()),
    )


def first_lines(entries: Sequence[Entry]) -> list[int]:
    """Returns the first line of each entry."""
    return [entry.lines[0] for entry in entries]


def fields_by_column(names: Sequence[Column], also: Mapping[str, str]) -> dict[str, str]:
    """Returns the column of each field of a contract: of the same name, or as `also` says."""
    return {column.name: column.name for column in names} | dict(also)
