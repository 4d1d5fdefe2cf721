"""A service as it is wired, behind mutual TLS with certificates of the test's own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest

from services.kit.caller import uri_of
from tests.support.certificates import Authority


class Door:
    """Opens channels with the certificate of a caller."""

    def __init__(self) -> None:
        self._authority = Authority()

    @contextlib.contextmanager
    def closing(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Puts every server that is made while the block runs behind TLS."""
        make = grpc.aio.server

        def secured(*arguments: Any, **options: Any) -> Any:
            server = make(*arguments, **options)
            credentials = self._authority.server_credentials()
            server.add_insecure_port = lambda _: server.add_secure_port("localhost:0", credentials)
            return server

        with monkeypatch.context() as patch:
            patch.setattr(grpc.aio, "server", secured)
            yield

    @contextlib.asynccontextmanager
    async def opened(self, address: str, region: str, role: str) -> AsyncIterator[Any]:
        """A channel to a server, as a caller of ours."""
        async with self.opened_as(address, uri_of(region, role)) as channel:
            yield channel

    @contextlib.asynccontextmanager
    async def opened_as(self, address: str, uri: str) -> AsyncIterator[Any]:
        """A channel to a server, as whoever the URI names."""
        target = f"localhost:{address.rpartition(':')[2]}"
        credentials = self._authority.client_credentials(uri)
        async with grpc.aio.secure_channel(target, credentials) as channel:
            yield channel
