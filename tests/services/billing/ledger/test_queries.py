"""Accounts, read inside the scope of who asks."""

from services.billing.ledger import queries
from services.billing.ledger.chart import AccountKind
from services.kit.ids import new_id
from tests.builders.ledger import TenantLedger, yuan
from tests.builders.principals import an_administrator


async def test_accounts_are_given_in_the_order_asked_and_without_those_of_others(
    ledger: TenantLedger,
) -> None:
    reseller_id = new_id()
    first = await ledger.open(partner_id=ledger.tenant_id, filled_with=10)
    second = await ledger.open(partner_id=reseller_id, filled_with=20)
    foreign = await TenantLedger(ledger.database).open()
    wanted = [second, foreign, first]

    found = []
    for partner_id in (ledger.tenant_id, reseller_id):
        principal = an_administrator(ledger.tenant_id, partner_id=partner_id)
        async with ledger.database.transaction(principal) as session:
            accounts = await queries.batch_get(session, scope=principal.scope, ids=wanted)
        found.append([(account.id, account.balance) for account in accounts])

    assert found == [[(second, yuan(20)), (first, yuan(10))], [(second, yuan(20))]]


async def test_list_by_holder_gives_a_holders_accounts_of_these_kinds(
    ledger: TenantLedger,
) -> None:
    account = await ledger.account(await ledger.open(AccountKind.VOUCHER))
    scope = ledger.principal.scope

    async with ledger.transaction() as session:
        found = [
            await queries.list_by_holder(
                session, scope=scope, holder_id=account.holder_id, kinds=[kind]
            )
            for kind in (AccountKind.VOUCHER, AccountKind.VQ_USED)
        ]

    assert [[one.id for one in accounts] for accounts in found] == [[account.id], []]
