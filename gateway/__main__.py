"""Puts the gateway together: settings, channels to the services, the graph; and serves it."""

import os
import sys

import uvloop

from gateway.app import create_app
from gateway.clients import Clients
from gateway.context import contexts
from gateway.http.downloads import Downloads
from gateway.links import Links
from gateway.readiness import Readiness
from gateway.schema import DOWNLOADS, schema
from gateway.serve import serve
from gateway.settings import Settings
from services.kit import log
from services.kit.client import Channels, TokenSource
from services.kit.config import Environment, SettingsRefused
from services.kit.identity import TokenSigner


def main() -> None:
    """Serve as the environment says, or say what is wrong with it."""
    try:
        settings = Settings.from_environment(os.environ)
        log.configure(human=settings.environment is not Environment.PRODUCTION)
        uvloop.run(run(settings))
    except (SettingsRefused, OSError) as refused:
        sys.exit(f"gateway: {refused}")


async def run(settings: Settings) -> None:
    """Open the channels, serve until told to stop, close them."""
    if settings.signing_key is None:
        raise SettingsRefused("GATEWAY_SIGNING_KEY is not set.")
    signer = TokenSigner.from_file(settings.signing_key, workload="gateway")
    channels = Channels(settings.addresses, tokens=TokenSource(signer))
    links = Links.from_signing_key(settings.signing_key)
    try:
        app = create_app(
            settings,
            schema=schema,
            context_factory=contexts(channels, links=links),
            readiness=Readiness(channels, services=settings.addresses),
            downloads=Downloads(links=links, clients=Clients(channels), rpcs=DOWNLOADS),
        )
        await serve(app, settings)
    finally:
        await channels.close()


if __name__ == "__main__":
    main()
