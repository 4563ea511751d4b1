"""Who a file's accounts and resources are: each is asked for once, and made where it is unknown."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar
from uuid import UUID

from services.billing.consumption.charges import Charge, ChargingMode
from services.billing.consumption.conditions import IndirectPartnerForbidden
from services.billing.peers import (
    BATCH_MAX,
    Account,
    Customers,
    NewAccount,
    NewResource,
    PeerRefused,
)
from services.kit.errors import NotFound
from services.kit.identity import Principal
from services.kit.jobs import step_id

# What customers keeps of a name and of a resource's id.
NAME_LENGTH_MAX: Final = 128
RESOURCE_LENGTH_MAX: Final = 512

_Item = TypeVar("_Item")


class Owners:
    """Asks the customers service for what the lines of one file name, and remembers it."""

    def __init__(
        self,
        customers: Customers,
        *,
        principal: Principal,
        import_id: UUID,
        association_type: str | None,
        indirect_partner_id: UUID | None,
    ) -> None:
        self.created_customer_count = 0
        self.created_resource_count = 0
        self.refused_resource_count = 0
        self._customers = customers
        self._principal = principal
        self._import_id = import_id
        self._association_type = association_type
        self._indirect_partner_id = indirect_partner_id
        self._step = 0
        self._accounts: dict[tuple[str, str], Account] = {}
        # Accounts that can be no customers, and why.
        self._refused: dict[tuple[str, str], str] = {}
        # Hashes of what was ensured already, eight bytes for what may be millions of long ids.
        self._resources: set[int] = set()

    def account(self, charge: Charge) -> Account | None:
        return self._accounts.get(charge.account)

    def refusal(self, charge: Charge) -> str:
        """Say why the account of a charge is no customer."""
        return self._refused[charge.account]

    async def find(self, charges: Sequence[Charge]) -> list[Account]:
        """Make sure that the accounts and resources of these charges are known.

        Give the accounts that were not asked for before.
        """
        found = await self._find_accounts(charges)
        await self._find_resources(charges)
        return found

    async def _find_accounts(self, charges: Sequence[Charge]) -> list[Account]:
        unseen: dict[tuple[str, str], NewAccount] = {}
        # The oldest charge comes last and says since when the account is a customer.
        for charge in sorted(charges, key=lambda charge: charge.consume_time, reverse=True):
            if charge.account not in self._accounts and charge.account not in self._refused:
                unseen[charge.account] = self._new_account(charge)
        found: list[Account] = []
        for batch in _batches(list(unseen.values())):
            found += await self._ensure_customers(batch)
        return found

    async def _ensure_customers(self, wanted: list[NewAccount]) -> list[Account]:
        """Ask for customers; one that is refused is left out and the others asked for again."""
        while wanted:
            try:
                accounts, created_count = await self._customers.ensure_customers(
                    wanted, principal=self._principal, request_id=self._next_request_id()
                )
            except PeerRefused as refused:
                if refused.item is None:
                    raise _refusal(refused) from refused
                account = wanted.pop(refused.item)
                self._refused[account.platform, account.external_id] = refused.flaws
            else:
                self.created_customer_count += created_count
                pairs = [(one.platform, one.external_id) for one in wanted]
                self._accounts.update(zip(pairs, accounts, strict=True))
                return accounts
        return []

    async def _find_resources(self, charges: Sequence[Charge]) -> None:
        unseen: list[NewResource] = []
        for charge in charges:
            account = self._accounts.get(charge.account)
            resource_id = charge.cloud_resource_id
            if account is None or resource_id is None:
                continue
            key = hash((account.customer_id, resource_id))
            if key in self._resources:
                continue
            self._resources.add(key)
            if len(resource_id) > RESOURCE_LENGTH_MAX:
                self.refused_resource_count += 1
            else:
                unseen.append(_new_resource(charge, account.customer_id, resource_id))
        for batch in _batches(unseen):
            await self._ensure_resources(batch)

    async def _ensure_resources(self, wanted: list[NewResource]) -> None:
        while wanted:
            try:
                self.created_resource_count += await self._customers.ensure_resources(
                    wanted, principal=self._principal, request_id=self._next_request_id()
                )
            except PeerRefused as refused:
                if refused.item is None:
                    raise
                wanted.pop(refused.item)
                self.refused_resource_count += 1
            else:
                return

    def _next_request_id(self) -> str:
        self._step += 1
        return step_id(self._import_id, self._step)

    def _new_account(self, charge: Charge) -> NewAccount:
        name = charge.sub_account_name
        return NewAccount(
            platform=charge.provider,
            external_id=charge.sub_account_id,
            name=None if name is None else name[:NAME_LENGTH_MAX].strip(),
            association_type=charge.association_type or self._association_type,
            associate_time=charge.consume_time,
            indirect_partner_id=self._indirect_partner_id,
        )


def _refusal(refused: PeerRefused) -> Exception:
    """Say in billing's words what is wrong with the whole import."""
    if refused.reason == "INDIRECT_PARTNER_FORBIDDEN":
        return IndirectPartnerForbidden("the reseller is not one of the caller's")
    if refused.reason == "NOT_FOUND":
        return NotFound("partner not found")
    return refused


def _new_resource(charge: Charge, customer_id: UUID, resource_id: str) -> NewResource:
    is_period = charge.charging_mode is ChargingMode.PERIOD
    return NewResource(
        customer_id=customer_id,
        cloud_resource_id=resource_id,
        resource_name=charge.resource_name,
        # A reservation or a plan says how its use is paid, not what the resource is.
        charging_mode=ChargingMode.PERIOD if is_period else ChargingMode.PAY_PER_USE,
        service_type_code=charge.service_type_code[:RESOURCE_LENGTH_MAX],
        service_type_name=charge.service_type_name,
        resource_type_code=(charge.resource_type_code or charge.service_type_code)[
            :RESOURCE_LENGTH_MAX
        ],
        resource_type_name=charge.resource_type_name,
        product_id=charge.product_id,
        product_spec_desc=charge.product_spec_desc,
        region_code=charge.region_code,
    )


def _batches(items: list[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), BATCH_MAX):
        yield items[start : start + BATCH_MAX]
