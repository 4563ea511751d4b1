"""Payments and quotes as clients see them, and what their inputs become."""

from typing import Any

from partner.billing.v1 import payments_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2
from partner.type.v1 import terms_pb2
from tests.builders import graph_messages as messages
from tests.builders.billing import money
from tests.builders.graph import Rpcs, ask

ORDER: dict[str, Any] = {
    "customerId": messages.an_id("cus"),
    "orderNumber": "CS1",
    "payer": "CUSTOMER",
    "currencyCode": "CNY",
    "lines": [
        {
            "lineNumber": 1,
            "serviceTypeCode": "ecs",
            "regionCode": "cn-north-4",
            "productId": "p-1",
            "chargingMode": "PERIOD",
            "periodType": "YEAR",
            "periodCount": 3,
            "orderType": "RENEW",
            "listAmount": {"amount": "12.00", "currencyCode": "CNY"},
        }
    ],
    "discount": {"kind": "PROMOTION", "ratio": "0.85", "lineNumbers": [1]},
    "adjustedAmount": {"amount": "7", "currencyCode": "CNY"},
    "voucherIds": [messages.an_id("cpn")],
}
FILTER: dict[str, Any] = {
    "customerId": messages.an_id("cus"),
    "orderNumber": "CS1",
    "kinds": ["ORDER", "REFUND"],
    "states": ["PAID"],
    "payer": "PARTNER",
    "billingCycle": "2026-11",
    "createTimeFrom": "2026-01-01T00:00:00Z",
    "createTimeTo": "2026-02-01T00:00:00Z",
    "indirectPartnerId": messages.an_id("ptr"),
}

PAYMENT, TRANSACTION = messages.an_id("pmt"), messages.an_id("txn")


def a_payment(**said: Any) -> payments_pb2.Payment:
    return payments_pb2.Payment(
        id=PAYMENT,
        customer_id=messages.an_id("cus"),
        kind=payments_pb2.PAYMENT_KIND_ORDER,
        state=payments_pb2.PAYMENT_STATE_PAID,
        payable_amount=money("12.00 CNY"),
        transaction_id=TRANSACTION,
        **said,
    )


def check_order(order: payments_pb2.Order) -> None:
    (line,) = order.lines
    assert (order.order_number, order.payer) == ("CS1", payments_pb2.PAYER_CUSTOMER)
    assert (line.period_count, line.order_type) == (3, payments_pb2.ORDER_TYPE_RENEW)
    assert line.charging_mode == terms_pb2.CHARGING_MODE_PERIOD
    assert line.list_amount == money("12.00 CNY")
    assert order.discount.ratio.value == "0.85"
    assert list(order.discount.line_numbers) == [1]
    assert order.adjusted_amount == money("7 CNY")


async def test_payments_take_every_filter_and_show_where_amounts_came_from() -> None:
    voucher = messages.a_voucher()
    leg = payments_pb2.PaymentLeg(
        source=payments_pb2.PAYMENT_SOURCE_VOUCHER,
        voucher_id=voucher.id,
        amount=money("12.00 CNY"),
    )
    rpcs = Rpcs(
        ListPayments=payments_pb2.ListPaymentsResponse(payments=[a_payment(legs=[leg])]),
        BatchGetVouchers=messages.found(
            vouchers_pb2.BatchGetVouchersResponse, "vouchers", [voucher]
        ),
    )

    shown = await ask(
        """query ($filter: PaymentFilter) {
          payments(filter: $filter, orderBy: CREATE_TIME_ASC) { nodes {
            kind state transactionId payableAmount { amount } refundedPayment { id }
            legs { source amount { amount } voucher { id } }
          } }
        }""",
        rpcs=rpcs,
        filter=FILTER,
    )

    assert shown.errors == []
    assert shown.data["payments"]["nodes"] == [
        {
            "kind": "ORDER",
            "state": "PAID",
            "transactionId": TRANSACTION,
            "payableAmount": {"amount": "12.00"},
            "refundedPayment": None,
            "legs": [
                {"source": "VOUCHER", "amount": {"amount": "12.00"}, "voucher": {"id": voucher.id}}
            ],
        }
    ]
    narrowed = rpcs.request("ListPayments").filter
    assert {field.name for field, _ in narrowed.ListFields()} == set(
        payments_pb2.PaymentFilter.DESCRIPTOR.fields_by_name
    )


