"""Pages of a list: complete, in order, and no token fits where it was not made."""

from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from services.kit.paging import PageTokens, keyset, search, search_exact_case
from tests.builders.frogs import Frog, frogs_pb2
from tests.builders.principals import (
    a_tenant,
    an_account_manager,
    an_administrator,
)
from tests.builders.running import RunningService

WEIGHTS = ["3", "1", None, "2", "1", None, "1", "3"]
ORDERS = ["NAME_ASC", "NAME_DESC", "WEIGHT_ASC", "WEIGHT_DESC"]


async def a_pond_full(frogs: RunningService) -> Any:
    """Give an administrator whose frogs have equal and missing weights."""
    tenant = a_tenant()
    principal = an_administrator(tenant)
    async with frogs.database.transaction(principal) as session:
        session.add_all(
            Frog(
                tenant_id=tenant,
                partner_id=tenant,
                name=f"frog {index % 3}",
                weight=None if weight is None else Decimal(weight),
            )
            for index, weight in enumerate(WEIGHTS)
        )
    return principal


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 3, 8])
async def test_pages_put_together_are_the_whole_list(
    frogs: RunningService, order: str, size: int
) -> None:
    principal = await a_pond_full(frogs)
    order_by = f"FROG_ORDER_{order}"
    whole = await frogs.call(frogs_pb2.ListFrogsRequest(order_by=order_by), principal=principal)

    seen, token, pages = [], "", 0
    while token or not pages:
        page = await frogs.call(
            frogs_pb2.ListFrogsRequest(page_size=size, page_token=token, order_by=order_by),
            principal=principal,
        )
        seen.extend(page.frogs)
        token = page.next_page_token
        pages += 1

    assert seen == list(whole.frogs)
    assert len({frog.id for frog in seen}) == len(WEIGHTS)
    assert pages == -(-len(WEIGHTS) // size)


@pytest.mark.parametrize("order", ORDERS)
async def test_an_items_token_goes_on_behind_the_item(frogs: RunningService, order: str) -> None:
    principal = await a_pond_full(frogs)
    order_by = f"FROG_ORDER_{order}"
    whole = await frogs.call(
        frogs_pb2.ListFrogsRequest(order_by=order_by, with_item_tokens=True), principal=principal
    )

    for index, token in enumerate(whole.item_tokens):
        rest = await frogs.call(
            frogs_pb2.ListFrogsRequest(order_by=order_by, page_token=token), principal=principal
        )
        assert list(rest.frogs) == list(whole.frogs)[index + 1 :]


async def test_search_takes_special_characters_for_themselves(frogs: RunningService) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)
    names = ["100%", "100x", "a_b", "aXb", "back\\slash", "Ünï", "客户"]
    async with frogs.database.transaction(principal) as session:
        session.add_all(Frog(tenant_id=tenant, partner_id=tenant, name=name) for name in names)

    for term, expected in [
        ("0%", ["100%"]),
        ("a_b", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("ÜNÏ", ["Ünï"]),
        ("客", ["客户"]),
        ("axB", ["aXb"]),
    ]:
        found = await frogs.call(
            frogs_pb2.ListFrogsRequest(filter={"name": term}), principal=principal
        )
        assert [frog.name for frog in found.frogs] == expected


@pytest.mark.parametrize("term", ["", " ", "a b", " a", "a\t", "\u3000", "x" * 201])
@pytest.mark.parametrize("how", [search, search_exact_case])
def test_a_blank_in_a_search_is_refused(how: Any, term: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        how(Frog.name, term, field="filter.name")

    assert caught.value.field == "filter.name"


TENANT = a_tenant()
SCOPE = an_administrator(TENANT).scope


def a_request(**fields: Any) -> Any:
    return frogs_pb2.ListFrogsRequest(
        **{"filter": {"name": "Ada"}, "order_by": "FROG_ORDER_NAME_ASC"} | fields
    )


def a_token(pages: PageTokens, **fields: Any) -> str:
    page = pages.page(a_request(**fields), scope=SCOPE)
    return pages.token(page, ["Ada"], new_id())


@pytest.mark.parametrize(
    ("size", "expected"), [(0, 50), (1, 1), (500, 500), (501, 500), (2_000_000_000, 500)]
)
def test_a_page_has_a_bound(pages: PageTokens, size: int, expected: int) -> None:
    assert pages.page(a_request(page_size=size), scope=SCOPE).size == expected


def test_a_negative_size_is_refused(pages: PageTokens) -> None:
    with pytest.raises(InvalidArgument) as caught:
        pages.page(a_request(page_size=-1), scope=SCOPE)

    assert caught.value.field == "page_size"


VALUES = [
    None,
    "n客户",
    "",
    7,
    -(10**17),
    True,
    Decimal("1.500000000000001"),
    date(2026, 2, 28),
    datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    new_id(),
]


def test_values_of_every_kind_come_back_as_they_were(pages: PageTokens) -> None:
    last = new_id()
    token = pages.token(pages.page(a_request(), scope=SCOPE), VALUES, last)

    page = pages.page(a_request(page_token=token, page_size=9), scope=SCOPE)

    assert page.after == (*VALUES, last)
    assert page.after is not None
    assert list(map(type, page.after[:-1])) == list(map(type, VALUES))


@pytest.mark.parametrize(
    "change",
    [
        {"filter": {"name": "Eve"}},
        {"filter": {}},
        {"filter": {"name": "Ada", "colours": [1]}},
        {"order_by": "FROG_ORDER_NAME_DESC"},
    ],
)
def test_a_token_of_another_list_is_refused(pages: PageTokens, change: dict[str, Any]) -> None:
    token = a_token(pages)

    with pytest.raises(InvalidArgument) as caught:
        pages.page(a_request(page_token=token, **change), scope=SCOPE)

    assert caught.value.field == "page_token"


@pytest.mark.parametrize(
    "principal",
    [
        an_administrator(a_tenant()),
        an_administrator(TENANT, partner_id=new_id()),
        an_account_manager(TENANT, account_manager_id=new_id()),
    ],
    ids=["another tenant", "a reseller", "an account manager"],
)
def test_a_token_of_another_scope_is_refused(pages: PageTokens, principal: Any) -> None:
    token = a_token(pages)

    with pytest.raises(InvalidArgument):
        pages.page(a_request(page_token=token), scope=principal.scope)


def test_a_token_with_one_character_changed_is_refused(pages: PageTokens) -> None:
    token = a_token(pages)

    for index, character in enumerate(token):
        changed = token[:index] + ("A" if character != "A" else "B") + token[index + 1 :]
        if changed[:-1] == token[:-1]:
            # The last character may carry bits that mean nothing.
            continue
        with pytest.raises(InvalidArgument):
            pages.page(a_request(page_token=changed), scope=SCOPE)


@pytest.mark.parametrize("token", ["x", "ä", "====", "A" * 50, "%%%", " "])
def test_a_text_that_is_no_token_is_refused(pages: PageTokens, token: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        pages.page(a_request(page_token=token), scope=SCOPE)

    assert caught.value.field == "page_token"


def test_a_token_of_another_installation_is_refused(pages: PageTokens) -> None:
    with pytest.raises(InvalidArgument):
        PageTokens(b"x" * 32).page(a_request(page_token=a_token(pages)), scope=SCOPE)


def test_a_token_does_not_tell_the_sort_values_in_it(pages: PageTokens) -> None:
    page = pages.page(a_request(), scope=SCOPE)

    token = pages.token(page, ["Ada Lovelace"], new_id())

    opened = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"Ada" not in opened
    assert b"Lovelace" not in opened


def test_the_same_place_in_a_list_has_one_token(pages: PageTokens) -> None:
    page, last = pages.page(a_request(), scope=SCOPE), new_id()

    assert pages.token(page, ["Ada"], last) == pages.token(page, ["Ada"], last)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        PageTokens(b"short")


def test_a_groups_token_fits_the_list_of_its_parent(pages: PageTokens) -> None:
    batch = frogs_pb2.BatchListFrogsRequest(pond_ids=["pnd_a", "pnd_b"], filter={"name": "Ada"})
    page = pages.page(batch, scope=SCOPE)
    token = pages.token(pages.below(page, "pond_id", "pnd_a"), ["x"], new_id())

    def asked(pond_id: str) -> Any:
        wanted = {"name": "Ada", "pond_id": pond_id}
        return frogs_pb2.ListFrogsRequest(filter=wanted, page_token=token)

    after = pages.page(asked("pnd_a"), scope=SCOPE).after
    assert after is not None
    assert after[0] == "x"
    with pytest.raises(InvalidArgument):
        pages.page(asked("pnd_b"), scope=SCOPE)


def test_keys_without_null_are_compared_as_a_row(pages: PageTokens) -> None:
    page = pages.page(a_request(page_token=a_token(pages)), scope=SCOPE)

    statement = keyset(select(Frog), sort=[(Frog.name, "desc"), (Frog.id, "desc")], page=page)

    assert "(frogs.name, frogs.id) <" in str(statement)


@pytest.mark.parametrize(
    ("direction", "condition"),
    [("desc", "(frogs.weight, frogs.id) <"), ("asc", "frogs.weight IS NULL OR")],
)
def test_a_key_that_may_be_null_is_compared_as_a_row_where_null_comes_first(
    pages: PageTokens, direction: Any, condition: str
) -> None:
    page = replace(pages.page(a_request(), scope=SCOPE), after=(Decimal(1), new_id()))

    statement = keyset(
        select(Frog), sort=[(Frog.weight, direction), (Frog.id, direction)], page=page
    )

    assert condition in str(statement)


def test_a_token_with_another_number_of_keys_is_refused(pages: PageTokens) -> None:
    page = pages.page(a_request(page_token=a_token(pages)), scope=SCOPE)

    with pytest.raises(InvalidArgument):
        keyset(select(Frog), sort=[(Frog.id, "asc")], page=page)
