"""What whoever sent a file should do about each reason, Chinese and English."""

from __future__ import annotations

from typing import Final

from services.kit.reasons import TEXT_ZH

LOCAL_ZH: Final = {
    "NOT_UTF8": "该行不是 UTF-8 文本",
    "BAD_ENCODING": "该行不是所指定编码的文本",
    "LINE_TOO_LONG": "该行超过 64 KiB",
    "COLUMN_COUNT": "列数与表头不符",
    "QUOTE_OPEN": "引号不成对",
    "CONTROL_CHARACTER": "含控制字符",
    "FIELD_MISSING": "必填项为空",
    "ROW_OF_SAME_PERSON": "同一参保人的其他行被拒，整人未入库",
    "PERSON_ROWS_DISAGREE": "同一参保人各行的姓名、性别、出生日期或账户不一致",
    "PERSON_TWICE": "同一参保人的行不相邻",
    "OTHER_PROVINCE": "不属于所指定的地区",
    "ACCOUNT_REFUSED": "人员已入库，个人账户未入账",
    "ENTITLEMENT_REFUSED": "人员已入库，救助身份未入库",
}
"""Reasons that are found before the hub is asked."""

WHAT_TO_DO: Final = {
    "NOT_UTF8": (
        "文件若为 GBK/GB18030，请加 --encoding gb18030 重新载入；否则请另存为 UTF-8",
        "if it is GBK or GB18030, load it again with --encoding gb18030; else save it as UTF-8",
    ),
    "BAD_ENCODING": (
        "请去掉 --encoding 重试，或修正该行后另存为 UTF-8",
        "try without --encoding, or mend the line and save the file as UTF-8",
    ),
    "LINE_TOO_LONG": (
        "每行一条记录，以换行符结束；检查是否缺少换行",
        "one record a line, ended by a line feed; look for missing line feeds",
    ),
    "COLUMN_COUNT": (
        "字段内含逗号时请加双引号；检查是否多列或缺列",
        "quote fields that hold a comma; look for a column too many or too few",
    ),
    "QUOTE_OPEN": (
        "双引号须成对，字段内的双引号写两次，字段内不得换行",
        "close the quote, write a quote inside a field twice, no line break inside a field",
    ),
    "CONTROL_CHARACTER": (
        "删除不可见的控制字符后重新导出",
        "remove invisible control characters and export again",
    ),
    "FIELD_MISSING": ("补填必填项", "fill in what is required"),
    "FIELD_INVALID": (
        "按 docs/loading.md 的格式修正该列",
        "correct the column, docs/loading.md has its form",
    ),
    "ID_NUMBER_INVALID": (
        "核对身份证号码（18 位，末位 X 大写）",
        "check the id number: 18 characters, a last X in upper case",
    ),
    "PERSON_MISMATCH": (
        "性别、出生日期须与身份证号码一致；卡须属于本人",
        "sex and birth date must agree with the id number, and the card be the person's own",
    ),
    "REGION_UNKNOWN": (
        "使用 GB/T 2260 六位区划代码",
        "use a six-digit code of GB/T 2260",
    ),
    "ROW_OF_SAME_PERSON": (
        "修正该参保人被拒的行，并将其全部行一起重新载入",
        "correct the person's row that was refused and load all rows of the person again",
    ),
    "PERSON_ROWS_DISAGREE": (
        "使各行一致，账户余额只写一行",
        "make the rows agree; state the account balance in one of them",
    ),
    "PERSON_TWICE": (
        "将同一参保人的行排在一起",
        "put the rows of a person next to each other",
    ),
    "OTHER_PROVINCE": (
        "从文件中删除，由其所属地区报送，或更正 --region",
        "leave the row to its own region, or correct --region",
    ),
    "CARD_ALREADY_ACTIVE": (
        "同类卡只能有一张有效：先补换或注销旧卡（CardService），再载入",
        "one active card of a kind: replace or cancel the old one (CardService), then load again",
    ),
    "CARD_STATE_FORBIDS": (
        "卡状态只能按卡业务变更（CardService），不能由文件直接改回",
        "a card's state changes by CardService; a file cannot take it back",
    ),
    "CARD_NUMBER_TAKEN": ("核对卡号，该号已属他人", "check the number, it is another person's"),
    "ACCOUNT_REFUSED": (
        "修正余额后单独重新载入该参保人",
        "correct the balance and load the person again",
    ),
    "ENTITLEMENT_REFUSED": (
        "修正救助身份代码后单独重新载入该参保人",
        "correct the identity of medical aid and load the person again",
    ),
    "DISEASE_CODE_UNKNOWN": (
        "使用国家门诊慢特病病种代码",
        "use a national code of a chronic disease",
    ),
    "CATALOGUE_PERIOD_OVERLAP": (
        "同一编码的有效期不得重叠：前一条的结束日应早于后一条的开始日",
        "periods of one code must not overlap: end the one before the other begins",
    ),
    "MAPPING_PERIOD_OVERLAP": (
        "同一编码的有效期不得重叠",
        "periods of one code must not overlap",
    ),
    "MAPPING_TARGET_UNKNOWN": (
        "目标编码须在地区对照或国家目录中；暂无对照时留空",
        "the target must be in the region's mapping or the catalogue; none yet: leave it empty",
    ),
    "CREDENTIAL_UNKNOWN": (
        "先载入人员（yijie load persons），再载入备案",
        "load the person first (yijie load persons), then the filing",
    ),
    "INSURANCE_NOT_IN_FORCE": (
        "核对参保状态；暂停或终止参保的不能备案",
        "check the insurance: nobody files while it is suspended or ended",
    ),
    "FILING_OF_ANOTHER_PROVINCE": (
        "由参保人的参保地办理",
        "the filing belongs to the person's insured region",
    ),
    "FILING_EVIDENCE_MISSING": (
        "长期备案须有证明材料或承诺书，转诊须有转诊证明",
        "long-term filings need papers or a commitment letter, referrals their proof",
    ),
    "FILING_TOO_LATE": (
        "开始日期早于参保地允许的最早日期；改为允许的日期",
        "it begins before the insured region's earliest date for filing afterwards",
    ),
    "NOT_CROSS_PROVINCE": (
        "就医地须在其他省份",
        "the target must lie in another province",
    ),
    "COMMITMENT_BARRED": (
        "该人曾有不实承诺，须提交证明材料",
        "the person gave a false commitment before: hand in papers",
    ),
    "UPLOAD_DIFFERS": (
        "内容有改动的，在 action 列填 replace 更正，或填 withdraw 撤回",
        "if the change is meant, write replace in the column action, or withdraw",
    ),
    "UPLOAD_UNKNOWN": (
        "没有可更正或撤回的记录：首次上传时 action 列留空",
        "there is nothing to replace or withdraw: leave the column action empty",
    ),
    "LOCAL_COST_GROUPED": (
        "同一机构、月份、类别按病种上传，或只报一行合计，二者取一；先撤回另一种",
        "give rows by disease group or one row for all; withdraw the other kind first",
    ),
    "INTERNAL": (
        "平台内部错误：单独重新载入该行，仍出现请联系运维",
        "a defect of the hub: load the row again by itself; if it stays, tell its operators",
    ),
    "REQUEST_ID_REUSED": (
        "本文件的这一部分曾以其他内容载入；请将未入库的行另存为新文件载入",
        "this part was taken before with other rows: put what is missing into a file of its own",
    ),
    "CATALOGUE_VERSION_PUBLISHED": (
        "换一个 --version 再导入",
        "choose another --version",
    ),
    "MAPPING_VERSION_PUBLISHED": ("换一个 --version 再导入", "choose another --version"),
}
"""By reason: (Chinese, English)."""


def what_to_do(reason: str) -> tuple[str, str]:
    """Returns what to do about a reason, in Chinese and English; never nothing."""
    return WHAT_TO_DO.get(reason) or (
        TEXT_ZH.get(reason, "按问题说明修正该行"),
        "correct the row as the problem says",
    )
