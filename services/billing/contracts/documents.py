"""Writes the payment agreement (付款协议): as lines for a screen, and as PDF, both of one text.

The same contract gives the same bytes: the document knows no clock but the contract's, and no
fonts but the one that comes with the installation, of a fixed release.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final

import typst
from noto_cjk_sans_otc import FONT_PATH

from services.billing.contracts.model import SITE_ZONE, CharacterNotPrintable, ContractTerms
from services.kit.money import Money

TITLE: Final = "云服务付款协议 Cloud Services Payment Agreement"
# In Chinese and in English.
CLAUSES: Final = (
    (
        "甲方承诺不迟于承诺付款日向乙方付清合同金额；约定付款计划的，按付款计划分期付清。",
        (
            "Party A promises to pay the amount to Party B by the promised payment date, "
            "in installments where a payment plan is agreed."
        ),
    ),
    (
        "本协议供甲方内部记账使用，所载内容须与实际付款一致，否则本协议无效。",
        (
            "This agreement serves Party A's own bookkeeping. "
            "It must match the real payment; otherwise it is invalid."
        ),
    ),
    (
        "本协议由甲方在线申请，经系统生成即告成立，无需乙方另行审批。",
        (
            "Party A has applied for this agreement online. "
            "It comes into being when it is generated, without approval by Party B."
        ),
    ),
)
PLAN_TITLE: Final = "付款计划 Payment plan"
PLAN_HEADINGS: Final = ("期次 No.", "付款日 Due date", "金额 Amount")
# For the archive: all glyphs are inside.
PDF_STANDARD: Final = "a-2b"
# In a preview, instead of a number.
NO_NUMBER: Final = "（预览 Preview）"

_TEMPLATE: Final = files(__package__).joinpath("payment_agreement.typ")
_NOT_PRINTABLE: Final = re.compile(r'the text `"(.+?)"` could not be displayed')


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAgreement:
    """What the document says, in the order in which it says it."""

    title: str
    party_a: str
    party_b: str
    facts: Sequence[tuple[str, str]]
    clauses: Sequence[str]
    plan_title: str
    plan_headings: Sequence[str]
    plan: Sequence[tuple[str, str, str]]

    def to_text(self) -> str:
        lines = [self.title, *(f"{label}: {text}" for label, text in self.facts)]
        lines += [f"{number}. {clause}" for number, clause in enumerate(self.clauses, 1)]
        if self.plan:
            lines += [
                self.plan_title,
                *(" | ".join(row) for row in (self.plan_headings, *self.plan)),
            ]
        return "\n".join(lines)

    def to_pdf(self, *, now: datetime) -> bytes:
        """Set the document.

        :raises CharacterNotPrintable: where the font lacks a character; PDF/A keeps none back.
        """
        compiler = typst.Compiler(
            _TEMPLATE.read_bytes(),
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"agreement": json.dumps(asdict(self), ensure_ascii=False)},
        )
        try:
            pdf = compiler.compile(
                format="pdf", pdf_standards="a-2b", timestamp=int(now.timestamp())
            )
        except typst.TypstError as error:
            match = _NOT_PRINTABLE.search(str(error))
            if match is None:
                raise
            raise CharacterNotPrintable(f"{match[1]} can not be printed", text=match[1]) from None
        assert isinstance(pdf, bytes)
        return pdf


def payment_agreement(
    *, number: str, party_a: str, party_b: str, terms: ContractTerms, now: datetime
) -> PaymentAgreement:
    """Write what a partner applies for."""
    return PaymentAgreement(
        title=TITLE,
        party_a=party_a,
        party_b=party_b,
        facts=(
            ("合同编号 Contract number", number),
            ("合同名称 Contract name", terms.name),
            ("甲方 Party A", party_a),
            ("乙方 Party B", party_b),
            ("合同金额 Amount", amount_text(terms.amount)),
            ("承诺付款日 Promised payment date", terms.promised_payment_date.isoformat()),
            ("生成日期 Generated on", now.astimezone(SITE_ZONE).date().isoformat()),
        ),
        clauses=[f"{chinese} {english}" for chinese, english in CLAUSES],
        plan_title=PLAN_TITLE,
        plan_headings=PLAN_HEADINGS,
        plan=[
            (str(index), one.due_date.isoformat(), amount_text(one.amount))
            for index, one in enumerate(terms.payment_plan, 1)
        ],
    )


def amount_text(amount: Money) -> str:
    """Write an amount for people: "CNY 12,000.00"."""
    return f"{amount.currency_code} {amount.amount:,.2f}"


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(FONT_PATH.parent)],
    )
