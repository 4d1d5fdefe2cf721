r"""National codes: shape, check digit and membership in the area list.

Pure: a validator answers a bool or the parsed value and never raises for bad text, so no text of a
request can reach an error from here. The services name the field and the reason themselves.

All matches are of the whole text in ASCII: `\d` would accept the digits of other scripts and `$` a
trailing newline, and two spellings of one code would then have two blind indexes.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# --- areas (GB/T 2260, used as 医保区划) --------------------------------------------------------


def _load_areas() -> Mapping[str, str]:
    text = resources.files("services.kit").joinpath("data/areas.csv").read_text(encoding="utf-8")
    head, *rows = csv.reader(text.splitlines())
    code, name = head.index("code"), head.index("name")
    return MappingProxyType({row[code]: row[name] for row in rows})


def _table(text: str) -> Mapping[str, str]:
    # A code table written as "code name code name …": half the lines of a literal, as readable.
    words = text.split()
    return MappingProxyType(dict(zip(words[::2], words[1::2], strict=True)))


# Read once per process and never changed: data/SOURCE.md says where the list comes from.
_AREAS: Final = _load_areas()

PROVINCES: Final[Mapping[str, str]] = MappingProxyType(
    {code: name for code, name in _AREAS.items() if code.endswith("0000")}
)
"""The 32 participants of the national settlement, province code → name."""

_MUNICIPALITIES: Final = frozenset({"11", "12", "31", "50"})
# May be filed for as a whole although they are no municipalities: 海南, 西藏, 兵团 (22号, 规程).
_FILED_AS_A_WHOLE: Final = _MUNICIPALITIES | {"46", "54", "66"}

_AREA: Final = re.compile(r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-6])[0-9]{4}")


def is_area_code(text: str) -> bool:
    """Tells whether the text has the shape of an area code of one of the 32 participants."""
    return _AREA.fullmatch(text) is not None


def is_known_area(code: str) -> bool:
    """Tells whether the code stands in the area list, or is the agency of an area that does.

    Agencies: xxxx99 is the city's own agency (131199 衡水市本级), xx9900 the province's (439900).
    """
    return bool(area_name(code))


def area_name(code: str) -> str:
    """Returns the Chinese name of an area or of its agency, empty when it is not known."""
    name = _AREAS.get(code, "")
    if name or not is_area_code(code):
        return name
    if code.endswith("9900"):
        return f"{_AREAS[province_of(code)]}本级"
    city = _AREAS.get(f"{code[:4]}00", "")
    return f"{city}本级" if city and code.endswith("99") else ""


def province_of(code: str) -> str:
    """Returns the province-level participant of an area: 640104 → 640000."""
    return f"{code[:2]}0000"


def prefecture_of(code: str) -> str:
    """Returns the prefecture (pooling area) of an area: 640104 → 640100."""
    return f"{code[:4]}00"


def pooling_area_of(code: str) -> str:
    """Returns the area whose fund covers a code: 640104 and 640199 → 640100, 110105 → 110000.

    A municipality and 兵团 are one pooling area each; a county that no prefecture governs (429004)
    and a province's own agency (xx9900) are one by themselves.
    """
    if code[:2] in _MUNICIPALITIES or code[:2] == "66":
        return province_of(code)
    # GB/T 2260 puts directly administered counties under a 90-group that governs nothing.
    return code if code[2:4] == "90" else prefecture_of(code)


def is_municipality(code: str) -> bool:
    """Tells whether the area lies in 北京, 天津, 上海 or 重庆."""
    return code[:2] in _MUNICIPALITIES


def may_be_filed_as_a_whole(code: str) -> bool:
    """Tells whether a filing may name the province-level area that this area lies in.

    The municipalities are always filed for as a whole; 海南, 西藏 and 兵团 may be (22号, 规程).
    """
    return code[:2] in _FILED_AS_A_WHOLE


def is_cross_province(*, care: str, insured: str) -> bool:
    """Tells whether care in one area for an insured of another crosses a participant's border.

    65 and 66 count as two participants: the national ledger keeps 新疆 and 兵团 apart.
    """
    return care[:2] != insured[:2]


# --- identity number (GB 11643-1999) ------------------------------------------------------------

_ID_NUMBER: Final = re.compile(
    # Place of registration: a province, or 81/82/83 for residents from Hong Kong, Macao and Taiwan.
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])[0-9]{4}"
    r"(?P<birth>(?:18|19|20)[0-9]{6})(?P<sequence>[0-9]{3})[0-9X]"
)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"

SEX_UNKNOWN: Final = "0"
SEX_MALE: Final = "1"
SEX_FEMALE: Final = "2"
SEX_UNSPECIFIED: Final = "9"
SEXES: Final[Mapping[str, str]] = MappingProxyType(
    {SEX_UNKNOWN: "未知", SEX_MALE: "男", SEX_FEMALE: "女", SEX_UNSPECIFIED: "未说明"}
)
"""GB/T 2261.1 sex codes (national field gend)."""


@dataclass(frozen=True, slots=True, repr=False)
class IdNumber:
    """What a valid identity number says of its holder; the number itself is not kept."""

    birth_date: date
    sex: str
    """`SEX_MALE` or `SEX_FEMALE`."""


def check_digit(first17: str) -> str:
    """Returns the check character of 17 digits (ISO 7064 MOD 11-2): a digit or `X`."""
    weighted = sum(w * int(d) for w, d in zip(_ID_WEIGHTS, first17, strict=True))
    return _ID_CHECKS[weighted % 11]


def parse_id_number(text: str, *, today: date) -> IdNumber | None:
    """Returns birth date and sex of a valid 18-character number, None for anything else.

    Valid: shape, calendar date not after `today`, check character. A lower-case x is refused, so
    that a number has one spelling. The first six digits are not looked up: many are long abolished.
    """
    found = _ID_NUMBER.fullmatch(text)
    if found is None or check_digit(text[:17]) != text[17]:
        return None
    born = _calendar_date(found["birth"])
    if born is None or born > today:
        return None
    return IdNumber(born, SEX_MALE if int(found["sequence"]) % 2 else SEX_FEMALE)


def is_id_number(text: str, *, today: date) -> bool:
    """Tells whether the text is a valid identity number as of `today`."""
    return parse_id_number(text, today=today) is not None


def birth_date_of(id_number: str) -> date | None:
    """Returns the birth date in a valid number, None for anything else."""
    parsed = parse_id_number(id_number, today=date.max)
    return None if parsed is None else parsed.birth_date


def sex_of(id_number: str) -> str:
    """Returns the sex in a valid number, `SEX_UNKNOWN` for anything else."""
    parsed = parse_id_number(id_number, today=date.max)
    return SEX_UNKNOWN if parsed is None else parsed.sex


def _calendar_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


# --- credentials, institutions, staff -----------------------------------------------------------

CERTIFICATE_ID_CARD: Final = "01"
"""居民身份证 (national field psn_cert_type)."""
CERTIFICATE_TYPES: Final[Mapping[str, str]] = _table(
    """
    01 居民身份证(户口簿) 02 军官证 03 武警警官证 04 港澳居民来往内地通行证(香港)
    05 港澳居民来往内地通行证(澳门) 06 台湾居民来往大陆通行证 07 外国人永久居留证
    08 外国人护照 09 残疾人证 10 军烈属证明 11 外国人就业证 12 外国专家证 13 外国人常驻记者证
    14 台港澳人员就业证 15 回国(来华)定居专家证 90 社会保障卡 99 其他
    """
)
"""Person certificate types (national field psn_cert_type)."""

CREDENTIAL_E_CREDENTIAL: Final = "01"
CREDENTIAL_ID_NUMBER: Final = "02"
CREDENTIAL_CARD: Final = "03"
CREDENTIAL_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        CREDENTIAL_E_CREDENTIAL: "医保电子凭证",
        CREDENTIAL_ID_NUMBER: "居民身份证",
        CREDENTIAL_CARD: "社会保障卡",
    }
)
"""What a person shows at the window (national field mdtrt_cert_type); local extensions excluded."""

TOKEN_LENGTH: Final = 28
TOKEN_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # noqa: S105
# An alphabet, no secret.
_TOKEN: Final = re.compile(rf"[0-9A-Za-z]{{{TOKEN_LENGTH}}}")
_CERTIFICATE: Final = re.compile(r"[0-9A-Z()\-]{4,30}")
# One letter and eight digits in most provinces; older cards carry eight to eleven digits and a
# check character. No national text fixes the length, so both are taken.
_CARD: Final = re.compile(r"[A-Z][0-9]{8}|[0-9]{8,11}[0-9A-Z]")
_CARD_SERIAL: Final = re.compile(r"[0-9]{6}[0-9A-F]{26}")
_HOSPITAL: Final = re.compile(r"H([0-9]{6})[0-9]{5}")
_PHARMACY: Final = re.compile(r"P([0-9]{6})[0-9]{5}")
_STAFF: Final = re.compile(r"[DN]([0-9]{6})[0-9]{6}")


def is_certificate_number(text: str) -> bool:
    """Tells whether the text can be the number of a certificate other than the identity card."""
    return _CERTIFICATE.fullmatch(text) is not None


def is_card_number(text: str) -> bool:
    """Tells whether the text has the shape of a social security card number (卡号)."""
    return _CARD.fullmatch(text) is not None


def is_card_serial(text: str) -> bool:
    """Tells whether the text has the shape of a card's 卡识别码: 32 characters, area first."""
    return _CARD_SERIAL.fullmatch(text) is not None and is_area_code(text[:6])


