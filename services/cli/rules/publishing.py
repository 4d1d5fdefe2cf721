"""The commands of `yijie rules` that publish and try packs; each imports what it needs."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from services.cli.rules.publish import Order

_PERSON = re.compile(r"[0-9A-Za-z._-]{1,40}")
_KEY_ID = re.compile(r"[0-9a-z][0-9a-z._-]{0,39}")
_NEXT = {
    "RULE_KEY_UNKNOWN": (
        "将公钥行加入 YIJIE_RULE_KEYS_FILE 所指文件",
        "add the public key's line to the file of YIJIE_RULE_KEYS_FILE",
    ),
    "RULE_PACK_SIGNATURE": (
        "签名须对同一版本、时刻和人员：重新 `yijie rules sign`",
        "sign again, for this version, instant and these people: `yijie rules sign`",
    ),
    "RULE_PACK_NOT_NEWER": ("`yijie rules list` 列出已发布的规则包", "see `yijie rules list`"),
    "MAKER_IS_CHECKER": ("请换一人复核：--checker", "have another person check: --checker"),
    "CALLEE_UNAVAILABLE": ("系统是否仍在运行", "is the mesh still running?"),
}
"""What to do about a refusal, in both languages."""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the pack.")]
Maker = Annotated[str, typer.Option(help="Code of the officer who publishes (经办).")]
Checker = Annotated[str, typer.Option(help="Code of the one who checks (复核): another.")]
ValidFrom = Annotated[
    str, typer.Option("--valid-from", metavar="INSTANT", help="2026-12-01T00:00; none: now.")
]
KeyId = Annotated[str, typer.Option(help="Name of the key, as in the file of trusted keys.")]
Since = Annotated[str, typer.Option("--since", metavar="YYYY-MM-DD", help="First day.")]
Until = Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="Last day; none: today.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `yijie rules`."""
    app.command()(publish)
    app.command()(sign)
    app.command()(key)
    app.command("list")(list_)
    app.command()(withdraw)
    app.command("dry-run")(dry_run)
    app.command()(rates)


