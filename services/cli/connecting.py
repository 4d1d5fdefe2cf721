"""Channels to the services of a local mesh, plain or by TLS, as the mesh is.

A mesh with certificates has one for each kind of caller in its data directory. A command takes for
each call the one that the method is for (authorisation.yaml): the hub's operator, officer or
auditor, or the agency of the province that the request names.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from services.cli.certs.handshake import shake
from services.cli.certs.local import HUB_CALLERS, agency_name
from services.cli.signatures.local import signer_of
from services.cli.topology import SERVICES, Endpoint, signatures_dir
from services.kit.authorisation import DENIED, Reach, Rule, load_table, names_province
from services.kit.caller import AGENCY, HUB, OPERATOR
from services.kit.channel import open_channel, secure_channel
from services.kit.clock import SystemClock
from services.kit.codes import PROVINCES
from services.kit.config import ConfigError
from services.kit.crypto import BadKey
from services.kit.interceptors import PLUMBING
from services.kit.renewing_channel import RenewingChannel
from services.kit.signing.client import Signer
from services.kit.tls import Identity, TlsConfig

_HUB_PROCESS: Final = "settlement"
"""Whose certificate stands for the hub's services where a method is for them alone."""
_LOOK_S: Final = 1.0


class ConnectingError(Exception):
    """A service cannot be called with the certificates that there are; the text says why."""


@contextlib.asynccontextmanager
async def open_endpoint(
    endpoint: Endpoint, *, region: str = "", is_checked: bool = True
) -> AsyncIterator[grpc.aio.Channel]:
    """Opens a channel to a service of a local mesh.

    With `region`, a province, calls are its agency's wherever a method is for agencies. Checked: a
    service that is there and does not accept us, or we it, is told at once.

    Raises:
        ConnectingError: the service and our certificates do not accept each other.
    """
    if not endpoint.certs:
        async with open_channel(endpoint.address) as channel:
            yield channel
        return
    folder = Path(endpoint.certs)
    if is_checked:
        found = await shake(endpoint.address, folder / OPERATOR)
        if found.is_reached and not found.ok:
            msg = f"{endpoint.address}: {found.text}"
            raise ConnectingError(msg)
    async with Wallet(endpoint.address, folder, region=region) as wallet:
        yield wallet


