"""What a reader sees of vouchers: which, and how much of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, null, or_, select

from services.billing.ledger.model import Account
from services.billing.links.model import CustomerLink
from services.billing.vouchers.model import MONTHS_SEEN_BY_CUSTOMERS, Voucher, VoucherState
from services.kit.fields import selected
from services.kit.identity import Scope

ITS_ACCOUNT: Final = (Account.tenant_id == Voucher.tenant_id) & (Account.id == Voucher.account_id)
BALANCE_UNITS: Final = Account.credits_posted - Account.debits_posted
# Without what unpaid orders hold.
AVAILABLE_UNITS: Final = BALANCE_UNITS - Account.debits_pending
_OF_THE_ACCOUNT: Final = frozenset({"balance_units", "state", "shown_lock"})


def shown(
    scope: Scope,
    columns: Sequence[str],
    *,
    now: ColumnElement[datetime],
    states: Sequence[str] = (),
) -> Select[Any]:
    """Select the columns of those vouchers that are in scope, and in one of the states if named."""
    state = _state_for(scope, now)
    computed = {
        "balance_units": BALANCE_UNITS,
        "state": state,
        # An order that lapsed releases the amount without coming by here.
        "shown_lock": case((Account.debits_pending > 0, Voucher.lock_order_number)),
        "memo_for_reader": _memo_for(scope),
    }
    statement = select(*selected(Voucher, columns, **computed)).select_from(Voucher)
    if states or not _OF_THE_ACCOUNT.isdisjoint(columns):
        statement = statement.join(Account, ITS_ACCOUNT)
    if states:
        statement = statement.where(state.in_(states))
    statement = statement.where(
        *scope.covers(Voucher, account_manager=CustomerLink.account_manager_id)
    )
    if scope.account_manager_ids is not None:
        statement = statement.join(
            CustomerLink,
            (CustomerLink.tenant_id == Voucher.tenant_id)
            & (CustomerLink.customer_id == Voucher.customer_id),
        )
    if scope.customer_id is not None:
        statement = statement.where(*_seen_by_customers(now))
    return statement


def _seen_by_customers(now: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
    """Leave out what was taken back from a customer, and what expired long ago."""
    oldest = now - func.make_interval(0, MONTHS_SEEN_BY_CUSTOMERS)
    return [
        or_(Voucher.reclaim_time.is_(None), Voucher.reclaim_time >= Voucher.expire_time),
        Voucher.expire_time >= oldest,
    ]


def _state_for(scope: Scope, now: ColumnElement[datetime]) -> ColumnElement[str]:
    """Say in SQL where a voucher stands, in the words of who asks.

    That the rest of what expired went back to the issuer's quota is the issuer's business.
    """
    state = Voucher.state_at(now)
    if scope.customer_id is None:
        return state
    has_lapsed = Voucher.reclaim_time >= Voucher.expire_time
    return case((has_lapsed, VoucherState.EXPIRED.value), else_=state)


def _memo_for(scope: Scope) -> ColumnElement[Any]:
    """Say in SQL what the issuer noted, where it is the issuer who asks."""
    if scope.customer_id is not None or scope.own_partner_id is None:
        return null()
    return case((Voucher.partner_id == scope.own_partner_id, Voucher.memo))
