"""CustomerService over real gRPC: scope, masks, reveals, writes, and every refusal."""

from partner.customers.v1 import customers_pb2

from tests.builders.customers import add_customer, list_names, open_tenant
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService


async def test_list_customers_masks_personal_data(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    await add_customer(
        service,
        tenant_id,
        external_id="zhang-wei",
        name="张伟",
        email="zhang@example.com",
        mobile="13812345678",
    )

    answer = await service.call(
        customers_pb2.ListCustomersRequest(), principal=an_administrator(tenant_id)
    )

    [customer] = answer.customers
    assert customer.name == "张***"
    assert customer.account_name == "z***"
    assert customer.email == "z***@example.com"
    assert customer.mobile == "138***5678"


async def test_list_names(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    await add_customer(service, tenant_id, external_id="one")

    assert await list_names(service, an_administrator(tenant_id)) == ["one"]