async def test_an_order_is_quoted_as_it_was_given() -> None:
    rpcs = Rpcs(
        QuoteOrder=payments_pb2.OrderQuote(
            payable_amount=money("10.20 CNY"), missing_amount=money("0 CNY")
        )
    )

    shown = await ask(
        """query ($order: OrderInput!) {
          orderQuote(order: $order) { payableAmount { amount } missingAmount { amount } }
        }""",
        rpcs=rpcs,
        order=ORDER,
    )

    assert shown.errors == []
    assert shown.data["orderQuote"] == {
        "payableAmount": {"amount": "10.20"},
        "missingAmount": {"amount": "0"},
    }
    check_order(rpcs.request("QuoteOrder").order)


async def test_orders_are_held_and_paid_as_they_were_given() -> None:
    rpcs = Rpcs(HoldOrder=a_payment(), PayOrder=a_payment())

    for name, said in (("hold", {"expireTime": "2099-01-01T00:00:00Z"}), ("pay", {})):
        shown = await ask(
            f"""mutation ($input: {name.title()}OrderInput!) {{
              {name}Order(input: $input) {{ payment {{ state }} userErrors {{ message }} }}
            }}""",
            rpcs=rpcs,
            input={"requestId": "r", "order": ORDER, **said},
        )
        assert shown.data[f"{name}Order"] == {"payment": {"state": "PAID"}, "userErrors": []}

    check_order(rpcs.request("HoldOrder").order)
    check_order(rpcs.request("PayOrder").order)


async def test_payments_are_paid_cancelled_and_refunded_by_their_ids() -> None:
    rpcs = Rpcs(PayHeldOrder=a_payment(), CancelOrder=a_payment(), RefundOrder=a_payment())
    named = {"requestId": "r", "paymentId": PAYMENT}

    for name in ("payHeldOrder", "cancelOrder"):
        await ask(
            f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{
              {name}(input: $input) {{ payment {{ id }} }}
            }}""",
            rpcs=rpcs,
            input=named,
        )
    line = {"lineNumber": 2, "amount": ORDER["adjustedAmount"], "isPeriodUnstarted": True}
    shown = await ask(
        """mutation ($input: RefundOrderInput!) { refundOrder(input: $input) { refund { id } } }""",
        rpcs=rpcs,
        input=named | {"lines": [line]},
    )

    assert shown.data == {"refundOrder": {"refund": {"id": PAYMENT}}}
    for name in ("PayHeldOrder", "CancelOrder", "RefundOrder"):
        assert rpcs.request(name).payment_id == PAYMENT
    (refunded,) = rpcs.request("RefundOrder").lines
    assert (refunded.line_number, refunded.amount) == (2, money("7 CNY"))
    assert refunded.is_period_unstarted


async def test_a_customer_leads_to_its_payments() -> None:
    customer = messages.a_customer(name="云")
    group = payments_pb2.BatchListPaymentsResponse.Group(
        customer_id=customer.id, payments=[a_payment()]
    )
    rpcs = Rpcs(
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        ),
        BatchListPayments=payments_pb2.BatchListPaymentsResponse(groups=[group]),
    )

    shown = await ask(
        """query ($id: ID!) {
          node(id: $id) { ... on Customer { payments(first: 1) { nodes { kind } } } }
        }""",
        rpcs=rpcs,
        id=customer.id,
    )

    assert shown.errors == []
    assert shown.data["node"]["payments"]["nodes"] == [{"kind": "ORDER"}]
