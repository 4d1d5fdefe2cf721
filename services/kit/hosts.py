"""Connections to whichever of several PostgreSQL hosts takes writes.

A connection string may name several hosts, `postgresql://user@h1:5432,h2:5432/yijie?target_
session_attrs=read-write`: a primary and its standby. asyncpg asks them one after the other, so a
host that has vanished without a word, as a machine without power does, would have to time out
before the other is asked, each time anew. Here all are asked at once and the first that may be
used is taken.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

import asyncpg


def split_hosts(dsn: str) -> list[str]:
    """Returns a connection string for each host that one names, all else being the same."""
    parts = urlsplit(dsn)
    user, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        return [urlunsplit(parts._replace(netloc=f"{user}{at}{host}")) for host in hosts.split(",")]
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    sockets = query.get("host", "").split(",")
    if len(sockets) == 1:
        return [dsn]
    ports = query.pop("port", "").split(",")
    found = []
    for index, host in enumerate(sockets):
        own = {**query, "host": host}
        if port := ports[index if len(ports) == len(sockets) else 0]:
            own["port"] = port
        found.append(urlunsplit(parts._replace(query=urlencode(own, quote_via=quote, safe="/"))))
    return found


async def connect(dsn: str, **options: Any) -> Any:
    """Connects to the first host that answers and may be used; asyncpg.connect for one host.

    Raises:
        OSError: no host can be reached.
        asyncpg.TargetServerAttributeNotMatched: none of those that answer takes writes.
    """
    dsns = split_hosts(dsn)
    if len(dsns) == 1:
        return await asyncpg.connect(dsn, **options)
    waiting = {asyncio.ensure_future(asyncpg.connect(one, **options)) for one in dsns}
    failure: BaseException | None = None
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                # That a host does not take writes says more than that another is gone.
                error = one.exception()
                if error is None:
                    waiting |= done - {one}
                    return one.result()
                if failure is None or isinstance(failure, OSError):
                    failure = error
        raise failure or OSError("no host")
    finally:
        await _discard(waiting)


async def _discard(connecting: set[asyncio.Future[Any]]) -> None:
    for one in connecting:
        one.cancel()
    for ended in await asyncio.gather(*connecting, return_exceptions=True):
        if not isinstance(ended, BaseException):
            ended.terminate()
