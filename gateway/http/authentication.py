"""Who sends a request: the token's principal, and the tenant that an operator opened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from gateway.http.caller import Caller
from gateway.http.errors import Refused
from gateway.http.tokens import TokenReader, unauthenticated
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.identity import Role

log = structlog.get_logger("gateway")

TENANT_HEADER = "x-tenant-id"
REASON_HEADER = "x-tenant-reason"
REASON_LENGTH_MAX = 200


@dataclass(frozen=True)
class Authentication:
    """Reads the headers, or what stands for them in a socket's first message."""

    tokens: TokenReader

    async def caller(
        self, headers: Mapping[str, str], *, request_id: str, transport: str
    ) -> Caller:
        """Say who is calling. Names of headers are found in lower case.

        :raises Refused: UNAUTHENTICATED without a good token; FORBIDDEN or BAD_REQUEST for a
            tenant that the caller may not open or gives no reason for.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() != "bearer":
            raise unauthenticated("A bearer token is required.")
        identity = await self.tokens.read(token.strip())
        caller = Caller(
            principal=identity.principal,
            request_id=request_id,
            transport=transport,
            expires_at=identity.expires_at,
        )
        if TENANT_HEADER in headers:
            return _open_tenant(caller, headers)
        return caller


def _open_tenant(caller: Caller, headers: Mapping[str, str]) -> Caller:
    principal = caller.principal
    if principal.role is not Role.OPERATOR:
        raise Refused("FORBIDDEN", f"Only platform operators send {TENANT_HEADER}.")
    reason = headers.get(REASON_HEADER, "").strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise Refused(
            "BAD_REQUEST",
            f"{REASON_HEADER} must say in at most {REASON_LENGTH_MAX} characters why.",
        )
    try:
        tenant_id = ids.from_text("ptr", headers[TENANT_HEADER].strip(), field=TENANT_HEADER)
    except InvalidArgument as error:
        raise Refused("BAD_REQUEST", str(error), field=TENANT_HEADER) from None
    log.info(
        "tenant opened",
        request_id=caller.request_id,
        subject=principal.subject,
        tenant_id=str(tenant_id),
        reason=reason,
    )
    return replace(caller, principal=replace(principal, tenant_id=tenant_id), tenant_reason=reason)
