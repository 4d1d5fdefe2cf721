"""Filings for care elsewhere (异地就医备案): 规程 of 医保发〔2022〕22号, Art. 7 to 10, 16, 34."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.filing.domain.reasons import StateReason
from services.filing.domain.states import FilingState

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


class FilingType(Enum):
    """Who may file (Art. 7); the two digits are ours, the national ones are not published."""

    RETIRED_SETTLED = "11"
    """异地安置退休人员."""
    LONG_TERM_RESIDENT = "12"
    """异地长期居住人员."""
    POSTED_WORKER = "13"
    """常驻异地工作人员."""
    REFERRAL = "21"
    """异地转诊人员."""
    EMERGENCY = "22"
    """异地急诊抢救人员: deemed filed (Art. 8), never submitted."""
    TEMPORARY = "23"
    """其他临时外出就医人员."""

    @property
    def long_term(self) -> bool:
        """Class A of Art. 7: valid until the person changes it (Art. 10)."""
        return self.value < "20"


class Evidence(Enum):
    """What was shown for a filing (Art. 8)."""

    NONE = "NONE"
    DOCUMENT = "DOCUMENT"
    """Proof of settlement, residence or work."""
    COMMITMENT = "COMMITMENT"
    """个人承诺书."""
    REFERRAL_PROOF = "REFERRAL_PROOF"
    """转诊转院证明 of an institution that the insured region names."""


class EvidenceKind(Enum):
    """The papers of Art. 8."""

    HOUSEHOLD_REGISTER = "HOUSEHOLD_REGISTER"
    """户口簿首页和本人常住人口登记卡."""
    RESIDENCE_PROOF = "RESIDENCE_PROOF"
    """居住证明."""
    POSTING_PROOF = "POSTING_PROOF"
    """派出证明."""
    EMPLOYER_PROOF = "EMPLOYER_PROOF"
    """异地工作单位证明."""
    WORK_CONTRACT = "WORK_CONTRACT"
    """工作合同."""
    COMMITMENT_LETTER = "COMMITMENT_LETTER"
    """个人承诺书, annex 2 of the 规程."""
    REFERRAL_PROOF = "REFERRAL_PROOF"
    """转诊转院证明."""


class Channel(Enum):
    """By which channel a filing comes (申报来源, dcla_souc)."""

    WINDOW = "WINDOW"
    """参保地窗口, 02."""
    APP = "APP"
    """国家医保服务平台APP and mini-programmes, 04."""
    ONLINE = "ONLINE"
    """网上经办系统, 03."""
    INSTITUTION = "INSTITUTION"
    """定点医药机构, 01."""
    KIOSK = "KIOSK"
    """一体机, 05."""
    PROVINCE_BATCH = "PROVINCE_BATCH"
    """Batch of the insured province, 99."""


class ApprovalWay(Enum):
    """How a filing is decided."""

    RULE = "RULE"
    """At once, by the region's terms (自助备案)."""
    OFFICER = "OFFICER"
    """By an officer of the insured agency, who is not the one who entered it."""
    PROVINCE_SYSTEM = "PROVINCE_SYSTEM"
    """By the insured province's own system."""


class BenefitLevel(Enum):
    """What a filing is worth at the place of care (待遇档次), domain rule of Art. 8 to 10."""

    LONG_TERM = "LONG_TERM"
    """As at home."""
    REFERRAL = "REFERRAL"
    """At most 10 points below home."""
    EMERGENCY = "EMERGENCY"
    """At most 10 points below home."""
    TEMPORARY = "TEMPORARY"
    """At most 20 points below home."""
    UNFILED = "UNFILED"
    """The insured region's rule for those without a filing."""


@dataclass(frozen=True, slots=True)
class EvidenceDocument:
    """One paper or letter behind a filing; its content stays with the agency."""

    kind: EvidenceKind
    document_id: str
    """Key of the document at the agency that holds it."""
    issue_date: date | None = None
    """When it was issued or signed; None: not stated."""


@dataclass(frozen=True, slots=True, repr=False)
class Details:
    """What of a filing is sealed at rest: never in logs, errors, matches or stored answers."""

    diagnosis: str = ""
    """Disease of a referral, ICD-10 医保版; empty: not stated."""
    documents: tuple[EvidenceDocument, ...] = ()
    """Papers, those handed in later at the end."""
    note: str = ""
    """Why it was refused or revoked, in the officer's words; empty: not said."""


