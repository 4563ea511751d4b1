"""The graphql-transport-ws protocol: many operations over one socket, each by its own id."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from gateway.http import requests
from gateway.http.authentication import Authentication
from gateway.http.caller import Caller
from gateway.http.errors import Refused
from gateway.http.operations import Operations

PROTOCOL = "graphql-transport-ws"

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
INIT_TIMEOUT = 4408
SUBSCRIBER_EXISTS = 4409
TOO_MANY_INITS = 4429


class Closed(Exception):
    """The socket is to be closed with a code that the protocol names."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class Socket:
    """One client's connection."""

    socket: web.WebSocketResponse
    operations: Operations
    authentication: Authentication
    headers: dict[str, str]
    request_id: str
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def serve(self) -> None:
        """Talk until either side closes."""
        try:
            caller = await self._initialise()
            remaining = caller.expires_at - time.time()
            try:
                async with asyncio.timeout(None if remaining == float("inf") else remaining):
                    while True:
                        await self._follow(await self._receive(), caller=caller)
            except TimeoutError:
                raise Closed(FORBIDDEN, "Forbidden: the token has expired") from None
        except Closed as closed:
            await self.socket.close(code=closed.code, message=closed.reason.encode())
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            # The gateway stops; the client connects to another one.
            await self.socket.close(code=WSCloseCode.GOING_AWAY)
            raise
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    async def _initialise(self) -> Caller:
        """Wait for the first message, whose payload carries what headers do elsewhere."""
        limits = self.operations.limits
        try:
            async with asyncio.timeout(limits.socket_init_seconds):
                message = await self._receive()
                while message["type"] in ("ping", "pong"):
                    await self._answer_ping(message)
                    message = await self._receive()
        except TimeoutError:
            raise Closed(INIT_TIMEOUT, "Connection initialisation timeout") from None
        if message["type"] != "connection_init":
            raise Closed(UNAUTHORIZED, "Unauthorized")
        payload = message.get("payload") or {}
        if not isinstance(payload, dict):
            raise Closed(BAD_REQUEST, "payload must be an object")
        given = {key.lower(): value for key, value in payload.items() if isinstance(value, str)}
        try:
            caller = await self.authentication.caller(
                {**self.headers, **given}, request_id=self.request_id, transport="websocket"
            )
        except Refused as refused:
            raise Closed(FORBIDDEN, f"Forbidden: {refused}") from None
        await self._send({"type": "connection_ack"})
        return caller

    async def _follow(self, message: dict[str, Any], *, caller: Caller) -> None:
        match message["type"]:
            case "ping" | "pong":
                await self._answer_ping(message)
            case "subscribe":
                await self._subscribe(message, caller=caller)
            case "complete":
                if (task := self._running.pop(_id(message), None)) is not None:
                    task.cancel()
            case "connection_init":
                raise Closed(TOO_MANY_INITS, "Too many initialisation requests")
            case other:
                raise Closed(BAD_REQUEST, f"Unexpected message type {other!r:.50}")

    async def _subscribe(self, message: dict[str, Any], *, caller: Caller) -> None:
        id_ = _id(message)
        if id_ in self._running:
            raise Closed(SUBSCRIBER_EXISTS, f"Subscriber for {id_:.50} already exists")
        maximum = self.operations.limits.subscriptions_per_socket
        if len(self._running) >= maximum:
            refused = Refused(
                "LIMIT_EXCEEDED",
                f"The request exceeds the limit of {maximum} operations at once on a socket.",
                limit="subscriptions_per_socket",
                maximum=maximum,
            )
            await self._send({"id": id_, "type": "error", "payload": refused.errors})
            return
        task = asyncio.create_task(self._run(id_, message.get("payload"), caller=caller))
        self._running[id_] = task

    async def _run(self, id_: str, payload: object, *, caller: Caller) -> None:
        try:
            await self._stream(id_, payload, caller=caller)
        except ConnectionError:
            pass
        finally:
            if self._running.get(id_) is asyncio.current_task():
                del self._running[id_]

    async def _stream(self, id_: str, payload: object, *, caller: Caller) -> None:
        try:
            request = requests.from_parameters(payload, limits=self.operations.limits)
            operation = self.operations.find(request)
        except Refused as refused:
            self.operations.refuse(refused, request_id=caller.request_id)
            await self._send({"id": id_, "type": "error", "payload": refused.errors})
            return
        answers = self.operations.stream(request, operation=operation, caller=caller)
        async with aclosing(answers):
            async for answer in answers:
                if "data" not in answer.payload:
                    errors = answer.payload["errors"]
                    await self._send({"id": id_, "type": "error", "payload": errors})
                    return
                await self._send({"id": id_, "type": "next", "payload": answer.payload})
        # The id is free again before the client hears of it.
        self._running.pop(id_, None)
        await self._send({"id": id_, "type": "complete"})

    async def _answer_ping(self, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            await self._send({"type": "pong"})

    async def _receive(self) -> dict[str, Any]:
        received = await self.socket.receive()
        if received.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            raise ConnectionResetError
        if received.type is WSMsgType.ERROR:
            raise ConnectionResetError
        if received.type is not WSMsgType.TEXT:
            raise Closed(BAD_REQUEST, "Messages must be text")
        try:
            message = orjson.loads(received.data)
        except orjson.JSONDecodeError:
            raise Closed(BAD_REQUEST, "Messages must be JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(BAD_REQUEST, "Messages must have a type")
        return message

    async def _send(self, message: dict[str, Any]) -> None:
        await self.socket.send_str(orjson.dumps(message).decode())


def _id(message: dict[str, Any]) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not id_:
        raise Closed(BAD_REQUEST, "Messages of an operation must have an id")
    return id_
