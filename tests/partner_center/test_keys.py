"""The keys of an installation: made once, private, and the demo's unknown to production."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from partner_center.keys import WORKLOADS, make_demo_keys, make_keys
from services.kit.identity import Principal, Role, TokenSigner, TokenVerifier


def kids(jwks: Path) -> list[str]:
    return [key["kid"] for key in json.loads(jwks.read_text())["keys"]]


def test_what_a_workload_signs_the_others_accept(tmp_path: Path) -> None:
    keys = make_demo_keys(tmp_path / "keys")
    system = Principal(subject="job", role=Role.SYSTEM, tenant_id=uuid4(), actor="billing")
    now = datetime.now(UTC)
    signer = TokenSigner.from_file(keys.signing_key("billing"), workload="billing")

    token = signer.mint(system, "customers", now=now)

    verifier = TokenVerifier.from_file(keys.internal_jwks, audience="customers")
    assert verifier.verify(token, now=now) == system


def test_making_them_again_keeps_them(tmp_path: Path) -> None:
    make_demo_keys(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    make_demo_keys(tmp_path)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_lost_key_is_replaced_alone(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    kept = keys.signing_key("billing").read_text()
    published = json.loads(keys.internal_jwks.read_text())["keys"]
    keys.signing_key("gateway").unlink()

    make_keys(tmp_path)

    assert keys.signing_key("billing").read_text() == kept
    again = json.loads(keys.internal_jwks.read_text())["keys"]
    changed = [new["kid"] for new, old in zip(again, published, strict=True) if new != old]
    assert changed == ["gateway"]


def test_only_the_owner_reads_them_and_no_private_part_is_published(tmp_path: Path) -> None:
    keys = make_demo_keys(tmp_path / "keys")

    assert keys.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.folder.iterdir()} == {0o600}
    for jwks in (keys.internal_jwks, keys.oidc_jwks):
        assert all("d" not in key for key in json.loads(jwks.read_text())["keys"])


def test_production_does_not_trust_what_a_demo_left_behind(tmp_path: Path) -> None:
    keys = make_demo_keys(tmp_path)
    assert kids(keys.internal_jwks) == [*WORKLOADS, "demo"]

    make_keys(tmp_path)

    assert kids(keys.internal_jwks) == list(WORKLOADS)
    assert not keys.issuer.exists()
    assert not keys.oidc_jwks.exists()
    assert not keys.signing_key("demo").exists()
