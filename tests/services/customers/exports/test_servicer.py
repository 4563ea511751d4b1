"""ExportService of customers: which lists, masked how, and for whom."""

from typing import Any

from partner.customers.v1 import customers_pb2, exports_pb2, resources_pb2
from services.customers.exports.messages import LISTS
from tests.builders.customers import a_new_customer, a_request_id, a_resource, open_tenant
from tests.builders.exports import an_export, ask_for, columns, download
from tests.builders.principals import a_finance_operator, an_administrator, an_operator
from tests.builders.running import RunningService


async def a_customer(service: RunningService, tenant_id: Any, **known: Any) -> Any:
    request = customers_pb2.EnsureCustomersRequest(
        request_id=a_request_id(), customers=[a_new_customer(**known)]
    )
    return (await service.call(request, principal=an_operator(tenant_id))).customers[0]


def test_every_list_of_the_contract_can_be_exported() -> None:
    assert set(LISTS) == set(exports_pb2.ExportedList.DESCRIPTOR.fields_by_name)


async def test_customers_are_exported_masked(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    administrator = an_administrator(tenant_id)
    customer = await a_customer(
        service,
        tenant_id,
        name="Orchid Ltd",
        account_name="orchid",
        email="ann@orchid.example",
        mobile="13912345678",
        tags=["=HYPERLINK()", "vip"],
    )

    export = await an_export(service, ask_for(exports_pb2, customers={}), principal=administrator)
    downloaded = await download(service, export, principal=administrator)

    assert columns(downloaded.rows, "Customer", "Name", "Account name", "E-mail", "Mobile") == [
        (customer.id, "O***", "o***", "a***@orchid.example", "139***5678")
    ]
    assert columns(downloaded.rows, "Tags", "Month-to-date spend", "Currency") == [
        ("'=HYPERLINK(), vip", "0", "CNY")
    ]
    assert b"Orchid" not in downloaded.file


async def test_only_administrators_export_the_list_of_customers(service: RunningService) -> None:
    tenant_id = await open_tenant(service)

    refusal = await service.refusal(
        ask_for(exports_pb2, customers={}), principal=a_finance_operator(tenant_id)
    )

    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")


async def test_resources_of_all_own_customers_are_exported(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    owners = [await a_customer(service, tenant_id) for _ in range(2)]
    resources = [
        a_resource(owner, resource_name=f"web-{number}") for owner in owners for number in range(2)
    ]
    await service.call(
        resources_pb2.EnsureResourcesRequest(request_id=a_request_id(), resources=resources),
        principal=an_operator(tenant_id),
    )
    finance = a_finance_operator(tenant_id)

    export = await an_export(
        service, ask_for(exports_pb2, resources={}), principal=finance, part_rows=3, page_rows=2
    )
    rows = (await download(service, export, principal=finance)).rows

    assert sorted(columns(rows, "Customer", "Name", "Primary", "State")) == sorted(
        (owner.id, f"web-{number}", "yes", "ACTIVE") for owner in owners for number in range(2)
    )
