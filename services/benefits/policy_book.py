"""The policy in force in this process: what the release brought, and what was published since.

Publications of this process are in force at once, those of others at the next look. A call that is
being computed keeps the policy that it began with. What this release cannot read changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

from services.benefits import metrics, policy_store
from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.snapshot import Policy
from services.benefits.policies import policy_files, read_folder, read_pack
from services.kit.errors import DomainError
from services.kit.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from services.kit.db import Connection, Database


class AnyPolicies(Protocol):
    """What holds the policy in force; a Policy holds itself."""

    @property
    def current(self) -> Policy:
        """The policy of now."""


class Release:
    """The packs that a release brings."""

    def __init__(self, folder: Path, *, regions: frozenset[str]) -> None:
        """Reads and checks them.

        Args:
            folder: holds a folder per insured region.
            regions: those that this release serves; empty: all that are there.

        Raises:
            PolicyRefused: the first thing wrong in any pack.
        """
        self.regions = regions
        files = {
            region: content
            for region, content in read_folder(folder).items()
            if not regions or region in regions
        }
        self.policy = Policy(read_pack(region, content) for region, content in files.items())
        self.files: Mapping[str, Mapping[str, bytes]] = {
            self.policy.versions[region]: policy_files(content) for region, content in files.items()
        }
        """Files by version."""

    def serves(self, region_code: str) -> bool:
        """Tells whether this release answers for a region."""
        return not self.regions or region_code in self.regions


class Policies:
    """The policy in force, brought up to date from the database."""

    def __init__(self, database: Database, release: Release, *, poll_s: float) -> None:
        """Begins with what the release brings; `start` adds what was published.

        Args:
            database: keeps versions and publications.
            release: the packs of this release.
            poll_s: how often to look for publications of other processes, seconds.
        """
        self._database = database
        self._release = release
        self._poll_s = poll_s
        self._current = release.policy
        self._last = 0
        self._catching_up = asyncio.Lock()

    @property
    def current(self) -> Policy:
        """The policy of now; it never changes, the next one takes its place."""
        return self._current

    def serves(self, region_code: str) -> bool:
        """Tells whether this process answers for a region."""
        return self._release.serves(region_code)

    async def start(self) -> None:
        """Keeps the texts of the release and takes up what was published before.

        Raises:
            PolicyRefused: a policy in force is not what this release reads, or a region that it is
                to serve has none.
        """

        async def ship(connection: Connection) -> None:
            await policy_store.lock(connection)
            await policy_store.add_versions(connection, self._release.files, shipped=True)
            await policy_store.ship(connection, list(self._release.files))

        await self._database.run("benefits.ship_policies", ship)
        await self._take_up(strict=True)
        for region in sorted(self._release.regions - self._current.versions.keys()):
            raise PolicyRefused(
                file=region, path="(top)", problem="has no pack", right="add it, or do not serve it"
            )
        # Of this process alone, whatever served in it before.
        metrics.POLICY_INFO.clear()
        for region, version in self._current.versions.items():
            metrics.POLICY_INFO.labels(region, version).set(1)

    async def catch_up(self) -> None:
        """Takes up what was published since the last look."""
        await self._take_up(strict=False)

    async def _take_up(self, *, strict: bool) -> None:
        async with self._catching_up:
            async with self._database.connection() as connection:
                news = await policy_store.list_news(connection, self._last)
                texts = {
                    item: await policy_store.find_files(connection, item.version)
                    for item in news
                    if self.serves(item.region_code)
                    and self._current.versions.get(item.region_code) != item.version
                }
            for item, files in texts.items():
                try:
                    # In a thread: other calls go on while a pack is read.
                    policy = await asyncio.to_thread(_read, item.region_code, files or {})
                except PolicyRefused as refused:
                    if strict:
                        raise
                    # The text of a refusal quotes the pack; `yijie policy check` shows it.
                    get_logger().error(
                        "a published policy cannot be read by this release",
                        version=item.version,
                        field=refused.path,
                    )
                else:
                    self._swap(policy)
            self._last = max((item.sequence for item in news), default=self._last)

    def _swap(self, policy: Policy) -> None:
        before = self._current.versions
        self._current = self._current.overlaid(policy)
        for region, version in policy.versions.items():
            if region in before:
                metrics.POLICY_INFO.remove(region, before[region])
            metrics.POLICY_INFO.labels(region, version).set(1)
            get_logger().info("policy in force", region=region, version=version)

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Looks for publications of other processes while the block runs."""
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await self.catch_up()
            except DomainError as error:
                get_logger().warning("publications cannot be read", reason=error.reason)


def _read(region_code: str, files: Mapping[str, bytes]) -> Policy:
    return Policy([read_pack(region_code, files)])
