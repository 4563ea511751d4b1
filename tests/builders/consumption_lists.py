"""Lists of consumption as tests ask for them."""

from typing import Any

from partner.billing.v1 import consumption_pb2 as pb
from services.kit.identity import Principal
from tests.builders.running import RunningService

CYCLE = "2024-09"


async def list_all(
    billing: RunningService, *, principal: Principal, page_size: int = 500, **request: Any
) -> list[pb.ConsumptionDetail]:
    """Follow the page tokens to the end."""
    found: list[pb.ConsumptionDetail] = []
    token = ""
    while True:
        page = await billing.call(
            pb.ListConsumptionDetailsRequest(page_size=page_size, page_token=token, **request),
            principal=principal,
        )
        found += page.details
        token = page.next_page_token
        if not token:
            return found
        assert len(page.details) == page_size


def in_cycle(cycle: str = CYCLE, **conditions: Any) -> pb.ConsumptionFilter:
    return pb.ConsumptionFilter(billing_cycle=cycle, **conditions)


def amounts(details: list[pb.ConsumptionDetail]) -> list[str]:
    return [detail.payable_amount.amount for detail in details]
