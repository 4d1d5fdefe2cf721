"""What officers work with: where findings, terms and keys are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.kit.clock import civil_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection
    from services.supervision.cases.terms import CaseTerms, CaseTermsBook
    from services.supervision.credit.terms import CreditTermsBook
    from services.supervision.domain.recording import RecordedFinding


class Findings(Protocol):
    """Where findings are read whole."""

    async def findings_of(
        self, bill_keys: Sequence[UUID], *, connection: Connection | None = None
    ) -> Mapping[UUID, Sequence[RecordedFinding]]:
        """Returns the findings of bills, standing and withdrawn, in order of recording."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What officers work with."""

    cipher: FieldCipher
    findings: Findings
    terms: CaseTermsBook
    credit_terms: CreditTermsBook

    def terms_on(self, now: datetime) -> CaseTerms:
        """Returns the terms in force."""
        return self.terms.of(civil_date(now))
