"""CustomerService over real gRPC: masks, roles, reveals, repetitions, refusals."""

import asyncio
from datetime import UTC
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import func, select

from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2
from services.customers.customers.model import CustomerReveal, cycle_of
from services.kit.identity import Principal, Role
from services.kit.ids import new_id, to_text
from tests.builders.customer_reads import WHOLE_CUSTOMER
from tests.builders.customers import (
    PLATFORM,
    a_new_customer,
    a_request_id,
    add_customer,
    add_customers,
    add_manager,
    add_reseller,
    at,
    list_names,
    open_tenant,
    uuid_of,
)
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    a_person,
    a_system,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService

EVERYTHING: dict[str, Any] = dict(WHOLE_CUSTOMER)
PAID = money_pb2.Money(amount="12.345678901234567", currency_code="CNY")
MASKED = {
    "account_name": "z***",
    "name": "张***",
    "email": "z***@example.com",
    "mobile": "138***5678",
}


@pytest.fixture
async def tenant(service: RunningService) -> UUID:
    """Open a distributor of its own."""
    return await open_tenant(service, kind="DISTRIBUTOR")


async def test_all_that_is_known_comes_back_and_personal_data_masked(
    service: RunningService, tenant: UUID
) -> None:
    manager = await add_manager(service, tenant)
    known = EVERYTHING | {"account_manager_id": manager.id}
    unmasked = await add_customer(service, tenant, external_id="ext-1", **known)

    shown = await service.call(
        customers_pb2.GetCustomerRequest(id=unmasked.id), principal=an_administrator(tenant)
    )

    expected = known | {
        "id": unmasked.id,
        "partner_id": to_text("ptr", tenant),
        "external_id": "ext-1",
        "external_platform": PLATFORM,
        "month_to_date_spend": money_pb2.Money(amount="0", currency_code="CNY"),
        "create_time": unmasked.create_time,
    }
    assert unmasked == customers_pb2.Customer(**expected)
    assert shown == customers_pb2.Customer(**expected | MASKED)


async def test_ensure_customers_tells_people_nothing_of_known_customers_but_masks(
    service: RunningService, tenant: UUID
) -> None:
    known = await add_customer(service, tenant, external_id="ext-1", **EVERYTHING)
    request = customers_pb2.EnsureCustomersRequest(
        request_id="again", customers=[a_new_customer("ext-1")]
    )

    answer = await service.call(request, principal=an_operator(tenant))

    assert [(one.id, one.name, one.mobile) for one in answer.customers] == [
        (known.id, MASKED["name"], MASKED["mobile"])
    ]


async def test_list_and_batch_get_mask_alike(service: RunningService, tenant: UUID) -> None:
    one, two = await add_customers(
        service, tenant, a_new_customer("one", **EVERYTHING), a_new_customer("two")
    )
    administrator = an_administrator(tenant)

    listed = await service.call(customers_pb2.ListCustomersRequest(), principal=administrator)
    gotten = await service.call(
        customers_pb2.BatchGetCustomersRequest(ids=[one.id, to_text("cus", new_id()), two.id]),
        principal=administrator,
    )

    assert {customer.id for customer in listed.customers} == {one.id, two.id}
    assert [customer.id for customer in gotten.customers] == [one.id, two.id]
    for customer in (*listed.customers, *gotten.customers):
        name = {"name": "张***"} if customer.id == one.id else {}
        assert ({"name": customer.name} if customer.HasField("name") else {}) == name
        assert customer.account_name[1:] == "***"


async def test_pages_follow_one_another_and_any_item_can_be_gone_on_from(
    service: RunningService, tenant: UUID
) -> None:
    names = ["a", "b", "c"]
    await add_customers(
        service, tenant, *(a_new_customer(name, associate_time=at("2024-01-01")) for name in names)
    )
    administrator = an_administrator(tenant)
    order_by = customers_pb2.CUSTOMER_ORDER_ASSOCIATE_TIME_ASC
    request = customers_pb2.ListCustomersRequest(
        page_size=2, order_by=order_by, with_item_tokens=True
    )

    first = await service.call(request, principal=administrator)
    request.page_token = first.item_tokens[0]
    second = await service.call(request, principal=administrator)

    assert [one.external_id for one in first.customers] == ["a", "b"]
    assert first.item_tokens[1] == first.next_page_token
    assert [one.external_id for one in second.customers] == ["b", "c"]
    assert second.next_page_token == ""
    every = await list_names(service, administrator, order_by=order_by, page_size=1)
    assert every == names


