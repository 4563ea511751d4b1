"""What one operation works with: who asks, how services are called for them, fresh loaders."""

from dataclasses import dataclass

from gateway.clients import Clients
from gateway.http.caller import Caller, ContextFactory
from gateway.kit.loading import Reading
from gateway.links import Links
from services.kit.client import Channels


@dataclass(kw_only=True)
class Context(Reading):
    """The context of one operation."""

    caller: Caller
    # Where files are linked to; without it nothing is.
    links: Links | None = None


def contexts(channels: Channels, *, links: Links | None = None) -> ContextFactory:
    """Make contexts whose calls go over the channels of this process."""
    clients = Clients(channels)

    def make(caller: Caller) -> Context:
        calls = clients.speaking_for(caller.principal)
        return Context(calls=calls, caller=caller, links=links)

    return make
