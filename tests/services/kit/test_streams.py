"""Rpcs that answer with a stream: who may, what they see, how they refuse."""

from typing import Any

import pytest

from services.kit.ids import new_id
from services.kit.rpc import read
from tests.builders.frogs import FrogServicer, frogs_pb2, hatch
from tests.builders.principals import a_finance_operator, a_tenant, an_administrator
from tests.builders.running import RunningService


def follow(*names: str) -> Any:
    return frogs_pb2.FollowFrogsRequest(names=names)


async def test_a_stream_gives_what_its_caller_may_see(frogs: RunningService) -> None:
    administrator, stranger = an_administrator(a_tenant()), an_administrator(a_tenant())
    for principal in (administrator, administrator, stranger):
        await frogs.call(hatch("green", request_id=new_id().hex), principal=principal)

    own = await frogs.collect(follow("green", "blue"), principal=administrator)
    foreign = await frogs.collect(follow("green"), principal=stranger)

    assert [frog.name for frog in own] == ["green", "green"]
    assert len(foreign) == 1
    assert foreign[0].id not in {frog.id for frog in own}


async def test_a_stream_refuses_as_any_rpc_does(frogs: RunningService) -> None:
    tenant = a_tenant()

    heavy = await frogs.refusal(follow("heavy"), principal=an_administrator(tenant))
    role = await frogs.refusal(follow("green"), principal=a_finance_operator(tenant))
    text = await frogs.refusal(follow("a\0"), principal=an_administrator(tenant))

    assert (heavy.reason, heavy.metadata) == ("FROG_TOO_HEAVY", {"weight": "9 kg"})
    assert role.reason == "PERMISSION_DENIED"
    assert [field for field, _ in text.violations] == ["names[0]"]


def test_a_stream_of_answers_must_be_declared_as_one() -> None:
    with pytest.raises(TypeError, match="go together"):

        class Silent(FrogServicer):
            @read()
            async def FollowFrogs(self, request: Any, call: Any) -> Any:  # noqa: N802, ARG002 - rpc
                return frogs_pb2.Frog()
