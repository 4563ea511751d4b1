"""Read masks: every request that reads things takes one, and every servicer heeds it."""

import importlib
import inspect
import re
from collections.abc import Iterable
from typing import Final

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask

from services.kit.config import SERVICES
from services.kit.rpc import Servicer
from tests.builders.frogs import FrogServicer, frogs_pb2
from tests.house.contracts import messages

READ: Final = re.compile(r"(Batch)?(Get|List)\w+")
HEEDED: Final = re.compile(r"\bchosen\(\s*request\.read_mask\s*\)")


def test_every_request_that_reads_takes_a_read_mask() -> None:
    assert without_mask(messages()) == []


def test_a_request_without_a_read_mask_would_be_found() -> None:
    found = without_mask(frogs_pb2.DESCRIPTOR.message_types_by_name.values())

    assert found == [
        f"partner.frogs.v1.{name}Request" for name in ("BatchListFrogs", "GetFrog", "ListFrogs")
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_servicer_heeds_the_read_mask(service: str) -> None:
    found = servicers_of(service)

    assert found
    assert [rpc for servicer in found for rpc in heedless(servicer)] == []


def test_a_servicer_that_heeds_no_read_mask_would_be_found() -> None:
    assert heedless(FrogServicer) == [
        f"FrogServicer.{name}" for name in ("BatchListFrogs", "GetFrog", "ListFrogs")
    ]


def without_mask(requests: Iterable[Descriptor]) -> list[str]:
    """Find requests that read things and take no read mask."""
    return sorted(
        message.full_name
        for message in requests
        if re.fullmatch(rf"{READ.pattern}Request", message.name)
        and (
            (mask := message.fields_by_name.get("read_mask")) is None
            or mask.message_type is not FieldMask.DESCRIPTOR
        )
    )


def heedless(servicer: type[Servicer]) -> list[str]:
    """Find rpcs that read things and do not choose what to read by the mask."""
    return sorted(
        f"{servicer.__name__}.{name}"
        for name in servicer.rpcs
        if READ.fullmatch(name)
        and not HEEDED.search(inspect.getsource(inspect.unwrap(getattr(servicer, name))))
    )


def servicers_of(service: str) -> list[type[Servicer]]:
    """Give the servicers that a service's composition root knows."""
    root = importlib.import_module(f"services.{service}.__main__")
    return [
        value
        for value in vars(root).values()
        if inspect.isclass(value) and issubclass(value, Servicer) and value is not Servicer
    ]
