"""The accounts that payments move amounts between, as a transaction found or opened them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import Holder
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import NewAccount
from services.billing.payments import queries
from services.billing.payments.coupons import Coupon
from services.billing.payments.deduction import Funds, Leg, Purse, Source
from services.billing.payments.orders import decimals_of
from services.billing.vouchers.queries import UsableVoucher
from services.kit.identity import Scope
from services.kit.money import EXACT

CODES = {
    Source.VOUCHER: TransferCode.CONSUME_VOUCHER,
    Source.CASH_COUPON: TransferCode.CONSUME_VOUCHER,
    Source.CASH: TransferCode.CONSUME_CASH,
    Source.CREDIT: TransferCode.CONSUME_CREDIT,
    Source.DEBT: TransferCode.CONSUME_DEBT,
}
# What an amount goes to: of vouchers and cash the platform's, of credit the holder's own.
_COUNTERPARTS = {
    Source.VOUCHER: AccountKind.VQ_USED,
    Source.CASH_COUPON: AccountKind.VQ_USED,
    Source.CASH: AccountKind.REVENUE,
    Source.CREDIT: AccountKind.CREDIT_USED,
    Source.DEBT: AccountKind.REVENUE,
}

_Key = tuple[UUID, AccountKind, str]


@dataclass(slots=True, kw_only=True)
class Books:
    """Accounts by their holder, kind and unit, with what was left in them when they were read."""

    tenant_id: UUID
    currency_code: str
    _ids: dict[_Key, UUID] = field(default_factory=dict)
    _left: dict[_Key, int] = field(default_factory=dict)

    async def read(
        self, session: AsyncSession, *, scope: Scope, holder_ids: Sequence[UUID]
    ) -> None:
        """Read the accounts of holders, and those of the platform."""
        rows = await queries.list_accounts(
            session, scope=scope, holder_ids=[self.tenant_id, *holder_ids]
        )
        for account_id, holder_id, kind, unit, left in rows:
            key = holder_id, AccountKind(kind), unit
            self._ids[key] = account_id
            self._left[key] = left

    def funds(self, holder: Holder, *, coupons: Iterable[Coupon] = (), today: date) -> Funds:
        """Give what a holder can pay with: credit that expired before today is none."""
        mine = [key for key in self._ids if key[:2] == (holder.id, holder.credit)]
        # Days are digits, and digits stand before "NEVER".
        lots = sorted(key for key in mine if _is_good(key[2], today))
        cash = holder.id, holder.cash, str(Unit.cash(self.currency_code))
        return Funds(
            coupons=list(coupons),
            cash=self._purse(cash) if cash in self._ids else None,
            lots=[self._purse(key) for key in lots],
        )

    def debt(self, customer_id: UUID) -> int:
        """Give what a customer owes."""
        unit = Unit.cash(self.currency_code)
        key = customer_id, AccountKind.RECEIVABLE, str(unit)
        return _charged(-self._left.get(key, 0), unit)

    async def open(
        self, session: AsyncSession, *, holders: Iterable[tuple[Holder, Sequence[Leg]]]
    ) -> None:
        """Open what is not open yet of what legs go to, and where debts stand."""
        wanted = {
            key: partner_id
            for holder, legs in holders
            for key, partner_id in self._wanted(holder, legs)
            if key not in self._ids
        }
        if not wanted:
            return
        opened = await ledger.open_accounts(
            session,
            tenant_id=self.tenant_id,
            accounts=[
                NewAccount(
                    holder_id=holder_id, kind=kind, unit=Unit.parse(unit), partner_id=partner_id
                )
                for (holder_id, kind, unit), partner_id in wanted.items()
            ],
        )
        self._ids |= dict(zip(wanted, opened, strict=True))

    def account_of(self, holder_id: UUID, kind: AccountKind, unit: str) -> UUID:
        return self._ids[holder_id, kind, unit]

    def counterpart(self, leg: Leg, holder: Holder) -> UUID:
        """Give the account that a leg's amount goes to."""
        kind = _COUNTERPARTS[leg.source]
        held_by = holder.id if kind is AccountKind.CREDIT_USED else self.tenant_id
        return self._ids[held_by, kind, leg.unit]

    def receivable(self, customer_id: UUID) -> UUID:
        cash = str(Unit.cash(self.currency_code))
        return self._ids[customer_id, AccountKind.RECEIVABLE, cash]

    def _wanted(self, holder: Holder, legs: Sequence[Leg]) -> Iterable[tuple[_Key, UUID | None]]:
        cash = str(Unit.cash(self.currency_code))
        for leg in legs:
            kind = _COUNTERPARTS[leg.source]
            if kind is AccountKind.CREDIT_USED:
                yield (holder.id, kind, leg.unit), holder.partner_id
            else:
                yield (self.tenant_id, kind, leg.unit), None
            if leg.source is Source.DEBT:
                yield (holder.id, AccountKind.RECEIVABLE, cash), holder.partner_id

    def _purse(self, key: _Key) -> Purse:
        unit = Unit.parse(key[2])
        units = _charged(max(self._left[key], 0), unit)
        return Purse(account_id=self._ids[key], unit=key[2], units=units)


def coupon_of(voucher: UsableVoucher) -> Coupon:
    """Count what is left of a voucher in what is charged."""
    exponent = decimals_of(voucher.unit.currency_code)
    units = EXACT.scaleb(voucher.available.amount, exponent)
    return Coupon(
        id=voucher.id,
        account_id=voucher.account_id,
        unit=str(voucher.unit),
        coupon_type=voucher.coupon_type,
        units=int(units),
        effective_time=voucher.effective_time,
        expire_time=voucher.expire_time,
        limits=voucher.use_limits,
    )


def _charged(units: int, unit: Unit) -> int:
    """Count in what is charged, less what can not be, what an account's unit counts."""
    step: int = 10 ** (unit.exponent - decimals_of(unit.currency_code))
    return units // step


def _is_good(unit: str, today: date) -> bool:
    expire_date = Unit.parse(unit).expire_date
    return expire_date is None or expire_date >= today
