"""Loads the demo into a running installation, shows how far it is, writes down who is who."""

import asyncio
import json
from datetime import UTC, datetime

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from partner_center.keys import DEMO_WORKLOAD
from partner_center.postgres import write_secret
from partner_center.settings import Settings
from partner_center.tokens import LIFETIME, user_token
from services.kit.identity import TokenSigner


async def load_demo(settings: Settings) -> None:
    """Fill the demo's two tenants; a load that broke off goes on where it was."""
    # Only this one command needs all four contracts.
    from partner_center.demo.load import STEPS, load  # noqa: PLC0415

    signer = TokenSigner.from_file(settings.keys.signing_key(DEMO_WORKLOAD), workload=DEMO_WORKLOAD)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn()) as bar:
        task = bar.add_task("Demo data", total=len(STEPS))
        begun = False

        def progress(step: str) -> None:
            nonlocal begun
            bar.update(task, description=step, advance=1 if begun else 0)
            begun = True

        identities = await load(
            settings.addresses, signer=signer, today=datetime.now(UTC).date(), progress=progress
        )
        bar.update(task, description="Demo data", completed=len(STEPS))
    fresh = settings.demo_marker.with_suffix(".new")
    fresh.write_text(json.dumps({"identities": identities}, indent=2, ensure_ascii=False))
    # Whole or not at all: it says that the demo is complete.
    fresh.replace(settings.demo_marker)


async def renew_page_token(settings: Settings) -> None:
    """Keep the token that the query page starts with younger than half its life."""
    path = settings.keys.demo_token
    while True:
        token = user_token("admin", data_dir=settings.data_dir, now=datetime.now(UTC))
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        write_secret(fresh, token)
        fresh.replace(path)
        await asyncio.sleep(LIFETIME.total_seconds() / 2)