async def test_a_page_token_fits_neither_another_filter_nor_another_order_nor_tenant(
    service: RunningService, tenant: UUID
) -> None:
    await add_customers(service, tenant, a_new_customer("a"), a_new_customer("b"))
    other = await open_tenant(service)
    page = await service.call(
        customers_pb2.ListCustomersRequest(page_size=1), principal=an_administrator(tenant)
    )
    named = customers_pb2.CustomerFilter(name="a")
    by_name = customers_pb2.CUSTOMER_ORDER_NAME_ASC

    for principal, differing in (
        (an_administrator(tenant), {"filter": named}),
        (an_administrator(tenant), {"order_by": by_name}),
        (an_administrator(other), {}),
    ):
        request = customers_pb2.ListCustomersRequest(page_token=page.next_page_token, **differing)
        refusal = await service.refusal(request, principal=principal)
        assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", "page_token")


async def test_count_customers_counts_what_is_listed(service: RunningService, tenant: UUID) -> None:
    await add_customers(service, tenant, a_new_customer("a", tags=["Gold"]), a_new_customer("b"))
    request = customers_pb2.CountCustomersRequest(filter=customers_pb2.CustomerFilter(tag="old"))

    answer = await service.call(request, principal=an_administrator(tenant))

    assert answer.total_count == 1


@pytest.mark.parametrize(
    ("known", "field"),
    [
        ({"associate_time_from": at("2024-02-01"), "associate_time_to": at("2024-01-01")}, None),
        (
            {
                "nearest_expire_time_from": at("2024-02-01"),
                "nearest_expire_time_to": at("2024-01-01"),
            },
            None,
        ),
        (
            {
                "month_to_date_spend_min": money_pb2.Money(amount="2", currency_code="CNY"),
                "month_to_date_spend_max": money_pb2.Money(amount="1", currency_code="CNY"),
            },
            None,
        ),
        ({"name": "two words"}, "name"),
        ({"customer_id": "cus_"}, "customer_id"),
        ({"customer_id": "ptr_01h455vb4pex5vsknk084sn02q"}, "customer_id"),
        ({"indirect_partner_id": ""}, "indirect_partner_id"),
        (
            {"month_to_date_spend_min": money_pb2.Money(amount="1e3", currency_code="CNY")},
            "month_to_date_spend_min.amount",
        ),
        (
            {"month_to_date_spend_max": money_pb2.Money(amount="1", currency_code="USD")},
            "month_to_date_spend_max.currency_code",
        ),
    ],
)
async def test_a_malformed_filter_is_refused_by_its_field(
    service: RunningService, tenant: UUID, known: dict[str, Any], field: str | None
) -> None:
    request = customers_pb2.ListCustomersRequest(filter=customers_pb2.CustomerFilter(**known))

    refusal = await service.refusal(request, principal=an_administrator(tenant))

    assert refusal.reason == "INVALID_ARGUMENT"
    # A range that is reversed is refused at its end.
    assert refusal.violations[0][0] == f"filter.{field or list(known)[1]}"


async def test_a_foreign_customer_is_not_found_like_one_that_never_was(
    service: RunningService, tenant: UUID
) -> None:
    foreign = await add_customer(service, await open_tenant(service))

    refusals = [
        await service.refusal(
            customers_pb2.GetCustomerRequest(id=id_), principal=an_administrator(tenant)
        )
        for id_ in (foreign.id, to_text("cus", new_id()))
    ]

    assert refusals[0] == refusals[1]
    assert (refusals[0].code, refusals[0].message) == ("NOT_FOUND", "customer not found")


async def test_who_may_name_a_reseller(service: RunningService, tenant: UUID) -> None:
    reseller = await add_reseller(service, tenant)
    foreign = await add_reseller(service, await open_tenant(service, kind="DISTRIBUTOR"))
    await add_customer(service, tenant, external_id="theirs", indirect_partner_id=reseller.id)
    distributor = an_administrator(tenant)
    itself = an_administrator(tenant, partner_id=uuid_of(reseller.id))

    def asking(id_: str) -> customers_pb2.ListCustomersRequest:
        filter_ = customers_pb2.CustomerFilter(indirect_partner_id=id_)
        return customers_pb2.ListCustomersRequest(filter=filter_)

    named = await list_names(service, distributor, indirect_partner_id=reseller.id)
    refusals = [
        await service.refusal(asking(id_), principal=principal)
        for principal, id_ in (
            (distributor, foreign.id),
            (distributor, to_text("ptr", new_id())),
            (itself, reseller.id),
        )
    ]

    assert named == ["theirs"]
    assert refusals[0] == refusals[1] == refusals[2]
    assert refusals[0].reason == "INDIRECT_PARTNER_FORBIDDEN"
    assert refusals[0].code == "PERMISSION_DENIED"


