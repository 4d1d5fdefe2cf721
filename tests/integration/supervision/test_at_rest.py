"""Goal: what a finding says of a bill's items lies nowhere in the database in the clear.

Method: findings of real rules are recorded, from the round trip and from afterwards; then every
column of the schema is searched for names, codes, line ids and messages.
"""

from __future__ import annotations

import base64
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from services.kit.crypto import UnreadableField
from services.kit.db import Database
from services.supervision import messages, usecases
from services.supervision.domain.engine import judge
from services.supervision.domain.model import Bill, Finding, Line, Moment, Sex
from services.supervision.rules_loader import load_rules
from tests.integration.supervision.harness import EVERYTHING, KEY, audited, store_of
from tests.support.settlement_feed import fee_line, settled

pytestmark = pytest.mark.postgres

DRUG_MALE = "XL02BBA326A001010102180"
DRUG_LEVEL_2 = "ZA05CAC0029010102312"
LINE_IDS = ("line-canary-1", "line-canary-2")
BILL = Bill(
    sex=Sex.FEMALE,
    birth_date=date(1980, 5, 1),
    medical_type="11",
    institution_level="08",
    scheme_code="310",
    lines=tuple(
        Line(
            line_id=line_id,
            item_code=code,
            fee_date=date(2026, 3, 9),
            quantity=Decimal(1),
            amount_fen=fen,
        )
        for line_id, code, fen in zip(LINE_IDS, (DRUG_MALE, DRUG_LEVEL_2), (700, 80), strict=True)
    ),
)


@pytest.fixture
async def findings(database: Database) -> tuple[Finding, ...]:
    """The findings on the bill, recorded of settlement 1 as they came and of 2 afterwards."""
    found = judge(BILL, load_rules(), moment=Moment.SCREENING)
    assert len(found) == 2
    lines = tuple(
        fee_line(line.item_code, line.line_id, line.amount_fen, day=line.fee_date)
        for line in BILL.lines
    )
    day = BILL.lines[0].fee_date
    await audited(
        database,
        settled(
            1, findings=tuple(messages.write_finding(one) for one in found), lines=lines, end=day
        ),
        settled(2, findings=None, lines=lines, end=day),
    )
    return found


async def columns(database: Database) -> dict[str, bytes]:
    """All that the schema's tables hold, by column; texts as they are, bytes as they are."""
    names = await database.fetch(
        "/* test.columns */ SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'supervision'"
    )
    held = {}
    for table, column in names:
        query = f'SELECT "{column}" AS v FROM supervision."{table}"'  # noqa: S608 - names of ours
        rows = await database.fetch(f"/* test.column */ {query}")
        values = [row["v"] for row in rows]
        held[f"{table}.{column}"] = b"\n".join(
            value if isinstance(value, bytes) else str(value).encode() for value in values
        )
    return held


async def test_no_column_names_an_item_of_a_bill(
    database: Database, findings: tuple[Finding, ...]
) -> None:
    names = load_rules().names
    texts = {DRUG_MALE, DRUG_LEVEL_2, names[DRUG_MALE], names[DRUG_LEVEL_2], *LINE_IDS}
    texts |= {text for one in findings for text in (one.message_zh, one.message_en)}
    assert len(texts) == 10
    held = await columns(database)
    for column, data in held.items():
        for text in texts:
            assert text.encode() not in data, column
            assert text.encode().hex().encode() not in data, column
    # The search finds what is there, and what is asked for by value stays in the clear.
    assert b"DRUG_SEX" in held["finding.rule_code"]
    assert b"VIOLATION" in held["finding.result_class"]
    assert b"700" in held["finding.amount_fen"]
    assert b"H11010500001" in held["audited_bill.institution_code"]
    assert len(held["audited_bill.detail"]) > 2 * 29
    assert len(held["finding.detail"]) > 4 * 29


async def test_what_was_recorded_is_read_whole(
    database: Database, findings: tuple[Finding, ...]
) -> None:
    found, _ = await usecases.list_findings(store_of(database), EVERYTHING, size=10)
    read = [(one.settlement_id.int, one.finding) for one in reversed(found)]
    assert read == [(number, one) for number in (1, 2) for one in findings]


async def test_equal_findings_are_not_equal_at_rest(
    database: Database, findings: tuple[Finding, ...]
) -> None:
    rows = await database.fetch("/* test.details */ SELECT detail FROM finding")
    assert len({row["detail"] for row in rows}) == 2 * len(findings)


async def test_another_key_or_another_row_reads_nothing(
    database: Database, findings: tuple[Finding, ...]
) -> None:
    other = base64.b64encode(bytes(32)).decode()
    with pytest.raises(UnreadableField):
        await store_of(database, other).list_findings(EVERYTHING, limit=1)
    # A key put aside still reads what was written with it.
    rotated = store_of(database, f"2:{other}\n1:{KEY}")
    assert len(await rotated.list_findings(EVERYTHING, limit=10)) == 4
    await database.execute(
        "/* test.copy */ INSERT INTO finding (finding_id, settlement_id, rule_code, result_class,"
        " amount_fen, ruleset_version, detail, moment, care_region_code, insured_region_code,"
        " institution_code) SELECT $1, settlement_id, rule_code, result_class, amount_fen,"
        " ruleset_version, detail, moment, care_region_code, insured_region_code, institution_code"
        " FROM finding LIMIT 1",
        uuid4(),
    )
    with pytest.raises(UnreadableField):
        await store_of(database).list_findings(EVERYTHING, limit=1)


async def test_a_repeated_event_changes_nothing(
    database: Database, findings: tuple[Finding, ...]
) -> None:
    event = settled(1, findings=tuple(messages.write_finding(one) for one in findings))
    await audited(database, event, after="a", to="b")
    assert len(await store_of(database).list_findings(EVERYTHING, limit=10)) == 4
