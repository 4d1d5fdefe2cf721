"""National codes: what is taken, what is refused, against the real lists where one exists."""

import csv
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit import codes

TODAY = date(2026, 11, 21)
SYNTHETIC = {
    "11010519491231002X": (date(1949, 12, 31), codes.SEX_FEMALE),
    "440524188001010014": (date(1880, 1, 1), codes.SEX_MALE),
    "650101195001010020": (date(1950, 1, 1), codes.SEX_FEMALE),
    "640104194403010026": (date(1944, 3, 1), codes.SEX_FEMALE),
    "330106198506150011": (date(1985, 6, 15), codes.SEX_MALE),
}


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    area = draw(st.sampled_from(sorted(codes.PROVINCES)[:-1]))[:2] + draw(
        st.text("0123456789", min_size=4, max_size=4)
    )
    born = draw(st.dates(date(1800, 1, 1), TODAY))
    first17 = f"{area}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first17 + codes.check_digit(first17)


@pytest.mark.parametrize(("number", "says"), SYNTHETIC.items())
def test_id_number_says_birth_date_and_sex(number, says):
    parsed = codes.parse_id_number(number, today=TODAY)
    assert parsed is not None
    assert (parsed.birth_date, parsed.sex) == says
    assert (codes.birth_date_of(number), codes.sex_of(number)) == says


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11010519491231002x",  # one spelling only
        "110105194912310021",  # wrong check digit
        "110105194902300028",  # 30 February
        "990105194912310024",  # no such province
        "110105174912310025",  # before 1800
        "11010519491231002",
        "11010519491231002X\n",
        " 11010519491231002X",
        "１１０１０５１９４９１２３１００２X",  # full-width digits
        "1" * 1_000_000,
    ],
)
def test_other_text_is_no_id_number(text):
    assert not codes.is_id_number(text, today=TODAY)
    assert codes.birth_date_of(text) is None
    assert codes.sex_of(text) == codes.SEX_UNKNOWN


def test_birth_date_in_the_future_is_refused_on_that_day_only():
    tomorrow = TODAY + timedelta(days=1)
    first17 = f"640104{tomorrow:%Y%m%d}001"
    number = first17 + codes.check_digit(first17)
    assert not codes.is_id_number(number, today=TODAY)
    assert codes.is_id_number(number, today=tomorrow)


@given(id_numbers())
def test_generated_numbers_are_valid(number):
    assert codes.is_id_number(number, today=TODAY)


@given(id_numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_any_single_change_is_detected(number, at, other):
    changed = number[:at] + other + number[at + 1 :]
    assert codes.is_id_number(changed, today=TODAY) is (changed == number)


@given(id_numbers(), st.integers(0, 15))
def test_any_swap_of_neighbours_is_detected(number, at):
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert codes.is_id_number(swapped, today=TODAY) is (swapped == number)


@given(st.text(max_size=40))
def test_no_validator_raises(text):
    for validate in (
        codes.is_area_code,
        codes.is_known_area,
        codes.is_card_number,
        codes.is_card_serial,
        codes.is_certificate_number,
        codes.is_chronic_disease_code,
        codes.is_consumable_code,
        codes.is_credential_token,
        codes.is_diagnosis_code,
        codes.is_doctor_code,
        codes.is_drug_code,
        codes.is_institution_code,
        codes.is_item_code,
        codes.is_medical_type,
        codes.is_nurse_code,
        codes.is_person_type,
        codes.is_procedure_code,
        codes.is_service_code,
    ):
        assert validate(text) in {True, False}


def test_there_are_32_participants_in_the_order_of_their_codes():
    assert len(codes.PROVINCES) == 32
    assert list(codes.PROVINCES) == sorted(codes.PROVINCES)
    assert codes.PROVINCES["640000"] == "宁夏回族自治区"
    assert codes.PROVINCES["660000"] == "新疆生产建设兵团"


def test_every_area_of_the_list_has_a_known_province_and_prefecture():
    path = resources.files("services.kit").joinpath("data/areas.csv")
    listed = [row["code"] for row in csv.DictReader(path.read_text("utf-8").splitlines())]
    assert len(listed) == len(set(listed)) > 3000
    for code in listed:
        assert codes.is_area_code(code)
        assert codes.is_known_area(code)
        assert codes.province_of(code) in codes.PROVINCES
        assert codes.is_known_area(codes.prefecture_of(code))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("640104", "兴庆区"),
        ("640100", "银川市"),
        ("110000", "北京市"),
        ("441900", "东莞市"),
        ("131199", "衡水市本级"),
        ("439900", "湖南省本级"),
        ("669900", "新疆生产建设兵团本级"),
        ("649999", ""),
        ("640105199", ""),
        ("000000", ""),
        ("710000", ""),
        ("", ""),
    ],
)
def test_area_names(code, name):
    assert codes.area_name(code) == name
    assert codes.is_known_area(code) is bool(name)


def test_parts_of_an_area_code():
    assert codes.province_of("640104") == "640000"
    assert codes.prefecture_of("640104") == "640100"
    assert codes.is_municipality("310115")
    assert not codes.is_municipality("460100")
    assert codes.may_be_filed_as_a_whole("460100")
    assert codes.may_be_filed_as_a_whole("310115")
    assert not codes.may_be_filed_as_a_whole("640100")


