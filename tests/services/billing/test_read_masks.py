"""Readers of billing get the fields that they name, out of no more columns than these need."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import func, update

from partner.billing.v1 import accounts_pb2, consumption_pb2, vouchers_pb2
from services.billing.accounts.model import Holder
from services.billing.ledger.chart import AccountKind
from services.billing.vouchers.model import Voucher
from services.billing.vouchers.queries import list_usable
from services.kit import ids
from services.kit.ids import new_id, to_text
from tests.builders.billing import an_issue, money
from tests.builders.customers import uuid_of
from tests.builders.funds import move, open_cash
from tests.builders.ledger import TenantLedger
from tests.builders.principals import an_administrator, an_operator
from tests.builders.running import RunningService
from tests.builders.spending import Spending, a_spending_tenant, resources_of
from tests.builders.statements import statements

# What nothing of a spending tenant has.
UNSEEN = {
    "Account.customer_id",
    "StatementEntry.indirect_partner_id",
    "Payment.refunded_payment_id",
    "VoucherQuota.parent_quota_id",
    "VoucherQuota.customer_ids",
    "VoucherOperation.parent_quota_id",
    "VoucherOperation.indirect_partner_id",
    "VoucherOperation.remark",
    "VoucherOperation.sub_quota_id",
    "VerificationSettings.enabled",
    "Adjustment.target_partner_id",
    # These belong to contracts on paper.
    "Contract.sign_date",
    "Contract.effective_time",
    "Contract.expire_time",
}
# Of each slice a list, a list of many parents and a batch, two fields of it, and their columns;
# columns of a place or an order stand behind them.
SELECTED: dict[str, tuple[list[str], list[str]]] = {
    "ListAccountsRequest": (
        ["id", "amount"],
        [
            "id",
            "credits_posted - debits_posted AS amount",
            "unit",
            "kind AS sort_kind",
            "unit AS sort_unit",
            "id AS row_id",
        ],
    ),
    "BatchGetAccountsRequest": (
        ["partner_id", "frozen_amount"],
        ["partner_id", "debits_pending AS frozen", "unit", "id AS row_id"],
    ),
    "ListTopUpsRequest": (
        ["channel", "amount"],
        ["channel", "amount", "currency_code", "pay_time AS sort_value", "id AS row_id"],
    ),
    "BatchListStatementEntriesRequest": (
        ["direction", "trade_time"],
        [
            "create_time AS create_time",
            "amount AS amount",
            "create_time AS sort_time",
            "version AS sort_version",
            "account_id AS row_id",
        ],
    ),
    "ListVoucherQuotasRequest": (
        ["id", "face_total"],
        ["id", "face_total", "currency_code", "expire_time AS sort_value", "id AS row_id"],
    ),
    "BatchGetVoucherQuotasRequest": (
        ["partner_id", "expire_time"],
        ["partner_id", "expire_time", "id AS row_id"],
    ),
    "ListVouchersRequest": (
        ["id", "order_number"],
        ["id", "order_number", "create_time AS sort_value", "id AS row_id"],
    ),
    "BatchListVouchersRequest": (
        ["frozen", "face_value"],
        [
            "face_value AS face_value",
            "currency_code AS currency_code",
            "is_frozen AS is_frozen",
            "create_time AS sort_value",
            "id AS row_id",
        ],
    ),
    "BatchGetVouchersRequest": (["id", "quota_id"], ["id", "quota_id", "id AS row_id"]),
    "ListVoucherOperationsRequest": (
        ["operator", "result"],
        ["operator", "result", "operate_time AS sort_value", "id AS row_id"],
    ),
    "ListPaymentsRequest": (
        ["id", "order_number"],
        ["id", "order_number", "create_time AS sort_value", "id AS row_id"],
    ),
    "BatchListPaymentsRequest": (
        ["kind", "cash_amount"],
        [
            "kind AS kind",
            "cash_amount AS cash_amount",
            "currency_code AS currency_code",
            "create_time AS sort_value",
            "id AS row_id",
        ],
    ),
    "BatchGetPaymentsRequest": (["id", "payer"], ["id", "payer", "id AS row_id"]),
    "ListConsumptionDetailsRequest": (
        ["product_name", "cash_amount"],
        [
            "product_name",
            "cash_amount",
            "currency_code",
            "consume_time AS sort_value",
            "id AS row_id",
        ],
    ),
    "BatchListConsumptionDetailsRequest": (
        ["consume_time", "usage_amount"],
        [
            "consume_time AS consume_time",
            "usage_amount AS usage_amount",
            "consume_time AS sort_value",
            "id AS row_id",
        ],
    ),
    "GetVerificationSettingsRequest": (["email"], ["email"]),
    "ListAdjustmentsRequest": (
        ["id", "amount"],
        ["id", "amount", "currency_code", "operate_time AS sort_value", "id AS row_id"],
    ),
    "BatchListAdjustmentsRequest": (
        ["kind", "memo"],
        [
            "kind AS kind",
            "memo AS memo",
            "operate_time AS sort_value",
            "id AS row_id",
        ],
    ),
    "BatchGetAdjustmentsRequest": (
        ["transaction_id", "operator"],
        ["transaction_id", "operator", "id AS row_id"],
    ),
    "ListContractsRequest": (
        ["number", "payment_plan"],
        ["number", "payment_plan", "currency_code", "create_time AS sort_value", "id AS row_id"],
    ),
    "BatchGetContractsRequest": (["id", "end_reason"], ["id", "end_reason", "id AS row_id"]),
    "BatchGetConsumptionDetailsRequest": (
        ["id", "indirect_partner_id"],
        ["id", "partner_id", "tenant_id", "id AS row_id"],
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def spending(running: Any) -> Spending:
    """Give one customer's voucher and detail, with something in nearly every field."""
    billing: RunningService = await running("billing")
    made = await a_spending_tenant(billing, customers=1, each=1)
    await hold_a_part(billing, made)
    administrator = an_administrator(made.tenant)
    async with billing.database.transaction(administrator) as session:
        await session.execute(
            update(Voucher)
            .where(Voucher.tenant_id == made.tenant)
            .values(
                last_use_time=func.now(),
                order_number="O-1",
                lock_order_number="O-2",
                is_frozen=True,
            )
        )
    await _fill_accounts(billing, made)
    stranger = to_text("cus", new_id())
    await billing.call(an_issue(made.quota_ids[0], [stranger]), principal=administrator)
    settings = consumption_pb2.ConsumptionSettings(history_months=1200)
    await billing.call(
        consumption_pb2.UpdateConsumptionSettingsRequest(request_id="s", settings=settings),
        principal=an_operator(made.tenant),
    )
    return made


