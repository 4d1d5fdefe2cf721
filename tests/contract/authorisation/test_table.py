"""Goal: the tables of who may call what fit the contracts and the page that explains them.

Method: authorisation.yaml of every service against the descriptors and docs/authorisation.md.
"""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from services.kit.authorisation import Reach, TableError, load_table, read_table, roles_of
from services.kit.caller import ROLES, uri_of
from tests.support.granted import NONE, ROOT, methods, rows

SERVICES = (
    "benefits",
    "catalogue",
    "clearing",
    "filing",
    "identity",
    "settlement",
    "supervision",
)
METHODS = methods()
CALLED = re.compile(
    r"\b_?(?:stub|feed|filing|journal|reimbursements|catalogue)\.([A-Z]\w+)|region\.call\(\"(\w+)\""
)
# A filing's has classes of its own: services/filing/domain/errors.py.
RAISED = re.compile(r"(\w+)\(\s*\"((?!FILING)\w+_OF_ANOTHER_PROVINCE)\"")
RULES = {name: rule for service in SERVICES for name, rule in load_table(service).rules.items()}
ROWS = {row.method: row for row in rows()}


def test_every_method_has_a_line_and_every_line_a_method():
    assert set(RULES) == set(METHODS)


def test_every_method_has_a_row_and_every_row_a_method():
    listed = [row.method for row in rows()]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(METHODS)


def test_a_service_has_lines_of_its_own_contract():
    for service in SERVICES:
        own = {name for name in METHODS if name.startswith(f"/yijie.{service}.")}
        assert own <= set(load_table(service).rules), service


@pytest.mark.parametrize("method", sorted(RULES))
def test_the_page_says_what_the_table_says(method):
    rule, row = RULES[method], ROWS[method]
    assert {
        role: rule.grants[role].value if role in rule.grants else NONE for role in ROLES
    } == row.grants
    assert (rule.request, rule.answer, rule.by_servicer) == (
        row.request,
        row.answer,
        row.by_servicer,
    )
    assert rule.grants, "nobody may call it: then it need not be"


@pytest.mark.parametrize("method", sorted(name for name, rule in RULES.items() if rule.request))
def test_paths_of_the_request_are_in_the_contract(method):
    assert not METHODS[method].client_streaming, "what a stream names comes message by message"
    for path in RULES[method].request:
        check(METHODS[method].input_type, path)


@pytest.mark.parametrize("method", sorted(name for name, rule in RULES.items() if rule.answer))
def test_paths_of_the_answer_are_in_the_contract_of_a_method_that_only_reads(method):
    descriptor = METHODS[method]
    assert not descriptor.server_streaming
    assert method.rpartition("/")[2].startswith(("Get", "List"))
    for path in RULES[method].answer:
        check(descriptor.output_type, path)


def check(message, path):
    """A path ends in text, and says [] where the contract repeats."""
    steps = path.split(".")
    for step, _ in pairwise([*steps, ""]):
        field = message.fields_by_name[step.removesuffix("[]")]
        assert field.is_repeated == step.endswith("[]"), path
        message = field.message_type
    assert field.type == field.TYPE_STRING, path


def test_an_agency_settles_and_nobody_else():
    assert roles_of("/yijie.settlement.v1.SettlementService/Settle") == {"agency"}
    assert roles_of("yijie.settlement.v1.SettlementService/SettleVisit") == {"agency"}
    assert roles_of("yijie.settlement.v1.SettlementService/Unknown") == frozenset()


AUDITED = """
    ListVersions GetPolicy ListPolicies SummarizeFilings SummarizeJournal ListJournalAmounts
    GetPosition ListEntries GetBalances VerifyLedger ListLedgerDays ListBreaks GetBreak
    SummarizeBreaks CheckInvariants ListMonths GetMonth GetYear ListTableLines ListSignatures
    DownloadTables ListAdjustments SummarizePayments ListPrepayments GetQuotaProposal
    ListQuotaProposals ListQuotaLines ListExhaustedPolicies ListLegResults SummarizeAudit
    ListRulePacks ListRules GetRuleRates ListDirectRates GetBulletin ListBulletins
    DownloadBulletin SummarizeTickets ReadEntries GetChain ReadBlocks SignCheckpoint VerifyChain
"""


def test_an_auditor_sees_nobodys_data():
    # Sums, ledgers, chains and what is published. Who adds a method here has looked at its answer.
    assert {
        name.rpartition("/")[2] for name, rule in RULES.items() if "auditor" in rule.grants
    } == set(AUDITED.split())


# The region that such a request names says nothing of the record or person that it names beside it.
# Who adds a method here has looked at its servicer: what it finds is of that region, or not found.
NAMED_BESIDE_A_REGION = """
    CheckDisease EstimateBenefit CheckChronicEligibility CompareCatalogues VerifyCredential
    MatchFiling WhatIfFiling ReplaceCard RemindOrder
    ListEntries ListDeductions ListInquiries ListBankLines ListQuotaLines ListDifferences
    ListRefusals ListCases ListFindings ListSignals ListFees
    AnswerInquiry AppealDeduction OpenInquiry RecordNoticeStep GetTopUp
    CancelReimbursement CompareReimbursement DecideReimbursement GetReimbursement PayReimbursement
    PreSettleVisit SettleVisit CancelDischarge CancelFees CancelVisit DischargeVisit GetVisit
    UpdateVisit UploadFees
    GetFinding AnswerOpinion ConfirmCases ConfirmSample DecideCase DecideConsequence
    AnswerTicket CloseTicket EscalateTicket OpenTicket
"""
_PEOPLE = {"request_id", "maker_id", "checker_id", "officer_id", "operator_id", "late_officer_id"}


