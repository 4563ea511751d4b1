"""Principals for tests: a tenant of its own for each test, and its people."""

from uuid import UUID

from services.kit.identity import Principal, Role
from services.kit.ids import new_id


def a_tenant() -> UUID:
    """Give a tenant that no other test knows; it is its root partner's id as well."""
    return new_id()


def an_administrator(tenant_id: UUID, *, partner_id: UUID | None = None) -> Principal:
    """Give the root partner's administrator, or a reseller's."""
    return a_person(Role.ADMINISTRATOR, tenant_id, partner_id=partner_id)


def a_finance_operator(tenant_id: UUID, *, partner_id: UUID | None = None) -> Principal:
    return a_person(Role.FINANCE, tenant_id, partner_id=partner_id)


def a_director(tenant_id: UUID, *, team: tuple[UUID, ...]) -> Principal:
    return a_person(Role.DIRECTOR, tenant_id, account_manager_ids=team)


def an_account_manager(tenant_id: UUID, *, account_manager_id: UUID) -> Principal:
    return a_person(Role.ACCOUNT_MANAGER, tenant_id, account_manager_ids=(account_manager_id,))


def a_customers_user(
    tenant_id: UUID, *, customer_id: UUID, partner_id: UUID | None = None
) -> Principal:
    return a_person(Role.CUSTOMER, tenant_id, partner_id=partner_id, customer_id=customer_id)


def an_operator(tenant_id: UUID | None) -> Principal:
    """Give the platform's operator in an opened tenant, or in none."""
    return Principal(subject="operator", role=Role.OPERATOR, tenant_id=tenant_id)


def a_system(tenant_id: UUID, *, workload: str = "customers") -> Principal:
    return Principal(subject=workload, role=Role.SYSTEM, tenant_id=tenant_id)


def a_person(
    role: Role,
    tenant_id: UUID,
    *,
    partner_id: UUID | None = None,
    account_manager_ids: tuple[UUID, ...] = (),
    customer_id: UUID | None = None,
) -> Principal:
    return Principal(
        subject=role.value.lower(),
        role=role,
        tenant_id=tenant_id,
        partner_id=partner_id or tenant_id,
        account_manager_ids=account_manager_ids,
        customer_id=customer_id,
    )
