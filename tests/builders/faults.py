"""What goes wrong behind the rpcs, decided by a seed and by what is asked, never by the batch."""

from dataclasses import dataclass
from random import Random
from typing import Any

import grpc

from gateway.kit.contract import Rpc
from services.kit.errors import (
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Refusal,
    RequestIdReused,
    ResourceExhausted,
)
from tests.builders.chance import dice, happens
from tests.builders.graph import failing, refusing

# In how many of 100 cases.
FAILING, REFUSED, MISSING = 22, 55, 8


class QuotaInsufficient(Refusal):
    """A rule of one service, of which the others know nothing."""


@dataclass(frozen=True)
class Faults:
    """The faults of one world."""

    seed: int

    def of(self, rpc: Rpc, arguments: bytes, *, is_write: bool) -> Exception | None:
        """Give what a call with these arguments raises, if anything."""
        about = self.seed, "fault", rpc.path, arguments.hex()
        if not happens(REFUSED if is_write else FAILING, *about):
            return None
        roll = dice(*about, "kind")
        if is_write and roll.random() < 0.7:
            return _refusal(rpc, roll)
        return _failure(rpc, roll)

    def lacks(self, rpc: Rpc, key: str) -> bool:
        """Tell whether the answer of a batch rpc says nothing about a key."""
        return happens(MISSING, self.seed, "missing", rpc.path, key)


def _failure(rpc: Rpc, roll: Random) -> Exception:
    made: list[Any] = [
        lambda: failing(grpc.StatusCode.UNAVAILABLE, "connection refused"),
        lambda: failing(grpc.StatusCode.DEADLINE_EXCEEDED, "too late"),
        lambda: failing(grpc.StatusCode.INTERNAL, "a secret of the service"),
        lambda: DeadlineExceeded("no time remains"),
        lambda: RuntimeError("the wire broke"),
        lambda: _refused(rpc, NotFound("there is no such page_token")),
        lambda: _refused(rpc, PermissionDenied("finance only")),
        lambda: _refused(rpc, ResourceExhausted("too much at once")),
        lambda: _refused(rpc, InvalidArgument.many(_violations(rpc, roll))),
    ]
    error: Exception = roll.choice(made)()
    return error


def _refusal(rpc: Rpc, roll: Random) -> Exception:
    made: list[Any] = [
        lambda: InvalidArgument.many(_violations(rpc, roll)),
        lambda: InvalidArgument("is nothing that anybody can do"),
        lambda: NotFound("there is no such quota_id", field="quota_id", quota_id="quo_…"),
        lambda: RequestIdReused("the request_id was used with another body", field="request_id"),
        lambda: QuotaInsufficient("the quota is short", available="1.5", required_amount="20"),
        lambda: PermissionDenied("administrators only"),
    ]
    return _refused(rpc, roll.choice(made)())


def _refused(rpc: Rpc, refusal: Refusal) -> Exception:
    return refusing(refusal, service=rpc.service)


def _violations(rpc: Rpc, roll: Random) -> list[tuple[str, str]]:
    names = [field.name for field in rpc.request.DESCRIPTOR.fields]
    chosen = roll.sample(names, min(len(names), roll.choice((1, 2))))
    return [(f"{name}{roll.choice(('', '[0]', '.amount'))}", f"{name} is odd") for name in chosen]
