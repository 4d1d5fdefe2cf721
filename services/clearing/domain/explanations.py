"""What a difference most likely comes from and what to do about it, for whoever opens it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.clearing.domain.reconciliation import Cause

EXPLANATION_ZH: Mapping[Cause, str] = MappingProxyType(
    {
        Cause.PENDING_HERE: (
            "平台已收到该请求，结算结果尚未确定；请稍后按请求编号查询，不要另行结算。"
        ),
        Cause.FAILED_HERE: (
            "平台未结算成功（参保地拒付或已放弃），各方均不应入账；"
            "请将对方的记录作废，必要时用新请求编号重新结算。"
        ),
        Cause.NEVER_ARRIVED: (
            "平台从未收到该请求，多为发送失败或未上传；请用原请求编号重发，或作废本地记录。"
        ),
        Cause.OF_ANOTHER_PARTY: ("平台上该笔结算属于另一机构或另一省；请核对对账单中的结算编号。"),
        Cause.REPLY_LOST: (
            "平台已结算，对方没有记录，多为应答丢失或本地记录丢失；"
            "请按请求编号或结算编号查询后补记，或申请冲正；平台上已撤销的，连同撤销一并补记即可。"
        ),
        Cause.DOUBLE_SUBMIT: (
            "同一单据疑似重复提交，用两个请求编号结算了两次，对方只知其一；请核实后撤销多出的一笔。"
        ),
        Cause.RECORDED_TWICE: (
            "对方把平台的同一笔结算记了两次，多为重发后又新建了记录；请作废多出的一条。"
        ),
        Cause.BOOKING_LOST: (
            "平台已结算，参保地没有入账记录，疑似参保地数据丢失或回退；请参保地核查并补记。"
        ),
        Cause.REVERSED_HERE_ONLY: (
            "平台已撤销该笔结算，对方仍按有效处理，多为撤销应答丢失；请对方按平台结果补做退费。"
        ),
        Cause.REVERSED_THERE_ONLY: (
            "对方已退费，平台未收到撤销，参保地仍按有效记账；请补发撤销请求，或更正对方记录。"
        ),
        Cause.AMOUNT_CHANGED: (
            "同一笔结算金额不一致，多为结算后在一方被修改；以平台日志为准，请更正。"
        ),
        Cause.BOOKED_ELSEWHERE: (
            "同一笔结算登记的机构、参保省或险种不一致；以平台日志为准，请更正归属。"
        ),
    }
)

EXPLANATION_EN: Mapping[Cause, str] = MappingProxyType(
    {
        Cause.PENDING_HERE: (
            "The hub has the request and does not know its outcome yet: ask again by request id, do"
            " not settle anew."
        ),
        Cause.FAILED_HERE: (
            "The hub did not settle: the insured region refused, or it was given up. Nobody should"
            " hold it: void the other record, and settle anew with a new request id if need be."
        ),
        Cause.NEVER_ARRIVED: (
            "The request never reached the hub: it was not sent, or sending failed. Repeat it with"
            " its request id, or void the local record."
        ),
        Cause.OF_ANOTHER_PARTY: (
            "The hub has this settlement for another institution or province: check the settlement"
            " id in the statement."
        ),
        Cause.REPLY_LOST: (
            "The hub settled and the other side has no record: the answer or the local record was"
            " lost. Fetch it by request id or settlement id and record it, or have it reversed."
            " Where the hub has taken it back already, record both and no more."
        ),
        Cause.DOUBLE_SUBMIT: (
            "The same bill was probably submitted twice under two request ids, and the other side"
            " knows one of them. Check, and reverse the one too many."
        ),
        Cause.RECORDED_TWICE: (
            "The other side has one settlement of the hub in its books twice: a repeat was probably"
            " recorded as a new one. Void the record too many."
        ),
        Cause.BOOKING_LOST: (
            "The hub settled and the insured region has no booking: its data may have been lost or"
            " set back. The insured region must check and book it."
        ),
        Cause.REVERSED_HERE_ONLY: (
            "The hub took it back and the other side still counts it: the answer to the reversal"
            " was probably lost. The other side must take it back, too."
        ),
        Cause.REVERSED_THERE_ONLY: (
            "The other side took it back and the hub was not told: the insured region still counts"
            " it. Send the reversal, or correct the other record."
        ),
        Cause.AMOUNT_CHANGED: (
            "One settlement with two amounts: it was probably changed on one side after settling."
            " The journal decides; correct the other record."
        ),
        Cause.BOOKED_ELSEWHERE: (
            "One settlement under two institutions, insured provinces or schemes. The journal"
            " decides; correct the other record."
        ),
    }
)
