"""Doors of the card registry: bulk load, look-ups, cards through their life, accesses, signals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

from services.kit.channel import open_channel
from services.kit.wire import write_date
from tests.e2e.canaries import (
    BAD_CERT,
    BORN,
    CARD,
    CERT,
    LOADED_CARD,
    LOST_CARD,
    NAME,
    NEW_CARD,
    OTHER_DAY,
    SERIAL,
    WANTED_CARD,
    Visit,
)
from tests.e2e.doors_bills import canary
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S
from yijie.identity.v1 import (
    access_pb2,
    access_service_pb2,
    card_service_pb2,
    identity_service_pb2,
    person_pb2,
)
from yijie.settlement.v1 import advice_service_pb2
from yijie.supervision.v1 import supervision_service_pb2, supervision_service_pb2_grpc

FEED_S = 30.0
"""Until a feed has given what it must: its services have other loops to turn, on a busy machine."""
LOAD = "/yijie.identity.v1.IdentityService/LoadPersons"
FILING = access_pb2.ACCESS_PURPOSE_FILING


def rows() -> list[identity_service_pb2.PersonRow]:
    """A row that is good, and others that are not."""
    card = identity_service_pb2.PersonCard(
        card_number=LOADED_CARD,
        issuing_region_code="131100",
        state=person_pb2.CARD_STATE_ACTIVE,
        kind=person_pb2.CARD_KIND_ELECTRONIC,
        recognition_code=SERIAL,
    )
    found = [identity_service_pb2.PersonRow(person=canary(), cards=[card]) for _ in range(7)]
    found[1].person.cert_number = BAD_CERT
    found[2].person.birth_date.CopyFrom(write_date(OTHER_DAY))
    found[3].cards[0].card_number = CERT
    found[4].cards[0].recognition_code = NAME
    found[5].person.cert_type_code = CERT
    found[6].person.insurances[0].insured_region_code = CERT
    return found


async def load(visit: Visit) -> None:
    """Loads rows, in earnest and dry; then bytes that are no batch, in the middle of a stream."""
    batches = [
        visit.sent(
            identity_service_pb2.LoadPersonsRequest(
                request_id=str(uuid4()), dry_run=dry, rows=rows()
            )
        )
        for dry in (True, False)
    ]
    call = visit.province.identity.LoadPersons()
    for batch in batches:
        await call.write(batch)
    await call.done_writing()
    answers = [answer async for answer in call]
    for answer in answers:
        outcomes = [one.WhichOneof("outcome") for one in answer.results]
        assert outcomes == ["key", *["error"] * 6]
        visit.keep_entries(one.error for one in answer.results[1:])
    assert answers[1].results[0].key == visit.person_id
    other = identity_service_pb2.LoadPersonsRequest(
        request_id=batches[1].request_id, rows=rows()[:2]
    )
    # An endless text, where a batch should be; other content under an id; no id at all.
    broken: tuple[bytes, ...] = (
        b"\x1a\xff\x7f" + CERT.encode() + NAME.encode(),
        b"\x0a\x12" + CERT.encode(),
        visit.sent(other).SerializeToString(),
    )
    again = batches[1].SerializeToString()
    async with open_channel(visit.running.endpoints["identity"].address) as channel:
        for bad in broken:
            raw = channel.stream_stream(LOAD)()
            await raw.write(again)
            assert await raw.read() == answers[1].SerializeToString()
            await raw.write(bad)
            await visit.refused(raw.read())


async def look_up(visit: Visit) -> None:
    """Asks who has a number, where they are insured, and whether a card works elsewhere."""
    identity, today = visit.province.identity, write_date(date(2026, 3, 1))
    asked = identity_service_pb2.LookUpPersonsRequest(
        cert_numbers=[CERT, BAD_CERT, NAME, CARD], purpose=FILING
    )
    answer = await identity.LookUpPersons(visit.sent(asked), timeout=TIMEOUT_S)
    assert answer.results[0].key == visit.person_id
    visit.keep_entries(one.error for one in answer.results[1:])
    asked.purpose = 99
    await visit.refused(identity.LookUpPersons(asked, timeout=TIMEOUT_S))

    for person_id, region in ((visit.person_id, "131100"), (CERT, "131100"), (NAME, CERT)):
        question = identity_service_pb2.CheckInsurancesRequest(purpose=FILING)
        question.entries.add(person_id=person_id, insured_region_code=region, on_date=today)
        call = identity.CheckInsurances(question, timeout=TIMEOUT_S)
        if region == "131100" and person_id == visit.person_id:
            assert len((await call).standings) == 1
        else:
            await visit.refused(call)
    await check_portability(visit)


async def check_portability(visit: Visit) -> None:
    """Asks identity for the facts, and settlement who must act."""
    shown = [
        person_pb2.Credential(type=f"CREDENTIAL_TYPE_{kind}", number=number)
        for kind, number in (
            ("CARD", LOADED_CARD),
            ("CARD", LOST_CARD),
            ("CARD", NAME),
            ("CARD", CERT),
            ("ID_NUMBER", CERT),
            ("ID_NUMBER", BAD_CERT),
            ("ID_NUMBER", NAME),
            ("E_CREDENTIAL", CERT),
        )
    ]
    facts = identity_service_pb2.CheckPortabilityRequest()
    advice = advice_service_pb2.CheckPortabilityRequest(care_region_code="110000")
    for request in (facts, advice):
        for credential in shown:
            request.entries.add(
                credential=credential, insured_region_code="131100", scheme_code="310"
            )
        visit.sent(request)
    for ask, request in (
        (visit.province.identity.CheckPortability, facts),
        (visit.province.advice.CheckPortability, advice),
    ):
        answer = await ask(request, timeout=TIMEOUT_S)
        # What is said of a credential does not repeat it.
        visit.refusals.append(("portability", answer.SerializeToString()))
        request.entries[0].insured_region_code = CERT
        await visit.refused(ask(request, timeout=TIMEOUT_S))


async def live_with_cards(visit: Visit) -> None:
    """Reports a card lost and found, replaces it, and does what a card's state forbids."""
    cards = visit.province.cards

    def change(number: str, what: str, region: str = "131100") -> Any:
        request = card_service_pb2.ChangeCardStateRequest(
            request_id=str(uuid4()),
            card_number=number,
            change=f"CARD_CHANGE_{what}",
            agency_region_code=region,
        )
        return cards.ChangeCardState(visit.sent(request), timeout=TIMEOUT_S)

    def replace(number: str, new: str, code: str = SERIAL) -> Any:
        request = card_service_pb2.ReplaceCardRequest(
            request_id=str(uuid4()),
            card_number=number,
            new_card_number=new,
            new_recognition_code=code,
            issuing_region_code="131100",
            kind=person_pb2.CARD_KIND_ELECTRONIC,
        )
        return cards.ReplaceCard(visit.sent(request), timeout=TIMEOUT_S)

    for what in ("REPORT_LOST", "REPORT_FOUND"):
        await change(LOADED_CARD, what)
    await replace(LOADED_CARD, NEW_CARD)
    for attempt in (
        change(LOADED_CARD, "REPORT_LOST"),
        change(NEW_CARD, "ACTIVATE"),
        change(LOST_CARD, "REPORT_FOUND"),
        change(WANTED_CARD, "REPORT_LOST"),
        change(NAME, "CANCEL"),
        change(CARD, "CANCEL", CERT),
        change(CARD, "REGISTER"),
        replace(LOADED_CARD, WANTED_CARD),
        replace(NEW_CARD, LOST_CARD),
        replace(NEW_CARD, CERT),
        replace(NEW_CARD, WANTED_CARD, NAME),
        replace(NAME, WANTED_CARD),
        replace("", WANTED_CARD),
        cards.ListCardChanges(
            card_service_pb2.ListCardChangesRequest(person_id=CERT), timeout=TIMEOUT_S
        ),
        cards.ListCardChanges(
            card_service_pb2.ListCardChangesRequest(person_id=visit.person_id, page_token=CERT),
            timeout=TIMEOUT_S,
        ),
    ):
        await visit.refused(attempt)
    listed = await cards.ListCardChanges(
        card_service_pb2.ListCardChangesRequest(person_id=visit.person_id), timeout=TIMEOUT_S
    )
    assert len(listed.changes) >= 5
    # Card numbers are masked there.
    visit.refusals.append(("history", listed.SerializeToString()))


