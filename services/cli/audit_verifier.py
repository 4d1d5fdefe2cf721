"""Verifies an export of Yijie's audit chain (审计链) offline, without anything else of Yijie.

    pip install cryptography
    python audit_verifier.py EXPORT --key KEYS [--noted CHECKPOINT …]

EXPORT is what `yijie audit export` wrote. KEYS: the public keys that you trust, one a line,
`name:ed25519:base64`; have them from the hub by another way. CHECKPOINT: the line of one that you
noted before. Only that shows an end that was cut off whole, and lets an export begin after it.

Every byte of the export is checked. Exit code 0: it is as it was sealed; 1: it is not, and the
first thing wrong is told; 2: the call is wrong. docs/audit.md has the format.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - for older Pythons, too
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
FIELDS = ("checkpoint", "digest", "entries", "time", "key", "algorithm", "signature")
DAMAGED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


class Wrong(Exception):
    """What is not as it was sealed, in Chinese and in English."""

    def __str__(self) -> str:
        return " · ".join(self.args)


class Chain:
    """The chain as far as the lines read."""

    def __init__(self, keys: Mapping[str, bytes], noted: Iterable[Mapping[str, Any]] = ()) -> None:
        """Holds whom to trust, and the checkpoints that were noted before."""
        self.block, self.digest, self.entries, self.time = 0, bytes(32), 0, EPOCH
        self.begin, self.before, self.signed, self.checkpoints = 0, 0, 0, 0
        self.keys, self.lines = keys, list[bytes]()
        self.sources: dict[str, str] = {}
        self.last: Mapping[str, Any] = {}
        self.noted: dict[int, Mapping[str, Any]] = {}
        for one in noted:
            self.require_signed(one)
            if head_of(self.noted.setdefault(one["checkpoint"], one)) != head_of(one):
                raise Wrong("所记检查点互相矛盾", f"two of --noted disagree on {one['checkpoint']}")

    def read(self, stream: Iterable[bytes]) -> None:
        """Reads all lines of an export. Raises Wrong."""
        for number, line in enumerate(stream, start=1):
            try:
                self.take(number, line)
            except DAMAGED:
                raise Wrong(f"第 {number} 行已损坏", f"line {number} is damaged") from None
        if self.lines or self.block == 0 or self.signed != self.block:
            raise Wrong("尾部被截断", f"the end is cut off from block {self.signed + 1} on")
        for block in self.noted:
            if block > self.block:
                raise Wrong(f"尾部被截断：缺第 {block} 块", f"the noted block {block} is cut off")

    def take(self, number: int, line: bytes) -> None:
        """Takes one line."""
        found = json.loads(line)
        if number == 1:
            self.header(line, found)
        elif "entry" in found and line.endswith(b"\n"):
            self.entry(line[:-1], found)
        elif "block" in found:
            self.seal(line, found)
        else:
            self.checkpoint(line, found)

    def header(self, line: bytes, found: Mapping[str, Any]) -> None:
        """Takes where the export begins: at the first block, or after a signed checkpoint."""
        after = found["after"]
        if line != dump({"yijie-audit": 1, "after": after}):
            raise ValueError
        if after is not None:
            self.require_signed(after)
            self.begin = self.block = self.signed = begin = after["checkpoint"]
            if begin not in self.noted:
                told = f"blocks 1–{begin} are missing (or --noted checkpoint {begin})"
                raise Wrong(f"缺少第 1–{begin} 块", told)
            self.digest, self.last = bytes.fromhex(after["digest"]), after
            self.entries = self.before = after["entries"]
            self.require_noted()

    def entry(self, line: bytes, found: Mapping[str, Any]) -> None:
        """Takes an entry; what it holds is proven by the block that follows."""
        wanted = self.entries + len(self.lines) + 1
        if found["entry"] > wanted:
            raise Wrong(f"缺少第 {wanted} 条", f"entry {wanted} is missing")
        if found["entry"] < wanted:
            raise Wrong(f"多出第 {found['entry']} 条", f"entry {found['entry']} is one too many")
        source = found["source"]
        if self.sources.get(source, found["after"] if self.begin else "") != found["after"]:
            raise Wrong(f"第 {wanted} 条之前缺漏", f"one of {source} before {wanted} is missing")
        self.sources[source] = found["at"]
        self.lines.append(line)

    def seal(self, line: bytes, found: Mapping[str, Any]) -> None:
        """Checks a block: its entries stand before it."""
        block, first, count = self.block + 1, self.entries + 1, len(self.lines)
        if found["block"] != block:
            raise Wrong(f"缺少第 {block} 块", f"block {block} is missing")
        time = datetime.strptime(found["time"], TIME).replace(tzinfo=EPOCH.tzinfo)
        leaves = b"".join(hashlib.sha256(one).digest() for one in self.lines)
        content = hashlib.sha256(leaves).digest()
        numbers = (block, first, count, (time - EPOCH) // timedelta(microseconds=1))
        packed = b"".join(number.to_bytes(8, "big") for number in numbers)
        sealed = b"yijie.audit.block.v1\n" + self.digest + content + packed
        digest = hashlib.sha256(sealed).digest()
        wanted = {"block": block, "time": time.strftime(TIME), "first": first, "count": count}
        wanted |= {"previous": self.digest.hex(), "content": content.hex(), "digest": digest.hex()}
        if line != dump(wanted) or not count or time <= self.time:
            told = f"block {block} (entries {first}–{first + count - 1}) changed"
            raise Wrong(f"第 {block} 块与封存时不符", told)
        self.block, self.digest, self.time = block, digest, time
        self.entries, self.lines = self.entries + count, []
        self.require_noted()

    def checkpoint(self, line: bytes, found: Mapping[str, Any]) -> None:
        """Checks a checkpoint on the block before it."""
        if line != dump(found) or self.lines:
            raise ValueError
        self.require_signed(found)
        if head_of(found) != (self.block, self.digest.hex(), self.entries):
            told = f"checkpoint {found['checkpoint']} is of another chain"
            raise Wrong(f"检查点 {found['checkpoint']} 不属于此链", told)
        self.signed, self.last, self.checkpoints = self.block, found, self.checkpoints + 1

    def require_noted(self) -> None:
        """Refuses a chain that does not go through the checkpoint that was noted."""
        here = (self.block, self.digest.hex(), self.entries)
        if head_of(self.noted.get(self.block)) not in {None, here}:
            raise Wrong(f"第 {self.block} 块与所记不符", f"block {self.block} is not the one noted")

    def require_signed(self, found: Mapping[str, Any]) -> None:
        """Refuses a checkpoint that no trusted key has signed."""
        block, name, signature = found["checkpoint"], found["key"], found["signature"]
        if name not in self.keys or found["algorithm"] != "ed25519":
            raise Wrong(f"检查点 {block} 的密钥不可信", f"checkpoint {block}: --key has no {name}")
        rest = "".join(f"{field}={found[field]}\n" for field in FIELDS[1:6])
        statement = f"yijie.audit.checkpoint.v1\nblock={block}\n{rest}".encode()
        raw = bytes.fromhex(signature)
        try:
            Ed25519PublicKey.from_public_bytes(self.keys[name]).verify(raw, statement)
        except InvalidSignature:
            raise Wrong(f"检查点 {block} 签名无效", f"checkpoint {block}: bad signature") from None
        if raw.hex() != signature or set(found) != set(FIELDS):
            raise ValueError


def head_of(found: Mapping[str, Any] | None) -> tuple[int, str, int] | None:
    """Returns what a checkpoint says of the chain: last block, its digest, entries."""
    return (found["checkpoint"], found["digest"], found["entries"]) if found else None


def dump(value: Mapping[str, Any]) -> bytes:
    """Returns a line as the export has it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read_keys(text: str) -> Mapping[str, bytes]:
    """Returns the Ed25519 keys of a file by name."""
    lines = [line.split(":") for line in text.splitlines() if line and line[0] != "#"]
    return {name: base64.b64decode(key) for name, kind, key in lines if kind == "ed25519"}


def main() -> int:
    """Verifies what the command line names."""
    parser = argparse.ArgumentParser(description="Verifies an export of the audit chain.")
    parser.add_argument("export")
    parser.add_argument("--key", required=True, help="file of the public keys that you trust")
    parser.add_argument("--noted", nargs="+", default=[], help="files of checkpoints noted before")
    call = parser.parse_args()
    try:
        noted = [json.loads(Path(one).read_bytes()) for one in call.noted]
        chain = Chain(read_keys(Path(call.key).read_text(encoding="utf-8")), noted)
        with Path(call.export).open("rb") as export:
            chain.read(export)
    except Wrong as wrong:
        print(f"✗ {wrong}")  # noqa: T201
        return 1
    except (OSError, *DAMAGED) as error:
        print(f"无法读取 · cannot be read: {error}", file=sys.stderr)  # noqa: T201
        return 2
    blocks, entries = chain.block - chain.begin, chain.entries - chain.before
    counts = f"{blocks} blocks, {entries} entries, {chain.checkpoints} checkpoints"
    until = f"至 up to block {chain.block}, signed {chain.last['time']} by {chain.last['key']}"
    print(f"✓ 审计链完好 · as it was sealed: {counts}\n  {until}\n  {chain.digest.hex()}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
