"""Synthetic people with schemes, cards, accounts and medical aid, and filings of some of them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from services.cli.loading.filings import COLUMNS as FILING_COLUMNS
from services.cli.loading.persons import COLUMNS
from services.cli.sample.areas import County, elsewhere
from services.kit import codes

_FIRST_BIRTH: Final = date(1935, 1, 1)
_LAST_BIRTH: Final = date(2025, 12, 31)
_DAYS: Final = (_LAST_BIRTH - _FIRST_BIRTH).days + 1
_FIRST_SEQUENCE: Final = 900
_PAIRS: Final = 50
"""Of sequence numbers from 900: one of each sex."""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXZ"
"""Of card numbers; Y is the bench's."""
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜马丁白纳"
_SYLLABLES: Final = "安邦承德恩福光和嘉建康立明宁平庆仁善泰文祥义永泽志中"
_CITIZENS: Final = 2026
_ADULT, _OLD = 18, 60
_AID: Final = (
    "extreme_poverty",
    "minimum_living",
    "poverty_relapse",
    "near_minimum",
    "poverty_by_illness",
    "severe_disability",
)
_BEGINS: Final = ("2012-01-01", "2015-07-01", "2018-01-01", "2020-01-01", "2023-01-01")
_DIAGNOSES: Final = ("I10.x00", "E11.900", "J20.900", "K29.700")
# Shares, in hundredths unless said otherwise.
_EMPLOYED: Final = 0.45
_SUSPENDED: Final = 0.01
_TWO_ROWS: Final = 0.02
_AIDED: Final = 0.015
_FILED: Final = 0.03
_CARDLESS: Final = 0.01
_STATES: Final = ((0.95, "active"), (0.97, "lost"), (0.98, "issued"), (1.0, "cancelled"))
_SERIAL_BITS: Final = 104
_BUFFERED: Final = 5000


_Identity = tuple[County, str, int, str]
"""County, birthday YYYYMMDD, sex (1, 2) and id number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who there is."""

    region: str
    counties: Sequence[County]
    count: int
    seed: int
    day: date
    """First day of filings."""


def most_of(counties: Sequence[County]) -> int:
    """Returns how many people of these counties have different id numbers."""
    return len(counties) * _DAYS * _PAIRS


def write(
    persons: Path, filings: Path, plan: Plan, hospitals: Sequence[str], drawn: random.Random
) -> None:
    """Writes people and filings, a few thousand lines at a time."""
    numbers = _IdNumbers(plan)
    maker = _Maker(plan, hospitals, drawn)
    with ExitStack() as stack:
        out = stack.enter_context(persons.open("w", encoding="utf-8", newline="\n"))
        filed = stack.enter_context(filings.open("w", encoding="utf-8", newline="\n"))
        out.write(",".join(column.name for column in COLUMNS) + "\n")
        filed.write(",".join(column.name for column in FILING_COLUMNS) + "\n")
        for start in range(0, plan.count, _BUFFERED):
            lines: list[str] = []
            filing_lines: list[str] = []
            for number in range(start, min(start + _BUFFERED, plan.count)):
                maker.person(number, numbers.of(number, drawn), lines, filing_lines)
            out.write("".join(lines))
            filed.write("".join(filing_lines))