def publish(
    folder: Folder,
    *,
    maker: Maker,
    checker: Checker,
    valid_from: ValidFrom = "",
    key_file: Annotated[
        Path | None, typer.Option("--key", help="Private key; none: that of the local mesh.")
    ] = None,
    key_id: KeyId = "demo",
    signature: Annotated[
        str, typer.Option(help="Base64, made with `yijie rules sign`; none: it is made here.")
    ] = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Publishes a pack from an instant on: it runs everywhere without a restart."""
    from services.cli.rules.publish import publish as publish_  # noqa: PLC0415

    order = _order(folder, maker, checker, valid_from, key_id, key_file, signature)
    _run(lambda: publish_(order, data_dir, as_json=as_json))


def sign(
    folder: Folder,
    *,
    maker: Maker,
    checker: Checker,
    key_file: Annotated[Path, typer.Option("--key", help="Private key.")],
    valid_from: Annotated[
        str, typer.Option("--valid-from", metavar="INSTANT", help="2026-12-01T00:00.")
    ],
) -> None:
    """Prints the signature of a pack, where the key is kept; `publish --signature` takes it."""
    from services.cli.rules.publish import show_signature  # noqa: PLC0415

    order = _order(folder, maker, checker, valid_from, "demo", key_file, "")

    async def command() -> int:
        return show_signature(order, key_file)

    _run(command)


def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that is made, mode 0600.")],
    *,
    key_id: KeyId,
) -> None:
    """Makes a private key and prints the line that makes its public key trusted."""
    from services.cli.rules.signing import new_key  # noqa: PLC0415

    if not _KEY_ID.fullmatch(key_id):
        fail(f"--key-id {key_id}：小写字母、数字与 ._- · lower-case letters, digits and ._-", USAGE)

    async def command() -> int:
        typer.echo(new_key(file, key_id))
        return 0

    _run(command)


def list_(*, data_dir: DataDir = UP_DIR, as_json: Json = False) -> None:
    """Shows what was published, by whom, and what runs."""
    from services.cli.rules.publish import show_packs  # noqa: PLC0415

    _run(lambda: show_packs(data_dir, as_json=as_json))


def withdraw(
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="As `yijie rules list` has it.")
    ],
    *,
    maker: Maker,
    checker: Checker,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Takes back what was published and does not run yet."""
    from services.cli.rules.publish import withdraw as withdraw_  # noqa: PLC0415

    _require_people(maker, checker)
    _run(lambda: withdraw_(version, data_dir, maker=maker, checker=checker, as_json=as_json))


def dry_run(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Folder of the pack that is tried.")
    ] = None,
    *,
    since: Since,
    until: Until = "",
    version: Annotated[
        str, typer.Option(help="Instead of a folder: a version that was published.")
    ] = "",
    bills_max: Annotated[int, typer.Option(min=0, help="Bills at most; 0: 100,000.")] = 0,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Tells what a pack would have found on audited bills, by rule and money; writes nothing."""
    from services.cli.rules.dry_run import Trial  # noqa: PLC0415
    from services.cli.rules.dry_run import dry_run as dry_run_  # noqa: PLC0415

    if (folder is None) == (not version):
        fail("给出规则包目录或 --version · give either a folder or --version", USAGE)
    first = _day(since, "--since")
    trial = Trial(
        folder=folder,
        version=version,
        since=first,
        until=_day(until, "--until") if until else None,
        bills_max=bills_max,
    )
    _run(lambda: dry_run_(trial, data_dir, as_json=as_json))


def rates(
    *,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="YYYY-MM-DD", help="Cases opened from this day; none: all."
        ),
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="YYYY-MM-DD", help="To this day; none: all.")
    ] = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows how often reviews confirmed what each rule found: its false-positive rate."""
    from services.cli.rules.rates import show_rates  # noqa: PLC0415

    first = _day(since, "--since") if since else None
    last = _day(until, "--until") if until else None
    _run(lambda: show_rates(data_dir, since=first, until=last, as_json=as_json))


def _order(  # noqa: PLR0917 - the options, as they come
    folder: Path,
    maker: str,
    checker: str,
    valid_from: str,
    key_id: str,
    key_file: Path | None,
    signature: str,
) -> Order:
    from services.cli.rules.publish import Order, parse_instant  # noqa: PLC0415

    _require_people(maker, checker)
    if signature and not valid_from:
        fail("--signature 须与签名时的 --valid-from 同用 · needs the --valid-from it is for", USAGE)
    try:
        instant = parse_instant(valid_from)
    except ValueError:
        fail(f"--valid-from {valid_from}：应如 · is written like 2026-12-01T00:00", USAGE)
    return Order(
        folder=folder,
        valid_from_time=instant,
        maker=maker,
        checker=checker,
        key_id=key_id,
        key=key_file,
        signature=signature,
    )


def _require_people(maker: str, checker: str) -> None:
    for name, value in (("--maker", maker), ("--checker", checker)):
        if not _PERSON.fullmatch(value):
            fail(
                f"{name} {value}：应为经办人代码，字母、数字与 ._-"
                " · is an officer's code of letters, digits and ._-",
                USAGE,
            )
    if maker.casefold() == checker.casefold():
        fail("经办与复核须为两人 · maker and checker are two people", USAGE)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{name} {text}：应如 · is written like 2026-03-01", USAGE)


def _run(command: Callable[[], Coroutine[Any, Any, int]]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.rules.signing import SigningError  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415
    from services.kit.reasons import TEXT_ZH  # noqa: PLC0415

    try:
        code = run(command())
    except DomainError as error:
        zh = error.zh or TEXT_ZH.get(error.reason, "")
        next_zh, next_en = _NEXT.get(error.reason, ("", ""))
        chinese = "；".join(filter(None, (zh, next_zh)))
        fail(f"{error.reason}：{chinese} · {'; '.join(filter(None, (error.message, next_en)))}")
    except (SigningError, *EXPECTED) as error:
        fail(error)
    raise typer.Exit(code)
