"""The worked story of examples/story: money comes in, is given on, spent, taken back, paid out."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from partner.billing.v1 import payments_pb2, verification_codes_pb2
from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account
from services.billing.payments.jobs import charge
from services.billing.withdrawals.jobs import pay_withdrawals
from services.billing.withdrawals.providers import SimulatedBank
from services.kit import ids
from services.kit.identity import Principal
from tests.builders import invariants
from tests.builders.billing import money
from tests.builders.customers import open_tenant
from tests.builders.graphs import Graph
from tests.builders.jobs import run_out
from tests.builders.principals import (
    a_customers_user,
    a_finance_operator,
    a_system,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService
from tests.builders.tenants import add_known_customers
from tests.builders.verification import an_answer
from tests.builders.withdrawals import vault_of

STORY = Path(__file__).parents[2] / "examples" / "story"
STEPS = sorted(STORY.glob("*.graphql"))
# Who a step's first line says does it.
TELLERS: dict[str, Callable[[UUID], Principal]] = {
    "The platform's operator": an_operator,
    "The partner's administrator": an_administrator,
    "The partner": a_finance_operator,
}
# What stands for an id in the variables of examples.
PLACE = re.compile(r'"((?:cus|quo|vch|wdr)_01h455vb4pex5vsknk084sn02q|123456)"')
# What is where at the end, in hundredths: docs/ledger.md tells how it got there.
BOOKS = {
    "CASH_CLEARING": -100_000,
    "PARTNER_CASH": 35_000,
    "PARTNER_CASH_DESIGNATED": 20_000,
    "CUSTOMER_CASH": 18_000,
    "REVENUE": 2_000,
    "PAYOUT_CLEARING": 25_000,
    "VQ_GRANTED": -10_000,
    "VQ_AVAILABLE": 5_000,
    "VOUCHER": 0,
    "VQ_USED": 5_000,
}
# What the customer sees of it.
MINE = """{
  customers { nodes { id balance { cashAmount { amount } debtAmount { amount } } } }
  adjustments { nodes { operationType amount { amount } } }
  payments { nodes { voucherAmount { amount } cashAmount { amount } } }
  vouchers { nodes { balance { amount } } }
}"""


@dataclass
class Story:
    """A partner with a customer, and what the story has made so far."""

    tenant_id: UUID
    customer_id: str
    graph: Graph
    billing: RunningService
    # What is put in the places of the examples: by the prefix of the id, or the code.
    known: dict[str, str] = field(default_factory=dict)

    async def tell(self, number: int) -> Any:
        """Run the step of this number as whoever its first line says; give what it shows."""
        (step,) = (one for one in STEPS if one.name.startswith(f"{number:02}-"))
        document = step.read_text(encoding="utf-8")
        variables = step.with_suffix(".json")
        said = variables.read_text(encoding="utf-8") if variables.exists() else "{}"
        filled = PLACE.sub(lambda place: f'"{self.known[place[1].partition("_")[0]]}"', said)
        who = document.removeprefix("# ").partition(":")[0]
        answer = await self.graph(
            document,
            principal=TELLERS[who](self.tenant_id),
            **json.loads(filled),
        )
        assert answer.errors == [], step.name
        shown = next(iter(answer.data.values())) if "mutation" in document else answer.data
        assert shown.get("userErrors", []) == [], step.name
        return shown

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def meter(self, *amounts: str) -> None:
        """Let the cloud's meters tell of usage, and the charging run take its amount."""
        usages = [
            payments_pb2.Usage(
                usage_number=f"usage-{number}",
                customer_id=self.customer_id,
                billing_cycle=f"{self.now:%Y-%m}",
                service_type_code="ecs",
                consume_time=self.now,
                list_amount=money(f"{amount} CNY"),
                discount_amount=money("0 CNY"),
            )
            for number, amount in enumerate(amounts)
        ]
        request = payments_pb2.ChargeUsageRequest(request_id="meters-1", usages=usages)
        taken = await self.billing.call(request, principal=a_system(self.tenant_id))
        assert (taken.new_count, list(taken.refused)) == (len(amounts), [])
        await charge(self.billing.database, self.now)

    async def books(self) -> dict[str, int]:
        """Give what is on each account of the tenant, in hundredths, by its kind."""
        async with self.billing.database.transaction(a_system(self.tenant_id)) as session:
            accounts = await session.scalars(select(Account))
            return {
                AccountKind(one.kind).name: one.credits_posted
                - one.debits_posted
                - one.debits_pending
                for one in accounts
            }

    async def pay_out(self) -> None:
        job = pay_withdrawals(SimulatedBank(), vault_of(self.billing))
        await run_out(job, self.billing.database, self.now)


@pytest.fixture
async def story(graph: Graph, services: Mapping[str, RunningService]) -> Story:
    tenant_id = await open_tenant(services["customers"])
    (customer_id,) = await add_known_customers(services, tenant_id, 1)
    return Story(tenant_id, customer_id, graph, services["billing"], {"cus": customer_id})


