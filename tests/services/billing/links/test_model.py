"""What a link means, without a database."""

import pytest

from partner.type.v1 import terms_pb2
from services.billing.links.model import (
    AssociationType,
    CustomerLink,
    IndirectPartnerForbidden,
    refuse_other_resellers,
)
from services.kit.identity import Scope
from services.kit.ids import new_id


def test_only_in_a_resale_may_a_customer_receive_vouchers() -> None:
    links = [CustomerLink(association_type=one) for one in AssociationType]

    assert [link.may_receive_vouchers() for link in links] == [False, True]


def test_only_the_root_partner_may_name_a_reseller() -> None:
    tenant_id, reseller_id = new_id(), new_id()
    root, reseller = Scope(tenant_id), Scope(tenant_id, reseller_id)

    refuse_other_resellers(root, indirect_partner_id=reseller_id)
    refuse_other_resellers(reseller, indirect_partner_id=None)
    for scope, named in ((root, tenant_id), (reseller, reseller_id), (reseller, new_id())):
        with pytest.raises(IndirectPartnerForbidden, match="the named reseller is not yours"):
            refuse_other_resellers(scope, indirect_partner_id=named)


def test_our_words_are_the_contracts() -> None:
    names = [name for name, number in terms_pb2.AssociationType.items() if number]

    assert [f"ASSOCIATION_TYPE_{one}" for one in AssociationType] == names
