"""Makes the plan of an operation, once for each set of booleans that decide what is selected."""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)

from gateway.engine import anything, computed, connections, edges, leaves, payloads, roots
from gateway.engine.code import Shape, braces
from gateway.engine.draft import Draft
from gateway.engine.execution import HandOver
from gateway.engine.plan import Part, Plan
from gateway.engine.roots import ROOT
from gateway.engine.selection import Selected, Selections
from gateway.engine.writer import Way, Writer

WAYS: Final[Mapping[type[Any], Way]] = {
    **edges.WAYS,
    **roots.WAYS,
    **anything.WAYS,
    **payloads.WAYS,
    **computed.WAYS,
}
# A list of so many messages on the first level is built in one go: turns in between would leave
# several answers half done, and the caches cold.
USUAL: Final = 64
# Messages of a longer one that are built before others get their turn.
PIECE: Final = 8


def pieces(items: Any) -> Any:
    """Cut a long list so that building it can be interrupted; a usual one stays as it is."""
    if len(items) <= USUAL:
        return (items,)
    return (items[start : start + PIECE] for start in range(0, len(items), PIECE))


TOOLS: Final = {**leaves.TOOLS, **connections.TOOLS, **roots.TOOLS, "pieces": pieces}


def plan(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    schema: GraphQLSchema,
    switches: Mapping[str, bool],
) -> Plan:
    """Plan an operation of a valid document.

    :raises HandOver: where it asks for what only the reference executor knows.
    """
    root = schema.get_root_type(operation.operation)
    if root is None or operation.operation is OperationType.SUBSCRIPTION:
        raise HandOver("subscription")
    selections = Selections(document, schema=schema, switches=switches)
    fields = selections.of(root, [operation.selection_set])
    if operation.operation is OperationType.QUERY:
        return Plan([_part(root, fields, selections)])
    return Plan([_part(root, [field], selections) for field in fields])


def _part(root: GraphQLObjectType, fields: list[Selected], selections: Selections) -> Part:
    draft = Draft(tools=TOOLS)
    writer = Writer(draft, selections, ways=WAYS)
    entries: list[tuple[str, Shape]] = []
    for field in fields:
        if field.name in ("__schema", "__type"):
            raise HandOver("introspection")
        entries.append((field.key, writer.field(root, field, ROOT)))
    return draft.part(braces(entries))
