"""The provider's keys: asked for rarely, kept when it is away, never taken blindly."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.http.keys import KeyDirectory
from tests.gateway.http.small_gateway import Issuer


class Provider:
    """An identity provider that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.key_ids = ["first"]

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        keys = [
            ECKey.generate_key("P-256", {"kid": each}).as_dict(private=False)
            for each in self.key_ids
        ]
        return web.json_response({"keys": keys}, status=self.status)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def url(provider: Provider) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/keys", provider.answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/keys"))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_keys_are_asked_for_every_ten_minutes(url: str, provider: Provider) -> None:
    clock = Clock()
    keys = KeyDirectory(url, clock=clock)

    for seconds in (0, 300, 599, 601, 900):
        clock.now = 1_000.0 + seconds
        assert await keys.find("first") is not None

    assert provider.asked == 2


async def test_unknown_ids_cause_one_question_a_minute(url: str, provider: Provider) -> None:
    clock = Clock()
    keys = KeyDirectory(url, clock=clock)
    await keys.find("first")

    provider.key_ids = ["first", "second"]
    at_once = await keys.find("second")
    clock.now += 61
    found = await keys.find("second")
    for number in range(100):
        await keys.find(f"forged-{number}")

    assert at_once is None
    assert found is not None
    assert provider.asked == 2


async def test_who_comes_first_together_waits_for_one_answer(url: str, provider: Provider) -> None:
    keys = KeyDirectory(url, clock=Clock())

    found = await asyncio.gather(*(keys.find("first") for _ in range(50)))

    assert all(key is not None for key in found)
    assert provider.asked == 1


async def test_a_known_key_does_not_wait_for_a_refresh(url: str, provider: Provider) -> None:
    clock = Clock()
    keys = KeyDirectory(url, clock=clock)
    await keys.find("first")
    clock.now += 700
    refreshing = asyncio.create_task(keys.find("first"))
    await asyncio.sleep(0)

    # Not one turn of the event loop is needed.
    with pytest.raises(StopIteration):
        keys.find("first").send(None)

    assert await refreshing is not None
    assert provider.asked == 2


async def test_known_keys_stay_when_the_provider_fails(url: str, provider: Provider) -> None:
    clock = Clock()
    keys = KeyDirectory(url, clock=clock)
    await keys.find("first")

    provider.status = 500
    clock.now += 700
    still = await keys.find("first")
    clock.now += 30
    await keys.find("first")
    asked_meanwhile = provider.asked
    clock.now += 61
    await keys.find("first")

    assert still is not None
    assert asked_meanwhile == 2
    assert provider.asked == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 1}', '{"keys": [{"kty": "EC"}, 7]}'])
async def test_a_broken_document_gives_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(text)

    assert await KeyDirectory(str(path)).find("first") is None


async def test_a_missing_file_gives_no_key(tmp_path: Path) -> None:
    assert await KeyDirectory(str(tmp_path / "nowhere.json")).find("first") is None


async def test_only_curve_keys_for_signing_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    document = {
        "keys": [
            RSAKey.generate_key(2048, {"kid": "rsa"}).as_dict(private=False),
            OctKey.generate_key(256, {"kid": "secret"}).as_dict(private=True),
            ECKey.generate_key("P-384", {"kid": "p384"}).as_dict(private=False),
            ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"}).as_dict(private=False),
            ECKey.generate_key("P-256", {"kid": "good"}).as_dict(private=False),
        ]
    }
    path.write_text(json.dumps(document))
    keys = KeyDirectory(str(path))

    found = [kid for kid in ("rsa", "secret", "p384", "enc", "good") if await keys.find(kid)]

    assert found == ["good"]


async def test_a_file_is_read_again_for_a_new_key(issuer: Issuer) -> None:
    clock = Clock()
    keys = KeyDirectory(str(issuer.jwks), clock=clock)
    await keys.find("first")

    issuer.publish(ECKey.generate_key("P-256", {"kid": "second"}))
    clock.now += 61

    assert await keys.find("second") is not None
    assert await keys.find("first") is None
