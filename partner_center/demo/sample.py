"""The demo's consumption: the real FOCUS sample and 18 made months, through the import rpc."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

from partner.billing.v1 import consumption_pb2, consumption_pb2_grpc
from partner.type.v1 import terms_pb2
from partner_center.demo.charges import focus_file
from partner_center.demo.companies import Company
from partner_center.demo.rpcs import Rpcs, Tenant

SAMPLE: Final = Path(__file__).parents[2] / "examples" / "focus" / "focus_1.0_sample.csv"
PIECE_BYTES: Final = 64 * 1024


async def import_sample(rpcs: Rpcs, tenant: Tenant) -> None:
    await _import(rpcs, tenant, name=SAMPLE.name, pieces=[SAMPLE.read_bytes()])


async def import_charges(
    rpcs: Rpcs, tenant: Tenant, members: list[Company], *, partner_name: str, currency_code: str,
    today: date,
) -> None:  # fmt: skip
    await _import(
        rpcs,
        tenant,
        name=f"demo-{today}.csv",
        pieces=focus_file(
            members, partner_name=partner_name, currency_code=currency_code, today=today
        ),
    )


async def _import(rpcs: Rpcs, tenant: Tenant, *, name: str, pieces: Iterable[bytes]) -> None:
    report: consumption_pb2.ImportConsumptionResponse = await rpcs(
        "billing",
        consumption_pb2_grpc.ConsumptionServiceStub,
        "ImportConsumption",
        _messages(tenant.request_id("import", name), name=name, pieces=pieces),
        principal=tenant.operator,
    )
    if report.skipped_count:
        message = f"{name}: line {report.skipped_rows[0].line}: {report.skipped_rows[0].reason}"
        raise ValueError(message)


def _messages(
    request_id: str, *, name: str, pieces: Iterable[bytes]
) -> Iterator[consumption_pb2.ImportConsumptionRequest]:
    yield consumption_pb2.ImportConsumptionRequest(
        header=consumption_pb2.ImportHeader(
            request_id=request_id,
            file_name=name,
            association_type=terms_pb2.ASSOCIATION_TYPE_RESALE,
        )
    )
    for piece in pieces:
        for start in range(0, len(piece), PIECE_BYTES):
            yield consumption_pb2.ImportConsumptionRequest(data=piece[start : start + PIECE_BYTES])
