"""Shells at a pseudo-terminal: a line is typed, TAB completes it, and the shell says what has become of it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Mapping
from typing import NamedTuple, Self

# Ctrl-X ends a line: the shell prints it as it is, and the words that it would hand to a command.
BASH = """\
PS1=; bind 'set enable-bracketed-paste off'
show() { printf '<line>%s</line>' "$READLINE_LINE"; eval "printf '<word>%s</word>' $READLINE_LINE"; echo '<e''nd>'
READLINE_LINE=; }
bind -x '"\\C-g": show'
"""
ZSH = """\
PS1=; unset zle_bracketed_paste; unsetopt auto_list beep; zstyle ':completion:*' menu no
show() { print -rn -- "<line>$BUFFER</line>"; eval "printf '<word>%s</word>' $BUFFER"; print '<e''nd>'; BUFFER=; }
zle -N show; bindkey '^G' show
"""
SHOW = b"\x07"
DEADLINE = 120.0


class Completed(NamedTuple):
    """A line after TAB, and its words; `words` is empty if the shell cannot read the line."""

    line: str
    words: list[str]


class Shell:
    """bash or zsh at a terminal of its own; `argv` starts it, `setup` is typed first."""

    def __init__(self, argv: list[str], setup: str, env: Mapping[str, str]) -> None:
        self._seen = b""
        self._terminal, inner = pty.openpty()
        # setsid makes it the shell's own terminal: to fork for that is not safe in a process with threads
        words = ["setsid", "--ctty", *argv]
        self._process = subprocess.Popen(words, stdin=inner, stdout=inner, stderr=inner, env=dict(env))
        os.close(inner)
        kind = BASH if any(word.endswith("bash") for word in argv) else ZSH
        self._type(f"{setup}\n{kind}echo '<rea''dy>'\n".encode())
        self._read_until(b"<ready>\r\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.send_signal(signal.SIGHUP)
        os.close(self._terminal)
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def complete(self, line: str) -> Completed:
        """Type a line and TAB."""
        self._type(line.encode() + b"\t" + SHOW)
        said = self._read_until(b"<end>").decode()
        found = re.findall(r"<line>(.*?)</line>", said, re.DOTALL)
        return Completed(found[-1], re.findall(r"<word>(.*?)</word>", said, re.DOTALL))

    def _type(self, keys: bytes) -> None:
        while keys:
            keys = keys[os.write(self._terminal, keys) :]

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self._seen:
            if not select.select([self._terminal], [], [], DEADLINE)[0]:
                raise TimeoutError(f"the shell said only {self._seen!r}")
            self._seen += os.read(self._terminal, 1 << 16)
        said, _, self._seen = self._seen.partition(mark)
        return said
