"""Records what mining found: findings as those of the audit, withdrawn for the same reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from services.kit.errors import Absent, AlreadyExists, DomainError, RuleForbids
from services.supervision.domain.model import Finding, total_fen_of
from services.supervision.domain.recording import FindingMoment, made_id
from services.supervision.domain.rule import Reach
from services.supervision.store import NewFinding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.kit.db import Connection
    from services.supervision.audit.records import Records
    from services.supervision.audit.store import AuditStore
    from services.supervision.domain.model import Bill
    from services.supervision.domain.rule import Rule
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.store import Store

_STORE_RUN: Final = """/* supervision.store_mining_run */
INSERT INTO mining_run (run_id, ruleset_version, since_time, until_time) VALUES ($1, $2, $3, $4)
ON CONFLICT (run_id) DO NOTHING"""
_FIND_RUN: Final = """/* supervision.find_mining_run */
SELECT ruleset_version, since_time, until_time FROM mining_run WHERE run_id = $1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of mining; it may be recorded in parts."""

    run_id: UUID
    ruleset_version: str
    since_time: datetime
    until_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """What it found on one bill."""

    bill_key: UUID
    rule_code: str
    line_ids: tuple[str, ...]
    """Empty: the whole bill."""
    other_bill_keys: tuple[UUID, ...]
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finding as it is on record now."""

    finding_id: UUID
    is_old: bool
    """It was on record before."""


Result: TypeAlias = Outcome | DomainError


class Mining:
    """Records what runs found."""

    def __init__(self, records: Records, bills: AuditStore, findings: Store) -> None:
        """Holds what all runs share."""
        self._records = records
        self._bills = bills
        self._findings = findings

    async def record(
        self, connection: Connection, run: Run, mined: Sequence[Mined], ruleset: RuleSet
    ) -> list[Result]:
        """Records findings of a run inside the caller's transaction; a result for each, in order.

        Raises:
            AlreadyExists: MINING_RUN_REUSED: the run is on record with another period or rules.
        """
        # No reversal in between: a finding on what was taken back must not come after it.
        await self._records.lock(connection)
        await _keep_run(connection, run)
        keys = {key for one in mined for key in (one.bill_key, *one.other_bill_keys)}
        bills, reversed_keys = await self._bills.find_all(connection, keys)
        known = await self._findings.findings_of(list(bills), connection=connection)
        on_record = {one.finding_id for found in known.values() for one in found}
        results: list[Result] = []
        new: dict[UUID, NewFinding] = {}
        for one in mined:
            try:
                bill, rule = _checked(one, ruleset, bills, reversed_keys)
                fresh = _new(one, bill, rule, run)
            except DomainError as error:
                results.append(error)
                continue
            is_old = fresh.finding_id in on_record or fresh.finding_id in new
            results.append(Outcome(fresh.finding_id, is_old))
            if not is_old:
                new[fresh.finding_id] = fresh
        await self._findings.insert(connection, list(new.values()), run_id=run.run_id)
        rests = [
            (key, one.finding_id) for one in new.values() for key in one.finding.other_bill_keys
        ]
        if rests:
            await connection.copy("mined_finding_bill", ("other_bill_key", "finding_id"), rests)
        return results


async def _keep_run(connection: Connection, run: Run) -> None:
    await connection.execute(
        _STORE_RUN, run.run_id, run.ruleset_version, run.since_time, run.until_time
    )
    row = await connection.fetchrow(_FIND_RUN, run.run_id)
    if row is None or tuple(row) != (run.ruleset_version, run.since_time, run.until_time):
        raise AlreadyExists(
            "MINING_RUN_REUSED", "the run is on record with another period or rules", field="run_id"
        )


def _checked(
    mined: Mined, ruleset: RuleSet, bills: dict[UUID, Bill], reversed_keys: set[UUID]
) -> tuple[Bill, Rule]:
    rule = ruleset.rule(mined.rule_code)
    if rule is None or rule.reach is not Reach.PEERS:
        raise RuleForbids(
            "RULE_NOT_MINED",
            "the rule is not in force or none that mining judges",
            field="rule_code",
            metadata={"ruleCode": mined.rule_code},
        )
    for key in (mined.bill_key, *mined.other_bill_keys):
        if key not in bills:
            raise Absent("RESOURCE_NOT_FOUND", "no such bill", metadata={"billKey": str(key)})
        if key in reversed_keys:
            raise RuleForbids(
                "MINED_BILL_REVERSED", "the bill was taken back", metadata={"billKey": str(key)}
            )
    bill = bills[mined.bill_key]
    if not {line.line_id for line in bill.lines}.issuperset(mined.line_ids):
        raise Absent("RESOURCE_NOT_FOUND", "no such line on the bill", field="line_ids")
    return bill, rule


def _new(mined: Mined, bill: Bill, rule: Rule, run: Run) -> NewFinding:
    at_fault = set(mined.line_ids)
    finding = Finding(
        rule_code=rule.code,
        result_class=rule.result_class,
        line_ids=tuple(line.line_id for line in bill.lines if line.line_id in at_fault),
        amount_fen=(
            sum(line.amount_fen for line in bill.lines if line.line_id in at_fault)
            if at_fault
            else total_fen_of(bill)
        ),
        message_zh=mined.message_zh,
        message_en=mined.message_en,
        rule_version=run.ruleset_version,
        severity=rule.severity,
        effect=rule.effect,
        source=rule.source,
        other_bill_keys=mined.other_bill_keys,
    )
    return NewFinding(
        mined_id(mined.bill_key, finding),
        mined.bill_key,
        finding,
        FindingMoment.MINING,
        bill.care_region_code,
        bill.insured_region_code,
        bill.institution_code,
    )


def mined_id(bill_key: UUID, finding: Finding) -> UUID:
    """Returns the key of a mined finding: what another run finds again is the same finding.

    Its text is left out: it tells figures of the run.
    """
    return made_id(bill_key, finding, with_text=False)
