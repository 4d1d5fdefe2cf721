"""The rules that run in this process: those of the release, or those that were published since.

Every process looks at the table of publications by itself. A pack whose instant is near is read
ahead, so that all processes change over at the instant and not up to a look later. What cannot be
read, or was signed by nobody whom this process trusts, changes nothing: the rules that run go on.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.supervision import metrics
from services.supervision.publication import store
from services.supervision.publication.keys import signed
from services.supervision.publication.packs import read_pack
from services.supervision.rules_manifest import RuleDataRefused

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from services.kit.clock import Clock
    from services.kit.db import Database
    from services.supervision.domain.publication import Publication
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.publication.keys import TrustedKeys

AHEAD: Final = timedelta(minutes=2)
"""How long before its instant a pack is read."""
_CANDIDATES_MAX: Final = 20
"""Publications looked at: so many bad ones in a row, and the rules stay what they are."""
_UNREADABLE: Final = "RULE_PACK_UNREADABLE"
"""In the log: this release cannot read it."""


class Current:
    """The rule set in force, brought up to date from the table of publications."""

    def __init__(
        self,
        database: Database,
        keys: TrustedKeys,
        shipped: RuleSet,
        clock: Clock,
        *,
        poll_s: float,
    ) -> None:
        """Begins with the rules of the release; `start` adds what was published.

        Args:
            database: keeps packs and publications.
            keys: who may sign.
            shipped: the rules of this release.
            clock: tells whether an instant has come.
            poll_s: time between two looks, seconds.
        """
        self._database = database
        self._keys = keys
        self._shipped = shipped
        self._clock = clock
        self._poll_s = poll_s
        self._running: tuple[Publication | None, RuleSet] = (None, shipped)
        self._next: tuple[Publication, RuleSet] | None = None
        self._refused: dict[UUID, str] = {}
        self._unreadable: set[str] = set()
        self._looking = asyncio.Lock()
        self._tell(before=None)

    @property
    def keys(self) -> TrustedKeys:
        """Who may sign."""
        return self._keys

    @property
    def shipped(self) -> RuleSet:
        """The rules of the release."""
        return self._shipped

    @property
    def running(self) -> Publication | None:
        """The publication that runs; None: the rules of the release do."""
        self._change_over()
        return self._running[0]

    @property
    def refused(self) -> Collection[UUID]:
        """Publications that this process does not take up."""
        return self._refused.keys()

    def ruleset(self) -> RuleSet:
        """Returns the rules in force at this instant; it may be others at the next call."""
        self._change_over()
        return self._running[1]

    async def start(self) -> None:
        """Takes up what was published before."""
        await self.look()

    async def look(self) -> None:
        """Looks once for what was published or withdrawn."""
        async with self._looking:
            now = self._clock.now()
            found = await store.list_candidates(self._database, now + AHEAD, limit=_CANDIDATES_MAX)
            self._refused = {
                key: reason
                for key, reason in self._refused.items()
                if any(one.publication_id == key for one in found)
            }
            self._change_over()
            await self._take_up([one for one in found if one.valid_from_time <= now])
            await self._prepare([one for one in found if one.valid_from_time > now])
            metrics.RULE_PACKS_REFUSED.set(len(self._refused))

    def followed(self) -> AbstractAsyncContextManager[None]:
        """Looks every so often while the block runs; a look that fails changes nothing."""
        return repeating("rules", self.look, self._poll_s)

    async def _take_up(self, candidates: list[Publication]) -> None:
        """Changes over to the latest that can be read, unless that is what runs."""
        running = self._running[0]
        for place, one in enumerate(candidates, start=1):
            if running is not None and one.publication_id == running.publication_id:
                self._watch(one)
                self._pass_by(candidates[place:])
                return
            ruleset = await self._read(one)
            if ruleset is not None:
                self._swap(one, ruleset)
                self._pass_by(candidates[place:])
                return
        if running is not None and len(candidates) < _CANDIDATES_MAX:
            # It was withdrawn in the second before its instant, after our last look.
            self._swap(None, self._shipped)

    async def _prepare(self, upcoming: list[Publication]) -> None:
        """Reads the next one ahead; what was withdrawn meanwhile is let go."""
        following = upcoming[-1] if upcoming else None
        if following is None:
            self._next = None
        elif self._next is None or self._next[0] != following:
            self._next = None
            ruleset = await self._read(following)
            self._next = None if ruleset is None else (following, ruleset)

    async def _read(self, one: Publication) -> RuleSet | None:
        """Returns the rules of a publication; None: refused."""
        try:
            # Anew each time: a key may have become trusted meanwhile.
            self._keys.verify(signed(one))
        except DomainError as error:
            self._refuse(one, error.reason)
            return None
        if one.digest in self._unreadable:
            self._refuse(one, _UNREADABLE)
            return None
        try:
            ruleset = await self._load(one)
        except RuleDataRefused:
            # Another release wrote it; this one will not read it a second later, either.
            self._unreadable.add(one.digest)
            self._refuse(one, _UNREADABLE)
            return None
        self._refused.pop(one.publication_id, None)
        return ruleset

    def _watch(self, running: Publication) -> None:
        """Tells in time that what runs would not be taken up again after a restart."""
        try:
            self._keys.verify(signed(running))
        except DomainError as error:
            self._refuse(running, error.reason)
        else:
            self._refused.pop(running.publication_id, None)

    def _pass_by(self, past: list[Publication]) -> None:
        """Lets go what was refused and lies behind what runs: nobody has to mend it any more."""
        for one in past:
            self._refused.pop(one.publication_id, None)

    async def _load(self, one: Publication) -> RuleSet:
        content = await store.find_pack(self._database, one.digest)
        found = await read_pack(content or b"")
        if found.digest != one.digest:
            raise RuleDataRefused(file="pack", line=1, problem="holds other rules than were signed")
        return await found.rules()

    def _refuse(self, one: Publication, reason: str) -> None:
        if self._refused.get(one.publication_id) != reason:
            get_logger().error(
                "a published rule pack is not taken up, now or after a restart; what runs stays",
                version=one.version,
                reason=reason,
            )
        self._refused[one.publication_id] = reason

    def _change_over(self) -> None:
        if self._next is not None and self._next[0].valid_from_time <= self._clock.now():
            publication, ruleset = self._next
            self._next = None
            self._swap(publication, ruleset)

    def _swap(self, publication: Publication | None, ruleset: RuleSet) -> None:
        before = self._running[1].version
        self._running = publication, ruleset
        self._tell(before=before)
        get_logger().info("rules in force", version=ruleset.version, count=len(ruleset.rules))

    def _tell(self, *, before: str | None) -> None:
        version = self._running[1].version
        if before is None:
            # Of this process alone, whatever served in it before.
            metrics.RULESET_INFO.clear()
        elif before != version:
            metrics.RULESET_INFO.remove(before)
        metrics.RULESET_INFO.labels(version).set(1)
