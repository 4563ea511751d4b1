"""A universe behind the rpcs: answers every one of them from the contract alone, always alike."""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from gateway.kit.contract import Rpc, repeated_message, resource_of
from gateway.kit.many import repeated_in_group
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.identity import Principal, Role
from tests.builders.chance import number
from tests.builders.faults import Faults
from tests.builders.graph import refusing
from tests.builders.principals import a_person
from tests.builders.things import Things, population

# The contract's bounds.
KEYS_MAX, PARENTS_MAX = 500, 100
PAGE_DEFAULT: Final = 50
ITEMS_MAX: Final = 6
TURNS_MAX: Final = 4
# What does not decide whether a call fails, nor which things a list has.
NEUTRAL: Final = ("read_mask", "with_item_tokens")


class Universe:
    """Stands for the four services, like `Rpcs`, and remembers what was asked."""

    def __init__(self, seed: int, *, fault_seed: int | None = None) -> None:
        """Take the seed of the data, and that of the faults unless all goes well."""
        self.seed = seed
        self.faults = None if fault_seed is None else Faults(fault_seed)
        self.things = _things(seed, fault_seed=fault_seed)
        self.asked: list[tuple[Rpc, Any]] = []

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> bytes:  # noqa: ASYNC109 - gRPC's own deadline
        assert isinstance(request, rpc.request)
        assert timeout > 0
        kept = rpc.request()
        kept.CopyFrom(request)
        self.asked.append((rpc, kept))
        arguments = arguments_of(rpc, kept)
        for _ in range(number(rpc.path, arguments) % TURNS_MAX):
            await asyncio.sleep(0)
        if self.faults is not None:
            fault = self.faults.of(rpc, arguments, is_write=is_write(rpc))
            if fault is not None:
                raise fault
        return self._answer(rpc, kept).SerializeToString()

    def _answer(self, rpc: Rpc, request: Any) -> Message:
        fields = _masked(rpc, request)
        response: Any = rpc.response()
        if rpc.name.startswith("BatchGet"):
            self._found(response, rpc, request, fields)
        elif rpc.name.startswith("BatchList"):
            self._grouped(response, rpc, request, fields)
        elif rpc.name.startswith("List"):
            self._page(response, rpc, request, fields)
        else:
            response.CopyFrom(self.things.thing(rpc.response, _key(rpc, request)))
            _keep(response, fields)
        return response  # type: ignore[no-any-return]

    def _found(self, response: Any, rpc: Rpc, request: Any, fields: tuple[str, ...]) -> None:
        _refuse_many(rpc, request.ids, at_most=KEYS_MAX)
        items = getattr(response, repeated_message(rpc.response, why=rpc.name).name)
        for key in request.ids:
            if self.things.exists(key) and not self._lacks(rpc, key):
                self._add(items, key, fields)

    def _grouped(self, response: Any, rpc: Rpc, request: Any, fields: tuple[str, ...]) -> None:
        parents = keys_field(rpc)
        keys = getattr(request, parents)
        _refuse_many(rpc, keys, at_most=PARENTS_MAX)
        about = number(self.seed, rpc.path, *_stable(rpc, request))
        for key in keys:
            if self._lacks(rpc, key):
                continue
            group = response.groups.add(**{parents.removesuffix("s"): key})
            items = repeated_in_group(group.DESCRIPTOR, why=rpc.name).name
            self._cut(group, items, request, about=f"{about} {key}", fields=fields)

    def _page(self, response: Any, rpc: Rpc, request: Any, fields: tuple[str, ...]) -> None:
        about = f"{number(self.seed, rpc.path, *_stable(rpc, request))}"
        items = repeated_message(rpc.response, why=rpc.name).name
        self._cut(response, items, request, about=about, fields=fields)

    def _cut(
        self, page: Any, items: str, request: Any, *, about: str, fields: tuple[str, ...]
    ) -> None:
        """Fill a page with the first of the things that a list has."""
        keys = self._listed(getattr(page, items), request, about=about)
        size = (request.page_size or PAGE_DEFAULT) if hasattr(request, "page_size") else len(keys)
        for index, key in enumerate(keys[:size]):
            self._add(getattr(page, items), key, fields)
            if getattr(request, "with_item_tokens", False):
                page.item_tokens.append(f"é token {number(about, index)}")
        if len(keys) > size:
            page.next_page_token = f"next {about}"

    def _listed(self, items: Any, request: Any, *, about: str) -> list[str]:
        total = number("total", about) % (ITEMS_MAX + 1)
        mobile = getattr(getattr(request, "filter", None), "mobile", "")
        if mobile:
            # How many have a number is how it ends.
            total = int(mobile[-1]) if mobile[-1] in "012" else 0
        own_id = items.add().DESCRIPTOR.fields_by_name.get("id")
        del items[:]
        if own_id is None:
            return [f"{about} {index}" for index in range(total)]
        existing = self.things.existing(resource_of(own_id))
        return sorted(existing, key=lambda id_: number(about, id_))[:total]

    def _add(self, items: Any, key: str, fields: tuple[str, ...]) -> None:
        item = items.add()
        item.CopyFrom(self.things.thing(type(item), key))
        _keep(item, fields)

    def _lacks(self, rpc: Rpc, key: str) -> bool:
        return self.faults is not None and self.faults.lacks(rpc, key)


