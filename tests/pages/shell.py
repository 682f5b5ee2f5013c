"""A shell on a terminal of its own, which runs the commands of a page one after the other."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import selectors
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

TOP = Path(__file__).resolve().parents[2]
COLUMNS, LINES = 100, 50
DEADLINE = 600.0
END = re.compile(rb"\x01(\d+)\x01")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Piece(NamedTuple):
    """A piece of output, and when it came, in seconds since the command began."""

    at: float
    text: str


class Said(NamedTuple):
    """What a command left: its exit code, what its terminal shows at the end, and how that came to be there.

    `coloured` is the text with the sequences that colour it (ECMA-48, SGR).
    """

    rc: int
    text: str
    coloured: str
    pieces: tuple[Piece, ...]


class Shell:
    """A bash that `argv` starts, in `environment` if one is given; commands see a terminal and have no input."""

    def __init__(self, argv: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self.terminal, inner = pty.openpty()
        settings = termios.tcgetattr(inner)
        settings[1] &= ~termios.OPOST
        termios.tcsetattr(inner, termios.TCSANOW, settings)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        pipes = {"stdin": subprocess.PIPE, "stdout": inner, "stderr": inner}
        self.process = subprocess.Popen(list(argv), env=environment, start_new_session=True, **pipes)  # type: ignore[call-overload]
        os.close(inner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.terminal)

    def run(self, command: str, deadline: float = DEADLINE) -> Said:
        """Run a command; `TimeoutError` if it takes more than `deadline` seconds."""
        quoted = command.replace("'", "'\\''")
        self.process.stdin.write(f"eval '{quoted}' </dev/null\nprintf '\\001%d\\001' $?\n".encode())
        self.process.stdin.flush()
        began, raw, pieces = time.monotonic(), b"", []
        with selectors.DefaultSelector() as selector:
            selector.register(self.terminal, selectors.EVENT_READ)
            while not (end := END.search(raw)):
                left = began + deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self.process.kill()
                    raise TimeoutError(f"not done after {deadline:.0f} s: {command}\n{raw.decode(errors='replace')}")
                data = os.read(self.terminal, 65536)
                raw += data
                pieces.append(Piece(time.monotonic() - began, END.sub(b"", data).decode(errors="replace")))
        coloured = settle(raw[: end.start()].decode(errors="replace"))
        return Said(int(end[1]), COLOUR.sub("", coloured), coloured, tuple(pieces))


def reader_shell(home: Path, commands: Path = TOP / "bin") -> Shell:
    """Start a shell in the folder `home`, with the commands in `commands` and no settings of this machine."""
    environment = {
        "HOME": str(home),
        "PATH": f"{commands}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        "PYTHON": sys.executable,
        "HOSTS": str(TOP / "tests/data/hosts"),
        "OSINFO_SYSTEM_DIR": str(home / "none"),
        "OSINFO_LOCAL_DIR": str(home / "none"),
    }
    return Shell(["env", "-C", str(home), "bash", "--norc"], environment)


def settle(raw: str) -> str:
    """Return what a terminal shows after this output: lines that were written over are gone."""
    return "\n".join(_settle_line(line) for line in raw.split("\n"))


def _settle_line(line: str) -> str:
    """Return a line as it is at its end, after carriage returns and ESC [K (erase to the end of the line)."""
    cells: list[str] = []
    at, colours = 0, ""
    for part in re.split(r"(\r|\x1b\[K|\x1b\[[0-9;]*m)", line):
        if part == "\r":
            at = 0
        elif part == "\x1b[K":
            del cells[at:]
        elif COLOUR.fullmatch(part):
            colours += part
        elif part:
            cells[at : at + len(part)] = [colours + part[0], *part[1:]]
            at, colours = at + len(part), ""
    return "".join(cells).rstrip() + colours