async def hold_a_part(billing: RunningService, spending: Spending) -> None:
    """Let an unpaid order hold a part of each voucher: only then is its number shown."""
    ledger = TenantLedger(billing.database, spending.tenant)
    async with ledger.transaction() as session:
        vouchers = await list_usable(
            session,
            scope=ledger.principal.scope,
            customer_ids=[ids.from_text("cus", one, field="id") for one in spending.customer_ids],
            at=datetime.now(UTC),
        )
    for voucher in vouchers:
        sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)
        await ledger.reserve(voucher.account_id, sink, 1, unit=voucher.unit)


async def _fill_accounts(billing: RunningService, made: Spending) -> None:
    """Set an alert on the partner's cash, and allocate some of it."""
    cash, customer_id = made.account_ids[0], uuid_of(made.customer_ids[0])
    alert = accounts_pb2.SetBalanceAlertRequest(
        request_id="a", account_id=cash, threshold=money("1 CNY"), receivers=["a@b.example"]
    )
    await billing.call(alert, principal=an_administrator(made.tenant))
    holder = Holder.customer(customer_id, partner_id=made.tenant)
    theirs = await open_cash(billing, made.tenant, holder)
    await move(billing, made.tenant, uuid_of(cash), theirs, "1 CNY")


async def read(billing: RunningService, spending: Spending, request: Any, *paths: str) -> list[Any]:
    """Ask for the fields named, or for all."""
    masked = type(request)()
    masked.CopyFrom(request)
    masked.read_mask.paths.extend(paths)
    answer = await billing.call(masked, principal=an_administrator(spending.tenant))
    return resources_of(answer)


