"""Run the commands of `--wait run=` through ssh, in guests whose agent does not run them.

Only for guests whose host key is known beforehand. The command goes through standard input: nobody sees it in a list of
processes of this machine.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from virtprov.support.errors import CommandError
from virtprov.support.terminal.visible import one_line

if TYPE_CHECKING:
    from virtprov.actions.waiting.wait_goals import LogIn
    from virtprov.support.programs import Child

EVERY = 5.0
"""How many seconds pass before a command is started again: each login costs a booting guest a lot."""
LONGEST = 300
"""The length to which the end of the output is cut."""
_SSH_FAILED = 255
_SETTINGS = ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "LogLevel=ERROR")
_OPTIONS = ("-T", *(word for setting in _SETTINGS for word in ("-o", setting)))
_AS_ROOT = (
    "command=$(cat); "
    'if [ "$(id -u)" = 0 ] || ! sudo -n true 2>/dev/null; then exec /bin/sh -c "$command"; fi; '
    'exec sudo -n /bin/sh -c "$command"'
)
"""Runs the command as root, as the agent does, if sudo asks for no password; otherwise as the user who logs in."""


class SshCommand:
    """A command in the guest, which can be begun again until it has succeeded. `close` ends it."""

    def __init__(self, log_in: LogIn, command: str) -> None:
        self.log_in, self.command = log_in, command
        self.has_succeeded = False
        self.said = ""
        self._child: Child | None = None
        self._began = monotonic() - EVERY

    @property
    def is_running(self) -> bool:
        """Whether it runs, as far as `look` knows."""
        return self._child is not None

    @property
    def was_tried(self) -> bool:
        """Whether it has been started."""
        return self.is_running or bool(self.said)

    def look(self) -> None:
        """See whether it has ended."""
        ended = self._child.look() if self._child is not None else None
        if ended is not None:
            self._child = None
            self._take(*ended)

    def begin(self, place: tuple[str, int]) -> None:
        """Start it, unless that was done just now; `place` is where the guest's ssh answers."""
        from virtprov.support.programs import Child

        if monotonic() - self._began < EVERY:
            return
        self._began = monotonic()
        first, *rest = self.log_in(*place)
        try:
            self._child = Child([first, *_OPTIONS, *rest, f"exec /bin/sh -c '{_AS_ROOT}'"], self.command.encode())
        except CommandError as problem:
            self.said = problem.message

    def _take(self, status: int, said: str) -> None:
        self.has_succeeded = status == 0
        words = one_line(said.strip())[-LONGEST:]
        how = "ssh failed" if status == _SSH_FAILED else f"ended with {status}"
        self.said = f"{how}: {words}" if words else how

    def in_words(self) -> str:
        """Return the result in words."""
        return "still running" if self._child is not None else self.said

    def close(self) -> None:
        """End the command, if it runs."""
        if self._child is not None:
            self._child.kill()
            self._child = None