def test_what_a_request_names_beside_its_region_has_been_looked_at():
    named = set()
    for name, rule in RULES.items():
        fields = set(METHODS[name].input_type.fields_by_name) - _PEOPLE
        if rule.request and any(field.endswith(("_id", "_ids")) for field in fields):
            named.add(name.rpartition("/")[2])
    assert named == set(NAMED_BESIDE_A_REGION.split())


def test_every_refusal_for_another_provinces_sake_is_one_for_the_audit():
    """A region of one's own beside another's case, notice, dispute: the table lets that in."""
    raised = {}
    for file in (ROOT / "services").rglob("*.py"):
        for kind, reason in RAISED.findall(file.read_text(encoding="utf-8")):
            raised.setdefault(reason, set()).add(kind)
    assert raised == {
        f"{what}_OF_ANOTHER_PROVINCE": {"OfAnotherProvince"}
        for what in ("CASE", "DISPUTE", "NOTICE", "SIGNATURE", "TICKET")
    }


def test_only_who_serves_has_the_role_hub():
    """The hub's services decide nothing for a province: what they may is to ask and to follow."""
    mutating = {
        name.rpartition("/")[2]
        for name, rule in RULES.items()
        if "hub" in rule.grants and "request_id" in METHODS[name].input_type.fields_by_name
    }
    # What supervision does in consequence of a decision, and a look-up that has an id to look by.
    assert mutating == {
        "RecordDeductions",
        "SuspendInstitution",
        "ResumeInstitution",
        "GetSettlement",
    }


def test_what_the_hubs_services_call_is_granted_to_them():
    by_name = {}
    for method in METHODS:
        by_name.setdefault(method.rpartition("/")[2], []).append(method)
    called = {
        one or other
        for service in SERVICES
        for file in (ROOT / "services" / service).rglob("*.py")
        for one, other in CALLED.findall(file.read_text(encoding="utf-8"))
    } & by_name.keys()
    assert {"VerifyCredential", "Commit", "Subscribe", "RecordDeductions"} <= called
    assert not [
        name for name in called if not any("hub" in RULES[one].grants for one in by_name[name])
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a.B:\n  C: {clerk: any}", "clerk is no role"),
        ("a.B:\n  C: {hub: all}", "must be granted any, hub or own"),
        ("a.B:\n  C: {hub: true}", "must be granted any, hub or own"),
        ("a.B:\n  C: {agency: own}", "needs one of region, answer and servicer"),
        ("a.B:\n  C: {region: [x], agency: any}", "needs one of region, answer and servicer"),
        ("a.B:\n  C: {region: [x], answer: [y], agency: own}", "needs one of"),
        ("a.B:\n  C: {region: x, agency: own}", "region is a list of paths"),
        ("a.B:\n  C: {region: [1], agency: own}", "region is a list of paths"),
        ("a.B:\n  C: {servicer: false, agency: own}", "servicer is true or absent"),
        ("a.B:\n  C: any", "is not a mapping"),
        ("a.B: any", "is not a mapping"),
        ("- a", "is not a mapping"),
        ("a.B:\n  C: {hub: any}\n  C: {hub: any}", "duplicate key"),
        ("a.B: {", "line 2: is not YAML"),
    ],
)
def test_a_table_that_could_be_misread_is_refused(text, problem):
    with pytest.raises(TableError, match=r"settlement/authorisation\.yaml") as caught:
        read_table(text, "settlement/authorisation.yaml")
    assert problem in str(caught.value)


def test_what_no_table_names_is_granted_to_nobody():
    assert load_table("settlement").rule_of("/yijie.settlement.v1.SettlementService/X").grants == {}
    # A service without a table has what every service has, and no more.
    assert {name.split(".")[1] for name in load_table("no_such_service").rules} == {"audit"}


def test_a_reach_is_read():
    table = read_table("a.B:\n  C: {region: [x.y], hub: any, agency: own, officer: hub}", "t")
    assert table["/a.B/C"].grants == {
        "hub": Reach.ANY,
        "agency": Reach.OWN,
        "officer": Reach.HUB,
    }
    assert table["/a.B/C"].request == ("x.y",)


@pytest.mark.parametrize(
    ("region", "role"),
    [
        ("640000", "hub"),
        ("000000", "agency"),
        ("000000", "benefits"),
        ("640100", "agency"),
        ("710000", "agency"),
        ("640000", "hospital"),
        ("", ""),
    ],
)
def test_a_role_of_the_wrong_region_is_nobody(region, role):
    with pytest.raises(ValueError, match=r"docs/authorisation\.md"):
        uri_of(region, role)


def test_every_role_is_somebody_somewhere():
    for role in ROLES:
        region = "640000" if role in {"agency", "benefits"} else "000000"
        assert uri_of(region, role) == f"spiffe://yijie/region/{region}/role/{role}"
