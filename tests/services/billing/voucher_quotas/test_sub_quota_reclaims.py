"""ReclaimSubQuotas over a real socket: what is taken back, and what is refused."""

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_sub_quota_reclaim,
    an_issue,
    delegate_quota,
    grant_quota,
    money,
    some_customers,
)
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

RECLAIMED = voucher_quotas_pb2.VOUCHER_QUOTA_STATE_RECLAIMED


async def test_reclaim_sub_quotas_takes_the_whole_rest_and_hides_it_from_the_reseller(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    theirs = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    distributor = an_administrator(tenant)
    reseller = an_administrator(tenant, partner_id=reseller_id)
    issued = await billing.call(an_issue(part, theirs, face_value="7.25 CNY"), principal=reseller)

    response = await billing.call(
        a_sub_quota_reclaim(part, remark="not needed"), principal=distributor
    )

    assert [(one.quota_id, one.amount) for one in response.results] == [(part, money("22.75 CNY"))]
    both = voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota.id, part])
    shown = await billing.call(both, principal=distributor)
    assert [one.balance.amount for one in shown.quotas] == ["92.75", "0"]
    assert shown.quotas[1].state == RECLAIMED
    assert not (await billing.call(both, principal=reseller)).quotas
    voucher = vouchers_pb2.BatchGetVouchersRequest(ids=[issued.results[0].voucher.id])
    kept = await billing.call(voucher, principal=reseller)
    assert kept.vouchers[0].state == vouchers_pb2.VOUCHER_STATE_USABLE
    records = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(
            filter=vouchers_pb2.VoucherOperationFilter(
                operation_types=[vouchers_pb2.VOUCHER_OPERATION_TYPE_RECLAIM_SUB_QUOTA]
            )
        ),
        principal=distributor,
    )
    (record,) = records.operations
    assert (record.quota_id, record.sub_quota_id) == (quota.id, part)
    assert (record.amount, record.remark) == (money("22.75 CNY"), "not needed")
    assert not await TenantLedger(billing.database, tenant).violations()


async def test_reclaim_sub_quotas_refuses_single_quotas_in_the_same_words(
    billing: RunningService,
) -> None:
    tenant, other = a_tenant(), a_tenant()
    quota, foreign = await grant_quota(billing, tenant), await grant_quota(billing, other)
    of_others = await delegate_quota(
        billing, other, foreign, partner_id=new_id(), face_total="30 CNY"
    )
    part = await delegate_quota(billing, tenant, quota, partner_id=new_id(), face_total="30 CNY")
    again = await delegate_quota(billing, tenant, quota, partner_id=new_id(), face_total="30 CNY")
    distributor = an_administrator(tenant)
    await billing.call(a_sub_quota_reclaim(again), principal=distributor)

    response = await billing.call(
        a_sub_quota_reclaim(to_text("quo", new_id()), of_others, quota.id, again, part),
        principal=distributor,
    )

    assert [one.error.reason for one in response.results] == [
        *["QUOTA_NOT_FOUND_OR_STATE"] * 4,
        "",
    ]
    assert len({one.error.message for one in response.results[:4]}) == 1
    assert not response.results[0].HasField("amount")
    assert response.results[4].amount == money("30 CNY")


async def test_an_empty_part_is_taken_back_without_a_transfer(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="10 CNY")
    theirs = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    reseller = an_administrator(tenant, partner_id=reseller_id)
    await billing.call(an_issue(part, theirs), principal=reseller)

    response = await billing.call(a_sub_quota_reclaim(part), principal=an_administrator(tenant))

    assert response.results[0].amount == money("0 CNY")
    assert not await TenantLedger(billing.database, tenant).violations()


async def test_a_reseller_takes_nothing_back(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="10 CNY")

    response = await billing.call(
        a_sub_quota_reclaim(part), principal=an_administrator(tenant, partner_id=reseller_id)
    )

    assert response.results[0].error.reason == "QUOTA_NOT_FOUND_OR_STATE"


async def test_a_note_is_short(billing: RunningService) -> None:
    refusal = await billing.refusal(
        a_sub_quota_reclaim(to_text("quo", new_id()), remark="x" * 201),
        principal=an_administrator(a_tenant()),
    )

    assert [path for path, _ in refusal.violations] == ["remark"]
