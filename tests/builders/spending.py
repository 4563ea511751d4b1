"""A tenant whose customers have vouchers and consumption, and all that can be read of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import insert

from partner.billing.v1 import (
    accounts_pb2,
    adjustments_pb2,
    consumption_pb2,
    contracts_pb2,
    payments_pb2,
    statements_pb2,
    top_ups_pb2,
    verification_codes_pb2,
    voucher_quotas_pb2,
    vouchers_pb2,
    withdrawals_pb2,
)
from services.billing.consumption import operations
from services.billing.consumption.model import AMOUNTS
from services.billing.payments.model import Payment
from services.billing.voucher_quotas.model import RECIPIENTS_MAX
from services.kit import ids
from tests.builders.adjustments import CREDIT, a_batch, to
from tests.builders.billing import (
    a_limit,
    a_sub_quota,
    an_issue,
    grant_quota,
    some_customers,
)
from tests.builders.consumption import a_charge
from tests.builders.contracts import a_whole_contract
from tests.builders.funds import grant_credit, top_up
from tests.builders.principals import a_system, a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.verification import a_switch
from tests.builders.withdrawals import rejected_withdrawals, verify_payee

CYCLE: Final = date(2024, 9, 1)
# Answers that are what they are about.
SINGLE: Final = (
    consumption_pb2.ConsumptionSettings,
    contracts_pb2.ContractParty,
    accounts_pb2.BalanceAt,
    verification_codes_pb2.VerificationSettings,
    withdrawals_pb2.WithdrawableAmounts,
    contracts_pb2.ContractParty,
)
# Every field of a detail has a value.
SAID: Final[dict[str, Any]] = {
    "billing_cycle": CYCLE,
    "association_type": "RESALE",
    "service_type_code": "ecs",
    "service_type_name": "Elastic Cloud Server",
    "resource_type_code": "vm",
    "resource_type_name": "Virtual machine",
    "cloud_resource_id": "i-1",
    "resource_name": "web",
    "resource_tag": "green",
    "product_id": "p-1",
    "product_name": "Two cores",
    "product_spec_desc": "2 cores, 4 GiB",
    "region_code": "cn-north-4",
    "region_name": "Beijing",
    "enterprise_project_id": "e-1",
    "charging_mode": "PERIOD",
    "bill_type": "USAGE",
    "trade_number": "T-1",
    "trade_time": "2024-09-01T00:00:00.000001Z",
    "consume_end_time": "2024-09-30T00:00:00Z",
    "period_type": "MONTH",
    "period_count": 3,
    "payment_type": "ALL_UPFRONT",
    "usage_type": "duration",
    "usage_amount": "1.500000000000001",
    "usage_unit": "h",
    "free_resource_usage": "0.5",
    "reserved_instance_usage": "0.25",
    "currency_code": "CNY",
    **dict.fromkeys(AMOUNTS, "0"),
    "list_amount": "3.000000000000001",
    "discount_amount": "1",
    "payable_amount": "2.000000000000001",
    "cash_amount": "2.000000000000001",
}


@dataclass(frozen=True, kw_only=True)
class Spending:
    """A tenant, its customers, and the ids of what they have."""

    tenant: UUID
    reseller_id: UUID
    customer_ids: Sequence[str]
    quota_ids: Sequence[str]
    voucher_ids: Sequence[str]
    detail_ids: Sequence[str]
    # One of cash and lots of credit, and the top-ups that filled it.
    account_ids: Sequence[str]
    top_up_ids: Sequence[str]
    withdrawal_ids: Sequence[str]
    adjustment_ids: Sequence[str]
    contract_ids: Sequence[str]
    payment_ids: Sequence[str]

    @property
    def requests(self) -> list[Any]:
        """Ask for all that there is, by each rpc that takes a read mask."""
        return [*self._of_funds(), *self._of_vouchers(), *self._of_consumption()]

    def _of_funds(self) -> list[Any]:
        return [
            accounts_pb2.BatchGetAccountsRequest(ids=self.account_ids),
            accounts_pb2.ListAccountsRequest(),
            accounts_pb2.BatchListAccountsRequest(partner_ids=[ids.to_text("ptr", self.tenant)]),
            accounts_pb2.BatchGetCustomerBalancesRequest(ids=self.customer_ids),
            accounts_pb2.GetBalanceAtRequest(
                account_id=self.account_ids[0], time=Timestamp(seconds=4_000_000_000)
            ),
            top_ups_pb2.BatchGetTopUpsRequest(ids=self.top_up_ids),
            top_ups_pb2.ListTopUpsRequest(page_size=500),
            statements_pb2.ListStatementEntriesRequest(
                page_size=500,
                filter=statements_pb2.StatementEntryFilter(kind=accounts_pb2.ACCOUNT_KIND_CASH),
            ),
            statements_pb2.BatchListStatementEntriesRequest(
                account_ids=self.account_ids[:1], page_size=500
            ),
            verification_codes_pb2.GetVerificationSettingsRequest(),
            withdrawals_pb2.GetWithdrawableAmountsRequest(),
            withdrawals_pb2.BatchGetWithdrawalsRequest(ids=self.withdrawal_ids),
            withdrawals_pb2.ListWithdrawalsRequest(page_size=500),
            adjustments_pb2.BatchGetAdjustmentsRequest(ids=self.adjustment_ids),
            adjustments_pb2.ListAdjustmentsRequest(page_size=500),
            adjustments_pb2.BatchListAdjustmentsRequest(customer_ids=self.customer_ids),
            contracts_pb2.BatchGetContractsRequest(ids=self.contract_ids),
            contracts_pb2.ListContractsRequest(page_size=500),
            contracts_pb2.GetContractPartyRequest(),
        ]

    def _of_vouchers(self) -> list[Any]:
        issued = vouchers_pb2.VoucherOperationFilter(
            operation_types=[vouchers_pb2.VOUCHER_OPERATION_TYPE_ISSUE]
        )
        return [
            payments_pb2.BatchGetPaymentsRequest(ids=self.payment_ids),
            payments_pb2.ListPaymentsRequest(page_size=500),
            payments_pb2.BatchListPaymentsRequest(customer_ids=self.customer_ids),
            voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=self.quota_ids),
            voucher_quotas_pb2.ListVoucherQuotasRequest(),
            voucher_quotas_pb2.BatchListVoucherQuotasRequest(parent_quota_ids=self.quota_ids),
            vouchers_pb2.BatchGetVouchersRequest(ids=self.voucher_ids),
            vouchers_pb2.ListVouchersRequest(page_size=500),
            vouchers_pb2.BatchListVouchersRequest(customer_ids=self.customer_ids),
            vouchers_pb2.BatchListVouchersByQuotaRequest(quota_ids=self.quota_ids),
            vouchers_pb2.ListVoucherOperationsRequest(page_size=500, filter=issued),
            vouchers_pb2.BatchListVoucherOperationsRequest(quota_ids=self.quota_ids, filter=issued),
        ]

    def _of_consumption(self) -> list[Any]:
        reseller = ids.to_text("ptr", self.reseller_id)
        details = consumption_pb2.ConsumptionFilter(
            billing_cycle="2024-09", indirect_partner_id=reseller
        )
        sums = consumption_pb2.ConsumptionSummaryFilter(
            billing_cycle_from="2024-09", billing_cycle_to="2024-09", indirect_partner_id=reseller
        )
        return [
            consumption_pb2.BatchGetConsumptionDetailsRequest(ids=self.detail_ids),
            consumption_pb2.ListConsumptionDetailsRequest(page_size=500, filter=details),
            consumption_pb2.BatchListConsumptionDetailsRequest(
                customer_ids=self.customer_ids, filter=details
            ),
            consumption_pb2.ListConsumptionSummariesRequest(page_size=500, filter=sums),
            consumption_pb2.BatchListConsumptionSummariesRequest(
                customer_ids=self.customer_ids,
                billing_cycle_from="2024-09",
                billing_cycle_to="2024-09",
                indirect_partner_id=reseller,
            ),
            consumption_pb2.GetConsumptionSettingsRequest(),
        ]


def resources_of(answer: Any) -> list[Any]:
    """Give what a response is about: its items, those of its groups, or itself."""
    if isinstance(answer, SINGLE):
        return [answer]
    name, field = next(iter(answer.DESCRIPTOR.fields_by_name.items()))
    found = list(getattr(answer, name))
    if field.message_type.name != "Group":
        return found
    return [item for group in found for item in getattr(group, group.DESCRIPTOR.fields[1].name)]


async def a_spending_tenant(billing: RunningService, *, customers: int, each: int) -> Spending:
    """Make a new tenant with so many customers, who have so many vouchers and details each.

    It has as many quotas and contracts as a customer has vouchers; a reseller is who bills the
    consumption.
    """
    tenant = a_tenant()
    customer_ids = await some_customers(billing, tenant, customers)
    quota_ids = [
        (await grant_quota(billing, tenant, limits=[a_limit("ORDER_AMOUNT", "1", "9")])).id
        for _ in range(each)
    ]
    voucher_ids = [
        voucher_id
        for quota_id in quota_ids
        for voucher_id in await _issue(billing, tenant, quota_id, customer_ids)
    ]
    reseller_id = ids.new_id()
    # A reseller is known by its customers.
    await some_customers(billing, tenant, 1, partner_id=reseller_id)
    for quota_id in quota_ids:
        request = a_sub_quota(quota_id, [reseller_id], amount="1 CNY")
        await billing.call(request, principal=an_administrator(tenant))
    await billing.call(a_switch(mobile="13912345678"), principal=an_administrator(tenant))
    await verify_payee(billing, tenant)
    top_ups = [
        await top_up(billing, tenant, "2 CNY", memo="for the fair", earned_bonus=True)
        for _ in range(each)
    ]
    lots = [
        await grant_credit(billing, tenant, expire_date=date(2099, 1, 1 + number))
        for number in range(each)
    ]
    return Spending(
        tenant=tenant,
        reseller_id=reseller_id,
        customer_ids=customer_ids,
        quota_ids=quota_ids,
        voucher_ids=voucher_ids,
        detail_ids=await _bill(billing, tenant, reseller_id, customer_ids * each),
        account_ids=[top_ups[0].account_id, *(lot.id for lot in lots)],
        top_up_ids=[one.id for one in top_ups],
        withdrawal_ids=await rejected_withdrawals(billing, tenant, top_ups),
        adjustment_ids=await _allocate(billing, tenant, customer_ids, each=each),
        contract_ids=[await a_whole_contract(billing, tenant) for _ in range(each)],
        payment_ids=await _pay(billing, tenant, customer_ids * each),
    )


async def _issue(
    billing: RunningService, tenant: UUID, quota_id: str, customer_ids: Sequence[str]
) -> list[str]:
    """Issue a voucher to each; give their ids."""
    issued: list[str] = []
    for start in range(0, len(customer_ids), RECIPIENTS_MAX):
        few = customer_ids[start : start + RECIPIENTS_MAX]
        request = an_issue(quota_id, few, face_value="2.50 CNY", memo="for the fair")
        answer = await billing.call(request, principal=an_administrator(tenant))
        issued += [result.voucher.id for result in answer.results]
    return issued


async def _allocate(
    billing: RunningService, tenant: UUID, customer_ids: Sequence[str], *, each: int
) -> list[str]:
    """Allocate credit so many times to each customer; give the adjustments' ids."""
    allocated: list[str] = []
    for _ in range(each):
        targets = [to(one) for one in customer_ids]
        request = a_batch(targets, "1 CNY", kind=CREDIT, memo="for the fair")
        answer = await billing.call(request, principal=an_administrator(tenant))
        allocated += [result.adjustment.id for result in answer.results]
    return allocated


