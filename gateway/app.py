"""Puts the gateway together: a schema and a context go in, a web application comes out."""

import weakref

import strawberry
from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.engine.execution import Executor
from gateway.engine.executor import Engine
from gateway.engine.reference import ReferenceExecutor, core_schema
from gateway.http import contract_documents
from gateway.http.access import access, finish_headers
from gateway.http.admission import Admission
from gateway.http.authentication import Authentication
from gateway.http.budget import Budget
from gateway.http.caller import ContextFactory
from gateway.http.contract_documents import ContractDocuments
from gateway.http.documents import Documents, read_trusted_documents
from gateway.http.downloads import Downloads
from gateway.http.errors import Translate, translate_refusal
from gateway.http.health import Health, Readiness
from gateway.http.ide import Ide
from gateway.http.keys import KeyDirectory
from gateway.http.metrics import Metrics
from gateway.http.operations import Operations
from gateway.http.origins import preflight
from gateway.http.streams import OPEN, stop_streams
from gateway.http.time_limit import TimeLimit
from gateway.http.tokens import TokenReader
from gateway.http.view import GraphQLView
from gateway.settings import Execution, Settings
from services.kit.config import Environment


def create_app(
    settings: Settings,
    *,
    schema: strawberry.Schema,
    context_factory: ContextFactory,
    readiness: Readiness,
    executor: Executor | None = None,
    translate: Translate = translate_refusal,
    metrics: Metrics | None = None,
    downloads: Downloads | None = None,
) -> web.Application:
    """Make the application of one gateway process.

    `translate` tells the codes of the exceptions that resolvers are known to raise; `executor`
    replaces the one that the settings name; without `downloads` no files are sent.
    """
    limits = settings.limits
    metrics = metrics or Metrics()
    operations = Operations(
        documents=_documents(settings, schema),
        executor=executor or executor_for(settings, schema),
        context_factory=context_factory,
        translate=translate,
        limits=limits,
        budget=Budget(per_minute=limits.cost_per_minute),
        admission=Admission(limits=limits),
        time_limit=TimeLimit(limits.execution_seconds),
        metrics=metrics,
    )
    tokens = TokenReader(
        KeyDirectory(settings.oidc_jwks),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
    )
    authentication = Authentication(tokens)
    view = GraphQLView(settings=settings, operations=operations, authentication=authentication)
    app = web.Application(middlewares=[access(metrics)], client_max_size=limits.body_bytes)
    app[OPEN] = weakref.WeakSet()
    app.on_response_prepare.append(finish_headers(settings))
    app.on_shutdown.append(stop_streams)
    _add_routes(
        app, settings=settings, view=view, health=Health(readiness, metrics), sdl=schema.as_str()
    )
    documents = ContractDocuments(authentication, context_factory)
    app.router.add_get(contract_documents.PATH, documents.get, allow_head=False)
    app.router.add_route("OPTIONS", contract_documents.PATH, preflight)
    if downloads is not None:
        app.router.add_get("/exports/{id}", downloads.get, allow_head=False)
    return app


def executor_for(settings: Settings, schema: strawberry.Schema) -> Executor:
    """Make the executor that the settings name."""
    make = Engine if settings.executor is Execution.COMPILED else ReferenceExecutor
    return make(schema, hides_the_schema=settings.hides_the_schema)


def _documents(settings: Settings, schema: strawberry.Schema) -> Documents:
    path = settings.trusted_documents
    return Documents(
        core_schema(schema),
        limits=settings.limits,
        hides_the_schema=settings.hides_the_schema,
        trusted=read_trusted_documents(path) if path else None,
        trusted_only=settings.trusted_documents_only,
    )


def _add_routes(
    app: web.Application, *, settings: Settings, view: GraphQLView, health: Health, sdl: str
) -> None:
    router = app.router
    router.add_get("/graphql", view.get, allow_head=False)
    router.add_post("/graphql", view.post)
    router.add_route("OPTIONS", "/graphql", preflight)
    router.add_get("/schema.graphql", _shows(sdl))
    router.add_get("/health/live", health.live)
    router.add_get("/health/ready", health.ready)
    router.add_get("/metrics", health.show_metrics)
    if settings.graphiql:
        Ide(settings).add_routes(router)
    if settings.environment is Environment.DEMO:
        router.add_get("/", _to_graphiql)


def _shows(sdl: str) -> Handler:
    async def show(request: web.Request) -> web.StreamResponse:  # noqa: ARG001  # aiohttp's shape
        return web.Response(text=sdl, content_type="text/plain")

    return show


async def _to_graphiql(request: web.Request) -> web.StreamResponse:  # noqa: ARG001  # aiohttp's shape
    raise web.HTTPFound("/graphiql")
