"""Between the contract of AdviceService and settlement's domain: what catalogues differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.classification import wire as classification_wire
from services.classification.item_wire import SEX_OF
from services.classification.model import ClassificationContext, FeeLine, SplitTotals
from services.kit import codes
from services.kit.errors import DomainError
from services.kit.wire import read_date, write_money
from services.settlement.domain.gap import LinePair, PairSums, gaps
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

_SAMPLE_FIELDS: Final = {"bill": "sample.bill", "patient": "sample"}
"""Paths of a bill sent whole in a request that names a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A bill whose lines are to be priced by two catalogues."""

    care_region_code: str
    insured_region_code: str
    bill: settlement_pb2.Bill
    question: benefits_service_pb2.EstimateBenefitRequest
    """What the insured region is asked about each pricing, without its amounts."""
    care_field: str
    """Where the request names the care region."""
    insured_field: str
    """Where it names the insured region."""
    field: str
    """Where it names the whole."""
    context: ClassificationContext
    """What is known of whom the bill is for; not the institution's price level."""


def read_settled(detail: bytes, case: adjudication_pb2.Case, settlement_id: str) -> Subject:
    """Returns the bill of a settlement as the journal has it."""
    settlement = settlement_pb2.Settlement.FromString(detail)
    at = "settlement_id"
    return Subject(
        care_region_code=case.care_region_code,
        insured_region_code=case.insured_region_code,
        bill=settlement.bill,
        question=benefits_service_pb2.EstimateBenefitRequest(
            person_id=case.person_id,
            insured_region_code=case.insured_region_code,
            scheme_code=case.scheme_code,
            person_type_code=case.person_type_code,
            care_region_code=case.care_region_code,
            deductible_level_code=case.deductible_level_code,
            medical_type_code=case.medical_type_code,
            disease_code=case.disease_code,
            service_date=case.end_date,
            benefit_levels=[case.benefit_level],
            use_account=case.use_account,
            institution_code=case.institution_code,
            before_settlement_id=settlement_id,
        ),
        care_field=at,
        insured_field=at,
        field=at,
        context=ClassificationContext(
            sex=SEX_OF[settlement.sex],
            birth_date=(
                read_date(settlement.birth_date, "birth_date")
                if settlement.HasField("birth_date")
                else None
            ),
            person_type_code=case.person_type_code,
            scheme_code=case.scheme_code,
            medical_type_code=case.medical_type_code,
            pharmacy=codes.is_pharmacy_code(case.institution_code),
            diagnosis_codes=_diagnoses(settlement.bill),
        ),
    )


def sample_order(sample: pb.BillSample) -> settlement_service_pb2.PreSettleRequest:
    """Returns the request that a bill sent whole would be, for the same checks.

    Nobody's birth date is given; that of a bill may be as late as its first day.
    """
    return settlement_service_pb2.PreSettleRequest(
        patient=settlement_pb2.Patient(
            insured_region_code=sample.insured_region_code,
            scheme_code=sample.scheme_code,
            birth_date=sample.bill.begin_date,
        ),
        bill=sample.bill,
    )


def named_by_sample(error: DomainError) -> DomainError:
    """Returns an error about a bill sent whole with the field paths of a sample."""
    return error.renamed(_SAMPLE_FIELDS)


def read_sample(sample: pb.BillSample) -> Subject:
    """Returns the bill of a sample; who it is for has used nothing and pays in cash."""
    bill = sample.bill
    return Subject(
        care_region_code=bill.care_region_code,
        insured_region_code=sample.insured_region_code,
        bill=bill,
        question=benefits_service_pb2.EstimateBenefitRequest(
            insured_region_code=sample.insured_region_code,
            scheme_code=sample.scheme_code,
            person_type_code=sample.person_type_code,
            care_region_code=bill.care_region_code,
            deductible_level_code=bill.hospital_level_code,
            medical_type_code=bill.medical_type_code,
            disease_code=bill.disease_code,
            service_date=bill.end_date,
            benefit_levels=[sample.benefit_level],
            institution_code=bill.institution_code,
        ),
        care_field="sample.bill.care_region_code",
        insured_field="sample.insured_region_code",
        field="sample",
        context=ClassificationContext(
            person_type_code=sample.person_type_code,
            scheme_code=sample.scheme_code,
            medical_type_code=bill.medical_type_code,
            pharmacy=codes.is_pharmacy_code(bill.institution_code),
            diagnosis_codes=_diagnoses(bill),
        ),
    )


def _diagnoses(bill: settlement_pb2.Bill) -> tuple[str, ...]:
    return tuple(diagnosis.diagnosis_code for diagnosis in bill.diagnoses)


def lines_of(subject: Subject) -> list[FeeLine]:
    """Returns the fee lines of a bill whose shape was checked before."""
    return [
        classification_wire.read_line(line, f"bill.lines[{index}]")
        for index, line in enumerate(subject.bill.lines)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A bill by one way of pricing."""

    catalogue_version: str
    amounts: SplitTotals
    adjudication: adjudication_pb2.Adjudication

    @property
    def patient_fen(self) -> int:
        """What the patient pays."""
        return self.adjudication.patient_total.fen

    @property
    def fund_fen(self) -> int:
        """What the funds pay."""
        return self.adjudication.fund_total.fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A bill by both catalogues, and by both recognising each other's."""

    direct: Priced
    home: Priced
    mutual: Priced
    pairs: Sequence[LinePair]


def write_comparison(found: Comparison) -> pb.CompareCataloguesResponse:
    """Returns the answer to a comparison."""
    ways = (found.direct, found.home, found.mutual)
    return pb.CompareCataloguesResponse(
        direct=_pricing(found.direct),
        home=_pricing(found.home),
        mutual=_pricing(found.mutual),
        lines=[
            pb.LineGap(
                line_id=pair.direct.line_id,
                item_code=pair.item_code,
                direct=classification_wire.write_line_split(pair.direct),
                home=classification_wire.write_line_split(pair.home),
                in_scope_gap=write_money(pair.in_scope_gap_fen),
            )
            for pair in gaps(found.pairs)
        ],
        patient_gap=write_money(found.direct.patient_fen - found.home.patient_fen),
        mutual_saving=write_money(found.direct.patient_fen - found.mutual.patient_fen),
        sample=any(way.adjudication.sample for way in ways)
        or any(pair.direct.sample or pair.home.sample for pair in found.pairs),
    )


def _pricing(way: Priced) -> pb.Pricing:
    return pb.Pricing(
        catalogue_version=way.catalogue_version,
        amounts=classification_wire.write_totals(way.amounts),
        adjudication=way.adjudication,
    )


def write_summary(
    pairs: Mapping[tuple[str, str], PairSums], not_compared: Mapping[str, int]
) -> pb.SummarizeCatalogueGapsResponse:
    """Returns the answer to a summary, the largest gap first.

    `pairs` has the sums by care and insured province.
    """
    rows = sorted(pairs.items(), key=lambda row: (-row[1].patient_fen, row[0]))
    return pb.SummarizeCatalogueGapsResponse(
        pairs=[
            pb.PairGap(
                care_region_code=care,
                insured_region_code=insured,
                settlement_count=sums.settlement_count,
                worse_count=sums.worse_count,
                better_count=sums.better_count,
                total=write_money(sums.total_fen),
                patient_gap=write_money(sums.patient_fen),
                mutual_saving=write_money(sums.mutual_saving_fen),
                mutual_fund_cost=write_money(sums.mutual_fund_cost_fen),
            )
            for (care, insured), sums in rows
        ],
        not_compared=dict(sorted(not_compared.items())),
    )
