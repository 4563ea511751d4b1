"""Tidiness that a machine can see: sizes, names, docstrings, and words that stay in their place."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from services.kit.config import SERVICES
from tests.house.tree import ROOT, files, functions, imports, modules, parse, short

MODULE_LINES_MAX: Final = 300
# A mirror may be longer than what it mirrors.
TEST_LINES_MAX: Final = 500
FUNCTION_LINES_MAX: Final = 50
BANNED_NAMES: Final = frozenset(
    {
        "base",
        "common",
        "exceptions",
        "handler",
        "handlers",
        "helper",
        "helpers",
        "manager",
        "managers",
        "misc",
        "processor",
        "repository",
        "schemas",
        "service",
        "utils",
        "util",
    }
)
# Where the clock is read; everywhere else now is an argument.
CLOCKS: Final[Mapping[str, str]] = {
    "services/kit/rpc.py": "each call has its time",
    "services/kit/jobs.py": "each run of a job has its time",
    "services/kit/client.py": "tokens for peers are minted and renewed",
    "gateway/": "each request has its time, and its user's token is checked against it",
    "partner_center/": "the command line acts now",
}
# Modules of services that bring rpcs and messages together.
WIRES: Final = ("servicer.py", "messages.py", "peers.py", "__main__.py", "imports.py")

CODE: Final = ("services/", "gateway/", "partner_center/", "tests/", "bench/")


def test_modules_are_short() -> None:
    long = {
        short(path): lines
        for path in modules(*CODE)
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > (TEST_LINES_MAX if short(path).startswith("tests/") else MODULE_LINES_MAX)
    }

    assert not long


def test_functions_are_short() -> None:
    long = [
        f"{short(path)}:{function.lineno} {function.name}"
        for path in modules(*CODE)
        # A table is made in one statement, however many columns it has.
        if "/migrations/versions/" not in short(path)
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert not long


def test_every_module_says_its_job_in_a_sentence() -> None:
    silent = [
        short(path)
        for path in modules(*CODE)
        if not re.match(r"[^\n]+[.:…]", ast.get_docstring(parse(path)) or "")
    ]

    assert not silent


def test_no_file_has_a_name_that_invites_anything() -> None:
    banned = [
        short(path)
        for path in modules(*CODE)
        if BANNED_NAMES & {path.stem, *path.relative_to(ROOT).parent.parts}
    ]

    assert not banned


def test_what_is_left_to_do_has_an_issue() -> None:
    mark = re.compile(r"\b(?:FIXME|XXX|TODO(?!\(#\d+\):))")
    texts = [
        path for pattern in ("*.py", "*.proto", "*.sql", "*.js", "*.sh") for path in files(pattern)
    ]
    bare = [
        f"{short(path)}:{number}"
        for path in texts
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    ]

    assert not bare


def test_no_float_comes_near_money() -> None:
    """In services and the graph's types nothing is a float but seconds, which say so."""
    tops = [f"{top}/{service}/" for top in ("services", "gateway") for service in SERVICES]
    found = [
        f"{short(path)}:{node.lineno}"
        for path in [*modules(*tops), ROOT / "services/kit/money.py"]
        for node in _but_seconds(parse(path))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Attribute) and node.attr in {"Float", "Double", "Real"})
    ]

    assert not found


def test_no_contract_or_table_has_a_float() -> None:
    kinds = re.compile(r"^\s*(?:(?:optional|repeated)\s+)?(?:float|double)\s", re.MULTILINE)
    columns = re.compile(r"\b(?:Float|Double|REAL|DOUBLE PRECISION)\b")
    found = [short(p) for p in files("protos/*.proto") if kinds.search(p.read_text("utf-8"))]
    found += [
        short(path)
        for path in (*files("services/*/migrations/*.py"), *files("services/*/migrations/*.sql"))
        if columns.search(path.read_text("utf-8"))
    ]

    assert not found


def test_only_the_kit_commits() -> None:
    found = [
        f"{short(path)}:{line}"
        for path in modules("services/", "gateway/")
        if not short(path).startswith("services/kit/")
        for line in _calls(path, {"commit", "rollback"})
    ]

    assert not found


def test_the_clock_is_read_at_the_edge_only() -> None:
    clocks = {"now", "utcnow", "today", "time_ns"}
    found = [
        f"{short(path)}:{line}"
        for path in modules("services/", "gateway/", "partner_center/")
        if not short(path).startswith(tuple(CLOCKS))
        for line in _calls(path, clocks, of={"datetime", "date", "time"})
    ]

    assert not found


def test_contracts_are_imported_where_rpcs_and_messages_meet() -> None:
    found = [
        f"{short(path)}:{line} {name}"
        for service in SERVICES
        for path in modules(f"services/{service}/")
        for name, line in imports(path)
        if name.startswith("partner.") and path.name not in WIRES
    ]

    assert not found


def test_another_services_contract_is_imported_by_peers_only() -> None:
    found = [
        f"{short(path)}:{line} {name}"
        for service in SERVICES
        for path in modules(f"services/{service}/")
        for name, line in imports(path)
        if re.match(rf"partner\.(?!type\.|{service}\.)", name) and path.name != "peers.py"
    ]

    assert not found


def test_the_kits_know_no_contract_but_the_common_types() -> None:
    found = [
        f"{short(path)}:{line} {name}"
        for path in modules("services/kit/", "gateway/kit/", "gateway/engine/")
        for name, line in imports(path)
        if name.startswith("partner.") and not name.startswith("partner.type.")
    ]

    assert not found


def test_models_know_no_session() -> None:
    found = [
        f"{short(path)}:{line} {name}"
        for path in modules("services/")
        for name, line in imports(path)
        if path.name == "model.py" and re.search(r"sqlalchemy\.ext\.asyncio|Session\b", name)
    ]

    assert not found


def test_packages_hold_no_logic() -> None:
    found = [
        short(path)
        for path in modules("services/", "gateway/", "partner_center/")
        if path.name == "__init__.py" and len(parse(path).body) > 1
    ]

    assert not found


def _but_seconds(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree without what stands under a name like TIMEOUT_SECONDS."""
    for node in ast.iter_child_nodes(tree):
        target = getattr(node, "target", None) or next(iter(getattr(node, "targets", ())), None)
        name = getattr(target, "id", "") or getattr(node, "arg", "") or ""
        if not name.lower().endswith(("seconds", "timeout")):
            yield node
            yield from _but_seconds(node)


def _calls(path: Path, names: set[str], *, of: set[str] | None = None) -> Iterator[int]:
    """Find calls like session.commit() and datetime.now() by the last two names."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if node.func.attr in names and (
                of is None or (isinstance(owner, ast.Name) and owner.id in of)
            ):
                yield node.lineno
