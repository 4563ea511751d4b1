"""One shape: every slice has the same files, its mirror, its contract and its word."""

import importlib
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from services.kit import contract
from services.kit.config import SERVICES
from services.kit.rpc import Servicer
from tests.house.contracts import service_names
from tests.house.tree import PARTS, ROOT, Slice, arguments, parse, public_functions, slices

# Slices without rpcs of their own, and why. They have the other four files.
INNER: Final[Mapping[str, str]] = {
    "billing/ledger": "moves money for the slices above it; nobody outside billing may",
    "billing/voucher_operations": "written by quotas and vouchers, and read as a part of vouchers",
}
# Slices that the graph does not show, and why.
NOT_IN_THE_GRAPH: Final[Mapping[str, str]] = {
    "billing/links": "customers tells billing; people read the same from customers",
    "billing/closings": "steps of the flow that customers runs",
}
# Files that a slice does not need, and why.
NOT_NEEDED: Final[Mapping[str, str]] = {
    "billing/statements/operations": "the ledger writes what statements show",
    **{
        f"{service}/exports/{part}": "all exports are written and read by the kit"
        for service in SERVICES
        for part in ("operations", "queries")
    },
}
# Files that are tested elsewhere, and why.
NOT_MIRRORED: Final[Mapping[str, str]] = {
    f"{service}/exports/model": "maps rows of the kit; its tests look at them"
    for service in SERVICES
}
# Queries that are not about what somebody may see, and why.
UNSCOPED: Final[Mapping[str, str]] = {
    "billing/ledger/unresolved": "narrows a query that has its scope",
    "billing/consumption/list_due_spends": "a job looks for due work over all tenants",
    "billing/verification_codes/list_due": "a job looks for due work over all tenants",
}

ALL = pytest.mark.parametrize("slice_", slices(), ids=str)


@ALL
def test_a_slice_has_its_five_files(slice_: Slice) -> None:
    parts = [part for part in PARTS if not (part == "servicer" and str(slice_) in INNER)]

    missing = [
        part
        for part in parts
        if not (slice_.folder / f"{part}.py").exists() and f"{slice_}/{part}" not in NOT_NEEDED
    ]

    assert not missing


@ALL
def test_a_slice_has_a_mirror_in_the_tests(slice_: Slice) -> None:
    tests = ROOT / "tests/services" / slice_.service / slice_.name

    missing = [
        part
        for part in PARTS
        if (slice_.folder / f"{part}.py").exists()
        and not (tests / f"test_{part}.py").exists()
        and f"{slice_}/{part}" not in NOT_MIRRORED
    ]

    assert not missing


@ALL
def test_a_slice_says_what_it_is(slice_: Slice) -> None:
    package = (slice_.folder / "__init__.py").read_text(encoding="utf-8")

    assert package.startswith('"""')
    assert len(parse(slice_.folder / "__init__.py").body) == 1, "nothing but the docstring"
    assert "always holds" in package or "always hold" in package


@ALL
def test_every_query_takes_the_scope(slice_: Slice) -> None:
    queries = slice_.folder / "queries.py"
    without = [
        function.name
        for function in (public_functions(queries) if queries.exists() else [])
        if "scope" not in arguments(function) and f"{slice_}/{function.name}" not in UNSCOPED
    ]

    assert not without


@ALL
def test_a_slice_has_its_contract(slice_: Slice) -> None:
    proto = ROOT / f"protos/partner/{slice_.service}/v1/{slice_.name}.proto"

    assert proto.exists() == slice_.has_rpcs


@ALL
def test_a_slice_has_its_module_in_the_gateway(slice_: Slice) -> None:
    module = ROOT / f"gateway/{slice_.service}/{slice_.name}.py"
    is_shown = slice_.has_rpcs and str(slice_) not in NOT_IN_THE_GRAPH

    assert module.exists() == is_shown


@ALL
def test_a_slice_has_its_word_in_the_glossary(slice_: Slice) -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")

    assert f"`{slice_}`" in glossary


def test_the_glossary_names_slices_that_exist() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{'|'.join(SERVICES)})/\w+)`", glossary))

    assert named <= {str(slice_) for slice_ in slices()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_answers_its_whole_contract(service: str) -> None:
    root = importlib.import_module(f"services.{service}.__main__")
    servicers = {
        value
        for value in vars(root).values()
        if inspect.isclass(value) and issubclass(value, Servicer) and value is not Servicer
    }

    answered = {contract.service_of(servicer).full_name for servicer in servicers}

    assert answered == service_names(service)


@pytest.mark.parametrize("slice_", [one for one in slices() if one.has_rpcs], ids=str)
def test_every_rpc_reads_or_writes(slice_: Slice) -> None:
    module = importlib.import_module(f"services.{slice_.service}.{slice_.name}.servicer")
    declared = {
        f"{name}.{rpc}": getattr(getattr(servicer, rpc), "declared", None)
        for name, servicer in vars(module).items()
        if inspect.isclass(servicer) and issubclass(servicer, Servicer)
        for rpc in getattr(servicer, "rpcs", {})
    }

    assert declared
    assert all(isinstance(one, contract.Declared) for one in declared.values())


def test_exceptions_are_still_needed() -> None:
    known = {str(slice_) for slice_ in slices()}
    with_rpcs = {str(slice_) for slice_ in slices() if slice_.has_rpcs}

    assert set(INNER) <= known - with_rpcs
    assert set(NOT_IN_THE_GRAPH) <= with_rpcs
    for place in (*NOT_NEEDED, *NOT_MIRRORED, *UNSCOPED):
        slice_, _, name = place.rpartition("/")
        assert slice_ in known
        assert place not in UNSCOPED or name in _names(ROOT / f"services/{slice_}/queries.py")


def _names(path: Path) -> set[str]:
    return {function.name for function in public_functions(path)}
