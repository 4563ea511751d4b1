"""Taking vouchers back: by hand over a real socket, by a change of the association."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.operations import void_pending
from services.billing.voucher_operations.model import VoucherOperationType
from services.billing.vouchers import queries, reclaims
from services.billing.vouchers.reclaims import Reclaimed
from services.kit import ids
from services.kit.ids import new_id, to_text
from services.kit.money import Money
from tests.builders.billing import (
    a_reclaim,
    a_sub_quota_reclaim,
    an_issue,
    delegate_quota,
    grant_quota,
    in_days,
    money,
    some_customers,
)
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_customers_user, a_tenant, an_administrator
from tests.builders.running import RunningService

RECLAIMED = vouchers_pb2.VOUCHER_STATE_RECLAIMED


async def issue(
    billing: RunningService, tenant: UUID, count: int = 1, **fields: object
) -> tuple[str, list[vouchers_pb2.Voucher]]:
    """Issue vouchers of 10 CNY out of a new quota of 100 CNY; give its id and them."""
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customers = await some_customers(billing, tenant, count)
    response = await billing.call(
        an_issue(quota.id, customers, **fields), principal=an_administrator(tenant)
    )
    return quota.id, [result.voucher for result in response.results]


async def use(ledger: TenantLedger, voucher_id: str, cents: int) -> None:
    """Let a voucher pay for something."""
    voucher = await usable(ledger, voucher_id)
    used = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)
    code = TransferCode.CONSUME_VOUCHER
    await ledger.post(voucher.account_id, used, cents, unit=voucher.unit, code=code)


async def usable(ledger: TenantLedger, voucher_id: str) -> queries.UsableVoucher:
    async with ledger.transaction() as session:
        scope, wanted = ledger.principal.scope, ids.from_text("cpn", voucher_id, field="id")
        (row,) = await queries.batch_get(
            session, scope=scope, columns=["customer_id"], ids=[wanted], now=datetime.now(UTC)
        )
        found = await queries.list_usable(
            session, scope=scope, customer_ids=[row[0]], at=datetime.now(UTC)
        )
    (voucher,) = (one for one in found if one.id == wanted)
    return voucher


async def balance_of(billing: RunningService, tenant: UUID, quota_id: str) -> str:
    request = voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota_id])
    response = await billing.call(request, principal=an_administrator(tenant))
    amount: str = response.quotas[0].balance.amount
    return amount


async def test_reclaim_vouchers_returns_the_whole_rest_to_the_quota(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota_id, (whole, begun) = await issue(billing, tenant, 2)
    await use(ledger, begun.id, 375)

    response = await billing.call(
        a_reclaim(whole.id, begun.id, remark="wrong customer"), principal=an_administrator(tenant)
    )

    assert [one.amount for one in response.results] == [money("10 CNY"), money("6.25 CNY")]
    assert await balance_of(billing, tenant, quota_id) == "96.25"
    shown = await billing.call(
        vouchers_pb2.BatchGetVouchersRequest(ids=[whole.id, begun.id]),
        principal=an_administrator(tenant),
    )
    assert {(one.state, one.balance.amount) for one in shown.vouchers} == {(RECLAIMED, "0")}
    records = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(
            filter=vouchers_pb2.VoucherOperationFilter(voucher_ids=[begun.id])
        ),
        principal=an_administrator(tenant),
    )
    record = records.operations[0]
    assert record.operation_type == vouchers_pb2.VOUCHER_OPERATION_TYPE_MANUAL_RECLAIM
    assert (record.amount, record.remark) == (money("6.25 CNY"), "wrong customer")
    assert (record.quota_id, record.customer_id) == (quota_id, begun.customer_id)
    assert not await ledger.violations()


async def test_a_customer_sees_no_more_of_what_was_taken_back(billing: RunningService) -> None:
    tenant = a_tenant()
    _, (voucher,) = await issue(billing, tenant)
    customer = a_customers_user(
        tenant, customer_id=ids.from_text("cus", voucher.customer_id, field="id")
    )
    wanted = vouchers_pb2.BatchGetVouchersRequest(ids=[voucher.id])
    before = await billing.call(wanted, principal=customer)

    await billing.call(a_reclaim(voucher.id), principal=an_administrator(tenant))

    after = await billing.call(wanted, principal=customer)
    listed = await billing.call(vouchers_pb2.ListVouchersRequest(), principal=customer)
    assert (len(before.vouchers), len(after.vouchers), len(listed.vouchers)) == (1, 0, 0)


async def test_reclaim_vouchers_refuses_single_vouchers_and_takes_the_others(
    billing: RunningService,
) -> None:
    tenant, other = a_tenant(), a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota_id, (used, held, again, plain) = await issue(billing, tenant, 4)
    _, (not_yet,) = await issue(billing, tenant, effective_time=in_days(2))
    _, (foreign,) = await issue(billing, other)
    await use(ledger, used.id, 1000)
    voucher = await usable(ledger, held.id)
    sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)
    hold = await ledger.reserve(voucher.account_id, sink, 1, unit=voucher.unit)
    await billing.call(a_reclaim(again.id), principal=an_administrator(tenant))
    unknown = to_text("cpn", new_id())
    asked = [used.id, held.id, again.id, not_yet.id, foreign.id, unknown, plain.id]

    response = await billing.call(a_reclaim(*asked), principal=an_administrator(tenant))
    async with ledger.transaction() as session:
        await void_pending(session, id=new_id(), pending_id=hold, code=TransferCode.ORDER_HOLD)
    released = await billing.call(a_reclaim(held.id), principal=an_administrator(tenant))

    assert [one.voucher_id for one in response.results] == asked
    assert [one.error.reason for one in response.results] == [
        *["VOUCHER_NOT_RECLAIMABLE"] * 4,
        *["NOT_FOUND"] * 2,
        "",
    ]
    assert response.results[4].error == response.results[5].error
    assert released.results[0].amount == money("10 CNY")
    assert await balance_of(billing, tenant, quota_id) == "90"
    failed = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(
            filter=vouchers_pb2.VoucherOperationFilter(
                result=vouchers_pb2.VOUCHER_OPERATION_RESULT_FAILURE
            )
        ),
        principal=an_administrator(tenant),
    )
    assert {one.voucher_id for one in failed.operations} == {
        used.id,
        held.id,
        again.id,
        not_yet.id,
    }
    assert not await ledger.violations()


async def test_a_distributor_takes_back_what_it_issued_itself_only(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    theirs = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    reseller = an_administrator(tenant, partner_id=reseller_id)
    issued = await billing.call(an_issue(part, theirs), principal=reseller)
    voucher_id = issued.results[0].voucher.id

    by_distributor = await billing.call(a_reclaim(voucher_id), principal=an_administrator(tenant))
    by_issuer = await billing.call(a_reclaim(voucher_id), principal=reseller)

    assert by_distributor.results[0].error.reason == "NOT_FOUND"
    assert by_issuer.results[0].amount == money("10 CNY")
    assert await balance_of(billing, tenant, part) == "30"


async def test_what_returns_to_a_part_that_was_taken_back_is_due_to_go_on(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    theirs = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    reseller = an_administrator(tenant, partner_id=reseller_id)
    issued = await billing.call(an_issue(part, theirs), principal=reseller)
    await billing.call(a_sub_quota_reclaim(part), principal=an_administrator(tenant))

    response = await billing.call(a_reclaim(issued.results[0].voucher.id), principal=reseller)

    assert response.results[0].amount == money("10 CNY")
    assert await balance_of(billing, tenant, part) == "10"
    assert not await TenantLedger(billing.database, tenant).violations()


async def test_uses_and_reclaims_at_once_never_take_the_same_amount_twice(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota_id, (voucher,) = await issue(billing, tenant)
    found = await usable(ledger, voucher.id)
    sink = await ledger.open(AccountKind.VQ_USED, unit=found.unit)

    *_, reclaimed = await asyncio.gather(
        *(ledger.post(found.account_id, sink, 100, unit=found.unit) for _ in range(4)),
        billing.call(a_reclaim(voucher.id), principal=an_administrator(tenant)),
        return_exceptions=True,
    )

    assert not isinstance(reclaimed, BaseException)
    used = (await ledger.account(sink)).balance
    taken = Money.from_message(reclaimed.results[0].amount, field="amount")
    assert used + taken == found.available
    assert await balance_of(billing, tenant, quota_id) == f"{90 + taken.amount}".removesuffix(".00")
    assert not await ledger.violations()


@pytest.mark.parametrize(
    "operation_type",
    [
        VoucherOperationType.UNBIND_RECLAIM,
        VoucherOperationType.TOPUP_REFUND_REVOKE,
        VoucherOperationType.ASSOCIATION_RECLAIM,
        VoucherOperationType.MODE_SWITCH_RECLAIM,
        VoucherOperationType.RESELLER_TRANSFER,
    ],
)
async def test_reclaim_all_of_customer_takes_what_is_usable_and_what_is_not_yet(
    billing: RunningService, operation_type: VoucherOperationType
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customer, other = await some_customers(billing, tenant, 2)
    terms: list[dict[str, Any]] = [{}, {"effective_time": in_days(3)}, {"face_value": "5 CNY"}]
    for fields in terms:
        request = an_issue(quota.id, [customer, other], **fields)
        await billing.call(request, principal=an_administrator(tenant))

    taken = await reclaim_all(ledger, customer, operation_type, request_id="unbind")
    again = await reclaim_all(ledger, customer, operation_type, request_id="once more")

    assert sorted(one.amount.amount for one in taken if one.amount) == [5, 10, 10]
    assert again == []
    assert await balance_of(billing, tenant, quota.id) == "75"
    records = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(
            filter=vouchers_pb2.VoucherOperationFilter(
                operation_types=[
                    vouchers_pb2.VoucherOperationType.Value(
                        f"VOUCHER_OPERATION_TYPE_{operation_type}"
                    )
                ]
            )
        ),
        principal=an_administrator(tenant),
    )
    assert {one.customer_id for one in records.operations} == {customer}
    assert len(records.operations) == 3
    assert not await ledger.violations()


async def test_reclaim_all_of_customer_leaves_what_an_unpaid_order_holds(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    _, (voucher,) = await issue(billing, tenant)
    found = await usable(ledger, voucher.id)
    sink = await ledger.open(AccountKind.VQ_USED, unit=found.unit)
    await ledger.reserve(found.account_id, sink, 1, unit=found.unit)

    (one,) = await reclaim_all(
        ledger, voucher.customer_id, VoucherOperationType.UNBIND_RECLAIM, request_id="unbind"
    )

    assert one.refusal is not None
    assert (one.amount, one.refusal.reason) == (None, "VOUCHER_NOT_RECLAIMABLE")


async def reclaim_all(
    ledger: TenantLedger, customer_id: str, operation_type: VoucherOperationType, *, request_id: str
) -> list[Reclaimed]:
    async with ledger.transaction() as session:
        return await reclaims.reclaim_all_of_customer(
            session,
            scope=ledger.principal.scope,
            customer_id=ids.from_text("cus", customer_id, field="id"),
            operation_type=operation_type,
            operator="closings",
            request_id=request_id,
            now=datetime.now(UTC) + timedelta(seconds=1),
        )
