"""What identity decides, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain import decide, institutions
from services.identity.domain.card_states import CardState
from services.identity.domain.decide import Standing
from services.identity.domain.errors import (
    CardAlreadyActive,
    CardCancelled,
    CardLost,
    CardNotActive,
    CredentialExpired,
    CredentialUnknown,
    CredentialUsed,
    DiseaseNotOpen,
    DiseaseUnknown,
    FieldInvalid,
    IdNumberInvalid,
    InstitutionNotOpen,
    InstitutionUnknown,
    InsuranceNotInForce,
    PersonMismatch,
    RegionUnknown,
)
from services.identity.domain.model import (
    Card,
    CardKind,
    Claim,
    Evidence,
    Institution,
    Insurance,
    InsuranceStatus,
    Opening,
    Person,
    PersonRow,
)
from services.identity.domain.tokens import TokenUse
from services.kit import codes

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
HOLDER = UUID("0193b000-0000-7000-8000-000000000001")
OTHER = UUID("0193b000-0000-7000-8000-000000000002")

EMPLOYEE = Insurance(
    insured_region="650100",
    scheme="310",
    person_type="12",
    status=InsuranceStatus.NORMAL,
    begin_date=date(2001, 1, 1),
    end_date=None,
)
PERSON = Person(
    person_id=HOLDER,
    cert_number="650101195001010020",
    name="古丽·示例",
    sex=codes.SEX_FEMALE,
    birth_date=date(1950, 1, 1),
    insurances=(EMPLOYEE,),
)
CARD = Card("A12345678", HOLDER, "650100", CardState.ACTIVE)
HOSPITAL = Institution(
    code="H64010400001",
    name="示例医院",
    region="640104",
    level="02",
    price_level="02",
    deductible_level="02",
    openings=(
        Opening("21", date(2017, 1, 1), None),
        Opening("11", date(2021, 12, 1), date(2025, 12, 31)),
    ),
)


def evidence(**changes):
    held = {"person": PERSON, "card_state": None, "token_use": None}
    return Evidence(**{**held, **changes})


def field_of(caught):
    return [violation.field for violation in caught.value.violations]


def test_a_sound_person_is_registered():
    decide.check_person(PERSON, today=TODAY, at="persons[0]")


@pytest.mark.parametrize(
    ("changes", "error", "fields"),
    [
        ({"cert_number": "650101195001010021"}, IdNumberInvalid, ["cert_number"]),
        ({"cert_number": ""}, IdNumberInvalid, ["cert_number"]),
        ({"sex": codes.SEX_MALE}, PersonMismatch, ["sex"]),
        ({"birth_date": date(1950, 1, 2)}, PersonMismatch, ["birth_date"]),
        (
            {"sex": codes.SEX_MALE, "birth_date": date(1950, 1, 2)},
            PersonMismatch,
            ["sex", "birth_date"],
        ),
        ({"name": ""}, FieldInvalid, ["name"]),
        ({"name": " 张三"}, FieldInvalid, ["name"]),
        ({"name": "张\x00三"}, FieldInvalid, ["name"]),
        ({"name": "张\u202e三"}, FieldInvalid, ["name"]),
        (
            {"insurances": (replace(EMPLOYEE, insured_region="659999"),)},
            RegionUnknown,
            ["insurances[0].insured_region_code"],
        ),
        (
            {"insurances": (EMPLOYEE, replace(EMPLOYEE, scheme="311"))},
            FieldInvalid,
            ["insurances[1].scheme_code"],
        ),
        (
            {"insurances": (replace(EMPLOYEE, person_type="18"),)},
            FieldInvalid,
            ["insurances[0].person_type_code"],
        ),
        (
            {"insurances": (replace(EMPLOYEE, end_date=date(2000, 12, 31)),)},
            FieldInvalid,
            ["insurances[0].end_date"],
        ),
        (
            {"insurances": (EMPLOYEE, replace(EMPLOYEE, begin_date=date(2020, 1, 1)))},
            FieldInvalid,
            ["insurances"],
        ),
    ],
)
def test_a_person_is_refused_with_the_field(changes, error, fields):
    with pytest.raises(error) as caught:
        decide.check_person(replace(PERSON, **changes), today=TODAY, at="persons[7]")
    assert field_of(caught) == [f"persons[7].{field}" for field in fields]


def test_periods_of_one_scheme_may_touch_and_schemes_may_overlap():
    earlier = replace(EMPLOYEE, begin_date=date(1990, 1, 1), end_date=date(2000, 12, 31))
    resident = replace(EMPLOYEE, scheme="390")
    person = replace(PERSON, insurances=(EMPLOYEE, earlier, resident))
    decide.check_person(person, today=TODAY, at="p")


def test_no_refusal_repeats_what_it_was_given():
    canary = "650101195001010021"
    with pytest.raises(IdNumberInvalid) as caught:
        decide.check_person(replace(PERSON, cert_number=canary), today=TODAY, at="p")
    said = f"{caught.value} {caught.value.violations} {caught.value.metadata}"
    assert canary not in said
    assert PERSON.name not in f"{PERSON} {CARD} {evidence()}"
    assert PERSON.cert_number not in f"{PERSON!r} {evidence()!r}"
    assert CARD.card_number not in repr(CARD)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"code": "H99010400001"}, FieldInvalid, "institution_code"),
        ({"name": "\n"}, FieldInvalid, "name"),
        ({"region": "649999"}, RegionUnknown, "region_code"),
        ({"region": "650100"}, FieldInvalid, "region_code"),
        ({"level": "12"}, FieldInvalid, "hospital_level_code"),
        ({"price_level": ""}, FieldInvalid, "price_level_code"),
        ({"deductible_level": "00"}, FieldInvalid, "deductible_level_code"),
        (
            {"openings": (Opening("17", TODAY, None),)},
            FieldInvalid,
            "openings[0].medical_type_code",
        ),
        (
            {"openings": (Opening("11", TODAY, TODAY - timedelta(days=1)),)},
            FieldInvalid,
            "openings[0].end_date",
        ),
        ({"code": "P64010400001"}, FieldInvalid, "openings[0].medical_type_code"),
        (
            {"openings": (Opening("11", TODAY, None, "M03900"),)},
            FieldInvalid,
            "openings[0].disease_code",
        ),
        (
            {"openings": (Opening("14", TODAY, None), Opening("14", TODAY, None, "M99999"))},
            DiseaseUnknown,
            "openings[1].disease_code",
        ),
    ],
)
def test_an_institution_is_refused_with_the_field(changes, error, field):
    with pytest.raises(error) as caught:
        institutions.check_institution(replace(HOSPITAL, **changes), at="institutions[0]")
    assert field_of(caught) == [f"institutions[0].{field}"]


def test_sound_institutions_are_registered():
    institutions.check_institution(HOSPITAL, at="i")
    pharmacy = replace(HOSPITAL, code="P64010400001", openings=(Opening("41", TODAY, None),))
    institutions.check_institution(pharmacy, at="i")
    institutions.check_institution(replace(HOSPITAL, openings=()), at="i")


@pytest.mark.parametrize(
    ("insurance", "on", "pays"),
    [
        (EMPLOYEE, date(2000, 12, 31), False),
        (EMPLOYEE, date(2001, 1, 1), True),
        (EMPLOYEE, date(2099, 1, 1), True),
        (replace(EMPLOYEE, end_date=date(2020, 6, 30)), date(2020, 6, 30), True),
        (replace(EMPLOYEE, end_date=date(2020, 6, 30)), date(2020, 7, 1), False),
        (replace(EMPLOYEE, status=InsuranceStatus.SUSPENDED), TODAY, False),
        (replace(EMPLOYEE, status=InsuranceStatus.ENDED), TODAY, False),
    ],
)
def test_when_an_insurance_pays(insurance, on, pays):
    assert decide.insurances_in_force([insurance], on) == ((insurance,) if pays else ())


def test_insurances_are_narrowed_by_pooling_area_and_scheme():
    resident = replace(EMPLOYEE, scheme="390", insured_region="131100")
    both = (EMPLOYEE, resident)
    assert decide.insurances_in_force(both, TODAY) == both
    assert decide.insurances_in_force(both, TODAY, scheme="390") == (resident,)
    assert decide.insurances_in_force(both, TODAY, insured_region="131199") == (resident,)
    assert decide.insurances_in_force(both, TODAY, insured_region="650100", scheme="390") == ()


@pytest.mark.parametrize(
    ("medical_type", "on", "opened"),
    [
        ("21", date(2016, 12, 31), False),
        ("21", date(2017, 1, 1), True),
        ("2101", TODAY, True),
        ("11", date(2025, 12, 31), True),
        ("11", date(2026, 1, 1), False),
        ("41", TODAY, False),
        ("00", TODAY, False),
    ],
)
def test_when_an_institution_is_open(medical_type, on, opened):
    assert institutions.is_open(HOSPITAL, medical_type, on) is opened
    if not opened:
        with pytest.raises(InstitutionNotOpen):
            institutions.check_open(HOSPITAL, medical_type, on)


EVERY = Opening("14", date(2023, 1, 1), None)
DIALYSIS = Opening("14", date(2023, 1, 1), None, "M07800")
HAEMODIALYSIS = Opening("14", date(2023, 1, 1), None, "M07803")
TUMOURS_ENDED = Opening("14", date(2023, 1, 1), TODAY - timedelta(days=1), "M00500")


@pytest.mark.parametrize(
    ("openings", "disease", "opened"),
    [
        ((EVERY,), "M03900", True),
        ((EVERY,), "HBLB101", True),
        ((DIALYSIS,), "M07800", True),
        ((DIALYSIS,), "M07803", True),
        ((DIALYSIS,), "M03900", False),
        ((HAEMODIALYSIS,), "M07803", True),
        ((HAEMODIALYSIS,), "M07804", False),
        ((HAEMODIALYSIS,), "M07800", False),
        ((HAEMODIALYSIS, DIALYSIS), "M07804", True),
        ((DIALYSIS, TUMOURS_ENDED), "M00503", False),
        ((DIALYSIS,), "", True),
    ],
)
def test_which_disease_an_institution_is_open_for(openings, disease, opened):
    hospital = replace(HOSPITAL, openings=openings)
    institutions.check_institution(hospital, at="i")
    assert institutions.is_open(hospital, "140104", TODAY, disease=disease) is opened
    if opened:
        institutions.check_open(hospital, "14", TODAY, disease=disease)
        return
    with pytest.raises(DiseaseNotOpen) as refused:
        institutions.check_open(hospital, "14", TODAY, disease=disease)
    assert disease not in repr((refused.value.metadata, refused.value.violations))


def test_without_any_opening_for_chronic_diseases_that_is_the_reason():
    for openings in ((), (TUMOURS_ENDED,)):
        with pytest.raises(InstitutionNotOpen):
            institutions.check_open(
                replace(HOSPITAL, openings=openings), "14", TODAY, disease="M00500"
            )


def test_a_disease_beside_its_medical_type():
    institutions.check_disease("", "", at="disease_code")
    institutions.check_disease("M07803", "140104", at="disease_code")
    for medical_type in ("", "11", "21"):
        with pytest.raises(FieldInvalid):
            institutions.check_disease("M07803", medical_type, at="disease_code")
    with pytest.raises(DiseaseUnknown):
        institutions.check_disease("M99999", "14", at="disease_code")


def test_an_institution_may_be_asked_for_without_a_medical_type():
    institutions.check_open(HOSPITAL, "", TODAY)
    with pytest.raises(InstitutionUnknown):
        institutions.check_open(None, "", TODAY)


def test_what_is_wrong_is_told_in_the_order_of_the_contract():
    wrong = Claim(person_id=OTHER, sex=codes.SEX_MALE, birth_date=TODAY, scheme="390")
    used = UUID(int=1)
    later = NOW + timedelta(minutes=1)
    expected = [
        (None, wrong, CredentialUnknown),
        (evidence(token_use=TokenUse(NOW, used, "H1")), wrong, CredentialExpired),
        (evidence(token_use=TokenUse(later, used, "")), wrong, CredentialUsed),
        (evidence(token_use=TokenUse(later, None, "H1")), wrong, CredentialUsed),
        (evidence(card_state=CardState.LOST), wrong, CardLost),
        (evidence(card_state=CardState.CANCELLED), wrong, CardCancelled),
        (evidence(card_state=CardState.ISSUED), wrong, CardNotActive),
        (evidence(card_state=CardState.REPLACED), wrong, CardNotActive),
        (evidence(), wrong, PersonMismatch),
        (evidence(), Claim(scheme="390"), InsuranceNotInForce),
    ]
    shown = {"business_date": TODAY, "now": NOW, "use_id": UUID(int=2), "institution_code": "H2"}
    for held, claim, error in expected:
        with pytest.raises(error):
            decide.prove(held, claim, **shown)
    claim = Claim(HOLDER, codes.SEX_FEMALE, date(1950, 1, 1), "650100", "310")
    for held in (
        evidence(card_state=CardState.ACTIVE),
        evidence(token_use=TokenUse(later, None, "H2")),
    ):
        assert decide.prove(held, claim, **shown) == (PERSON, (EMPLOYEE,))


@pytest.mark.parametrize(
    ("region", "on", "standing"),
    [
        ("650100", TODAY, Standing.IN_FORCE),
        ("650199", TODAY, Standing.IN_FORCE),
        ("650100", date(2000, 12, 31), Standing.NOT_IN_FORCE),
        ("131100", TODAY, Standing.NOT_IN_FORCE),
        ("640100", TODAY, Standing.ELSEWHERE),
        ("650000", TODAY, Standing.ELSEWHERE),
    ],
)
def test_how_a_person_stands_to_a_region(region, on, standing):
    suspended = replace(
        EMPLOYEE, insured_region="131100", scheme="390", status=InsuranceStatus.SUSPENDED
    )
    person = replace(PERSON, insurances=(EMPLOYEE, suspended))
    assert decide.standing(person, region, on) is standing
    assert decide.standing(None, region, on) is Standing.PERSON_UNKNOWN


def row_of(*cards):
    return PersonRow(PERSON, cards)


@pytest.mark.parametrize(
    ("row", "error", "field"),
    [
        (PersonRow(replace(PERSON, name=""), ()), FieldInvalid, "person.name"),
        (row_of(replace(CARD, card_number="12")), FieldInvalid, "cards[0].card_number"),
        (row_of(CARD, CARD), FieldInvalid, "cards[1].card_number"),
        (row_of(CARD, replace(CARD, card_number="B1")), FieldInvalid, "cards[1].card_number"),
        (
            row_of(CARD, replace(CARD, card_number="B12345678")),
            CardAlreadyActive,
            "cards[1].state",
        ),
    ],
)
def test_a_row_is_refused_with_the_field(row, error, field):
    with pytest.raises(error) as caught:
        decide.check_row(row, today=TODAY, at="rows[7]")
    assert field_of(caught) == [f"rows[7].{field}"]


def test_a_sound_row_has_an_active_card_of_each_kind():
    electronic = replace(CARD, card_number="B12345678", kind=CardKind.ELECTRONIC)
    lost = replace(CARD, card_number="C12345678", state=CardState.LOST)
    decide.check_row(row_of(CARD, electronic, lost), today=TODAY, at="rows[0]")
    decide.check_row(row_of(), today=TODAY, at="rows[0]")


def test_a_mismatch_names_every_field_and_no_value():
    claim = Claim(person_id=OTHER, sex=codes.SEX_MALE, birth_date=date(1951, 2, 3))
    with pytest.raises(PersonMismatch) as caught:
        decide.check_claim(PERSON, claim)
    assert field_of(caught) == ["person_id", "sex", "birth_date"]
    assert "1950" not in str(caught.value.violations)
    assert "1951" not in str(caught.value.violations)


def test_insurance_not_in_force_says_what_was_asked_for():
    with pytest.raises(InsuranceNotInForce) as caught:
        decide.prove(evidence(), Claim(scheme="390"), business_date=TODAY, now=NOW)
    assert caught.value.metadata == {"schemeCode": "390"}


@given(st.text(min_size=2, max_size=20))
def test_a_masked_name_shows_one_character(name):
    masked = decide.masked_name(name)
    assert len(masked) == len(name)
    assert masked == name[0] + "*" * (len(name) - 1)
    assert decide.masked_name(name[0]) == "*"


@given(
    begin=st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    length=st.none() | st.integers(0, 4000),
    on=st.dates(date(1999, 1, 1), date(2045, 1, 1)),
)
def test_in_force_is_the_closed_period(begin, length, on):
    end = None if length is None else begin + timedelta(days=length)
    insurance = replace(EMPLOYEE, begin_date=begin, end_date=end)
    assert insurance.in_force(on) is (begin <= on <= (end or date.max))
