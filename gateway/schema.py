"""The graph: its parts, put together. Run as a module, it prints the types."""

import sys

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.billing import (
    accounts,
    adjustments,
    consumption,
    contracts,
    payments,
    statements,
    top_ups,
    verification_codes,
    voucher_quotas,
    vouchers,
    withdrawals,
)
from gateway.billing import exports as billing_exports
from gateway.customers import account_managers, customers, partners, resources
from gateway.customers import exports as customer_exports
from gateway.exports import ExportSubscription
from gateway.incentives import exports as incentive_exports
from gateway.incentives import incentives
from gateway.incentives.errors import IncentiveUserError
from gateway.kit.contract import resource_of
from gateway.kit.fields import bind, bound
from gateway.kit.nodes import AnyNode, AnyNodes, Node
from gateway.kit.scalars import SCALARS
from gateway.me import MeQuery
from gateway.operation_logs import OperationLogQuery
from gateway.programs import exports as program_exports
from gateway.programs import programs
from gateway.programs.errors import ProgramUserError


@strawberry.type
class NodeQuery:
    node: Node | None = bound(
        AnyNode(), description="Finds anything by its id; null where the viewer sees no such thing."
    )
    nodes: list[Node | None] | None = bound(
        AnyNodes(), description="Finds many things by their ids, in the order asked."
    )


@strawberry.type(description="What can be read.")
class Query(
    NodeQuery,
    MeQuery,
    account_managers.AccountManagerQuery,
    partners.PartnerQuery,
    customers.CustomerQuery,
    accounts.AccountQuery,
    top_ups.TopUpQuery,
    statements.StatementQuery,
    voucher_quotas.VoucherQuotaQuery,
    vouchers.VoucherQuery,
    adjustments.AdjustmentQuery,
    consumption.ConsumptionQuery,
    verification_codes.VerificationCodeQuery,
    withdrawals.WithdrawalQuery,
    contracts.ContractQuery,
    payments.PaymentQuery,
    incentives.IncentiveQuery,
    programs.ProgramQuery,
    OperationLogQuery,
    customer_exports.CustomerExportQuery,
    billing_exports.BillingExportQuery,
    incentive_exports.IncentiveExportQuery,
    program_exports.ProgramExportQuery,
):
    pass


@strawberry.type(description="What can be changed.")
class Mutation(
    account_managers.AccountManagerMutation,
    customers.CustomerMutation,
    accounts.AccountMutation,
    top_ups.TopUpMutation,
    voucher_quotas.VoucherQuotaMutation,
    vouchers.VoucherMutation,
    adjustments.AdjustmentMutation,
    verification_codes.VerificationCodeMutation,
    withdrawals.WithdrawalMutation,
    contracts.ContractMutation,
    payments.PaymentMutation,
    customer_exports.CustomerExportMutation,
    billing_exports.BillingExportMutation,
    incentive_exports.IncentiveExportMutation,
    program_exports.ProgramExportMutation,
):
    pass


@strawberry.type(description="What can be followed.")
class Subscription(ExportSubscription):
    pass


# Found only as what a node or a user error is.
TYPES = (
    *account_managers.TYPES,
    *vouchers.TYPES,
    resources.Resource,
    IncentiveUserError,
    ProgramUserError,
)
# The rpcs that send the files of exports, by the prefixes of their ids.
DOWNLOADS = {
    resource_of(rpc.request_field("id")): rpc
    for rpc in (
        customer_exports.DOWNLOAD,
        billing_exports.DOWNLOAD,
        incentive_exports.DOWNLOAD,
        program_exports.DOWNLOAD,
    )
}


def make_schema() -> strawberry.Schema:
    """Put the graph together.

    :raises BindingRefused: where a declaration and the contract disagree.
    """
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=TYPES,
        config=StrawberryConfig(scalar_map=SCALARS, sort_schema=True),
    )
    # Strawberry has no public name for it, though its own integrations live from it.
    bind(schema._schema)  # noqa: SLF001
    return schema


schema = make_schema()

if __name__ == "__main__":
    sys.stdout.write(schema.as_str() + "\n")
