"""Which fields of a message a query selects: what its rpc is asked for, and no more."""

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from gateway.kit.contract import Descriptor, Rpc


class Mask:
    """The selected fields, in the order in which the query first selects them."""

    def __init__(self, message: Descriptor) -> None:
        self._message = message
        self._fields: dict[str, None] = {}
        self._sent: FieldMask | None = None

    def use(self, name: str) -> None:
        self._fields[name] = None

    @property
    def fields(self) -> list[str]:
        """Name the fields; where nothing is selected one, since no field would mean all."""
        known = self._message.fields_by_name
        return list(self._fields) or ["id" if "id" in known else next(iter(known))]

    @property
    def sent(self) -> FieldMask:
        """Give the mask as it is sent; the plan must be complete by then."""
        if self._sent is None:
            self._sent = FieldMask(paths=self.fields)
        return self._sent

    def put(self, rpc: Rpc, request: Message) -> Message:
        """Ask for these fields only, where the rpc lets its callers choose."""
        if rpc.takes("read_mask"):
            request.read_mask.CopyFrom(self.sent)  # type: ignore[attr-defined]
        return request
