"""Root fields that find one thing by whichever of several names the client has for it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from google.protobuf.message import Message
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.contract import Rpc, field_of, repeated_message
from gateway.kit.errors import Failed, Rename, renamed
from gateway.kit.fields import Resolve, argument, bound
from gateway.kit.inputs import set_field
from gateway.kit.loading import Info, Reading
from gateway.kit.nodes import check_id, load
from gateway.kit.shows import shown


@dataclass(frozen=True)
class By:
    """A root field with a `@oneOf` argument: an id, or an exact condition of a list's filter."""

    input: type
    rpc: Rpc
    kind: str = field(default="by", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("by", self.input, description="What names it.")]

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        thing = shown(target, why=why)
        for name in set(self.input.__annotations__) - {"id"}:
            field_of(self._filter(), name, why=why)

        def resolve(_source: Any, info: Info, *, by: dict[str, str]) -> Any:
            [(name, value)] = by.items()
            if name == "id":
                check_id(value, thing.prefix, field="by.id")
                return load(info.context, thing, value)
            return self._search(info.context, name, value)

        return resolve

    async def _search(self, reading: Reading, name: str, value: str) -> Any:
        request = self.search_request(name, value)
        response = await reading.ask(self.rpc, request, rename=self.rename)
        return self.only(response, name=name)

    @cached_property
    def rename(self) -> Rename:
        return renamed({"filter": "by"})

    @property
    def items(self) -> str:
        """Name the response's field that holds what was found."""
        name: str = repeated_message(self.rpc.response, why=self.rpc.name).name
        return name

    def search_request(self, name: str, value: str) -> Message:
        """Make the request that searches by one condition.

        :raises Failed: BAD_USER_INPUT naming the argument.
        """
        # Two tell that one is not the only one.
        request: Any = self.rpc.request(page_size=2)
        descriptor = field_of(self._filter(), name, why=self.rpc.name)
        set_field(request.filter, descriptor, value, path=f"by.{name}")
        return request  # type: ignore[no-any-return]

    def only(self, response: Any, *, name: str) -> Any:
        """Give the one thing that was found, or none.

        :raises Failed: CONFLICT where there are more.
        """
        found = list(getattr(response, self.items))
        if len(found) > 1:
            raise Failed("names more than one", code="CONFLICT", field=f"by.{name}")
        return found[0] if found else None

    def _filter(self) -> Any:
        return type(self.rpc.request().filter)  # type: ignore[attr-defined]


def by(input: type, rpc: Rpc, *, description: str) -> Any:  # noqa: A002 - the argument's name
    """Declare a root field that finds one thing by one of several names."""
    return bound(By(input, rpc), description=description)
