"""What a break most likely comes from and what to do about it, for whoever opens it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.clearing.domain.breaks import BreakCause

EXPLANATION_ZH: Mapping[BreakCause, str] = MappingProxyType(
    {
        BreakCause.EVENT_LOST: (
            "结算流水已有，账本和对账副本均未收到：结算事件未送达；请核查结算事件流，补送后重新核对。"
        ),
        BreakCause.BOOKING_LOST: (
            "结算流水和对账副本均有，账本没有：事件已送达而分录缺失；"
            "请运行 yijie audit verify 查明账本是否被改动，从备份或事件重放恢复。"
        ),
        BreakCause.NEVER_SETTLED: (
            "账本有分录，结算流水和对账副本均无：无结算依据的记账；"
            "请运行 yijie audit verify 并查明来源。"
        ),
        BreakCause.JOURNAL_LOST: (
            "账本和对账副本均有，结算流水没有：结算流水疑似丢失或回退；请先恢复结算库再核对。"
        ),
        BreakCause.COPIED: (
            "账本中另有一笔时刻、省份、险种、金额完全相同的记账：疑似重复；请查明后更正。"
        ),
        BreakCause.MULTIPLIED: ("账本金额是结算流水的整数倍：同一笔疑似重复记账；请查明后更正。"),
        BreakCause.SPLIT_CHANGED: (
            "合计一致，统筹等基金与个人账户的划分不一致；以结算流水为准，请查明后更正。"
        ),
        BreakCause.AMOUNT_CHANGED: ("金额不一致；以结算流水为准，请查明账本是否被改动后更正。"),
        BreakCause.PLACE_CHANGED: (
            "账本记在另一对省份或另一险种名下；以结算流水为准，请查明后更正归属。"
        ),
        BreakCause.TIME_CHANGED: ("账本的业务日期与结算流水不一致；请查明后更正。"),
        BreakCause.DISPUTED: ("平台与他方对账不一致，详见该笔对账差异；处理差异后自行消除。"),
    }
)

EXPLANATION_EN: Mapping[BreakCause, str] = MappingProxyType(
    {
        BreakCause.EVENT_LOST: (
            "The journal has it, neither the ledger nor reconciliation heard of it: the event was"
            " not delivered. Look into the settlement feed, have it sent, and compare again."
        ),
        BreakCause.BOOKING_LOST: (
            "The journal has it and so has reconciliation, the ledger does not: the event came and"
            " the booking is gone. Run yijie audit verify, restore, and compare again."
        ),
        BreakCause.NEVER_SETTLED: (
            "The ledger has a booking that nothing stands behind. Run yijie audit verify and find"
            " out where it comes from."
        ),
        BreakCause.JOURNAL_LOST: (
            "Ledger and reconciliation have it, the journal does not: rows of settlement were lost"
            " or set back. Restore them first."
        ),
        BreakCause.COPIED: (
            "The ledger has another booking of the same instant, pair and amounts: most likely one"
            " settlement booked twice."
        ),
        BreakCause.MULTIPLIED: (
            "The ledger has a multiple of the journal's amounts: most likely booked more than once."
        ),
        BreakCause.SPLIT_CHANGED: (
            "The sum is the same, divided otherwise between funds and account. The journal counts."
        ),
        BreakCause.AMOUNT_CHANGED: (
            "The amounts differ. The journal counts; find out whether the ledger was altered."
        ),
        BreakCause.PLACE_CHANGED: (
            "The ledger has it between other provinces or under another scheme. The journal counts."
        ),
        BreakCause.TIME_CHANGED: ("The ledger has it on another date. The journal counts."),
        BreakCause.DISPUTED: (
            "The hub and another party do not agree: see the difference. It ends with it."
        ),
    }
)
