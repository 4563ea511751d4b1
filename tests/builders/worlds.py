"""Two tenants with something in every table, each text of theirs marked with a canary."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from partner.billing.v1 import (
    accounts_pb2,
    consumption_pb2,
    contracts_pb2,
    verification_codes_pb2,
    voucher_quotas_pb2,
    vouchers_pb2,
)
from partner.billing.v1 import exports_pb2 as billing_exports
from partner.customers.v1 import (
    account_managers_pb2,
    customers_pb2,
    partners_pb2,
    resources_pb2,
)
from partner.customers.v1 import exports_pb2 as customer_exports
from partner.incentives.v1 import exports_pb2 as incentive_exports
from partner.incentives.v1 import incentives_pb2
from partner.programs.v1 import exports_pb2 as program_exports
from partner.programs.v1 import programs_pb2
from partner.type.v1 import money_pb2, terms_pb2
from partner_center.verification import sealed_in
from services.billing.accounts.model import Holder
from services.kit import ids
from services.kit.config import SERVICES
from tests.builders import funds, principals, withdrawals
from tests.builders.exports import an_export, ask_for, download
from tests.builders.holdings import NAMES, Holding, Tenant
from tests.builders.probes import BILLING_CYCLE
from tests.builders.tampering import seal_everything
from tests.builders.verification import a_code
from tests.builders.world_adjustments import fill_adjustments
from tests.builders.world_payments import fill_payments

RunService = Callable[[str], Awaitable[Any]]
ONE = money_pb2.Money(amount="1.00", currency_code="USD")
FOCUS_COLUMNS = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargeCategory,ChargeFrequency,ChargePeriodStart,ChargePeriodEnd,ListCost,ContractedCost,"
    "EffectiveCost,ProviderName,PublisherName,InvoiceIssuerName,ServiceCategory,ServiceName,"
    "ChargeDescription,ResourceId,ResourceName,SkuId,SubAccountId,SubAccountName,Tags"
)


async def a_world(run: RunService) -> Tenant:
    """Fill a new tenant through the real rpcs."""
    tenant_id = principals.a_tenant()
    tenant = Tenant(
        tenant_id,
        *(Holding(name, tenant_id) for name in NAMES),
    )
    await _fill_customers(run, tenant)
    await _fill_billing(run, tenant)
    await _fill_incentives(run, tenant)
    await _fill_programs(run, tenant)
    await _fill_exports(run, tenant)
    for service in SERVICES:
        await seal_everything((await run(service)).database, sealed_in(service))
    return tenant


async def _fill_exports(run: RunService, tenant: Tenant) -> None:
    """Let the administrator have a file of each service, and download it."""
    for request in (
        ask_for(billing_exports, consumption_details={"billing_cycle": BILLING_CYCLE}),
        ask_for(customer_exports, resources={}),
        ask_for(incentive_exports, incentives={}),
        ask_for(program_exports, program_memberships={}),
    ):
        service = await run(request.DESCRIPTOR.file.package.split(".")[1])
        export = await an_export(service, request, principal=tenant.administrator)
        await download(service, export, principal=tenant.administrator)
        tenant.of_first_manager.things[export.id.partition("_")[0]] = export.id


async def _fill_customers(run: RunService, tenant: Tenant) -> None:
    service = await run("customers")
    canary = tenant.of_first_manager.canary
    await service.call(
        partners_pb2.CreatePartnerRequest(
            request_id=str(uuid4()),
            kind=partners_pb2.PARTNER_KIND_DISTRIBUTOR,
            name=canary,
            account_name=canary,
            email=f"root@{canary}.example",
            mobile="13900000001",
            currency_code="USD",
        ),
        principal=tenant.operator,
    )
    for holding in tenant.holdings:
        await _fill_people(service, tenant, holding)
    await service.call(
        customers_pb2.RevealCustomersRequest(
            request_id=str(uuid4()),
            customer_ids=[tenant.of_first_manager.things["cus"]],
            reason=canary,
        ),
        principal=tenant.administrator,
    )


async def _fill_people(service: Any, tenant: Tenant, holding: Holding) -> None:
    canary = holding.canary
    holding.things["ptr"] = ids.to_text("ptr", tenant.id)
    if "reseller" in holding.name:
        reseller = await service.call(
            partners_pb2.CreateIndirectPartnerRequest(
                request_id=str(uuid4()), name=canary, account_name=canary
            ),
            principal=tenant.operator,
        )
        holding.things["ptr"] = reseller.id
    manager = await service.call(
        account_managers_pb2.CreateAccountManagerRequest(
            request_id=str(uuid4()), account_name=canary, name=canary
        ),
        principal=principals.an_administrator(tenant.id, partner_id=holding.id("ptr")),
    )
    holding.things["mgr"] = manager.id
    made = await service.call(
        customers_pb2.EnsureCustomersRequest(
            request_id=str(uuid4()),
            customers=[_new_customer(holding, is_resellers="reseller" in holding.name)],
        ),
        principal=tenant.operator,
    )
    holding.things["cus"] = made.customers[0].id
    await service.call(
        resources_pb2.EnsureResourcesRequest(
            request_id=str(uuid4()), resources=[_resource(holding)]
        ),
        principal=tenant.operator,
    )
    listed = await service.call(
        resources_pb2.ListResourcesRequest(customer_id=holding.things["cus"]),
        principal=tenant.administrator,
    )
    holding.things["res"] = listed.resources[0].id


def _new_customer(holding: Holding, *, is_resellers: bool) -> customers_pb2.NewCustomer:
    return customers_pb2.NewCustomer(
        external_id=holding.canary,
        external_platform="cloud",
        account_name=holding.canary,
        name=holding.canary,
        customer_type=customers_pb2.CUSTOMER_TYPE_ENTERPRISE,
        association_type=terms_pb2.ASSOCIATION_TYPE_RESALE,
        indirect_partner_id=holding.things["ptr"] if is_resellers else None,
        account_manager_id=holding.things["mgr"],
        tags=[holding.canary],
        email=f"{holding.canary}@{holding.canary}.example",
        mobile="13912345678",
        country_code="86",
        verification_status=customers_pb2.VERIFICATION_STATUS_VERIFIED,
        freeze_state=customers_pb2.FREEZE_STATE_NONE,
        enterprise_role=customers_pb2.ENTERPRISE_ROLE_NONE,
        level=customers_pb2.CUSTOMER_LEVEL_V0,
    )


def _resource(holding: Holding) -> resources_pb2.Resource:
    return resources_pb2.Resource(
        cloud_resource_id=holding.canary,
        resource_name=holding.canary,
        customer_id=holding.things["cus"],
        charging_mode=terms_pb2.CHARGING_MODE_PAY_PER_USE,
        service_type_code=holding.canary,
        resource_type_code=holding.canary,
        state=resources_pb2.RESOURCE_STATE_ACTIVE,
    )


async def _fill_billing(run: RunService, tenant: Tenant) -> None:
    service = await run("billing")
    await service.stream(
        focus_pieces(tenant.holdings),
        of=consumption_pb2.ImportConsumptionRequest,
        principal=tenant.operator,
    )
    await service.call(
        consumption_pb2.UpdateConsumptionSettingsRequest(
            request_id=str(uuid4()),
            settings=consumption_pb2.ConsumptionSettings(history_months=600),
        ),
        principal=tenant.operator,
    )
    quota = await service.call(
        voucher_quotas_pb2.GrantVoucherQuotaRequest(
            request_id=str(uuid4()),
            coupon_type=vouchers_pb2.COUPON_TYPE_VOUCHER,
            face_total=money_pb2.Money(amount="1000.00", currency_code="USD"),
            expire_time=Timestamp(seconds=4_000_000_000),
        ),
        principal=tenant.operator,
    )
    for holding in tenant.holdings:
        await _fill_funds(service, tenant, holding, quota_id=quota.id)
        await _fill_contracts(service, tenant, holding)
    await _fill_verification(service, tenant)
    await _fill_accounts(service, tenant)
    await _fill_withdrawals(service, tenant)
    await fill_payments(service, tenant)


async def _fill_accounts(service: Any, tenant: Tenant) -> None:
    """Give the root partner money, credit, an alert and arrears, and each reseller an account."""
    canary = tenant.of_first_manager.canary
    paid = await funds.top_up(service, tenant.id, "1000 USD", channel_number=canary, memo=canary)
    await funds.grant_credit(service, tenant.id, "1000 USD")
    await service.call(
        accounts_pb2.SetInvoiceArrearsRequest(
            request_id=str(uuid4()), partner_id=paid.partner_id, amount=ONE
        ),
        principal=tenant.operator,
    )
    await service.call(
        accounts_pb2.SetBalanceAlertRequest(
            request_id=str(uuid4()),
            account_id=paid.account_id,
            threshold=ONE,
            receivers=[f"{canary}@tenant.example"],
        ),
        principal=tenant.administrator,
    )
    for holding in tenant.holdings:
        if "reseller" in holding.name:
            account = await funds.open_cash(
                service, tenant.id, Holder.partner(holding.id("ptr")), "USD"
            )
            holding.things["acc"] = ids.to_text("acc", account)
        else:
            holding.things |= {"acc": paid.account_id, "tup": paid.id}
    await fill_adjustments(service, tenant)


async def _fill_funds(service: Any, tenant: Tenant, holding: Holding, *, quota_id: str) -> None:
    details = await service.call(
        consumption_pb2.BatchListConsumptionDetailsRequest(
            customer_ids=[holding.things["cus"]],
            filter=consumption_pb2.ConsumptionFilter(billing_cycle=BILLING_CYCLE),
        ),
        principal=principals.an_administrator(tenant.id, partner_id=holding.id("ptr")),
    )
    holding.things["con"] = details.groups[0].details[0].id
    holding.things["quo"] = quota_id
    if "reseller" in holding.name:
        given = await service.call(
            voucher_quotas_pb2.GrantSubQuotaRequest(
                request_id=str(uuid4()),
                quota_id=quota_id,
                indirect_partner_ids=[holding.things["ptr"]],
                amount=money_pb2.Money(amount="100.00", currency_code="USD"),
            ),
            principal=tenant.administrator,
        )
        holding.things["quo"] = given.results[0].quota.id
    issued = await service.call(
        vouchers_pb2.IssueVouchersRequest(
            request_id=str(uuid4()),
            quota_id=holding.things["quo"],
            customer_ids=[holding.things["cus"]],
            face_value=ONE,
            memo=holding.canary,
        ),
        principal=principals.an_administrator(tenant.id, partner_id=holding.id("ptr")),
    )
    holding.things["cpn"] = issued.results[0].voucher.id


async def _fill_verification(service: Any, tenant: Tenant) -> None:
    """Let each partner have a contact, and its administrator wait for a code."""
    of_partners = {holding.things["ptr"]: holding for holding in reversed(tenant.holdings)}
    for holding in of_partners.values():
        administrator = principals.an_administrator(tenant.id, partner_id=holding.id("ptr"))
        await service.call(
            verification_codes_pb2.SetVerificationRequest(
                request_id=str(uuid4()), email=f"{holding.canary}@partner.example"
            ),
            principal=administrator,
        )
        challenge = await service.call(
            verification_codes_pb2.RequestVerificationCodeRequest(
                request_id=str(uuid4()),
                operation=verification_codes_pb2.VERIFICATION_OPERATION_WITHDRAW,
                channel=verification_codes_pb2.VERIFICATION_CHANNEL_EMAIL,
            ),
            principal=administrator,
        )
        holding.things["vch"] = challenge.id


async def _fill_withdrawals(service: Any, tenant: Tenant) -> None:
    """Let the root partner wait for money that goes to a bank account."""
    canary = tenant.of_first_manager.canary
    await withdrawals.verify_payee(service, tenant.id, name=canary)
    await funds.top_up(
        service,
        tenant.id,
        "1000 USD",
        channel=withdrawals.ALIPAY,
        pay_time=Timestamp(seconds=1_600_000_000),
    )
    bank = {
        "bank_name": canary, "branch": canary, "account_name": canary, "account_number": "1" * 16
    }  # fmt: skip
    principal = withdrawals.somebody(tenant.id)
    application = withdrawals.an_application("1 USD", kind="BANK_CARD", bank=bank)
    application.verification.CopyFrom(await a_code(service, principal))
    made = await service.call(application, principal=principal)
    for holding in (tenant.of_first_manager, tenant.of_second_manager):
        holding.things["wdr"] = made.id


async def _fill_contracts(service: Any, tenant: Tenant, holding: Holding) -> None:
    """Let the partner apply for a contract; the second manager's partner is the first's."""
    await service.call(
        contracts_pb2.PutContractPartyRequest(
            request_id=str(uuid4()),
            partner_id=holding.things["ptr"],
            legal_name=holding.canary,
            contracting_entity=holding.canary,
            verified=True,
        ),
        principal=tenant.operator,
    )
    contract = await service.call(
        contracts_pb2.ApplyContractRequest(
            request_id=str(uuid4()),
            terms=contracts_pb2.ContractTerms(
                name=holding.canary,
                amount=ONE,
                promised_payment_date=date_pb2.Date(year=2099, month=1, day=1),
            ),
        ),
        principal=principals.an_administrator(tenant.id, partner_id=holding.id("ptr")),
    )
    holding.things["ctr"] = contract.id


def focus_pieces(holdings: Sequence[Holding]) -> list[consumption_pb2.ImportConsumptionRequest]:
    """Give an import of one charge for each holding's customer: its header and its file."""
    lines = [
        f"1.5,acct,USD,{BILLING_CYCLE}-01T00:00:00Z,{BILLING_CYCLE}-28T00:00:00Z,Usage,Usage-Based,"
        f"{BILLING_CYCLE}-02T00:00:00Z,{BILLING_CYCLE}-02T01:00:00Z,2,1.5,1.5,cloud,cloud,"
        f"{one.canary},Compute,{one.canary},{one.canary},{one.canary},{one.canary},{one.canary},"
        f"{one.canary},{one.canary},{one.canary}"
        for one in holdings
    ]
    header = consumption_pb2.ImportHeader(
        request_id=str(uuid4()),
        file_name=holdings[0].canary,
        association_type=terms_pb2.ASSOCIATION_TYPE_RESALE,
    )
    file = "\n".join([FOCUS_COLUMNS, *lines]).encode()
    return [
        consumption_pb2.ImportConsumptionRequest(header=header),
        consumption_pb2.ImportConsumptionRequest(data=file),
    ]


