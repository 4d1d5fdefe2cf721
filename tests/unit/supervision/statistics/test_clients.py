"""Goal: a bulletin does not wait for identity once for each of its institutions."""

from __future__ import annotations

import types
from typing import Any

from services.kit.errors import Absent, Unavailable
from services.supervision.statistics.clients import IdentityClient


class Callee:
    """Stands for the call of identity."""

    def __init__(self, error: Exception | None, *, only: str = "") -> None:
        self.error, self.only = error, only
        self.calls = 0

    async def call(self, _method: Any, request: Any, **_options: Any) -> Any:
        self.calls += 1
        if self.error is not None and self.only in request.institution_code:
            raise self.error
        name = f"医院{request.institution_code}"
        return types.SimpleNamespace(institution=types.SimpleNamespace(name=name))


class Channel:
    """Stands for a channel: nothing goes out."""

    def unary_unary(self, *_arguments: Any, **_options: Any) -> None:
        return None

    unary_stream = stream_unary = stream_stream = unary_unary


CODES = [f"H110105{number:05d}" for number in range(200)]


async def names(callee: Callee) -> dict[str, str]:
    client = IdentityClient(Channel())  # type: ignore[arg-type]
    client._callee = callee  # type: ignore[assignment]
    return await client.names(CODES)


async def test_who_does_not_answer_is_not_asked_for_each_institution():
    callee = Callee(Unavailable("CALLEE_UNAVAILABLE", "no", metadata={"callee": "identity"}))
    assert await names(callee) == {}
    assert callee.calls <= 8


async def test_an_unknown_institution_takes_no_other_name_away():
    callee = Callee(
        Absent("INSTITUTION_UNKNOWN", "no such", field="institution_code"), only="00007"
    )
    found = await names(callee)
    assert len(found) == len(CODES) - 1
    assert CODES[7] not in found