async def test_a_customer_sees_itself_masked(service: RunningService, tenant: UUID) -> None:
    one, two = await add_customers(
        service, tenant, a_new_customer("one", **EVERYTHING), a_new_customer("two")
    )
    itself = a_customers_user(tenant, customer_id=uuid_of(one.id))

    listed = await service.call(customers_pb2.ListCustomersRequest(), principal=itself)
    refusal = await service.refusal(customers_pb2.GetCustomerRequest(id=two.id), principal=itself)

    assert [customer.name for customer in listed.customers] == ["张***"]
    assert refusal.code == "NOT_FOUND"


async def revealing(
    service: RunningService, principal: Principal, *ids: str, request_id: str | None = None
) -> list[customers_pb2.Customer]:
    request = customers_pb2.RevealCustomersRequest(
        request_id=request_id or a_request_id(), customer_ids=ids, reason="call back"
    )
    answer = await service.call(request, principal=principal)
    return list(answer.customers)


async def lines(service: RunningService, tenant: UUID) -> int:
    async with service.database.transaction(a_system(tenant)) as session:
        return await session.scalar(select(func.count()).select_from(CustomerReveal)) or 0


async def test_reveal_customers_shows_own_customers_and_writes_each_line_once(
    service: RunningService, tenant: UUID
) -> None:
    reseller = await add_reseller(service, tenant)
    ours, theirs = await add_customers(
        service,
        tenant,
        a_new_customer("ours", **EVERYTHING),
        a_new_customer("theirs", indirect_partner_id=reseller.id),
    )
    administrator = an_administrator(tenant)

    for _ in range(2):
        shown = await revealing(service, administrator, theirs.id, ours.id, request_id="once")
        assert shown == [ours]

    assert await lines(service, tenant) == 1


async def test_reveal_customers_is_for_administrators_and_the_manager_in_charge(
    service: RunningService, tenant: UUID
) -> None:
    li, wang = [await add_manager(service, tenant) for _ in range(2)]
    customer = await add_customer(service, tenant, account_manager_id=li.id, **EVERYTHING)
    in_charge = an_account_manager(tenant, account_manager_id=uuid_of(li.id))
    other = an_account_manager(tenant, account_manager_id=uuid_of(wang.id))

    assert await revealing(service, in_charge, customer.id) == [customer]
    assert await revealing(service, other, customer.id) == []
    request = customers_pb2.RevealCustomersRequest(
        request_id="r", customer_ids=[customer.id], reason="why"
    )
    for principal in (
        a_finance_operator(tenant),
        a_director(tenant, team=(uuid_of(li.id),)),
        a_customers_user(tenant, customer_id=uuid_of(customer.id)),
        an_operator(tenant),
    ):
        refusal = await service.refusal(request, principal=principal)
        assert refusal.reason == "PERMISSION_DENIED"
    assert await lines(service, tenant) == 1


async def test_ensure_customers_asked_by_many_at_once_creates_each_once(
    service: RunningService, tenant: UUID
) -> None:
    names = [f"sub-{number}" for number in range(20)]

    async def ensure(order: list[str]) -> customers_pb2.EnsureCustomersResponse:
        request = customers_pb2.EnsureCustomersRequest(
            request_id=a_request_id(), customers=map(a_new_customer, order)
        )
        answer = await service.call(request, principal=an_operator(tenant))
        assert isinstance(answer, customers_pb2.EnsureCustomersResponse)
        return answer

    answers = await asyncio.gather(*(ensure(names[:: (-1) ** turn]) for turn in range(8)))

    assert sum(answer.created_count for answer in answers) == 20
    every = [{one.external_id: one.id for one in answer.customers} for answer in answers]
    assert all(one == every[0] for one in every)


async def test_ensure_customers_is_for_the_platform(service: RunningService, tenant: UUID) -> None:
    request = customers_pb2.EnsureCustomersRequest(
        request_id=a_request_id(), customers=[a_new_customer("one")]
    )

    refusal = await service.refusal(request, principal=an_administrator(tenant))
    answer = await service.call(request, principal=a_system(tenant, workload="billing"))

    assert refusal.reason == "PERMISSION_DENIED"
    assert answer.created_count == 1


