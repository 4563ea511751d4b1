"""Messages as the services answer them, filled enough for every field that is never null."""

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from partner.billing.v1 import (
    accounts_pb2,
    adjustments_pb2,
    consumption_pb2,
    contracts_pb2,
    statements_pb2,
    top_ups_pb2,
    voucher_quotas_pb2,
    vouchers_pb2,
)
from partner.customers.v1 import account_managers_pb2, customers_pb2, partners_pb2, resources_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.kit.ids import new_id, to_text

TIME = Timestamp(seconds=1_780_000_000)


def _filled(defaults: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    return defaults | others


def an_id(prefix: str) -> str:
    return to_text(prefix, new_id())


def money(text: str) -> money_pb2.Money:
    """Read "12.30 USD"."""
    amount, currency_code = text.split()
    return money_pb2.Money(amount=amount, currency_code=currency_code)


def a_customer(**others: Any) -> customers_pb2.Customer:
    return customers_pb2.Customer(
        **_filled(
            {
                "id": an_id("cus"),
                "account_name": "acme",
                "association_type": terms_pb2.ASSOCIATION_TYPE_RESALE,
                "associate_time": TIME,
                "create_time": TIME,
            },
            others,
        )
    )


def an_account_manager(**others: Any) -> account_managers_pb2.AccountManager:
    return account_managers_pb2.AccountManager(
        **_filled(
            {"id": an_id("mgr"), "account_name": "li", "name": "李明", "create_time": TIME}, others
        )
    )


def a_partner(**others: Any) -> partners_pb2.Partner:
    return partners_pb2.Partner(
        **_filled(
            {
                "id": an_id("ptr"),
                "kind": partners_pb2.PARTNER_KIND_DISTRIBUTOR,
                "name": "Lakeside",
                "account_name": "lakeside",
                "state": partners_pb2.PARTNER_STATE_ACTIVE,
                "currency_code": "CNY",
                "create_time": TIME,
            },
            others,
        )
    )


def a_resource(**others: Any) -> resources_pb2.Resource:
    return resources_pb2.Resource(
        **_filled(
            {
                "id": an_id("res"),
                "cloud_resource_id": "vm-1",
                "charging_mode": terms_pb2.CHARGING_MODE_PERIOD,
                "service_type_code": "ecs",
                "resource_type_code": "vm",
                "state": resources_pb2.RESOURCE_STATE_ACTIVE,
            },
            others,
        )
    )


def a_detail(**others: Any) -> consumption_pb2.ConsumptionDetail:
    return consumption_pb2.ConsumptionDetail(
        **_filled(
            {
                "id": an_id("con"),
                "billing_cycle": "2026-11",
                "service_type_code": "ecs",
                "bill_type": consumption_pb2.BILL_TYPE_USAGE,
                "payable_amount": money("0.000000000000001 USD"),
            },
            others,
        )
    )


def a_voucher(**others: Any) -> vouchers_pb2.Voucher:
    return vouchers_pb2.Voucher(
        **_filled(
            {
                "id": an_id("cpn"),
                "coupon_type": vouchers_pb2.COUPON_TYPE_VOUCHER,
                "face_value": money("20 USD"),
                "balance": money("12.5 USD"),
                "state": vouchers_pb2.VOUCHER_STATE_USABLE,
                "effective_time": TIME,
                "expire_time": TIME,
                "create_time": TIME,
            },
            others,
        )
    )


def a_quota(**others: Any) -> voucher_quotas_pb2.VoucherQuota:
    return voucher_quotas_pb2.VoucherQuota(
        **_filled(
            {
                "id": an_id("quo"),
                "coupon_type": vouchers_pb2.COUPON_TYPE_VOUCHER,
                "face_total": money("100 USD"),
                "balance": money("80 USD"),
                "state": voucher_quotas_pb2.VOUCHER_QUOTA_STATE_NORMAL,
                "effective_time": TIME,
                "expire_time": TIME,
                "create_time": TIME,
            },
            others,
        )
    )


def an_account(**others: Any) -> accounts_pb2.Account:
    return accounts_pb2.Account(
        **_filled(
            {
                "id": an_id("acc"),
                "partner_id": an_id("ptr"),
                "kind": accounts_pb2.ACCOUNT_KIND_CASH,
                "amount": money("80 USD"),
                "frozen_amount": money("0 USD"),
            },
            others,
        )
    )


def a_top_up(**others: Any) -> top_ups_pb2.TopUp:
    return top_ups_pb2.TopUp(
        **_filled(
            {
                "id": an_id("tup"),
                "channel": top_ups_pb2.CHANNEL_ALIPAY,
                "channel_number": "2026112800001",
                "amount": money("80 USD"),
                "designated_amount": money("0 USD"),
                "unreturned_amount": money("80 USD"),
                "pay_time": TIME,
                "create_time": TIME,
            },
            others,
        )
    )


def a_contract(**others: Any) -> contracts_pb2.Contract:
    return contracts_pb2.Contract(
        **_filled(
            {
                "id": an_id("ctr"),
                "number": "PA-20261128-7K3QX9MD",
                "kind": contracts_pb2.CONTRACT_KIND_ONLINE,
                "name": "云服务采购",
                "party_a": "云海科技",
                "party_b": "华云计算",
                "amount": money("100 USD"),
                "state": contracts_pb2.CONTRACT_STATE_GENERATED,
                "creator": "finance",
                "create_time": TIME,
            },
            others,
        )
    )


def a_statement_entry(**others: Any) -> statements_pb2.StatementEntry:
    return statements_pb2.StatementEntry(
        **_filled(
            {
                "account_id": an_id("acc"),
                "transaction_id": an_id("txn"),
                "trade_type": statements_pb2.TRADE_TYPE_ALLOCATE,
                "trade_detail": statements_pb2.TRADE_DETAIL_ALLOCATION,
                "trade_time": TIME,
                "direction": statements_pb2.DIRECTION_EXPENSE,
                "change_amount": money("-20 USD"),
                "balance_after": money("60 USD"),
            },
            others,
        )
    )


def an_adjustment(**others: Any) -> adjustments_pb2.Adjustment:
    return adjustments_pb2.Adjustment(
        **_filled(
            {
                "id": an_id("adj"),
                "transaction_id": an_id("txn"),
                "operation_type": adjustments_pb2.ADJUSTMENT_TYPE_ALLOCATE,
                "kind": adjustments_pb2.ADJUSTMENT_KIND_CASH,
                "amount": money("20 USD"),
                "operate_time": TIME,
            },
            others,
        )
    )


def customers(number: int, **others: Any) -> Callable[[Any], customers_pb2.ListCustomersResponse]:
    """Answer ListCustomers with so many, or as many as are asked for if fewer."""

    def answer(request: Any) -> customers_pb2.ListCustomersResponse:
        page = [a_customer(**others) for _ in range(min(number, request.page_size))]
        return customers_pb2.ListCustomersResponse(customers=page)

    return answer


def found(response: type[Any], field: str, things: Iterable[Any]) -> Callable[[Any], Any]:
    """Answer a BatchGet rpc with those of these things that are asked for."""
    known = {thing.id: thing for thing in things}

    def answer(request: Any) -> Any:
        return response(**{field: [known[key] for key in request.ids if key in known]})

    return answer


def grouped(
    response: type[Any], field: str, make: Callable[[], Any], *, each: int = 2, **others: Any
) -> Callable[[Any], Any]:
    """Answer a BatchList rpc with so many things for each customer."""

    def answer(request: Any) -> Any:
        number = min(each, getattr(request, "page_size", each))
        return response(
            groups=[
                {"customer_id": key, field: [make() for _ in range(number)]} | others
                for key in request.customer_ids
            ]
        )

    return answer


RESOURCES = grouped(resources_pb2.BatchListResourcesResponse, "resources", a_resource)
DETAILS = grouped(consumption_pb2.BatchListConsumptionDetailsResponse, "details", a_detail)
VOUCHERS = grouped(vouchers_pb2.BatchListVouchersResponse, "vouchers", a_voucher)
