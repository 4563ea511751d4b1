"""Puts billing together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from partner.billing.v1 import exports_pb2, operation_logs_pb2_grpc
from services.billing.accounts.alerts import write_to_log
from services.billing.accounts.jobs import EXPIRE_CREDIT, telling_low_balances
from services.billing.accounts.servicer import AccountServicer
from services.billing.adjustments.servicer import AdjustmentServicer
from services.billing.closings.servicer import ClosingServicer
from services.billing.consumption.jobs import push_customer_spends
from services.billing.consumption.servicer import ConsumptionServicer
from services.billing.contracts.servicer import ContractServicer
from services.billing.exports.messages import LISTS
from services.billing.exports.model import TABLES
from services.billing.exports.servicer import ExportServicer
from services.billing.ledger.jobs import EXPIRE_PENDING
from services.billing.ledger.sealed import SEALED
from services.billing.links.servicer import CustomerLinkServicer
from services.billing.payments.jobs import CHARGE_USAGE
from services.billing.payments.servicer import PaymentServicer
from services.billing.peers import Customers
from services.billing.settings import BillingSettings
from services.billing.statements.servicer import StatementServicer
from services.billing.tables import Operation
from services.billing.top_ups.notices import ChannelKeys
from services.billing.top_ups.servicer import TopUpServicer
from services.billing.verification_codes.jobs import send_codes
from services.billing.verification_codes.messages import SecondFactor
from services.billing.verification_codes.model import Codes
from services.billing.verification_codes.servicer import VerificationCodeServicer
from services.billing.voucher_quotas.jobs import SETTLE_VOUCHER_QUOTAS
from services.billing.voucher_quotas.servicer import VoucherQuotaServicer
from services.billing.vouchers.jobs import SETTLE_VOUCHERS
from services.billing.vouchers.servicer import VoucherServicer
from services.billing.withdrawals.jobs import pay_withdrawals
from services.billing.withdrawals.servicer import WithdrawalServicer
from services.billing.withdrawals.vault import NumberVault
from services.kit.exports.jobs import export_jobs
from services.kit.exports.lists import Exports
from services.kit.exports.storage import DirectoryStorage
from services.kit.jobs import Job
from services.kit.operation_list import listing
from services.kit.rpc import Servicer
from services.kit.seals import sealing
from services.kit.server import Parts, run


class OperationLogServicer(Servicer, operation_logs_pb2_grpc.OperationLogServiceServicer):
    ListOperationLogs = listing(Operation)


# One line for each slice.
SERVICERS: Sequence[type[Servicer]] = (
    CustomerLinkServicer,
    AccountServicer,
    StatementServicer,
    VoucherQuotaServicer,
    VoucherServicer,
    PaymentServicer,
    AdjustmentServicer,
    ClosingServicer,
    OperationLogServicer,
    ContractServicer,
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
    jobs += [SETTLE_VOUCHERS, SETTLE_VOUCHER_QUOTAS]
    jobs += [EXPIRE_CREDIT, telling_low_balances(write_to_log)]
    own = BillingSettings.of(parts.settings)
    codes = Codes(own.secret.key("verification codes"))
    servicers.append(VerificationCodeServicer(parts.database, parts.pages, sender=own.sender))
    jobs.append(send_codes(own.sender, codes))
    vault = NumberVault(own.secret)
    servicers.append(
        WithdrawalServicer(parts.database, parts.pages, windows=own.windows, vault=vault)
    )
    if own.payout_provider is not None:
        jobs.append(pay_withdrawals(own.payout_provider, vault))
    jobs.append(sealing("billing", SEALED))
    exports = Exports(
        service="billing",
        tables=TABLES,
        lists=LISTS,
        chooses=exports_pb2.ExportedList,
        storage=DirectoryStorage(parts.settings.export_directory / "billing"),
        rows_max=parts.settings.export_rows_max,
    )
    servicers.append(ExportServicer(parts.database, parts.pages, exports=exports))
    jobs += export_jobs(exports)
    # Last: every write looks at the code that it brings.
    for servicer in servicers:
        servicer.step_up = SecondFactor(codes)
    return servicers, jobs


if __name__ == "__main__":
    run("billing", compose)
