"""The people of one tenant, what they own, and what around them they must not see."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.kit.identity import Principal
from tests.builders import principals
from tests.builders.holdings import Holding, Tenant

# What hangs on a customer; quotas, partners and managers are shared by the people of a partner.
OF_CUSTOMERS = frozenset({"cus", "res", "con", "cpn", "inc", "adj", "txn"})
OF_PARTNERS = OF_CUSTOMERS | {"mgr", "vch", "acc", "tup", "wdr"}


@dataclass(frozen=True)
class Person:
    """Someone of tenant A: what they own, and what of A is not theirs."""

    principal: Principal
    own: dict[str, str]
    foreign: tuple[tuple[Holding, frozenset[str] | None], ...]

    @property
    def canaries(self) -> set[str]:
        """Give the texts that must never reach this person."""
        return {
            holding.canary
            for holding, prefixes in self.foreign
            if prefixes is None or "mgr" in prefixes
        }

    @property
    def secrets(self) -> set[str]:
        """Give what answers must not contain before this person names it."""
        ids_of_others = {
            id_
            for holding, prefixes in self.foreign
            for prefix, id_ in holding.things.items()
            if prefixes is None or prefix in prefixes
        }
        return self.canaries | ids_of_others - set(self.own.values())


def people(a: Tenant, b: Tenant) -> Iterator[tuple[str, Person]]:
    """Give everybody who may call in tenant A, by name; all of tenant B is foreign to them."""
    first, second = a.of_first_manager, a.of_second_manager
    reseller, other_reseller = a.of_first_reseller, a.of_second_reseller
    theirs = tuple((holding, None) for holding in (*b.holdings, b.of_everybody))
    shared = a.of_everybody.things
    beside = ((second, OF_CUSTOMERS), (other_reseller, OF_CUSTOMERS))
    manager_id, customer_id = first.id("mgr"), first.id("cus")
    yield "administrator", Person(a.administrator, first.things | shared, theirs)
    yield "finance", Person(principals.a_finance_operator(a.id), first.things | shared, theirs)
    yield "operator", Person(a.operator, first.things | shared, theirs)
    yield "system", Person(principals.a_system(a.id), first.things | shared, theirs)
    yield (
        "director",
        Person(
            principals.a_director(a.id, team=(manager_id,)),
            first.things | shared,
            (*theirs, *beside),
        ),
    )
    yield (
        "account manager",
        Person(
            principals.an_account_manager(a.id, account_manager_id=manager_id),
            first.things | shared,
            (*theirs, *beside),
        ),
    )
    yield (
        "customer",
        Person(
            principals.a_customers_user(a.id, customer_id=customer_id),
            first.things | shared,
            (*theirs, *beside),
        ),
    )
    yield (
        "reseller",
        Person(
            principals.an_administrator(a.id, partner_id=reseller.id("ptr")),
            reseller.things | shared,
            (*theirs, (first, OF_PARTNERS), (other_reseller, OF_PARTNERS | {"ptr", "quo"})),
        ),
    )
