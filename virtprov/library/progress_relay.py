"""Progress for a program's listener."""

from __future__ import annotations

from virtprov.support.terminal.progress import Progress, Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Tell = Callable[[str, int, int], None]


class RelayedTasks(Progress):
    """Tasks that call a function with their label and their progress: `done` of `total` bytes."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def task(self, label: str) -> Task:
        """Return a task that reports its progress."""
        return _ToldTask(label, self._tell)


class _ToldTask(Task):
    def __init__(self, label: str, tell: Tell) -> None:
        self._label, self._tell = label, tell

    def __enter__(self) -> Task:
        self.update(0)
        return self

    def update(self, done: int, total: int = 0) -> None:
        self._tell(self._label, done, total)
