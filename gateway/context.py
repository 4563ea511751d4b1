"""What one operation works with: who asks, how services are called for them, fresh loaders."""

from dataclasses import dataclass

from gateway.clients import Clients
from gateway.http.caller import Caller, ContextFactory
from gateway.kit.loading import Reading
from services.kit.client import Channels


@dataclass(kw_only=True)
class Context(Reading):
    """The context of one operation."""

    caller: Caller


def contexts(channels: Channels) -> ContextFactory:
    """Make contexts whose calls go over the channels of this process."""
    clients = Clients(channels)

    def make(caller: Caller) -> Context:
        return Context(calls=clients.speaking_for(caller.principal), caller=caller)

    return make
