"""The universe answers everything, always alike, and goes wrong by rules of its own."""

from typing import Any

import grpc
import pytest

from gateway.billing.consumption import CONSUMPTION
from gateway.billing.voucher_quotas import QUOTAS
from gateway.billing.vouchers import VOUCHERS
from gateway.customers.account_managers import MANAGERS
from gateway.customers.customers import CUSTOMERS
from gateway.customers.partners import PARTNERS
from gateway.customers.resources import RESOURCES
from gateway.incentives.incentives import INCENTIVES
from gateway.kit.contract import Rpc, resource_of
from gateway.programs.programs import PROGRAMS
from tests.builders.things import population
from tests.builders.universe import Universe, keys_field

RPCS = [
    rpc
    for service in (
        *(CONSUMPTION, QUOTAS, VOUCHERS, MANAGERS, CUSTOMERS, PARTNERS, RESOURCES),
        *(INCENTIVES, PROGRAMS),
    )
    for rpc in service.values()
]
BATCHES = [rpc for rpc in RPCS if rpc.name.startswith("Batch")]
GET, LIST, GROUPS = (
    CUSTOMERS["BatchGetCustomers"],
    CUSTOMERS["ListCustomers"],
    RESOURCES["BatchListResources"],
)
FAULTS = range(40)


async def asked(rpc: Rpc, *, faults: int | None = None, **fields: Any) -> Any:
    answer = await Universe(1, fault_seed=faults)(rpc, rpc.request(**fields), timeout=1)
    return rpc.response.FromString(answer)


async def outcome(rpc: Rpc, *, faults: int, **fields: Any) -> str:
    try:
        return str(await asked(rpc, faults=faults, **fields))
    except Exception as error:  # noqa: BLE001 - any is an outcome
        return repr(error.code() if isinstance(error, grpc.aio.AioRpcError) else error)


def keys(rpc: Rpc) -> dict[str, Any]:
    if not keys_field(rpc):
        return {}
    prefix = resource_of(rpc.request_field(keys_field(rpc)))
    return {keys_field(rpc): population(prefix)}


@pytest.mark.parametrize("rpc", RPCS, ids=lambda rpc: rpc.name)
async def test_every_rpc_is_answered_twice_alike(rpc: Rpc) -> None:
    first, second = await asked(rpc, **keys(rpc)), await asked(rpc, **keys(rpc))

    assert isinstance(first, rpc.response)
    assert first == second


@pytest.mark.parametrize("rpc", BATCHES, ids=lambda rpc: rpc.name)
async def test_a_batch_is_what_its_keys_are_one_by_one(rpc: Rpc) -> None:
    [(field, all_keys)] = keys(rpc).items()
    one_by_one = rpc.response()
    for key in all_keys:
        one_by_one.MergeFrom(await asked(rpc, **{field: [key]}))

    assert await asked(rpc, **keys(rpc)) == one_by_one
    assert one_by_one.ByteSize()


async def test_a_thing_is_the_same_whoever_brings_it() -> None:
    [first, *_others] = (await asked(LIST, page_size=5)).customers

    assert list((await asked(GET, ids=[first.id])).customers) == [first]


async def test_things_have_only_the_fields_that_the_mask_names() -> None:
    mask = {"paths": ["id", "create_time"]}
    whole = (await asked(GET, ids=population("cus"))).customers

    masked = (await asked(GET, ids=population("cus"), read_mask=mask)).customers

    assert [each.id for each in masked] == [each.id for each in whole]
    assert {field.name for each in masked for field, _ in each.ListFields()} == {
        "id",
        "create_time",
    }


async def test_a_mask_that_names_no_field_is_refused() -> None:
    with pytest.raises(grpc.aio.AioRpcError):
        await asked(GROUPS, customer_ids=population("cus"), read_mask={"paths": ["nothing"]})


async def test_pages_have_their_size_and_tokens_if_they_are_wanted() -> None:
    lists = [
        (await asked(LIST, page_size=2, with_item_tokens=wanted, page_token=f"{index}"))
        for index in range(10)
        for wanted in (False, True)
    ]

    assert max(len(each.customers) for each in lists) == 2
    assert all(len(each.item_tokens) == len(each.customers) for each in lists[1::2])
    assert not any(each.item_tokens for each in lists[::2])
    assert len({bool(each.next_page_token) for each in lists}) == 2


async def test_whether_a_call_fails_is_not_a_matter_of_keys_or_masks() -> None:
    ids, mask = population("cus"), {"paths": ["id"]}
    one = [await outcome(GET, faults=seed, ids=ids[:1]) for seed in FAULTS]
    other = [await outcome(GET, faults=seed, ids=ids[3:], read_mask=mask) for seed in FAULTS]

    failed = [text for text in one if "id:" not in text and text]

    assert len(set(failed)) >= 4
    assert failed == [text for text in other if "id:" not in text and text]


async def test_faults_leave_out_things_and_groups_and_spoil_fields() -> None:
    good = await asked(GROUPS, customer_ids=population("cus"))
    lacking, spoilt = 0, 0
    for seed in FAULTS:
        try:
            answer = await asked(GROUPS, faults=seed, customer_ids=population("cus"))
        except Exception:  # noqa: BLE001, S112 - failures are another test's
            continue
        lacking += len(answer.groups) < len(good.groups)
        spoilt += any(not each.state for group in answer.groups for each in group.resources)

    assert all(each.state for group in good.groups for each in group.resources)
    assert lacking
    assert spoilt
