"""Suggests codes for unmapped items; keeps the indexes of the newest versions that were asked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from services.catalogue import mapping_reports, metrics
from services.catalogue.matching import Index, Suggestion

if TYPE_CHECKING:
    from services.catalogue.mapping_reports import CandidateSource
    from services.kit.db import Database

_INDEXES_MAX: Final = 4
"""An index of 200,000 names takes about 60 MB."""


class Suggester:
    """Finds the most similar candidates of a source, in a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes: OrderedDict[CandidateSource, Index] = OrderedDict()
        # One index is built at a time: each takes seconds of a processor and its memory.
        self._building = asyncio.Lock()

    async def suggest(
        self, source: CandidateSource, *, name: str, specification: str, count: int
    ) -> list[Suggestion]:
        """Returns at most `count` suggestions, best first."""
        index = await self._index(source)
        with metrics.SUGGESTION_DURATION.time():
            return await asyncio.to_thread(
                index.suggest, name=name, specification=specification, count=count
            )

    async def _index(self, source: CandidateSource) -> Index:
        index = self._indexes.get(source)
        if index is None:
            async with self._building:
                index = self._indexes.get(source) or await self._build(source)
        self._indexes.move_to_end(source)
        return index

    async def _build(self, source: CandidateSource) -> Index:
        async with self._database.connection() as connection:
            candidates = await mapping_reports.list_candidates(connection, source)
        index = self._indexes[source] = await asyncio.to_thread(Index, candidates)
        if len(self._indexes) > _INDEXES_MAX:
            self._indexes.popitem(last=False)
        return index
