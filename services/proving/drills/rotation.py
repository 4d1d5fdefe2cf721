"""The rotation drill: authority and certificates of a whole mesh exchanged under load.

The commands of an operator, one after the other, while bills settle: a new authority is announced,
every certificate is issued anew by it, the one before is dropped, certificates are issued anew once
more. In between a foreign certificate is put in the place of settlement's, as by mistake. No call
may fail; in the end every process must show the new certificate and refuse the old one.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from services.bench.checks import check_journal
from services.cli.certs.folder import Folder
from services.cli.certs.handshake import shake
from services.cli.certs.local import fill
from services.cli.connecting import open_endpoint
from services.cli.mesh import Mesh, MeshError, mesh, temporary_dir
from services.cli.progress import Progress
from services.cli.topology import REMOTE_PROVINCES, Endpoint
from services.kit.caller import OPERATOR
from services.kit.tls import AUTHORITIES_FILE, CERTIFICATE_FILE, KEY_FILE
from services.proving.drills.load import Traffic, prepared, traffic
from services.proving.drills.verdict import Check, Verdict, at_least, exactly

_COUNTS: Final = re.compile(r"^yijie_certificate_(reads|refused)_total (\S+)$", re.MULTILINE)
_POLL_S: Final = 0.1
_SEEN_S_MAX: Final = 15.0
"""A process that has not read new files by then does not follow them."""
_OWN_S: Final = 1.5
"""The load's own certificates are looked at once a second, too."""
_FOREIGN: Final = "settlement"
_CALLS_LEAST: Final = 20
_DEADLINE_S: Final = 10.0
_SETTINGS: Final = {
    # Here and above: a machine that is busy with other things gets time, so that the drill tells of
    # calls that an exchange has cost and not of a slow minute.
    "YIJIE_CALLEE_TIMEOUT_S": "5",
    "YIJIE_BENEFITS_TIMEOUT_S": "5",
    "YIJIE_DB_ACQUIRE_TIMEOUT_S": "5",
    "YIJIE_WAIT_S_MAX": "5",
    "YIJIE_CONGESTION_S_MAX": "5",
}


@dataclass(frozen=True, slots=True)
class _Form:
    people: int
    rate: float
    between_s: float
    """Load between two steps."""
    provinces: tuple[str, ...]


_SHORT: Final = _Form(people=30, rate=8.0, between_s=0.3, provinces=REMOTE_PROVINCES[-1:])
_LONG: Final = _Form(people=300, rate=61.0, between_s=5.0, provinces=REMOTE_PROVINCES)


@dataclass(slots=True)
class _Found:
    """What was seen on the way."""

    new_shown: int = 0
    old_refused: int = 0
    foreign_refused: int = 0
    steps_s: list[float] = field(default_factory=list)
    """How long each step took until every process followed."""


async def run(*, short: bool, data_dir: Path | None, progress: Progress) -> Verdict:
    """Carries out the drill."""
    form = _SHORT if short else _LONG
    folder = data_dir or temporary_dir()
    started = mesh(
        folder,
        settings=_SETTINGS,
        provinces=form.provinces,
        tls=True,
        progress=progress,
        remove=data_dir is None,
    )
    async with started as running:
        bodies = await prepared(running.endpoints, people=form.people, progress=progress)
        async with (
            open_endpoint(running.endpoints["settlement"]) as channel,
            traffic([channel], bodies, rate=form.rate, deadline_s=_DEADLINE_S) as going,
        ):
            await asyncio.sleep(form.between_s)
            before = going.failures.total()
            found = await _rotated(running, form, progress)
        checks = [*_judged(len(running.endpoints), going, found), *await _journal(running, going)]
    figures: dict[str, float | int | str] = {
        "调用 calls": len(going.calls),
        "换发之前已失败 calls failed before the first step": before,
        "p50 ms": going.percentile_ms(50),
        "p99 ms": going.percentile_ms(99),
        "各步生效最慢 slowest step until all follow, s": max(found.steps_s),
    }
    notes = [f"{reason} × {count}" for reason, count in going.failures.most_common()]
    return Verdict(drill="rotation", checks=checks, figures=figures, notes=notes)


