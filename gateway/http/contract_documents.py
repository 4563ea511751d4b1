"""The PDF of an online contract, at /contracts/{id}.pdf, for whoever may read the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from gateway.http.access import REQUEST_ID
from gateway.http.authentication import Authentication
from gateway.http.caller import ContextFactory
from gateway.http.errors import Refused
from gateway.kit.contract import rpcs
from gateway.kit.errors import Failed, renamed
from gateway.kit.loading import Reading
from partner.billing.v1 import contracts_pb2

PATH: Final = "/contracts/{contract_id}.pdf"
READ: Final = rpcs(contracts_pb2.DESCRIPTOR, "ContractService")["ReadContractDocument"]
# Code to status; what is no id can not be found, either.
STATUS: Final = {
    "BAD_USER_INPUT": 404,
    "DEADLINE_EXCEEDED": 504,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "SERVICE_UNAVAILABLE": 503,
    "THROTTLED": 429,
}


@dataclass(frozen=True)
class ContractDocuments:
    authentication: Authentication
    context_factory: ContextFactory

    async def get(self, request: web.Request) -> web.Response:
        """Give the document, or say as JSON why not."""
        try:
            caller = await self.authentication.caller(
                request.headers, request_id=request[REQUEST_ID], transport="http"
            )
            document = await _read(self.context_factory(caller), request.match_info["contract_id"])
        except Refused as refused:
            return _refusing(
                refused.errors, status=refused.status(legacy=False), headers=refused.headers
            )
        except Failed as failed:
            error = {"message": str(failed), "extensions": failed.extensions}
            return _refusing([error], status=STATUS[failed.extensions["code"]])
        return web.Response(
            body=document.data,
            content_type="application/pdf",
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="{document.number}.pdf"',
            },
        )


async def _read(reading: Reading, contract_id: str) -> contracts_pb2.ReadContractDocumentResponse:
    """Read all parts of a document; it is small enough to be put together here."""
    whole: Any = contracts_pb2.ReadContractDocumentResponse()
    while not whole.number or len(whole.data) < whole.size_bytes:
        asked = contracts_pb2.ReadContractDocumentRequest(
            contract_id=contract_id, offset=len(whole.data)
        )
        part = await reading.ask(READ, asked, rename=renamed({}))
        whole.number, whole.size_bytes = part.number, part.size_bytes
        whole.data += part.data
    return whole  # type: ignore[no-any-return]


def _refusing(
    errors: list[dict[str, Any]], *, status: int, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=orjson.dumps({"errors": errors}),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
