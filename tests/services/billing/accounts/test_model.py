"""Holders of fund accounts, without a database."""

from services.billing.accounts.model import Holder
from services.billing.ledger.chart import AccountKind
from services.kit.ids import new_id


def test_a_partner_holds_its_own_money_and_a_customer_its_partners() -> None:
    partner_id, customer_id = new_id(), new_id()

    partner = Holder.partner(partner_id)
    customer = Holder.customer(customer_id, partner_id=partner_id)

    assert (partner.id, partner.partner_id) == (partner_id, partner_id)
    assert (partner.cash, partner.credit) == (AccountKind.PARTNER_CASH, AccountKind.PARTNER_CREDIT)
    assert (customer.id, customer.partner_id) == (customer_id, partner_id)
    assert (customer.cash, customer.credit) == (
        AccountKind.CUSTOMER_CASH,
        AccountKind.CUSTOMER_CREDIT,
    )
