"""The demo's data, loaded through the real rpcs."""

from collections import Counter
from datetime import date
from typing import Any

from partner.billing.v1 import accounts_pb2, payments_pb2
from partner.customers.v1 import customers_pb2
from partner_center.demo.load import DISTRIBUTOR, PROVIDER, STEPS, load
from services.kit.config import SERVICES
from services.kit.identity import TokenSigner
from tests.builders.keys import Keys

TODAY = date(2026, 11, 24)


async def test_the_demo_fills_two_tenants_and_a_second_load_adds_nothing(
    running: Any, keys: Keys
) -> None:
    servers = {service: await running(service) for service in SERVICES}
    addresses = {name: f"127.0.0.1:{server.server.port}" for name, server in servers.items()}
    signer = TokenSigner(keys.private["demo"], workload="demo")
    steps: list[str] = []

    first = await load(addresses, signer=signer, today=TODAY, progress=steps.append)
    second = await load(addresses, signer=signer, today=TODAY, progress=steps.append)

    counts = [
        (
            await servers["customers"].call(
                customers_pb2.CountCustomersRequest(), principal=tenant.administrator
            )
        ).total_count
        for tenant in (PROVIDER, DISTRIBUTOR)
    ]
    # 64 of our own making and the 73 sub-accounts of the sample; the distributor's own 14.
    assert counts == [137, 14]
    accounts = await servers["billing"].call(
        accounts_pb2.ListAccountsRequest(), principal=PROVIDER.administrator
    )
    assert [account.amount.amount for account in accounts.accounts] == [
        "79750.75", "5000", "18800", "5000"
    ]  # fmt: skip
    paid = await servers["billing"].call(
        payments_pb2.ListPaymentsRequest(), principal=DISTRIBUTOR.administrator
    )
    assert Counter((payment.kind, payment.state) for payment in paid.payments) == {
        (payments_pb2.PAYMENT_KIND_ORDER, payments_pb2.PAYMENT_STATE_PAID): 8,
        (payments_pb2.PAYMENT_KIND_ORDER, payments_pb2.PAYMENT_STATE_HELD): 1,
        (payments_pb2.PAYMENT_KIND_REFUND, payments_pb2.PAYMENT_STATE_PAID): 1,
    }
    assert second == first
    assert steps == [*STEPS, *STEPS]
    assert set(first) == {
        "admin", "finance", "director", "manager", "customer", "distributor", "reseller", "operator"
    }  # fmt: skip
