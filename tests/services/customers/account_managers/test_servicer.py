"""AccountManagerService over real gRPC."""

from partner.customers.v1 import account_managers_pb2
from services.kit.ids import new_id, to_text
from tests.builders.customers import a_request_id, add_manager, add_reseller, open_tenant, uuid_of
from tests.builders.principals import (
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
)
from tests.builders.running import RunningService


def a_new_manager(**said: str) -> account_managers_pb2.CreateAccountManagerRequest:
    values = {"request_id": a_request_id(), "account_name": "li", "name": "李娜"}
    return account_managers_pb2.CreateAccountManagerRequest(**values | said)


async def test_create_account_manager_adds_to_the_administrators_partner(
    service: RunningService,
) -> None:
    tenant_id = await open_tenant(service, kind="DISTRIBUTOR")
    reseller = await add_reseller(service, tenant_id)
    administrator = an_administrator(tenant_id, partner_id=uuid_of(reseller.id))

    manager = await service.call(a_new_manager(), principal=administrator)

    assert (manager.account_name, manager.name) == ("li", "李娜")
    assert manager.partner_id == reseller.id


async def test_create_account_manager_refuses(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    administrator = an_administrator(tenant_id)
    await service.call(a_new_manager(), principal=administrator)

    taken = await service.refusal(a_new_manager(), principal=administrator)
    blank = await service.refusal(a_new_manager(name=""), principal=administrator)
    denied = await service.refusal(a_new_manager(), principal=a_finance_operator(tenant_id))
    not_open = await service.refusal(a_new_manager(), principal=an_administrator(a_tenant()))

    assert (taken.reason, taken.metadata) == ("ACCOUNT_NAME_TAKEN", {"account_name": "li"})
    assert blank.violations[0][0] == "name"
    assert denied.reason == "PERMISSION_DENIED"
    assert (not_open.code, not_open.message) == ("NOT_FOUND", "partner not found")


async def test_account_managers_are_listed_in_pages_by_filter_and_order(
    service: RunningService,
) -> None:
    tenant_id = await open_tenant(service)
    for name in ("Wang", "Zhang", "Li"):
        await add_manager(service, tenant_id, name=name)
    request = account_managers_pb2.ListAccountManagersRequest(
        page_size=1,
        order_by=account_managers_pb2.ACCOUNT_MANAGER_ORDER_NAME_DESC,
        filter=account_managers_pb2.AccountManagerFilter(name="ANG"),
        with_item_tokens=True,
    )

    first = await service.call(request, principal=an_administrator(tenant_id))
    request.page_token = first.item_tokens[0]
    second = await service.call(request, principal=an_administrator(tenant_id))

    found = [*first.account_managers, *second.account_managers]
    assert [one.name for one in found] == ["Zhang", "Wang"]
    assert second.next_page_token == ""


async def test_an_account_manager_sees_only_itself(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    li, wang = [await add_manager(service, tenant_id) for _ in range(2)]
    itself = an_account_manager(tenant_id, account_manager_id=uuid_of(li.id))
    ids = [wang.id, li.id, to_text("mgr", new_id())]

    answer = await service.call(
        account_managers_pb2.BatchGetAccountManagersRequest(ids=ids), principal=itself
    )

    assert list(answer.account_managers) == [li]
