"""SQL of what institutions are told and what they answer; opinions and documents are sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.cases.model import Answer, Document, Opinion, Position
from services.supervision.domain.case_documents import DocumentType

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    import asyncpg

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database

_OPINION: Final = b"supervision.opinion:"
_DOCUMENT: Final = b"supervision.case_document:"

_NEXT_NUMBER: Final = """/* supervision.next_opinion_number */
INSERT INTO opinion_counter (region_code, year, last_number)
VALUES ($1, $2, 1)
ON CONFLICT (region_code, year) DO UPDATE SET last_number = opinion_counter.last_number + 1
RETURNING last_number"""
_INSERT_OPINION: Final = """/* supervision.insert_opinion */
INSERT INTO opinion (case_id, number, issue_time, answer_last_date, is_provisional, digest, content)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_LIST_OPINIONS: Final = """/* supervision.list_opinions */
SELECT case_id, number, issue_time, answer_last_date, is_provisional, digest, content
  FROM opinion
 WHERE case_id = ANY($1::uuid[])"""
_INSERT_ANSWER: Final = """/* supervision.insert_opinion_answer */
INSERT INTO opinion_answer (case_id, position, text, officer_id, answer_time)
VALUES ($1, $2, $3, $4, $5)"""
_LIST_ANSWERS: Final = """/* supervision.list_opinion_answers */
SELECT case_id, position, text, officer_id, answer_time
  FROM opinion_answer
 WHERE case_id = ANY($1::uuid[])"""
_INSERT_DOCUMENT: Final = """/* supervision.insert_case_document */
INSERT INTO case_document (document_id, case_id, document_type, size_bytes, digest, title, content,
                           create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_LIST_DOCUMENTS: Final = """/* supervision.list_case_documents */
SELECT document_id, case_id, document_type, size_bytes, digest, title, create_time
  FROM case_document
 WHERE case_id = $1
 ORDER BY document_id"""
_FIND_DOCUMENT: Final = """/* supervision.find_case_document */
SELECT document_id, case_id, document_type, size_bytes, digest, title, create_time, content
  FROM case_document
 WHERE document_id = $1"""
_COUNT_DOCUMENTS: Final = """/* supervision.count_case_documents */
SELECT count(*) AS n FROM case_document WHERE case_id = $1"""


async def next_number(connection: Connection, region_code: str, year: int) -> str:
    """Returns the number of a province's next opinion; numbers of a year have no gaps."""
    row = await connection.fetchrow(_NEXT_NUMBER, region_code, year)
    return f"YJ{region_code}-{year:04d}-{row['last_number'] if row else 0:06d}"


async def insert_opinion(connection: Connection, cipher: FieldCipher, opinion: Opinion) -> None:
    """Keeps an opinion."""
    await connection.execute(
        _INSERT_OPINION,
        opinion.case_id,
        opinion.number,
        opinion.issue_time,
        opinion.answer_last_date,
        opinion.is_provisional,
        opinion.digest,
        cipher.encrypt(opinion.content, context=_OPINION + opinion.case_id.bytes),
    )


async def list_opinions(
    source: Connection | Database, cipher: FieldCipher, case_ids: Collection[UUID]
) -> dict[UUID, Opinion]:
    """Returns the opinions of cases that have one."""
    return {
        row["case_id"]: Opinion(
            **{
                **dict(row),
                "content": cipher.decrypt(row["content"], context=_OPINION + row["case_id"].bytes),
            }
        )
        for row in await source.fetch(_LIST_OPINIONS, list(case_ids))
    }


async def insert_answer(connection: Connection, case_id: UUID, answer: Answer) -> None:
    """Keeps the answer to an opinion."""
    await connection.execute(
        _INSERT_ANSWER,
        case_id,
        answer.position.value,
        answer.text,
        answer.officer_id,
        answer.answer_time,
    )


async def list_answers(
    source: Connection | Database, case_ids: Collection[UUID]
) -> dict[UUID, Answer]:
    """Returns the answers to the opinions of cases, of those that have one."""
    return {
        row["case_id"]: Answer(
            position=Position(row["position"]),
            text=row["text"],
            officer_id=row["officer_id"],
            answer_time=row["answer_time"],
        )
        for row in await source.fetch(_LIST_ANSWERS, list(case_ids))
    }


async def count_documents(connection: Connection, case_id: UUID) -> int:
    """Returns how many documents a case has."""
    row = await connection.fetchrow(_COUNT_DOCUMENTS, case_id)
    return row["n"] if row else 0


async def insert_document(
    connection: Connection, cipher: FieldCipher, document: Document, content: bytes
) -> None:
    """Keeps a document."""
    await connection.execute(
        _INSERT_DOCUMENT,
        document.document_id,
        document.case_id,
        document.document_type.value,
        document.size_bytes,
        document.digest,
        document.title,
        cipher.encrypt(content, context=_DOCUMENT + document.document_id.bytes),
        document.create_time,
    )


async def list_documents(source: Connection | Database, case_id: UUID) -> list[Document]:
    """Returns the documents of a case in the order in which they came, without their bytes."""
    return [_document(row) for row in await source.fetch(_LIST_DOCUMENTS, case_id)]


async def find_document(
    source: Connection | Database, cipher: FieldCipher, document_id: UUID
) -> tuple[Document, bytes] | None:
    """Returns a document with its bytes; None: there is none."""
    row = await source.fetchrow(_FIND_DOCUMENT, document_id)
    if row is None:
        return None
    content = cipher.decrypt(row["content"], context=_DOCUMENT + document_id.bytes)
    return _document(row), content


def _document(row: asyncpg.Record) -> Document:
    return Document(
        document_id=row["document_id"],
        case_id=row["case_id"],
        document_type=DocumentType(row["document_type"]),
        size_bytes=row["size_bytes"],
        digest=row["digest"],
        title=row["title"],
        create_time=row["create_time"],
    )
