#!/usr/bin/python3
"""Run many command lines of virt-install or virtprov-install without loading it each time; used by bench/differential.

`warm.py virt-install SCRIPT` or `warm.py virtprov-install CHECKOUT`. Each line on standard input is a JSON object
{"words": [...], "out": FILE, "err": FILE}; the answer is the exit status, on a line of its own. Modules are loaded
once, and every command line runs in a fork.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

USED = (
    "lxml.etree", "libvirt", "virtprov.actions.install.draft", "virtprov.actions.schema_check",
    "virtprov.cli.install.command", "virtprov.host.recording", "virtprov.library.installing",
)  # fmt: skip


def load_peer(script: str) -> Callable[[], Any]:
    """Load the modules and profiles that virt-install uses, as its script does, and return its main function."""
    with open(script, encoding="utf-8") as source:
        lines = [line for line in source if not line.startswith("virtinstall.runcli")]
    names: dict[str, Any] = {"__name__": "warm"}
    exec(compile("".join(lines), script, "exec"), names)  # noqa: S102  (the script of the installed package)
    sys.modules["virtinst"].OSDB.list_os()
    main: Callable[[], Any] = names["virtinstall"].runcli
    return main


def load_ours(checkout: str) -> Callable[[], Any]:
    """Load the modules that virtprov-install uses, and return its main function."""
    sys.path.insert(0, checkout)
    for name in USED:
        importlib.import_module(name)
    main: Callable[[], Any] = importlib.import_module("virtprov.cli.app").install
    return main


def run(main: Callable[[], Any], tool: str, request: dict[str, Any]) -> int:
    """Run one command line and return its status."""
    for place, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), place)
    sys.argv = [tool, *request["words"]]
    try:
        return int(main() or 0)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def serve(tool: str, main: Callable[[], Any]) -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            status = run(main, tool, json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], (load_peer if sys.argv[1] == "virt-install" else load_ours)(sys.argv[2]))
