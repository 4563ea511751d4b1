"""PartnerService over real gRPC: tenants, resellers, masks and refusals."""

from uuid import UUID

from partner.customers.v1 import partners_pb2
from services.kit.ids import new_id, to_text
from tests.builders.customers import (
    a_request_id,
    add_manager,
    add_reseller,
    at,
    open_tenant,
    uuid_of,
)
from tests.builders.principals import (
    a_customers_user,
    a_finance_operator,
    a_tenant,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService


def a_new_partner(**said: object) -> partners_pb2.CreatePartnerRequest:
    values = {
        "request_id": a_request_id(),
        "kind": partners_pb2.PARTNER_KIND_DISTRIBUTOR,
        "name": "北方云",
        "account_name": "northern",
        "mobile": "13812345678",
        "email": "info@example.com",
        "currency_code": "CNY",
    }
    return partners_pb2.CreatePartnerRequest(**values | said)


def a_new_reseller(**said: object) -> partners_pb2.CreateIndirectPartnerRequest:
    values = {"request_id": a_request_id(), "name": "Small", "account_name": "small"}
    return partners_pb2.CreateIndirectPartnerRequest(**values | said)


async def test_create_partner_opens_the_tenant_that_the_operator_has_opened(
    service: RunningService, tenant_id: UUID
) -> None:
    created = await service.call(a_new_partner(), principal=an_operator(tenant_id))

    shown = await service.call(
        partners_pb2.GetPartnerRequest(id=created.id), principal=a_finance_operator(tenant_id)
    )

    assert shown == created
    assert created == partners_pb2.Partner(
        id=to_text("ptr", tenant_id),
        kind=partners_pb2.PARTNER_KIND_DISTRIBUTOR,
        name="北方云",
        account_name="northern",
        mobile="138***5678",
        email="i***@example.com",
        state=partners_pb2.PARTNER_STATE_ACTIVE,
        currency_code="CNY",
        create_time=created.create_time,
    )


async def test_create_partner_refuses_what_is_open_and_who_is_not_the_platform(
    service: RunningService,
) -> None:
    tenant_id = await open_tenant(service)

    exists = await service.refusal(a_new_partner(), principal=an_operator(tenant_id))
    denied = await service.refusal(a_new_partner(), principal=an_administrator(a_tenant()))
    nowhere = await service.refusal(a_new_partner(), principal=an_operator(None))
    malformed = await service.refusal(
        a_new_partner(kind=partners_pb2.PARTNER_KIND_INDIRECT_PARTNER),
        principal=an_operator(a_tenant()),
    )

    assert exists.reason == "PARTNER_EXISTS"
    assert denied.reason == nowhere.reason == "PERMISSION_DENIED"
    assert malformed.violations[0][0] == "kind"


async def test_create_indirect_partner_adds_a_reseller_of_the_distributor(
    service: RunningService,
) -> None:
    tenant_id = await open_tenant(service, kind="DISTRIBUTOR", currency_code="EUR")
    manager = await add_manager(service, tenant_id)

    reseller = await add_reseller(
        service,
        tenant_id,
        account_name="small",
        associate_time=at("2024-01-01"),
        account_manager_id=manager.id,
        mobile="13812345678",
    )

    listed = await service.call(
        partners_pb2.ListIndirectPartnersRequest(), principal=an_administrator(tenant_id)
    )
    assert list(listed.partners) == [reseller]
    assert reseller.kind == partners_pb2.PARTNER_KIND_INDIRECT_PARTNER
    assert reseller.distributor_id == to_text("ptr", tenant_id)
    assert reseller.account_manager_id == manager.id
    assert (reseller.currency_code, reseller.mobile) == ("EUR", "138***5678")


async def test_create_indirect_partner_refuses(service: RunningService) -> None:
    distributor = await open_tenant(service, kind="DISTRIBUTOR")
    provider = await open_tenant(service)
    foreign = await add_manager(service, provider)

    no_distributor = await service.refusal(a_new_reseller(), principal=an_operator(provider))
    not_open = await service.refusal(a_new_reseller(), principal=an_operator(a_tenant()))
    taken = await service.refusal(
        a_new_reseller(account_name="northern"), principal=an_operator(distributor)
    )
    unknown = await service.refusal(
        a_new_reseller(account_manager_id=foreign.id), principal=an_operator(distributor)
    )
    malformed = await service.refusal(
        a_new_reseller(account_manager_id="x"), principal=an_operator(distributor)
    )

    assert no_distributor.reason == "NOT_A_DISTRIBUTOR"
    assert not_open.code == "NOT_FOUND"
    assert (taken.reason, taken.metadata) == ("ACCOUNT_NAME_TAKEN", {"account_name": "northern"})
    assert unknown.reason == "ACCOUNT_MANAGER_UNKNOWN"
    assert malformed.violations[0][0] == "account_manager_id"


async def test_resellers_are_listed_in_pages_by_filter_and_order(service: RunningService) -> None:
    tenant_id = await open_tenant(service, kind="DISTRIBUTOR")
    names = ["Alpha", "Beta", "Gamma"]
    for name in names:
        await add_reseller(service, tenant_id, name=name)
    administrator = an_administrator(tenant_id)
    request = partners_pb2.ListIndirectPartnersRequest(
        page_size=2,
        order_by=partners_pb2.INDIRECT_PARTNER_ORDER_NAME_ASC,
        filter=partners_pb2.IndirectPartnerFilter(name="A"),
        with_item_tokens=True,
    )

    first = await service.call(request, principal=administrator)
    request.page_token = first.next_page_token
    second = await service.call(request, principal=administrator)

    assert [one.name for one in (*first.partners, *second.partners)] == names
    assert len(first.item_tokens) == 2
    reversed_ = partners_pb2.IndirectPartnerFilter(
        associate_time_from=at("2024-02-01"), associate_time_to=at("2024-01-01")
    )
    refusal = await service.refusal(
        partners_pb2.ListIndirectPartnersRequest(filter=reversed_), principal=administrator
    )
    assert refusal.violations[0][0] == "filter.associate_time_to"


async def test_a_reseller_gets_itself_only_and_a_customer_no_partner(
    service: RunningService,
) -> None:
    tenant_id = await open_tenant(service, kind="DISTRIBUTOR")
    one, two = [await add_reseller(service, tenant_id) for _ in range(2)]
    itself = an_administrator(tenant_id, partner_id=uuid_of(one.id))
    root = to_text("ptr", tenant_id)

    found = await service.call(
        partners_pb2.BatchGetPartnersRequest(ids=[two.id, root, one.id]), principal=itself
    )
    refusals = [
        await service.refusal(partners_pb2.GetPartnerRequest(id=id_), principal=itself)
        for id_ in (root, two.id, to_text("ptr", new_id()))
    ]
    denied = await service.refusal(
        partners_pb2.GetPartnerRequest(id=root),
        principal=a_customers_user(tenant_id, customer_id=new_id()),
    )

    assert [partner.id for partner in found.partners] == [one.id]
    assert refusals[0] == refusals[1] == refusals[2]
    assert refusals[0].message == "partner not found"
    assert denied.reason == "PERMISSION_DENIED"
