"""VoucherService over a real socket: lists, batches, records, and who sees what of them."""

from dataclasses import dataclass
from uuid import UUID

import pytest_asyncio

from partner.billing.v1 import vouchers_pb2
from services.kit import ids
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_link,
    an_issue,
    delegate_quota,
    grant_quota,
    in_days,
    put_links,
    some_customers,
)
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService


@dataclass(frozen=True)
class Issued:
    """A tenant with six vouchers: two of each of three customers."""

    tenant: UUID
    quota_id: str
    customers: list[str]
    vouchers: list[vouchers_pb2.Voucher]

    @property
    def administrator(self) -> Principal:
        return an_administrator(self.tenant)


@pytest_asyncio.fixture(loop_scope="session")
async def issued(billing: RunningService) -> Issued:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 3)
    vouchers = []
    for request in (
        an_issue(quota.id, customers, face_value="10 CNY", expire_time=in_days(30), memo="first"),
        an_issue(quota.id, customers, face_value="20 CNY", effective_time=in_days(2)),
    ):
        response = await billing.call(request, principal=an_administrator(tenant))
        vouchers += [result.voucher for result in response.results]
    return Issued(tenant, quota.id, customers, vouchers)


def ids_of(vouchers: list[vouchers_pb2.Voucher]) -> list[str]:
    return [voucher.id for voucher in vouchers]


async def listed(
    billing: RunningService, principal: Principal, **fields: object
) -> list[vouchers_pb2.Voucher]:
    request = vouchers_pb2.ListVouchersRequest(filter=vouchers_pb2.VoucherFilter(**fields))  # type: ignore[arg-type]
    response = await billing.call(request, principal=principal)
    return list(response.vouchers)


async def test_list_vouchers_gives_the_newest_first_in_pages(
    billing: RunningService, issued: Issued
) -> None:
    request = vouchers_pb2.ListVouchersRequest(page_size=4, with_item_tokens=True)

    first = await billing.call(request, principal=issued.administrator)
    request.page_token = first.next_page_token
    rest = await billing.call(request, principal=issued.administrator)
    request.page_token = first.item_tokens[0]
    behind_first = await billing.call(request, principal=issued.administrator)

    whole = [*first.vouchers, *rest.vouchers]
    assert sorted(ids_of(whole)) == sorted(ids_of(issued.vouchers))
    times = [(voucher.create_time.ToNanoseconds(), voucher.id) for voucher in whole]
    assert times == sorted(times, reverse=True)
    assert (len(first.vouchers), rest.next_page_token) == (4, "")
    assert ids_of(behind_first.vouchers) == ids_of(whole)[1:5]


async def test_list_vouchers_sorts_by_expiry_both_ways(
    billing: RunningService, issued: Issued
) -> None:
    orders = (
        vouchers_pb2.VOUCHER_ORDER_EXPIRE_TIME_ASC,
        vouchers_pb2.VOUCHER_ORDER_EXPIRE_TIME_DESC,
    )

    answers = [
        await billing.call(
            vouchers_pb2.ListVouchersRequest(order_by=order), principal=issued.administrator
        )
        for order in orders
    ]

    upward, downward = (ids_of(answer.vouchers) for answer in answers)
    assert upward == downward[::-1]
    assert set(upward[:3]) == set(ids_of(issued.vouchers[:3]))


async def test_list_vouchers_takes_every_filter(billing: RunningService, issued: Issued) -> None:
    first, second = ids_of(issued.vouchers[:3]), ids_of(issued.vouchers[3:])
    cases: list[tuple[dict[str, object], list[str]]] = [
        ({"voucher_ids": [first[0], to_text("cpn", new_id())]}, first[:1]),
        ({"customer_id": issued.customers[0]}, [first[0], second[0]]),
        ({"order_number": "O-1"}, []),
        ({"coupon_type": vouchers_pb2.COUPON_TYPE_VOUCHER}, [*first, *second]),
        ({"coupon_type": vouchers_pb2.COUPON_TYPE_CASH_COUPON}, []),
        ({"states": [vouchers_pb2.VOUCHER_STATE_INACTIVE]}, second),
        ({"states": [vouchers_pb2.VOUCHER_STATE_USABLE]}, first),
        ({"states": [vouchers_pb2.VOUCHER_STATE_USED, vouchers_pb2.VOUCHER_STATE_EXPIRED]}, []),
        ({"create_time_from": in_days(-1), "create_time_to": in_days(1)}, [*first, *second]),
        ({"create_time_to": in_days(-1)}, []),
        ({"effective_time_from": in_days(1)}, second),
        ({"effective_time_to": in_days(1)}, first),
        ({"expire_time_from": in_days(31)}, second),
        ({"expire_time_to": in_days(31)}, first),
        ({"quota_id": issued.quota_id}, [*first, *second]),
        ({"quota_id": to_text("quo", new_id())}, []),
        ({"indirect_partner_id": to_text("ptr", new_id())}, []),
    ]

    for fields, expected in cases:
        found = await listed(billing, issued.administrator, **fields)
        assert sorted(ids_of(found)) == sorted(expected), fields


