"""How long a command takes from cloud-init's last line in the host's serial log to its end; `bench/ready` prints it."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import threading
import time
from pathlib import Path

from lab.image import cache_root

LAST_LINE = re.compile(rb"Cloud-init v\. [^\n]*finished at[^\n]*")
EVERY = 0.01
LONGEST = 1800.0


def records() -> Path:
    """The folder with the last measurement of each guest."""
    return cache_root() / "ready"


def measure(name: str, where: str, process: subprocess.Popen[str], log: Path) -> None:
    """Watch a command and the serial log of its guest from now on, in a thread; write down what is found.

    The log is on this machine. A guest that boots twice says the line twice: the last one counts.
    """
    threading.Thread(target=_watch, args=(name, where, process, log), name="last line", daemon=True).start()


def _watch(name: str, where: str, process: subprocess.Popen[str], log: Path) -> None:
    began, arrived, lines, size = time.monotonic(), 0.0, 0, 0
    while process.poll() is None and time.monotonic() - began < LONGEST:
        now = time.monotonic()
        with contextlib.suppress(OSError):  # there is none yet, or not any more
            if log.stat().st_size != size:
                size = log.stat().st_size
                found = len(LAST_LINE.findall(log.read_bytes()))
                arrived, lines = (now, found) if found > lines else (arrived, lines)
        time.sleep(EVERY)
    ended = time.monotonic()
    if arrived and process.returncode is not None:
        facts = {"guest": name, "where": where, "status": process.returncode, "boots": lines, "date": time.time()}
        folder = records()
        folder.mkdir(parents=True, exist_ok=True)
        facts |= {"seconds": round(ended - arrived, 3), "whole": round(ended - began, 1)}
        (folder / f"{name}.json").write_text(json.dumps(facts) + "\n")