async def watch(visit: Visit) -> None:
    """Reads who looked, and what looks wrong of it, here and in supervision."""
    access = visit.province.access
    listed = await access.ListAccesses(
        access_service_pb2.ListAccessesRequest(person_id=visit.person_id), timeout=TIMEOUT_S
    )
    assert {"VerifyCredential", "LookUpPersons", "ReplaceCard"} <= {
        one.method for one in listed.accesses
    }
    visit.refusals.append(("accesses", listed.SerializeToString()))
    for wrong in (
        access_service_pb2.ListAccessesRequest(person_id=CERT),
        access_service_pb2.ListAccessesRequest(institution_code=NAME),
        access_service_pb2.ListAccessesRequest(person_id=visit.person_id, page_token=CERT),
    ):
        await visit.refused(access.ListAccesses(wrong, timeout=TIMEOUT_S))
    lost = access_service_pb2.SubscribeSignalsRequest(after_cursor=CERT)
    await visit.refused(access.SubscribeSignals(lost, timeout=TIMEOUT_S).read())
    wanted = {access_pb2.SIGNAL_KIND_LOST_CARD_SHOWN, access_pb2.SIGNAL_KIND_TOKEN_REPLAYED}
    feed = access.SubscribeSignals(access_service_pb2.SubscribeSignalsRequest(), timeout=FEED_S)
    async for event in events(feed):
        visit.refusals.append(("signal", event.SerializeToString()))
        if event.signal.person_id == visit.person_id:
            wanted.discard(event.signal.kind)
        if not wanted:
            break
    feed.cancel()
    await supervise(visit)


