"""The demo's partners, account managers, customers and their resources."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage

from partner.customers.v1 import (
    account_managers_pb2,
    account_managers_pb2_grpc,
    customers_pb2,
    customers_pb2_grpc,
    partners_pb2,
    partners_pb2_grpc,
    resources_pb2,
    resources_pb2_grpc,
)
from partner.type.v1 import terms_pb2
from partner_center.demo.catalogue import DemoResource, resources_of
from partner_center.demo.charges import PROVIDER
from partner_center.demo.companies import Company, people
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit import ids

CUSTOMERS_PER_CALL = 50
RESOURCES_PER_CALL = 500


def moment(day: date) -> Timestamp:
    """Give noon of a day, UTC."""
    stamp = Timestamp()
    stamp.FromDatetime(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    return stamp


async def create_partner(
    rpcs: Rpcs, tenant: Tenant, *, name: str, currency_code: str, distributor: bool
) -> None:
    kind = (
        partners_pb2.PARTNER_KIND_DISTRIBUTOR
        if distributor
        else partners_pb2.PARTNER_KIND_SOLUTION_PROVIDER
    )
    await rpcs(
        "customers",
        partners_pb2_grpc.PartnerServiceStub,
        "CreatePartner",
        partners_pb2.CreatePartnerRequest(
            request_id=tenant.request_id("partner"),
            kind=kind,
            name=name,
            account_name=tenant.name.replace("-", "_"),
            email=f"hello@{tenant.name}.example",
            currency_code=currency_code,
        ),
        principal=tenant.operator,
    )


async def create_resellers(rpcs: Rpcs, tenant: Tenant, *, names: Sequence[str]) -> list[UUID]:
    resellers = []
    for number, name in enumerate(names, 1):
        reseller = await rpcs(
            "customers",
            partners_pb2_grpc.PartnerServiceStub,
            "CreateIndirectPartner",
            partners_pb2.CreateIndirectPartnerRequest(
                request_id=tenant.request_id("reseller", number),
                name=name,
                account_name=f"reseller_{number}",
                email=f"desk@reseller-{number}.example",
                mobile=f"1390000{number:04d}",
            ),
            principal=tenant.operator,
        )
        resellers.append(ids.from_text("ptr", reseller.id, field="id"))
    return resellers


async def create_managers(rpcs: Rpcs, tenant: Tenant, *, prefix: str, count: int) -> list[UUID]:
    managers = []
    for person in people(prefix, count):
        manager = await rpcs(
            "customers",
            account_managers_pb2_grpc.AccountManagerServiceStub,
            "CreateAccountManager",
            account_managers_pb2.CreateAccountManagerRequest(
                request_id=tenant.request_id("manager", person.account_name),
                account_name=person.account_name,
                name=person.name,
            ),
            principal=tenant.administrator,
        )
        managers.append(ids.from_text("mgr", manager.id, field="id"))
    return managers


async def create_customers(
    rpcs: Rpcs, tenant: Tenant, members: Sequence[Company], *, managers: Sequence[UUID],
    today: date, advisory_count: int, reseller_id: UUID | None = None,
) -> list[customers_pb2.Customer]:  # fmt: skip
    """Create customers, the advisory ones associated longest ago; give them in that order."""
    wanted = [
        _new_customer(
            member,
            advisory=number < advisory_count,
            associated=today - timedelta(days=900 - 9 * number),
            manager_id=managers[number % len(managers)] if managers else None,
            reseller_id=reseller_id,
        )
        for number, member in enumerate(members)
    ]
    created: list[customers_pb2.Customer] = []
    for start in range(0, len(wanted), CUSTOMERS_PER_CALL):
        response = await rpcs(
            "customers",
            customers_pb2_grpc.CustomerServiceStub,
            "EnsureCustomers",
            customers_pb2.EnsureCustomersRequest(
                request_id=tenant.request_id("customers", members[start].external_id),
                customers=wanted[start : start + CUSTOMERS_PER_CALL],
            ),
            principal=tenant.operator,
        )
        created += response.customers
    return created


def _new_customer(
    member: Company, *, advisory: bool, associated: date, manager_id: UUID | None,
    reseller_id: UUID | None,
) -> customers_pb2.NewCustomer:  # fmt: skip
    draw = Random(member.external_id)  # noqa: S311 - sample data, the same each time
    return customers_pb2.NewCustomer(
        external_id=member.external_id,
        external_platform=PROVIDER.lower(),
        account_name=member.account_name,
        name=member.name,
        customer_type=customers_pb2.CUSTOMER_TYPE_ENTERPRISE,
        association_type=(
            terms_pb2.ASSOCIATION_TYPE_ADVISORY if advisory else terms_pb2.ASSOCIATION_TYPE_RESALE
        ),
        associate_time=moment(associated),
        indirect_partner_id=ids.to_text("ptr", reseller_id) if reseller_id else None,
        account_manager_id=ids.to_text("mgr", manager_id) if manager_id else None,
        tags=draw.sample(("retail", "strategic", "重点客户", "trial", "North"), 2),
        email=member.email,
        mobile=member.mobile,
        country_code=member.country_code,
        level=draw.choice(customers_pb2.CustomerLevel.values()[1:]),
        freeze_state=customers_pb2.FREEZE_STATE_NONE,
        verification_status=customers_pb2.VERIFICATION_STATUS_VERIFIED,
        enterprise_role=customers_pb2.ENTERPRISE_ROLE_NONE,
    )


async def describe_resources(
    rpcs: Rpcs, tenant: Tenant, customers: Sequence[customers_pb2.Customer], *, today: date
) -> None:
    """Complete what the charges said of the resources: specification, period, state."""
    described = [
        _resource(customer, resource, primary=number == 0, today=today)
        for customer in customers
        for number, resource in enumerate(resources_of(customer.external_id))
    ]
    for start in range(0, len(described), RESOURCES_PER_CALL):
        await rpcs(
            "customers",
            resources_pb2_grpc.ResourceServiceStub,
            "EnsureResources",
            resources_pb2.EnsureResourcesRequest(
                request_id=tenant.request_id("resources", today, start),
                resources=described[start : start + RESOURCES_PER_CALL],
            ),
            principal=tenant.operator,
        )


def _resource(
    customer: customers_pb2.Customer, resource: DemoResource, *, primary: bool, today: date
) -> resources_pb2.Resource:
    draw = Random(resource.cloud_resource_id)  # noqa: S311 - sample data, the same each time
    code = resource.product.service.lower().replace(" ", "-")
    message = resources_pb2.Resource(
        cloud_resource_id=resource.cloud_resource_id,
        resource_name=resource.name,
        customer_id=customer.id,
        charging_mode=(
            terms_pb2.CHARGING_MODE_PERIOD
            if resource.by_period
            else terms_pb2.CHARGING_MODE_PAY_PER_USE
        ),
        service_type_code=code,
        service_type_name=resource.product.service,
        resource_type_code=resource.product.resource_type.lower().replace(" ", "-"),
        resource_type_name=resource.product.resource_type,
        resource_spec_code=resource.product.specification,
        product_id=resource.product.product_id,
        product_spec_desc=f"{resource.product.service} {resource.product.specification}",
        region_code=resource.region_code,
        availability_zone_code=f"{resource.region_code}a",
        is_primary=primary,
        state=resources_pb2.RESOURCE_STATE_ACTIVE,
        effective_time=moment(today - timedelta(days=400)),
        spec_size=DecimalMessage(value=str(draw.choice((40, 100, 200)))),
        order_number=f"CS{draw.getrandbits(40):013d}",
    )
    if resource.by_period:
        message.expire_time.CopyFrom(moment(today + timedelta(days=draw.randrange(5, 300))))
        message.expire_policy = resources_pb2.EXPIRE_POLICY_AUTO_RENEW
    return message
