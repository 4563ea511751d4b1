"""Calls to a service: deadlines passed on, retries where they are harmless, a token on each."""

import json
import time
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

import grpc

from services.kit import deadlines, metrics
from services.kit.errors import DeadlineExceeded
from services.kit.identity import Principal, TokenSigner

Request = TypeVar("Request")
Response = TypeVar("Response")

# What remains for the caller to put its own answer together.
MARGIN_SECONDS: Final = 0.05
TIMEOUT_SECONDS_DEFAULT: Final = 5.0
RECEIVE_BYTES_MAX: Final = 16 * 1024 * 1024
METADATA_BYTES_MAX: Final = 16 * 1024
TOKENS_MAX: Final = 4096
# A token is signed once for many calls; it lives twice as long as it is handed out.
TOKEN_SECONDS: Final = 30.0

# No `timeout` in here: grpcio reads it wrongly, so every call brings its own.
_SERVICE_CONFIG: Final = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
}
OPTIONS: Final = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_receive_message_length", RECEIVE_BYTES_MAX),
    # Refusals come in the trailing metadata.
    ("grpc.max_metadata_size", METADATA_BYTES_MAX),
    # A lost server is looked for again within a second, not within two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class CallInTransaction(UserWarning):
    """An rpc was sent while a transaction was open: its locks wait for another machine."""


def channel(target: str) -> grpc.aio.Channel:
    """Open the way to a service; several replicas behind one name share the calls."""
    return grpc.aio.insecure_channel(target, options=OPTIONS)


class TokenSource:
    """Signs principals, each for an audience, and hands the same token out for half a minute."""

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer
        self._tokens: dict[tuple[Principal, str], tuple[str, float]] = {}

    def token(self, principal: Principal, audience: str) -> str:
        known = self._tokens.get((principal, audience))
        clock = time.monotonic()
        if known is not None and clock < known[1]:
            return known[0]
        token = self._signer.mint(principal, audience, now=datetime.now(UTC))
        if len(self._tokens) >= TOKENS_MAX:
            self._tokens.clear()
        self._tokens[principal, audience] = (token, clock + TOKEN_SECONDS)
        return token


class Caller:
    """Calls the rpcs of one service for a principal."""

    def __init__(self, service: str, target: str, *, tokens: TokenSource) -> None:
        self.service = service
        self.channel = channel(target)
        self._tokens = tokens

    async def __call__(
        self,
        rpc: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        principal: Principal,
        timeout: float = TIMEOUT_SECONDS_DEFAULT,  # noqa: ASYNC109 - gRPC's own deadline
    ) -> Response:
        """Call with what remains of the running call's time, at most `timeout`.

        :raises grpc.aio.AioRpcError: see `errors.received` for what it brings.
        :raises DeadlineExceeded: where no time remains.
        """
        if deadlines.transaction_open.get():
            warnings.warn("an rpc inside a transaction", CallInTransaction, stacklevel=2)
        call = rpc(
            request,
            timeout=time_left(timeout),
            metadata=self.metadata(principal),
        )
        code = "CANCELLED"
        try:
            response = await call
        except grpc.aio.AioRpcError as error:
            code = error.code().name
            raise
        else:
            code = "OK"
            return response
        finally:
            # grpc has no public name for the path of a call about to be made.
            metrics.call_made(rpc._method, code)  # type: ignore[attr-defined]  # noqa: SLF001
            # Nothing happens to a finished call; one that is dropped would stay otherwise.
            call.cancel()

    def metadata(self, principal: Principal) -> tuple[tuple[str, str], ...]:
        """Give what every call carries: who asks, and the trace."""
        return (
            ("authorization", f"Bearer {self._tokens.token(principal, self.service)}"),
            ("traceparent", deadlines.traceparent()),
        )

    async def close(self) -> None:
        await self.channel.close(None)


def time_left(at_most: float) -> float:
    """Give the seconds a call below the running one may take.

    :raises DeadlineExceeded: where none remain.
    """
    remaining = deadlines.remaining()
    if remaining is None:
        return at_most
    seconds = min(at_most, remaining - MARGIN_SECONDS)
    if seconds <= 0:
        raise DeadlineExceeded("no time remains")
    return seconds


class Channels:
    """One caller for each service, opened when it is first needed."""

    def __init__(self, addresses: Mapping[str, str], *, tokens: TokenSource) -> None:
        self._addresses = addresses
        self._tokens = tokens
        self._callers: dict[str, Caller] = {}

    def to(self, service: str) -> Caller:
        caller = self._callers.get(service)
        if caller is None:
            caller = Caller(service, self._addresses[service], tokens=self._tokens)
            self._callers[service] = caller
        return caller

    async def close(self) -> None:
        for caller in self._callers.values():
            await caller.close()
