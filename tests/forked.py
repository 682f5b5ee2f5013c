"""The processes that a test has the code fork: they are waited for, and no others.

The code forks where it has one thread; a process of pytest has more, of which Python warns. A lock that another thread
holds is never released in the child, which then stands still: that is ended here, and the test fails.
"""

from __future__ import annotations

import os
import select
import signal

import pytest

LONGEST = 120.0
"""Seconds; none of them lives longer than a tenth of it on an idle machine."""
IGNORE = "ignore:This process .* is multi-threaded:DeprecationWarning"
"""For pytest.mark.filterwarnings, where children are known to need no lock of another thread."""


class Forked:
    """Notes every fork of this process."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._processes: list[int] = []
        self._fork = os.fork
        patch.setattr(os, "fork", self._note)

    def _note(self) -> int:
        process = self._fork()
        if process:
            self._processes.append(process)
        return process

    def wait(self) -> None:
        """Wait until all of them have ended; fail if one does not."""
        while self._processes:
            process = self._processes.pop()
            with open(os.pidfd_open(process), "rb") as ended:
                is_over = select.select([ended], [], [], LONGEST)[0]
            if not is_over:
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            assert is_over, f"a forked process stood still for {LONGEST:.0f} s"