async def test_list_vouchers_names_the_filter_that_is_malformed(
    billing: RunningService, issued: Issued
) -> None:
    cases: dict[str, vouchers_pb2.VoucherFilter] = {
        "filter.customer_id": vouchers_pb2.VoucherFilter(customer_id="cpn_1"),
        "filter.voucher_ids": vouchers_pb2.VoucherFilter(voucher_ids=ids_of(issued.vouchers) * 9),
        "filter.states[0]": vouchers_pb2.VoucherFilter(
            states=[vouchers_pb2.VOUCHER_STATE_UNSPECIFIED]
        ),
        "filter.create_time_to": vouchers_pb2.VoucherFilter(
            create_time_from=in_days(1), create_time_to=in_days(0)
        ),
    }

    for field, narrowed in cases.items():
        request = vouchers_pb2.ListVouchersRequest(filter=narrowed)
        refusal = await billing.refusal(request, principal=issued.administrator)
        assert refusal.violations[0][0] == field


async def test_page_tokens_of_another_tenant_are_refused(
    billing: RunningService, issued: Issued
) -> None:
    request = vouchers_pb2.ListVouchersRequest(page_size=1)
    mine = await billing.call(request, principal=issued.administrator)
    request.page_token = mine.next_page_token

    refusal = await billing.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.violations[0][0] == "page_token"


async def test_batch_list_vouchers_gives_the_first_of_each_customer(
    billing: RunningService, issued: Issued
) -> None:
    asked = [issued.customers[2], to_text("cus", new_id()), issued.customers[0]]
    request = vouchers_pb2.BatchListVouchersRequest(
        customer_ids=asked, page_size=1, with_item_tokens=True
    )

    response = await billing.call(request, principal=issued.administrator)

    assert [group.customer_id for group in response.groups] == asked
    groups = [ids_of(group.vouchers) for group in response.groups]
    assert groups == [[issued.vouchers[5].id], [], [issued.vouchers[3].id]]
    on = vouchers_pb2.ListVouchersRequest(
        filter=vouchers_pb2.VoucherFilter(customer_id=asked[0]),
        page_token=response.groups[0].next_page_token,
    )
    rest = await billing.call(on, principal=issued.administrator)
    assert ids_of(rest.vouchers) == [issued.vouchers[2].id]
    assert response.groups[0].item_tokens == [response.groups[0].next_page_token]


async def test_batch_get_vouchers_keeps_the_order_and_leaves_out_the_foreign(
    billing: RunningService, issued: Issued
) -> None:
    wanted = [issued.vouchers[4].id, to_text("cpn", new_id()), issued.vouchers[1].id]
    request = vouchers_pb2.BatchGetVouchersRequest(ids=wanted)

    mine = await billing.call(request, principal=issued.administrator)
    theirs = await billing.call(request, principal=an_administrator(a_tenant()))

    assert ids_of(mine.vouchers) == [wanted[0], wanted[2]]
    assert not theirs.vouchers


