"""The /graphiql page: the installed bundle, the examples as tabs, and nothing from elsewhere."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import orjson
from aiohttp import web

from gateway.settings import Settings
from services.kit.config import Environment

PAGE = Path(__file__).parent / "graphiql"
# The first tab is what a newcomer runs.
FIRST_EXAMPLE = "customer-360"
OWN_ASSETS = ("page.css", "page.js", "workers.js")
BUNDLE_ASSETS = (
    "graphiql.css",
    "yoga-graphiql.umd.js",
    "monacoeditorwork/editor.worker.bundle.js",
    "monacoeditorwork/graphql.worker..bundle.js",
    "monacoeditorwork/json.worker.bundle.js",
)
_POLICIES = (
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    # The editor sets the colours and sizes of its lines in style elements and attributes.
    "style-src 'self' 'unsafe-inline'",
    # Its fonts and icons are data URLs inside the bundle's style sheet.
    "font-src data:",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
POLICY = "; ".join(_POLICIES)
MISSING = (
    "GraphiQL's bundle is not installed here.\n\n"
    "Install it with:  make graphiql\n\n"
    "The graph itself is served at /graphql, its types at /schema.graphql.\n"
)


@dataclass(frozen=True)
class Ide:
    """Serves the page and the files that it needs, each by name."""

    settings: Settings

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/graphiql", self.page)
        router.add_get("/graphiql/assets/{name:.+}", self.asset)

    async def page(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's shape
        if not (self.settings.graphiql_bundle / BUNDLE_ASSETS[0]).is_file():
            return web.Response(status=503, text=MISSING)
        token = ""
        if self.settings.environment is Environment.DEMO and self.settings.demo_token:
            token = _read(self.settings.demo_token).strip()
        settings = orjson.dumps({"token": token, "examples": self._examples})
        # A "</script>" in an example must not end the element that carries it.
        safe = settings.decode().replace("<", "\\u003c")
        return web.Response(
            text=self._template.replace("{{settings}}", safe),
            content_type="text/html",
            headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"},
        )

    async def asset(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name in OWN_ASSETS:
            path = PAGE / name
        elif name in BUNDLE_ASSETS:
            path = self.settings.graphiql_bundle / name
        else:
            raise web.HTTPNotFound
        if not path.is_file():
            raise web.HTTPNotFound
        # A worker has a policy of its own; it needs nothing but itself.
        return web.FileResponse(
            path, headers={"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
        )

    @cached_property
    def _template(self) -> str:
        return (PAGE / "page.html").read_text()

    @cached_property
    def _examples(self) -> list[dict[str, str]]:
        paths = sorted(
            self.settings.examples.glob("*.graphql"),
            key=lambda path: (path.stem != FIRST_EXAMPLE, path.name),
        )
        return [
            {"query": path.read_text(), "variables": _read(path.with_suffix(".json"))}
            for path in paths
        ]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
