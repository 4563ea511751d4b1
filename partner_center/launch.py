"""Becomes one child process: gives up root where asked, dies with its parent, then runs argv.

Run as a script, without site-packages, between fork and the real program. Doing this in a
`preexec_fn` would run Python in a forked copy of a process that has gRPC's threads.
"""

import argparse
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True, help="pid that must be alive")
    parser.add_argument("--death-signal", type=int, required=True, help="sent when it dies")
    parser.add_argument("--uid", type=int, help="run as this user")
    parser.add_argument("--gid", type=int, help="run with this group only")
    parser.add_argument("argv", nargs="+", help="program, by absolute path, and its arguments")
    options = parser.parse_args()
    if options.uid is not None:
        os.setgroups([])
        os.setresgid(options.gid, options.gid, options.gid)
        os.setresuid(options.uid, options.uid, options.uid)
    # After the change of user: the kernel forgets the death signal when credentials change.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, options.death_signal) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != options.parent:
        sys.exit("the parent is gone already")
    os.execv(options.argv[0], options.argv)  # noqa: S606 - becoming the program is the point


if __name__ == "__main__":
    main()
