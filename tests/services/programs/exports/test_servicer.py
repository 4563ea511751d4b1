"""ExportService of programs: its lists, of the own partner alone."""

from typing import Any

import pytest

from partner.programs.v1 import exports_pb2
from services.kit.ids import new_id, to_text
from services.programs.exports.messages import LISTS
from tests.builders.exports import an_export, ask_for, columns, download
from tests.builders.principals import a_tenant, an_administrator, an_operator
from tests.builders.programs import apply, create, join
from tests.builders.running import RunningService
from tests.conftest import RunService


@pytest.fixture
async def service(running: RunService) -> RunningService:
    return await running("programs")


def test_every_list_of_the_contract_can_be_exported() -> None:
    assert set(LISTS) == set(exports_pb2.ExportedList.DESCRIPTOR.fields_by_name)


async def test_applications_and_memberships_are_exported(service: RunningService) -> None:
    tenant_id = a_tenant()
    administrator, operator = an_administrator(tenant_id), an_operator(tenant_id)
    partner: Any = {"partner_id": to_text("ptr", tenant_id)}
    program = await service.call(create(), principal=operator)
    await service.call(apply(program, **partner), principal=operator)
    await service.call(join(program, **partner), principal=operator)
    elsewhere = {"partner_id": to_text("ptr", new_id())}
    await service.call(join(program, **elsewhere), principal=operator)

    applications = await an_export(
        service, ask_for(exports_pb2, program_applications={}), principal=administrator
    )
    memberships = await an_export(
        service, ask_for(exports_pb2, program_memberships={}), principal=administrator
    )

    rows = (await download(service, applications, principal=administrator)).rows
    assert columns(rows, "Program name", "Applied tier", "State", "Submit time") == [
        ("Solution Provider Program", "Advanced", "UNDER_REVIEW", "2026-08-01T00:00:00Z")
    ]
    rows = (await download(service, memberships, principal=administrator)).rows
    assert columns(rows, "Program", "Tier", "State") == [(program.id, "Advanced", "ACTIVE")]
