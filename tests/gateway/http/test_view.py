"""GraphQL over HTTP as a client sees it: methods, media types, statuses, codes."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.http.bodies import OBJECTS_AT_ONCE
from tests.gateway.http.conftest import Client, OpenGateway

NEW = {"Accept": "application/graphql-response+json"}
OLD = {"Accept": "application/json"}


def code_of(body: dict[str, Any]) -> str:
    return str(body["errors"][0]["extensions"]["code"])


async def test_post_answers_with_data_and_cost(gateway: Client) -> None:
    query = "{ customers(first: 2) { nodes { id vouchers(first: 1) { nodes { id } } } } }"

    response = await gateway.post("/graphql", json={"query": query})
    body = await response.json()

    assert response.status == 200
    assert [node["id"] for node in body["data"]["customers"]["nodes"]] == ["cus-0", "cus-1"]
    cost = body["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (4, 4)
    throttle = cost["throttleStatus"]
    assert (throttle["maximumAvailable"], throttle["restoreRate"]) == (50_000, 833.33)
    assert 49_996 <= throttle["currentlyAvailable"] <= 50_000


async def test_a_large_answer_comes_in_parts_as_one_body(gateway: Client) -> None:
    fields = "id name vouchers(first: 2) { nodes { id } }"
    lists = " ".join(f"l{n}: nodes(ids: $ids) {{ {fields} }}" for n in range(9))
    asked = {
        "query": f"query ($ids: [ID!]!) {{ {lists} }}",
        "variables": {"ids": [f"cus-{number}" for number in range(90)]},
    }

    response = await gateway.post("/graphql", json=asked, headers=NEW)
    content = await response.read()

    body = orjson.loads(content)
    assert response.headers["Content-Length"] == str(len(content))
    assert response.content_type == NEW["Accept"]
    assert response.headers["X-Request-Id"]
    assert body["extensions"]["cost"]["actualQueryCost"] > OBJECTS_AT_ONCE
    assert [[each["id"] for each in found] for found in body["data"].values()] == [
        asked["variables"]["ids"]
    ] * 9


async def test_get_runs_queries(gateway: Client) -> None:
    parameters = {
        "query": "query Q($name: String!) { hello(name: $name) }",
        "variables": '{"name": "Ada"}',
        "operationName": "Q",
    }

    response = await gateway.get("/graphql", params=parameters)

    assert (await response.json())["data"] == {"hello": "Hello, Ada!"}


async def test_get_refuses_mutations(gateway: Client) -> None:
    parameters = {"query": 'mutation { rename(name: "Bob") }'}

    response = await gateway.get("/graphql", params=parameters)

    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert code_of(await response.json()) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
async def test_other_methods_are_refused(gateway: Client, method: str) -> None:
    response = await gateway.request(method, "/graphql")

    assert response.status == 405


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        (
            "application/graphql-response+json, application/json;q=0.9",
            "application/graphql-response+json",
        ),
        (
            "application/graphql-response+json;q=0.5, application/json",
            "application/json",
        ),
        ("text/html", "application/json"),
    ],
)
async def test_accept_decides_the_media_type(
    gateway: Client, accept: str | None, content_type: str
) -> None:
    headers = {"Accept": accept} if accept else {}

    response = await gateway.post("/graphql", json={"query": "{ hello }"}, headers=headers)

    assert response.content_type == content_type
    assert response.charset == "utf-8"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { hello } query B { hello }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "{ hello }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query($n: Int!) { customers(first: $n) { nodes { id } } }"}, "BAD_USER_INPUT"),
        ({"query": "subscription { count }"}, "STREAM_REQUIRED"),
        ({"query": "{ hello @defer }"}, "INCREMENTAL_DELIVERY_NOT_SUPPORTED"),
    ],
)
async def test_request_errors_have_a_code_and_no_data(
    gateway: Client, body: dict[str, str], code: str
) -> None:
    new = await gateway.post("/graphql", json=body, headers=NEW)
    old = await gateway.post("/graphql", json=body, headers=OLD)

    assert (new.status, old.status) == (400, 200)
    assert "data" not in await new.json()
    assert code_of(await new.json()) == code_of(await old.json()) == code


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "1",
        '[{"query": "{ hello }"}]',
        "{}",
        '{"query": 1}',
        '{"query": "{ hello }", "variables": []}',
        '{"query": "{ hello }", "variables": "x"}',
        '{"query": "{ hello }", "extensions": 1}',
        '{"query": "{ hello }", "operationName": {}}',
        '{"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "00"}}}',
        '{"extensions": {"persistedQuery": {"version": 1}}}',
        "[" * 5_000,
    ],
)
async def test_a_malformed_body_is_a_bad_request(gateway: Client, body: str) -> None:
    headers = {"Content-Type": "application/json"}

    response = await gateway.post("/graphql", data=body, headers=headers)

    assert response.status == 400
    assert code_of(await response.json()) == "BAD_REQUEST"


@pytest.mark.parametrize("name", ["variables", "extensions"])
async def test_get_refuses_parameters_that_are_no_json(gateway: Client, name: str) -> None:
    response = await gateway.get("/graphql", params={"query": "{ hello }", name: "{"})

    assert response.status == 400
    assert name in (await response.json())["errors"][0]["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
    ],
)
async def test_what_a_foreign_page_could_post_is_refused(
    gateway: Client, content_type: str
) -> None:
    response = await gateway.post(
        "/graphql", data=b'{"query": "{ hello }"}', headers={"Content-Type": content_type}
    )

    assert response.status == 415
    assert code_of(await response.json()) == "UNSUPPORTED_MEDIA_TYPE"


async def test_a_body_of_a_megabyte_is_refused(gateway: Client) -> None:
    whole = await gateway.post("/graphql", json={"query": "{ hello }", "x": "x" * 1_000_000})

    async def in_chunks() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 1000

    chunked = await gateway.post(
        "/graphql", data=in_chunks(), headers={"Content-Type": "application/json"}
    )

    assert (whole.status, chunked.status) == (413, 413)
    assert code_of(await whole.json()) == code_of(await chunked.json()) == "REQUEST_TOO_LARGE"


async def test_without_a_token_nothing_is_executed(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(token="")

    response = await gateway.post("/graphql", json={"query": "{ hello }"})

    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert code_of(await response.json()) == "UNAUTHENTICATED"


async def test_errors_of_fields_are_coded_and_internals_masked(gateway: Client) -> None:
    query = "{ broken refused unavailable hello }"

    response = await gateway.post("/graphql", json={"query": query}, headers=NEW)
    text = await response.text()
    body = await response.json()

    assert response.status == 200
    assert "hunter2" not in text
    assert body["data"]["hello"] == "Hello, world!"
    errors = {error["path"][0]: error for error in body["errors"]}
    assert errors["broken"]["message"] == "An internal error occurred."
    assert errors["broken"]["extensions"] == {
        "code": "INTERNAL",
        "requestId": response.headers["X-Request-Id"],
    }
    assert errors["refused"]["extensions"] == {"code": "BAD_USER_INPUT", "field": "text"}
    assert errors["unavailable"]["extensions"] == {"code": "UNAVAILABLE"}


async def test_an_operation_that_takes_too_long_is_ended(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(limits={"execution_seconds": 0})

    response = await gateway.post("/graphql", json={"query": "{ slow }"}, headers=NEW)

    assert response.status == 504
    assert code_of(await response.json()) == "TIMEOUT"


async def test_the_budget_of_a_principal_ends(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(limits={"cost_per_minute": 30})
    query = "{ customers(first: 20) { nodes { id tags { id } } } }"

    refused = await gateway.post("/graphql", json={"query": query}, headers=NEW)
    allowed = await gateway.post("/graphql", json={"query": "{ hello }"}, headers=NEW)

    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 1
    error = (await refused.json())["errors"][0]
    assert error["extensions"]["code"] == "THROTTLED"
    assert error["extensions"]["cost"]["requestedQueryCost"] == 220
    assert allowed.status == 200


async def test_production_tells_nothing_of_the_schema(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(introspection=False)

    misspelt = await gateway.post("/graphql", json={"query": "{ helo }"})
    asked = await gateway.post("/graphql", json={"query": "{ __schema { types { name } } }"})
    argument = await gateway.post(
        "/graphql",
        json={"query": "query($n: Int!) { customers(first: $n) { nodes { id } } }"},
    )

    assert "Did you mean" not in await misspelt.text()
    assert "hello" not in await misspelt.text()
    assert code_of(await asked.json()) == "GRAPHQL_VALIDATION_FAILED"
    assert code_of(await argument.json()) == "BAD_USER_INPUT"


async def test_the_reader_sees_the_caller(gateway: Client) -> None:
    response = await gateway.post("/graphql", json={"query": "{ who }"})

    assert (await response.json())["data"] == {"who": "admin"}


async def test_mutations_run_by_post(gateway: Client) -> None:
    response = await gateway.post("/graphql", json={"query": 'mutation { rename(name: "Bob") }'})

    assert (await response.json())["data"] == {"rename": "Bob"}
