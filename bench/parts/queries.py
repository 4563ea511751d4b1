"""The queries of the benchmarks, and how one grows to a thousand customers or becomes new."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from graphql import FieldNode, OperationDefinitionNode, parse, print_ast

from bench.parts.rows import CYCLE

CUSTOMER_360: Final = (Path(__file__).parents[2] / "examples" / "customer-360.graphql").read_text()
ONE: Final = (
    "query One($id: ID!) { customer(by: {id: $id}) { id name level "
    "monthToDateSpend { amount currencyCode } "
    "vouchers(first: 1) { nodes { balance { amount currencyCode } state } } } }"
)
FIFTY: Final = {"first": 50, "billingCycle": CYCLE}
# The root field and three edges, one level each, one set of arguments each.
EDGES_OF_CUSTOMER_360: Final = 4
PAGE_MAX: Final = 100
_numbers: Final = count(1)


def grown(number: int) -> tuple[str, dict[str, Any]]:
    """Give a query of so many customers, and its variables: as many pages as it takes."""
    pages = [
        f'page{start}: customers(first: {min(PAGE_MAX, number)}, after: "{start or ""}",'
        " orderBy: ASSOCIATE_TIME_DESC) { ...Page }"
        for start in range(0, number, PAGE_MAX)
    ]
    fragment = f"fragment Page on CustomerConnection {_selection()}"
    text = f"query Grown($billingCycle: String!) {{ {' '.join(pages)} }} {fragment}"
    return text, {"billingCycle": CYCLE}


def unused(text: str) -> str:
    """Give the same query as a text that nobody has sent before."""
    return f"# {next(_numbers)}\n{text}"


def distinct() -> Iterator[str]:
    """Give queries without end, each of another shape: long and short ones in turn."""
    for number in count():
        yield (
            f"query Distinct{number} {{ customers(first: 1) {{ a{number}: nodes {{ id name level"
            f" spend{number}: monthToDateSpend {{ amount currencyCode }}"
            f" vouchers(first: 1) {{ nodes {{ state balance {{ amount }} }} }} }} }} }}"
        )
        yield (
            f"query Distinct{number}($billingCycle: String!) {{ c{number}: customers(first: 1)"
            f" {_selection()} }}"
        )


def _selection() -> str:
    """Give what the example asks of its page of customers, braces included."""
    [operation] = parse(CUSTOMER_360).definitions
    assert isinstance(operation, OperationDefinitionNode)
    [field] = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    assert field.selection_set is not None
    return print_ast(field.selection_set)
