"""Payment agreements: what they say, and that their bytes are always the same."""

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from multiprocessing import get_context

import pytest

from services.billing.contracts.documents import PaymentAgreement, payment_agreement
from services.billing.contracts.model import CharacterNotPrintable, ContractTerms, Installment
from services.kit.money import Money

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def cny(text: str) -> Money:
    return Money(Decimal(text), "CNY")


def an_agreement(*, name: str = "云服务采购", party_a: str = "云海科技") -> PaymentAgreement:
    return payment_agreement(
        number="PA-20261128-7K3QX9MD",
        party_a=party_a,
        party_b="华云计算",
        terms=ContractTerms(
            name=name,
            amount=cny("12000"),
            promised_payment_date=date(2027, 3, 1),
            payment_plan=[
                Installment(date(2026, 12, 1), cny("5000.5")),
                Installment(date(2027, 3, 1), cny("6999.5")),
            ],
        ),
        now=NOW,
    )


def test_a_document_has_the_same_bytes_whoever_makes_it() -> None:
    make = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))

    with make:
        theirs = [make.submit(_digest).result() for _ in range(2)]

    assert theirs == [_digest()] * 2


def test_another_amount_party_or_time_makes_another_document() -> None:
    made = {
        an_agreement().to_pdf(now=NOW),
        an_agreement(name="云服务续订").to_pdf(now=NOW),
        an_agreement(party_a="云山科技").to_pdf(now=NOW),
        an_agreement().to_pdf(now=NOW.replace(hour=13)),
    }

    assert len(made) == 4


def test_a_document_is_a_pdf_for_the_archive() -> None:
    pdf = an_agreement().to_pdf(now=NOW)

    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>2<" in pdf


def test_the_text_says_everything_that_was_agreed() -> None:
    lines = an_agreement().to_text().splitlines()

    assert lines[0] == "云服务付款协议 Cloud Services Payment Agreement"
    assert lines[1:8] == [
        "合同编号 Contract number: PA-20261128-7K3QX9MD",
        "合同名称 Contract name: 云服务采购",
        "甲方 Party A: 云海科技",
        "乙方 Party B: 华云计算",
        "合同金额 Amount: CNY 12,000.00",
        "承诺付款日 Promised payment date: 2027-03-01",
        "生成日期 Generated on: 2026-11-28",
    ]
    assert lines[-2:] == ["1 | 2026-12-01 | CNY 5,000.50", "2 | 2027-03-01 | CNY 6,999.50"]


@pytest.mark.parametrize("name", ['#set "x" *y* $z$ @a <b> \\ [c]', "𠮷野家", "한국어 日本語"])
def test_names_are_text_and_not_markup(name: str) -> None:
    assert an_agreement(name=name).to_pdf(now=NOW).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "missing"), [("云🐸海", "🐸"), ("नम", "न"), ("\U0003fffd", "\\u{3fffd}")]
)
def test_a_character_that_the_font_lacks_is_refused_and_named(name: str, missing: str) -> None:
    with pytest.raises(CharacterNotPrintable) as caught:
        an_agreement(name=name).to_pdf(now=NOW)

    assert caught.value.metadata["text"].startswith(missing)


def test_a_defect_of_the_template_is_no_refusal() -> None:
    agreement = an_agreement()
    object.__setattr__(agreement, "facts", ())

    with pytest.raises(Exception, match="out of bounds") as caught:
        agreement.to_pdf(now=NOW)

    assert not isinstance(caught.value, CharacterNotPrintable)


def _digest() -> str:
    return sha256(an_agreement().to_pdf(now=NOW)).hexdigest()
