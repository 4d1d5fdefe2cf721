"""RuleService on a database, with a key that is trusted, and packs cut from the shipped one."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import re
import shutil
import tarfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit import wire
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database
from services.kit.feed import Batch
from services.supervision.audit.records import FEED, Records
from services.supervision.audit.store import AuditStore
from services.supervision.audit.usecases import Auditor
from services.supervision.domain.ruleset import RuleSet
from services.supervision.publication.current import Current
from services.supervision.publication.dry_run import DryRuns
from services.supervision.publication.keys import key_line, sign, trusted_keys
from services.supervision.publication.rates import rule_rates
from services.supervision.publication.servicer import FULL_NAME, RuleServicer
from services.supervision.rules_loader import RULES_DIR, digest_of, load
from services.supervision.rules_manifest import RuleDataRefused
from services.supervision.rules_pack import contents_of, pack
from services.supervision.ruleset_source import Shipped
from tests.integration.supervision.harness import KEY
from tests.support.clock import FakeClock
from tests.support.rpc import served
from yijie.supervision.v1 import rule_pb2, rule_service_pb2, rule_service_pb2_grpc

TIMEOUT_S = 30.0
pb2 = rule_pb2
service_pb2 = rule_service_pb2
MAKER, CHECKER = "zhang.1", "li.2"
KEY_ID = "hub-2026"


def folder_of(folder: Path, *codes: str, edits: dict[str, tuple[str, str]] | None = None) -> Path:
    """Makes a pack's folder of some shipped rules; `edits` change a file's text."""
    folder.mkdir(parents=True)
    for code in codes:
        rule = RULES_DIR / f"{code.lower()}.yaml"
        table = re.search(r"^  file: (\w+\.csv)$", rule.read_text(encoding="utf-8"), re.MULTILINE)
        for name in (rule.name, *(table.groups() if table else ())):
            shutil.copy(RULES_DIR / name, folder / name)
    for name, (old, new) in (edits or {}).items():
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, old
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def archive_of(files: dict[str, bytes]) -> bytes:
    """Packs files as they are, whatever they hold."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


@dataclass
class World:
    """The service and what it stands on."""

    database: Database
    clock: FakeClock
    current: Current
    servicer: RuleServicer
    stub: Any
    folder: Path
    key: Ed25519PrivateKey
    keys_file: Path
    make: Callable[[], Current]
    """Makes what another process of this service would have."""
    packs: dict[str, bytes] = field(default_factory=dict)

    def pack(self, *codes: str, **edits: tuple[str, str]) -> bytes:
        """A small pack; `drug_sex=(old, new)` edits the YAML of that rule."""
        name = f"{'-'.join(codes)}-{sorted(edits.items())}"
        if name not in self.packs:
            made = folder_of(
                self.folder / str(len(self.packs)),
                *codes,
                edits={f"{file}.yaml": change for file, change in edits.items()},
            )
            self.packs[name] = pack(made)
        return self.packs[name]

    def request(
        self, content: bytes, *, at: datetime | None = None, key: Any = None, **changes: Any
    ) -> Any:
        """A publication, signed for what it says, unless a signature is given."""
        instant = self.clock.now() if at is None else at
        values: dict[str, Any] = {
            "request_id": str(uuid4()),
            "pack": content,
            "valid_from_time": wire.write_time(instant),
            "key_id": KEY_ID,
            "maker_id": MAKER,
            "checker_id": CHECKER,
            **changes,
        }
        if "signature" not in values:
            values["signature"] = self.sign(
                content,
                at=instant,
                key=key,
                maker_id=values["maker_id"],
                checker_id=values["checker_id"],
            )
        return service_pb2.PublishRulePackRequest(**values)

    def sign(self, content: bytes, *, at: datetime, key: Any = None, **people: str) -> bytes:
        try:
            digest = digest_of(contents_of(content))
        except RuleDataRefused:  # what is no pack has no files
            digest = "0" * 64
        people = {"maker_id": MAKER, "checker_id": CHECKER, **people}
        return sign(key or self.key, digest=digest, valid_from_time=at, **people)

    def publishing(self, content: bytes, **changes: Any) -> Any:
        return self.stub.PublishRulePack(self.request(content, **changes), timeout=TIMEOUT_S)

    async def publish(self, content: bytes, **changes: Any) -> Any:
        return (await self.publishing(content, **changes)).pack

    async def packs_listed(self) -> list[tuple[str, int]]:
        """Version and state of each publication, the latest first."""
        request = service_pb2.ListRulePacksRequest()
        answer = await self.stub.ListRulePacks(request, timeout=TIMEOUT_S)
        return [(one.version, one.state) for one in answer.packs]

    async def audited(self, *settled: Any, ruleset: RuleSet) -> None:
        """Puts bills on record, as the audit does."""
        cipher = FieldCipher(parse_keyring_text(KEY))
        auditor = Auditor(self.database, Records(self.database, cipher), Shipped(ruleset))
        batch: Any = Batch(events=settled, cursor="1", last_event_time=None)
        await auditor.apply("", batch, feed=FEED, read=lambda one: one)

    async def dry_run(self, content: bytes = b"", *, since: Any, **changes: Any) -> list[Any]:
        request = service_pb2.DryRunRulePackRequest(
            pack=content, settle_date_min=wire.write_date(since), **changes
        )
        return [one async for one in self.stub.DryRunRulePack(request, timeout=TIMEOUT_S)]


@contextlib.asynccontextmanager
async def packs_world(database: Database, folder: Path) -> AsyncIterator[World]:
    clock = FakeClock()
    key = Ed25519PrivateKey.generate()
    keys_file = folder / "keys"
    keys_file.write_text(f"# who signs\n\n{key_line(KEY_ID, key.public_key())}\n")
    shipped = load(folder_of(folder / "shipped", "ITEM_SEX"))

    def make() -> Current:
        return Current(database, trusted_keys(str(keys_file)), shipped, clock, poll_s=0.02)

    current = make()
    await current.start()
    cipher = FieldCipher(parse_keyring_text(KEY))
    servicer = RuleServicer(
        database,
        clock,
        current=current,
        dry_runs=DryRuns(AuditStore(database, cipher)),
        rates=functools.partial(rule_rates, database),
    )
    register = functools.partial(rule_service_pb2_grpc.add_RuleServiceServicer_to_server, servicer)
    async with served("supervision", FULL_NAME, register) as channel:
        yield World(
            database=database,
            clock=clock,
            current=current,
            servicer=servicer,
            stub=rule_service_pb2_grpc.RuleServiceStub(channel),
            folder=folder / "packs",
            key=key,
            keys_file=keys_file,
            make=make,
        )


SOON = timedelta(minutes=1)


def codes_of(world: World) -> list[str]:
    """The rules that run in the process that answers."""
    return [rule.code for rule in world.current.ruleset().rules]


def withdrawing(world: World, publication_id: str, **changes: Any) -> Any:
    values = {
        "request_id": str(uuid4()),
        "publication_id": publication_id,
        "maker_id": MAKER,
        "checker_id": CHECKER,
    }
    request = service_pb2.WithdrawRulePackRequest(**{**values, **changes})
    return world.stub.WithdrawRulePack(request, timeout=TIMEOUT_S)
