"""What supervision's answer, or its silence, does to a bill (docs/supervision.md, During).

Which rules block, and which of them let no bill settle that they could not be asked about, is
supervision's to say: polled, as the limits of clearing are, so a settlement costs a look-up. What
was said last is kept in the database: it counts for as long as supervision is silent, also after
settlement was started anew. An emergency settles without screening, whatever the rules say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from google.protobuf.message import DecodeError

from services.kit import codes
from services.kit.clock import Clock
from services.kit.crypto import BlindIndex
from services.kit.db import Database
from services.kit.errors import RuleForbids, Unavailable
from services.kit.log import get_logger
from services.settlement import metrics
from services.settlement.clients import SupervisionClient
from services.settlement.domain.bill import Bill
from services.settlement.fingerprints import Fingerprints
from yijie.supervision.v1 import finding_pb2
from yijie.supervision.v1 import supervision_service_pb2 as pb

BLOCKED: Final = "BILL_BLOCKED"
UNSCREENED: Final = "SCREENING_UNAVAILABLE"
_CAUSES: Final = {BLOCKED: "found", UNSCREENED: "unscreened"}
_FIELD: Final = "bill.lines"
_RETRY_MS: Final = 1000
# An error must stay below 6 KiB with both texts.
_SHOWN_MAX: Final = 3
_TEXT_MAX: Final = 150
_LINES_MAX: Final = 20
_CODES_MAX: Final = 20
_ADVICE_ZH: Final = (
    "。请核对参保人、入出院日期和票据号码：有误的，更正后重新结算；与之冲突的原结算有误的，"
    "先办理原结算撤销；均无误的，报就医地医保经办机构核实，费用可先自费、回参保地手工（零星）报销"
)
_ADVICE_EN: Final = (
    "; check person, days and invoice: correct the bill and settle anew, or have the wrong earlier "
    "one reversed, or report to the agency of the care region"
)

_FIND: Final = """/* settlement.find_screening_policy */
SELECT policy FROM screening_policy ORDER BY policy_id DESC LIMIT 1"""
_INSERT: Final = """/* settlement.insert_screening_policy */
INSERT INTO screening_policy (version, policy, create_time)
SELECT $1, $2, $3 WHERE $1 IS DISTINCT FROM (
    SELECT version FROM screening_policy ORDER BY policy_id DESC LIMIT 1)"""


class PolicyStore:
    """Keeps what supervision said last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self) -> pb.GetScreeningPolicyResponse | None:
        """Returns it; None: supervision has said nothing yet."""
        row = await self._database.fetchrow(_FIND)
        if row is None:
            return None
        try:
            return pb.GetScreeningPolicyResponse.FromString(row["policy"])
        except DecodeError:
            return None

    async def insert(self, policy: pb.GetScreeningPolicyResponse, clock: Clock) -> None:
        """Keeps it, unless it is what is kept."""
        await self._database.execute(
            _INSERT, policy.version, policy.SerializeToString(), clock.now()
        )


class ScreeningPolicy:
    """The rules that block, and what becomes of a bill that they were not asked about."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: Sequence[pb.BlockingRule] = ()
        self._version = ""

    def take(self, policy: pb.GetScreeningPolicyResponse) -> None:
        """Puts what supervision says in place."""
        self._rules, self._version = tuple(policy.rules), policy.version
        refusing = sum(rule.when_unscreened == pb.UNSCREENED_REFUSE for rule in self._rules)
        metrics.BLOCKING_RULES.labels("refuse").set(refusing)
        metrics.BLOCKING_RULES.labels("settle").set(len(self._rules) - refusing)

    def require_screened(
        self, bill: Bill, screening: pb.ScreenBillResponse | None
    ) -> tuple[str, ...]:
        """Returns the blocking rules that go unasked although they are about the bill, by code.

        Raises SCREENING_UNAVAILABLE where one of them lets no such bill settle; an emergency
        settles all the same.
        """
        if screening is not None and not screening.unjudged_rule_codes:
            return ()
        unasked = [
            rule
            for rule in self._rules
            if (screening is None or rule.rule_code in screening.unjudged_rule_codes)
            and _is_about(rule, bill)
        ]
        refusing = [
            rule.rule_code for rule in unasked if rule.when_unscreened == pb.UNSCREENED_REFUSE
        ]
        if refusing and not is_emergency(bill):
            raise Unavailable(
                UNSCREENED,
                "supervision did not answer, and such a bill does not settle unscreened",
                field=_FIELD,
                metadata={"ruleCodes": ",".join(refusing[:_CODES_MAX])},
                retry_after_ms=_RETRY_MS,
            )
        return tuple(rule.rule_code for rule in unasked)

    @contextlib.asynccontextmanager
    async def following(
        self, supervision: SupervisionClient, store: PolicyStore, interval_s: float
    ) -> AsyncIterator[None]:
        """Begins with what is kept, then asks every `interval_s` while the block runs."""
        kept = await store.find()
        if kept is not None:
            self.take(kept)
        task = asyncio.create_task(
            self._poll(supervision, store, interval_s), name="screening policy"
        )
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _poll(
        self, supervision: SupervisionClient, store: PolicyStore, interval_s: float
    ) -> None:
        is_told = False
        while True:
            try:
                policy = await supervision.policy(self._version)
                if not policy.unchanged:
                    await store.insert(policy, self._clock)
                    self.take(policy)
                    get_logger().info(
                        "screening policy in place",
                        version=policy.version,
                        count=len(policy.rules),
                    )
                is_told = False
            except Exception as error:  # noqa: BLE001 - one bad round must not end the loop
                if not is_told:
                    is_told = True
                    get_logger().warning(
                        "screening policy is old",
                        reason=getattr(error, "reason", ""),
                        exception=type(error).__name__,
                    )
            await asyncio.sleep(interval_s)


class Gate:
    """What of supervision's answer lets a bill pass."""

    def __init__(
        self,
        policy: ScreeningPolicy,
        index: BlindIndex,
        taken_back: Callable[[Sequence[UUID]], Awaitable[frozenset[UUID]]],
    ) -> None:
        """Takes who says which of some bills do not stand any more; `index` names invoices."""
        self.fingerprints = Fingerprints(index)
        self._policy = policy
        self._taken_back = taken_back

    async def require(self, bill: Bill, screening: pb.ScreenBillResponse | None) -> tuple[str, ...]:
        """Returns the blocking rules that go unasked, by code; they let the bill settle.

        Raises BILL_BLOCKED, SCREENING_UNAVAILABLE.
        """
        await require_unblocked(screening, self._taken_back)
        return self._policy.require_screened(bill, screening)