def somebody(seed: int) -> Principal:
    """Give who asks in a universe: one of several roles, of whom some things exist there."""
    role = (Role.ADMINISTRATOR, Role.DIRECTOR, Role.CUSTOMER, Role.OPERATOR)[seed % 4]
    partner, customer, *managers = (
        _uuid(prefix, seed + index) for index, prefix in enumerate(("ptr", "cus", "mgr", "mgr"))
    )
    if role is Role.OPERATOR:
        return Principal(subject="operator", role=role, tenant_id=None)
    return a_person(
        role,
        partner,
        account_manager_ids=tuple(managers) if role is Role.DIRECTOR else (),
        customer_id=customer if role is Role.CUSTOMER else None,
    )


def is_write(rpc: Rpc) -> bool:
    return rpc.takes("request_id")


def keys_field(rpc: Rpc) -> str:
    """Name the field of a request that holds the keys of a batch; empty where there is none."""
    if is_write(rpc) or not rpc.name.startswith("Batch"):
        return ""
    [field] = [each for each in rpc.request.DESCRIPTOR.fields if each.is_repeated]
    return str(field.name)


def arguments_of(rpc: Rpc, request: Message, *, neutral: Iterable[str] = NEUTRAL) -> bytes:
    """Write what a call asks about its keys, whatever they and the fields wanted are."""
    rest = rpc.request()
    rest.CopyFrom(request)
    for name in (keys_field(rpc), *neutral):
        if rpc.takes(name):
            rest.ClearField(name)
    return rest.SerializeToString(deterministic=True)


def _stable(rpc: Rpc, request: Message) -> tuple[bytes, ...]:
    # A list is the same however much of it is asked for.
    return (arguments_of(rpc, request, neutral=(*NEUTRAL, "page_size")),)


def _key(rpc: Rpc, request: Any) -> str:
    """Give the key of the only thing that a response is, whatever fields of it are wanted."""
    about = number(rpc.path, arguments_of(rpc, request))
    own_id = rpc.response.DESCRIPTOR.fields_by_name.get("id")
    if own_id is None:
        return str(about)
    all_ids = population(resource_of(own_id))
    return all_ids[about % len(all_ids)]


def _masked(rpc: Rpc, request: Any) -> tuple[str, ...]:
    """Read which fields are wanted; all where nothing is said."""
    if not rpc.takes("read_mask"):
        return ()
    paths = tuple(request.read_mask.paths)
    if not paths or paths == ("*",):
        return ()
    known = _items_fields(rpc)
    for index, path in enumerate(paths):
        if path not in known:
            refusal = InvalidArgument("names no field", field=f"read_mask.paths[{index}]")
            raise refusing(refusal, service=rpc.service)
    return paths


def _keep(message: Message, fields: tuple[str, ...]) -> None:
    """Clear every field that is not wanted, so that a mask too narrow is seen."""
    for field in message.DESCRIPTOR.fields if fields else ():
        if field.name not in fields:
            message.ClearField(field.name)


@cache
def _items_fields(rpc: Rpc) -> frozenset[str]:
    if not rpc.name.startswith(("Batch", "List")):
        return frozenset(rpc.response.DESCRIPTOR.fields_by_name)
    items = repeated_message(rpc.response, why=rpc.name).message_type
    if rpc.name.startswith("BatchList"):
        items = repeated_in_group(items, why=rpc.name).message_type
    return frozenset(items.fields_by_name)


def _refuse_many(rpc: Rpc, keys: Any, *, at_most: int) -> None:
    if not 0 < len(keys) <= at_most:
        refusal = InvalidArgument(f"must name 1 to {at_most}", field=keys_field(rpc))
        raise refusing(refusal, service=rpc.service)


def _uuid(prefix: str, index: int) -> UUID:
    all_ids = population(prefix)
    return ids.from_text(prefix, all_ids[index % len(all_ids)], field="id")


# Shared by all universes of the same seeds, for to make things takes longer than to answer.
_things = cache(Things)