def is_credential_token(text: str) -> bool:
    """Tells whether the text has the shape of a token of the 医保电子凭证."""
    return _TOKEN.fullmatch(text) is not None


def is_hospital_code(text: str) -> bool:
    """Tells whether the text is a 定点医疗机构 code: H, area, five digits."""
    found = _HOSPITAL.fullmatch(text)
    return found is not None and is_area_code(found[1])


def is_pharmacy_code(text: str) -> bool:
    """Tells whether the text is a 定点零售药店 code: P, area, five digits."""
    found = _PHARMACY.fullmatch(text)
    return found is not None and is_area_code(found[1])


def is_institution_code(text: str) -> bool:
    """Tells whether the text is the code of a 定点医药机构 of either kind."""
    return is_hospital_code(text) or is_pharmacy_code(text)


def institution_area(code: str) -> str:
    """Returns the area inside a valid institution code: H64010400001 → 640104."""
    return code[1:7]


def is_doctor_code(text: str) -> bool:
    """Tells whether the text is a 医保医师 code: D, area, six digits."""
    return text.startswith("D") and _is_staff_code(text)


def is_nurse_code(text: str) -> bool:
    """Tells whether the text is a 医保护士 code: N, area, six digits."""
    return text.startswith("N") and _is_staff_code(text)