async def require_unblocked(
    screening: pb.ScreenBillResponse | None,
    taken_back: Callable[[Sequence[UUID]], Awaitable[frozenset[UUID]]],
) -> None:
    """Raises BILL_BLOCKED for what supervision blocks.

    Supervision follows the journal and may not know yet what was just taken back: a finding all of
    whose other bills are in `taken_back` is none, and is dropped from the answer.
    """
    if screening is None:
        return
    blocking = [one for one in screening.findings if one.effect == finding_pb2.EFFECT_BLOCK]
    if not blocking:
        return
    others = {UUID(key) for one in blocking for key in one.other_bill_keys}
    gone = {str(key) for key in await taken_back(sorted(others))} if others else set()
    # One bill of several that is gone does not undo two stays in one night with the others.
    standing = [
        one for one in blocking if not one.other_bill_keys or set(one.other_bill_keys) - gone
    ]
    if standing:
        raise _blocked(standing)
    for one in blocking:
        screening.findings.remove(one)


def count_blocked(error: Exception) -> None:
    """Counts what a rule kept from settling; to be told of errors that are answered.

    A repeat of what is settled finds itself on record, and is answered as the first time.
    """
    cause = _CAUSES.get(getattr(error, "reason", ""))
    if cause is not None and isinstance(error, RuleForbids | Unavailable):
        for code in error.metadata.get("ruleCodes", "").split(","):
            metrics.BLOCKED.labels(code, cause).inc()


def is_emergency(bill: Bill) -> bool:
    """Tells whether a bill is one that no doubt may keep from settling."""
    return bill.emergency or codes.is_emergency_type(bill.medical_type_code)


def _blocked(findings: Sequence[finding_pb2.Finding]) -> RuleForbids:
    lines = [line for one in findings for line in one.line_ids][:_LINES_MAX]
    return RuleForbids(
        BLOCKED,
        "; ".join(one.message_en[:_TEXT_MAX] for one in findings[:_SHOWN_MAX]) + _ADVICE_EN,
        zh="；".join(one.message_zh[:_TEXT_MAX] for one in findings[:_SHOWN_MAX]) + _ADVICE_ZH,
        field=_FIELD,
        metadata={
            "ruleCodes": ",".join(sorted({one.rule_code for one in findings})[:_CODES_MAX]),
            "lineIds": ",".join(lines),
        },
    )


def _is_about(rule: pb.BlockingRule, bill: Bill) -> bool:
    return (
        _lets(rule.medical_type_codes, codes.medical_type_parent(bill.medical_type_code))
        and _lets(rule.scheme_codes, bill.scheme_code)
        and _begins(rule.care_region_prefixes, bill.care_region_code)
        and _begins(rule.insured_region_prefixes, bill.insured_region_code)
    )


def _lets(allowed: Sequence[str], code: str) -> bool:
    return not allowed or code in allowed


def _begins(prefixes: Sequence[str], code: str) -> bool:
    return not prefixes or code.startswith(tuple(prefixes))
