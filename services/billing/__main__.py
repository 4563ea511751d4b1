"""Puts billing together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from partner.billing.v1 import exports_pb2
from services.billing.consumption.jobs import push_customer_spends
from services.billing.consumption.servicer import ConsumptionServicer
from services.billing.exports.messages import LISTS
from services.billing.exports.model import TABLES
from services.billing.exports.servicer import ExportServicer
from services.billing.ledger.jobs import EXPIRE_PENDING
from services.billing.links.servicer import CustomerLinkServicer
from services.billing.peers import Customers
from services.billing.voucher_quotas.servicer import VoucherQuotaServicer
from services.billing.vouchers.servicer import VoucherServicer
from services.kit.exports.jobs import export_jobs
from services.kit.exports.lists import Exports
from services.kit.exports.storage import DirectoryStorage
from services.kit.jobs import Job
from services.kit.rpc import Servicer
from services.kit.server import Parts, run

# One line for each slice.
SERVICERS: Sequence[type[Servicer]] = (
    CustomerLinkServicer,
    VoucherQuotaServicer,
    VoucherServicer,
)


def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
    """Make what this process runs."""
    customers = Customers(parts.channels.to("customers"))
    servicers = [servicer(parts.database, parts.pages) for servicer in SERVICERS]
    servicers.append(ConsumptionServicer(parts.database, parts.pages, customers=customers))
    exports = Exports(
        service="billing",
        tables=TABLES,
        lists=LISTS,
        chooses=exports_pb2.ExportedList,
        storage=DirectoryStorage(parts.settings.export_directory / "billing"),
        rows_max=parts.settings.export_rows_max,
    )
    servicers.append(ExportServicer(parts.database, parts.pages, exports=exports))
    jobs: list[Job] = [push_customer_spends(customers), EXPIRE_PENDING, *export_jobs(exports)]
    return servicers, jobs


if __name__ == "__main__":
    run("billing", compose)
