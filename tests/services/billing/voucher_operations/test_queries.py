"""Operation records over a real socket: filters, orders, edges, and what each says."""

from partner.billing.v1 import vouchers_pb2
from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_link,
    a_sub_quota,
    an_issue,
    delegate_quota,
    grant_quota,
    in_days,
    put_links,
    some_customers,
)
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


async def test_list_voucher_operations_takes_every_filter(billing: RunningService) -> None:
    tenant = a_tenant()
    links = [a_link(partner_id=tenant, customer_name=name) for name in ("Jade", "Ruby")]
    jade, ruby = await put_links(billing, tenant, links)
    stranger = to_text("cus", new_id())
    quota = await grant_quota(billing, tenant)
    answer = await billing.call(
        an_issue(quota.id, [jade, ruby, stranger], face_value="7 CNY"),
        principal=an_administrator(tenant),
    )
    issue = vouchers_pb2.VOUCHER_OPERATION_TYPE_ISSUE
    cases: list[tuple[dict[str, object], set[str]]] = [
        ({}, {jade, ruby, stranger}),
        ({"operate_time_from": in_days(-1), "operate_time_to": in_days(1)}, {jade, ruby, stranger}),
        ({"operate_time_to": in_days(-1)}, set()),
        ({"customer_name": "ad"}, {jade}),
        ({"indirect_partner_name": "Harb"}, set()),
        ({"quota_id": quota.id}, {jade, ruby, stranger}),
        ({"parent_quota_id": quota.id}, set()),
        ({"operator": "administrator"}, {jade, ruby, stranger}),
        ({"operator": "finance"}, set()),
        ({"operation_types": [issue]}, {jade, ruby, stranger}),
        ({"operation_types": [vouchers_pb2.VOUCHER_OPERATION_TYPE_GRANT_SUB_QUOTA]}, set()),
        ({"result": vouchers_pb2.VOUCHER_OPERATION_RESULT_FAILURE}, {stranger}),
        ({"voucher_ids": [answer.results[1].voucher.id]}, {ruby}),
    ]

    for fields, expected in cases:
        narrowed = vouchers_pb2.VoucherOperationFilter(**fields)  # type: ignore[arg-type]
        request = vouchers_pb2.ListVoucherOperationsRequest(filter=narrowed)
        response = await billing.call(request, principal=an_administrator(tenant))
        assert {record.customer_id for record in response.operations} == expected, fields

    blank = vouchers_pb2.VoucherOperationFilter(customer_name="J e")
    request = vouchers_pb2.ListVoucherOperationsRequest(filter=blank)
    refusal = await billing.refusal(request, principal=an_administrator(tenant))
    assert refusal.violations[0][0] == "filter.customer_name"


async def test_operation_records_say_what_was_done_and_why_not(billing: RunningService) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)
    quota = await grant_quota(billing, tenant)
    (customer,) = await some_customers(billing, tenant, 1)
    stranger = to_text("cus", new_id())
    issued = await billing.call(an_issue(quota.id, [customer]), principal=principal)
    await billing.call(an_issue(quota.id, [stranger], face_value="7 CNY"), principal=principal)
    request = vouchers_pb2.ListVoucherOperationsRequest(page_size=1)

    newest = await billing.call(request, principal=principal)
    request.order_by = vouchers_pb2.VOUCHER_OPERATION_ORDER_OPERATE_TIME_ASC
    oldest = await billing.call(request, principal=principal)

    refused, done = newest.operations[0], oldest.operations[0]
    assert (refused.customer_id, refused.failure_reason) == (stranger, "NOT_SUB_CUSTOMER")
    assert refused.result == vouchers_pb2.VOUCHER_OPERATION_RESULT_FAILURE
    assert (refused.amount.amount, refused.voucher_id, refused.transaction_id) == ("7", "", "")
    assert done.voucher_id == issued.results[0].voucher.id
    assert (done.operator, done.failure_reason) == ("administrator", "")
    assert done.transaction_id.startswith("txn_")


async def test_records_are_found_by_the_reseller_they_are_about(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    link = a_link(partner_id=reseller_id, partner_name="Lantern")
    (theirs,) = await put_links(billing, tenant, [link])
    quota = await grant_quota(billing, tenant)
    given = await billing.call(
        a_sub_quota(quota.id, [reseller_id]), principal=an_administrator(tenant)
    )
    part = given.results[0].quota.id
    reseller = an_administrator(tenant, partner_id=reseller_id)
    await billing.call(an_issue(part, [theirs], face_value="1 CNY"), principal=reseller)
    named = vouchers_pb2.VoucherOperationFilter(indirect_partner_name="antern")
    request = vouchers_pb2.ListVoucherOperationsRequest(filter=named)

    by_distributor = await billing.call(request, principal=an_administrator(tenant))
    by_reseller = await billing.call(request, principal=reseller)

    assert [(one.quota_id, one.parent_quota_id) for one in by_distributor.operations] == [
        (part, quota.id),
        (quota.id, ""),
    ]
    assert [one.quota_id for one in by_reseller.operations] == [part]


async def test_the_records_of_a_quota_tell_where_its_amount_went(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    other = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    customers = await some_customers(billing, tenant, 2)
    principal = an_administrator(tenant)
    await billing.call(an_issue(quota.id, customers), principal=principal)
    request = vouchers_pb2.BatchListVoucherOperationsRequest(
        quota_ids=[other.id, quota.id, part], page_size=2, with_item_tokens=True
    )

    response = await billing.call(request, principal=principal)
    rest = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(
            filter=vouchers_pb2.VoucherOperationFilter(quota_id=quota.id),
            page_token=response.groups[1].next_page_token,
        ),
        principal=principal,
    )

    assert [group.quota_id for group in response.groups] == [other.id, quota.id, part]
    assert [len(group.operations) for group in response.groups] == [0, 2, 0]
    assert len(response.groups[1].item_tokens) == 2
    found = [*response.groups[1].operations, *rest.operations]
    assert [one.amount.amount for one in found] == ["10", "10", "30"]
    assert found[-1].sub_quota_id == part