async def events(feed: Any) -> AsyncIterator[Any]:
    """What a feed gives, one by one; raises when its deadline passes."""
    async for response in feed:
        for event in response.events:
            yield event


async def supervise(visit: Visit) -> None:
    """Waits until supervision has the signals, and asks for them, rightly and wrongly."""
    async with open_channel(visit.running.endpoints["supervision"].address) as channel:
        stub = supervision_service_pb2_grpc.SupervisionServiceStub(channel)

        async def probe() -> None:
            request = supervision_service_pb2.ListSignalsRequest(person_id=visit.person_id)
            answer = await stub.ListSignals(request, timeout=TIMEOUT_S)
            assert len(answer.signals) >= 2
            visit.refusals.append(("signals", answer.SerializeToString()))

        await eventually(probe)
        for wrong in (
            supervision_service_pb2.ListSignalsRequest(person_id=CERT),
            supervision_service_pb2.ListSignalsRequest(province_code=NAME),
            supervision_service_pb2.ListSignalsRequest(page_token=f"{CERT}{BORN}"),
        ):
            await visit.refused(stub.ListSignals(wrong, timeout=TIMEOUT_S))


async def replay(visit: Visit, token: str) -> None:
    """Shows a token again that has settled a bill."""
    patient = visit.patient("E_CREDENTIAL", token)
    error = await visit.refused(
        visit.province.settlement.Settle(visit.request(patient), timeout=TIMEOUT_S)
    )
    assert b"CREDENTIAL_USED" in visit.refusals[-1][1], error.details()
