"""The directions between packages: kept, and each contract would notice who breaks it."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.house.contracts import BIN, run
from tests.house.tree import ROOT, files, short

CONTRACTS: Final = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
]
# For each contract, by the beginning of its sentence: the file that breaks it, and with what.
PLANTED: Final[Mapping[str, tuple[str, str]]] = {
    "a service never imports another service": (
        "services/incentives/tables.py",
        "import services.programs.tables",
    ),
    "a service never imports the gateway": ("services/billing/tables.py", "import aiohttp"),
    "the gateway never imports a service": ("gateway/http/media.py", "import sqlalchemy"),
    "the kit never imports a service": ("services/kit/texts.py", "import services.billing.tables"),
    "the gateway's kit and engine": ("gateway/kit/__init__.py", "import aiohttp"),
    "models, operations and queries": ("services/programs/programs/operations.py", "import grpc"),
    "a slice never looks upward": (
        "services/programs/programs/model.py",
        "import services.programs.programs.operations",
    ),
    "a lower slice of customers": (
        "services/customers/account_managers/model.py",
        "import services.customers.customers.model",
    ),
    "a lower slice of billing": (
        "services/billing/ledger/model.py",
        "import services.billing.vouchers.model",
    ),
    "only a composition root": (
        "services/programs/tables.py",
        "import services.programs.programs.servicer",
    ),
    "siblings form no cycle": ("services/kit/errors.py", "import services.kit.ids"),
}


def test_the_directions_are_kept() -> None:
    run(str(BIN / "lint-imports"), "--no-cache")


def test_every_contract_has_its_planted_violation() -> None:
    assert len(PLANTED) == len(CONTRACTS)
    for beginning in PLANTED:
        assert [name for name in CONTRACTS if name.startswith(beginning)], beginning


@pytest.mark.parametrize("beginning", PLANTED)
def test_a_planted_violation_is_found(tmp_path: Path, beginning: str) -> None:
    file, line = PLANTED[beginning]
    for path in files("*.py"):
        if short(path).startswith(("services/", "gateway/", "partner_center/")):
            copy = tmp_path / short(path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    with (tmp_path / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")

    done = run(str(BIN / "lint-imports"), "--no-cache", cwd=tmp_path, check=False)

    [name] = [name for name in CONTRACTS if name.startswith(beginning)]
    printed = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert f"{name} BROKEN" in printed
