"""Benefits of further insured regions, on servers of their own, that misbehave when told to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message
from prometheus_client import REGISTRY

from tests.support.callees import FakeBenefits
from yijie.benefits.v1 import benefits_service_pb2


@dataclass(repr=False)
class Remote:
    """A region and where it is."""

    benefits: FakeBenefits = field(default_factory=FakeBenefits)
    target: str = ""
    is_garbled: bool = False
    """Whether it answers what is no message."""

    def write(self, answer: Message) -> bytes:
        """Serializes an answer."""
        return b"\xff\xff\xff" if self.is_garbled else answer.SerializeToString()


@contextlib.asynccontextmanager
async def region_served(benefits: FakeBenefits | None = None) -> AsyncIterator[Remote]:
    """Serves the benefits of a region while the block runs."""
    remote = Remote(benefits or FakeBenefits())
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(remote.benefits, name), request.FromString, remote.write
        )
        for name, request in (
            ("Adjudicate", benefits_service_pb2.AdjudicateRequest),
            ("Commit", benefits_service_pb2.CommitRequest),
            ("Cancel", benefits_service_pb2.CancelRequest),
        )
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("yijie.benefits.v1.BenefitsService", handlers),)
    )
    remote.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield remote
    finally:
        await server.stop(0)


def sample(name: str, **labels: str) -> float:
    """Returns what an instrument shows; 0: nothing yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