async def _bill(
    billing: RunningService, tenant: UUID, reseller_id: UUID, customer_ids: Sequence[str]
) -> list[str]:
    """Take a charge for each; give their ids, which lead to their month."""
    rows = [
        SAID
        | {
            "tenant_id": tenant,
            "partner_id": reseller_id,
            "id": a_charge(x_TradeId=str(number)).id_in(tenant),
            "customer_id": ids.from_text("cus", customer_id, field="id"),
            "account_manager_id": ids.new_id(),
            "consume_time": datetime(2024, 9, 1, number % 24, tzinfo=UTC),
        }
        for number, customer_id in enumerate(customer_ids)
    ]
    async with billing.database.transaction(a_system(tenant)) as session:
        await operations.make_partitions(session, cycles=[CYCLE])
        await operations.take_charges(session, rows=rows)
    return [ids.to_text("con", row["id"]) for row in rows]


async def _pay(billing: RunningService, tenant: UUID, customer_ids: Sequence[str]) -> list[str]:
    """Write down a payment of each with something in every field; give their ids."""
    since = datetime(2024, 9, 1, tzinfo=UTC)
    source = {"account_id": str(tenant), "to_account_id": str(tenant), "unit": "CNY/2"}
    line = {"line_number": 1, "service_type_code": "ecs", "list": 300, "payable": 200}
    parts = ("voucher", "cash_coupon", "cash", "credit", "debt", "forfeited")
    ordinary: dict[str, Any] = {
        "tenant_id": tenant,
        "partner_id": tenant,
        "kind": "USAGE",
        "state": "PAID",
        "payer": "CUSTOMER",
        "order_number": "CS1",
        "billing_cycle": CYCLE,
        "currency_code": "CNY",
        "list_amount": 9,
        "discount_amount": 3,
        "payable_amount": 6,
        "refunded_amount": 2,
        **{f"{part}_amount": 1 for part in parts},
        "legs": [source | {"source": "VOUCHER", "units": 200, "voucher_id": str(tenant)}],
        "lines": [line | {"parts": {"VOUCHER": 200}, "refunded": {}}],
        "transaction_id": tenant,
        **dict.fromkeys(("expire_time", "pay_time", "cancel_time"), since),
    }
    rows = [
        ordinary
        | {
            "id": ids.new_id(),
            "customer_id": ids.from_text("cus", customer_id, field="id"),
            "create_time": since + timedelta(hours=number),
        }
        for number, customer_id in enumerate(customer_ids)
    ]
    async with billing.database.transaction(a_system(tenant)) as session:
        await session.execute(insert(Payment), rows)
    return [ids.to_text("pmt", row["id"]) for row in rows]
