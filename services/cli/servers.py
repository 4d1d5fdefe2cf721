"""Which database a command means."""

from __future__ import annotations

from pathlib import Path

from services.cli.mesh import MeshError


def server_dsn(dsn: str, data_dir: Path) -> str:
    """Returns the connection string that was given, or else that of a data directory's mesh.

    Raises:
        MeshError: there is neither.
    """
    if dsn:
        return dsn
    try:
        return (data_dir / "secrets" / "dsn").read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f"no database in {data_dir}: name it by --dsn, or the folder by --data-dir"
        raise MeshError(msg) from error