def _is_staff_code(text: str) -> bool:
    found = _STAFF.fullmatch(text)
    return found is not None and is_area_code(found[1])


INSTITUTION_LEVELS: Final[Mapping[str, str]] = _table(
    """
    01 三级特等 02 三级甲等 03 三级乙等 04 三级丙等 05 二级甲等 06 二级乙等 07 二级丙等
    08 一级甲等 09 一级乙等 10 一级丙等 11 无等级
    """
)
"""Institution levels (national field hosp_lv)."""

# --- catalogue items ----------------------------------------------------------------------------

_WESTERN_DRUG: Final = re.compile(r"X[A-Z][0-9]{2}[A-Z]{2}[A-Z][0-9]{3}[A-Z][0-9]{3}[0-9]{9}")
_PATENT_DRUG: Final = re.compile(r"Z[A-Z][0-9]{2}[A-Z]{2}[A-Z][0-9]{4}[0-9]{9}")
_HERB: Final = re.compile(r"T[0-9]{9}")
_SERVICE: Final = re.compile(r"([0-9]{15})(?:-[0-9A-Z]{1,20})?")
_CONSUMABLE: Final = re.compile(r"C[0-9]{19}(?:[0-9]{7})?")

LIST_TYPE_WESTERN_DRUG: Final = "101"
LIST_TYPE_PATENT_DRUG: Final = "102"
LIST_TYPE_HERB: Final = "103"
LIST_TYPE_SERVICE: Final = "201"
LIST_TYPE_CONSUMABLE: Final = "301"

