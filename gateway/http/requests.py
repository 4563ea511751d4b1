"""Reads a GraphQL request out of a JSON body, a query string or a socket's message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.http.errors import Refused
from gateway.http.limits import check_variables
from gateway.settings import Limits


@dataclass(frozen=True)
class GraphQLRequest:
    """What a client asks: a text, or the id of one, with variables."""

    query: str | None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)


def from_json(body: bytes, *, limits: Limits) -> GraphQLRequest:
    """Read the body of a POST.

    :raises Refused: BAD_REQUEST, naming the parameter; LIMIT_EXCEEDED for the variables.
    """
    try:
        parameters = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused("BAD_REQUEST", "The body is not valid JSON.") from None
    return from_parameters(parameters, limits=limits)


def from_query_string(query: Mapping[str, str], *, limits: Limits) -> GraphQLRequest:
    """Read the query string of a GET, in which variables and extensions are JSON texts.

    :raises Refused: as `from_json`.
    """
    parameters: dict[str, Any] = dict(query)
    for name in ("variables", "extensions"):
        if text := parameters.get(name):
            try:
                parameters[name] = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise Refused("BAD_REQUEST", f"Parameter {name} is not valid JSON.") from None
        else:
            parameters[name] = None
    if not parameters.get("operationName"):
        parameters["operationName"] = None
    return from_parameters(parameters, limits=limits)


def from_parameters(parameters: object, *, limits: Limits) -> GraphQLRequest:
    """Check the types of all parameters and the size of the variables.

    :raises Refused: as `from_json`.
    """
    if isinstance(parameters, list):
        raise Refused("BAD_REQUEST", "Batches of operations are not supported.")
    if not isinstance(parameters, dict):
        raise Refused("BAD_REQUEST", "The request must be a JSON object.")
    query = _text(parameters, "query")
    document_id = _document_id(parameters)
    if query is None and document_id is None:
        raise Refused("BAD_REQUEST", "The request names no query.")
    variables = _object(parameters, "variables")
    check_variables(variables, limits=limits)
    return GraphQLRequest(
        query=query,
        document_id=document_id,
        operation_name=_text(parameters, "operationName"),
        variables=variables,
    )


def _document_id(parameters: Mapping[str, Any]) -> str | None:
    """Find the id where clients put it: Apollo in extensions, graphql-codegen and Relay beside."""
    persisted = _object(parameters, "extensions").get("persistedQuery")
    if persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise Refused("BAD_REQUEST", "Only version 1 of persistedQuery is supported.")
        sha256 = persisted.get("sha256Hash")
        if not isinstance(sha256, str):
            raise Refused("BAD_REQUEST", "persistedQuery.sha256Hash must be a string.")
        return sha256
    for name in ("documentId", "doc_id", "id"):
        if name in parameters and (document_id := _text(parameters, name)) is not None:
            return document_id.removeprefix("sha256:")
    return None


def _text(parameters: Mapping[str, Any], name: str) -> str | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused("BAD_REQUEST", f"Parameter {name} must be a string.")
    return value


def _object(parameters: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parameters.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("BAD_REQUEST", f"Parameter {name} must be an object.")
    return value
