"""What the steps of a plan have asked already, told to the reference executor when it takes over.

Nothing is asked twice then: not what was answered, nor what failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from gateway.kit.contract import Rpc
from gateway.kit.loading import Calls, Reading

Answer = Message | Exception


@dataclass
class Known:
    """Answers by rpc and request, and values by loader and key; an exception is an answer, too.

    Messages have only the fields that were selected where they were asked for. Two sources that
    turn out to have asked the same may have selected different fields: then none is told.
    """

    answers: dict[tuple[str, bytes], Answer | None] = field(default_factory=dict)
    loaders: dict[Any, dict[str, Any]] = field(default_factory=dict)
    _told: set[tuple[Any, str]] = field(default_factory=set)

    def answered(self, rpc: Rpc, request: Message, answer: Answer) -> None:
        """Note what a read answered."""
        key = rpc.path, _unmasked(request)
        self.answers[key] = None if key in self.answers else answer

    def written(self, rpc: Rpc, request: Message, answer: Answer) -> None:
        """Note what a write answered; it must not be sent again."""
        self.answers[rpc.path, _unmasked(request)] = answer

    def loaded(self, loader: Any, values: Mapping[str, Any]) -> None:
        """Note what keys gave; keys that have been asked for in another way are not told."""
        known = self.loaders.setdefault(loader, {})
        for key, value in values.items():
            if (loader, key) in self._told:
                known.pop(key, None)
            else:
                known[key] = value
                self._told.add((loader, key))

    def tell(self, reading: Reading) -> None:
        """Let the resolvers of an operation find what is known."""
        reading.calls = _Remembering(reading.calls, self.answers)
        reading.known = dict(self.loaders)


@dataclass(frozen=True)
class _Remembering:
    """Calls only what has no known answer."""

    calls: Calls
    answers: Mapping[tuple[str, bytes], Answer | None]

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> Any:  # noqa: ASYNC109 - gRPC's own deadline
        answer = self.answers.get((rpc.path, _unmasked(request)))
        if answer is None:
            return await self.calls(rpc, request, timeout=timeout)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _unmasked(request: Message) -> bytes:
    """Write what the requests of both executors have in common: not how much of an answer."""
    request = without(request, "read_mask", "with_item_tokens")
    return request.SerializeToString(deterministic=True)


def without(request: Message, *fields: str) -> Message:
    """Copy a request without some of its fields."""
    copy = type(request)()
    copy.CopyFrom(request)
    for name in fields:
        if name in request.DESCRIPTOR.fields_by_name:
            copy.ClearField(name)
    return copy
