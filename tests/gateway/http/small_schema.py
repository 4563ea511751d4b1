"""A schema with one of everything that the HTTP layer has to deal with."""

import asyncio
from collections.abc import AsyncGenerator

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.types import Info

from services.kit.errors import InvalidArgument


@strawberry.type
class Money:
    amount: str
    currency_code: str


@strawberry.type
class Voucher:
    id: strawberry.ID
    face_value: Money


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class VoucherEdge:
    cursor: str
    node: Voucher


@strawberry.type
class VoucherConnection:
    nodes: list[Voucher]
    page_info: PageInfo

    @strawberry.field
    def edges(self) -> list[VoucherEdge]:
        return [VoucherEdge(cursor=node.id, node=node) for node in self.nodes]


def some_vouchers(number: int) -> VoucherConnection:
    return VoucherConnection(
        nodes=[
            Voucher(
                id=strawberry.ID(f"vou-{index}"), face_value=Money(amount="1", currency_code="USD")
            )
            for index in range(number)
        ],
        page_info=PageInfo(has_next_page=False, end_cursor=None),
    )


@strawberry.type
class Customer:
    id: strawberry.ID
    name: str

    @strawberry.field
    def vouchers(self, first: int = 20) -> VoucherConnection:
        return some_vouchers(min(first, 2))

    @strawberry.field
    def partner(self) -> "Customer":
        return self

    @strawberry.field
    def tags(self) -> list["Customer"]:
        return []


@strawberry.type
class CustomerConnection:
    nodes: list[Customer]
    page_info: PageInfo


def some_customers(number: int) -> CustomerConnection:
    return CustomerConnection(
        nodes=[
            Customer(id=strawberry.ID(f"cus-{index}"), name=f"客户 {index}")
            for index in range(number)
        ],
        page_info=PageInfo(has_next_page=False, end_cursor=None),
    )


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello, {name}!"

    @strawberry.field
    def who(self, info: Info) -> str:
        return str(info.context["caller"].principal.subject)

    @strawberry.field
    def tenant(self, info: Info) -> str | None:
        tenant_id = info.context["caller"].principal.tenant_id
        return str(tenant_id) if tenant_id else None

    @strawberry.field
    def customers(self, first: int = 20) -> CustomerConnection:
        return some_customers(min(first, 3))

    @strawberry.field
    def customer(self, id: strawberry.ID) -> Customer | None:  # noqa: A002 - the argument's name
        return Customer(id=id, name="Ada")

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Customer]:
        return [Customer(id=each, name="Ada") for each in ids]

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.Event().wait()
        return "never"

    @strawberry.field
    async def nap(self) -> str:
        structlog.get_logger().info("napping")
        await asyncio.sleep(0.5)
        return "rested"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("postgresql://admin:hunter2@10.0.0.1")

    @strawberry.field
    def refused(self) -> str | None:
        raise InvalidArgument("must not be blank", field="text")

    @strawberry.field
    def unavailable(self) -> str | None:
        raise GraphQLError("billing is away", extensions={"code": "UNAVAILABLE"})


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, name: str) -> str:
        return name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int, None]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def customers(self) -> AsyncGenerator[Customer, None]:
        while True:
            yield Customer(id=strawberry.ID("cus-0"), name="Ada")

    @strawberry.subscription
    async def fails(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("postgresql://admin:hunter2@10.0.0.1")

    @strawberry.subscription
    async def silence(self) -> AsyncGenerator[int, None]:
        await asyncio.Event().wait()
        yield 0


schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)
