"""Refusals on their way over the wire and back."""

import grpc
import pytest
from grpc.aio import Metadata

from services.kit.errors import (
    DETAILS_KEY,
    InvalidArgument,
    NotFound,
    Received,
    Refusal,
    RequestIdReused,
    received,
    status_code,
    status_of,
)


class QuotaHTTPInsufficient2(Refusal):
    pass


def on_the_wire(refusal: Refusal) -> grpc.aio.AioRpcError:
    """Make the error that the other side gets."""
    status = status_of(refusal, service="billing")
    return grpc.aio.AioRpcError(
        status_code(refusal.code),
        initial_metadata=Metadata(),
        trailing_metadata=Metadata((DETAILS_KEY, status.SerializeToString())),
        details=status.message,
    )


def test_what_was_refused_is_what_is_received() -> None:
    refusal = NotFound("voucher not found", field="voucher_id", state="EXPIRED")

    assert received(on_the_wire(refusal)) == Received(
        code="NOT_FOUND",
        message="voucher not found",
        reason="NOT_FOUND",
        domain="billing.partner",
        metadata={"state": "EXPIRED"},
        violations=[("voucher_id", "voucher not found")],
    )


@pytest.mark.parametrize(
    ("refusal", "reason", "code"),
    [
        (RequestIdReused("x"), "REQUEST_ID_REUSED", "ABORTED"),
        (InvalidArgument("x"), "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        (QuotaHTTPInsufficient2("x"), "QUOTA_HTTP_INSUFFICIENT2", "FAILED_PRECONDITION"),
    ],
)
def test_the_reason_is_the_name(refusal: Refusal, reason: str, code: str) -> None:
    assert (refusal.reason, refusal.code) == (reason, code)


def test_several_fields_are_refused_at_once() -> None:
    refusal = InvalidArgument.many([("a", "is missing"), ("b[1]", "is too long")])

    assert received(on_the_wire(refusal)).violations == [
        ("a", "is missing"),
        ("b[1]", "is too long"),
    ]
    assert refusal.message == "a: is missing; b[1]: is too long"


def test_a_refusal_fits_into_trailing_metadata_whatever_it_says() -> None:
    flood = InvalidArgument.many([(f"ids[{index}]", "客户" * 5000) for index in range(500)])

    assert len(status_of(flood, service="billing").SerializeToString()) < 5 * 1024
    assert len(status_of(InvalidArgument.many([("a", "x" * 9999)]), service="x").message) <= 200


def test_an_error_without_details_keeps_its_code_and_text() -> None:
    bare = grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), details="connection refused"
    )

    assert received(bare) == Received(code="UNAVAILABLE", message="connection refused")
