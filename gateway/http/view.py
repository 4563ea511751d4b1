"""The /graphql resource: GraphQL over HTTP, and the door to streams and sockets."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from aiohttp import web
from graphql import OperationType

from gateway.http import requests
from gateway.http.access import REQUEST_ID
from gateway.http.authentication import Authentication
from gateway.http.bodies import body_of, send
from gateway.http.errors import Refused
from gateway.http.explain import explaining
from gateway.http.media import GRAPHQL_JSON, JSON, Wish, read_accept
from gateway.http.operations import Answer, Operations
from gateway.http.origins import is_allowed
from gateway.http.requests import GraphQLRequest
from gateway.http.streams import send_events, stop_with
from gateway.http.websocket import PROTOCOL, Socket
from gateway.settings import Settings

SOCKET_HEARTBEAT_SECONDS = 30


@dataclass(frozen=True)
class GraphQLView:
    """Handles every method of /graphql."""

    settings: Settings
    operations: Operations
    authentication: Authentication

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Run a query, or open a socket."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        return await self._handle(request)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Run any operation."""
        return await self._handle(request)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        wish = read_accept(request.headers.get("Accept"))
        try:
            return await self._execute(request, wish=wish)
        except Refused as refused:
            self.operations.refuse(refused, request_id=request[REQUEST_ID])
            answer = Answer.refusing(refused)
            return await write(request, answer, wish=wish, parts=[orjson.dumps(answer.payload)])

    async def _execute(self, request: web.Request, *, wish: Wish) -> web.StreamResponse:
        caller = await self.authentication.caller(
            request.headers,
            request_id=request[REQUEST_ID],
            transport="http",
        )
        if "X-Explain" in request.headers:
            caller = explaining(caller, request.headers["X-Explain"], settings=self.settings)
        asked = await self._read(request)
        operation = self.operations.find(asked)
        kind = operation.node.operation
        if request.method == "GET" and kind is OperationType.MUTATION:
            raise Refused(
                "METHOD_NOT_ALLOWED", "Mutations must be sent by POST.", headers={"Allow": "POST"}
            )
        subscribes = kind is OperationType.SUBSCRIPTION
        if wish.prefers_stream or (subscribes and wish.accepts_stream):
            answers = self.operations.stream(asked, operation=operation, caller=caller)
            return await send_events(request, answers, expires_in=caller.expires_at - time.time())
        if subscribes:
            raise Refused(
                "STREAM_REQUIRED",
                f"A subscription needs a WebSocket ({PROTOCOL}) or Accept: text/event-stream.",
            )
        answer = await self.operations.answer(asked, operation=operation, caller=caller)
        parts = await body_of(answer.payload, objects=answer.objects)
        return await write(request, answer, wish=wish, parts=parts)

    async def _read(self, request: web.Request) -> GraphQLRequest:
        limits = self.settings.limits
        if request.method == "GET":
            return requests.from_query_string(request.query, limits=limits)
        # A form or plain text could be posted by a foreign page without asking first.
        if request.headers.get("Content-Type") != JSON and not _is_json(request):
            raise Refused("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json in UTF-8.")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Refused(
                "REQUEST_TOO_LARGE",
                f"The body exceeds {limits.body_bytes} bytes.",
                limit="body_bytes",
                maximum=limits.body_bytes,
            ) from None
        return requests.from_json(body, limits=limits)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not is_allowed(request, origins=self.settings.allowed_origins):
            raise web.HTTPForbidden(text="This origin may not open a socket here.")
        response = web.WebSocketResponse(
            protocols=(PROTOCOL,),
            heartbeat=SOCKET_HEARTBEAT_SECONDS,
            max_msg_size=self.settings.limits.body_bytes,
            compress=False,
        )
        await response.prepare(request)
        stop_with(request)
        if response.ws_protocol != PROTOCOL:
            await response.close(code=4406, message=b"Subprotocol not acceptable")
            return response
        with self.operations.metrics.sockets.track_inprogress():
            await Socket(
                socket=response,
                operations=self.operations,
                authentication=self.authentication,
                headers={name.lower(): value for name, value in request.headers.items()},
                request_id=request[REQUEST_ID],
            ).serve()
        return response


def _is_json(request: web.Request) -> bool:
    return request.content_type == JSON and (request.charset or "utf-8").lower() == "utf-8"


async def write(
    request: web.Request, answer: Answer, *, wish: Wish, parts: Sequence[bytes]
) -> web.StreamResponse:
    """Write an answer in the media type that the client asked for."""
    return await send(
        request,
        parts,
        status=answer.status if wish.json == GRAPHQL_JSON else answer.legacy_status,
        headers={
            **answer.headers,
            "Content-Type": f"{wish.json}; charset=utf-8",
            "Cache-Control": "no-store",
            "Vary": "Accept",
        },
    )