async def _fill_incentives(run: RunService, tenant: Tenant) -> None:
    service = await run("incentives")
    for holding in tenant.holdings:
        recorded = await service.call(
            incentives_pb2.RecordIncentivesRequest(
                request_id=str(uuid4()), incentives=[_incentive(tenant, holding)]
            ),
            principal=tenant.operator,
        )
        holding.things["inc"] = recorded.incentives[0].id


def _incentive(tenant: Tenant, holding: Holding) -> incentives_pb2.Incentive:
    line = incentives_pb2.Incentive(
        year=2026,
        period=BILLING_CYCLE,
        plan_name=holding.canary,
        order_number=holding.canary,
        customer_id=holding.things["cus"],
        customer_name=holding.canary,
        customer_account_name=holding.canary,
        partner_id=ids.to_text("ptr", tenant.id),
        account_manager_id=holding.things["mgr"],
        account_manager_name=holding.canary,
        service_type_code=holding.canary,
        association_type=terms_pb2.ASSOCIATION_TYPE_RESALE,
        charging_mode=terms_pb2.CHARGING_MODE_PAY_PER_USE,
        consumption_amount=ONE,
        performance_amount=ONE,
        amount=ONE,
        state=incentives_pb2.INCENTIVE_STATE_AVAILABLE,
    )
    line.rate.value = "0.1"
    return line


