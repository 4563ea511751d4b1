"""A service of frogs: its contract is generated here, its rpcs do what the kit must bear."""

import asyncio
import importlib
import sys
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from grpc_tools import protoc  # type: ignore[import-untyped]
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit import ids
from services.kit.database import Database, PartnerRow, column_types, service_metadata
from services.kit.errors import NotFound, Refusal, ResourceExhausted
from services.kit.identity import Role
from services.kit.paging import PageTokens, keyset, search
from services.kit.rpc import Call, Servicer, StreamCall, read, write, write_stream
from services.kit.streams import read_stream

PROTOS = Path(__file__).parents[2] / "protos"
GOOGLE = Path(str(distribution("googleapis-common-protos").locate_file("")))

FROGS_SQL = """
CREATE TABLE frogs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    partner_id uuid NOT NULL,
    name text NOT NULL,
    weight numeric(38, 15),
    CONSTRAINT frogs_pkey PRIMARY KEY (tenant_id, id)
);
ALTER TABLE frogs ENABLE ROW LEVEL SECURITY;
ALTER TABLE frogs FORCE ROW LEVEL SECURITY;
CREATE POLICY frogs_scope ON frogs USING ((tenant_id = (SELECT app.tenant())
    AND ((SELECT app.partner()) IS NULL OR partner_id = (SELECT app.partner())))
    OR (SELECT app.every_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON frogs TO svc_programs;
"""


def generate() -> tuple[Any, Any]:
    """Generate the frogs' contract into a folder of its own, below the package `partner`."""
    out = Path(tempfile.mkdtemp(prefix="frogs-"))
    source = out / "partner/frogs/v1/frogs.proto"
    source.parent.mkdir(parents=True)
    source.write_text(Path(__file__).with_name("frogs.proto").read_text())
    well_known = Path(protoc.__file__).parent / "_proto"
    paths = [f"-I{path}" for path in (out, PROTOS, GOOGLE, well_known)]
    code = protoc.main(
        ["protoc", *paths, f"--python_out={out}", f"--grpc_python_out={out}", str(source)]
    )
    assert code == 0, "the frogs' contract is broken"
    sys.path.append(str(out))
    importlib.invalidate_caches()
    return (
        importlib.import_module("partner.frogs.v1.frogs_pb2"),
        importlib.import_module("partner.frogs.v1.frogs_pb2_grpc"),
    )


frogs_pb2, frogs_pb2_grpc = generate()


class FrogTable(DeclarativeBase):
    metadata = service_metadata()
    type_annotation_map = column_types()


class Frog(PartnerRow, FrogTable):
    __tablename__ = "frogs"
    name: Mapped[str]
    weight: Mapped[Decimal | None] = mapped_column(default=None)


class FrogTooHeavy(Refusal):
    pass


class FrogServicer(Servicer, frogs_pb2_grpc.FrogServiceServicer):  # type: ignore[name-defined,misc]
    """Frogs whose names decide what goes wrong with them."""

    def __init__(self, database: Database, pages: PageTokens) -> None:
        super().__init__(database, pages)
        # A frog called "slow" waits for `go_on` after it has said `is_waiting`.
        self.is_waiting = asyncio.Event()
        self.go_on = asyncio.Event()
        self.hatched = 0

    @read()
    async def GetFrog(self, request: Any, call: Call) -> Any:  # noqa: N802 - the rpc's name
        frog_id = ids.from_text("frg", request.id, field="id")
        statement = select(Frog).where(*call.scope.covers(Frog), Frog.id == frog_id)
        frog = await call.session.scalar(statement)
        if frog is None:
            raise NotFound("frog not found")
        return to_message(frog)

    @read()
    async def ListFrogs(self, request: Any, call: Call) -> Any:  # noqa: N802 - the rpc's name
        page = call.page(request)
        order = frogs_pb2.FrogOrder.Name(request.order_by).removeprefix("FROG_ORDER_")
        column = Frog.weight if order.startswith("WEIGHT") else Frog.name
        direction: Any = "desc" if order.endswith("DESC") else "asc"
        statement = select(Frog).where(*call.scope.covers(Frog))
        if request.filter.HasField("name"):
            statement = statement.where(search(Frog.name, request.filter.name, field="filter.name"))
        statement = keyset(statement, sort=[(column, direction), (Frog.id, direction)], page=page)
        rows = (await call.session.scalars(statement)).all()
        cut = call.pages.cut(page, rows, key=lambda frog: ([getattr(frog, column.key)], frog.id))
        return frogs_pb2.ListFrogsResponse(
            frogs=map(to_message, cut.rows),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListFrogs(self, request: Any, call: Call) -> Any:  # noqa: N802 - the rpc's name
        call.page(request)
        return frogs_pb2.BatchListFrogsResponse()

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def HatchFrog(self, request: Any, call: Call) -> Any:  # noqa: N802 - the rpc's name
        self.hatched += 1
        frog = Frog(
            tenant_id=call.scope.tenant_id,
            partner_id=call.principal.partner_id,
            name=request.name,
            weight=Decimal(request.weight.value) if request.HasField("weight") else None,
        )
        call.session.add(frog)
        await call.session.flush()
        match request.name:
            case "heavy":
                raise FrogTooHeavy("the frog is too heavy", weight="9 kg")
            case "busy":
                raise ResourceExhausted("too many frogs at once")
            case "crash":
                raise RuntimeError("SECRET-OF-THE-POND")
            case "conflict":
                await call.session.execute(
                    sa.text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$")
                )
            case "slow":
                self.is_waiting.set()
                await self.go_on.wait()
        return to_message(frog)

    @write()
    async def BlessFrog(self, request: Any, call: Call) -> Any:  # noqa: N802 - the rpc's name
        frog_id = ids.from_text("frg", request.id, field="id")
        await call.session.execute(sa.update(Frog).where(Frog.id == frog_id).values(name="blessed"))
        return frogs_pb2.Frog(id=request.id, name="blessed")

    @read_stream(Role.ADMINISTRATOR)
    async def FollowFrogs(  # noqa: N802 - the rpc's name
        self, request: Any, call: StreamCall
    ) -> AsyncIterator[Any]:
        for name in request.names:
            if name == "heavy":
                raise FrogTooHeavy("the frog is too heavy", weight="9 kg")
            async with call.transaction() as session:
                statement = select(Frog).where(*call.scope.covers(Frog), Frog.name == name)
                for frog in await session.scalars(statement):
                    yield to_message(frog)

    @write_stream()
    async def ImportFrogs(  # noqa: N802 - the rpc's name
        self, requests: AsyncIterator[Any], call: StreamCall
    ) -> Any:
        count = 0
        async for request in requests:
            async with call.transaction() as session:
                session.add(
                    Frog(
                        tenant_id=call.scope.tenant_id,
                        partner_id=call.scope.tenant_id,
                        name=request.name,
                    )
                )
            count += 1
        return frogs_pb2.ImportFrogsResponse(count=count)


def to_message(frog: Frog) -> Any:
    return frogs_pb2.Frog(id=ids.to_text("frg", frog.id), name=frog.name)


def a_frog(name: str, *, tenant_id: UUID, partner_id: UUID | None = None) -> Frog:
    return Frog(tenant_id=tenant_id, partner_id=partner_id or tenant_id, name=name)


def hatch(name: str, *, request_id: str, **fields: Any) -> Any:
    """Ask for a frog to be hatched."""
    return frogs_pb2.HatchFrogRequest(request_id=request_id, name=name, **fields)