async def test_the_story_comes_out_as_the_ledger_s_page_tells_it(story: Story) -> None:
    top_up = await story.tell(1)
    granted = await story.tell(2)
    story.known["quo"] = granted["voucherQuota"]["id"]
    allocated = await story.tell(3)
    issued = await story.tell(4)
    await story.meter("45.5", "24.505")
    charged = await story.tell(5)
    reclaimed = await story.tell(6)
    await _withdraw(story)
    told = await story.tell(13)

    assert amounts(top_up["topUp"]) == {"amount": "1000", "designatedAmount": "200"}
    assert amounts(granted["voucherQuota"]) == {"balance": "100"}
    (voucher,) = (result["voucher"] for result in issued["results"])
    assert (amounts(voucher), amounts(voucher["quota"])) == ({"balance": "50"}, {"balance": "50"})
    _check_charge(charged)
    _check_end(told, allocated=allocated, reclaimed=reclaimed)
    await _check_customer(story)
    assert await story.books() == BOOKS
    assert await invariants.broken(story.billing.database, story.tenant_id) == {}


async def test_a_step_told_again_moves_nothing(story: Story) -> None:
    first = [await story.tell(1), await story.tell(3), await story.tell(6)]
    before = await story.tell(13)

    again = [await story.tell(1), await story.tell(3), await story.tell(6)]

    assert again == first
    assert await story.tell(13) == before
    assert await invariants.broken(story.billing.database, story.tenant_id) == {}


async def test_customers_and_account_managers_read_none_of_the_partner_s_money(
    story: Story,
) -> None:
    await story.tell(1)
    statement = next(one for one in STEPS if one.name.startswith("13-")).read_text("utf-8")
    customer_id = ids.from_text("cus", story.customer_id, field="id")
    manager = an_account_manager(story.tenant_id, account_manager_id=ids.new_id())
    customer = a_customers_user(story.tenant_id, customer_id=customer_id)

    answers = [
        await story.graph(statement, principal=principal) for principal in (manager, customer)
    ]

    for answer in answers:
        assert "1000" not in f"{answer.data}"
        assert "800" not in f"{answer.data}"


async def _withdraw(story: Story) -> None:
    """Apply with a code, let the platform decide, let the bank pay."""
    await story.tell(7)
    await story.tell(8)
    asked = (await story.tell(9))["verificationChallenge"]
    assert asked["recipient"] != "money@harbour.example"
    challenge = verification_codes_pb2.VerificationChallenge(id=asked["id"])
    story.known |= {"vch": asked["id"], "123456": an_answer(story.billing, challenge).code}
    submitted = (await story.tell(10))["withdrawal"]
    story.known["wdr"] = submitted["id"]
    assert amounts(submitted["flows"][0]) == {"amount": "250"}
    frozen = (await story.tell(13))["accounts"]["nodes"]
    assert amounts(frozen[0])["frozenAmount"] == "250"
    await story.tell(11)
    await story.tell(12)
    await story.pay_out()


def _check_charge(charged: Any) -> None:
    (payment,) = charged["payments"]["nodes"]
    assert amounts(payment) == {
        "listAmount": "70.005",
        "discountAmount": "0.005",
        "payableAmount": "70",
        "voucherAmount": "50",
        "cashAmount": "20",
    }
    (voucher,) = charged["vouchers"]["nodes"]
    assert (voucher["state"], amounts(voucher)) == ("USED", {"balance": "0"})


def _check_end(told: Any, *, allocated: Any, reclaimed: Any) -> None:
    lines = told["statementEntries"]["nodes"]
    assert [(one["tradeType"], one["tradeDetail"], *amounts(one).values()) for one in lines] == [
        ("WITHDRAWAL", "WITHDRAWAL", "-250", "350"),
        ("RECLAIM", "RECLAIM", "100", "600"),
        ("ALLOCATE", "ALLOCATION", "-300", "500"),
        ("TOP_UP", "RECHARGE", "800", "800"),
    ]
    assert lines[1]["transactionId"] == reclaimed["adjustment"]["transactionId"]
    assert lines[2]["transactionId"] == allocated["adjustment"]["transactionId"]
    assert lines[3]["topUp"] == {"channelNumber": "20261128-0001"}
    accounts = {one["kind"]: amounts(one) for one in told["accounts"]["nodes"]}
    assert accounts["CASH"] | {"frozenAmount": "0"} == accounts["CASH"]
    assert accounts["CASH"]["allocatableAmount"] == "350"
    assert [amounts(one) for one in told["voucherQuotas"]["nodes"]] == [{"balance": "50"}]
    assert [(one["state"], amounts(one)) for one in told["withdrawals"]["nodes"]] == [
        ("COMPLETED", {"amount": "250", "paidAmount": "250"})
    ]


async def _check_customer(story: Story) -> None:
    customer_id = ids.from_text("cus", story.customer_id, field="id")
    customer = a_customers_user(story.tenant_id, customer_id=customer_id)
    answer = await story.graph(MINE, principal=customer)
    assert answer.errors == []
    mine = answer.data

    (me,) = mine["customers"]["nodes"]
    assert (me["id"], amounts(me["balance"])) == (
        story.customer_id,
        {"cashAmount": "180", "debtAmount": "0"},
    )
    assert [
        (one["operationType"], *amounts(one).values()) for one in mine["adjustments"]["nodes"]
    ] == [("RECLAIM", "100"), ("ALLOCATE", "300")]
    assert [amounts(one) for one in mine["payments"]["nodes"]] == [
        {"voucherAmount": "50", "cashAmount": "20"}
    ]
    assert [amounts(one) for one in mine["vouchers"]["nodes"]] == [{"balance": "0"}]


def amounts(shown: Mapping[str, Any]) -> dict[str, str]:
    """Give the amounts among the fields of something, by their names."""
    return {
        name: value["amount"]
        for name, value in shown.items()
        if isinstance(value, dict) and set(value) == {"amount"}
    }