async def _fill_programs(run: RunService, tenant: Tenant) -> None:
    service = await run("programs")
    canary = tenant.of_everybody.canary
    program = await service.call(
        programs_pb2.CreateProgramRequest(
            request_id=str(uuid4()),
            program=programs_pb2.Program(
                code=canary[:20],
                program_type=programs_pb2.PROGRAM_TYPE_COMPETENCY,
                name=canary,
                description=canary,
                tiers=[canary],
                state=programs_pb2.PROGRAM_STATE_OPEN,
                agreement=programs_pb2.Agreement(name=canary, version="1"),
            ),
        ),
        principal=tenant.operator,
    )
    partner_id = ids.to_text("ptr", tenant.id)
    application = await service.call(
        programs_pb2.RecordProgramApplicationRequest(
            request_id=str(uuid4()),
            application=programs_pb2.ProgramApplication(
                program_id=program.id,
                partner_id=partner_id,
                kind=programs_pb2.APPLICATION_KIND_JOIN,
                applied_tier=canary,
                state=programs_pb2.APPLICATION_STATE_UNDER_REVIEW,
                submit_time=Timestamp(seconds=1_700_000_000),
            ),
        ),
        principal=tenant.operator,
    )
    membership = await service.call(
        programs_pb2.RecordProgramMembershipRequest(
            request_id=str(uuid4()),
            membership=programs_pb2.ProgramMembership(
                program_id=program.id,
                partner_id=partner_id,
                tier=canary,
                join_time=Timestamp(seconds=1_700_000_000),
                state=programs_pb2.MEMBERSHIP_STATE_ACTIVE,
            ),
        ),
        principal=tenant.operator,
    )
    tenant.of_everybody.things |= {"prg": program.id, "app": application.id, "mem": membership.id}
