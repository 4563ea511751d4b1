"""`partner-center explain`: what the gateway would do with a document, or what is wrong with it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from partner_center.__main__ import app

PAGE = "query Page($first: Int!) { customers(first: $first) { nodes { name } } }"
WHO = "query Who { me { subject } }"


def explain(folder: Path, document: str, *options: str, variables: str | None = None) -> Result:
    file = folder / "document.graphql"
    file.write_text(document, encoding="utf-8")
    given = list(options)
    if variables is not None:
        (folder / "variables.json").write_text(variables, encoding="utf-8")
        given += ["--variables", str(folder / "variables.json")]
    return CliRunner().invoke(app, ["explain", str(file), *given])


def test_the_plan_and_its_code_are_printed(tmp_path: Path) -> None:
    result = explain(tmp_path, PAGE, variables=json.dumps({"first": 3}))

    assert result.exit_code == 0
    plan, _, code = result.stdout.partition("\n\n")
    assert plan.splitlines() == [
        "customers",
        "    rpc   partner.customers.v1.CustomerService/ListCustomers",
        "    mask  name",
    ]
    assert code.startswith("async def build(turn, customers):\n")
    assert '"name": customer.name' in code
    assert "count_of_customers_nodes += len(piece)\n" in code


def test_a_document_without_variables_needs_no_file(tmp_path: Path) -> None:
    result = explain(tmp_path, WHO)

    assert result.stdout.startswith("asks nothing\n")


def test_one_of_several_operations_is_chosen_by_name(tmp_path: Path) -> None:
    result = explain(tmp_path, f"{PAGE} {WHO}", "--operation", "Who")

    assert result.exit_code == 0
    assert result.stdout.startswith("asks nothing\n")


def test_what_has_no_plan_says_why(tmp_path: Path) -> None:
    result = explain(tmp_path, "{ __schema { queryType { name } } }")

    assert result.exit_code == 0
    assert result.stdout == "answered by the reference executor: introspection\n"


@pytest.mark.parametrize(
    ("document", "variables", "sentence"),
    [
        ("{ customers", None, "Syntax Error: Expected Name, found <EOF>."),
        ("{ nobody }", None, "Cannot query field 'nobody' on type 'Query'."),
        (f"{PAGE} {WHO}", None, "Must provide operation name if query contains multiple"),
        (PAGE, "[1]", "variables.json must hold an object"),
        (PAGE, "{first: 3}", "variables.json is no JSON: "),
    ],
)
def test_what_is_refused_is_one_sentence_and_a_failure(
    tmp_path: Path, document: str, variables: str | None, sentence: str
) -> None:
    result = explain(tmp_path, document, variables=variables)

    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith("partner-center: ")
    assert sentence in line


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "document.graphql"
    file.write_bytes(b"{ me \xff }")

    result = CliRunner().invoke(app, ["explain", str(file)])

    assert result.exit_code == 1
    assert result.output == f"partner-center: {file} is not in UTF-8\n"


def test_an_operation_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = explain(tmp_path, WHO, "--operation", "Page")

    assert result.exit_code == 1
    assert result.output == 'partner-center: Unknown operation named "Page".\n'
