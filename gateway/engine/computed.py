"""Writes leaves that this process computes: a function is made once, and called for each object."""

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLField

from gateway.engine.code import Shape
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.writer import Way, Writer
from gateway.kit.computed import Computed


def _computed(
    writer: Writer, binding: Computed, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    del selected, definition
    for name in binding.needs:
        place.use(name)
    function = writer.draft.given(binding, "compute", lambda reading, _: binding.prepare(reading))
    return Shape(f"{function}({place.name})")


WAYS: Final[Mapping[type[Any], Way]] = {Computed: _computed}
