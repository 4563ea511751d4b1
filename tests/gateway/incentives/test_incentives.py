"""Incentives as clients see them: lines, and their totals."""

from partner.incentives.v1 import incentives_pb2
from services.kit.ids import new_id, to_text
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask
from tests.builders.incentives import an_incentive

ASKED = {
    "year": 2026,
    "period": "2026-08",
    "planName": "Growth",
    "orderNumber": "o",
    "customerName": "云",
    "customerAccountName": "a",
    "accountManagerName": "m",
    "serviceTypeCode": "ecs",
    "associationType": "RESALE",
    "chargingMode": "PERIOD",
    "states": ["AVAILABLE", "PAID"],
    "incentiveBillId": to_text("inb", new_id()),
    "incentiveId": to_text("inc", new_id()),
    "indirectPartnerName": "r",
    "customerId": to_text("cus", new_id()),
}


async def test_lines_and_totals_take_every_filter() -> None:
    line = an_incentive(id=messages.an_id("inc"), create_time=messages.TIME)
    rpcs = Rpcs(
        ListIncentives=incentives_pb2.ListIncentivesResponse(incentives=[line]),
        SumIncentives=incentives_pb2.SumIncentivesResponse(
            total_count=2, amounts=[messages.money("15 CNY"), messages.money("-1 USD")]
        ),
    )

    shown = await ask(
        """query ($filter: IncentiveFilter) {
          incentives(filter: $filter, orderBy: AMOUNT_DESC) { nodes {
            year period rate amount { amount currencyCode } state frozen freezeReason
          } }
          incentiveTotals(filter: $filter) { totalCount amounts { amount currencyCode } }
        }""",
        rpcs=rpcs,
        filter=ASKED,
    )

    assert shown.errors == []
    assert shown.data["incentives"]["nodes"] == [
        {
            "year": 2026,
            "period": "2026-08",
            "rate": "0.15",
            "amount": {"amount": line.amount.amount, "currencyCode": "CNY"},
            "state": "AVAILABLE",
            "frozen": False,
            "freezeReason": None,
        }
    ]
    assert shown.data["incentiveTotals"] == {
        "totalCount": 2,
        "amounts": [
            {"amount": "15", "currencyCode": "CNY"},
            {"amount": "-1", "currencyCode": "USD"},
        ],
    }
    for name in ("ListIncentives", "SumIncentives"):
        filters = rpcs.request(name).filter
        assert {field.json_name for field, _ in filters.ListFields()} == set(ASKED)


async def test_lines_stand_below_customers_too() -> None:
    rpcs = Rpcs(
        ListCustomers=messages.customers(3),
        BatchListIncentives=messages.grouped(
            incentives_pb2.BatchListIncentivesResponse,
            "incentives",
            lambda: an_incentive(create_time=messages.TIME),
        ),
    )

    shown = await ask(
        "{ customers { nodes { incentives(first: 1) { nodes { planName } } } } }", rpcs=rpcs
    )

    assert shown.errors == []
    assert rpcs.counts["BatchListIncentives"] == 1
    assert shown.data["customers"]["nodes"][0]["incentives"]["nodes"] == [
        {"planName": "Cloud-Growth"}
    ]
