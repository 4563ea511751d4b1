"""Four gRPC servers in one process that answer with bytes prepared when they were first asked for.

What an answer holds is what a service would send: so many things as were asked for, and of each
the fields that the read mask names. Preparing it takes place once for each different request.
"""

import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import grpc
import orjson
import uvloop
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from bench.parts.processes import told_to_stop, use_core
from bench.parts.rows import CUSTOMERS, DETAILS, RESOURCES, VOUCHERS, Rows, an_id
from gateway.billing import consumption, vouchers
from gateway.customers import customers, resources
from gateway.kit.contract import Rpc, repeated_message
from gateway.kit.many import repeated_in_group

# Asked by the bench itself: how often each rpc was called since it last asked.
COUNTS_PATH: Final = "/bench.Counts/Take"
REQUESTS_MAX: Final = 4_096

Prepare = Callable[[Any], Message]
Answer = Callable[[bytes, Any], Awaitable[bytes]]


class Backends:
    """The answers of every rpc that the queries of the benchmarks need."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.numbers = {an_id("cus", number): number for number in range(CUSTOMERS)}
        self.counts: Counter[str] = Counter()
        details = consumption.CONSUMPTION["BatchListConsumptionDetails"]
        listed = resources.RESOURCES["BatchListResources"]
        given = vouchers.VOUCHERS["BatchListVouchers"]
        self.prepares: Mapping[Rpc, Prepare] = {
            customers.CUSTOMERS["ListCustomers"]: self._list_customers,
            customers.CUSTOMERS["BatchGetCustomers"]: self._get_customers,
            listed: self._batch_list(listed, self.rows.resource, each=RESOURCES),
            details: self._batch_list(details, self.rows.detail, each=DETAILS),
            given: self._batch_list(given, self.rows.voucher, each=VOUCHERS),
        }

    def server(self, service: str) -> grpc.aio.Server:
        """Make the server of one service; it takes a port when it is given one."""
        server = grpc.aio.server()
        answers = {
            rpc.path: self._answer(rpc, prepare)
            for rpc, prepare in self.prepares.items()
            if rpc.service == service
        }
        answers[COUNTS_PATH] = self._take_counts
        server.add_generic_rpc_handlers((_Paths(answers),))
        return server

    def _answer(self, rpc: Rpc, prepare: Prepare) -> Answer:
        known: dict[bytes, bytes] = {}
        counts, name = self.counts, rpc.name

        async def answer(request: bytes, _: Any) -> bytes:
            counts[name] += 1
            response = known.get(request)
            if response is None:
                if len(known) >= REQUESTS_MAX:
                    known.clear()
                response = prepare(rpc.request.FromString(request)).SerializeToString()
                known[request] = response
            return response

        return answer

    async def _take_counts(self, _request: bytes, _context: Any) -> bytes:
        taken = orjson.dumps(self.counts)
        self.counts.clear()
        return taken

    def _list_customers(self, request: Any) -> Message:
        start = int(request.page_token or 0)
        end = min(start + request.page_size, CUSTOMERS)
        places = range(start, end)
        return customers.CUSTOMERS["ListCustomers"].response(
            customers=[masked(self.rows.customer(place), request.read_mask) for place in places],
            next_page_token=str(end) if end < CUSTOMERS else "",
            item_tokens=[str(place + 1) for place in places] if request.with_item_tokens else [],
        )

    def _get_customers(self, request: Any) -> Message:
        found = [self.numbers[key] for key in request.ids if key in self.numbers]
        return customers.CUSTOMERS["BatchGetCustomers"].response(
            customers=[masked(self.rows.customer(number), request.read_mask) for number in found]
        )

    def _batch_list(self, rpc: Rpc, make: Callable[[int, int], Message], *, each: int) -> Prepare:
        groups = repeated_message(rpc.response, why=rpc.name)
        items = repeated_in_group(groups.message_type, why=rpc.name).name

        def prepare(request: Any) -> Message:
            response: Any = rpc.response()
            places = range(min(request.page_size, each))
            for key in request.customer_ids:
                number = self.numbers[key]
                group = response.groups.add(customer_id=key)
                group.next_page_token = "more" if len(places) < each else ""
                getattr(group, items).extend(
                    masked(make(number, place), request.read_mask) for place in places
                )
                if request.with_item_tokens:
                    group.item_tokens.extend(str(place) for place in places)
            return response  # type: ignore[no-any-return]

        return prepare


class _Paths(grpc.GenericRpcHandler):  # type: ignore[type-arg] # at run time it takes none
    """Finds the answer to a call by its path; neither requests nor answers are messages here."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._handlers = {
            path: grpc.unary_unary_rpc_method_handler(answer) for path, answer in answers.items()
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return self._handlers.get(handler_call_details.method)


def masked(message: Message, mask: FieldMask) -> Message:
    """Leave in a message what a read mask names; everything where it names nothing."""
    if mask.paths:
        for field, _ in message.ListFields():
            if field.name not in mask.paths:
                message.ClearField(field.name)
    return message


async def main(addresses: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    backends = Backends()
    servers = []
    for service, address in addresses.items():
        server = backends.server(service)
        server.add_insecure_port(address)
        await server.start()
        servers.append(server)
    await told_to_stop()
    for server in servers:
        await server.stop(None)


if __name__ == "__main__":
    use_core(int(sys.argv[2]))
    uvloop.run(main(json.loads(sys.argv[1])))
