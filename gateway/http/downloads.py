"""Files of exports over HTTP: a link that needs no token, and the service that looks again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import grpc
import orjson
import structlog
from aiohttp import web

from gateway.clients import Clients
from gateway.http.access import REQUEST_ID
from gateway.http.streams import stop_with
from gateway.kit.contract import Rpc
from gateway.links import LinkRefused, Links
from services.kit.errors import received

log = structlog.get_logger("gateway")

# A large file over a slow line.
DOWNLOAD_SECONDS: Final = 3_600.0
# Code of gRPC → status and code of HTTP's answer; all else is a defect.
STATUS: Final = {
    "NOT_FOUND": (404, "NOT_FOUND"),
    "PERMISSION_DENIED": (403, "FORBIDDEN"),
    "FAILED_PRECONDITION": (409, "CONFLICT"),
    "UNAVAILABLE": (503, "SERVICE_UNAVAILABLE"),
    "DEADLINE_EXCEEDED": (504, "DEADLINE_EXCEEDED"),
}


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """Handles /exports/<id>."""

    links: Links
    clients: Clients
    # By the prefixes of the ids that they take.
    rpcs: Mapping[str, Rpc]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Send a file, as whom the link was made for."""
        id_ = request.match_info["id"]
        try:
            principal = self.links.read(id_, request.query.get("ticket", ""), now=datetime.now(UTC))
        except LinkRefused as refused:
            return _refusal(403, "FORBIDDEN", str(refused))
        rpc = self.rpcs[id_.partition("_")[0]]
        call = self.clients.stream(
            rpc, rpc.request(id=id_), principal=principal, timeout=DOWNLOAD_SECONDS
        )
        try:
            first = await anext(aiter(call))
            log.info(
                "download",
                request_id=request[REQUEST_ID],
                export=id_,
                subject=principal.subject,
                tenant_id=str(principal.tenant_id or ""),
            )
            return await _send(request, first.header, call)
        except grpc.aio.AioRpcError as error:
            what = received(error)
            status, code = STATUS.get(what.code, (500, "INTERNAL"))
            return _refusal(status, code, what.message if status < 500 else "The file is not here.")  # noqa: PLR2004 - HTTP's own
        finally:
            call.cancel()


async def _send(request: web.Request, header: Any, pieces: Any) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": header.media_type,
            "Content-Disposition": f'attachment; filename="{header.file_name}"',
            "Content-Length": str(header.byte_count),
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    stop_with(request)
    try:
        async for piece in pieces:
            await response.write(piece.data)
        await response.write_eof()
    except ConnectionError:
        # The client is gone, or will begin again.
        pass
    except grpc.aio.AioRpcError as error:
        # Less than was promised: the client must not take it for the whole file.
        log.warning("download broken off", request_id=request[REQUEST_ID], error=received(error))
        if request.transport is not None:
            request.transport.abort()
    return response


def _refusal(status: int, code: str, message: str) -> web.Response:
    error = {"message": message, "extensions": {"code": code}}
    return web.Response(
        status=status, body=orjson.dumps({"errors": [error]}), content_type="application/json"
    )
