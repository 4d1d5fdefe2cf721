"""What mining says of a finding: items, counts and limits, never a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from services.kit.money import format_yuan
from services.mining.schema import PRICE_UNITS
from services.mining.tables import MinedFinding

_Said = tuple[str, str]
_SPANS: Final = {
    "day": ("一日", "a day"),
    "month": ("一个月", "a month"),
    "year": ("一年", "a year"),
}


def sentence(finding: MinedFinding) -> tuple[str, str]:
    """Returns what was found in Chinese and in English."""
    return _SENTENCES[finding.rule_code](finding)


def _overlap(one: MinedFinding) -> _Said:
    return (
        f"与另一机构的住院重叠{one.value}夜",
        f"the stay shares {one.value} nights with one at another institution",
    )


def _split(one: MinedFinding) -> _Said:
    return (
        f"出院{one.value}日后因同类疾病再入同一机构，疑分解住院（{one.reference}日内）",
        (
            f"admitted again {one.value} days after discharge for a related disease"
            f" (within {one.reference})"
        ),
    )


def _invoice(one: MinedFinding) -> _Said:
    return (
        f"同一票据号码共申报{one.value}次",
        f"the invoice was claimed {one.value} times",
    )


def _visits(one: MinedFinding) -> _Said:
    zh, en = _SPANS[one.other.partition(":")[0]]
    return (
        f"{zh}内门急诊{one.value}次，限{one.reference}次以下",
        f"{one.value} outpatient visits in {en}, from {one.reference} on to be looked at",
    )


def _phone(one: MinedFinding) -> _Said:
    return (
        f"{one.value}人共用一个联系电话，费用合计{format_yuan(one.reference)}元，居前列",
        (
            f"{one.value} people left one telephone; {format_yuan(one.reference)} yuan together,"
            " among the highest"
        ),
    )


def _crowd(one: MinedFinding) -> _Said:
    return (
        f"{one.value}人多次同时在本机构就医（{one.reference}人以上为疑点）",
        (
            f"{one.value} people came to the institution together again and again"
            f" (from {one.reference} on to be looked at)"
        ),
    )


def _price(one: MinedFinding) -> _Said:
    item, level, _ = one.other.split("/")
    price, middle = _yuan(one.value), _yuan(one.reference)
    return (
        f"项目{item}单价{price}元，本省同级（{level}）机构中位价{middle}元",
        (
            f"{item} at {price} yuan; institutions of the level ({level}) in the province"
            f" charge {middle} in the middle"
        ),
    )


def _cost(one: MinedFinding) -> _Said:
    category, level, _ = one.other.split("/")
    total, middle = format_yuan(one.value), format_yuan(one.reference)
    return (
        f"{category}类疾病住院费用{total}元，本省同级（{level}）机构中位数{middle}元",
        (
            f"a stay for {category} cost {total} yuan; institutions of the level ({level}) in the"
            f" province take {middle} in the middle"
        ),
    )


def _frequency(one: MinedFinding) -> _Said:
    return (
        f"一个月内门急诊{one.value}次，同参保省就诊者中位数{one.reference}次",
        f"{one.value} outpatient visits in a month; {one.reference} in the middle of the province",
    )


def _yuan(micro: int) -> str:
    return f"{Decimal(micro) / PRICE_UNITS:f}"


_SENTENCES: Final[Mapping[str, Callable[[MinedFinding], _Said]]] = MappingProxyType(
    {
        "OVERLAPPING_STAY": _overlap,
        "SPLIT_STAY": _split,
        "DUPLICATE_INVOICE": _invoice,
        "VISIT_FREQUENCY": _visits,
        "SHARED_PHONE": _phone,
        "CLUSTERED_VISITS": _crowd,
        "PRICE_OUTLIER": _price,
        "COST_OUTLIER": _cost,
        "FREQUENCY_OUTLIER": _frequency,
    }
)
