"""`yijie policy new`: the folder of a region that has no policy yet."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from services.cli.policy.skeleton import skeleton
from services.kit import codes


class NewPackError(Exception):
    """The folder is not made; the text says why."""


def new(region_code: str, parent: Path, *, start: date) -> list[Path]:
    """Writes the skeleton of a region's pack into a folder of its name; returns the files.

    Raises:
        NewPackError: there is no such region, it is no pooling area, or the folder is there.
    """
    if not codes.is_known_area(region_code):
        msg = f"there is no region {region_code}; write six digits of GB/T 2260, e.g. 610500"
        raise NewPackError(msg)
    area = codes.pooling_area_of(region_code)
    if area != region_code:
        msg = f"{region_code} is insured in {codes.area_name(area)} {area}; make that one"
        raise NewPackError(msg)
    folder = parent / region_code
    if folder.exists():
        msg = f"{folder} is there already; nothing was written"
        raise NewPackError(msg)
    try:
        return [
            _write(folder / name, text) for name, text in skeleton(region_code, start=start).items()
        ]
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}"
        raise NewPackError(msg) from error


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