_ITEM_SHAPES: Final = (
    (LIST_TYPE_WESTERN_DRUG, _WESTERN_DRUG),
    (LIST_TYPE_PATENT_DRUG, _PATENT_DRUG),
    (LIST_TYPE_HERB, _HERB),
    (LIST_TYPE_SERVICE, _SERVICE),
    (LIST_TYPE_CONSUMABLE, _CONSUMABLE),
)
_DRUG_SHAPES: Final = {"X": _WESTERN_DRUG, "Z": _PATENT_DRUG, "T": _HERB}


def list_type_of(item_code: str) -> str:
    """Returns the catalogue (national field list_type) that an item code belongs to, or empty."""
    for list_type, shape in _ITEM_SHAPES:
        if shape.fullmatch(item_code):
            return list_type
    return ""


def is_item_code(text: str) -> bool:
    """Tells whether the text is a drug, herb, service or consumable code (医保目录编码)."""
    return bool(list_type_of(text))


def is_drug_code(text: str) -> bool:
    """Tells whether the text is a western drug, Chinese patent drug or herb code."""
    # Asked of every line of every bill: one shape, by the first letter.
    shape = _DRUG_SHAPES.get(text[:1])
    return shape is not None and shape.fullmatch(text) is not None


def is_service_code(text: str) -> bool:
    """Tells whether the text is a service item: 15 national digits and perhaps a local suffix."""
    return _SERVICE.fullmatch(text) is not None


def is_consumable_code(text: str) -> bool:
    """Tells whether the text is a consumable: C and 19 or 26 digits."""
    return _CONSUMABLE.fullmatch(text) is not None


def national_item_code(item_code: str) -> str:
    """Returns the national part of an item code: a service item loses its local suffix."""
    return item_code.partition("-")[0]


# --- diseases and procedures --------------------------------------------------------------------

# ICD-10 医保版 2.0. The published list has dagger-asterisk pairs (A17.000+G01*), hence the tail.
_ICD10: Final = re.compile(
    r"[A-Z][0-9]{2}(?:\.[0-9x][0-9]{2}(?:x[0-9]{3})?)?"
    r"(?:\+(?:[A-Z][0-9]{2}(?:\.[0-9]{1,3})?\*)?|\*)?"
)
_PROCEDURE: Final = re.compile(r"[0-9]{2}\.[0-9][0-9x][0-9][0-9A-Z]{1,2}(?:x[0-9]{3})?")
_CHRONIC_DISEASE: Final = re.compile(r"M[0-9]{5}")


def is_diagnosis_code(text: str) -> bool:
    """Tells whether the text has the shape of an ICD-10 医保版 diagnosis code."""
    return _ICD10.fullmatch(text) is not None


def is_procedure_code(text: str) -> bool:
    """Tells whether the text has the shape of an ICD-9-CM-3 医保版 procedure code."""
    return _PROCEDURE.fullmatch(text) is not None


def is_chronic_disease_code(text: str) -> bool:
    """Tells whether the text is a 门诊慢特病 code: M, three digits of disease, two of sub-type."""
    return _CHRONIC_DISEASE.fullmatch(text) is not None


# --- dictionaries of the national interface (domain codes, not enums: AIP-143) -------------------

