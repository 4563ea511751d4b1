"""How often the reads of billing ask their database: once, however much there is."""

from services.billing.exports.servicer import ExportServicer
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService
from tests.builders.spending import Spending, a_spending_tenant, resources_of
from tests.builders.statements import statements


async def counts(billing: RunningService, spending: Spending) -> dict[str, tuple[int, int]]:
    """Give how many statements each rpc took, and how many resources it gave."""
    found = {}
    for request in spending.requests:
        with statements(billing.database) as asked:
            answer = await billing.call(request, principal=an_administrator(spending.tenant))
        found[type(request).__name__] = (len(asked), len(resources_of(answer)))
    return found


async def test_a_read_is_one_statement_for_one_row_and_for_hundreds(
    billing: RunningService,
) -> None:
    small = await a_spending_tenant(billing, customers=1, each=1)
    large = await a_spending_tenant(billing, customers=20, each=10)

    of_small, of_large = await counts(billing, small), await counts(billing, large)

    # Cash beside the lots of credit.
    two = ("BatchGetAccountsRequest", "ListAccountsRequest", "BatchListAccountsRequest")
    assert {name: rows for name, (_, rows) in of_small.items() if rows != 1} == dict.fromkeys(
        two, 2
    )
    assert {name: rows for name, (_, rows) in of_large.items() if rows < 200} == {
        **dict.fromkeys(two, 11),
        "BatchGetCustomerBalancesRequest": 20,
        "GetBalanceAtRequest": 1,
        "BatchGetTopUpsRequest": 10,
        "ListTopUpsRequest": 10,
        "ListStatementEntriesRequest": 10,
        "BatchListStatementEntriesRequest": 10,
        "BatchGetVoucherQuotasRequest": 10,
        "ListVoucherQuotasRequest": 10,
        "BatchListVoucherQuotasRequest": 10,
        "ListConsumptionSummariesRequest": 20,
        "BatchListConsumptionSummariesRequest": 20,
        "GetConsumptionSettingsRequest": 1,
        "GetVerificationSettingsRequest": 1,
        "GetWithdrawableAmountsRequest": 1,
        "BatchGetWithdrawalsRequest": 10,
        "ListWithdrawalsRequest": 10,
        "BatchGetContractsRequest": 10,
        "ListContractsRequest": 10,
        "GetContractPartyRequest": 1,
    }
    for name, (statement_count, _) in of_large.items():
        assert statement_count == of_small[name][0] == 1, name


async def test_no_read_of_billing_is_left_out(billing: RunningService) -> None:
    spending = await a_spending_tenant(billing, customers=1, each=1)

    masked = {
        rpc.request.DESCRIPTOR.name
        for servicer in billing.servicers
        # People see only exports of their own: their statements are counted with their tests.
        if not isinstance(servicer, ExportServicer)
        for rpc in type(servicer).rpcs.values()
        if "read_mask" in rpc.request.DESCRIPTOR.fields_by_name
    }

    # Every service has the same list of operations; the kit's tests count it.
    masked.remove("ListOperationLogsRequest")
    assert {type(request).__name__ for request in spending.requests} == masked
