"""`partner-center explain`: how the gateway would answer a document, without asking anybody."""

import json
from pathlib import Path
from typing import Any

from gateway.engine.execution import HandOver
from gateway.engine.executor import Engine
from gateway.engine.explain import explain
from gateway.http.documents import Documents
from gateway.http.errors import Refused
from gateway.http.requests import GraphQLRequest
from gateway.schema import schema
from gateway.settings import Limits


class Unexplained(Exception):
    """There is nothing to explain: the document or its variables are refused."""


def explained(text: str, *, variables: dict[str, Any], operation_name: str | None) -> str:
    """Write the plan of an operation, or why the reference executor answers it.

    :raises Unexplained: where the gateway would refuse it.
    """
    engine = Engine(schema)
    documents = Documents(engine.reference.schema, limits=Limits(), hides_the_schema=False)
    request = GraphQLRequest(query=text, variables=variables, operation_name=operation_name)
    try:
        operation = documents.operation(request)
    except Refused as refused:
        raise Unexplained(str(refused)) from None
    plans = engine.plans(operation)
    try:
        return explain(plans.plan(operation, plans.declared.read(variables)))
    except HandOver as reason:
        return f"answered by the reference executor: {reason}"


def document_in(file: Path) -> str:
    """Read a document.

    :raises Unexplained: where it is no text.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unexplained(f"{file} is not in UTF-8") from None


def variables_in(file: Path | None) -> dict[str, Any]:
    """Read a file of variables, or give none.

    :raises Unexplained: where it holds no JSON object.
    """
    if file is None:
        return {}
    try:
        variables = json.loads(file.read_bytes())
    except ValueError as error:
        raise Unexplained(f"{file} is no JSON: {error}") from None
    if not isinstance(variables, dict):
        raise Unexplained(f"{file} must hold an object")
    return variables