async def _rotated(running: Mesh, form: _Form, progress: Progress) -> _Found:
    certs = Path(running.endpoints["settlement"].certs)
    folder, found = Folder(certs), _Found()
    known = certs.parent / "certs-before"
    shutil.copytree(certs / OPERATOR, known)
    parts = {name: (await _counts(end))["reads"] for name, end in running.endpoints.items()}
    steps = (
        ("1/3 公布新机构", "announcing a new authority", folder.rotate),
        ("2/3 全部重新签发", "issuing all certificates anew", folder.renew),
        ("3/3 撤出旧机构", "dropping the authority before", folder.drop),
        ("再换发一次", "issuing all anew once more", folder.renew),
    )
    for zh, en, step in steps:
        with progress.step(zh, en):
            found.steps_s.append(await _followed(running.endpoints, parts, step))
            await asyncio.sleep(form.between_s)
    with progress.step("误放外来证书", "a foreign certificate by mistake"):
        found.foreign_refused = await _foreign(running.endpoints[_FOREIGN], certs)
        await asyncio.sleep(form.between_s)
    # What was valid before, knowing today's authority too: they refuse us, not we them.
    bundle = (certs / OPERATOR / AUTHORITIES_FILE).read_bytes()
    with (known / AUTHORITIES_FILE).open("ab") as file:
        file.write(bundle)
    for endpoint in running.endpoints.values():
        found.new_shown += (await shake(endpoint.address, certs / OPERATOR)).ok
        late = await shake(endpoint.address, known)
        found.old_refused += late.is_reached and not late.ok
    shutil.rmtree(known)
    return found


async def _followed(
    endpoints: Mapping[str, Endpoint], parts: Mapping[str, float], step: Callable[[], object]
) -> float:
    """Takes a step and waits until every part of every process follows it; returns seconds."""
    before = {name: (await _counts(end))["reads"] for name, end in endpoints.items()}
    began = time.perf_counter()
    await asyncio.to_thread(step)
    for name, endpoint in endpoints.items():
        while (await _counts(endpoint))["reads"] < before[name] + parts[name]:
            if time.perf_counter() - began > _SEEN_S_MAX:
                msg = f"{name} does not follow its certificate files"
                raise MeshError(msg)
            await asyncio.sleep(_POLL_S)
    took = time.perf_counter() - began
    await asyncio.sleep(_OWN_S)
    return took


async def _foreign(endpoint: Endpoint, certs: Path) -> int:
    """Puts another authority's certificate in the place of a process's, for a while.

    Returns how many parts of the process told that they refuse it.
    """
    parts = {path: path.read_bytes() for path in (certs / _FOREIGN).iterdir()}
    elsewhere = certs.parent / "certs-foreign"
    fill(elsewhere, (_FOREIGN,))
    before = (await _counts(endpoint))["refused"]
    for name in (KEY_FILE, CERTIFICATE_FILE):
        shutil.copyfile(elsewhere / _FOREIGN / name, certs / _FOREIGN / name)
    end = time.perf_counter() + _SEEN_S_MAX
    while (refused := (await _counts(endpoint))["refused"] - before) == 0:
        if time.perf_counter() > end:
            break
        await asyncio.sleep(_POLL_S)
    for path, content in parts.items():
        path.write_bytes(content)
    shutil.rmtree(elsewhere)
    return int(refused)


async def _counts(endpoint: Endpoint) -> dict[str, float]:
    """Returns how often a process took certificate files into use, and refused them."""
    text = await asyncio.to_thread(_scraped, endpoint.metrics_url)
    return {name: float(count) for name, count in _COUNTS.findall(text)}


def _scraped(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_SEEN_S_MAX) as answer:  # noqa: S310 - our own port
        return str(answer.read().decode())


def _judged(processes: int, going: Traffic, found: _Found) -> list[Check]:
    return [
        exactly("失败调用 calls failed", going.failures.total(), 0),
        at_least("已确认结算 settlements acknowledged", len(going.answered), _CALLS_LEAST),
        exactly("出示新证书 processes that show the new authority's", found.new_shown, processes),
        exactly("拒绝旧证书 processes that refuse the old one's", found.old_refused, processes),
        at_least("拒用外来证书 refusals of a foreign certificate", found.foreign_refused, 1),
    ]


async def _journal(running: Mesh, going: Traffic) -> list[Check]:
    connection = await asyncpg.connect(running.dsn)
    try:
        found = await check_journal(connection, going.told())
    finally:
        await connection.close()
    return [Check(one.name, one.detail, "", one.holds) for one in found]
