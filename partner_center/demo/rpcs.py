"""How the demo calls the services: as the platform's operator or as one of a partner's people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID, uuid5

import grpc.aio

from services.kit.identity import Principal, Role, TokenSigner

SECONDS_PER_CALL: Final = 60.0
NAMESPACE: Final = UUID("6f1c2c5e-7a0b-4f43-9d5e-2b1a8f0f4c11")


class Rpcs:
    """Channels to the services, and tokens for the principals that call them."""

    def __init__(self, addresses: Mapping[str, str], *, signer: TokenSigner) -> None:
        self._channels = {
            service: grpc.aio.insecure_channel(address) for service, address in addresses.items()
        }
        self._signer = signer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._channels.values():
            await channel.close(grace=None)

    async def __call__(
        self, service: str, stub: Callable[[grpc.aio.Channel], Any], rpc: str, request: Any,
        *, principal: Principal,
    ) -> Any:  # fmt: skip
        """Send one request, or a stream of them, with a fresh token and a deadline."""
        token = self._signer.mint(principal, service, now=datetime.now(UTC))
        method = getattr(stub(self._channels[service]), rpc)
        return await method(
            request,
            timeout=SECONDS_PER_CALL,
            metadata=(("authorization", f"Bearer {token}"),),
        )


@dataclass(frozen=True)
class Tenant:
    """A tenant to be filled: its id, and who fills it."""

    name: str

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE, self.name)

    @property
    def operator(self) -> Principal:
        """The platform's operator who has opened this tenant."""
        return Principal(subject="operator", role=Role.OPERATOR, tenant_id=self.id)

    @property
    def administrator(self) -> Principal:
        return replace(self.operator, subject="admin", role=Role.ADMINISTRATOR, partner_id=self.id)

    def administrator_of(self, reseller_id: UUID) -> Principal:
        return replace(self.administrator, subject="reseller-admin", partner_id=reseller_id)

    def request_id(self, *steps: object) -> str:
        """Name a step, the same each time, so that a load that broke off can go on."""
        return str(uuid5(self.id, "/".join(map(str, steps))))
