"""`yijie rules publish`, `sign` and `list`: packs, their signatures and what runs."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import typer
from rich.table import Table

from services.cli.registry.asking import write_json
from services.cli.rules.desk import desk
from services.cli.rules.signing import DEMO_KEY, read_signature, signature_of
from services.cli.screen import console
from services.kit import wire
from services.kit.clock import SHANGHAI
from services.kit.errors import Absent
from services.supervision.rules_loader import digest_of
from services.supervision.rules_pack import contents_of, pack, unpack
from yijie.supervision.v1 import rule_pb2
from yijie.supervision.v1 import rule_service_pb2 as pb

_STATES: Final = {
    rule_pb2.RULE_PACK_STATE_UPCOMING: "待生效 upcoming",
    rule_pb2.RULE_PACK_STATE_RUNNING: "现行 running",
    rule_pb2.RULE_PACK_STATE_PAST: "曾用 past",
    rule_pb2.RULE_PACK_STATE_WITHDRAWN: "已撤回 withdrawn",
    rule_pb2.RULE_PACK_STATE_REFUSED: "未采用 refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is published, or signed."""

    folder: Path
    valid_from_time: datetime
    maker: str
    checker: str
    key_id: str
    key: Path | None
    """Private key; None: that of the local mesh."""
    signature: str = ""
    """Made elsewhere, base64; empty: it is made here with the key."""


def parse_instant(text: str) -> datetime:
    """Reads an instant with its offset, or a local one of Shanghai; empty: now.

    Raises:
        ValueError: it is none.
    """
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=SHANGHAI)
    return instant.astimezone(UTC)


async def publish(order: Order, data_dir: Path, *, as_json: bool) -> int:
    """Packs a folder, signs it and publishes it.

    Raises:
        DomainError: the pack is not what the loader knows, or supervision refused it.
        SigningError: there is no key, or no signature.
        MeshError: no mesh runs there.
    """
    content = pack(order.folder)
    version = unpack(content).version
    digest = digest_of(contents_of(content))
    if order.signature:
        signature = read_signature(order.signature)
    else:
        signature = _sign(order, digest, order.key or data_dir / "secrets" / DEMO_KEY)
    request = pb.PublishRulePackRequest(
        request_id=str(uuid4()),
        pack=content,
        valid_from_time=wire.write_time(order.valid_from_time),
        key_id=order.key_id,
        signature=signature,
        maker_id=order.maker,
        checker_id=order.checker,
    )
    async with desk(data_dir) as held:
        answer = await held.call(held.rules.PublishRulePack, request)
    if as_json:
        write_json(answer)
    else:
        typer.echo(
            f"已发布 published {version}：{_STATES.get(answer.pack.state, '')}，"
            f"{_local(answer.pack.valid_from_time.ToDatetime(UTC))} 起 from then on"
        )
    return 0


async def withdraw(version: str, data_dir: Path, *, maker: str, checker: str, as_json: bool) -> int:
    """Takes back the publication of a version whose instant is still to come.

    Raises:
        DomainError: there is none, or supervision refused.
        MeshError: no mesh runs there.
    """
    async with desk(data_dir) as held:
        listed = await held.call(held.rules.ListRulePacks, pb.ListRulePacksRequest(page_size=1000))
        upcoming = [
            one
            for one in listed.packs
            if one.version == version and one.state == rule_pb2.RULE_PACK_STATE_UPCOMING
        ]
        if not upcoming:
            raise Absent("RESOURCE_NOT_FOUND", f"no publication of {version} is still to come")
        # Of several the latest: the others are asked for by calling again.
        request = pb.WithdrawRulePackRequest(
            request_id=str(uuid4()),
            publication_id=upcoming[0].publication_id,
            maker_id=maker,
            checker_id=checker,
        )
        answer = await held.call(held.rules.WithdrawRulePack, request)
    if as_json:
        write_json(answer)
    else:
        valid_from = _local(answer.pack.valid_from_time.ToDatetime(UTC))
        typer.echo(f"已撤回 withdrawn {version}：原定 {valid_from} 起 it was to run from then on")
    return 0


def show_signature(order: Order, key: Path) -> int:
    """Prints the signature of a pack, for whoever publishes it elsewhere.

    Raises:
        DomainError: the pack is not what the loader knows.
        SigningError: the key cannot be used.
    """
    content = pack(order.folder)
    # Nobody signs what cannot run.
    unpack(content)
    typer.echo(base64.b64encode(_sign(order, digest_of(contents_of(content)), key)).decode())
    return 0


async def show_packs(data_dir: Path, *, as_json: bool) -> int:
    """Prints what was published, the latest first, and what runs.

    Raises:
        DomainError: supervision refused.
        MeshError: no mesh runs there.
    """
    async with desk(data_dir) as held:
        answer = await held.call(held.rules.ListRulePacks, pb.ListRulePacksRequest())
    if as_json:
        write_json(answer)
        return 0
    table = Table(title="规则包 rule packs", title_justify="left")
    for name in (
        "版本 version",
        "生效时刻 valid from",
        "状态 state",
        "密钥 key",
        "经办／复核 people",
    ):
        table.add_column(name, overflow="fold")
    for one in answer.packs:
        table.add_row(
            one.version[:16],
            "随版本发布 shipped" if one.shipped else _local(one.valid_from_time.ToDatetime(UTC)),
            _STATES.get(one.state, ""),
            one.key_id,
            "" if one.shipped else f"{one.maker_id} / {one.checker_id}",
        )
    out = console()
    out.print(table)
    out.print(f"现行 running：{answer.running_version}")
    return 0


def _sign(order: Order, digest: str, key: Path) -> bytes:
    return signature_of(
        key,
        digest=digest,
        valid_from_time=order.valid_from_time,
        maker_id=order.maker,
        checker_id=order.checker,
    )


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
