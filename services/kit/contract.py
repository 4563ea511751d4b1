"""What the contract says of each rpc: its name, who may enter, what it answers."""

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from partner.type.v1 import options_pb2
from services.kit.identity import Role

_PARTNERS_PEOPLE: Final = frozenset(
    {Role.ADMINISTRATOR, Role.DIRECTOR, Role.ACCOUNT_MANAGER, Role.FINANCE}
)
_PLATFORM: Final = frozenset({Role.OPERATOR, Role.SYSTEM})
_ROLES: Final[Mapping[int, frozenset[Role]]] = {
    options_pb2.SCOPE_CUSTOMER: _PLATFORM | _PARTNERS_PEOPLE | {Role.CUSTOMER},
    options_pb2.SCOPE_PARTNER: _PLATFORM | _PARTNERS_PEOPLE,
    options_pb2.SCOPE_PLATFORM: _PLATFORM,
    options_pb2.SCOPE_SYSTEM: frozenset({Role.SYSTEM}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One method of a service as its proto file declares it."""

    # The service as a word, "billing", and in full, "partner.billing.v1.VoucherService".
    service: str
    service_name: str
    name: str
    roles: frozenset[Role]
    request: type[Message]
    response: type[Message]
    is_client_streaming: bool
    is_server_streaming: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Give the names of the request's fields."""
        return frozenset(field.name for field in self.request.DESCRIPTOR.fields)

    @property
    def full_name(self) -> str:
        return f"{self.service_name}/{self.name}"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a decorator of `rpc` noted on a method."""

    roles: frozenset[Role]
    is_write: bool
    is_stream: bool


def generated_base(servicer: type) -> type:
    """Find the generated class that a servicer fills in."""
    for base in servicer.__mro__:
        if base.__module__.endswith("_pb2_grpc") and base.__name__.endswith("Servicer"):
            return base
    message = f"{servicer.__name__} must inherit a generated servicer"
    raise TypeError(message)


def service_of(servicer: type) -> ServiceDescriptor:
    base = generated_base(servicer)
    # A contract whose messages are all of other files is not loaded by its stubs.
    importlib.import_module(base.__module__.removesuffix("_grpc"))
    package = base.__module__.rpartition(".")[0]
    name = f"{package}.{base.__name__.removesuffix('Servicer')}"
    return descriptor_pool.Default().FindServiceByName(name)


def registration_of(servicer: type) -> Callable[[Any, Any], None]:
    """Give the generated function that adds the servicer to a server."""
    base = generated_base(servicer)
    module = sys.modules[base.__module__]
    function: Callable[[Any, Any], None] = getattr(module, f"add_{base.__name__}_to_server")
    return function


def rpcs_of(servicer: type) -> dict[str, Rpc]:
    """Read every rpc of a servicer's contract; one that says not who may enter does not start."""
    service = service_of(servicer)
    return {method.name: _rpc(service, method) for method in service.methods}


def _rpc(service: ServiceDescriptor, method: MethodDescriptor) -> Rpc:
    scope = method.GetOptions().Extensions[options_pb2.scope]
    if scope not in _ROLES:
        message = f"{service.full_name}/{method.name} has no (partner.type.v1.scope)"
        raise TypeError(message)
    word = re.search(r"\.(\w+)\.v\d+\.", service.full_name)
    return Rpc(
        service=word[1] if word else service.full_name,
        service_name=service.full_name,
        name=method.name,
        roles=_ROLES[scope],
        request=message_factory.GetMessageClass(method.input_type),
        response=message_factory.GetMessageClass(method.output_type),
        is_client_streaming=method.client_streaming,
        is_server_streaming=method.server_streaming,
    )


def refuse_undeclared(servicer: type, name: str, rpc: Rpc) -> None:
    """Refuse a servicer whose method and contract do not go together."""
    declared = getattr(getattr(servicer, name, None), "declared", None)
    if not isinstance(declared, Declared):
        message = f"{servicer.__name__}.{name} is neither @read nor @write"
    elif declared.is_stream != (rpc.is_client_streaming or rpc.is_server_streaming):
        message = f"{servicer.__name__}.{name}: @write_stream and the contract's stream go together"
    elif not declared.roles <= rpc.roles:
        message = f"{servicer.__name__}.{name} names roles that its scope keeps out"
    elif declared.is_write and not declared.is_stream and "request_id" not in rpc.fields:
        message = f"{servicer.__name__}.{name} writes, so its request needs a request_id"
    else:
        return
    raise TypeError(message)
