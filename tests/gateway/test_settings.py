"""What the environment may say, and what it may not."""

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.http.errors import GRAPHQL_STATUS, STATUS
from gateway.settings import DEMO_ISSUER, Execution, Limits, Settings
from services.kit.config import Environment, SettingsRefused

LEAST = {
    "OIDC_ISSUER": "https://login.example.test",
    "OIDC_AUDIENCE": "partner-center",
    "OIDC_JWKS": "https://login.example.test/keys",
}


def test_the_least_that_must_be_given_is_the_identity_provider() -> None:
    settings = Settings.from_environment(LEAST)

    assert settings.environment is Environment.PRODUCTION
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.addresses["billing"] == "127.0.0.1:50052"
    assert settings.hides_the_schema
    assert not settings.graphiql
    assert settings.executor is Execution.COMPILED


def test_the_reference_executor_can_be_asked_for() -> None:
    settings = Settings.from_environment(LEAST | {"GATEWAY_EXECUTOR": "reference"})

    assert settings.executor is Execution.REFERENCE


@pytest.mark.parametrize("name", LEAST)
def test_what_must_be_given_is_asked_for_by_name(name: str) -> None:
    given = {each: value for each, value in LEAST.items() if each != name}

    with pytest.raises(SettingsRefused, match=name):
        Settings.from_environment(given)


def test_the_demo_is_open() -> None:
    given = {"ENVIRONMENT": "demo", "OIDC_ISSUER": DEMO_ISSUER, "DEMO_TOKEN": "token"}

    settings = Settings.from_environment(LEAST | given)

    assert settings.graphiql
    assert settings.introspection
    assert settings.demo_token == Path("token")


@pytest.mark.parametrize("given", [{"OIDC_ISSUER": DEMO_ISSUER}, {"DEMO_TOKEN": "token"}])
def test_production_refuses_what_belongs_to_the_demo(given: dict[str, str]) -> None:
    with pytest.raises(SettingsRefused, match=next(iter(given))):
        Settings.from_environment(LEAST | given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("GATEWAY_LISTEN", "8000"),
        ("GATEWAY_LISTEN", "localhost:http"),
        ("INTROSPECTION", "maybe"),
        ("GATEWAY_EXECUTOR", "fast"),
        ("LIMIT_DEPTH", "deep"),
        ("LIMIT_COST", "-1"),
        ("LIMIT_COST", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsRefused, match=name):
        Settings.from_environment(LEAST | {name: value})


def test_everything_can_be_set() -> None:
    given = {
        "GATEWAY_LISTEN": "[::1]:9000",
        "BILLING_ADDRESS": "dns:///billing:50052",
        "TRUSTED_DOCUMENTS": "manifest.json",
        "TRUSTED_DOCUMENTS_ONLY": "on",
        "ALLOWED_ORIGINS": "https://a.example.test https://b.example.test",
        "INTROSPECTION": "true",
        "GRAPHIQL": "1",
        "GATEWAY_REUSE_PORT": "yes",
        "LIMIT_COST_PER_MINUTE": "1000000",
    }

    settings = Settings.from_environment(LEAST | given)

    assert (settings.host, settings.port, settings.reuse_port) == ("::1", 9000, True)
    assert settings.addresses["billing"] == "dns:///billing:50052"
    assert settings.addresses["customers"] == "127.0.0.1:50051"
    assert settings.trusted_documents == Path("manifest.json")
    assert settings.trusted_documents_only
    assert settings.allowed_origins == {"https://a.example.test", "https://b.example.test"}
    assert not settings.hides_the_schema
    assert settings.limits.cost_per_minute == 1_000_000
    assert settings.limits.depth == 12


def test_every_limit_and_code_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "http.md").read_text()

    missing = [
        name
        for name in (*(limit.name for limit in fields(Limits)), *STATUS, *GRAPHQL_STATUS)
        if f"`{name}`" not in text
    ]

    assert missing == []
