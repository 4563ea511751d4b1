"""The demo's identity provider: the tokens it gives, and where it gives none."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from typer.testing import CliRunner

from partner_center.__main__ import app
from partner_center.keys import Keys, make_demo_keys, make_keys
from partner_center.tokens import AUDIENCE, ISSUER, NoDemo, service_token, user_token
from services.kit import ids
from services.kit.errors import Unauthenticated
from services.kit.identity import Role, TokenVerifier

NOW = datetime.now(UTC)
PARTNER, MANAGER = ids.new_id(), ids.new_id()
IDENTITIES: dict[str, dict[str, Any]] = {
    "manager": {
        "role": "ACCOUNT_MANAGER",
        "tenant_id": ids.to_text("ptr", PARTNER),
        "partner_id": ids.to_text("ptr", PARTNER),
        "account_manager_ids": [ids.to_text("mgr", MANAGER)],
    },
    "operator": {"role": "OPERATOR"},
}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    make_demo_keys(tmp_path / "keys")
    (tmp_path / "demo.json").write_text(json.dumps({"identities": IDENTITIES}))
    return tmp_path


def test_a_user_token_is_what_an_identity_provider_would_give(data_dir: Path) -> None:
    text = user_token("manager", data_dir=data_dir, now=NOW)

    published = json.loads(Keys(data_dir / "keys").oidc_jwks.read_text())
    token = jwt.decode(text, KeySet.import_key_set(published), algorithms=["ES256"])
    assert (token.header["typ"], token.header["kid"]) == ("at+jwt", "demo-issuer")
    assert token.claims.items() >= IDENTITIES["manager"].items()
    assert (token.claims["iss"], token.claims["aud"]) == (ISSUER, AUDIENCE)
    assert token.claims["sub"] == "manager"
    assert token.claims["exp"] - token.claims["iat"] == 12 * 3600


def test_a_service_token_speaks_for_the_same_person_for_ten_minutes(data_dir: Path) -> None:
    text = service_token("manager", service="billing", data_dir=data_dir, now=NOW)

    verifier = TokenVerifier.from_file(Keys(data_dir / "keys").internal_jwks, audience="billing")
    principal = verifier.verify(text, now=NOW + timedelta(minutes=9))
    assert principal.role is Role.ACCOUNT_MANAGER
    assert principal.tenant_id == principal.partner_id == PARTNER
    assert principal.account_manager_ids == (MANAGER,)
    with pytest.raises(Unauthenticated):
        verifier.verify(text, now=NOW + timedelta(minutes=11))


def test_an_operator_belongs_to_no_tenant(data_dir: Path) -> None:
    text = service_token("operator", service="billing", data_dir=data_dir, now=NOW)

    verifier = TokenVerifier.from_file(Keys(data_dir / "keys").internal_jwks, audience="billing")
    assert verifier.verify(text, now=NOW).tenant_id is None


def test_an_operator_opens_the_tenant_of_somebody(data_dir: Path) -> None:
    text = service_token("operator", service="billing", opens="manager", data_dir=data_dir, now=NOW)

    verifier = TokenVerifier.from_file(Keys(data_dir / "keys").internal_jwks, audience="billing")
    principal = verifier.verify(text, now=NOW)
    assert (principal.role, principal.tenant_id) == (Role.OPERATOR, PARTNER)
    assert principal.partner_id is None


def test_an_unknown_name_is_told_the_known_ones(data_dir: Path) -> None:
    with pytest.raises(NoDemo, match="manager, operator"):
        user_token("root", data_dir=data_dir, now=NOW)


def test_without_a_demo_there_is_no_token(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")

    with pytest.raises(NoDemo, match="identity provider"):
        user_token("manager", data_dir=tmp_path, now=NOW)

    make_demo_keys(tmp_path / "keys")
    with pytest.raises(NoDemo, match="first start"):
        user_token("manager", data_dir=tmp_path, now=NOW)


def test_the_command_prints_the_token_alone_on_its_output(data_dir: Path) -> None:
    result = CliRunner().invoke(app, ["token", "manager", "--data-dir", str(data_dir)])

    assert result.exit_code == 0
    assert len(result.stdout.split()) == 1
    assert "12 hours" in result.stderr


@pytest.mark.parametrize("options", [[], ["--for", "billing"]])
def test_in_production_the_command_refuses(
    data_dir: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    result = CliRunner().invoke(app, ["token", "manager", "--data-dir", str(data_dir), *options])

    assert isinstance(result.exception, NoDemo)
    assert result.stdout == ""


def test_a_service_that_does_not_exist_is_refused(data_dir: Path) -> None:
    result = CliRunner().invoke(
        app, ["token", "manager", "--for", "gateway", "--data-dir", str(data_dir)]
    )

    assert isinstance(result.exception, NoDemo)
    assert "customers, billing" in str(result.exception)
