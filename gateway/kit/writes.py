"""Mutations: an input becomes a request, a refusal of the business becomes user errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, dataclass_transform

import grpc
import strawberry
from google.protobuf.message import Message
from graphql import GraphQLAbstractType
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.contract import BindingRefused, Rpc, camel, description_of, field_of
from gateway.kit.errors import Rename, failure, renamed, worded
from gateway.kit.fields import BoundField, Resolve, argument, bound
from gateway.kit.inputs import request_of, taken
from gateway.kit.leaves import Leaf, leaf
from gateway.kit.loading import WRITE_SECONDS, Info, Reading, read
from gateway.kit.shapes import Shape, shape_of
from gateway.kit.shows import shown_message
from gateway.kit.words import numbers_by_word
from services.kit.errors import received

T = TypeVar("T", bound=type)

# Refusals that a user can do something about. Roles, outages and defects are errors of the field.
REFUSALS: Final = frozenset(
    {
        "INVALID_ARGUMENT",
        "OUT_OF_RANGE",
        "NOT_FOUND",
        "FAILED_PRECONDITION",
        "ABORTED",
        "ALREADY_EXISTS",
    }
)


@strawberry.type(description="A value that a user error brings, like what is left of a quota.")
class Metadatum:
    key: str = strawberry.field(description="What it is, in the words of the error's code.")
    value: str = strawberry.field(description="Its value as text.")


@strawberry.interface(description="Why a mutation was refused: nothing has been changed.")
class UserError:
    message: str = strawberry.field(description="A sentence for people.")
    field: str | None = strawberry.field(
        description="The input's field at fault, like input.faceValue.amount, if one is."
    )
    metadata: list[Metadatum] = strawberry.field(description="What the code brings.")

    @classmethod
    def resolve_type(
        cls,
        value: "Refused",
        info: Info,  # noqa: ARG003 - graphql-core's shape
        type_: GraphQLAbstractType,  # noqa: ARG003 - likewise
    ) -> str:
        return value.type_name


@strawberry.interface(description="What a mutation answers: its result, or why there is none.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        description="Why it was refused; empty where it was done."
    )


@dataclass(frozen=True, slots=True)
class Refused:
    """The source of a `UserError`."""

    type_name: str
    # The number of the reason in the service's enum.
    code: int
    message: str
    field: str | None
    metadata: list[Metadatum]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The source of a `Payload`."""

    response: Any = None
    user_errors: Sequence[Refused] = ()
    # What the call raised, where the business refused.
    error: Exception | None = None


@dataclass(frozen=True)
class Reasons:
    """A service's user error and the reasons it can have."""

    type_name: str
    numbers: Mapping[str, int]


_BY_SERVICE: Final[dict[str, Reasons]] = {}


def user_error(file: Any) -> Callable[[T], T]:
    """Declare the user error of the service that owns a file of the contract."""
    service = file.package.split(".")[1]

    def decorate(cls: T) -> T:
        enum = cls.__annotations__["code"]
        cls.code = strawberry.field(description="The reason.")  # type: ignore[attr-defined]
        made = strawberry.type(cls, description=f"Why the {service} service refused.")
        _BY_SERVICE[service] = Reasons(made.__name__, numbers_by_word(enum))
        return made

    return decorate


@dataclass(frozen=True)
class ResponseLeaf:
    """A field of a payload: one of the response's, or the whole response."""

    leaf: Leaf | None
    kind: str = field(default="response", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return []

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        read = self.leaf.read if self.leaf else _itself

        def resolve(outcome: Outcome, _info: Info) -> Any:
            return None if outcome.response is None else read(outcome.response)

        return resolve


@dataclass_transform(kw_only_default=True, field_specifiers=())
def answers(rpc: Rpc) -> Callable[[T], T]:
    """Declare a payload: its own field shows the rpc's response, or a field of the response.

    :raises BindingRefused: where a field is neither.
    """

    def decorate(cls: T) -> T:
        for name, annotation in list(cls.__annotations__.items()):
            why = f"{cls.__name__}.{name}"
            shape = shape_of(annotation, why=why)
            if not shape.nullable:
                raise BindingRefused(f"{why}: a refusal has no result, so it must be nullable")
            if shown_message(shape.type) is rpc.response:
                binding = ResponseLeaf(None)
                described = rpc.response.DESCRIPTOR
            else:
                described = field_of(rpc.response, name, why=why)
                binding = ResponseLeaf(leaf(described, _always_given(shape), why=why))
            description = description_of(described)
            setattr(cls, name, BoundField(binding=binding, description=description))
        return strawberry.type(cls, description=f"What came of {camel_verb(rpc)}.")

    return decorate


@dataclass(frozen=True)
class Write:
    """A mutation: one rpc, one input."""

    rpc: Rpc
    input: type
    kind: str = field(default="write", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("input", self.input, description="What is asked.")]

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        if taken(self.input).message is not self.rpc.request:
            raise BindingRefused(f"{why}: {self.input.__name__} does not fill {self.rpc.name}")

        async def resolve(_source: Any, info: Info, *, input: Any) -> Outcome:  # noqa: A002
            return await self.write(info.context, self.request(input))

        return resolve

    def request(self, given: Mapping[str, Any]) -> Message:
        """Make the request of a coerced input.

        :raises Failed: BAD_USER_INPUT naming the field.
        """
        return request_of(taken(self.input), given, path="input")

    async def write(self, reading: Reading, request: Message) -> Outcome:
        """Call the rpc; what the business refuses is an outcome, too.

        :raises Failed: what roles, outages and deadlines bring.
        """
        rename = renamed({}, prefix="input.", within=taken(self.input).resource)
        try:
            response = await reading.calls(self.rpc, request, timeout=WRITE_SECONDS)
        except grpc.aio.AioRpcError as error:
            refused = _user_errors(error, self.rpc, rename)
            if refused:
                return Outcome(user_errors=refused, error=error)
            raise failure(error, service=self.rpc.service, rename=rename) from error
        except Exception as error:
            raise failure(error, service=self.rpc.service, rename=rename) from error
        return Outcome(await read(self.rpc, response))

    @property
    def refusals(self) -> Reasons:
        """Give the user error that this mutation's service refuses with."""
        return _BY_SERVICE[self.rpc.service]


def writing(rpc: Rpc, input: type, *, description: str = "") -> Any:  # noqa: A002 - the argument's name
    """Declare a mutation."""
    return bound(Write(rpc, input), description=description or rpc.description)


def camel_verb(rpc: Rpc) -> str:
    return rpc.name[0].lower() + rpc.name[1:]


def _itself(response: Any) -> Any:
    return response


def _always_given(shape: Shape) -> Shape:
    """Say how the response holds a field; only the payload may be without it."""
    return Shape(shape.type, nullable=not shape.many, many=shape.many)


def _user_errors(error: grpc.aio.AioRpcError, rpc: Rpc, rename: Rename) -> list[Refused]:
    what = received(error)
    reasons = _BY_SERVICE[rpc.service]
    number = reasons.numbers.get(what.reason)
    if what.code not in REFUSALS or number is None:
        return []
    metadata = [
        Metadatum(key=camel(key), value=value) for key, value in sorted(what.metadata.items())
    ]
    if not what.violations:
        return [Refused(reasons.type_name, number, worded(what.message, rename), None, metadata)]
    return [
        Refused(reasons.type_name, number, worded(message, rename), rename(path), metadata)
        for path, message in what.violations
    ]
