"""The services that settlement calls, as real gRPC servers in process that misbehave when told to.

Each answers as the real service would (the same errors with the same field paths), from a few
entries in memory; all five share one server on a free port.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import grpc
from grpc_status import rpc_status

from services.classification.model import CatalogueItem
from services.classification.wire import write_item
from services.identity.domain import errors as identity_errors
from services.kit import codes, diseases, wire
from services.kit.errors import AlreadyExists, DomainError, Overloaded, RuleForbids, Unavailable
from services.kit.money import Rounding, share_fen
from services.kit.status import to_status
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2, benefits_service_pb2_grpc
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2, catalogue_service_pb2_grpc
from yijie.filing.v1 import filing_pb2, filing_service_pb2, filing_service_pb2_grpc
from yijie.identity.v1 import (
    identity_service_pb2,
    identity_service_pb2_grpc,
    institution_pb2,
    person_pb2,
)
from yijie.supervision.v1 import finding_pb2, supervision_service_pb2, supervision_service_pb2_grpc

PERSON = "0190aaaa-0000-7000-8000-000000000001"
ID_NUMBER = "650101195001010020"
CARD = "A70000001"
LOST_CARD = "A70000002"
HOSPITAL = "H64010400001"
CARE = "640104"
INSURED = "650100"
BED = "001109000030000"
DRUG = "XB01AXA223B001010100269"
CAPPED = "XA02BCA224A001010100270"
UNLISTED = "XZ99ZZZ999Z999999999999"
DEDUCTIBLE_FEN = 10_000
FUND_RATIO = Decimal("0.85")
LONG_S = 30.0


async def refuse(context: Any, error: DomainError, service: str) -> None:
    """Answers an error as the errors interceptor of a service does."""
    await context.abort_with_status(rpc_status.to_status(to_status(error, service)))


def item(code: str, catalogue_class: str, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "item_code": code,
        "name": "样品",
        "list_type_code": codes.list_type_of(code),
        "charge_category_code": "01" if code == BED else "09",
        "catalogue_class": catalogue_class,
        "prior_self_pay_ratio": Decimal("0.1") if catalogue_class == "B" else Decimal(0),
        "price_ceiling": None,
        "over_ceiling": "self_pay",
        "begin_date": date(2016, 1, 1),
        "end_date": None,
        "sample": False,
    }
    return write_item(CatalogueItem(**{**values, **changes}))


class FakeCatalogue(catalogue_service_pb2_grpc.CatalogueServiceServicer):
    """Has one small version; more can be published, and the watch can be broken off."""

    def __init__(self) -> None:
        self.versions: list[Any] = []
        self.items: dict[tuple[str, str], list[Any]] = {}
        self.page_size = 2
        self._grown = asyncio.Condition()
        self.add(
            "640000",
            "v1",
            [
                item(BED, "A"),
                item(DRUG, "B"),
                item(CAPPED, "A", price_ceiling=Decimal(5), over_ceiling="reject"),
            ],
        )

    def add(self, region: str, version: str, items: list[Any]) -> None:
        """Publishes a version without telling who watches."""
        self.items[region, version] = items
        self.versions.append(
            catalogue_pb2.CatalogueVersion(
                region_code=region,
                version=version,
                item_count=len(items),
                publication_sequence=len(self.versions) + 1,
            )
        )

    async def publish(self, region: str, version: str, items: list[Any]) -> None:
        """Publishes a version and tells who watches."""
        self.add(region, version, items)
        async with self._grown:
            self._grown.notify_all()

    async def WatchSnapshots(self, request: Any, context: Any) -> AsyncIterator[Any]:
        sequence = request.after_publication_sequence
        while True:
            for version in self.versions[sequence:]:
                yield catalogue_service_pb2.WatchSnapshotsResponse(version=version)
            sequence = len(self.versions)
            yield catalogue_service_pb2.WatchSnapshotsResponse()
            async with self._grown:
                await self._grown.wait_for(functools.partial(self._has_more, sequence))

    def _has_more(self, sequence: int) -> bool:
        return len(self.versions) > sequence

    async def GetSnapshot(self, request: Any, context: Any) -> Any:
        items = self.items[request.region_code, request.version]
        begin = int(request.page_token or "0")
        end = begin + self.page_size
        return catalogue_service_pb2.GetSnapshotResponse(
            items=items[begin:end], next_page_token=str(end) if end < len(items) else ""
        )


class FakeIdentity(identity_service_pb2_grpc.IdentityServiceServicer):
    """Knows one person with two cards and one hospital; tests may let it know more."""

    def __init__(self) -> None:
        self.calls = 0
        self.institutions = {HOSPITAL: CARE}
        self.opened = {"11", "21"}
        self.diseases = {""}
        """Diseases that medical type 14 is opened for; "" is every disease."""
        self.delay_s = 0.0
        self.error: DomainError | None = None
        self.schemes = {"310"}
        self.person_type_code = "1201"

    async def VerifyCredential(self, request: Any, context: Any) -> Any:
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        error = self.error or self._refusal(request)
        if error is not None:
            await refuse(context, error, "identity")
        response = identity_service_pb2.VerifyCredentialResponse(
            person_id=PERSON,
            masked_name="古*",
            sex=request.sex,
            birth_date=request.birth_date,
        )
        response.insurances.add(
            insured_region_code=request.insured_region_code,
            scheme_code=request.scheme_code,
            person_type_code=self.person_type_code,
            status=person_pb2.INSURANCE_STATUS_NORMAL,
        )
        institution = response.institution
        institution.CopyFrom(self._institution(request.institution_code))
        return response

    async def GetInstitution(self, request: Any, context: Any) -> Any:
        self.calls += 1
        if request.institution_code not in self.institutions:
            await refuse(context, identity_errors.InstitutionUnknown(), "identity")
        return identity_service_pb2.GetInstitutionResponse(
            institution=self._institution(request.institution_code)
        )

    def _institution(self, code: str) -> Any:
        institution = institution_pb2.Institution(
            institution_code=code,
            region_code=self.institutions[code],
            hospital_level_code="02",
            deductible_level_code="03",
        )
        for medical_type in sorted(self.opened):
            chronic = medical_type == diseases.MEDICAL_TYPE
            for disease in sorted(self.diseases) if chronic else ("",):
                opening = institution.openings.add(
                    medical_type_code=medical_type, disease_code=disease
                )
                opening.begin_date.CopyFrom(wire.write_date(date(2016, 1, 1)))
        return institution

    def _refusal(self, request: Any) -> DomainError | None:  # noqa: PLR0911 - one a rule
        number, kind = request.credential.number, request.credential.type
        if kind == person_pb2.CREDENTIAL_TYPE_ID_NUMBER and not codes.is_id_number(
            number, today=date(2026, 11, 21)
        ):
            return identity_errors.IdNumberInvalid("credential.number")
        if number not in {ID_NUMBER, CARD, LOST_CARD}:
            return identity_errors.CredentialUnknown()
        if number == LOST_CARD:
            return identity_errors.CardLost()
        differing = [
            name
            for name, value, held in (
                ("person_id", request.person_id, PERSON),
                ("sex", request.sex, 2),
                ("birth_date", request.birth_date.year, 1950),
            )
            if value != held
        ]
        if differing:
            return identity_errors.PersonMismatch(*differing)
        if request.scheme_code not in self.schemes:
            return identity_errors.InsuranceNotInForce(
                insured_region=request.insured_region_code, scheme=request.scheme_code
            )
        if request.institution_code not in self.institutions:
            return identity_errors.InstitutionUnknown()
        if codes.medical_type_parent(request.medical_type_code) not in self.opened:
            return identity_errors.InstitutionNotOpen(request.medical_type_code)
        disease = request.disease_code
        if disease and not any(not d or diseases.covers(d, disease) for d in self.diseases):
            return identity_errors.DiseaseNotOpen()
        return None


class FakeFiling(filing_service_pb2_grpc.FilingServiceServicer):
    """Finds a long-term filing, unless told otherwise."""

    def __init__(self) -> None:
        self.is_down = False
        self.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
        self.long_term_evidence = filing_pb2.FILING_EVIDENCE_UNSPECIFIED
        self.requests: list[Any] = []

    async def MatchFiling(self, request: Any, context: Any) -> Any:
        if self.is_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        self.requests.append(request)
        return filing_service_pb2.MatchFilingResponse(
            benefit_level=self.benefit_level,
            filing_id="0190bbbb-0000-7000-8000-000000000001",
            explanation_zh="长期备案",
            explanation_en="long-term filing",
            long_term_evidence=self.long_term_evidence,
        )


class FakeSupervision(supervision_service_pb2_grpc.SupervisionServiceServicer):
    """Finds one thing on every bill."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.error: DomainError | None = None
        self.message_chars = 0

    async def ScreenBill(self, request: Any, context: Any) -> Any:
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            await refuse(context, self.error, "supervision")
        finding = finding_pb2.Finding(
            rule_code="DRUG_SEX",
            result_class=finding_pb2.RESULT_CLASS_TO_VERIFY,
            line_ids=["1"],
            amount=wire.write_money(1),
            message_zh="长" * self.message_chars,
        )
        return supervision_service_pb2.ScreenBillResponse(findings=[finding])


