"""What the steps of a plan have asked already, told to the reference executor when it takes over.

Nothing is asked twice then: not what was answered, nor what failed.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from gateway.kit.contract import Rpc
from gateway.kit.loading import Calls, Reading

Answer = Message | Exception
Fields = frozenset[str]
# In place of an answer: nothing that is known has all the fields.
ASK: Final[Any] = object()


@dataclass
class Known:
    """Answers by rpc and request, and values by loader and key; an exception is an answer, too.

    Messages have only the fields that were selected where they were asked for. Of two sources
    that turn out to have asked the same, the one that asked for more is told; none is where each
    asked for what the other did not.
    """

    _answers: dict[Hashable, tuple[Fields, Answer]] = field(default_factory=dict)
    _values: dict[Hashable, dict[str, tuple[Fields, Any]]] = field(default_factory=dict)

    def answered(self, rpc: Rpc, request: Message, answer: Answer, *, fields: Fields) -> None:
        """Note what an rpc answered to a request."""
        _note(self._answers, (rpc.path, _common(request)), fields, answer)

    def loaded(self, loader: Hashable, values: Mapping[str, Any], *, fields: Fields) -> None:
        """Note what keys gave."""
        known = self._values.setdefault(loader, {})
        for key, value in values.items():
            _note(known, key, fields, value)

    def tell(self, reading: Reading) -> None:
        """Let the resolvers of an operation find what is known."""
        answers = {key: answer for key, (_, answer) in self._answers.items() if answer is not ASK}
        reading.calls = _Remembering(reading.calls, answers)
        reading.known = {
            loader: {key: value for key, (_, value) in values.items() if value is not ASK}
            for loader, values in self._values.items()
        }


@dataclass(frozen=True)
class _Remembering:
    """Calls only what has no known answer."""

    calls: Calls
    answers: Mapping[Hashable, Answer]

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> bytes:  # noqa: ASYNC109 - gRPC's own deadline
        answer = self.answers.get((rpc.path, _common(request)))
        if answer is None:
            return await self.calls(rpc, request, timeout=timeout)
        if isinstance(answer, Exception):
            raise answer
        return answer.SerializeToString()


def _note(notes: dict[Any, tuple[Fields, Any]], key: Any, fields: Fields, value: Any) -> None:
    before, _ = notes.get(key, (frozenset(), None))
    if fields >= before:
        notes[key] = fields, value
    elif not before >= fields:
        notes[key] = before | fields, ASK


def _common(request: Message) -> bytes:
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
