"""Rows that were not taken: why, where, and what to do; never what stood in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from services.cli.loading.what_to_do import what_to_do
from services.kit.errors import DomainError

FIRST_LINES: Final = 5
"""Line numbers that the report names of each reason."""
_HEADER: Final = ("line", "field", "reason", "problem", "what_to_do_zh", "what_to_do_en")
_INDEX: Final = re.compile(r"\[[0-9]+\]")
_INSURANCE: Final = re.compile(r"insurances\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why one line of a file was not taken."""

    line: int
    """Line of the file, the header is 1."""
    field: str
    """Column at fault; empty: the line as a whole."""
    reason: str
    """A local reason of LOCAL_ZH, or an ErrorReason without its prefix."""
    problem: str
    """What is wrong, without what stood there."""


@dataclass(slots=True)
class Tally:
    """Counts lines and reasons; its size does not depend on the file's."""

    rows: int = 0
    """Lines with data that were read."""
    refused_rows: int = 0
    """Of them those that were not taken."""
    counts: dict[str, int] = field(default_factory=dict)
    first_lines: dict[str, list[int]] = field(default_factory=dict)

    def add(self, refusals: Sequence[Refusal]) -> None:
        """Counts refusals; all those of a line come in one call."""
        self.refused_rows += len({refusal.line for refusal in refusals})
        for refusal in refusals:
            self.counts[refusal.reason] = self.counts.get(refusal.reason, 0) + 1
            lines = self.first_lines.setdefault(refusal.reason, [])
            if len(lines) < FIRST_LINES and refusal.line not in lines:
                lines.append(refusal.line)


class RefusedFile:
    """The file that lists every refusal, made when there is a first one."""

    def __init__(self, path: Path) -> None:
        """Removes what an earlier load left there.

        Raises:
            OSError: the folder cannot be written to.
        """
        self.path = path
        self._file: IO[str] | None = None
        path.unlink(missing_ok=True)

    def write(self, refusals: Sequence[Refusal]) -> None:
        """Appends refusals."""
        if not refusals:
            return
        if self._file is None:
            # With the mark, or spreadsheets take UTF-8 for the local code page.
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(_HEADER)
        csv.writer(self._file).writerows(
            (r.line, r.field, r.reason, r.problem, *what_to_do(r.reason)) for r in refusals
        )

    def close(self) -> None:
        """Ends the file."""
        if self._file is not None:
            self._file.close()


def refusals_of(
    lines: Sequence[int],
    error: DomainError | None,
    columns: Mapping[str, str],
    *,
    message: str = "",
) -> list[Refusal]:
    """Returns the refusals of the lines of an entry that the hub refused.

    Args:
        lines: of the entry; the n-th is that of its n-th insurance.
        error: what the hub answered; None: a status without a reason.
        columns: column by the name of the contract's field.
        message: of the status, where there is no error.
    """
    if error is None:
        found = [Refusal(lines[0], "", "INTERNAL", message)]
    elif not error.violations:
        found = [Refusal(lines[0], "", error.reason, error.message)]
    else:
        found = [
            Refusal(
                _line_of(violation.field, lines),
                column_of(violation.field, columns),
                violation.reason or error.reason,
                violation.description,
            )
            for violation in error.violations
        ]
    blamed = {refusal.line for refusal in found}
    return found + [sibling(line) for line in lines if line not in blamed]


def sibling(line: int) -> Refusal:
    """Returns the refusal of a line that is in order, of an entry that is not."""
    return Refusal(line, "", "ROW_OF_SAME_PERSON", "another row of the same person was refused")


def column_of(path: str, columns: Mapping[str, str]) -> str:
    """Returns the column that a field of the contract comes from: the last part that is known."""
    parts = _INDEX.sub("", path).split(".")
    return next((columns[part] for part in reversed(parts) if part in columns), parts[-1])


def _line_of(path: str, lines: Sequence[int]) -> int:
    found = _INSURANCE.search(path)
    index = int(found[1]) if found else 0
    return lines[index] if index < len(lines) else lines[0]


def reason_document(tally: Tally) -> list[dict[str, Any]]:
    """Returns the reasons for programs, the most frequent first."""
    return [
        {
            "reason": reason,
            "count": count,
            "first_lines": tally.first_lines[reason],
            "what_to_do": list(what_to_do(reason)),
        }
        for reason, count in by_count(tally)
    ]


def by_count(tally: Tally) -> list[tuple[str, int]]:
    """Returns reasons with their counts, the most frequent first."""
    return sorted(tally.counts.items(), key=lambda item: (-item[1], item[0]))
