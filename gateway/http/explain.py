"""What `X-Explain: 1` shows beside an answer: who answered it, and the steps of the real run."""

from dataclasses import replace
from typing import Any

from gateway.engine.execution import Outcome
from gateway.http.caller import Caller
from gateway.http.errors import Refused
from gateway.settings import Settings
from services.kit.config import Environment
from services.kit.identity import Role


def explaining(caller: Caller, wish: str, *, settings: Settings) -> Caller:
    """Let the caller see plans, if it wishes to and may.

    :raises Refused: FORBIDDEN in production for all but operators; plans show rpcs and timings.
    """
    if wish != "1":
        return caller
    is_production = settings.environment is Environment.PRODUCTION
    if is_production and caller.principal.role is not Role.OPERATOR:
        raise Refused("FORBIDDEN", "Only platform operators see plans here.")
    return replace(caller, explains=True)


def explained(outcome: Outcome) -> dict[str, Any]:
    """Show how an operation was answered; the names of sources are those of `explain`'s code."""
    shown: dict[str, Any] = {"executor": "compiled" if outcome.reason is None else "reference"}
    if outcome.reason is not None:
        shown["reason"] = outcome.reason
    shown["steps"] = [
        {
            "source": step.source,
            "rpc": step.rpc,
            "level": step.level,
            "keys": step.keys,
            "readMask": list(step.fields),
            "milliseconds": round(step.seconds * 1000, 3),
        }
        for step in outcome.steps
    ]
    return shown
