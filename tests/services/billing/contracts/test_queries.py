"""Reading documents, also those that somebody has touched behind our back."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from partner.billing.v1 import contracts_pb2
from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from services.billing.contracts import queries
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.contracts import a_paper, an_application, put_party
from tests.builders.principals import a_tenant, an_administrator, an_operator
from tests.builders.running import RunningService


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(postgres: EmbeddedPostgres, billing: RunningService) -> AsyncIterator[Any]:
    """Open the database as the superuser, who may switch triggers off."""
    connection = await asyncpg.connect(with_database(postgres.admin_url, "billing"))
    yield connection
    await connection.close()


async def test_a_document_of_which_a_byte_was_changed_is_not_given(
    billing: RunningService, superuser: Any
) -> None:
    tenant = a_tenant()
    await put_party(billing, tenant)
    made = await billing.call(an_application(), principal=an_administrator(tenant))
    async with superuser.transaction():
        await superuser.execute("SET LOCAL session_replication_role = replica")
        await superuser.execute(
            "UPDATE contract_documents SET data = set_byte(data, 99, 255 - get_byte(data, 99))"
            " WHERE tenant_id = $1",
            tenant,
        )
    principal = an_administrator(tenant)
    contract_id = ids.from_text("ctr", made.id, field="id")

    async with billing.database.reading(principal) as session:
        with pytest.raises(ValueError, match=made.number):
            await queries.get_document(session, scope=principal.scope, contract_id=contract_id)
    refusal = await billing.refusal(
        contracts_pb2.ReadContractDocumentRequest(contract_id=made.id), principal=principal
    )

    assert refusal.code == "INTERNAL"


async def test_what_is_unknown_has_no_document_and_no_lock(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())

    async with billing.database.transaction(principal) as session:
        document = await queries.get_document(session, scope=principal.scope, contract_id=new_id())
        locked = await queries.get_for_update(session, scope=principal.scope, contract_id=new_id())

    assert (document, locked) == (None, None)


async def test_states_in_sql_and_in_python_agree_at_every_time(billing: RunningService) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)
    entered = await billing.call(a_paper("7"), principal=an_operator(tenant))
    contract_id = ids.from_text("ctr", entered.id, field="id")
    begin, end = (time.ToDatetime(UTC) for time in (entered.effective_time, entered.expire_time))
    instant = timedelta(microseconds=1)
    times = [begin - instant, begin, end - instant, end]

    async with billing.database.transaction(principal) as session:
        contract = await queries.get_for_update(
            session, scope=principal.scope, contract_id=contract_id
        )
        assert contract is not None
        shown = [
            (
                await queries.batch_get(
                    session, scope=principal.scope, columns=["state"], ids=[contract_id], now=now
                )
            )[0][0]
            for now in times
        ]

    assert shown == ["DRAFT", "EFFECTIVE", "EFFECTIVE", "EXPIRED"]
    assert shown == [contract.current_state(now) for now in times]
