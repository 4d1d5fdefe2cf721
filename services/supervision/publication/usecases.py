"""Use cases of publication: publish, withdraw, list, and find the rules of a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.kit.errors import Absent
from services.kit.ids import new_id
from services.supervision.domain.publication import (
    Publication,
    require_instant,
    require_newer,
    require_upcoming,
)
from services.supervision.publication import store
from services.supervision.publication.packs import read_pack

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.kit.db import Connection, Database
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.publication.current import Current
    from services.supervision.publication.keys import Signed, TrustedKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A pack that comes to be published; its rules were read."""

    content: bytes
    signed: Signed


async def publish(
    connection: Connection, brought: Brought, keys: TrustedKeys, *, now: datetime
) -> Publication:
    """Keeps a pack and the instant from which it runs.

    Raises:
        InvalidArgument: RULE_PACK_TIME, RULE_KEY_UNKNOWN, RULE_PACK_SIGNATURE, in this order.
        RuleForbids: RULE_PACK_NOT_NEWER.
    """
    signed = brought.signed
    require_instant(signed.valid_from_time, now)
    keys.verify(signed)
    made = Publication(
        publication_id=new_id(now),
        version=signed.version,
        digest=signed.digest,
        valid_from_time=signed.valid_from_time,
        key_id=signed.key_id,
        signature=signed.signature,
        maker_id=signed.maker_id,
        checker_id=signed.checker_id,
        publish_time=now,
    )
    await store.lock(connection)
    require_newer(made, await store.list_from(connection, made.valid_from_time), now)
    await store.add_pack(connection, signed.digest, signed.version, brought.content)
    await store.publish(connection, made)
    return made


async def withdraw(
    connection: Connection, publication_id: UUID, *, maker_id: str, checker_id: str, now: datetime
) -> Publication:
    """Takes a publication back before its instant.

    Raises:
        Absent: there is none of this id.
        RuleForbids: RULE_PACK_STATE_FORBIDS.
    """
    await store.lock(connection)
    found = await store.find(connection, publication_id)
    if found is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such publication",
            field="publication_id",
            metadata={"resource": "rulePack"},
        )
    require_upcoming(found, now)
    await store.withdraw(
        connection, publication_id, maker_id=maker_id, checker_id=checker_id, now=now
    )
    withdrawn = await store.find(connection, publication_id)
    assert withdrawn is not None  # noqa: S101 - found above, never deleted
    return withdrawn


def known_rules(current: Current, version: str) -> RuleSet | None:
    """Returns the rules of a version that is in memory; empty: those that run."""
    for known in (current.ruleset(), current.shipped):
        if version in {"", known.version, known.digest}:
            return known
    return None


async def past_rules(database: Database, version: str) -> RuleSet:
    """Returns the rules of a version that was published.

    Raises:
        Absent: it never was.
        InvalidArgument: RULE_PACK_…: this release cannot read it.
    """
    content = await store.find_pack(database, version)
    if content is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such version was published",
            field="version",
            metadata={"resource": "rulePack"},
        )
    return await (await read_pack(content)).rules()
