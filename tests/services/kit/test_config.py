"""Settings: a usable default or a refusal that names the variable."""

import pytest

from services.kit.config import (
    Environment,
    ServiceSettings,
    SettingsRefused,
    host_and_port,
    owner_database_url,
)

NEEDED = {
    "BILLING_DATABASE_URL": "postgresql://svc_billing:x@db/billing",
    "INTERNAL_JWKS": "/keys/internal.jwks",
    "PAGE_TOKEN_KEY": "/keys/page",
}


def test_the_needed_variables_are_enough() -> None:
    settings = ServiceSettings.from_environment("billing", NEEDED)

    assert settings.environment is Environment.PRODUCTION
    assert settings.is_production
    assert settings.listen == "127.0.0.1:50052"
    assert settings.metrics_listen is None
    assert settings.signing_key is None
    assert settings.addresses["programs"] == "127.0.0.1:50054"
    assert settings.environ == NEEDED
    assert str(settings.export_directory) == ".data/exports"
    assert settings.export_rows_max == 5_000_000


def test_addresses_and_places_are_taken_over() -> None:
    settings = ServiceSettings.from_environment(
        "billing",
        NEEDED
        | {
            "ENVIRONMENT": "demo",
            "BILLING_LISTEN": "0.0.0.0:1",
            "CUSTOMERS_ADDRESS": "dns:///customers:50051",
            "BILLING_SIGNING_KEY": "/keys/billing.jwk",
        },
    )

    assert settings.listen == "0.0.0.0:1"
    assert settings.addresses["customers"] == "dns:///customers:50051"
    assert not settings.is_production
    assert str(settings.signing_key) == "/keys/billing.jwk"


def test_exports_go_where_they_are_told_and_so_far() -> None:
    told = {"EXPORT_DIRECTORY": "/exports", "EXPORT_ROWS_MAX": "1000"}

    settings = ServiceSettings.from_environment("billing", NEEDED | told)

    assert str(settings.export_directory) == "/exports"
    assert settings.export_rows_max == 1000


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_number_of_rows_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsRefused, match="EXPORT_ROWS_MAX"):
        ServiceSettings.from_environment("billing", NEEDED | {"EXPORT_ROWS_MAX": text})


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_variable_is_named(name: str) -> None:
    given = {key: value for key, value in NEEDED.items() if key != name}

    with pytest.raises(SettingsRefused, match=f"{name} is not set"):
        ServiceSettings.from_environment("billing", given)


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(SettingsRefused, match="ENVIRONMENT must be"):
        ServiceSettings.from_environment("billing", NEEDED | {"ENVIRONMENT": "prod"})


def test_migrations_use_the_owner_or_the_only_one_there_is() -> None:
    owner = {"BILLING_OWNER_DATABASE_URL": "postgresql://owner_billing@db/billing"}

    assert owner_database_url("billing", NEEDED | owner) == owner["BILLING_OWNER_DATABASE_URL"]
    assert owner_database_url("billing", NEEDED) == NEEDED["BILLING_DATABASE_URL"]


def test_host_and_port_are_read() -> None:
    assert host_and_port("127.0.0.1:9000", name="X") == ("127.0.0.1", 9000)
    assert host_and_port("[::1]:9000", name="X") == ("::1", 9000)
    for wrong in ("", "9000", ":9000", "host:", "host:x"):
        with pytest.raises(SettingsRefused, match="X must be host:port"):
            host_and_port(wrong, name="X")
