"""ExportService of incentives: its list, with names masked, and for whom."""

import pytest

from partner.incentives.v1 import exports_pb2
from services.incentives.exports.messages import LISTS
from services.kit.ids import new_id
from tests.builders.exports import an_export, ask_for, columns, download
from tests.builders.incentives import an_incentive, record
from tests.builders.principals import a_tenant, an_account_manager, an_administrator, an_operator
from tests.builders.running import RunningService
from tests.conftest import RunService


@pytest.fixture
async def service(running: RunService) -> RunningService:
    return await running("incentives")


def test_every_list_of_the_contract_can_be_exported() -> None:
    assert set(LISTS) == set(exports_pb2.ExportedList.DESCRIPTOR.fields_by_name)


async def test_incentive_lines_are_exported_with_masked_names(service: RunningService) -> None:
    tenant_id = a_tenant()
    administrator = an_administrator(tenant_id)
    lines = [an_incentive(customer_name="Orchid", amount=f"{n}.50 CNY") for n in range(3)]
    await service.call(record(*lines), principal=an_operator(tenant_id))

    export = await an_export(
        service,
        ask_for(exports_pb2, incentives={"period": "2026-08"}),
        principal=administrator,
        part_rows=2,
    )
    rows = (await download(service, export, principal=administrator)).rows

    assert sorted(columns(rows, "Amount", "Customer name", "Rate", "Frozen")) == [
        (f"{n}.5", "O***", "0.15", "no") for n in range(3)
    ]


async def test_an_account_managers_file_has_the_own_customers_only(
    service: RunningService,
) -> None:
    tenant_id = a_tenant()
    manager = an_account_manager(tenant_id, account_manager_id=new_id())
    await service.call(record(an_incentive()), principal=an_operator(tenant_id))

    export = await an_export(service, ask_for(exports_pb2, incentives={}), principal=manager)

    assert export.rows_done == 0
