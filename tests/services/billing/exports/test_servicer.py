"""ExportService of billing over a real socket: asked for, written, downloaded, and by whom."""

from partner.billing.v1 import consumption_pb2, exports_pb2
from partner.type.v1 import exports_pb2 as terms
from services.kit import ids
from tests.builders import exports
from tests.builders.exports import an_export, ask_for
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService
from tests.builders.spending import a_spending_tenant


async def test_consumption_details_are_exported_as_the_list_shows_them(
    billing: RunningService,
) -> None:
    spending = await a_spending_tenant(billing, customers=2, each=3)
    administrator = an_administrator(spending.tenant)
    narrowed = consumption_pb2.ConsumptionFilter(
        billing_cycle="2024-09", indirect_partner_id=ids.to_text("ptr", spending.reseller_id)
    )

    export = await an_export(
        billing,
        ask_for(exports_pb2, consumption_details=narrowed),
        principal=administrator,
        part_rows=4,
        page_rows=2,
    )
    downloaded = await exports.download(billing, export, principal=administrator)

    assert export.state == terms.EXPORT_STATE_COMPLETED
    assert (export.rows_done, export.rows_total) == (6, 6)
    listed = await billing.call(
        consumption_pb2.ListConsumptionDetailsRequest(filter=narrowed), principal=administrator
    )
    assert [row["Consumption detail"] for row in downloaded.rows] == [
        detail.id for detail in listed.details
    ]
