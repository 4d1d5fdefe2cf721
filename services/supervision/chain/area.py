"""What the audit chain brings to the process: its servicer and its loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.kit.rounds import repeating
from services.supervision.chain.keys import CheckpointKeys
from services.supervision.chain.notary import Notary
from services.supervision.chain.patrol import Patrol
from services.supervision.chain.sealing import Sealer
from services.supervision.chain.servicer import ChainServicer
from services.supervision.chain.sources import open_sources
from services.supervision.chain.verifying import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    import grpc

    from services.kit.clock import Clock
    from services.kit.db import Database
    from services.supervision.config import Config


def open_chain(
    config: Config, clock: Clock, database: Database, channels: Mapping[str, grpc.aio.Channel]
) -> tuple[Any, ...]:
    """Returns the servicer, and after it what runs beside it.

    Raises:
        BadKey: a file of keys is named and cannot be used.
    """
    keys = CheckpointKeys(config.checkpoint_key_file, config.checkpoint_keys_file)
    keys.require_usable()
    sealer = Sealer(database, clock, open_sources(database, channels))
    notary = Notary(database, clock, keys)
    verifier = Verifier(database, keys, sealer.sources)
    return (
        ChainServicer(database, sealer=sealer, notary=notary, verifier=verifier, keys=keys),
        sealer.running(config.chain_interval_s),
        repeating("checkpoint", notary.round, config.checkpoint_interval_s),
        repeating("chain_patrol", Patrol(verifier).round, config.chain_patrol_s),
    )