def only(whole: Any, *names: str) -> bytes:
    """Leave out all fields of a message but those named."""
    kept = type(whole)()
    kept.CopyFrom(whole)
    for field in whole.DESCRIPTOR.fields:
        if field.name not in names:
            kept.ClearField(field.name)
    written: bytes = kept.SerializeToString(deterministic=True)
    return written


async def test_a_mask_of_each_single_field_gives_what_the_whole_has(
    billing: RunningService, spending: Spending
) -> None:
    unseen = set()

    for request in spending.requests:
        whole = await read(billing, spending, request)
        for field in whole[0].DESCRIPTOR.fields:
            masked = await read(billing, spending, request, field.name)
            written = [one.SerializeToString(deterministic=True) for one in masked]
            assert written == [only(one, field.name) for one in whole], field.full_name
            if not any(written):
                unseen.add(f"{whole[0].DESCRIPTOR.name}.{field.name}")

    kinds = {"service_type_code", "service_type_name", "charging_mode", "bill_type"}
    assert unseen == UNSEEN | {f"ConsumptionSummary.{kind}" for kind in kinds}


async def test_a_star_is_everything(billing: RunningService, spending: Spending) -> None:
    for request in spending.requests:
        assert await read(billing, spending, request, "*") == await read(billing, spending, request)


async def test_two_fields_come_out_of_their_columns_alone(
    billing: RunningService, spending: Spending
) -> None:
    requests = {type(request).__name__: request for request in spending.requests}

    for name, (paths, columns) in SELECTED.items():
        whole = await read(billing, spending, requests[name])
        with statements(billing.database) as asked:
            masked = await read(billing, spending, requests[name], *paths)

        written = [one.SerializeToString(deterministic=True) for one in masked]
        assert written == [only(one, *paths) for one in whole], name
        (statement,) = asked
        innermost = re.findall(r"SELECT (\w+\..*?) \s*FROM (\w+)", statement, re.DOTALL)
        selected, table = innermost[-1] if "LATERAL" in statement else innermost[0]
        assert selected.replace(f"{table}.", "").split(", ") == columns, name
        # Whose statements they are, only the accounts say.
        assert "JOIN accounts" not in statement or "StatementEntries" in name


async def test_what_lies_in_the_account_needs_it_and_nothing_else_does(
    billing: RunningService, spending: Spending
) -> None:
    request = vouchers_pb2.ListVouchersRequest()
    fields = [field.name for field in vouchers_pb2.Voucher.DESCRIPTOR.fields]

    joining = set()
    for name in fields:
        with statements(billing.database) as asked:
            await read(billing, spending, request, name)
        if "JOIN accounts" in asked[0]:
            joining.add(name)

    assert joining == {"balance", "state", "lock_order_number"}


async def test_a_mask_that_names_no_field_is_refused_by_every_read(
    billing: RunningService, spending: Spending
) -> None:
    for request in spending.requests:
        masked = type(request)(read_mask=FieldMask(paths=["colour"]))

        with statements(billing.database) as asked:
            refusal = await billing.refusal(masked, principal=an_administrator(spending.tenant))

        assert refusal.code == "INVALID_ARGUMENT"
        assert [path for path, _ in refusal.violations] == ["read_mask.paths[0]"]
        assert asked == []
