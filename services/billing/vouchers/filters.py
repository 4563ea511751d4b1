"""What lists of vouchers are narrowed and sorted by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from services.billing.links.model import named_reseller, whose_rows
from services.billing.vouchers.model import Voucher
from services.kit.identity import Scope
from services.kit.paging import Direction

TimeRange = tuple[datetime | None, datetime | None]


class VoucherOrder(StrEnum):
    CREATE_TIME_DESC = "CREATE_TIME_DESC"
    CREATE_TIME_ASC = "CREATE_TIME_ASC"
    EXPIRE_TIME_ASC = "EXPIRE_TIME_ASC"
    EXPIRE_TIME_DESC = "EXPIRE_TIME_DESC"


SORT: Final[Mapping[str, tuple[Any, Direction]]] = {
    VoucherOrder.CREATE_TIME_DESC: (Voucher.create_time, "desc"),
    VoucherOrder.CREATE_TIME_ASC: (Voucher.create_time, "asc"),
    VoucherOrder.EXPIRE_TIME_ASC: (Voucher.expire_time, "asc"),
    VoucherOrder.EXPIRE_TIME_DESC: (Voucher.expire_time, "desc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    voucher_ids: Sequence[UUID] = ()
    customer_id: UUID | None = None
    order_number: str | None = None
    coupon_type: str | None = None
    states: Sequence[str] = ()
    create_time: TimeRange = (None, None)
    effective_time: TimeRange = (None, None)
    expire_time: TimeRange = (None, None)
    indirect_partner_id: UUID | None = None
    quota_id: UUID | None = None


def whose(scope: Scope, narrowed: VoucherFilter) -> UUID | None:
    """Say whose vouchers are asked for: the caller's own, unless a reseller or a quota is named.

    None: out of the quota that is named, whoever issued them.

    :raises IndirectPartnerForbidden:
    """
    if narrowed.quota_id is None:
        return whose_rows(scope, indirect_partner_id=narrowed.indirect_partner_id)
    return named_reseller(scope, indirect_partner_id=narrowed.indirect_partner_id)


def narrow(
    statement: Select[Any], narrowed: VoucherFilter, *, partner_id: UUID | None
) -> Select[Any]:
    if narrowed.voucher_ids:
        statement = statement.where(Voucher.id.in_(narrowed.voucher_ids))
    for column, value in (
        (Voucher.customer_id, narrowed.customer_id),
        (Voucher.order_number, narrowed.order_number),
        (Voucher.coupon_type, narrowed.coupon_type),
        (Voucher.quota_id, narrowed.quota_id),
        (Voucher.partner_id, partner_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    for time, (begin, end) in (
        (Voucher.create_time, narrowed.create_time),
        (Voucher.effective_time, narrowed.effective_time),
        (Voucher.expire_time, narrowed.expire_time),
    ):
        if begin is not None:
            statement = statement.where(time >= begin)
        if end is not None:
            statement = statement.where(time < end)
    return statement
