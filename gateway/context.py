"""What one operation works with: who asks, how services are called for them, fresh loaders."""

from dataclasses import dataclass
from typing import Any

from gateway.clients import Clients
from gateway.http.caller import Caller, ContextFactory
from gateway.kit.loading import Reading


@dataclass(kw_only=True)
class Context(Reading):
    """The context of one operation."""

    caller: Caller


def context_factory(clients: Clients) -> ContextFactory:
    """Make contexts that call through the clients of this process."""

    def make(caller: Caller) -> Any:
        return Context(calls=clients.speaking_for(caller.principal), caller=caller)

    return make
