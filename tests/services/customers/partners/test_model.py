"""The rules about partners that need no database."""

import pytest

from partner.customers.v1 import errors_pb2
from services.customers.partners.model import (
    IndirectPartnerForbidden,
    NotADistributor,
    Partner,
    PartnerExists,
    PartnerKind,
    check_currency_code,
    check_root_kind,
)
from services.kit.errors import InvalidArgument


@pytest.mark.parametrize(
    "refusal",
    [IndirectPartnerForbidden(), NotADistributor("no"), PartnerExists("no")],
    ids=lambda refusal: refusal.reason,
)
def test_a_refusal_is_called_as_in_the_contract(refusal: PartnerExists) -> None:
    assert f"ERROR_REASON_{refusal.reason}" in errors_pb2.ErrorReason.DESCRIPTOR.values_by_name


def test_a_distributor_has_resellers() -> None:
    Partner(kind=PartnerKind.DISTRIBUTOR).refuse_resellers_unless_distributor()


@pytest.mark.parametrize("kind", [PartnerKind.SOLUTION_PROVIDER, PartnerKind.INDIRECT_PARTNER])
def test_others_have_none(kind: PartnerKind) -> None:
    with pytest.raises(NotADistributor):
        Partner(kind=kind).refuse_resellers_unless_distributor()


@pytest.mark.parametrize("kind", [None, "INDIRECT_PARTNER"])
def test_check_root_kind_refuses_what_opens_no_tenant(kind: str | None) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_root_kind(kind)

    assert refused.value.field == "kind"


@pytest.mark.parametrize("code", ["", "cny", "CNYX", "ＣＮＹ", "CN1"])  # noqa: RUF001 - only look right
def test_check_currency_code_refuses_what_is_none(code: str) -> None:
    with pytest.raises(InvalidArgument):
        check_currency_code(code, field="currency_code")
