"""Read masks: what is chosen, which columns it needs, and what the message then holds."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from partner.type.v1 import money_pb2
from services.kit.errors import InvalidArgument
from services.kit.fields import CHOSEN_MAX, Field, Fields, place
from services.kit.money import decimal_text

NOW = datetime(2026, 11, 28, tzinfo=UTC)
MONEY = Fields(
    money_pb2.Money,
    amount=Field(lambda units, scale: f"{units / 10**scale:g}", "units", "scale"),
    currency_code=Field(),
)


def mask(*paths: str) -> FieldMask:
    return FieldMask(paths=paths)


@pytest.mark.parametrize("everything", [mask(), mask("*")])
def test_no_mask_and_a_star_choose_everything(everything: FieldMask) -> None:
    chosen = MONEY.chosen(everything)

    assert chosen.columns == ("units", "scale", "currency_code")
    assert chosen.message((1230, 2, "CNY"), now=NOW) == money_pb2.Money(
        amount="12.3", currency_code="CNY"
    )


def test_a_mask_chooses_the_columns_that_its_fields_need() -> None:
    chosen = MONEY.chosen(mask("currency_code"))

    assert chosen.columns == ("currency_code",)
    assert chosen.messages([("CNY",), ("USD", 7)], now=NOW) == [
        money_pb2.Money(currency_code="CNY"),
        money_pb2.Money(currency_code="USD"),
    ]


def test_a_mask_that_names_no_field_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidArgument, match="names no field") as refused:
        MONEY.chosen(mask("amount", "amount.value"))

    assert refused.value.field == "read_mask.paths[1]"


def test_a_declaration_must_have_the_fields_of_its_message() -> None:
    with pytest.raises(TypeError, match="amount, colour"):
        Fields(money_pb2.Money, colour=Field(), currency_code=Field())


def test_a_timed_field_is_made_with_the_time_of_the_call() -> None:
    fields = Fields(
        money_pb2.Money,
        amount=Field(lambda due, now: "0" if due < now else "1", "due", timed=True),
        currency_code=Field(),
    )

    thing = SimpleNamespace(due=datetime(2026, 1, 1, tzinfo=UTC), currency_code="CNY")

    assert fields.everything.message_of(thing, now=NOW).amount == "0"


def test_chosen_fields_are_kept_and_their_number_is_bounded() -> None:
    fields = Fields(money_pb2.Money, amount=Field(decimal_text), currency_code=Field())
    first = fields.chosen(mask("amount"))

    again = fields.chosen(mask("amount"))
    for times in range(CHOSEN_MAX + 1):
        fields.chosen(mask(*["amount"] * (times + 2)))

    assert again is first
    assert len(fields._known) <= CHOSEN_MAX


def test_the_place_of_a_row_is_its_sort_value_and_its_id() -> None:
    assert place(("name", 5, UUID(int=1))) == ((5,), UUID(int=1))
