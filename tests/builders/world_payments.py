"""What was paid in a world of tests: each customer's order and usage; some of that still waits."""

from typing import Any
from uuid import UUID, uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from partner.billing.v1 import payments_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.billing.accounts.model import Holder
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.payments import charging, due
from services.kit.rpc import utc_now
from tests.builders import funds
from tests.builders.holdings import Holding, Tenant
from tests.builders.principals import a_system
from tests.builders.probes import BILLING_CYCLE

ONE = money_pb2.Money(amount="1.00", currency_code="USD")


async def fill_payments(service: Any, tenant: Tenant) -> None:
    """Let each customer pay an order and be charged for usage; more usage of it waits."""
    platform = await funds.open_platform(
        service, tenant.id, AccountKind.CASH_CLEARING, Unit.cash("USD")
    )
    for holding in tenant.holdings:
        holder = Holder.customer(holding.id("cus"), partner_id=holding.id("ptr"))
        account_id = await funds.open_cash(service, tenant.id, holder, "USD")
        await funds.move(service, tenant.id, platform, account_id, "100 USD")
        paid = await service.call(
            payments_pb2.PayOrderRequest(request_id=str(uuid4()), order=_order(holding)),
            principal=tenant.operator,
        )
        holding.things["pmt"] = paid.id
    await _bring(service, tenant)
    await _charge(service, tenant.id)
    await _bring(service, tenant)


async def _bring(service: Any, tenant: Tenant) -> None:
    usages = [
        payments_pb2.Usage(
            usage_number=uuid4().hex,
            customer_id=holding.things["cus"],
            billing_cycle=BILLING_CYCLE,
            service_type_code=holding.canary,
            resource_name=holding.canary,
            consume_time=Timestamp(seconds=1_772_500_000),
            list_amount=ONE,
        )
        for holding in tenant.holdings
    ]
    await service.call(
        payments_pb2.ChargeUsageRequest(request_id=str(uuid4()), usages=usages),
        principal=a_system(tenant.id),
    )


async def _charge(service: Any, tenant_id: UUID) -> None:
    principal = a_system(tenant_id, workload="billing")
    async with service.database.transaction(principal) as session:
        found = await due.list_waiting_for_update(
            session, scope=principal.scope, after=None, at_most=100
        )
        await charging.charge_waiting(session, scope=principal.scope, found=found, now=utc_now())


def _order(holding: Holding) -> payments_pb2.Order:
    line = payments_pb2.OrderLine(
        line_number=1,
        service_type_code=holding.canary,
        charging_mode=terms_pb2.CHARGING_MODE_PERIOD,
        order_type=payments_pb2.ORDER_TYPE_NEW,
        list_amount=ONE,
    )
    return payments_pb2.Order(
        customer_id=holding.things["cus"],
        order_number=holding.canary,
        currency_code="USD",
        lines=[line],
    )
