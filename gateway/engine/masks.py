"""Which fields of a message a query selects: what its rpc is asked for, and no more."""

from functools import cached_property

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from gateway.kit.contract import Descriptor, Rpc


class Mask:
    """The selected fields, in the order in which the query first selects them."""

    def __init__(self, message: Descriptor) -> None:
        self._message = message
        self._fields: dict[str, None] = {}

    def use(self, name: str) -> None:
        self._fields[name] = None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Name the fields of the complete plan; never none, which would mean all."""
        known = self._message.fields_by_name
        return tuple(self._fields) or ("id" if "id" in known else next(iter(known)),)

    @cached_property
    def _sent(self) -> FieldMask:
        return FieldMask(paths=self.fields)

    def put(self, rpc: Rpc, request: Message) -> Message:
        """Ask for these fields only, where the rpc lets its callers choose."""
        if rpc.takes("read_mask"):
            request.read_mask.CopyFrom(self._sent)  # type: ignore[attr-defined]
        return request
