"""Automatic persisted queries, trusted documents, and the cache below both."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.engine.reference import core_schema
from gateway.http.documents import Documents, read_trusted_documents
from gateway.http.errors import Refused
from gateway.http.requests import GraphQLRequest
from gateway.settings import Limits
from services.kit.config import SettingsRefused
from tests.gateway.http.conftest import Client, OpenGateway
from tests.gateway.http.small_schema import schema

HELLO = "query Hello { hello }"
HELLO_SHA256 = hashlib.sha256(HELLO.encode()).hexdigest()


def persisted(sha256: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256}}


async def ask(gateway: Client, **body: object) -> dict[str, Any]:
    response = await gateway.post("/graphql", json=body)
    answer: dict[str, Any] = await response.json()
    return answer


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def test_a_persisted_query_is_sent_once(gateway: Client) -> None:
    unknown = await ask(gateway, extensions=persisted(HELLO_SHA256))
    sent = await ask(gateway, query=HELLO, extensions=persisted(HELLO_SHA256))
    known = await ask(gateway, extensions=persisted(HELLO_SHA256))

    assert unknown["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code_of(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    assert sent["data"] == known["data"] == {"hello": "Hello, world!"}


async def test_a_hash_of_another_text_is_refused(gateway: Client) -> None:
    answer = await ask(gateway, query="{ who }", extensions=persisted(HELLO_SHA256))
    after = await ask(gateway, extensions=persisted(HELLO_SHA256))

    assert code_of(answer) == "BAD_REQUEST"
    assert code_of(after) == "PERSISTED_QUERY_NOT_FOUND"


async def test_an_invalid_query_is_not_persisted(gateway: Client) -> None:
    text = "{ nope }"
    sha256 = hashlib.sha256(text.encode()).hexdigest()

    await ask(gateway, query=text, extensions=persisted(sha256))
    after = await ask(gateway, extensions=persisted(sha256))

    assert code_of(after) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "manifest",
    [
        {"abc": HELLO},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{"id": "abc", "name": "Hello", "type": "query", "body": HELLO}],
        },
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "abc"},
        {"id": "abc"},
        {"doc_id": "abc"},
        {"documentId": "sha256:abc"},
        {"extensions": persisted("abc")},
        {"query": HELLO},
    ],
)
async def test_trusted_documents_run_by_id_or_text(
    open_gateway: OpenGateway, tmp_path: Path, manifest: object, body: dict[str, Any]
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    gateway = await open_gateway(trusted_documents=path, trusted_documents_only=True)

    answer = await ask(gateway, **body)

    assert answer["data"] == {"hello": "Hello, world!"}


async def test_nothing_but_trusted_documents_runs(
    open_gateway: OpenGateway, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"abc": HELLO}))
    gateway = await open_gateway(trusted_documents=path, trusted_documents_only=True)
    text = "{ who }"
    sha256 = hashlib.sha256(text.encode()).hexdigest()

    by_text = await ask(gateway, query=text)
    registering = await ask(gateway, query=text, extensions=persisted(sha256))
    by_hash = await ask(gateway, extensions=persisted(sha256))
    by_hash_of_a_trusted_text = await ask(gateway, extensions=persisted(HELLO_SHA256))

    assert code_of(by_text) == code_of(registering) == "DOCUMENT_NOT_TRUSTED"
    assert code_of(by_hash) == "PERSISTED_QUERY_NOT_FOUND"
    assert code_of(by_hash_of_a_trusted_text) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("text", ["[", "[]", '{"a": 1}', '{"operations": [{"id": 1}]}'])
def test_a_manifest_of_another_kind_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)

    with pytest.raises(SettingsRefused, match="TRUSTED_DOCUMENTS"):
        read_trusted_documents(path)


def documents(**limits: int) -> Documents:
    return Documents(core_schema(schema), limits=Limits(**limits))


def test_a_text_is_parsed_and_validated_once() -> None:
    store = documents()

    first = store.operation(GraphQLRequest(query=HELLO))
    second = store.operation(GraphQLRequest(query=HELLO))

    assert first.document is second.document
    assert second.name == "Hello"


def test_the_cache_forgets_what_was_not_used_for_longest() -> None:
    store = documents(documents=2)
    first = store.operation(GraphQLRequest(query="{ a: hello }")).document
    second = store.operation(GraphQLRequest(query="{ b: hello }")).document
    store.operation(GraphQLRequest(query="{ a: hello }"))

    store.operation(GraphQLRequest(query="{ c: hello }"))

    assert store.operation(GraphQLRequest(query="{ a: hello }")).document is first
    assert store.operation(GraphQLRequest(query="{ b: hello }")).document is not second


def test_the_cache_is_bounded_by_the_length_of_texts() -> None:
    store = documents(documents_characters=100)

    for number in range(50):
        store.operation(GraphQLRequest(query=f"{{ a{number}: hello }}" + " " * 40))

    kept = [
        number
        for number in range(50)
        if f"{{ a{number}: hello }}" + " " * 40 in {each.text for each in store.known()}
    ]
    assert kept == [49]


def test_a_price_is_remembered_for_the_sizes_given() -> None:
    store = documents()
    query = "query($n: Int = 5) { customers(first: $n) { nodes { id } } }"

    costs = [
        store.operation(GraphQLRequest(query=query, variables=variables)).price.cost
        for variables in ({}, {"n": 7}, {"n": 7}, {"n": None}, {"n": 1_000_000}, {"n": -1})
    ]

    assert costs == [5, 7, 7, 20, 100, 0]


def test_many_sizes_do_not_fill_the_memory() -> None:
    store = documents()
    query = "query($n: Int) { customers(first: $n) { nodes { id } } }"

    costs = [
        store.operation(GraphQLRequest(query=query, variables={"n": number})).price.cost
        for number in range(1, 100)
    ]

    assert costs == list(range(1, 100))


def test_a_document_without_an_operation_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        documents().operation(GraphQLRequest(query="fragment F on Query { hello }"))

    assert refused.value.code == "OPERATION_RESOLUTION_FAILURE"
