"""Puts billing together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from services.billing.accounts.alerts import write_to_log
from services.billing.accounts.jobs import EXPIRE_CREDIT, telling_low_balances
from services.billing.accounts.servicer import AccountServicer
from services.billing.consumption.jobs import push_customer_spends
from services.billing.consumption.servicer import ConsumptionServicer
from services.billing.ledger.jobs import EXPIRE_PENDING
from services.billing.links.servicer import CustomerLinkServicer
from services.billing.payments.jobs import CHARGE_USAGE
from services.billing.payments.servicer import PaymentServicer
from services.billing.peers import Customers
from services.billing.statements.servicer import StatementServicer
from services.billing.top_ups.notices import ChannelKeys
from services.billing.top_ups.servicer import TopUpServicer
from services.billing.voucher_quotas.servicer import VoucherQuotaServicer
from services.billing.vouchers.servicer import VoucherServicer
from services.kit.jobs import Job
from services.kit.rpc import Servicer
from services.kit.server import Parts, run

# One line for each slice.
SERVICERS: Sequence[type[Servicer]] = (
    CustomerLinkServicer,
    AccountServicer,
    StatementServicer,
    VoucherQuotaServicer,
    VoucherServicer,
    PaymentServicer,
)


def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
    """Make what this process runs."""
    customers = Customers(parts.channels.to("customers"))
    servicers = [servicer(parts.database, parts.pages) for servicer in SERVICERS]
    servicers.append(ConsumptionServicer(parts.database, parts.pages, customers=customers))
    servicers.append(
        TopUpServicer(parts.database, parts.pages, channel_keys=ChannelKeys.from_environment())
    )
    jobs: list[Job] = [push_customer_spends(customers), EXPIRE_PENDING, CHARGE_USAGE]
    jobs += [EXPIRE_CREDIT, telling_low_balances(write_to_log)]
    return servicers, jobs


if __name__ == "__main__":
    run("billing", compose)
