"""Who asks, and under which id the request is found in the logs."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from services.kit.identity import Principal


@dataclass(frozen=True)
class Caller:
    """The sender of one request, whichever transport it came by."""

    principal: Principal
    request_id: str
    transport: str = "http"
    # Seconds since the epoch at which the token that says so runs out.
    expires_at: float = float("inf")
    # Why a platform operator opened this tenant; empty for everybody else.
    tenant_reason: str = ""
    # Whether the plan is shown beside the answer.
    explains: bool = False

    @property
    def account(self) -> Hashable:
        """Whose budget and whose share of places an operation takes."""
        tenant_id = self.principal.tenant_id
        # A number is found much faster than a UUID.
        return (tenant_id and tenant_id.int, self.principal.subject)


ContextFactory = Callable[[Caller], Any]
"""Make the context of one operation: stubs that speak for the caller, and fresh loaders."""
