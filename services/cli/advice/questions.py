"""What the commands that ask for advice share: reading what was typed, asking, answering."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from rich.table import Table

from services.cli.mesh import MeshError, read_endpoints
from services.cli.province import QUERY_S, connected
from services.kit.money import format_yuan, parse_decimal, to_fen
from services.kit.wire import write_date, write_money
from yijie.common.v1 import money_pb2

SAMPLE: Final = "示例：所用目录或政策含示例值 · sample values were used"
_PLACES: Final = 2


class BadQuestionError(Exception):
    """What was typed is no question; the text says why."""


async def ask(data_dir: Path, method: str, request: Any, *, within_s: float = QUERY_S) -> Any:
    """Asks the mesh of a data directory by a method of AdviceService.

    Raises:
        MeshError: no mesh runs there.
        DomainError: the hub refused.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        return await province.call(getattr(province.advice, method), request, within_s=within_s)


def write_json(message: Message) -> None:
    """Writes an answer on standard output, every field of it, amounts in fen."""
    document = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def read_day(text: str) -> Date | None:
    """Returns a date written YYYY-MM-DD, or None for none. Raises BadQuestionError."""
    if not text:
        return None
    try:
        return write_date(date.fromisoformat(text))
    except ValueError:
        msg = f"--date {text} is not written YYYY-MM-DD"
        raise BadQuestionError(msg) from None


def read_split(
    *, total: str, in_scope: str, full_self_pay: str, over: str, prior: str
) -> money_pb2.AmountSplit:
    """Returns the amounts of a bill, typed in yuan; "" where nothing was typed.

    Without parts all of the total is in scope, without the part in scope what the others leave of
    it, without a total it is their sum.

    Raises:
        BadQuestionError: an amount that is none, neither a total nor a part in scope, or a total
            that is not the sum of its parts.
    """
    full_fen, over_fen, prior_fen = (
        _fen(text, option) or 0
        for text, option in (
            (full_self_pay, "--full-self-pay"),
            (over, "--over"),
            (prior, "--prior"),
        )
    )
    total_fen, scope_fen = _fen(total, "--total"), _fen(in_scope, "--in-scope")
    others = full_fen + over_fen + prior_fen
    if total_fen is None:
        if scope_fen is None:
            msg = "--total or --in-scope is needed, in yuan"
            raise BadQuestionError(msg)
        total_fen = others + scope_fen
    if scope_fen is None:
        scope_fen = total_fen - others
    if total and in_scope and total_fen != others + scope_fen:
        msg = (
            f"--total {format_yuan(total_fen)} is not the sum of its parts, "
            f"{format_yuan(others + scope_fen)}; leave --in-scope out to have it computed"
        )
        raise BadQuestionError(msg)
    if scope_fen < 0:
        msg = "the parts are more than --total"
        raise BadQuestionError(msg)
    return money_pb2.AmountSplit(
        total=write_money(total_fen),
        full_self_pay=write_money(full_fen),
        over_limit=write_money(over_fen),
        prior_self_pay=write_money(prior_fen),
        in_scope=write_money(scope_fen),
    )


def signed(fen: int) -> str:
    """Returns an amount in yuan with its sign: +12.00."""
    return f"+{format_yuan(fen)}" if fen > 0 else format_yuan(fen)


def table(texts: Sequence[str], amounts: Sequence[str]) -> Table:
    """Returns a table with columns of text, then of amounts."""
    found = Table(box=None, pad_edge=False, header_style="dim")
    for name in texts:
        found.add_column(name, no_wrap=True)
    for name in amounts:
        found.add_column(name, justify="right", no_wrap=True)
    return found


def _fen(text: str, option: str) -> int | None:
    if not text:
        return None
    try:
        yuan = parse_decimal(text)
    except ValueError:
        yuan = None
    if yuan is None or yuan < 0 or -int(yuan.as_tuple().exponent) > _PLACES:
        msg = f"{option} {text} is no amount in yuan with at most two places"
        raise BadQuestionError(msg)
    return to_fen(yuan)
