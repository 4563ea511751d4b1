"""What the wrapper promises to every caller of every rpc."""

# ruff: noqa: ARG002 - methods have the shape of rpcs, whatever they use of it

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest
from sqlalchemy import func, select

from services.kit.errors import received
from services.kit.identity import Principal, Role
from services.kit.ids import new_id
from services.kit.protected import writes_finished
from services.kit.rpc import Servicer, read, utc_now, write
from tests.builders.frogs import Frog, FrogServicer, frogs_pb2, frogs_pb2_grpc, hatch
from tests.builders.principals import (
    a_customers_user,
    a_finance_operator,
    a_system,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService


async def count(frogs: RunningService, principal: Principal) -> int:
    async with frogs.database.reading(principal) as session:
        return await session.scalar(select(func.count()).select_from(Frog)) or 0


async def test_a_write_is_seen_by_a_read(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())

    hatched = await frogs.call(hatch("Ada", request_id="one"), principal=principal)
    found = await frogs.call(frogs_pb2.GetFrogRequest(id=hatched.id), principal=principal)

    assert found == hatched


async def test_fifty_twins_have_one_effect_and_equal_answers(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    request = hatch("Ada", request_id="twins")

    answers = await asyncio.gather(*(frogs.answer(request, principal=principal) for _ in range(50)))

    assert {answer.response.id for answer in answers} == {answers[0].response.id}
    assert await count(frogs, principal) == 1
    replays = [answer for answer in answers if "x-idempotent-replay" in answer.trailers]
    assert len(replays) == 49


async def test_another_body_under_a_known_id_is_refused(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await frogs.call(hatch("SECRET-Ada", request_id="one"), principal=principal)

    refusal = await frogs.refusal(hatch("Eve", request_id="one"), principal=principal)

    assert (refusal.code, refusal.reason) == ("ABORTED", "REQUEST_ID_REUSED")
    assert "SECRET" not in refusal.message
    assert await count(frogs, principal) == 1


async def test_a_known_id_is_not_answered_to_somebody_else(frogs: RunningService) -> None:
    tenant = a_tenant()
    request = hatch("Ada", request_id="one")
    await frogs.call(request, principal=an_administrator(tenant))

    refusal = await frogs.refusal(request, principal=a_finance_operator(tenant))

    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_two_tenants_may_use_the_same_id(frogs: RunningService) -> None:
    request = hatch("Ada", request_id="one")

    first = await frogs.call(request, principal=an_administrator(a_tenant()))
    second = await frogs.call(request, principal=an_administrator(a_tenant()))

    assert first.id != second.id


async def test_a_business_refusal_is_kept_and_replayed(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    servicer = frogs.servicers[0]
    request = hatch("heavy", request_id="one")

    first = await frogs.answer(request, principal=principal)
    hatched = servicer.hatched
    second = await frogs.answer(request, principal=principal)

    assert first.refusal is not None
    assert first.refusal == second.refusal
    assert first.refusal.code == "FAILED_PRECONDITION"
    assert first.refusal.reason == "FROG_TOO_HEAVY"
    assert first.refusal.domain == "frogs.partner"
    assert first.refusal.metadata == {"weight": "9 kg"}
    assert second.trailers["x-idempotent-replay"] == "true"
    assert servicer.hatched == hatched
    assert await count(frogs, principal) == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [("busy", "RESOURCE_EXHAUSTED"), ("conflict", "UNAVAILABLE"), ("crash", "INTERNAL")],
)
async def test_a_passing_fault_is_not_kept(frogs: RunningService, name: str, code: str) -> None:
    principal = an_administrator(a_tenant())
    request = hatch(name, request_id="one")
    servicer = frogs.servicers[0]

    refusal = await frogs.refusal(request, principal=principal)
    hatched = servicer.hatched
    await frogs.refusal(request, principal=principal)

    assert refusal.code == code
    assert servicer.hatched > hatched, "the same id runs again"
    assert await count(frogs, principal) == 0


async def test_what_a_step_up_notes_stays_though_the_write_is_refused(
    frogs: RunningService,
) -> None:
    principal = an_administrator(a_tenant())
    servicer, proved = frogs.servicers[0], new_id()

    async def step_up(database: Any, request: Any, who: Principal, now: Any) -> Principal:
        async with database.transaction(who) as session:
            tenant = who.scope.tenant_id
            session.add(Frog(tenant_id=tenant, partner_id=tenant, name=f"before {request.name}"))
        return replace(who, second_factor=proved)

    servicer.step_up = step_up
    refusal = await frogs.refusal(hatch("heavy", request_id="one"), principal=principal)
    servicer.step_up = None

    assert refusal.reason == "FROG_TOO_HEAVY"
    assert await count(frogs, principal) == 1


async def test_a_defect_keeps_its_text_to_the_log(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())

    refusal = await frogs.refusal(hatch("crash", request_id="one"), principal=principal)

    assert refusal.message == "internal error"


@pytest.mark.parametrize("request_id", ["", "with blank", "x" * 65, "ä", "a/b"])
async def test_a_write_needs_a_well_formed_request_id(
    frogs: RunningService, request_id: str
) -> None:
    refusal = await frogs.refusal(
        hatch("Ada", request_id=request_id), principal=an_administrator(a_tenant())
    )

    assert refusal.code == "INVALID_ARGUMENT"
    assert [path for path, _ in refusal.violations] == ["request_id"]


async def test_a_client_that_leaves_does_not_cut_the_write(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    servicer = frogs.servicers[0]
    request = hatch("slow", request_id="one")
    call = asyncio.create_task(frogs.call(request, principal=principal))
    await servicer.is_waiting.wait()

    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    servicer.go_on.set()
    await writes_finished()
    answer = await frogs.answer(request, principal=principal)

    assert answer.trailers["x-idempotent-replay"] == "true"
    assert await count(frogs, principal) == 1


async def test_a_call_without_a_deadline_is_refused(frogs: RunningService) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await frogs.call(
            frogs_pb2.ListFrogsRequest(), principal=an_administrator(a_tenant()), timeout=None
        )

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "deadline" in received(caught.value).message


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
async def test_a_call_without_a_valid_token_is_refused(
    frogs: RunningService, authorization: str
) -> None:
    method = frogs.channel.unary_unary("/partner.frogs.v1.FrogService/ListFrogs")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await method(b"", timeout=5, metadata=(("authorization", authorization),))

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        (frogs_pb2.ListFrogsRequest(), set(Role)),
        (hatch("Ada", request_id="one"), {Role.ADMINISTRATOR, Role.FINANCE}),
        (
            frogs_pb2.BlessFrogRequest(request_id="one", id="frg_01h455vb4pex5vsknk084sn02q"),
            {Role.SYSTEM},
        ),
    ],
    ids=["customer scope", "named roles", "system scope"],
)
async def test_only_the_roles_of_the_rpc_may_enter(
    frogs: RunningService, request_: Any, allowed: set[Role]
) -> None:
    tenant = a_tenant()
    people = {
        Role.ADMINISTRATOR: an_administrator(tenant),
        Role.FINANCE: a_finance_operator(tenant),
        Role.ACCOUNT_MANAGER: an_account_manager(tenant, account_manager_id=new_id()),
        Role.CUSTOMER: a_customers_user(tenant, customer_id=new_id()),
        Role.OPERATOR: an_operator(tenant),
        Role.SYSTEM: a_system(tenant),
    }

    for role, principal in people.items():
        answer = await frogs.answer(request_, principal=principal)
        denied = answer.refusal is not None and answer.refusal.code == "PERMISSION_DENIED"
        assert denied == (role not in allowed), role


async def test_an_operator_without_an_opened_tenant_is_refused(frogs: RunningService) -> None:
    refusal = await frogs.refusal(frogs_pb2.ListFrogsRequest(), principal=an_operator(None))

    assert refusal.code == "PERMISSION_DENIED"


async def test_a_foreign_id_answers_like_an_unknown_one(frogs: RunningService) -> None:
    hatched = await frogs.call(
        hatch("Ada", request_id="one"), principal=an_administrator(a_tenant())
    )
    stranger = an_administrator(a_tenant())

    foreign = await frogs.refusal(frogs_pb2.GetFrogRequest(id=hatched.id), principal=stranger)
    unknown = await frogs.refusal(
        frogs_pb2.GetFrogRequest(id="frg_01h455vb4pex5vsknk084sn02q"), principal=stranger
    )

    assert foreign == unknown
    assert foreign.code == "NOT_FOUND"


async def test_a_request_with_flaws_names_the_field(frogs: RunningService) -> None:
    request = frogs_pb2.ListFrogsRequest(filter={"colours": [1, 77]})

    refusal = await frogs.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.code == "INVALID_ARGUMENT"
    assert [path for path, _ in refusal.violations] == ["filter.colours[1]"]


async def test_a_read_can_not_write(frogs: RunningService) -> None:
    class Careless(FrogServicer):
        @read()
        async def ListFrogs(self, request: Any, call: Any) -> Any:  # noqa: N802 - the rpc's name
            call.session.add(
                Frog(tenant_id=call.scope.tenant_id, partner_id=call.scope.tenant_id, name="x")
            )
            await call.session.flush()

    servicer = frogs.servicers[0]
    careless = RunningService(
        "frogs",
        [Careless(frogs.database, servicer.pages)],
        database=frogs.database,
        keys=frogs.keys,
    )
    await careless.start()

    refusal = await careless.refusal(
        frogs_pb2.ListFrogsRequest(), principal=an_administrator(a_tenant())
    )
    await careless.stop()

    assert refusal.code == "INTERNAL"


async def test_a_stream_is_taken_in_transactions_of_its_own(frogs: RunningService) -> None:
    operator = an_operator(a_tenant())
    names = [frogs_pb2.ImportFrogsRequest(name=name) for name in ("Ada", "Eve", "\0")]

    response = await frogs.stream(names[:2], of=frogs_pb2.ImportFrogsRequest, principal=operator)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await frogs.stream(names, of=frogs_pb2.ImportFrogsRequest, principal=operator)

    assert response.count == 2
    assert received(caught.value).violations[0][0] == "name"
    assert await count(frogs, operator) == 4


async def test_the_clock_of_a_call_is_an_input(frogs: RunningService) -> None:
    later = utc_now() + timedelta(hours=1)
    principal = an_administrator(a_tenant())

    frogs.set_clock(later)
    refusal = await frogs.refusal(frogs_pb2.ListFrogsRequest(), principal=principal)

    assert refusal.code == "UNAUTHENTICATED", "the token was minted an hour ago"


def test_a_servicer_with_an_undeclared_rpc_can_not_be_made() -> None:
    with pytest.raises(TypeError, match=r"Forgetful\.GetFrog is neither @read nor @write"):

        class Forgetful(Servicer, frogs_pb2_grpc.FrogServiceServicer):
            async def GetFrog(self, request: Any, context: Any) -> Any:  # noqa: N802 - rpc
                return frogs_pb2.Frog()


def test_a_servicer_may_not_name_roles_that_its_scope_keeps_out() -> None:
    with pytest.raises(TypeError, match="keeps out"):

        class Generous(FrogServicer):
            @write(Role.CUSTOMER)
            async def HatchFrog(self, request: Any, call: Any) -> Any:  # noqa: N802 - rpc
                return frogs_pb2.Frog()


def test_a_write_without_request_id_can_not_be_made() -> None:
    with pytest.raises(TypeError, match="needs a request_id"):

        class Reckless(FrogServicer):
            @write()
            async def ListFrogs(self, request: Any, call: Any) -> Any:  # noqa: N802 - rpc
                return frogs_pb2.ListFrogsResponse()


def test_a_stream_must_be_declared_as_one() -> None:
    with pytest.raises(TypeError, match="go together"):

        class Impatient(FrogServicer):
            @write()
            async def ImportFrogs(self, request: Any, call: Any) -> Any:  # noqa: N802 - rpc
                return frogs_pb2.ImportFrogsResponse()
