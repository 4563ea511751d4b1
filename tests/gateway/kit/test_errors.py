"""Refusals and failures in the graph's words."""

import grpc
import pytest

from gateway.kit.errors import Failed, failure, renamed
from services.kit.errors import InvalidArgument, NotFound, Refusal, Unauthenticated
from tests.builders.graph import failing, refusing


class HistoryLimitExceeded(Refusal):
    pass


def translated(error: Exception) -> Exception:
    return failure(error, service="billing", rename=renamed({"page_token": "after"}))


def test_a_rule_of_the_business_is_told_with_its_reason() -> None:
    refusal = HistoryLimitExceeded(
        "too old", field="filter.billing_cycle", oldest_billing_cycle="2025-01"
    )

    failed = translated(refusing(refusal, service="billing"))

    assert isinstance(failed, Failed)
    assert failed.extensions == {
        "code": "CONFLICT",
        "field": "filter.billingCycle",
        "reason": "HISTORY_LIMIT_EXCEEDED",
        "metadata": {"oldestBillingCycle": "2025-01"},
    }


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (grpc.StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "THROTTLED"),
        (grpc.StatusCode.ALREADY_EXISTS, "CONFLICT"),
    ],
)
def test_each_code_has_its_word(code: grpc.StatusCode, shown: str) -> None:
    failed = translated(failing(code, "text"))

    assert isinstance(failed, Failed)
    assert failed.extensions["code"] == shown


@pytest.mark.parametrize(
    "error",
    [
        failing(grpc.StatusCode.UNKNOWN),
        failing(grpc.StatusCode.UNIMPLEMENTED),
        # The user was let in; a service that does not believe the gateway is a defect.
        refusing(Unauthenticated("no"), service="billing"),
        RuntimeError("secret"),
    ],
)
def test_defects_stay_as_they_are(error: Exception) -> None:
    assert translated(error) is error


def test_the_reason_is_left_out_where_it_repeats_the_code() -> None:
    failed = translated(refusing(NotFound("customer not found"), service="customers"))

    assert isinstance(failed, Failed)
    assert failed.extensions == {"code": "NOT_FOUND"}


def test_ids_in_a_sentence_are_left_alone() -> None:
    text = "cus_01m85r8wxme09v868mdp09p85h must not equal parent_id"

    failed = translated(refusing(InvalidArgument(text, field="id"), service="customers"))

    assert str(failed) == "cus_01m85r8wxme09v868mdp09p85h must not equal parentId"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("page_token", "input.after"),
        ("customer.tags[2]", "input.tags[2]"),
        ("face_value.amount", "input.faceValue.amount"),
        ("", "input."),
    ],
)
def test_paths_are_renamed_by_their_first_piece(path: str, shown: str) -> None:
    rename = renamed({"page_token": "after"}, prefix="input.", within="customer")

    assert rename(path) == shown