class Wallet(grpc.aio.Channel):  # type: ignore[misc]
    """A channel that has every caller's certificate, and picks one for each call."""

    def __init__(self, address: str, folder: Path, *, region: str = "") -> None:
        """Needs a running event loop; `folder` is that of the mesh's certificates."""
        self._address = address
        self._folder = folder
        self._region = region
        self._held: dict[str, tuple[Identity, RenewingChannel]] = {}
        self._signers: dict[str, Signer | None] = {}
        self._task = asyncio.create_task(self._follow(), name="wallet")

    def unary_unary(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Returns a callable for a method."""
        return _Method(self, "unary_unary", method, arguments, options)

    def unary_stream(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Returns a callable for a method that answers a stream."""
        return _Method(self, "unary_stream", method, arguments, options)

    def stream_unary(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Returns a callable for a method that takes a stream."""
        return _Method(self, "stream_unary", method, arguments, options)

    def stream_stream(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Returns a callable for a method that takes a stream and answers one."""
        return _Method(self, "stream_stream", method, arguments, options)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Returns the state of the operator's channel."""
        return self.channel_of(OPERATOR).get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Waits until the operator's channel is in another state."""
        await self.channel_of(OPERATOR).wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Waits until the operator's channel is connected."""
        await self.channel_of(OPERATOR).channel_ready()

    async def close(self, grace: float | None = None) -> None:
        """Closes all that was opened."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        for _, channel in self._held.values():
            await channel.close(grace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def region(self) -> str:
        """The province whose agency calls; empty: the one that the request names."""
        return self._region

    def channel_of(self, name: str) -> RenewingChannel:
        """Returns the channel that shows a certificate, by its name in the folder.

        Raises:
            ConnectingError: there is no such certificate, or it cannot be used.
        """
        if name not in self._held:
            config = TlsConfig.of_folder(self._folder / name)
            try:
                identity = Identity(config, SystemClock(), is_silent=True)
            except ConfigError as error:
                raise ConnectingError("; ".join(error.problems)) from None
            self._held[name] = identity, secure_channel(self._address, identity)
        return self._held[name][1]

    def signer_of(self, name: str) -> Signer | None:
        """Returns what signs the calls of a certificate; None: it has no signing key.

        Raises:
            ConnectingError: its key cannot be used.
        """
        if name not in self._signers:
            try:
                self._signers[name] = signer_of(signatures_dir(self._folder.parent), name)
            except BadKey as error:
                raise ConnectingError(str(error)) from None
        return self._signers[name]

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            for identity, _ in self._held.values():
                identity.look()
            for signer in filter(None, self._signers.values()):
                signer.book.look()


class _Method:
    """A method, called with the certificate that it is for."""

    __slots__ = ("_arguments", "_kind", "_made", "_method", "_name", "_options", "_pick", "_wallet")

    def __init__(
        self,
        wallet: Wallet,
        kind: str,
        name: str,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> None:
        self._wallet = wallet
        self._kind = kind
        self._name = name
        # Under the name that gRPC's own have: kit.channel.Callee reads it for its span.
        self._method = name.encode()
        self._arguments = arguments
        self._options = options
        self._pick: Pick | None = None
        self._made: dict[str, Any] = {}

    def __call__(self, request: Any = None, **options: Any) -> Any:
        if self._pick is None:
            self._pick = Pick.of(self._name, self._wallet.region)
        name = self._pick.certificate_for(request)
        if name not in self._made:
            make = getattr(self._wallet.channel_of(name), self._kind)
            self._made[name] = make(self._name, *self._arguments, **self._options)
        signer = self._wallet.signer_of(name)
        if signer is not None and signer.signs(self._name):
            return signer.call(self._made[name], self._name, request, **options)
        return self._made[name](request, **options)


@dataclass(frozen=True, slots=True)
class Pick:
    """Which certificate calls of a method show."""

    method: str
    otherwise: str
    """Its name, unless the request names a province; empty: it must."""
    provinces: tuple[tuple[str, Callable[[Any], bool]], ...] = ()
    """Province, and what tells whether a request names it: its agency calls then."""

    @classmethod
    def of(cls, method: str, region: str) -> Pick:
        """Returns it for a method; `region`: a province whose agency calls, if any may."""
        if method.startswith(PLUMBING):
            return cls(method, OPERATOR)
        rule = _rule_of(method)
        if region and AGENCY in rule.grants:
            return cls(method, agency_name(region))
        for role in HUB_CALLERS:
            if role in rule.grants:
                return cls(method, role)
        otherwise = _HUB_PROCESS if HUB in rule.grants else ""
        if rule.grants.get(AGENCY) is Reach.ANY:
            otherwise = agency_name(next(iter(PROVINCES)))
        paths = rule.request if AGENCY in rule.grants else ()
        asked = tuple((one, names_province(paths, one)) for one in PROVINCES) if paths else ()
        return cls(method, otherwise, asked)

    def certificate_for(self, request: Any) -> str:
        """Returns the name of the certificate for a request, as a message or as its bytes.

        Raises:
            ConnectingError: it is for agencies alone, and the request names no province.
        """
        if self.provinces and isinstance(request, bytes):
            request = _read(self.method, request)
        if isinstance(request, Message):
            for province, names in self.provinces:
                if names(request):
                    return agency_name(province)
        if self.otherwise:
            return self.otherwise
        msg = f"{self.method} is for the agency of a province, and the request names none"
        raise ConnectingError(msg)


def _rule_of(method: str) -> Rule:
    """Returns who may call a method, of whichever service."""
    tables = (load_table(service) for service in SERVICES)
    return next((table.rules[method] for table in tables if method in table.rules), DENIED)


def _read(method: str, request: bytes) -> Message:
    """Reads a request that is sent as it was written before, as the load of a drill is."""
    name = method.strip("/").replace("/", ".")
    found = descriptor_pool.Default().FindMethodByName(name)
    return message_factory.GetMessageClass(found.input_type).FromString(request)
