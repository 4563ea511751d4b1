"""Voucher quotas and vouchers in plain Python (domain.md 6.6 and 6.7), for the oracle of money."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.builders.money_books import ADVISORY, OWNERS, RESELLER, ROOT, Funds, Key, Refused

QUOTA_LIFE = timedelta(days=60)


@dataclass(slots=True)
class Quota:
    """What was granted to a partner, or by the distributor out of another one."""

    name: str
    owner: str
    expire_time: datetime
    # When what is in it goes on.
    due_time: datetime | None
    parent: "Quota | None" = None
    is_reclaimed: bool = False

    @property
    def key(self) -> Key:
        return Key(self.name, "VQ_AVAILABLE")


@dataclass(slots=True)
class Issued:
    """A voucher."""

    name: str
    customer: str
    quota: Quota
    expire_time: datetime
    due_time: datetime | None
    is_reclaimed: bool = False

    @property
    def key(self) -> Key:
        return Key(self.name, "VOUCHER")


@dataclass
class Coupons(Funds):
    """Quotas and vouchers in the order in which they came."""

    quotas: list[Quota] = field(default_factory=list)
    vouchers: list[Issued] = field(default_factory=list)

    def grant_quota(self, *, cents: int) -> None:
        end = self.now + QUOTA_LIFE
        quota = Quota(f"quota {len(self.quotas)}", ROOT, end, end)
        self.quotas.append(quota)
        self.move(Key(quota.name, "VQ_GRANTED"), quota.key, cents)

    def grant_sub_quota(self, *, which: int, cents: int) -> None:
        source = self.quotas[which]
        if source.owner != ROOT:
            raise Refused("QUOTA_NOT_FOUND_OR_STATE")
        self._refuse_short(source, cents)
        part = Quota(
            f"quota {len(self.quotas)}", RESELLER, source.expire_time, source.due_time, source
        )
        self.quotas.append(part)
        self.move(source.key, part.key, cents)

    def reclaim_sub_quota(self, *, which: int) -> None:
        quota = self.quotas[which]
        if quota.parent is None or quota.is_reclaimed or quota.expire_time <= self.now:
            raise Refused("QUOTA_NOT_FOUND_OR_STATE")
        self.move(quota.key, quota.parent.key, self.available(quota.key))
        quota.is_reclaimed, quota.due_time = True, None

    def issue(self, *, which: int, customer: str, cents: int, days: int) -> None:
        """Let a quota's owner issue a voucher to somebody."""
        quota = self.quotas[which]
        self._refuse_short(quota, cents)
        if OWNERS[customer] != quota.owner:
            raise Refused("NOT_SUB_CUSTOMER")
        if customer in self.closing:
            raise Refused("ACCOUNT_CLOSING")
        if customer == ADVISORY:
            raise Refused("ADVISORY_NOT_ALLOWED")
        end = min(self.now + timedelta(days=days), quota.expire_time)
        voucher = Issued(f"voucher {len(self.vouchers)}", customer, quota, end, end)
        self.vouchers.append(voucher)
        self.move(quota.key, voucher.key, cents)

    def reclaim_voucher(self, *, which: int) -> None:
        voucher = self.vouchers[which]
        balance = self.account(voucher.key)
        is_over = voucher.is_reclaimed or voucher.expire_time <= self.now
        if is_over or not balance.posted or balance.held:
            raise Refused("VOUCHER_NOT_RECLAIMABLE")
        self.take_back(voucher)

    def take_back(self, voucher: Issued) -> None:
        self.move(voucher.key, voucher.quota.key, self.account(voucher.key).posted)
        voucher.is_reclaimed, voucher.due_time = True, None
        voucher.quota.due_time = voucher.quota.due_time or self.now

    def usable(self, customer: str) -> list[Issued]:
        """Give what a customer can pay with, in the turn in which usage takes them."""
        found = [
            one
            for one in self.vouchers
            if one.customer == customer
            and not one.is_reclaimed
            and one.expire_time > self.now
            and self.available(one.key) > 0
        ]
        # A sort keeps the order of issue where nothing else decides.
        return sorted(found, key=lambda one: (one.expire_time, self.available(one.key)))

    def settle_coupons(self) -> None:
        """Let return what is left of vouchers that are due; then move on rests of quotas."""
        for voucher in self.vouchers:
            is_due = voucher.due_time is not None and voucher.due_time <= self.now
            if is_due and not self.account(voucher.key).held:
                voucher.due_time = None
                if self.account(voucher.key).posted:
                    self.take_back(voucher)
        for quota in self.quotas:
            if quota.due_time is not None and quota.due_time <= self.now:
                quota.due_time = None
                has_ended = quota.expire_time <= self.now or quota.parent is None
                lost = Key(ROOT, "VQ_EXPIRED")
                goal = lost if has_ended or quota.parent is None else quota.parent.key
                self.move(quota.key, goal, self.account(quota.key).posted)

    def _refuse_short(self, quota: Quota, cents: int) -> None:
        if quota.is_reclaimed or quota.expire_time <= self.now:
            raise Refused("QUOTA_NOT_FOUND_OR_STATE")
        if self.available(quota.key) < cents:
            raise Refused("QUOTA_INSUFFICIENT")
