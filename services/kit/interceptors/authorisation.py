"""Lets a call pass if the table grants it to the role and region of its certificate.

It comes before deadline and validation: who may not call learns nothing of how to. Where a
connection has no TLS there is nobody to ask about, and every call passes.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from services.kit import telemetry
from services.kit.authorisation import Denial, Reach, Rule, Table, names_province
from services.kit.caller import HUB_REGION, NOBODY, ROLES, Caller, caller_of
from services.kit.errors import DomainError, NotAllowed
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.interceptors.validation import Malformed
from services.kit.log import get_logger

OTHER = "other"
"""Label of callers whose role is none of ours."""


class AuthorisationInterceptor(Interceptor):
    """Asks the table of one service."""

    def __init__(
        self,
        table: Table,
        on_denial: Callable[[Denial], None] | None = None,
        *,
        is_plain_allowed: bool = True,
    ) -> None:
        """`on_denial` is told every denial, the servicers' own too; it must not wait or raise.

        Plain not allowed: a server by TLS takes a connection that tells of none for nobody's.
        """
        super().__init__()
        self._table = table
        self._on_denial = on_denial
        self._without_tls = None if is_plain_allowed else NOBODY

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns a handler for those who may call a unary method."""
        rule = self._table.rule_of(method)
        admit = _admitting(rule)

        async def authorised(request: Any, context: grpc.aio.ServicerContext) -> Any:
            caller = caller_of(context) or self._without_tls
            if caller is None:
                return await inner(request, context)
            try:
                is_limited = admit(caller, request)
                answer = await inner(request, context)
                if is_limited and rule.answer:
                    _require(rule.answer, caller, answer)
            except DomainError as error:
                self._tell(method, caller, error)
                raise
            return answer

        return authorised

    def stream(self, method: str, inner: Stream) -> Stream:
        """Returns a handler for those who may open a stream."""
        return self._streaming(method, inner, _admitting(self._table.rule_of(method)))

    def duplex(self, method: str, inner: Stream) -> Stream:
        """Returns a handler for those who may open a stream both ways.

        What its messages name is the servicer's to ask: there is none yet.
        """
        return self._streaming(method, inner, _admitting(self._table.rule_of(method)))

    def _streaming(
        self, method: str, inner: Stream, admit: Callable[[Caller, Any], bool]
    ) -> Stream:
        async def authorised(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            caller = caller_of(context) or self._without_tls
            try:
                if caller is not None:
                    admit(caller, request)
                async for response in inner(request, context):
                    yield response
            except DomainError as error:
                if caller is not None:
                    self._tell(method, caller, error)
                raise

        return authorised

    def _tell(self, method: str, caller: Caller, error: DomainError) -> None:
        """Says what was denied to whom: to the caller, in the log, the metric and the audit."""
        # The hub is of every province: what it mistakes is no denial.
        if not error.denies_caller or (caller.is_hub and not isinstance(error, NotAllowed)):
            return
        name = method[1:]
        error.metadata = {
            **error.metadata,
            "callerRole": caller.role,
            "callerRegionCode": caller.region_code,
            "method": name,
        }
        telemetry.DENIALS.labels(name, caller.role if caller.role in ROLES else OTHER).inc()
        who = f"{caller.region_code} {caller.role}" if caller.role else "unknown"
        get_logger().warning("call denied", method=name, caller=who, reason=error.reason)
        if self._on_denial is not None:
            self._on_denial(Denial(name, caller, error.reason))


def _admitting(rule: Rule) -> Callable[[Caller, Any], bool]:
    """Returns what lets a call in and tells whether it is limited to its caller's province."""
    # The way out: docs/authorisation.md says it too, so it is no secret.
    needed = ", ".join(
        f"{role} of {HUB_REGION}" if reach is Reach.HUB else role
        for role, reach in rule.grants.items()
    )
    for_whom = f"this is for a certificate of: {needed or 'nobody'}"

    def admit(caller: Caller, request: Any) -> bool:
        reach = rule.grants.get(caller.role)
        if reach is Reach.ANY or (reach is not None and caller.is_hub):
            return False
        if reach is not Reach.OWN:
            raise NotAllowed("CALLER_NOT_ALLOWED", for_whom)
        # Bytes that are no message name nothing: they are answered as what they are.
        if rule.request and not isinstance(request, Malformed):
            _require(rule.request, caller, request)
        return True

    return admit


def _require(paths: tuple[str, ...], caller: Caller, message: Any) -> None:
    if not _naming(paths, caller.region_code)(message):
        raise NotAllowed(
            "CALLER_NOT_ALLOWED",
            "the certificate does not stand for the region asked for",
            field=paths[0].replace("[]", ""),
        )


# A few hundred methods by 32 provinces: looked up, for it is made of closures.
_naming = functools.cache(names_province)
