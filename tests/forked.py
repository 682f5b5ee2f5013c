"""The processes that a test has the code fork: they are waited for, and no others."""

from __future__ import annotations

import os

import pytest


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
        """Wait until all of them have ended."""
        while self._processes:
            os.waitpid(self._processes.pop(), 0)
