"""What consumption can be narrowed by, and whose of it anybody sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, and_, cast, false, func, select

from services.billing.consumption.model import ConsumptionDetail, ConsumptionSettings
from services.billing.days import start_of_day
from services.billing.links.model import CustomerLink
from services.kit.errors import Refusal
from services.kit.identity import Scope
from services.kit.paging import search


class AccountManagerRequired(Refusal):
    """A director looks at one account manager's customers at a time."""


class IndirectPartnerForbidden(Refusal):
    """The reseller named is not the caller's."""

    code = "PERMISSION_DENIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerConditions:
    """What both details and sums can be narrowed by: whose they are, as it is now."""

    customer_id: UUID | None = None
    customer_name: str | None = None
    account_name: str | None = None
    partner_name: str | None = None
    account_manager_name: str | None = None
    account_manager_id: UUID | None = None
    association_type: str | None = None
    indirect_partner_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailFilter:
    billing_cycle: date
    customers: CustomerConditions
    trade_number: str | None = None
    cloud_resource_id: str | None = None
    resource_name: str | None = None
    service_type_code: str | None = None
    charging_mode: str | None = None
    bill_types: Sequence[str] = ()
    region_code: str | None = None
    consume_date_from: date | None = None
    consume_date_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SumFilter:
    billing_cycle_from: date
    billing_cycle_to: date
    customers: CustomerConditions


def refuse_without_manager(scope: Scope, conditions: CustomerConditions) -> None:
    """Refuse a director who names no manager of the team; a team of one needs no name."""
    team = scope.account_manager_ids
    if team is None or conditions.account_manager_id in team:
        return
    if conditions.account_manager_id is None and len(team) == 1:
        return
    raise AccountManagerRequired(
        "name one account manager of your own", field="filter.account_manager_id"
    )


def joined(
    statement: Select[Any], table: Any, scope: Scope, conditions: CustomerConditions
) -> Select[Any]:
    """Join how customers are linked now, where somebody asks for it."""
    named = (
        conditions.customer_name,
        conditions.account_name,
        conditions.partner_name,
        conditions.account_manager_name,
        conditions.account_manager_id,
        scope.account_manager_ids,
    )
    if all(value is None for value in named):
        return statement
    return statement.join(
        CustomerLink,
        and_(
            CustomerLink.tenant_id == table.tenant_id,
            CustomerLink.customer_id == table.customer_id,
        ),
    )


def customer_conditions(
    table: Any, scope: Scope, conditions: CustomerConditions, *, path: str = "filter."
) -> list[ColumnElement[bool]]:
    clauses = scope.covers(table, account_manager=CustomerLink.account_manager_id)
    clauses.append(table.partner_id == _whose(scope, conditions.indirect_partner_id, path=path))
    if conditions.customer_id is not None:
        clauses.append(table.customer_id == conditions.customer_id)
    if conditions.association_type is not None:
        clauses.append(table.association_type == conditions.association_type)
    if conditions.account_manager_id is not None:
        clauses.append(CustomerLink.account_manager_id == conditions.account_manager_id)
    searched = {
        "customer_name": CustomerLink.customer_name,
        "account_name": CustomerLink.account_name,
        "partner_name": CustomerLink.partner_name,
        "account_manager_name": CustomerLink.account_manager_name,
    }
    clauses += _searches(conditions, searched)
    return clauses


def _whose(scope: Scope, indirect_partner_id: UUID | None, *, path: str) -> UUID:
    """Say in whose time the consumption was: the caller's own, or its reseller's if named.

    :raises IndirectPartnerForbidden: where the caller is no distributor, or names itself.
    """
    if indirect_partner_id is None:
        return scope.tenant_id if scope.own_partner_id is None else scope.own_partner_id
    if scope.partner_id is not None or indirect_partner_id == scope.tenant_id:
        raise IndirectPartnerForbidden(
            "the reseller is not one of the caller's", field=f"{path}indirect_partner_id"
        )
    return indirect_partner_id


def within_history(
    scope: Scope, cycle: Any, *, running: ColumnElement[date]
) -> ColumnElement[bool]:
    """Say in SQL that the tenant may look at a cycle in the running one; no setting is no limit."""
    months = ConsumptionSettings.history_months
    oldest = select(cast(running - func.make_interval(0, months), Date)).where(
        ConsumptionSettings.tenant_id == scope.tenant_id
    )
    reaches_back: ColumnElement[bool] = oldest.scalar_subquery() <= cycle
    return reaches_back.is_not(false())


def detail_conditions(scope: Scope, narrowed: DetailFilter) -> list[ColumnElement[bool]]:
    detail = ConsumptionDetail
    clauses = customer_conditions(detail, scope, narrowed.customers)
    clauses.append(detail.billing_cycle == narrowed.billing_cycle)
    exact = ("trade_number", "cloud_resource_id", "service_type_code", "charging_mode")
    for name in (*exact, "region_code"):
        if (value := getattr(narrowed, name)) is not None:
            clauses.append(getattr(detail, name) == value)
    if narrowed.bill_types:
        clauses.append(detail.bill_type.in_(narrowed.bill_types))
    if narrowed.consume_date_from is not None:
        clauses.append(detail.consume_time >= start_of_day(narrowed.consume_date_from))
    if narrowed.consume_date_to is not None:
        clauses.append(detail.consume_time < start_of_day(narrowed.consume_date_to))
    return clauses + _searches(narrowed, {"resource_name": detail.resource_name})


def _searches(narrowed: object, columns: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [
        search(column, value, field=f"filter.{name}")
        for name, column in columns.items()
        if (value := getattr(narrowed, name)) is not None
    ]