class _IdNumbers:
    """Different id numbers: by county, then birthday, then sequence."""

    def __init__(self, plan: Plan) -> None:
        self._counties = [
            (county, county.code, _weighted(county.code, 0)) for county in plan.counties
        ]
        self._births = []
        for index in range(_DAYS):
            text = f"{_FIRST_BIRTH + timedelta(days=index):%Y%m%d}"
            self._births.append((text, _weighted(text, 6)))
        self._sequences = [
            (text, _weighted(text, 14))
            for text in (str(_FIRST_SEQUENCE + number) for number in range(2 * _PAIRS))
        ]
        # Prime to the number of days, so that each day comes once before one comes again.
        self._step = next(n for n in range(7919 + plan.seed % 97, 20_000) if _is_prime_to_days(n))
        self._offset = plan.seed

    def of(self, number: int, drawn: random.Random) -> _Identity:
        """Returns who somebody is."""
        county, area, area_sum = self._counties[number % len(self._counties)]
        turn = number // len(self._counties)
        born, born_sum = self._births[(turn * self._step + self._offset) % _DAYS]
        pair = 2 * (turn // _DAYS % _PAIRS)
        male = drawn.getrandbits(1)
        sequence, sequence_sum = self._sequences[pair + male]
        check = "10X98765432"[(area_sum + born_sum + sequence_sum) % 11]
        return county, born, 1 if male else 2, f"{area}{born}{sequence}{check}"


class _Maker:
    """Writes the rows of a person."""

    def __init__(self, plan: Plan, hospitals: Sequence[str], drawn: random.Random) -> None:
        provinces = sorted(codes.PROVINCES)
        self._letter = _LETTERS[provinces.index(plan.region) % len(_LETTERS)]
        self._targets = elsewhere(plan.region)
        self._hospitals = hospitals
        self._drawn = drawn
        # Back to what every region lets a filing begin: see services/filing/terms/national.yaml.
        self._days = [(plan.day - timedelta(days=n)).isoformat() for n in range(180)]

    def person(
        self,
        number: int,
        identity: _Identity,
        lines: list[str],
        filing_lines: list[str],
    ) -> None:
        """Appends the lines of a person, and of their filing if they have one."""
        county, born, sex, id_number = identity
        chance = self._drawn.random
        age = _CITIZENS - int(born[:4])
        region = county.pooling_area_code
        employed = age >= _ADULT and chance() < _EMPLOYED
        scheme = "310" if employed else "390"
        person_type = _person_type(age, employed=employed)
        birth = f"{born[:4]}-{born[4:6]}-{born[6:]}"
        name = self._name(number)
        begin = _BEGINS[int(chance() * len(_BEGINS))]
        begin = max(begin, birth)
        draw = chance()
        status = 2 if draw < _SUSPENDED else 1
        who = f"{id_number},{name},{sex},{birth},{region}"
        if employed and 1 - draw < _TWO_ROWS:
            # Was insured as a resident before.
            begin = "2023-01-01"
            lines.append(f"{who},390,15,3,2016-01-01,2022-12-31,,,,,,,\n")
        balance = f"{int(chance() * 1_500_000) / 100:.2f}" if employed else ""
        aid = "" if employed or chance() >= _AIDED else _AID[number % len(_AID)]
        lines.append(
            f"{who},{scheme},{person_type},{status},{begin},,"
            f"{self._card(number, region)},{balance},{aid}\n"
        )
        if status == 1 and chance() < _FILED:
            filing_lines.append(self._filing(number, id_number, region, person_type))

    def _name(self, number: int) -> str:
        bits = self._drawn.getrandbits(24) ^ number
        surname = _SURNAMES[bits % len(_SURNAMES)]
        bits //= len(_SURNAMES)
        first = _SYLLABLES[bits % len(_SYLLABLES)]
        bits //= len(_SYLLABLES)
        # A third of the names have one syllable after the surname.
        return surname + first + (_SYLLABLES[bits % len(_SYLLABLES)] if bits % 3 else "")

    def _card(self, number: int, region: str) -> str:
        draw = self._drawn.random()
        if draw < _CARDLESS:
            return ",,,,"
        draw = self._drawn.random()
        state = next(state for bound, state in _STATES if draw < bound)
        serial = f"{self._drawn.getrandbits(_SERIAL_BITS):026X}"
        return f"{self._letter}{number:08d},social_security,{state},{region},{region}{serial}"

    def _filing(self, number: int, id_number: str, region: str, person_type: str) -> str:
        chance = self._drawn.random
        target = self._targets[int(chance() * len(self._targets))]
        begin = self._days[int(chance() * len(self._days))]
        draw = chance()
        hospital, diagnosis, documents = "", "", ""
        if draw < 0.5:  # noqa: PLR2004 - half of them live elsewhere for long
            kind = {"11": "13", "12": "11"}.get(person_type, "12")
            evidence = "commitment"
            if number % 2:
                evidence = "document"
                paper = {"13": "posting_proof", "11": "household_register"}
                documents = f"{paper.get(kind, 'residence_proof')}:S-{number}"
        elif draw < 0.7 and self._hospitals:  # noqa: PLR2004 - a fifth are referred
            kind, evidence = "21", "referral_proof"
            hospital = self._hospitals[number % len(self._hospitals)]
            diagnosis = _DIAGNOSES[number % len(_DIAGNOSES)]
            documents = f"referral_proof:S-{number}"
        else:
            kind, evidence = "23", "none"
        return (
            f"{id_number},{region},{target},{kind},{begin},{evidence},,,,"
            f"{hospital},{diagnosis},{documents}\n"
        )


def _person_type(age: int, *, employed: bool) -> str:
    if employed:
        return "11" if age < _OLD else "12"
    return "14" if age < _ADULT else "15" if age < _OLD else "16"


def _weighted(digits: str, place: int) -> int:
    """Returns what digits from a place on add to the weighted sum of an id number."""
    weights = [pow(2, 17 - index, 11) for index in range(17)]
    return sum(weights[place + index] * int(digit) for index, digit in enumerate(digits))


def _is_prime_to_days(number: int) -> bool:
    return math.gcd(number, _DAYS) == 1
