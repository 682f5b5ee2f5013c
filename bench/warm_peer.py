#!/usr/bin/python3
"""Run virt-install many times without loading it each time: `warm_peer.py SCRIPT`, used by bench/differential.

Each line on standard input is a JSON object {"words": [...], "out": FILE, "err": FILE}; the answer is the exit status, on a
line of its own. The modules and the profiles are loaded once, and every command line runs in a fork.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def warm(script: str) -> Any:
    """Load the modules and the profiles as the script does, without running it; return its namespace."""
    with open(script, encoding="utf-8") as source:
        lines = [line for line in source if not line.startswith("virtinstall.runcli")]
    names: dict[str, Any] = {"__name__": "warm"}
    exec(compile("".join(lines), script, "exec"), names)  # noqa: S102  (the script of the installed package)
    sys.modules["virtinst"].OSDB.list_os()
    return names


def run(names: dict[str, Any], request: dict[str, Any]) -> None:
    """Run one command line; ends this process."""
    for place, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), place)
    sys.argv = ["virt-install", *request["words"]]
    names["virtinstall"].runcli()


def main() -> None:
    names = warm(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.close(0)
            os.open(os.devnull, os.O_RDONLY)
            try:
                run(names, json.loads(line))
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(int(getattr(sys.exc_info()[1], "code", 1) or 0))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