SCHEME_EMPLOYEE: Final = "310"
SCHEME_RESIDENT: Final = "390"
MAIN_SCHEMES: Final = frozenset({SCHEME_EMPLOYEE, SCHEME_RESIDENT})
"""The schemes that cross-province settlement runs under."""
SCHEMES: Final[Mapping[str, str]] = _table(
    """
    310 职工基本医疗保险 320 公务员医疗补助 330 大额医疗费用补助 340 离休人员医疗保障
    350 一至六级残疾军人医疗补助 360 老红军医疗保障 370 企业补充医疗保险 380 新型农村合作医疗
    390 城乡居民基本医疗保险 391 城镇居民基本医疗保险 392 城乡居民大病医疗保险
    399 其他特殊人员医疗保障 410 长期照护保险 510 生育保险
    """
)
"""Schemes (national field insutype)."""

MEDICAL_TYPES: Final[Mapping[str, str]] = _table(
    """
    11 普通门诊 12 门诊挂号 13 急诊 14 门诊慢特病 15 特药 16 中医特色门诊 19 意外伤害门诊
    21 普通住院 22 外伤住院 23 转外诊治住院 24 急诊转住院 25 异地住院 26 单病种住院
    27 自主就医 28 日间手术 41 定点药店购药 51 生育门诊 52 生育住院 53 计划生育手术费
    61 照护保险 81 意外伤害门诊 91 地方业务 99 地方业务
    """
)
"""National parents of the medical types (national field med_type)."""
MEDICAL_TYPE_PHARMACY: Final = "41"
_EMERGENCY_MEDICAL_TYPES: Final = frozenset({"13", "24"})
_INPATIENT_MEDICAL_TYPES: Final = frozenset(
    {"21", "22", "23", "24", "25", "26", "28", "52"}  # 5302 is added by its four digits
)
_DICTIONARY_CODE: Final = re.compile(r"(?:[0-9]{2}){1,3}")


def medical_type_parent(code: str) -> str:
    """Returns the national two-digit medical type of a code, empty when it is not known.

    Codes of four and six digits are local children; only the first two digits carry meaning.
    """
    return _parent(code, MEDICAL_TYPES)


def is_medical_type(code: str) -> bool:
    """Tells whether the code is a national medical type or a local child of one."""
    return bool(medical_type_parent(code))


def is_inpatient_type(code: str) -> bool:
    """Tells whether the medical type is settled as a stay (住院)."""
    return code[:2] in _INPATIENT_MEDICAL_TYPES or code == "5302"


def is_emergency_type(code: str) -> bool:
    """Tells whether the medical type itself marks an emergency: 13 急诊, 24 急诊转住院."""
    return code[:2] in _EMERGENCY_MEDICAL_TYPES


PERSON_TYPES: Final[Mapping[str, str]] = _table(
    """
    11 在职 12 退休 13 离休 14 居民未成年 15 居民成年 16 居民老年 17 城乡居民
    """
)
"""National parents of the person types (national field psn_type)."""


def person_type_parent(code: str) -> str:
    """Returns the national two-digit person type of a code (1204 → 12), empty when unknown."""
    return _parent(code, PERSON_TYPES)


def is_person_type(code: str) -> bool:
    """Tells whether the code is a national person type or a local child of one."""
    return bool(person_type_parent(code))


def _parent(code: str, known: Mapping[str, str]) -> str:
    if _DICTIONARY_CODE.fullmatch(code) is None or code[:2] not in known:
        return ""
    return code[:2]


CHARGE_CATEGORIES: Final[Mapping[str, str]] = _table(
    """
    01 床位费 02 诊察费 03 检查费 04 化验费 05 治疗费 06 手术费 07 护理费 08 卫生材料费
    09 西药费 10 中药饮片费 11 中成药费 12 一般诊疗费 13 挂号费 14 其他费
    """
)
"""Charge categories (national field med_chrgitm_type)."""