async def test_a_request_id_that_is_used_again_for_something_else_is_refused(
    service: RunningService, tenant: UUID
) -> None:
    request = customers_pb2.EnsureCustomersRequest(
        request_id="again", customers=[a_new_customer("one")]
    )
    first = await service.call(request, principal=an_operator(tenant))
    second = await service.call(request, principal=an_operator(tenant))
    request.customers[0].external_id = "two"

    refusal = await service.refusal(request, principal=an_operator(tenant))

    assert first == second
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_ensure_customers_refuses_managers_unknown_to_the_partner(
    service: RunningService, tenant: UUID
) -> None:
    unknown = to_text("mgr", new_id())
    request = customers_pb2.EnsureCustomersRequest(
        request_id=a_request_id(), customers=[a_new_customer("one", account_manager_id=unknown)]
    )

    refusal = await service.refusal(request, principal=an_operator(tenant))

    assert refusal.reason == "ACCOUNT_MANAGER_UNKNOWN"
    assert refusal.metadata == {"account_manager_id": unknown}


def a_change(customer: customers_pb2.Customer, *paths: str) -> customers_pb2.UpdateCustomerRequest:
    changed = customers_pb2.Customer(id=customer.id, tags=["重点"], name="Other")
    return customers_pb2.UpdateCustomerRequest(
        request_id=a_request_id(), customer=changed, update_mask=FieldMask(paths=paths)
    )


async def test_update_customer_changes_tags_for_those_who_may(
    service: RunningService, tenant: UUID
) -> None:
    li, wang = [await add_manager(service, tenant) for _ in range(2)]
    customer = await add_customer(service, tenant, account_manager_id=li.id, **EVERYTHING)
    in_charge = an_account_manager(tenant, account_manager_id=uuid_of(li.id))
    other = an_account_manager(tenant, account_manager_id=uuid_of(wang.id))

    changed = await service.call(a_change(customer, "tags"), principal=in_charge)
    not_found = await service.refusal(a_change(customer, "tags"), principal=other)
    denied = await service.refusal(a_change(customer, "tags"), principal=a_finance_operator(tenant))

    assert (list(changed.tags), changed.name) == (["重点"], "张***")
    assert not_found.code == "NOT_FOUND"
    assert denied.reason == "PERMISSION_DENIED"


@pytest.mark.parametrize("paths", [(), ("name",), ("tags", "name")])
async def test_update_customer_changes_nothing_else(
    service: RunningService, tenant: UUID, paths: tuple[str, ...]
) -> None:
    customer = await add_customer(service, tenant, **EVERYTHING)

    refusal = await service.refusal(a_change(customer, *paths), principal=an_administrator(tenant))

    assert refusal.violations[0][0] == "update_mask"


async def test_record_customer_spend_is_billings_and_shows_in_the_list(
    service: RunningService, tenant: UUID
) -> None:
    customer = await add_customer(service, tenant, external_id="one")
    cycle = cycle_of(customer.create_time.ToDatetime(tzinfo=UTC))
    spend = customers_pb2.CustomerSpend(customer_id=customer.id, billing_cycle=cycle, amount=PAID)
    request = customers_pb2.RecordCustomerSpendRequest(request_id=a_request_id(), spends=[spend])

    refusal = await service.refusal(request, principal=an_administrator(tenant))
    await service.call(request, principal=a_system(tenant, workload="billing"))

    assert refusal.reason == "PERMISSION_DENIED"
    shown = await service.call(
        customers_pb2.GetCustomerRequest(id=customer.id), principal=an_administrator(tenant)
    )
    assert shown.month_to_date_spend == spend.amount


async def test_more_than_a_call_may_carry_is_refused(service: RunningService, tenant: UUID) -> None:
    many = [to_text("cus", new_id()) for _ in range(101)]
    reveal = customers_pb2.RevealCustomersRequest(request_id="r", customer_ids=many, reason="why")

    refusal = await service.refusal(reveal, principal=an_administrator(tenant))

    assert refusal.violations[0][0] == "customer_ids"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.DIRECTOR, Role.ADMINISTRATOR])
async def test_nobody_without_a_tenant_sees_anything(
    service: RunningService, tenant: UUID, role: Role
) -> None:
    await add_customer(service, tenant)
    elsewhere = a_person(role, new_id())

    assert await list_names(service, elsewhere) == []
