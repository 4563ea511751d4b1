"""Read masks of customers: which columns are read, what is given, and what is refused."""

import re

import pytest
from google.protobuf.message import Message

from tests.builders.customer_reads import READS, Holdings, fill_tenant, items_of
from tests.builders.running import RunningService
from tests.builders.statements import statements

MASKED = sorted(READS.keys() - {"CountCustomers"})


def masked(rpc: str, held: Holdings, *paths: str) -> Message:
    request = READS[rpc](held)
    request.read_mask.paths.extend(paths)
    return request


def only(item: Message, *fields: str) -> bytes:
    """Write a message with these of its fields and no other."""
    part = type(item)()
    part.CopyFrom(item)
    for name in set(part.DESCRIPTOR.fields_by_name) - set(fields):
        part.ClearField(name)
    return part.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    ("rpc", "paths", "columns"),
    [
        ("GetPartner", "state name", "name, state"),
        ("BatchGetPartners", "id mobile", "id, mobile"),
        ("ListIndirectPartners", "name state", "name, state, associate_time"),
        ("BatchGetAccountManagers", "name account_name", "account_name, name"),
        ("ListAccountManagers", "id name", "id, name, create_time"),
        ("GetCustomer", "name tags", "name, tags"),
        ("BatchGetCustomers", "level indirect_partner_id", "partner_id, tenant_id, level"),
        (
            "ListCustomers",
            "month_to_date_spend tags",
            "tags, month_to_date_spend, currency_code, associate_time",
        ),
        ("BatchGetResources", "state spec_size", "state, spec_size"),
    ],
)
async def test_a_mask_selects_the_columns_of_its_fields_and_no_other(
    service: RunningService, rpc: str, paths: str, columns: str
) -> None:
    held = await fill_tenant(service, parents=1, rows=1)
    whole = await service.call(READS[rpc](held), principal=held.principal)

    with statements(service.database) as asked:
        response = await service.call(masked(rpc, held, *paths.split()), principal=held.principal)

    assert selected_by(asked[-1]) == [f"{columns}, id"]
    expected = [only(item, *paths.split()) for item in items_of(whole)]
    assert [item.SerializeToString(deterministic=True) for item in items_of(response)] == expected


@pytest.mark.parametrize("rpc", ["ListResources", "BatchListResources"])
async def test_a_mask_selects_the_columns_of_its_fields_for_each_customer(
    service: RunningService, rpc: str
) -> None:
    held = await fill_tenant(service, parents=2, rows=3)
    whole = await service.call(READS[rpc](held), principal=held.principal)

    with statements(service.database) as asked:
        response = await service.call(masked(rpc, held, "id", "state"), principal=held.principal)

    [statement] = asked
    assert selected_by(statement) == [
        "id, state, id, sort_value, sort_id",
        "id, state, expire_time, id",
    ]
    expected = [only(item, "id", "state") for item in items_of(whole)]
    assert [item.SerializeToString(deterministic=True) for item in items_of(response)] == expected


def selected_by(statement: str) -> list[str]:
    """Give what each SELECT of a statement selects, without tables and labels."""
    lists = re.findall(r"SELECT (.*?)\s+FROM", statement, re.DOTALL)
    return [re.sub(r"\w+\.(\w+)(?: AS \w+)?", r"\1", columns) for columns in lists]


async def test_each_field_alone_is_what_it_is_in_the_whole(service: RunningService) -> None:
    held = await fill_tenant(service, parents=2, rows=2)

    for rpc in MASKED:
        whole = items_of(await service.call(READS[rpc](held), principal=held.principal))
        names = list(whole[0].DESCRIPTOR.fields_by_name)
        # Otherwise nothing would be compared.
        assert {field.name for field, _ in whole[0].ListFields()} == set(names), rpc
        for name in names:
            response = await service.call(masked(rpc, held, name), principal=held.principal)
            parts = [item.SerializeToString(deterministic=True) for item in items_of(response)]
            assert parts == [only(item, name) for item in whole], f"{rpc}: {name}"


@pytest.mark.parametrize("rpc", MASKED)
async def test_a_mask_that_names_no_field_is_refused_before_anything_is_read(
    service: RunningService, rpc: str
) -> None:
    held = Holdings.of_nobody()

    with statements(service.database) as asked:
        refusal = await service.refusal(masked(rpc, held, "nothing"), principal=held.principal)

    assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", "read_mask.paths[0]")
    assert asked == []
