"""`yijie certs …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, Json, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.cli.certs.authority import Asked
    from services.cli.certs.folder import Folder

app = typer.Typer(
    help="A private authority: issues the certificates that callers and services prove by.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LEAF_DAYS: Final = 90
_AUTHORITY_DAYS: Final = 3650
_DAYS_MAX: Final = 36500

Certs = Annotated[Path, typer.Option("--certs", help="Folder of the certificates.")]
Region = Annotated[str, typer.Option(help="Province xx0000; the hub: 000000.")]
Role = Annotated[str, typer.Option(help="hub, agency, benefits, officer, auditor or operator.")]
Days = Annotated[int, typer.Option(min=1, max=_DAYS_MAX, help="How long it is valid.")]
_FOLDER: Final = UP_DIR / "certs"


@app.command()
def init(certs: Certs = _FOLDER, days: Days = _AUTHORITY_DAYS) -> None:
    """Makes the authority: its key and certificate."""

    def work(folder: Folder) -> None:
        authority = folder.init(days=days)
        typer.echo(
            f"✓ 已建立证书机构 · authority {authority.serial[:16]} in {certs},"
            f" until {authority.certificate.not_valid_after_utc:%Y-%m-%d}"
        )
        typer.echo("  下一步 next: yijie certs issue --region 640000 --role agency")

    _do(certs, work)


@app.command()
def issue(
    region: Region,
    role: Role,
    *,
    certs: Certs = _FOLDER,
    dns: Annotated[
        list[str] | None, typer.Option(help="Name of a service; may be said several times.")
    ] = None,
    ip: Annotated[
        list[str] | None, typer.Option(help="Address of a service; may be said several times.")
    ] = None,
    days: Days = _LEAF_DAYS,
    name: Annotated[str, typer.Option(help="Its folder; none: role-region.")] = "",
    csr: Annotated[
        Path | None, typer.Option(help="Certify this request; its key stays where it is.")
    ] = None,
) -> None:
    """Issues a certificate for a region and a role, with a new key or to a request."""
    from services.cli.certs.authority import Asked  # noqa: PLC0415
    from services.kit.caller import Caller  # noqa: PLC0415

    asked: Asked = Asked(
        name=name or f"{role}-{region}",
        caller=Caller(region, role),
        dns=dns or (),
        ips=ip or (),
        days=days,
    )

    def work(folder: Folder) -> None:
        at = folder.sign(asked, _content(csr)) if csr else folder.issue(asked)
        what = "tls.crt, ca.crt" if csr else "tls.crt, tls.key, ca.crt"
        typer.echo(f"✓ 已签发 · issued {asked.name}: {at}/ ({what}), {days} days")

    _do(certs, work)


@app.command()
def request(
    name: Annotated[str, typer.Argument(help="What the certificate will be called.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for tls.key and tls.csr.")],
) -> None:
    """Makes a key and a request for a certificate, where the key is to stay."""
    from services.cli.certs.authority import (  # noqa: PLC0415
        certificate_pem,
        key_pem,
        new_key,
        new_request,
    )
    from services.cli.certs.folder import write_file  # noqa: PLC0415
    from services.kit.tls import KEY_FILE  # noqa: PLC0415

    if (to / KEY_FILE).exists():
        fail(f"{to / KEY_FILE} exists: a key is never overwritten")
    key = new_key()
    try:
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(to / KEY_FILE, key_pem(key), mode=0o600)
        write_file(to / "tls.csr", certificate_pem(new_request(key, name)), mode=0o644)
    except OSError as error:
        fail(f"{to}: {error.strerror}")
    typer.echo(f"✓ {to / 'tls.csr'}")
    typer.echo("  下一步 next, at the authority: yijie certs issue --csr FILE …")


@app.command("list")
def list_(
    certs: Certs = _FOLDER,
    within: Annotated[int, typer.Option(min=0, help="Days; 1 if something expires in them.")] = 30,
    *,
    as_json: Json = False,
) -> None:
    """Lists authorities and certificates with their end; 1 if one is near."""
    from services.cli.certs.showing import show  # noqa: PLC0415

    def work(folder: Folder) -> None:
        if show(folder, within_days=within, as_json=as_json):
            raise typer.Exit(1)

    _do(certs, work)


@app.command("rotate-ca")
def rotate_ca(certs: Certs = _FOLDER, days: Days = _AUTHORITY_DAYS) -> None:
    """Exchange of the authority, step 1 of 3: all bundles trust a new one; it signs nothing yet."""

    def work(folder: Folder) -> None:
        authority = folder.rotate(days=days)
        typer.echo(f"✓ 1/3 新机构已公布 · authority {authority.serial[:16]} is announced")
        typer.echo(
            "  待各方取得新的 ca.crt 后 · once everybody has the new ca.crt (services here: within"
            " two seconds; provinces: by your way to them), next: yijie certs renew"
        )

    _do(certs, work)


@app.command()
def renew(
    names: Annotated[list[str] | None, typer.Argument(help="Certificates; none: all.")] = None,
    certs: Certs = _FOLDER,
) -> None:
    """Issues certificates anew with new keys; all: an announced authority signs (step 2 of 3)."""

    def work(folder: Folder) -> None:
        is_exchange = folder.next_step == "renew" and not names
        done = folder.renew(names or ())
        step = "2/3 " if is_exchange else ""
        typer.echo(f"✓ {step}已重新签发 · issued anew: {', '.join(done)}")
        if folder.next_step == "drop-ca":
            typer.echo(
                "  待各方改用新证书后 · once everybody uses them, next:"
                f" yijie certs {folder.next_step}"
            )

    _do(certs, work)


@app.command("drop-ca")
def drop_ca(
    certs: Certs = _FOLDER,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Certificate that is given up: stolen, or its holder has left."),
    ] = None,
) -> None:
    """Exchange of the authority, step 3 of 3: no bundle trusts the one before any more."""

    def work(folder: Folder) -> None:
        gone = folder.drop(without=without or ())
        typer.echo("✓ 3/3 旧机构已撤出 · the authority before is trusted no more")
        if gone:
            typer.echo(f"  已作废 · given up: {', '.join(gone)}")

    _do(certs, work)


@app.command()
def check(
    address: Annotated[str, typer.Argument(help="host:port of a service.")],
    name: Annotated[str, typer.Option(help="Certificate to show.")] = "operator",
    certs: Certs = _FOLDER,
    peer: Annotated[
        str, typer.Option(help="Name it must have, as benefits.650000.yijie.internal.")
    ] = "",
) -> None:
    """Shakes hands with a service and tells who refuses whom, and why; 1 if somebody does."""
    from services.cli.certs.handshake import shake  # noqa: PLC0415
    from services.kit.config import parse_address  # noqa: PLC0415

    try:
        parse_address(address)
    except ValueError as error:
        fail(f"{address}: {error}", USAGE)

    async def command() -> int:
        found = await shake(address, certs / name, peer_name=peer)
        typer.echo(f"{'✓' if found.ok else '✗'} {address}: {found.text}")
        return 0 if found.ok else 1

    raise typer.Exit(run(command()))


def _do(certs: Path, work: Callable[[Folder], None]) -> None:
    from services.cli.certs.authority import RequestRefused  # noqa: PLC0415
    from services.cli.certs.folder import CertsError, Folder  # noqa: PLC0415

    try:
        work(Folder(certs))
    except RequestRefused as error:
        fail(error, USAGE)
    except CertsError as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def _content(path: Path) -> bytes:
    return path.read_bytes()