@pytest.mark.parametrize(
    ("code", "pooling"),
    [
        ("640104", "640100"),
        ("640199", "640100"),
        ("110105", "110000"),
        ("110100", "110000"),
        ("429004", "429004"),
        ("439900", "439900"),
        ("660000", "660000"),
        ("441900", "441900"),
    ],
)
def test_pooling_areas(code, pooling):
    assert codes.pooling_area_of(code) == pooling


@pytest.mark.parametrize(
    ("care", "insured", "crosses"),
    [
        ("640104", "650100", True),
        ("640104", "640200", False),
        ("640104", "640104", False),
        ("650100", "660000", True),  # two participants of the national ledger
    ],
)
def test_cross_province(care, insured, crosses):
    assert codes.is_cross_province(care=care, insured=insured) is crosses


@pytest.mark.parametrize(
    ("code", "list_type"),
    [
        ("XJ01CAA040A001010405611", "101"),
        ("XA01ABD075A002010100594", "101"),
        ("ZA01BAG0120010100001", "102"),
        ("T001700657", "103"),
        ("001102000010000", "201"),
        ("001102000010000-110200001", "201"),
        ("C0101010010010010000112345"[:20], "301"),
        ("C01010100100100100001234567"[:27], "301"),
        ("XJ01CAA040A00101040561", ""),
        ("xJ01CAA040A001010405611", ""),
        ("001102000010000-", ""),
        ("001102000010000-110200001-1", ""),
        ("T00170065７", ""),
        ("", ""),
    ],
)
def test_item_codes(code, list_type):
    assert codes.list_type_of(code) == list_type
    assert codes.is_item_code(code) is bool(list_type)
    assert codes.is_drug_code(code) is (list_type in {"101", "102", "103"})
    assert codes.is_service_code(code) is (list_type == "201")
    assert codes.is_consumable_code(code) is (list_type == "301")


def test_national_part_of_an_item_code():
    assert codes.national_item_code("001102000010000-110200001") == "001102000010000"
    assert codes.national_item_code("XJ01CAA040A001010405611") == "XJ01CAA040A001010405611"


@pytest.mark.parametrize(
    ("validate", "good", "bad"),
    [
        (codes.is_diagnosis_code, "I10.x00x002", "I10.x00x02"),
        (codes.is_diagnosis_code, "E11.900", "E11.9000"),
        (codes.is_diagnosis_code, "I10", "i10"),
        (codes.is_diagnosis_code, "A17.000+G01*", "A17.000+"[:7] + "-"),
        (codes.is_diagnosis_code, "A39.200x001+M49.3*", "I10.x00\n"),
        (codes.is_procedure_code, "96.7201", "96.72"),
        (codes.is_procedure_code, "38.9301x001", "389301"),
        (codes.is_procedure_code, "03.1x00x001", "03.1y00"),
        (codes.is_procedure_code, "17.912A0", "17.912a0"),
        (codes.is_chronic_disease_code, "M03900", "M0390"),
        (codes.is_chronic_disease_code, "M07803", "HBLB101"),
        (codes.is_hospital_code, "H41130200746", "P41130200746"),
        (codes.is_pharmacy_code, "P13110000001", "P99110000001"),
        (codes.is_institution_code, "H50015501017", "H5001550101"),
        (codes.is_institution_code, "P13110000001", "D13110000001"),
        (codes.is_doctor_code, "D640104000001", "N640104000001"),
        (codes.is_nurse_code, "N640104000001", "N990104000001"),
        (codes.is_card_number, "A12345678", "A1234567"),
        (codes.is_card_number, "10012345600S", "A 2345678"),
        (codes.is_card_serial, "640104" + "0A" * 13, "990104" + "0A" * 13),
        (codes.is_credential_token, "aB3" * 9 + "x", "aB3" * 9),
        (codes.is_certificate_number, "H12345678", "护照12345678"),
        (codes.is_medical_type, "11", "17"),
        (codes.is_medical_type, "2101", "210"),
        (codes.is_medical_type, "140104", "14010401"),
        (codes.is_medical_type, "9901", "00"),
        (codes.is_person_type, "1204", "18"),
        (codes.is_person_type, "16", "1"),
    ],
)
def test_shapes(validate, good, bad):
    assert validate(good)
    assert not validate(bad)
    assert not validate("")


def test_local_children_carry_their_national_parent():
    assert codes.medical_type_parent("2101") == "21"
    assert codes.medical_type_parent("140104") == "14"
    assert codes.medical_type_parent("17") == ""
    assert codes.person_type_parent("1204") == "12"
    assert codes.person_type_parent("x") == ""


def test_inpatient_and_emergency_types():
    assert codes.is_inpatient_type("2102")
    assert codes.is_inpatient_type("5302")
    assert not codes.is_inpatient_type("5301")
    assert not codes.is_inpatient_type("11")
    assert codes.is_emergency_type("13")
    assert codes.is_emergency_type("2401")
    assert not codes.is_emergency_type("21")


def test_dictionaries_are_complete_and_read_only():
    assert sorted(codes.CHARGE_CATEGORIES) == [f"{n:02d}" for n in range(1, 15)]
    assert sorted(codes.INSTITUTION_LEVELS) == [f"{n:02d}" for n in range(1, 12)]
    assert set(codes.SCHEMES) > codes.MAIN_SCHEMES == {"310", "390"}
    assert codes.institution_area("H64010400001") == "640104"
    with pytest.raises(TypeError):
        codes.SCHEMES["999"] = "x"  # type: ignore[index]
