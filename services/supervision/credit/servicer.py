"""CreditService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit import codes, paging, wire
from services.kit.caller import require_region
from services.kit.clock import civil_date
from services.kit.idempotency import once
from services.kit.notes import read_note, read_two_people
from services.kit.wire import invalid
from services.supervision.credit import messages, store, usecases
from services.supervision.credit.store import ConsequenceFilter, OnSiteFilter
from services.supervision.credit.usecases import Decision
from services.supervision.domain.credit import Subject
from yijie.supervision.v1 import credit_service_pb2 as pb2
from yijie.supervision.v1 import credit_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.credit.terms import CreditTermsBook

FULL_NAME: Final = "yijie.supervision.v1.CreditService"
_DAYS_MAX: Final = 366
_SHAPES: Final = {
    Subject.INSTITUTION: re.compile(r"[HP][0-9]{11}"),
    Subject.DOCTOR: re.compile(r"D[0-9]{12}"),
    Subject.PERSON: re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
INPATIENT_TYPES: Final = sorted(
    code for code in map(str, range(10, 100)) if codes.is_inpatient_type(code)
)
"""Medical types of stays, two digits."""


class CreditServicer(credit_service_pb2_grpc.CreditServiceServicer):
    """Answers the calls of CreditService."""

    def __init__(self, database: Database, clock: Clock, terms: CreditTermsBook) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock
        self._terms = terms

    async def GetCredit(self, request: Any, context: Any) -> Any:
        """Answers how an institution, a doctor or a person stands."""
        subject = messages.read_subject(request.subject)
        if subject is None or not _SHAPES[subject].fullmatch(request.subject_id):
            raise invalid("subject_id", "is no code of that subject")
        # The area of a code: of an institution H or P and six digits; others do not tell theirs.
        region = f"{request.subject_id[1:3]}0000" if subject is Subject.INSTITUTION else ""
        if subject is not Subject.DOCTOR:
            require_region(context, region, field="subject_id")
        today = civil_date(self._clock.now())
        on = wire.read_optional_date(request.on_date, "on_date") or today
        if on > today:
            raise invalid("on_date", "is in the future")
        terms = self._terms.of(on)
        hundredths, events = await usecases.reckon(
            self._database, subject, request.subject_id, on=on, terms=terms
        )
        if subject is Subject.DOCTOR:
            for region_code in sorted({one.region_code for one in events} or {""}):
                require_region(context, region_code, field="subject_id")
        return pb2.GetCreditResponse(
            credit=messages.write_credit(
                subject,
                request.subject_id,
                on=on,
                hundredths=hundredths,
                events=events,
                terms=terms,
            )
        )

    async def ListConsequences(self, request: Any, context: Any) -> Any:
        """Lists consequences, newest first."""
        require_region(context, request.region_code, field="region_code")
        wanted = ConsequenceFilter(
            region_code=request.region_code,
            state=messages.read_state(request.state),
            subject=messages.read_subject(request.subject),
            before=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await store.list_consequences(self._database, wanted, limit=size + 1)
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].consequence_id),))
        return pb2.ListConsequencesResponse(
            consequences=[messages.write_consequence(one) for one in found[:size]],
            next_page_token=token,
        )

    async def DecideConsequence(self, request: Any, context: Any) -> Any:
        """Decides on a proposed consequence."""
        require_region(context, request.region_code, field="region_code")
        maker_id, checker_id = read_two_people(request.maker_id, request.checker_id)
        decision = Decision(
            consequence_id=wire.read_uuid(request.consequence_id),
            region_code=request.region_code,
            approved=request.approved,
            begin_date=wire.read_optional_date(request.begin_date, "begin_date"),
            maker_id=maker_id,
            checker_id=checker_id,
            note=read_note(request.note),
        )
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            found = await usecases.decide(connection, decision, now=now)
            return pb2.DecideConsequenceResponse(consequence=messages.write_consequence(found))

        return await once(self._database, request, pb2.DecideConsequenceResponse, work)

    async def ListOnSiteVisits(self, request: Any, context: Any) -> Any:
        """Lists stays that are worth a visit."""
        require_region(context, request.region_code, field="region_code")
        since = wire.read_date(request.since_date, "since_date")
        until = wire.read_date(request.until_date, "until_date")
        if not since <= until < _later(since):
            raise invalid("until_date", "is before since_date, or more than a year after it")
        wanted = OnSiteFilter(
            region_code=request.region_code,
            since=since,
            until=until,
            institution_code=request.institution_code,
            after=paging.read_key(request, lambda code, key: (code, UUID(key))),
        )
        terms = self._terms.on_site(until)
        size = paging.page_size(request)
        found = await store.list_on_site(
            self._database, wanted, terms, inpatient_types=INPATIENT_TYPES, limit=size + 1
        )
        token = ""
        if len(found) > size:
            last = found[size - 1]
            token = paging.write_token(request, (last.institution_code, str(last.bill_key)))
        return pb2.ListOnSiteVisitsResponse(
            visits=[
                messages.write_visit(one, peers_least=terms.peers_least) for one in found[:size]
            ],
            next_page_token=token,
        )


def _later(day: date) -> date:
    return min(day, date.max - timedelta(days=_DAYS_MAX)) + timedelta(days=_DAYS_MAX)