async def test_the_memo_is_seen_by_the_issuer_alone(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    (own,) = await some_customers(billing, tenant, 1)
    (theirs,) = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(
        billing, tenant, quota, partner_id=reseller_id, face_total="100 CNY"
    )
    distributor = an_administrator(tenant)
    reseller = an_administrator(tenant, partner_id=reseller_id)
    await billing.call(an_issue(quota.id, [own], memo="ours"), principal=distributor)
    await billing.call(an_issue(part, [theirs], memo="theirs"), principal=reseller)
    customer = a_customers_user(
        tenant,
        partner_id=reseller_id,
        customer_id=ids.from_text("cus", theirs, field="id"),
    )

    seen = [
        sorted(voucher.memo for voucher in await listed(billing, principal))
        for principal in (distributor, reseller, customer, an_operator(tenant))
    ]

    named = await listed(billing, distributor, indirect_partner_id=to_text("ptr", reseller_id))
    assert seen == [["ours"], ["theirs"], [""], [""]]
    assert [voucher.memo for voucher in named] == [""]


async def test_a_distributor_finds_what_a_reseller_of_its_own_issued_when_it_names_it(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    links = [a_link(partner_id=reseller_id, partner_name="Lantern")]
    (theirs,) = await put_links(billing, tenant, links)
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(
        billing, tenant, quota, partner_id=reseller_id, face_total="100 CNY"
    )
    reseller = an_administrator(tenant, partner_id=reseller_id)
    await billing.call(an_issue(part, [theirs]), principal=reseller)
    distributor = an_administrator(tenant)

    own = await listed(billing, distributor)
    named = await listed(billing, distributor, indirect_partner_id=to_text("ptr", reseller_id))
    of_quota = await listed(billing, distributor, quota_id=part)
    batch = vouchers_pb2.BatchListVouchersRequest(customer_ids=[theirs])
    unnamed = await billing.call(batch, principal=distributor)
    batch.filter.indirect_partner_id = to_text("ptr", reseller_id)
    of_customer = await billing.call(batch, principal=distributor)

    assert own == []
    assert [(one.customer_id, one.issuer_id) for one in named] == [
        (theirs, to_text("ptr", reseller_id))
    ]
    assert ids_of(of_quota) == ids_of(named)
    assert not unnamed.groups[0].vouchers
    assert ids_of(of_customer.groups[0].vouchers) == ids_of(named)


async def test_batch_list_vouchers_by_quota_goes_on_with_the_list_of_one(
    billing: RunningService, issued: Issued
) -> None:
    unknown = to_text("quo", new_id())
    request = vouchers_pb2.BatchListVouchersByQuotaRequest(
        quota_ids=[unknown, issued.quota_id], page_size=4, with_item_tokens=True
    )

    response = await billing.call(request, principal=issued.administrator)
    rest = await billing.call(
        vouchers_pb2.ListVouchersRequest(
            filter=vouchers_pb2.VoucherFilter(quota_id=issued.quota_id),
            page_token=response.groups[1].next_page_token,
        ),
        principal=issued.administrator,
    )

    assert [group.quota_id for group in response.groups] == [unknown, issued.quota_id]
    assert not response.groups[0].vouchers
    assert len(response.groups[1].item_tokens) == 4
    whole = [*response.groups[1].vouchers, *rest.vouchers]
    assert sorted(ids_of(whole)) == sorted(ids_of(issued.vouchers))


async def test_account_managers_and_directors_see_vouchers_of_customers_assigned_to_them(
    billing: RunningService,
) -> None:
    tenant, manager, colleague = a_tenant(), new_id(), new_id()
    links = [a_link(partner_id=tenant, account_manager_id=one) for one in (manager, colleague)]
    assigned = await put_links(billing, tenant, links)
    quota = await grant_quota(billing, tenant)
    await billing.call(an_issue(quota.id, assigned), principal=an_administrator(tenant))
    principal = an_account_manager(tenant, account_manager_id=manager)

    before = await listed(billing, principal)
    records = await billing.call(vouchers_pb2.ListVoucherOperationsRequest(), principal=principal)
    team = await listed(billing, a_director(tenant, team=(manager, colleague)))
    links[0].version, links[0].account_manager_id = 2, to_text("mgr", colleague)
    await put_links(billing, tenant, links[:1])
    after = await listed(billing, principal)

    assert [voucher.customer_id for voucher in before] == assigned[:1]
    assert [record.customer_id for record in records.operations] == assigned[:1]
    assert len(team) == 2
    assert after == []


async def test_a_reseller_may_not_ask_for_another_partners_rows(billing: RunningService) -> None:
    tenant = a_tenant()
    request = vouchers_pb2.ListVouchersRequest(
        filter=vouchers_pb2.VoucherFilter(indirect_partner_id=to_text("ptr", tenant))
    )

    refusals = [
        await billing.refusal(request, principal=principal)
        for principal in (
            an_administrator(tenant, partner_id=new_id()),
            an_administrator(tenant),
        )
    ]

    assert {refusal.reason for refusal in refusals} == {"INDIRECT_PARTNER_FORBIDDEN"}
