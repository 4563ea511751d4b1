"""Where an installation listens, and what each of its processes gets to know."""

import os
import socket
from pathlib import Path

import pytest

from partner_center import environments
from partner_center.databases import ROLES
from partner_center.environments import Databases
from partner_center.keys import make_demo_keys
from partner_center.settings import Settings, Unusable
from services.kit.config import SERVICES

ANYWHERE = {f"{service.upper()}_LISTEN": "127.0.0.1:0" for service in SERVICES}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    make_demo_keys(tmp_path / "keys")
    return Settings.chosen(tmp_path, port=0, environment=ANYWHERE)


@pytest.fixture
def databases() -> Databases:
    return environments.embedded_databases(
        "postgresql://postgres:admin@127.0.0.1:5432/postgres",
        {role: f"pw-{role}" for role in ROLES},
    )


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(Unusable, match=f"port {port} is taken"):
            Settings.chosen(tmp_path, port=port, environment=ANYWHERE)


def test_the_environment_decides_where_a_service_listens(tmp_path: Path) -> None:
    environment = ANYWHERE | {"BILLING_LISTEN": "127.0.0.1:4711"}

    settings = Settings.chosen(tmp_path, port=0, environment=environment)

    assert settings.addresses["billing"] == "127.0.0.1:4711"
    ports = [*settings.addresses.values(), *settings.metrics.values(), settings.gateway]
    assert len(set(ports)) == 9


def test_other_commands_find_what_runs(settings: Settings) -> None:
    with pytest.raises(Unusable, match="nothing runs"):
        Settings.running(settings.data_dir, environment={})

    settings.announce()
    assert Settings.running(settings.data_dir, environment={}) == settings

    settings.withdraw()
    with pytest.raises(Unusable, match="nothing runs"):
        Settings.running(settings.data_dir, environment={})


def test_what_a_killed_supervisor_left_behind_does_not_run(settings: Settings) -> None:
    settings.announce()
    left = settings.data_dir / "running.json"
    left.write_text(left.read_text().replace(f'"pid": {os.getpid()}', '"pid": 99999999'))

    with pytest.raises(Unusable, match="nothing runs"):
        Settings.running(settings.data_dir, environment={})


def test_services_elsewhere_are_named_by_the_environment(tmp_path: Path) -> None:
    environment = {f"{service.upper()}_ADDRESS": f"dns:///{service}:50051" for service in SERVICES}

    settings = Settings.running(tmp_path, environment=environment)

    assert settings.addresses["billing"] == "dns:///billing:50051"


def test_a_service_knows_its_own_database_and_key_only(
    settings: Settings, databases: Databases
) -> None:
    outside = {"PATH": "/bin", "CUSTOMERS_DATABASE_URL": "postgresql://elsewhere"}

    known = environments.of_service(
        "billing", settings=settings, databases=databases, environment=outside
    )

    assert [name for name in known if name.endswith("_DATABASE_URL")] == ["BILLING_DATABASE_URL"]
    assert [name for name in known if name.endswith("_SIGNING_KEY")] == ["BILLING_SIGNING_KEY"]
    assert known["BILLING_DATABASE_URL"] == (
        "postgresql://svc_billing:pw-svc_billing@127.0.0.1:5432/billing"
    )
    assert known["CUSTOMERS_ADDRESS"] == settings.addresses["customers"]
    assert known["PATH"] == "/bin"
    assert known["ENVIRONMENT"] == "demo"


def test_only_a_migration_gets_the_owner(settings: Settings, databases: Databases) -> None:
    known = environments.of_migration(
        "billing", settings=settings, databases=databases, environment={}
    )

    assert known["BILLING_OWNER_DATABASE_URL"].startswith("postgresql://owner_billing:")


def test_the_gateway_knows_no_database(settings: Settings) -> None:
    known = environments.of_gateway(settings=settings, environment={"X_DATABASE_URL": "secret"})

    assert not [name for name in known if name.endswith("_DATABASE_URL")]
    assert known["OIDC_JWKS"] == str(settings.keys.oidc_jwks)


def test_a_given_identity_provider_takes_the_place_of_the_demo_s(settings: Settings) -> None:
    provider = {
        "OIDC_ISSUER": "https://login.example",
        "OIDC_AUDIENCE": "partner-center",
        "OIDC_JWKS": "https://login.example/keys",
    }

    known = environments.of_gateway(settings=settings, environment=provider)

    assert known.items() >= provider.items()
    assert "DEMO_TOKEN" not in known


def test_production_without_an_identity_provider_is_refused(settings: Settings) -> None:
    with pytest.raises(Unusable, match="OIDC_ISSUER"):
        environments.of_gateway(settings=settings, environment={"ENVIRONMENT": "production"})


def test_an_external_postgresql_is_for_all_services_or_none() -> None:
    some = {"BILLING_DATABASE_URL": "postgresql://a"}
    every = {f"{service.upper()}_DATABASE_URL": f"postgresql://{service}" for service in SERVICES}

    assert environments.external_databases({}) is None
    with pytest.raises(Unusable, match="set CUSTOMERS_DATABASE_URL, INCENTIVES_DATABASE_URL"):
        environments.external_databases(some)
    found = environments.external_databases(
        every | {"BILLING_OWNER_DATABASE_URL": "postgresql://o"}
    )
    assert found is not None
    assert found.owner["billing"] == "postgresql://o"
    assert found.owner["customers"] == "postgresql://customers"
