"""The demo's incentives, programs, applications and memberships."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from google.type.decimal_pb2 import Decimal as DecimalMessage

from partner.customers.v1 import customers_pb2
from partner.incentives.v1 import incentives_pb2, incentives_pb2_grpc
from partner.programs.v1 import programs_pb2, programs_pb2_grpc
from partner.type.v1 import money_pb2, terms_pb2
from partner_center.demo.catalogue import resources_of
from partner_center.demo.companies import Company
from partner_center.demo.people import moment
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit import ids

RATES = (Decimal("0.05"), Decimal("0.1"), Decimal("0.15"))
PROGRAMS = (
    ("SP", programs_pb2.PROGRAM_TYPE_SOLUTION_PROVIDER, "Solution Provider Program", True),
    ("PCE", programs_pb2.PROGRAM_TYPE_PARTNER_CO_EXPANSION, "Partner Co-Expansion", False),
    ("COMP", programs_pb2.PROGRAM_TYPE_COMPETENCY, "Competency Program 能力伙伴计划", True),
)


async def record_incentives(
    rpcs: Rpcs, tenant: Tenant, customers: Sequence[customers_pb2.Customer], *,
    companies: Sequence[Company], currency_code: str, today: date,
) -> None:  # fmt: skip
    # Customers are answered with their names masked; the platform knows them in full.
    names = {company.external_id: company for company in companies}
    lines = [
        _incentive(
            tenant,
            customer,
            names[customer.external_id],
            months_ago=months,
            currency_code=currency_code,
            today=today,
        )
        for months in (1, 2, 3)
        for customer in customers
        if customer.association_type == terms_pb2.ASSOCIATION_TYPE_RESALE
    ]
    await rpcs(
        "incentives",
        incentives_pb2_grpc.IncentiveServiceStub,
        "RecordIncentives",
        incentives_pb2.RecordIncentivesRequest(
            request_id=tenant.request_id("incentives", today), incentives=lines
        ),
        principal=tenant.operator,
    )


def _incentive(
    tenant: Tenant, customer: customers_pb2.Customer, company: Company, *, months_ago: int,
    currency_code: str, today: date,
) -> incentives_pb2.Incentive:  # fmt: skip
    draw = Random(f"{customer.external_id} {months_ago}")  # noqa: S311 - sample data
    month = (today.replace(day=1) - timedelta(days=28 * months_ago)).replace(day=1)
    consumed = Decimal(draw.randrange(1_000, 900_000)) / 100
    rate = draw.choice(RATES)
    product = draw.choice(resources_of(customer.external_id)).product

    def money(amount: Decimal) -> money_pb2.Money:
        return money_pb2.Money(amount=f"{amount:f}", currency_code=currency_code)

    return incentives_pb2.Incentive(
        year=month.year,
        period=f"{month:%Y-%m}",
        plan_name=f"Cloud Growth {month.year}",
        order_number=f"CS{draw.getrandbits(40):013d}",
        customer_id=customer.id,
        customer_name=company.name,
        customer_account_name=company.account_name,
        partner_id=ids.to_text("ptr", tenant.id),
        indirect_partner_id=(
            customer.indirect_partner_id if customer.HasField("indirect_partner_id") else None
        ),
        account_manager_id=(
            customer.account_manager_id if customer.HasField("account_manager_id") else None
        ),
        service_type_code=product.service.lower().replace(" ", "-"),
        service_type_name=product.service,
        association_type=customer.association_type,
        charging_mode=terms_pb2.CHARGING_MODE_PAY_PER_USE,
        consumption_amount=money(consumed),
        performance_amount=money(consumed),
        rate=DecimalMessage(value=f"{rate:f}"),
        amount=money((consumed * rate).quantize(Decimal("0.01"))),
        state=(
            incentives_pb2.INCENTIVE_STATE_ESTIMATED
            if months_ago == 1
            else incentives_pb2.INCENTIVE_STATE_AVAILABLE
        ),
    )


async def record_programs(rpcs: Rpcs, tenant: Tenant, *, partner_id: UUID, today: date) -> None:
    """Offer three programs; the partner is in one, has applied for the tier above and another."""
    offered = [
        await _create(rpcs, tenant, code=code, kind=kind, name=name, reviewed=reviewed)
        for code, kind, name, reviewed in PROGRAMS
    ]
    partner = ids.to_text("ptr", partner_id)
    await _join(rpcs, tenant, offered[0], partner=partner, today=today)
    for program, kind in (
        (offered[0], programs_pb2.APPLICATION_KIND_TIER_UPGRADE),
        (offered[2], programs_pb2.APPLICATION_KIND_JOIN),
    ):
        await _apply(rpcs, tenant, program, kind=kind, partner=partner, today=today)


async def _join(
    rpcs: Rpcs, tenant: Tenant, program: programs_pb2.Program, *, partner: str, today: date
) -> None:
    await rpcs(
        "programs",
        programs_pb2_grpc.ProgramServiceStub,
        "RecordProgramMembership",
        programs_pb2.RecordProgramMembershipRequest(
            request_id=tenant.request_id("membership"),
            membership=programs_pb2.ProgramMembership(
                program_id=program.id,
                partner_id=partner,
                tier="Advanced",
                join_time=moment(today - timedelta(days=500)),
                expire_time=moment(today + timedelta(days=230)),
                state=programs_pb2.MEMBERSHIP_STATE_ACTIVE,
                certificate_number=f"PC-{tenant.id.hex[:8].upper()}",
            ),
        ),
        principal=tenant.operator,
    )


async def _apply(
    rpcs: Rpcs,
    tenant: Tenant,
    program: programs_pb2.Program,
    *,
    kind: programs_pb2.ApplicationKind.ValueType,
    partner: str,
    today: date,
) -> None:
    contact = programs_pb2.ProgramApplication.Contact(
        name="Chen Yu", email="chen.yu@partner.example", mobile="13900001234"
    )
    await rpcs(
        "programs",
        programs_pb2_grpc.ProgramServiceStub,
        "RecordProgramApplication",
        programs_pb2.RecordProgramApplicationRequest(
            request_id=tenant.request_id("application", program.code),
            application=programs_pb2.ProgramApplication(
                program_id=program.id,
                partner_id=partner,
                kind=kind,
                applied_tier="Premier",
                state=programs_pb2.APPLICATION_STATE_UNDER_REVIEW,
                contacts=[contact],
                agreements=[_agreement(program)],
                submit_time=moment(today - timedelta(days=6)),
            ),
        ),
        principal=tenant.operator,
    )


async def _create(
    rpcs: Rpcs,
    tenant: Tenant,
    *,
    code: str,
    kind: programs_pb2.ProgramType.ValueType,
    name: str,
    reviewed: bool,
) -> programs_pb2.Program:
    program: programs_pb2.Program = await rpcs(
        "programs",
        programs_pb2_grpc.ProgramServiceStub,
        "CreateProgram",
        programs_pb2.CreateProgramRequest(
            request_id=tenant.request_id("program", code),
            program=programs_pb2.Program(
                code=code,
                program_type=kind,
                name=name,
                description=f"{name}: benefits, training and funds for members.",
                tiers=["Registered", "Advanced", "Premier"],
                requirements=["A verified company", "Two certified engineers"],
                agreement=programs_pb2.Agreement(name=f"{name} agreement", version="2026-01"),
                requires_review=reviewed,
                state=programs_pb2.PROGRAM_STATE_OPEN,
            ),
        ),
        principal=tenant.operator,
    )
    return program


def _agreement(program: programs_pb2.Program) -> programs_pb2.Agreement:
    return programs_pb2.Agreement(name=program.agreement.name, version=program.agreement.version)
