"""`yijie health`: asks a service of this machine or pod how it is.

For probes that run a command instead of calling gRPC, in an image that has no shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.kit import config as settings

_PATIENCE_S: Final = 2.0
_HERE: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - what is listened on


@dataclass(frozen=True, slots=True)
class _Listening:
    """The part of a service's environment that says where it is asked."""

    probe: str = settings.env("PROBE_LISTEN", settings.parse_optional_address, default="")


class UnknownAddressError(Exception):
    """Nobody said where to ask."""

    def __init__(self) -> None:
        super().__init__("YIJIE_PROBE_LISTEN is not set; say --address HOST:PORT")


def health(address: str, service: str) -> tuple[str, bool]:
    """Returns what a service answers, and whether that is SERVING.

    Args:
        address: host:port without TLS; empty: YIJIE_PROBE_LISTEN of the environment.
        service: full gRPC name, or `live`; empty: the process as a whole.

    Raises:
        UnknownAddressError: neither says where.
        ConfigError: YIJIE_PROBE_LISTEN is no address.
    """
    target = address or settings.load(_Listening).probe
    if not target:
        raise UnknownAddressError
    host, _, port = target.rpartition(":")
    with grpc.insecure_channel(f"{_HERE.get(host, host)}:{port}") as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=service), timeout=_PATIENCE_S
            )
        except grpc.RpcError as error:
            return error.code().name, False
    state = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return state, answer.status == health_pb2.HealthCheckResponse.SERVING
