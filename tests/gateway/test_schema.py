"""The whole graph: what it promises beyond each part."""

from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type
from strawberry.types import get_object_definition

from gateway.engine.reference import core_schema
from gateway.kit.contract import camel, comment
from gateway.kit.fields import BoundField
from gateway.kit.inputs import inputs
from gateway.kit.shows import shown_types
from gateway.schema import schema

GRAPH = core_schema(schema)
# What a node of the graph is asked of a service for; everything else lies in the message.
ASKED = {"one", "several", "many", "listing", "single", "node", "nodes", "by_id", "by", "write"}


# Of incentive bills and the ids of lines in the operation record, nothing can be asked yet.
NOT_SHOWN = {"Incentive.incentive_bill_id", "OperationLog.id", "VoucherOperation.id"}


def bindings() -> dict[str, str]:
    """Give the kind of binding of every declared field."""
    found = {}
    for type_ in GRAPH.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                declared = field.extensions["strawberry-definition"]
                if isinstance(declared, BoundField) and declared.binding is not None:
                    found[f"{type_.name}.{name}"] = declared.binding.kind  # type: ignore[attr-defined]
    return found


def test_every_field_that_asks_a_service_may_be_null_when_the_service_is_down() -> None:
    never_null = [
        field
        for field, kind in bindings().items()
        if kind in ASKED and isinstance(_type(field), GraphQLNonNull)
    ]

    assert never_null == []


def test_every_list_that_grows_is_a_connection() -> None:
    connections = [
        field
        for field, kind in bindings().items()
        if kind == "listing" and not get_named_type(_type(field)).name.endswith("Connection")
    ]

    assert connections == []


def test_ids_of_other_things_are_edges_and_not_fields() -> None:
    nodes = [
        type_
        for type_ in GRAPH.type_map.values()
        if isinstance(type_, GraphQLObjectType) and type_.interfaces
    ]

    shown = [
        f"{type_.name}.{name}"
        for type_ in nodes
        for name, field in type_.fields.items()
        # The ledger's name for a movement leads to lines of statements, not to a thing.
        if name not in {"id", "transactionId"} and get_named_type(field.type).name == "ID"
    ]

    assert shown == []


def test_names_are_the_contract_s_in_camel_case() -> None:
    definition = get_object_definition(schema.get_type_by_name("Customer").origin, strict=True)  # type: ignore[union-attr]

    undescribed = [
        field.python_name
        for field in definition.fields
        if getattr(getattr(field, "binding", None), "kind", "") == "leaf"
        and not comment(f"partner.customers.v1.Customer.{field.python_name}")
    ]

    assert undescribed == []


def test_every_mutation_takes_one_input_with_a_request_id() -> None:
    assert GRAPH.mutation_type is not None

    for name, field in GRAPH.mutation_type.fields.items():
        assert list(field.args) == ["input"], name
        request_id = get_named_type(field.args["input"].type).fields["requestId"]
        assert str(request_id.type) == "ID!", name


def test_every_payload_has_user_errors_and_one_result() -> None:
    assert GRAPH.mutation_type is not None

    for field in GRAPH.mutation_type.fields.values():
        payload = get_named_type(field.type)
        assert len(payload.fields) == 2
        assert str(payload.fields["userErrors"].type) == "[UserError!]!"


def test_every_filter_of_the_contract_can_be_asked() -> None:
    missing = [
        f"{declared.cls.__name__}.{field.name}"
        for declared in inputs()
        for field in declared.message.DESCRIPTOR.fields
        if camel(field.name) not in declared.fields
        # An update names what changes by what is given, and what it changes by an id.
        and field.name not in (declared.resource, "update_mask")
    ]

    assert missing == []


def test_every_field_of_the_contract_is_shown_or_followed() -> None:
    missing = []
    for type_ in shown_types():
        fields = get_object_definition(type_.cls, strict=True).fields
        known = {field.python_name for field in fields} | {
            getattr(getattr(field, "binding", None), "key", None) for field in fields
        }
        missing += [
            f"{type_.cls.__name__}.{field.name}"
            for field in type_.message.DESCRIPTOR.fields
            if field.name not in known
        ]

    assert set(missing) == NOT_SHOWN


def _type(field: str) -> object:
    type_, _, name = field.partition(".")
    owner = GRAPH.type_map[type_]
    assert isinstance(owner, GraphQLObjectType)
    return owner.fields[name].type
