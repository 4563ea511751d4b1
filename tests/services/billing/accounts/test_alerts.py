"""Low balances: who hears of them, once, until there was enough again."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from partner.billing.v1 import accounts_pb2
from partner.type.v1 import money_pb2
from services.billing.accounts.alerts import Alert, write_to_log
from services.billing.accounts.jobs import telling_low_balances
from services.billing.accounts.model import Holder
from services.billing.ledger.chart import Unit
from services.kit import ids
from services.kit.ids import new_id, to_text
from services.kit.money import Money
from tests.builders.billing import money
from tests.builders.funds import acc, move, open_cash, top_up
from tests.builders.jobs import run_out
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


def an_alert(account_id: str, **fields: Any) -> accounts_pb2.SetBalanceAlertRequest:
    return accounts_pb2.SetBalanceAlertRequest(
        request_id=str(uuid4()), account_id=account_id, **fields
    )


async def test_an_alert_is_set_changed_and_removed_on_ones_own_account_only(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    paid = await top_up(billing, tenant)
    theirs = await open_cash(billing, tenant, Holder.partner(reseller_id))

    said = {"threshold": money("100 CNY"), "receivers": ["a@b.example"]}
    administrator = an_administrator(tenant)
    shown = await billing.call(an_alert(paid.account_id, **said), principal=administrator)
    said["receivers"] = ["a@b.example", "c@d.example"]
    changed = await billing.call(an_alert(paid.account_id, **said), principal=administrator)
    removed = await billing.call(an_alert(paid.account_id), principal=administrator)
    refusal = await billing.refusal(
        an_alert(to_text("acc", theirs), **said), principal=administrator
    )

    assert shown.balance_alert.threshold == money("100 CNY")
    assert list(changed.balance_alert.receivers) == ["a@b.example", "c@d.example"]
    assert not removed.HasField("balance_alert")
    assert refusal.code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("receivers", {"receivers": []}),
        ("receivers", {"receivers": ["a@b.example"] * 11}),
        ("receivers[1]", {"receivers": ["a@b.example", "a b@c.example"]}),
        ("receivers[0]", {"receivers": ["@b"]}),
        ("threshold.amount", {"threshold": money_pb2.Money(amount="-1", currency_code="CNY")}),
    ],
)
async def test_an_odd_alert_is_refused_by_its_field(
    billing: RunningService, field: str, said: dict[str, Any]
) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant)
    request = accounts_pb2.SetBalanceAlertRequest(
        **(
            {
                "request_id": "1",
                "account_id": paid.account_id,
                "threshold": money("1 CNY"),
                "receivers": ["a@b.example"],
            }
            | said
        )
    )

    refusal = await billing.refusal(request, principal=an_administrator(tenant))

    assert refusal.violations[0][0] == field


async def test_receivers_without_a_threshold_are_refused(billing: RunningService) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant)
    request = accounts_pb2.SetBalanceAlertRequest(
        request_id="1", account_id=paid.account_id, receivers=["a@b.example"]
    )

    refusal = await billing.refusal(request, principal=an_administrator(tenant))

    assert refusal.violations[0][0] == "receivers"


class Mailbox:
    """Takes what is sent for one tenant; the job serves them all."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant = tenant
        self.received: list[Alert] = []

    async def send(self, alert: Alert) -> None:
        if alert.partner_id == self.tenant:
            self.received.append(alert)


async def test_who_waits_for_it_hears_once_each_time_a_balance_has_fallen(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    mailbox = Mailbox(tenant)
    job = telling_low_balances(mailbox.send)
    paid = await top_up(billing, tenant, "100 CNY")
    said = an_alert(
        paid.account_id, threshold=money("50 CNY"), receivers=["a@b.example", "c@d.example"]
    )
    await billing.call(said, principal=an_administrator(tenant))
    customer = await open_cash(billing, tenant, Holder.customer(new_id(), partner_id=tenant))

    async def heard() -> int:
        await run_out(job, billing.database, datetime.now(UTC))
        return len(mailbox.received)

    enough = await heard()
    await move(billing, tenant, acc(paid.account_id), customer, "50 CNY")
    just_enough = await heard()
    await move(billing, tenant, acc(paid.account_id), customer, "0.01 CNY")
    low = [await heard(), await heard()]
    await top_up(billing, tenant, "0.01 CNY")
    enough_again = await heard()
    await move(billing, tenant, acc(paid.account_id), customer, "1 CNY")
    low_again = [await heard(), await heard()]

    assert (enough, just_enough, low, enough_again, low_again) == (0, 0, [1, 1], 1, [2, 2])
    assert mailbox.received[0] == Alert(
        account_id=acc(paid.account_id),
        partner_id=tenant,
        receivers=["a@b.example", "c@d.example"],
        available=Money.from_message(money("49.99 CNY"), field="amount"),
        threshold=Money.from_message(money("50 CNY"), field="amount"),
    )


async def test_who_could_not_be_told_is_told_again(billing: RunningService) -> None:
    tenant = a_tenant()
    mailbox = Mailbox(tenant)
    paid = await top_up(billing, tenant, "1 CNY")
    said = an_alert(paid.account_id, threshold=money("50 CNY"), receivers=["a@b.example"])
    await billing.call(said, principal=an_administrator(tenant))

    async def fail(alert: Alert) -> None:
        if alert.partner_id == tenant:
            raise ConnectionError

    with pytest.raises(ExceptionGroup) as raised:
        await run_out(telling_low_balances(fail), billing.database, datetime.now(UTC))
    await run_out(telling_low_balances(mailbox.send), billing.database, datetime.now(UTC))

    assert raised.group_contains(ConnectionError)
    assert len(mailbox.received) == 1


async def test_who_can_not_be_told_holds_up_nobody_else(billing: RunningService) -> None:
    tenants = [a_tenant() for _ in range(3)]
    told = set[UUID]()
    for tenant in tenants:
        paid = await top_up(billing, tenant, "1 CNY")
        said = an_alert(paid.account_id, threshold=money("50 CNY"), receivers=["a@b.example"])
        await billing.call(said, principal=an_administrator(tenant))

    async def send(alert: Alert) -> None:
        # One tenant stands before or behind it, however they are sorted.
        if alert.partner_id == tenants[1]:
            raise ConnectionError
        told.add(alert.partner_id)

    with pytest.raises(ExceptionGroup):
        await run_out(telling_low_balances(send), billing.database, datetime.now(UTC))

    assert told >= {tenants[0], tenants[2]}


async def test_the_log_hears_of_the_account_and_not_of_the_addresses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alert = Alert(
        account_id=new_id(),
        partner_id=new_id(),
        receivers=["a@b.example"],
        available=Unit.cash("CNY").money(1),
        threshold=Unit.cash("CNY").money(2),
    )

    await write_to_log(alert)

    written = capsys.readouterr()
    text = written.out + written.err
    assert ids.to_text("acc", alert.account_id) in text
    assert "a@b.example" not in text