@dataclass(frozen=True, slots=True)
class Application:
    """What is asked to be filed."""

    person_id: UUID
    insured_region: str
    target_region: str
    type: FilingType
    begin_date: date
    end_date: date | None
    """Last day; None: as the rule says."""
    evidence: Evidence
    channel: Channel = Channel.WINDOW
    maker_id: str = ""
    """Who entered it, the officer's id; empty: the person or a system."""
    referring_institution: str = ""
    """Code of the institution that referred; empty: not stated."""
    previous_filing_id: UUID | None = None
    """Earlier referral that this continues; None: none."""
    details: Details = Details()


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as it stands; all but the states' part is as submitted."""

    filing_id: UUID
    person_id: UUID
    insured_region: str
    """参保地, six digits."""
    target_region: str
    """Where care is sought: a prefecture, or a province-level area where the rule allows it."""
    type: FilingType
    begin_date: date
    end_date: date | None
    """Last day of validity; None: open-ended."""
    evidence: Evidence
    """What was shown at submission; see `evidence_on`."""
    create_time: datetime
    """When it was submitted, UTC."""
    create_date: date
    """The same as a civil date in Asia/Shanghai."""
    channel: Channel = Channel.WINDOW
    approval: ApprovalWay = ApprovalWay.RULE
    maker_id: str = ""
    """Who entered it; empty: the person or a system."""
    referring_institution: str = ""
    previous_filing_id: UUID | None = None
    """Earlier referral that this continues."""
    changes_filing_id: UUID | None = None
    """The filing whose place it takes, once it is live."""
    locked_until: date | None = None
    """First day on which it may be changed or cancelled; None: any."""
    sample_terms: bool = False
    """A term of the insured region that was used is a sample (示例)."""
    state: FilingState = FilingState.LIVE
    """As recorded, which is never EXPIRED; see `state_on`."""
    state_time: datetime | None = None
    """When the state changed last, UTC; None: not since the submission."""
    state_reason: StateReason = StateReason.APPROVED_BY_RULE
    """Of the recorded state; see `reason_on`."""
    checker_id: str = ""
    """Who decided; empty: a rule, or not decided."""
    ended_from: date | None = None
    """CANCELLED and CHANGED: first day on which it counts no more; `begin_date`: it never did."""
    changed_to_filing_id: UUID | None = None
    """The filing that took its place."""
    documented_from: date | None = None
    """First day from which it rests on papers and no more on a commitment; None: as `evidence`."""
    supplement_maker_id: str = ""
    """Who took those papers in; empty: the person, or there are none."""

    @property
    def cancel_time(self) -> datetime | None:
        """When it was cancelled, UTC; None: it was not."""
        return self.state_time if self.state is FilingState.CANCELLED else None

    @property
    def update_time(self) -> datetime:
        """When its state changed last, UTC."""
        return self.state_time or self.create_time

    @property
    def last_day(self) -> date | None:
        """Last day on which it counts, whatever ends it; None: open-ended."""
        if self.ended_from is None:
            return self.end_date
        before = self.ended_from - timedelta(days=1)
        return before if self.end_date is None else min(before, self.end_date)

    def state_on(self, today: date) -> FilingState:
        """Returns where it stands today: as recorded, or EXPIRED."""
        over = self.end_date is not None and self.end_date < today
        return FilingState.EXPIRED if over and self.state is FilingState.LIVE else self.state

    def reason_on(self, today: date) -> StateReason:
        """Returns why it stands there."""
        expired = self.state_on(today) is FilingState.EXPIRED
        return StateReason.LAST_DAY_OVER if expired else self.state_reason

    def evidence_on(self, day: date) -> Evidence:
        """Returns what it rests on, on a day."""
        documented = self.documented_from is not None and self.documented_from <= day
        return Evidence.DOCUMENT if documented else self.evidence

    def counts_within(self, first: date, last: date) -> bool:
        """Tells whether it counts on any day from `first` to `last`."""
        if self.state not in COUNTING:
            return False
        end = self.last_day
        if end is None:
            return self.begin_date <= last
        return self.begin_date <= min(last, end) and first <= end


COUNTING: Final = frozenset({FilingState.LIVE, FilingState.CANCELLED, FilingState.CHANGED})
"""Recorded states in which a filing counts for some days; the others give none."""
