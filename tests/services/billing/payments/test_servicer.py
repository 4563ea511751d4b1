"""PaymentService over a real socket: what is asked and answered, and who may ask."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp

from partner.billing.v1 import consumption_pb2, payments_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders.billing import in_days, money
from tests.builders.payments import PayingTenant
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    a_system,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService


@dataclass(frozen=True)
class Shop:
    """A tenant whose customer has 100 yuan, and who speaks there."""

    billing: RunningService
    tenant: PayingTenant

    @property
    def customer_id(self) -> str:
        return to_text("cus", self.tenant.customer_id)

    @property
    def administrator(self) -> Principal:
        return an_administrator(self.tenant.tenant_id)

    async def ask(self, request: Any, *, principal: Principal | None = None) -> Any:
        asking = principal or an_operator(self.tenant.tenant_id)
        return await self.billing.call(request, principal=asking)

    async def refusal(self, request: Any, *, principal: Principal | None = None) -> Any:
        asking = principal or an_operator(self.tenant.tenant_id)
        return await self.billing.refusal(request, principal=asking)

    def order(self, amount: str = "12.00", **said: Any) -> payments_pb2.Order:
        line = payments_pb2.OrderLine(
            line_number=1,
            service_type_code="ecs",
            charging_mode=terms_pb2.CHARGING_MODE_PERIOD,
            period_type=consumption_pb2.PERIOD_TYPE_YEAR,
            period_count=1,
            order_type=payments_pb2.ORDER_TYPE_NEW,
            list_amount=money(f"{amount} CNY"),
        )
        ordinary: dict[str, Any] = {
            "customer_id": self.customer_id,
            "order_number": uuid4().hex,
            "currency_code": "CNY",
            "lines": [line],
        }
        return payments_pb2.Order(**ordinary | said)

    def usage(self, **said: Any) -> payments_pb2.Usage:
        ordinary: dict[str, Any] = {
            "usage_number": uuid4().hex,
            "customer_id": self.customer_id,
            "billing_cycle": "2026-11",
            "service_type_code": "ecs",
            "consume_time": Timestamp(seconds=1_795_000_000),
            "list_amount": money("1.5 CNY"),
        }
        return payments_pb2.Usage(**ordinary | said)

    async def pay(self, amount: str = "12.00", **said: Any) -> payments_pb2.Payment:
        return await self.ask(  # type: ignore[no-any-return]
            payments_pb2.PayOrderRequest(request_id=str(uuid4()), order=self.order(amount, **said))
        )


@pytest_asyncio.fixture(loop_scope="session")
async def shop(billing: RunningService, tenant: PayingTenant) -> Shop:
    await tenant.allocate(10_000)
    return Shop(billing, tenant)


async def test_an_order_is_quoted_held_paid_and_refunded(shop: Shop) -> None:
    order = shop.order()
    discount = payments_pb2.Discount(kind=payments_pb2.DISCOUNT_KIND_PROMOTION)
    discount.ratio.value = "0.5"
    order.discount.CopyFrom(discount)

    quote = await shop.ask(payments_pb2.QuoteOrderRequest(order=order))
    held = await shop.ask(
        payments_pb2.HoldOrderRequest(request_id="h", order=order, expire_time=in_days(1))
    )
    paid = await shop.ask(payments_pb2.PayHeldOrderRequest(request_id="p", payment_id=held.id))
    refund = await shop.ask(payments_pb2.RefundOrderRequest(request_id="r", payment_id=paid.id))

    assert quote.payable_amount == quote.cash_amount == money("6 CNY")
    assert (quote.list_amount, quote.missing_amount) == (money("12 CNY"), money("0 CNY"))
    assert (held.state, held.payable_amount) == (payments_pb2.PAYMENT_STATE_HELD, money("6 CNY"))
    assert paid.id == held.id
    assert paid.state == payments_pb2.PAYMENT_STATE_PAID
    assert [line.payable_amount for line in paid.lines] == [money("6 CNY")]
    assert [(leg.source, leg.amount) for leg in paid.legs] == [
        (payments_pb2.PAYMENT_SOURCE_CASH, money("6 CNY"))
    ]
    assert refund.kind == payments_pb2.PAYMENT_KIND_REFUND
    assert refund.refunded_payment_id == paid.id
    assert await shop.tenant.violations() == {}


async def test_a_quote_says_what_is_missing_and_which_coupons_fit(shop: Shop) -> None:
    voucher = await shop.tenant.issue("30")

    quote = await shop.ask(payments_pb2.QuoteOrderRequest(order=shop.order("150")))

    assert quote.missing_amount == money("50 CNY")
    assert [(one.voucher_id, one.amount) for one in quote.fitting_coupons] == [
        (to_text("cpn", voucher), money("30 CNY"))
    ]


async def test_an_adjusted_price_and_coupons_are_read(shop: Shop) -> None:
    voucher = await shop.tenant.issue("30")
    order = shop.order(adjusted_amount=money("10 CNY"), voucher_ids=[to_text("cpn", voucher)])

    quote = await shop.ask(payments_pb2.QuoteOrderRequest(order=order))

    assert quote.voucher_amount == quote.payable_amount == money("10 CNY")


async def test_a_held_order_is_cancelled(shop: Shop) -> None:
    held = await shop.ask(
        payments_pb2.HoldOrderRequest(request_id="h", order=shop.order(), expire_time=in_days(1))
    )

    cancelled = await shop.ask(payments_pb2.CancelOrderRequest(request_id="c", payment_id=held.id))

    assert cancelled.state == payments_pb2.PAYMENT_STATE_CANCELLED
    assert cancelled.HasField("cancel_time")


async def test_the_same_request_again_gets_the_same_answer(shop: Shop) -> None:
    request = payments_pb2.PayOrderRequest(request_id="same", order=shop.order())

    first, second = await shop.ask(request), await shop.ask(request)

    assert first == second
    assert await shop.tenant.violations() == {}


async def test_a_part_of_a_line_is_refunded(shop: Shop) -> None:
    paid = await shop.pay()
    line = payments_pb2.RefundOrderRequest.RefundLine(line_number=1, amount=money("2.50 CNY"))

    refund = await shop.ask(
        payments_pb2.RefundOrderRequest(request_id="r", payment_id=paid.id, lines=[line])
    )

    assert refund.payable_amount == refund.cash_amount == money("2.5 CNY")


async def test_usage_is_taken_once_and_single_rows_are_refused(shop: Shop) -> None:
    usage = shop.usage(usage_amount={"value": "3"}, discount_amount=money("0.5 CNY"))
    stranger = to_text("cus", new_id())
    advisory = await shop.tenant.link(customer_id=new_id(), association_type="ADVISORY")
    system = a_system(shop.tenant.tenant_id)
    usages = [
        usage,
        shop.usage(usage_number="s", customer_id=stranger),
        shop.usage(usage_number="a", customer_id=to_text("cus", advisory)),
    ]

    first = await shop.ask(
        payments_pb2.ChargeUsageRequest(request_id="1", usages=usages), principal=system
    )
    second = await shop.ask(
        payments_pb2.ChargeUsageRequest(request_id="2", usages=[usage]), principal=system
    )

    assert (first.new_count, first.known_count) == (1, 0)
    assert [(one.usage_number, one.reason) for one in first.refused] == [
        ("s", "NOT_SUB_CUSTOMER"),
        ("a", "ADVISORY_PAYS_ITSELF"),
    ]
    assert (second.new_count, second.known_count) == (0, 1)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"usage_number": ""}, "usages[0].usage_number"),
        ({"service_type_code": ""}, "usages[0].service_type_code"),
        ({"billing_cycle": "2026"}, "usages[0].billing_cycle"),
        ({"billing_cycle": "2098-01"}, "usages[0].billing_cycle"),
        ({"consume_time": None}, "usages[0].consume_time"),
        ({"consume_end_time": Timestamp(seconds=1)}, "usages[0].consume_end_time"),
        ({"discount_amount": money("2 CNY")}, "usages[0].discount_amount"),
        ({"discount_amount": money("1 USD")}, "usages[0].discount_amount"),
        ({"usage_amount": {"value": "x"}}, "usages[0].usage_amount"),
    ],
)
async def test_usage_that_makes_no_sense_is_refused(
    shop: Shop, said: dict[str, Any], field: str
) -> None:
    request = payments_pb2.ChargeUsageRequest(request_id="1", usages=[shop.usage(**said)])

    refusal = await shop.refusal(request, principal=a_system(shop.tenant.tenant_id))

    assert [path for path, _ in refusal.violations] == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (
            {"list_amount": money("1 USD")},
            "list_amount.currency_code",
        ),
        (
            {"list_amount": money("1.001 CNY")},
            "list_amount.amount",
        ),
        ({"charging_mode": 0}, "charging_mode"),
        ({"order_type": 0}, "order_type"),
        ({"period_count": 0}, "period_count"),
        ({"service_type_code": ""}, "service_type_code"),
    ],
)
async def test_a_line_that_makes_no_sense_is_refused(
    shop: Shop, change: dict[str, Any], field: str
) -> None:
    order = shop.order()
    for name, value in change.items():
        if isinstance(value, money_pb2.Money):
            order.lines[0].list_amount.CopyFrom(value)
        else:
            setattr(order.lines[0], name, value)

    refusal = await shop.refusal(payments_pb2.QuoteOrderRequest(order=order))

    assert [path for path, _ in refusal.violations] == [f"order.lines[0].{field}"]


async def test_hold_order_needs_a_time(shop: Shop) -> None:
    request = payments_pb2.HoldOrderRequest(request_id="h", order=shop.order())

    refusal = await shop.refusal(request)

    assert [path for path, _ in refusal.violations] == ["expire_time"]


async def test_payments_are_listed_filtered_and_paged(shop: Shop) -> None:
    paid = [await shop.pay("1"), await shop.pay("2"), await shop.pay("3")]
    await shop.ask(payments_pb2.RefundOrderRequest(request_id="r", payment_id=paid[0].id))
    narrowed = payments_pb2.PaymentFilter(
        customer_id=shop.customer_id,
        kinds=[payments_pb2.PAYMENT_KIND_ORDER],
        states=[payments_pb2.PAYMENT_STATE_PAID],
        payer=payments_pb2.PAYER_CUSTOMER,
        create_time_from=in_days(-1),
        create_time_to=in_days(1),
    )
    request = payments_pb2.ListPaymentsRequest(filter=narrowed, page_size=2)

    first = await shop.ask(request, principal=shop.administrator)
    request.page_token = first.next_page_token
    rest = await shop.ask(request, principal=shop.administrator)
    of_one = await shop.ask(
        payments_pb2.ListPaymentsRequest(
            filter=payments_pb2.PaymentFilter(order_number=paid[0].order_number),
            order_by=payments_pb2.PAYMENT_ORDER_CREATE_TIME_ASC,
        ),
        principal=shop.administrator,
    )

    assert [one.id for one in (*first.payments, *rest.payments)] == [
        one.id for one in reversed(paid)
    ]
    assert [one.kind for one in of_one.payments] == [
        payments_pb2.PAYMENT_KIND_ORDER,
        payments_pb2.PAYMENT_KIND_REFUND,
    ]


async def test_each_customer_has_its_first_payments(shop: Shop) -> None:
    paid = [await shop.pay("1"), await shop.pay("2")]
    other = to_text("cus", await shop.tenant.link(customer_id=new_id()))

    response = await shop.ask(
        payments_pb2.BatchListPaymentsRequest(customer_ids=[other, shop.customer_id], page_size=1),
        principal=shop.administrator,
    )
    rest = await shop.ask(
        payments_pb2.ListPaymentsRequest(
            page_size=1,
            page_token=response.groups[1].next_page_token,
            filter=payments_pb2.PaymentFilter(customer_id=shop.customer_id),
        ),
        principal=shop.administrator,
    )

    assert [len(group.payments) for group in response.groups] == [0, 1]
    assert [response.groups[1].payments[0].id, rest.payments[0].id] == [
        one.id for one in reversed(paid)
    ]


async def test_a_customer_sees_what_it_paid_and_not_what_its_partner_paid(shop: Shop) -> None:
    await shop.tenant.allocate(10_000, holder=_partner(shop))
    mine = await shop.pay()
    theirs = await shop.pay(payer=payments_pb2.PAYER_PARTNER)
    customer = a_customers_user(shop.tenant.tenant_id, customer_id=shop.tenant.customer_id)

    listed = await shop.ask(payments_pb2.ListPaymentsRequest(), principal=customer)
    got = await shop.ask(
        payments_pb2.BatchGetPaymentsRequest(ids=[mine.id, theirs.id]), principal=customer
    )
    quoted = await shop.ask(payments_pb2.QuoteOrderRequest(order=shop.order()), principal=customer)
    refusal = await shop.refusal(
        payments_pb2.QuoteOrderRequest(order=shop.order(payer=payments_pb2.PAYER_PARTNER)),
        principal=customer,
    )

    assert [one.id for one in listed.payments] == [one.id for one in got.payments] == [mine.id]
    assert quoted.cash_amount == money("12 CNY")
    assert refusal.code == "PERMISSION_DENIED"


async def test_account_managers_and_directors_see_no_money(shop: Shop) -> None:
    tenant_id, manager_id = shop.tenant.tenant_id, new_id()
    people = [
        an_account_manager(tenant_id, account_manager_id=manager_id),
        a_director(tenant_id, team=(manager_id,)),
    ]
    requests = [
        payments_pb2.ListPaymentsRequest(),
        payments_pb2.BatchGetPaymentsRequest(ids=[to_text("pmt", new_id())]),
        payments_pb2.BatchListPaymentsRequest(customer_ids=[shop.customer_id]),
        payments_pb2.QuoteOrderRequest(order=shop.order()),
    ]

    for person in people:
        for request in requests:
            refusal = await shop.refusal(request, principal=person)
            assert refusal.code == "PERMISSION_DENIED"


async def test_only_the_platform_says_what_orders_and_usage_cost(shop: Shop) -> None:
    order = payments_pb2.PayOrderRequest(request_id="p", order=shop.order())
    usage = payments_pb2.ChargeUsageRequest(request_id="u", usages=[shop.usage()])
    finance = a_finance_operator(shop.tenant.tenant_id)

    refusals = [
        await shop.refusal(order, principal=shop.administrator),
        await shop.refusal(order, principal=finance),
        await shop.refusal(usage),
    ]

    assert {refusal.code for refusal in refusals} == {"PERMISSION_DENIED"}


async def test_a_reseller_is_named_by_who_stands_above_it(shop: Shop) -> None:
    reseller = new_id()
    await shop.pay()
    narrowed = payments_pb2.PaymentFilter(
        indirect_partner_id=to_text("ptr", reseller), billing_cycle="2026-11"
    )

    of_reseller = await shop.ask(
        payments_pb2.ListPaymentsRequest(filter=narrowed), principal=shop.administrator
    )
    refusal = await shop.refusal(
        payments_pb2.ListPaymentsRequest(filter=narrowed),
        principal=an_administrator(shop.tenant.tenant_id, partner_id=new_id()),
    )

    assert list(of_reseller.payments) == []
    assert refusal.reason == "INDIRECT_PARTNER_FORBIDDEN"


def _partner(shop: Shop) -> Any:
    return type(shop.tenant.holder()).partner(shop.tenant.tenant_id)
