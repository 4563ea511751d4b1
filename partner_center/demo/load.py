"""Loads the demo data through the real rpcs; a load that broke off goes on where it was."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from partner.customers.v1 import customers_pb2
from partner_center.demo import contracts, funds, people, programs, sample, spending
from partner_center.demo.companies import companies
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit import ids
from services.kit.identity import TokenSigner

PROVIDER = Tenant("solution-provider")
DISTRIBUTOR = Tenant("distributor")

Progress = Callable[[str], None]
Claims = dict[str, Any]


async def load(
    addresses: Mapping[str, str], *, signer: TokenSigner, today: date, progress: Progress
) -> dict[str, Claims]:
    """Fill two tenants and give the claims of the demo's identities, by their names.

    `progress` is told the name of each of STEPS before it begins.
    """
    async with Rpcs(addresses, signer=signer) as rpcs:
        provider = await _load_provider(rpcs, today=today, progress=progress)
        distributor = await _load_distributor(rpcs, today=today, progress=progress)
    return provider | distributor | {"operator": {"role": "OPERATOR"}}


STEPS = (
    "A solution provider and its customers",
    "The FOCUS sample of the FinOps Foundation",
    "Its 18 months of consumption",
    "Its resources",
    "Its money, vouchers and contracts",
    "Its incentives and programs",
    "A distributor with two resellers",
    "Their 18 months of consumption",
    "Their resources, money, vouchers, contracts, incentives and programs",
)


async def _load_provider(rpcs: Rpcs, *, today: date, progress: Progress) -> dict[str, Claims]:
    tenant, name = PROVIDER, "Lakeside Cloud Solutions Ltd"
    progress(STEPS[0])
    await people.create_partner(rpcs, tenant, name=name, currency_code="USD", distributor=False)
    managers = await people.create_managers(rpcs, tenant, prefix="lake", count=4)
    members = companies("lake", 64)
    customers = await people.create_customers(
        rpcs, tenant, members, managers=managers, today=today, advisory_count=10
    )
    progress(STEPS[1])
    await sample.import_sample(rpcs, tenant)
    progress(STEPS[2])
    await sample.import_charges(
        rpcs, tenant, members, partner_name=name, currency_code="USD", today=today
    )
    progress(STEPS[3])
    await people.describe_resources(rpcs, tenant, customers, today=today)
    progress(STEPS[4])
    await _load_money(
        rpcs, tenant, customers, name=name, domain="lakeside", currency_code="USD", today=today
    )
    await contracts.sign_contracts(
        rpcs, tenant, partner_name=name, currency_code="USD", today=today
    )
    progress(STEPS[5])
    await programs.record_incentives(
        rpcs, tenant, customers, companies=members, currency_code="USD", today=today
    )
    await programs.record_programs(rpcs, tenant, partner_id=tenant.id, today=today)
    root = _claims(tenant.id, tenant.id)
    team = [ids.to_text("mgr", manager) for manager in managers]
    return {
        "admin": root | {"role": "ADMINISTRATOR"},
        "finance": root | {"role": "FINANCE"},
        "director": root | {"role": "DIRECTOR", "account_manager_ids": team[:3]},
        "manager": root | {"role": "ACCOUNT_MANAGER", "account_manager_ids": team[:1]},
        "customer": root | {"role": "CUSTOMER", "customer_id": customers[-1].id},
    }


async def _load_distributor(rpcs: Rpcs, *, today: date, progress: Progress) -> dict[str, Claims]:
    tenant, name = DISTRIBUTOR, "华南云科技分销有限公司"
    progress(STEPS[6])
    await people.create_partner(rpcs, tenant, name=name, currency_code="CNY", distributor=True)
    managers = await people.create_managers(rpcs, tenant, prefix="south", count=2)
    own = companies("south", 14)
    customers = await people.create_customers(
        rpcs, tenant, own, managers=managers, today=today, advisory_count=4
    )
    resellers = await people.create_resellers(
        rpcs, tenant, names=("深圳启明信息技术有限公司", "Guilin Softworks Ltd")
    )
    theirs = {
        reseller: companies(f"tier{number}", 7) for number, reseller in enumerate(resellers, 2)
    }
    for reseller, members in theirs.items():
        customers += await people.create_customers(
            rpcs, tenant, members, managers=[], today=today, advisory_count=1, reseller_id=reseller
        )
    progress(STEPS[7])
    everyone = [*own, *(member for members in theirs.values() for member in members)]
    await sample.import_charges(
        rpcs, tenant, everyone, partner_name=name, currency_code="CNY", today=today
    )
    progress(STEPS[8])
    await people.describe_resources(rpcs, tenant, customers, today=today)
    issued = await _load_money(
        rpcs, tenant, customers[: len(own)], name=name, domain="south", currency_code="CNY",
        today=today,
    )  # fmt: skip
    await spending.share_with_resellers(
        rpcs, tenant, resellers, quota_id=issued.quota_id, currency_code="CNY"
    )
    await contracts.sign_contracts(
        rpcs, tenant, partner_name=name, currency_code="CNY", today=today
    )
    await programs.record_incentives(
        rpcs, tenant, customers, companies=everyone, currency_code="CNY", today=today
    )
    await programs.record_programs(rpcs, tenant, partner_id=tenant.id, today=today)
    return {
        "distributor": _claims(tenant.id, tenant.id) | {"role": "ADMINISTRATOR"},
        "reseller": _claims(tenant.id, resellers[0]) | {"role": "ADMINISTRATOR"},
    }


async def _load_money(
    rpcs: Rpcs, tenant: Tenant, customers: Sequence[customers_pb2.Customer], *, name: str,
    domain: str, currency_code: str, today: date,
) -> funds.Issued:  # fmt: skip
    """Let a partner have paid in, got quotas, issued vouchers to its customers, and spent some."""
    await funds.say_contact(rpcs, tenant, email=f"money@{domain}.example")
    await funds.pay_in(rpcs, tenant, currency_code=currency_code, today=today)
    await funds.verify_payee(rpcs, tenant, name=name)
    issued = await funds.issue_vouchers(
        rpcs, tenant, customers, currency_code=currency_code, today=today,
        issuer=tenant.administrator,
    )  # fmt: skip
    await spending.spend(
        rpcs, tenant, customers, vouchers=issued.vouchers, currency_code=currency_code, today=today
    )
    return issued


def _claims(tenant_id: UUID, partner_id: UUID) -> Claims:
    return {
        "tenant_id": ids.to_text("ptr", tenant_id),
        "partner_id": ids.to_text("ptr", partner_id),
    }
