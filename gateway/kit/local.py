"""Root fields that this process answers by itself, without asking a service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from strawberry.types.arguments import StrawberryArgument

from gateway.kit.fields import Resolve
from gateway.kit.loading import Info


@dataclass(frozen=True)
class Local:
    """A root field whose source is made of the operation's context."""

    source: Callable[[Any], Any]
    kind: str = field(default="local", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return []

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        def resolve(_source: Any, info: Info) -> Any:
            return self.source(info.context)

        return resolve
