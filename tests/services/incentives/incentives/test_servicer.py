"""The rpcs of IncentiveService over a real socket."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from partner.incentives.v1 import incentives_pb2
from services.kit.ids import new_id, to_text
from tests.builders.incentives import an_incentive, money, record
from tests.builders.only import is_whole, only
from tests.builders.principals import (
    a_customers_user,
    a_system,
    a_tenant,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService
from tests.builders.statements import statements
from tests.conftest import RunService


@pytest.fixture
async def service(running: RunService) -> RunningService:
    return await running("incentives")


def a_whole_incentive() -> incentives_pb2.Incentive:
    """Give a line that says something in each field that its sender may fill."""
    return an_incentive(
        incentive_bill_id=to_text("inb", new_id()),
        order_number="CS2608",
        customer_name="杭州云杉科技",
        customer_account_name="yunshan",
        indirect_partner_id=to_text("ptr", new_id()),
        indirect_partner_name="Reseller-One",
        account_manager_id=to_text("mgr", new_id()),
        account_manager_name="Chen-Yu",
        service_type_name="Object storage",
        frozen=True,
        freeze_reason="audit",
    )


def reads(line: incentives_pb2.Incentive, *paths: str) -> Iterator[Any]:
    """Ask for a line in every way there is, with a mask of these paths."""
    mask = FieldMask(paths=paths)
    yield incentives_pb2.BatchGetIncentivesRequest(ids=[line.id], read_mask=mask)
    yield incentives_pb2.ListIncentivesRequest(read_mask=mask)
    yield incentives_pb2.BatchListIncentivesRequest(customer_ids=[line.customer_id], read_mask=mask)


def the_line(response: Any) -> incentives_pb2.Incentive:
    """Take the only line out of the response to one of these reads."""
    [holder] = getattr(response, "groups", [response])
    [line] = holder.incentives
    return line


async def test_what_the_platform_records_is_listed_with_names_masked(
    service: RunningService,
) -> None:
    tenant_id = a_tenant()
    sent = an_incentive(
        amount="15.50 CNY",
        customer_name="杭州云杉科技",
        customer_account_name="yunshan",
        account_manager_id=to_text("mgr", new_id()),
        indirect_partner_id=to_text("ptr", new_id()),
        indirect_partner_name="Reseller-One",
        frozen=True,
        freeze_reason="audit",
    )

    recorded = await service.call(record(sent), principal=an_operator(tenant_id))
    response = await service.call(
        incentives_pb2.ListIncentivesRequest(), principal=an_administrator(tenant_id)
    )

    assert list(response.incentives) == list(recorded.incentives)
    [line] = response.incentives
    assert (line.customer_name, line.customer_account_name) == ("杭***", "y***")
    assert line.partner_id == to_text("ptr", tenant_id)
    sent.MergeFrom(
        incentives_pb2.Incentive(
            id=line.id,
            partner_id=line.partner_id,
            customer_name=line.customer_name,
            customer_account_name=line.customer_account_name,
            create_time=line.create_time,
        )
    )
    sent.amount.amount = "15.5"
    assert line == sent


async def test_recording_twice_with_one_request_id_records_once(service: RunningService) -> None:
    tenant_id = a_tenant()
    request = record(an_incentive(), request_id="once")

    first = await service.call(request, principal=a_system(tenant_id, workload="billing"))
    second = await service.call(request, principal=a_system(tenant_id, workload="billing"))
    total = await service.call(
        incentives_pb2.SumIncentivesRequest(), principal=an_administrator(tenant_id)
    )

    assert first == second
    assert total.total_count == 1


async def test_a_request_id_is_not_used_for_another_body(service: RunningService) -> None:
    tenant_id = a_tenant()
    await service.call(record(an_incentive(), request_id="once"), principal=an_operator(tenant_id))

    refusal = await service.refusal(
        record(an_incentive(), request_id="once"), principal=an_operator(tenant_id)
    )

    assert (refusal.code, refusal.reason) == ("ABORTED", "REQUEST_ID_REUSED")


async def test_partners_people_record_nothing_and_customers_read_nothing(
    service: RunningService,
) -> None:
    tenant_id = a_tenant()

    recording = await service.refusal(record(an_incentive()), principal=an_administrator(tenant_id))
    reading = await service.refusal(
        incentives_pb2.ListIncentivesRequest(),
        principal=a_customers_user(tenant_id, customer_id=new_id()),
    )

    assert recording.reason == reading.reason == "PERMISSION_DENIED"
    assert recording.domain == "incentives.partner"


async def test_pages_follow_each_other_without_gap_or_repetition(service: RunningService) -> None:
    tenant_id = a_tenant()
    amounts = ["3.00 CNY", "1.00 CNY", "2.00 CNY", "2.00 CNY", "-1.00 CNY"]
    await service.call(
        record(*(an_incentive(amount=amount) for amount in amounts)),
        principal=an_operator(tenant_id),
    )
    request = incentives_pb2.ListIncentivesRequest(
        page_size=2, order_by=incentives_pb2.INCENTIVE_ORDER_AMOUNT_DESC, with_item_tokens=True
    )

    seen, sizes = [], []
    while not seen or request.page_token:
        page = await service.call(request, principal=an_administrator(tenant_id))
        seen += [Decimal(line.amount.amount) for line in page.incentives]
        sizes.append((len(page.incentives), len(page.item_tokens)))
        request.page_token = page.next_page_token

    assert seen == [Decimal(number) for number in (3, 2, 2, 1, -1)]
    assert sizes == [(2, 2), (2, 2), (1, 1)]


async def test_a_page_token_fits_its_own_list_only(service: RunningService) -> None:
    tenant_id = a_tenant()
    await service.call(record(an_incentive(), an_incentive()), principal=an_operator(tenant_id))
    first = await service.call(
        incentives_pb2.ListIncentivesRequest(page_size=1), principal=an_administrator(tenant_id)
    )
    narrowed = incentives_pb2.ListIncentivesRequest(
        page_token=first.next_page_token, filter=incentives_pb2.IncentiveFilter(year=2026)
    )
    plain = incentives_pb2.ListIncentivesRequest(page_token=first.next_page_token)

    for request, principal in (
        (narrowed, an_administrator(tenant_id)),
        (plain, an_administrator(a_tenant())),
    ):
        refusal = await service.refusal(request, principal=principal)
        assert refusal.violations == [("page_token", "is not a token of this list")]


async def test_batch_list_answers_for_each_customer_and_its_token_goes_on_in_the_list(
    service: RunningService,
) -> None:
    tenant_id = a_tenant()
    busy, quiet = to_text("cus", new_id()), to_text("cus", new_id())
    await service.call(
        record(*(an_incentive(customer_id=busy) for _ in range(3))),
        principal=an_operator(tenant_id),
    )
    narrowed = incentives_pb2.IncentiveFilter(year=2026)

    response = await service.call(
        incentives_pb2.BatchListIncentivesRequest(
            customer_ids=[quiet, busy], page_size=2, filter=narrowed, with_item_tokens=True
        ),
        principal=an_administrator(tenant_id),
    )
    [empty, full] = response.groups
    narrowed.customer_id = busy
    rest = await service.call(
        incentives_pb2.ListIncentivesRequest(page_token=full.next_page_token, filter=narrowed),
        principal=an_administrator(tenant_id),
    )

    assert (empty.customer_id, len(empty.incentives), empty.next_page_token) == (quiet, 0, "")
    assert (full.customer_id, len(full.incentives), len(full.item_tokens)) == (busy, 2, 2)
    shown = {line.id for line in full.incentives}
    assert len(rest.incentives) == 1
    assert rest.incentives[0].id not in shown


async def test_batch_get_leaves_out_what_is_foreign_or_missing(service: RunningService) -> None:
    tenant_id, foreign_tenant = a_tenant(), a_tenant()
    own = await service.call(
        record(an_incentive(), an_incentive()), principal=an_operator(tenant_id)
    )
    foreign = await service.call(record(an_incentive()), principal=an_operator(foreign_tenant))
    [first, second] = [line.id for line in own.incentives]
    missing = to_text("inc", new_id())

    response = await service.call(
        incentives_pb2.BatchGetIncentivesRequest(
            ids=[second, foreign.incentives[0].id, missing, first]
        ),
        principal=an_administrator(tenant_id),
    )

    assert [line.id for line in response.incentives] == [second, first]


async def test_a_mask_of_two_fields_selects_their_columns_alone(service: RunningService) -> None:
    tenant_id = a_tenant()
    sent = a_whole_incentive()
    recorded = await service.call(record(sent), principal=an_operator(tenant_id))
    [whole] = recorded.incentives

    for request in reads(whole, "state", "amount"):
        with statements(service.database) as asked:
            response = await service.call(request, principal=an_administrator(tenant_id))
        [statement] = asked
        columns = set(re.findall(r"incentives\.(\w+)", statement.partition("WHERE")[0]))
        of_paging = {"id"} if "BatchGet" in request.DESCRIPTOR.name else {"id", "create_time"}
        assert columns == {"amount", "currency_code", "state"} | of_paging
        assert the_line(response) == incentives_pb2.Incentive(
            amount=money("15 CNY"), state=sent.state
        )


async def test_a_mask_of_one_field_gives_what_the_whole_line_has(service: RunningService) -> None:
    tenant_id = a_tenant()
    recorded = await service.call(record(a_whole_incentive()), principal=an_operator(tenant_id))
    [whole] = recorded.incentives
    assert is_whole(whole)

    for name in whole.DESCRIPTOR.fields_by_name:
        for request in reads(whole, name):
            response = await service.call(request, principal=an_administrator(tenant_id))
            assert the_line(response) == only(whole, name)


async def test_a_mask_that_names_no_field_is_refused(service: RunningService) -> None:
    for request in reads(incentives_pb2.Incentive(), "colour", "id"):
        refusal = await service.refusal(request, principal=an_administrator(a_tenant()))
        assert refusal.code == "INVALID_ARGUMENT"
        assert refusal.violations == [("read_mask.paths[0]", "names no field")]


async def test_the_next_page_may_have_another_mask(service: RunningService) -> None:
    tenant_id = a_tenant()
    await service.call(record(an_incentive(), an_incentive()), principal=an_operator(tenant_id))
    request = incentives_pb2.ListIncentivesRequest(page_size=1, read_mask=FieldMask(paths=["id"]))
    first = await service.call(request, principal=an_administrator(tenant_id))
    request.page_token = first.next_page_token
    request.read_mask.paths[:] = ["year"]

    second = await service.call(request, principal=an_administrator(tenant_id))

    assert list(second.incentives) == [incentives_pb2.Incentive(year=2026)]


async def test_sum_incentives_sums_what_the_filter_leaves(service: RunningService) -> None:
    tenant_id = a_tenant()
    paid = incentives_pb2.INCENTIVE_STATE_PAID
    await service.call(
        record(
            an_incentive(amount="0.10 CNY", state=paid),
            an_incentive(amount="0.20 CNY", state=paid),
            an_incentive(amount="7.00 CNY"),
        ),
        principal=an_operator(tenant_id),
    )

    total = await service.call(
        incentives_pb2.SumIncentivesRequest(filter=incentives_pb2.IncentiveFilter(states=[paid])),
        principal=an_administrator(tenant_id),
    )

    assert (total.total_count, list(total.amounts)) == (2, [money("0.3 CNY")])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (an_incentive(customer_id="cus_1"), "incentives[0].customer_id"),
        (an_incentive(partner_id=to_text("ptr", new_id())), "incentives[0].partner_id"),
        (an_incentive(amount="1e3 CNY"), "incentives[0].amount.amount"),
        (
            an_incentive(consumption_amount=money("1 USD")),
            "incentives[0].amount.currency_code",
        ),
        (an_incentive(state=0), "incentives[0].state"),
        (an_incentive(charging_mode=0), "incentives[0].charging_mode"),
        (an_incentive(association_type=9), "incentives[0].association_type"),
        (an_incentive(rate=None), "incentives[0].rate"),
    ],
)
async def test_a_malformed_line_is_named(
    service: RunningService, sent: incentives_pb2.Incentive, field: str
) -> None:
    refusal = await service.refusal(record(sent), principal=an_operator(a_tenant()))

    assert refusal.code == "INVALID_ARGUMENT"
    assert [path for path, _ in refusal.violations] == [field]


@pytest.mark.parametrize(
    ("narrowed", "field"),
    [
        ({"period": "2026-8"}, "filter.period"),
        ({"customer_id": "cus_"}, "filter.customer_id"),
        ({"incentive_bill_id": "inc_x"}, "filter.incentive_bill_id"),
        ({"incentive_id": ""}, "filter.incentive_id"),
        ({"states": [0]}, "filter.states[0]"),
        ({"states": [99]}, "filter.states[0]"),
        ({"customer_name": " "}, "filter.customer_name"),
    ],
)
async def test_a_malformed_filter_is_named(
    service: RunningService, narrowed: dict[str, object], field: str
) -> None:
    request = incentives_pb2.ListIncentivesRequest(
        filter=incentives_pb2.IncentiveFilter(**narrowed)
    )

    refusal = await service.refusal(request, principal=an_administrator(a_tenant()))

    assert [path for path, _ in refusal.violations] == [field]
