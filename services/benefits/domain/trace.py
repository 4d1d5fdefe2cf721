"""The calculation, step by step, as the receipt and an appeal need it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from services.benefits.domain.errors import not_covered
from services.benefits.domain.model import ParameterRead, Status, Step
from services.benefits.domain.schema import Dimension
from services.benefits.domain.values import percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from fractions import Fraction

    from services.benefits.domain.schema import ParameterSpec, Scale
    from services.benefits.domain.snapshot import Snapshot

    T = TypeVar("T")

NAMES: Final = {
    "year_part": (
        "跨年度住院按天分摊：{year}年{days}天（共{days_total}天），按{policy_date}政策",
        "share of {year} in the stay: {days} of {days_total} days, policy of {policy_date}",
    ),
    "stay_before": ("同次住院前期结算已计起付线", "deductible taken by earlier parts of the stay"),
    "away_self_pay": ("异地就医先行自付", "paid first for care away from home"),
    "deductible": ("起付线", "deductible"),
    "segment": ("统筹分段支付", "segment of the pooled fund"),
    "pooled_fund": ("统筹基金支付", "pooled fund"),
    "disease_limit": ("病种限额内统筹基金支付", "pooled fund within the limit of the disease"),
    "pooled_cap": ("封顶线内统筹基金支付", "pooled fund within the cap"),
    "large_amount_band": ("大额医疗费用补助分段支付", "band of the large-amount fund"),
    "large_amount": ("大额医疗费用补助支付", "large-amount fund"),
    "critical_illness_base": ("大病合规自付", "burden that counts for critical illness"),
    "critical_illness_band": ("大病保险分段支付", "band of critical illness"),
    "critical_illness": ("大病保险支付", "critical-illness insurance"),
    "civil_servant_band": ("公务员医疗补助分段支付", "band of the civil-servant subsidy"),
    "civil_servant": ("公务员医疗补助支付", "civil-servant subsidy"),
    "enterprise_supplement_band": (
        "企业补充医疗保险分段支付",
        "band of the enterprise supplement",
    ),
    "enterprise_supplement": ("企业补充医疗保险支付", "enterprise supplement"),
    "disabled_veteran_band": (
        "一至六级残疾军人医疗补助分段支付",
        "band of the disabled-veteran subsidy",
    ),
    "disabled_veteran": ("一至六级残疾军人医疗补助支付", "disabled-veteran subsidy"),
    "other_fund_band": ("其他基金分段支付", "band of another fund"),
    "other_fund": ("其他基金支付", "another fund"),
    "medical_aid_band": ("医疗救助分段支付", "band of medical aid"),
    "medical_aid": ("医疗救助支付", "medical aid"),
    "account": ("个人账户支付", "personal account"),
    "family_account": ("家庭共济账户支付", "account of a relative"),
    "cash": ("个人现金支付", "cash"),
}
"""Chinese and English name per step code, with places for words."""


class Trace:
    """Collects the steps of one adjudication; every parameter is read through it.

    What is read goes to the next amount that comes out.
    """

    def __init__(self, snapshot: Snapshot, coordinates: Mapping[Dimension, str], day: date) -> None:
        """Starts empty, for one bill on one day."""
        self._snapshot = snapshot
        self._coordinates = coordinates
        self._day = day
        self._reads: list[ParameterRead] = []
        self.steps: list[Step] = []
        self.sample = False

    def read(self, spec: ParameterSpec[T]) -> T:
        """Returns a parameter for this bill and writes down what was read.

        Raises:
            RuleForbids: POLICY_NOT_COVERED when the pack leaves these coordinates out.
        """
        value, read = self._look_up(spec)
        self._reads.append(read)
        return value

    def read_scale(self, spec: ParameterSpec[Scale]) -> tuple[Scale, ParameterRead]:
        """Returns a scale; each bracket that is used goes to `use_bracket` with the read.

        Raises:
            RuleForbids: as `read`.
        """
        return self._look_up(spec)

    def use_bracket(self, read: ParameterRead, *, ratio: Fraction, paid: Fraction) -> None:
        """Writes down the ratio of one bracket, and what a reduction made of it."""
        text = percent(ratio) if paid == ratio else f"{percent(ratio)} → {percent(paid)}"
        self._reads.append(replace(read, value=text))

    def _look_up(self, spec: ParameterSpec[T]) -> tuple[T, ParameterRead]:
        found = self._snapshot.read(spec, self._coordinates)
        if found is None:
            by = self._snapshot.resolved[spec.path].by
            # Who asks need not learn for what somebody receives aid.
            told = [dimension for dimension in by if dimension is not Dimension.IDENTITY]
            where = ",".join(self._coordinates[dimension] for dimension in told)
            raise not_covered(
                region_code=self._snapshot.region_code,
                scheme_code=self._snapshot.scheme_code,
                settlement_date=self._day.isoformat(),
                missing=f"{spec.path}[{where}]" if told else spec.path,
            )
        if found.read.status is Status.SAMPLE:
            self.sample = True
        return found.value, found.read

    def amount(
        self,
        code: str,
        *,
        base: int,
        result: int,
        rounding: str = "",
        words: Mapping[str, int | str] | None = None,
    ) -> None:
        """Writes down an amount that came out, and how it was rounded if it was."""
        name_zh, name_en = NAMES[code]
        if words is not None:
            name_zh, name_en = name_zh.format(**words), name_en.format(**words)
        self.steps.append(
            Step(
                code=code,
                name_zh=name_zh,
                name_en=name_en,
                base_fen=base,
                result_fen=result,
                parameters=tuple(self._reads),
                rounding=rounding,
            )
        )
        self._reads.clear()
