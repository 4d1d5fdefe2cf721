"""Every kind of rule by its name: what it must see, and how its part of a file is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision import rules_kinds_bill as bill
from services.supervision import rules_kinds_person as person
from services.supervision.domain.rule import Reach
from services.supervision.rules_plan import Kind, kinds_by_name
from services.supervision.rules_published import KINDS as PUBLISHED
from services.supervision.rules_readers import by_bill, by_item, many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.supervision.rules_readers import Read

_B, _P, _O = Reach.BILL, Reach.PERSON, Reach.PEERS
_YEAR: Final = 366


def _k(name: str, title_zh: str, reach: Reach, read: Read) -> Kind:
    return Kind(name=name, title_zh=title_zh, reach=reach, read=read)


KINDS: Final[Mapping[str, Kind]] = kinds_by_name(
    *PUBLISHED,
    _k("second_line", "限二线用药", _P, by_item(person.second_line, days="days")),
    _k("rescue_only", "限抢救用药", _B, by_item(bill.rescue)),
    _k("department", "限定科室", _B, by_item(bill.department)),
    _k("doctor", "限定医师资质", _B, by_item(bill.doctor)),
    _k("herb_alone", "中药饮片单味不予支付", _B, by_bill(bill.herbs_alone)),
    _k("not_listed", "目录外项目纳入结算", _B, by_bill(bill.not_listed)),
    _k("exclusive", "互斥项目", _B, by_bill(bill.exclusive)),
    _k("visit_quantity", "单次超限定数量", _B, by_item(bill.visit_quantity)),
    _k("window_quantity", "期间超限定数量", _P, by_item(person.window_quantity, days="days")),
    _k("price_standard", "超标准收费", _B, by_item(bill.price)),
    _k("stay_days", "超住院天数计费", _B, by_bill(bill.stay_days)),
    _k("material", "材料与项目不符", _B, by_item(bill.material)),
    _k("operation_unrecorded", "手术收费无手术记录", _B, by_bill(bill.operation_unrecorded)),
    _k("supply_days", "超量开药", _B, by_item(bill.supply_days)),
    _k("same_group", "重复用药", _B, many("groups", bill.same_group)),
    _k("incompatible", "配伍禁忌", _B, many("pairs", bill.incompatible)),
    _k("contraindication", "禁忌症用药", _B, by_item(bill.contraindicated)),
    _k("daily_dose", "超最大日剂量", _B, by_item(bill.dose)),
    _k("examination_panel", "不合理检查", _B, many("panels", bill.panel)),
    _k("diagnosis_sex", "诊断与性别矛盾", _B, many("limits", bill.diagnosis_sex)),
    _k("diagnosis_age", "诊断与年龄矛盾", _B, many("limits", bill.diagnosis_age)),
    _k("identity_birth", "身份矛盾", _B, by_bill(bill.identity_birth)),
    _k("diagnosis_missing", "诊断缺失", _B, by_bill(bill.diagnosis_missing)),
    _k("diagnosis_uncoded", "诊断编码不规范", _B, by_bill(bill.diagnosis_uncoded)),
    _k("fee_outside_visit", "收费日期不在就诊期间", _B, by_bill(bill.fee_outside)),
    _k("fee_too_old", "收费跨期", _B, by_bill(bill.fee_old)),
    _k("idle_stay", "挂床住院", _B, by_bill(bill.idle)),
    _k("examination_stay", "低标准入院", _B, by_bill(bill.examination_stay)),
    _k("overlapping_stay", "重叠住院", _P, by_bill(person.overlapping, back=_YEAR)),
    _k("split_stay", "分解住院", _P, by_bill(person.split_stay, back=_YEAR)),
    _k("outpatient_during_stay", "住院期间门诊结算", _P, by_bill(person.during_stay, back=_YEAR)),
    _k("visit_frequency", "门急诊频次异常", _P, by_bill(person.visit_frequency, back=_YEAR)),
    _k("frequent_purchase", "高频购药", _P, by_bill(person.purchase, days="days")),
    _k("supply_overlap", "提前或重复开药", _P, by_bill(person.supply_overlap, back=_YEAR)),
    _k("impossible_travel", "距离时间不可能", _P, person.read_travel),
    _k("repeated_examination", "重复检查", _P, by_item(person.repeated, days="days")),
    _k("split_prescription", "分解处方", _P, by_bill(person.split_prescription, back=1)),
    _k("duplicate_invoice", "发票重复", _P, by_bill(person.invoice, back=_YEAR)),
    _k("duplicate_claim", "直接结算与零星报销重复", _P, by_bill(person.claim, back=_YEAR)),
    _k("shared_phone", "共用联系电话", _O, person.peers("persons_min", "window_days")),
    _k(
        "clustered_visits",
        "聚集就医",
        _O,
        person.peers("persons_min", "visits_min", "window_days"),
    ),
    _k("price_outlier", "价格离群", _O, person.peers("bills_min", ratio=True)),
    _k("cost_outlier", "费用离群", _O, person.peers("bills_min", ratio=True)),
    _k("frequency_outlier", "频次离群", _O, person.peers("bills_min", ratio=True)),
)
"""Every kind by its name."""
