"""Leaves that this process computes: of fields of the message, and of who asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from strawberry.types.arguments import StrawberryArgument

from gateway.kit.fields import Resolve
from gateway.kit.loading import Info


@dataclass(frozen=True)
class Computed:
    """A leaf of the fields `needs`; `prepare` takes the operation's context, once."""

    needs: tuple[str, ...]
    prepare: Callable[[Any], Callable[[Any], Any]]
    kind: str = field(default="computed", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return []

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        def resolve(message: Any, info: Info) -> Any:
            return self.prepare(info.context)(message)

        return resolve