@dataclass(repr=False)
class Booking:
    """What the insured region holds of a settlement; without a case it is a tombstone."""

    case: Any = None
    adjudication: Any = None
    cancelled: bool = False


@dataclass(repr=False)
class FakeBenefits(benefits_service_pb2_grpc.BenefitsServiceServicer):
    """Books in memory, once per settlement, with an account of 50 yuan.

    `mode` is how it answers a Commit: "ok", "refuse" (POLICY_NOT_COVERED), "not_qualified"
    (DISEASE_NOT_QUALIFIED, in words that name the disease), "silent" (before
    booking), "unavailable" (before booking), "lost_reply" (after booking), "late_reply" (after
    booking, too late), "inconsistent", "overloaded".
    """

    mode: str = "ok"
    script: list[str] = field(default_factory=list)
    """Modes of the next Commits; when it is empty, `mode`."""
    bookings: dict[str, Booking] = field(default_factory=dict)
    commits: int = 0
    cancels: list[str] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    """What was booked and restored, in order: ("book" or "restore", settlement id)."""
    cancel_is_down: bool = False
    cancel_is_refused: bool = False
    """True: it answers a Cancel with an error that no region should have for it."""
    delay_s: float = 0.0
    account_fen: int = 5_000
    deductible_fen: int = DEDUCTIBLE_FEN
    """What the accumulators leave of the deductible."""
    policy_version: str = "650000@2017-abcdef"
    fund_ratio: Decimal = FUND_RATIO
    knows_expected: bool = True
    """False: a province that books what comes out, whatever it is told to expect."""

    @property
    def live(self) -> dict[str, Booking]:
        """Bookings that stand."""
        return {key: b for key, b in self.bookings.items() if b.case and not b.cancelled}

    def adjudicate(self, case: Any) -> Any:
        """Returns a consistent answer: a deductible, one fund, the account if asked for."""
        amounts = case.amounts
        deductible = min(amounts.in_scope.fen, self.deductible_fen)
        fund = share_fen(amounts.in_scope.fen - deductible, self.fund_ratio, Rounding.DOWN)
        patient = amounts.total.fen - fund
        account = min(patient, self.account_fen) if case.use_account else 0
        answer = adjudication_pb2.Adjudication(
            policy_version=self.policy_version,
            sample=self.mode == "sample",
            accumulators_digest=f"accumulators-{self.deductible_fen}",
            account_digest=f"account-{self.account_fen}",
        )
        for name, fen in (
            ("deductible", deductible),
            ("fund_total", fund),
            ("account_pay", account),
            ("cash_pay", patient - account),
            ("patient_total", patient),
            ("account_balance", self.account_fen - account),
        ):
            getattr(answer, name).fen = fen
        if fund:
            answer.fund_payments.add(fund_type_code="310100", amount=wire.write_money(fund))
        for name, fen in (
            ("full_self_pay", amounts.full_self_pay.fen),
            ("over_limit", amounts.over_limit.fen),
            ("prior_self_pay", amounts.prior_self_pay.fen),
            ("deductible", deductible),
            ("share", amounts.in_scope.fen - deductible - fund),
        ):
            getattr(answer.causes, name).fen = fen
        step = answer.steps.add(step_code="segment", label_zh="统筹支付", label_en="pooled fund")
        # As a province does that has a limit of its own for each disease.
        step.parameters.add(path=f"employee/segments.ratio[{case.disease_code}]", value="0.85")
        return answer

    async def Adjudicate(self, request: Any, context: Any) -> Any:
        await self._before(context, self.mode, request.case.disease_code)
        answer = self.adjudicate(request.case)
        if not request.with_trace:
            answer.ClearField("steps")
        if self.mode == "inconsistent":
            answer.cash_pay.fen += 1
        return benefits_service_pb2.AdjudicateResponse(adjudication=answer)

    async def Commit(self, request: Any, context: Any) -> Any:
        self.commits += 1
        mode = self.script.pop(0) if self.script else self.mode
        await self._before(context, mode, request.case.disease_code)
        held = self.bookings.get(request.settlement_id)
        if held is not None and held.cancelled:
            error = RuleForbids("ADJUDICATION_CANCELLED", "cancelled before")
            await refuse(context, error, "benefits")
        if held is not None and held.case != request.case:
            await refuse(context, AlreadyExists("REQUEST_ID_REUSED", "other case"), "benefits")
        if held is None and request.HasField("expected") and self.knows_expected:
            await self._compare(request, context)
        if held is None:
            held = Booking(request.case, self.adjudicate(request.case))
            self.bookings[request.settlement_id] = held
            self.history.append(("book", request.settlement_id))
        if mode == "lost_reply":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "crashed after booking")
        if mode == "late_reply":
            await asyncio.sleep(LONG_S)
        answer = adjudication_pb2.Adjudication()
        answer.CopyFrom(held.adjudication)
        if mode == "inconsistent":
            answer.fund_total.fen += 1
        return benefits_service_pb2.CommitResponse(adjudication=answer)

    async def _compare(self, request: Any, context: Any) -> None:
        """Refuses where other amounts come out than expected, as the real service does."""
        now, then = self.adjudicate(request.case), request.expected
        now.ClearField("steps")
        if (now.deductible, now.fund_total, now.account_pay, now.cash_pay) == (
            then.deductible, then.fund_total, then.account_pay, then.cash_pay
        ):  # fmt: skip
            return
        pairs = {
            "policy": now.policy_version == then.policy_version,
            "accumulators": now.accumulators_digest == then.accumulators_digest,
            "account": now.account_digest == then.account_digest,
        }
        changed = ",".join(name for name, same in pairs.items() if not same)
        error = RuleForbids("EXPECTATION_NOT_MET", "not expected", metadata={"changed": changed})
        await refuse(context, error, "benefits")

    async def Cancel(self, request: Any, context: Any) -> Any:
        self.cancels.append(request.settlement_id)
        if self.cancel_is_down:
            await refuse(context, Unavailable("DATABASE_UNAVAILABLE", "down"), "benefits")
        if self.cancel_is_refused:
            await refuse(context, RuleForbids("MONTH_CLOSED", "not any more"), "benefits")
        booking = self.bookings.setdefault(request.settlement_id, Booking())
        if booking.case is not None and not booking.cancelled:
            self.history.append(("restore", request.settlement_id))
        booking.cancelled = True
        return benefits_service_pb2.CancelResponse(restored=booking.case is not None)

    async def _before(self, context: Any, mode: str, disease: str = "") -> None:
        await asyncio.sleep(self.delay_s)
        if mode == "silent":
            await asyncio.sleep(LONG_S)
        if mode == "unavailable":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        if mode == "overloaded":
            await refuse(context, Overloaded("OVERLOADED", "busy"), "benefits")
        if mode == "refuse":
            error = RuleForbids(
                "POLICY_NOT_COVERED",
                "no policy of region 650000 covers this",
                field="case.scheme_code",
                metadata={"insuredRegionCode": INSURED},
            )
            await refuse(context, error, "benefits")
        if mode == "not_qualified":
            error = RuleForbids(
                "DISEASE_NOT_QUALIFIED",
                f"no qualification for {disease}",
                field="case.disease_code",
                metadata={"diseaseCode": disease},
            )
            await refuse(context, error, "benefits")


@dataclass(repr=False)
class Callees:
    """All five, and where they are."""

    identity: FakeIdentity = field(default_factory=FakeIdentity)
    filing: FakeFiling = field(default_factory=FakeFiling)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    supervision: FakeSupervision = field(default_factory=FakeSupervision)
    benefits: FakeBenefits = field(default_factory=FakeBenefits)
    target: str = ""


@contextlib.asynccontextmanager
async def callees_served(callees: Callees | None = None) -> AsyncIterator[Callees]:
    """Serves the five, or those given, while the block runs."""
    callees = callees or Callees()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(callees.identity, server)
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(callees.filing, server)
    catalogue_service_pb2_grpc.add_CatalogueServiceServicer_to_server(callees.catalogue, server)
    supervision_service_pb2_grpc.add_SupervisionServiceServicer_to_server(
        callees.supervision, server
    )
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(callees.benefits, server)
    callees.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield callees
    finally:
        await server.stop(0)
