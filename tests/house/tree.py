"""The code as the house tests see it: slices, modules, and what stands in them."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.kit.config import SERVICES

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
PARTS = ("model", "operations", "queries", "servicer")


@dataclass(frozen=True, order=True)
class Slice:
    """One thing of one service."""

    service: str
    name: str

    def __str__(self) -> str:
        return f"{self.service}/{self.name}"

    @property
    def folder(self) -> Path:
        return ROOT / "services" / self.service / self.name

    @property
    def has_rpcs(self) -> bool:
        return (self.folder / "servicer.py").exists()


def slices() -> list[Slice]:
    """Find every slice: a package inside a service."""
    return sorted(
        Slice(service, init.parent.name)
        for service in SERVICES
        for init in (ROOT / "services" / service).glob("*/__init__.py")
    )


@cache
def files(pattern: str) -> list[Path]:
    """Give what belongs to the project, checked in or about to be, and is still there."""
    git = shutil.which("git") or "git"
    listed = subprocess.run(  # noqa: S603 - our own arguments
        (git, "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\n") if name and (path := ROOT / name).exists()]


def modules(*tops: str) -> list[Path]:
    """Give the Python modules below folders, without generated ones; of none, all."""
    found = [path for path in files("*.py") if "protos/gen" not in short(path)]
    return [path for path in found if not tops or short(path).startswith(tops)]


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public_functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the module's own functions, without methods, inner and private ones."""
    body = parse(path).body
    found = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [function for function in found if not function.name.startswith("_")]


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Give the module or name of each import with its line, `from a import b` as "a.b"."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((one.name, node.lineno) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{one.name}", node.lineno) for one in node.names)
