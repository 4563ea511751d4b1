"""The variables of a generated document: of every kind of type, default and value."""

from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    Undefined,
    get_nullable_type,
)

from tests.builders.argument_values import Values, kind_of, literal

WRONG: Any = {"not": ["what", "is", "asked"]}


class Variables:
    """Collects the definitions and the values of one operation's variables."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.definitions: dict[str, str] = {}
        self.given: dict[str, Any] = {}

    def header(self) -> str:
        if not self.definitions:
            return ""
        return "(" + ", ".join(f"${name}: {kind}" for name, kind in self.definitions.items()) + ")"

    def written(self, kind: Any, name: str, *, has_default: bool, root: str, is_below: bool) -> str:
        """Write the value of an argument or an input's field: literally, by variables, or mixed."""
        if self.values.happens(30):
            value = self.values.of(kind, name, root=root, is_below=is_below)
            return self._variable(kind, value, has_default=has_default)
        inner = get_nullable_type(kind)
        if isinstance(inner, GraphQLInputObjectType) and self.values.happens(60):
            return self._object(inner, root=root, is_below=is_below)
        return literal(self.values.of(kind, name, root=root, is_below=is_below))

    def _object(self, kind: GraphQLInputObjectType, *, root: str, is_below: bool) -> str:
        parts = []
        for name, field in self.values.fields(kind, is_below=is_below):
            value = self.written(
                kind_of(field, of=kind),
                name,
                has_default=field.default_value is not Undefined,
                root=root,
                is_below=is_below,
            )
            parts.append(f"{name}: {value}")
        return "{" + ", ".join(parts) + "}"

    def directive(self) -> str:
        """Write a directive that leaves something out, or in, or asks a variable."""
        values = self.values
        name = "include" if values.happens(60) else "skip"
        if values.happens(40):
            return f"@{name}(if: {literal(values.happens(70) == (name == 'include'))})"
        shape = values.roll.choice(("Boolean!", "Boolean! = true", "Boolean = false"))
        variable = self._define(shape)
        if shape == "Boolean!" or values.happens(60):
            self.given[variable] = values.happens(50)
        return f"@{name}(if: ${variable})"

    def _variable(self, kind: Any, value: Any, *, has_default: bool) -> str:
        values = self.values
        known = [name for name, shape in self.definitions.items() if shape == str(kind)]
        if known and values.happens(25):
            return f"${values.roll.choice(known)}"
        if isinstance(kind, GraphQLNonNull):
            name = self._required(kind, value, has_default=has_default)
        else:
            name = self._optional(kind, value)
        if values.slips(20) and name in self.given:
            self.given[name] = WRONG
        return f"${name}"

    def _required(self, kind: GraphQLNonNull[Any], value: Any, *, has_default: bool) -> str:
        values = self.values
        if values.happens(30):
            # Its default makes a nullable variable fit.
            name = self._define(f"{kind.of_type} = {literal(value)}")
            if values.happens(30):
                self.given[name] = None if values.slips(60) else value
        elif has_default and values.happens(50):
            name = self._define(str(kind.of_type))
            if values.happens(60):
                self.given[name] = None if values.slips(50) else value
        else:
            name = self._define(str(kind))
            self.given[name] = value
        return name

    def _optional(self, kind: Any, value: Any) -> str:
        values = self.values
        shape = values.roll.choice(("plain", "plain", "required", "default"))
        if shape == "required" and value is not None:
            name = self._define(f"{kind}!")
            self.given[name] = value
            return name
        name = self._define(f"{kind} = {literal(value)}" if shape == "default" else str(kind))
        if values.happens(70):
            self.given[name] = None if values.happens(15) else value
        return name

    def _define(self, shape: str) -> str:
        name = f"v{len(self.definitions) + 1}"
        self.definitions[name] = shape
        return name
