"""AdjustmentService over a real socket: lists, batches, and who sees and does what."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
import pytest_asyncio

from partner.billing.v1 import adjustments_pb2
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders.adjustments import (
    CREDIT,
    a_batch,
    a_reclaim,
    an_allocation,
    put_cash,
    put_credit,
    to,
    uuid_of,
)
from tests.builders.billing import a_link, in_days, money, put_links
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService


@dataclass(frozen=True)
class Adjusted:
    """A distributor that gave to two customers and a reseller, and the reseller to its own."""

    tenant: UUID
    reseller: UUID
    jade: str
    ruby: str
    theirs: str
    # By what they are.
    made: dict[str, adjustments_pb2.Adjustment] = field(default_factory=dict)

    @property
    def distributor(self) -> Principal:
        return an_administrator(self.tenant)

    @property
    def itself(self) -> Principal:
        return an_administrator(self.tenant, partner_id=self.reseller)

    @property
    def customer(self) -> Principal:
        return a_customers_user(self.tenant, customer_id=uuid_of(self.jade))

    def ids(self, *names: str) -> list[str]:
        return [self.made[name].id for name in names]


@pytest_asyncio.fixture(loop_scope="session")
async def adjusted(billing: RunningService) -> Adjusted:
    tenant, reseller = a_tenant(), new_id()
    links = [
        a_link(partner_id=tenant, customer_name="Jade"),
        a_link(partner_id=tenant, customer_name="Ruby"),
        a_link(partner_id=reseller, customer_name="Opal", partner_name="Lantern"),
    ]
    jade, ruby, theirs = await put_links(billing, tenant, links)
    one = Adjusted(tenant, reseller, jade, ruby, theirs)
    await put_cash(billing, tenant, "100 CNY")
    await put_credit(billing, tenant, "50 CNY", expire_date=None)
    for name, principal, request in (
        ("to jade", one.distributor, an_allocation(to(jade), "10 CNY", memo="spring")),
        ("credit", one.distributor, an_allocation(to(jade), "5 CNY", kind=CREDIT)),
        ("to ruby", a_finance_operator(tenant), an_allocation(to(ruby), "20 CNY")),
        ("to reseller", one.distributor, an_allocation(to(reseller_id=reseller), "30 CNY")),
        ("of reseller", one.itself, an_allocation(to(theirs), "7 CNY", memo="theirs")),
        ("back", one.distributor, a_reclaim(to(jade), "4 CNY")),
    ):
        one.made[name] = await billing.call(request, principal=principal)
    return one


async def listed(billing: RunningService, principal: Principal, **narrowed: object) -> list[str]:
    request = adjustments_pb2.ListAdjustmentsRequest(
        filter=adjustments_pb2.AdjustmentFilter(**narrowed)  # type: ignore[arg-type]
    )
    response = await billing.call(request, principal=principal)
    return [one.id for one in response.adjustments]


async def test_an_adjustment_says_what_was_done(
    billing: RunningService, adjusted: Adjusted
) -> None:
    made = adjusted.made["to jade"]

    assert made.id.startswith("adj_")
    assert made.transaction_id.startswith("txn_")
    assert made.partner_id == to_text("ptr", adjusted.tenant)
    assert (made.customer_id, made.target_partner_id) == (adjusted.jade, "")
    assert made.operation_type == adjustments_pb2.ADJUSTMENT_TYPE_ALLOCATE
    assert made.kind == adjustments_pb2.ADJUSTMENT_KIND_CASH
    assert (made.amount, made.operator, made.memo) == (money("10 CNY"), "administrator", "spring")
    assert adjusted.made["back"].operation_type == adjustments_pb2.ADJUSTMENT_TYPE_RECLAIM
    assert adjusted.made["credit"].kind == CREDIT
    assert adjusted.made["to ruby"].operator == "finance"


async def test_list_adjustments_gives_ones_own_the_newest_first_in_pages(
    billing: RunningService, adjusted: Adjusted
) -> None:
    request = adjustments_pb2.ListAdjustmentsRequest(page_size=3, with_item_tokens=True)

    first = await billing.call(request, principal=adjusted.distributor)
    request.page_token = first.next_page_token
    rest = await billing.call(request, principal=adjusted.distributor)
    request.page_token = first.item_tokens[0]
    behind = await billing.call(request, principal=adjusted.distributor)
    oldest = await billing.call(
        adjustments_pb2.ListAdjustmentsRequest(
            order_by=adjustments_pb2.ADJUSTMENT_ORDER_OPERATE_TIME_ASC
        ),
        principal=adjusted.distributor,
    )

    whole = [one.id for one in (*first.adjustments, *rest.adjustments)]
    assert whole == adjusted.ids("back", "to reseller", "to ruby", "credit", "to jade")
    assert rest.next_page_token == ""
    assert [one.id for one in behind.adjustments] == whole[1:4]
    assert [one.id for one in oldest.adjustments] == whole[::-1]


async def test_list_adjustments_takes_every_filter(
    billing: RunningService, adjusted: Adjusted
) -> None:
    reseller = to_text("ptr", adjusted.reseller)
    allocate, back = (
        adjustments_pb2.ADJUSTMENT_TYPE_ALLOCATE,
        adjustments_pb2.ADJUSTMENT_TYPE_RECLAIM,
    )
    transaction_id = adjusted.made["to ruby"].transaction_id
    cases: list[tuple[dict[str, object], list[str]]] = [
        ({"customer_id": adjusted.jade}, ["back", "credit", "to jade"]),
        ({"customer_id": adjusted.theirs}, ["of reseller"]),
        ({"target_partner_id": reseller}, ["to reseller"]),
        ({"target_name": "ad"}, ["back", "credit", "to jade"]),
        ({"target_name": "rchid"}, ["back", "to ruby", "credit", "to jade"]),
        ({"target_name": "anter"}, ["to reseller"]),
        ({"operation_types": [back]}, ["back"]),
        ({"operation_types": [allocate, back], "customer_id": adjusted.ruby}, ["to ruby"]),
        ({"kind": CREDIT}, ["credit"]),
        ({"operate_time_from": in_days(1)}, []),
        ({"operate_time_to": in_days(-1)}, []),
        ({"transaction_id": transaction_id}, ["to ruby"]),
        ({"transaction_id": to_text("txn", new_id())}, []),
        ({"indirect_partner_id": reseller}, ["of reseller"]),
        ({"indirect_partner_id": to_text("ptr", new_id())}, []),
        (
            {"operate_time_from": in_days(-1), "operate_time_to": in_days(1)},
            ["back", "to reseller", "to ruby", "credit", "to jade"],
        ),
    ]

    for fields, expected in cases:
        found = await listed(billing, adjusted.distributor, **fields)
        assert found == adjusted.ids(*expected), fields


async def test_list_adjustments_names_the_filter_that_is_malformed(
    billing: RunningService, adjusted: Adjusted
) -> None:
    cases: dict[str, dict[str, object]] = {
        "filter.customer_id": {"customer_id": "adj_1"},
        "filter.transaction_id": {"transaction_id": adjusted.jade},
        "filter.target_name": {"target_name": "J e"},
        "filter.operation_types[0]": {"operation_types": [0]},
        "filter.operate_time_to": {"operate_time_from": in_days(1), "operate_time_to": in_days(0)},
    }

    for name, narrowed in cases.items():
        request = adjustments_pb2.ListAdjustmentsRequest(
            filter=adjustments_pb2.AdjustmentFilter(**narrowed)  # type: ignore[arg-type]
        )
        refusal = await billing.refusal(request, principal=adjusted.distributor)
        assert refusal.violations[0][0] == name


async def test_a_reseller_sees_its_own_and_may_name_nobody(
    billing: RunningService, adjusted: Adjusted
) -> None:
    own = await listed(billing, adjusted.itself)
    request = adjustments_pb2.ListAdjustmentsRequest(
        filter=adjustments_pb2.AdjustmentFilter(
            indirect_partner_id=to_text("ptr", adjusted.reseller)
        )
    )
    refusal = await billing.refusal(request, principal=adjusted.itself)

    assert own == adjusted.ids("of reseller")
    assert refusal.reason == "INDIRECT_PARTNER_FORBIDDEN"


async def test_a_customer_sees_what_was_made_to_it_and_nothing_of_its_partner(
    billing: RunningService, adjusted: Adjusted
) -> None:
    response = await billing.call(
        adjustments_pb2.ListAdjustmentsRequest(), principal=adjusted.customer
    )

    assert [one.id for one in response.adjustments] == adjusted.ids("back", "credit", "to jade")
    assert {one.customer_id for one in response.adjustments} == {adjusted.jade}
    assert not any(
        one.HasField(hidden) for one in response.adjustments for hidden in ("operator", "memo")
    )
    assert await listed(billing, adjusted.customer, customer_id=adjusted.ruby) == []


async def test_batch_list_adjustments_gives_the_first_of_each_customer_and_leads_on(
    billing: RunningService, adjusted: Adjusted
) -> None:
    asked = [adjusted.theirs, to_text("cus", new_id()), adjusted.jade]
    request = adjustments_pb2.BatchListAdjustmentsRequest(customer_ids=asked, page_size=1)

    response = await billing.call(request, principal=adjusted.distributor)
    rest = await billing.call(
        adjustments_pb2.ListAdjustmentsRequest(
            filter=adjustments_pb2.AdjustmentFilter(customer_id=adjusted.jade),
            page_token=response.groups[2].next_page_token,
        ),
        principal=adjusted.distributor,
    )

    assert [group.customer_id for group in response.groups] == asked
    groups = [[one.id for one in group.adjustments] for group in response.groups]
    assert groups == [adjusted.ids("of reseller"), [], adjusted.ids("back")]
    assert [one.id for one in rest.adjustments] == adjusted.ids("credit", "to jade")


async def test_batch_get_adjustments_keeps_the_order_and_leaves_out_the_foreign(
    billing: RunningService, adjusted: Adjusted
) -> None:
    asked = [*adjusted.ids("to ruby", "of reseller"), to_text("adj", new_id())]
    request = adjustments_pb2.BatchGetAdjustmentsRequest(ids=[*asked, *adjusted.ids("to jade")])

    found = {
        name: [one.id for one in (await billing.call(request, principal=principal)).adjustments]
        for name, principal in (
            ("distributor", adjusted.distributor),
            ("reseller", adjusted.itself),
            ("customer", adjusted.customer),
            ("foreign", an_administrator(a_tenant())),
        )
    }

    assert found == {
        "distributor": adjusted.ids("to ruby", "of reseller", "to jade"),
        "reseller": adjusted.ids("of reseller"),
        "customer": adjusted.ids("to jade"),
        "foreign": [],
    }


@pytest.mark.parametrize(
    "request_",
    [
        adjustments_pb2.ListAdjustmentsRequest(),
        adjustments_pb2.BatchListAdjustmentsRequest(customer_ids=[to_text("cus", new_id())]),
        adjustments_pb2.BatchGetAdjustmentsRequest(ids=[to_text("adj", new_id())]),
    ],
)
async def test_account_managers_and_directors_see_none_of_the_partners_money(
    billing: RunningService, request_: object
) -> None:
    tenant, manager = a_tenant(), new_id()

    for principal in (
        an_account_manager(tenant, account_manager_id=manager),
        a_director(tenant, team=(manager,)),
    ):
        refusal = await billing.refusal(request_, principal=principal)  # type: ignore[arg-type]
        assert refusal.reason == "PERMISSION_DENIED"


async def test_only_administrators_and_finance_adjust(billing: RunningService) -> None:
    tenant, target = a_tenant(), to(to_text("cus", new_id()))

    refused = [
        (await billing.refusal(request, principal=principal)).reason
        for principal in (
            an_account_manager(tenant, account_manager_id=new_id()),
            a_director(tenant, team=(new_id(),)),
            a_customers_user(tenant, customer_id=new_id()),
            an_operator(tenant),
        )
        for request in (an_allocation(target), a_reclaim(target), a_batch([target]))
    ]

    assert refused == ["PERMISSION_DENIED"] * 12
