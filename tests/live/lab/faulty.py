"""A command of the checkout to which something happens at a chosen point: `faulty.py TOOL FAULT POINT WORDS...`.

Points are what may be the last thing that a run gets to do, counted from 1: a step of its plan is about to begin, a
line of its trail is about to be written, or has just been. FAULT is the name of a signal the command sends itself, or
`hold`, which says so on standard output and waits for a line on standard input, or `count`, which says how many points
there are. The command itself knows nothing of this.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(CHECKOUT))

from virtprov.actions.run import plan as plans  # noqa: E402
from virtprov.actions.run.trail import FileTrail  # noqa: E402
from virtprov.cli import app  # noqa: E402


class Points:
    """Counts the points, and lets the fault happen at one of them."""

    def __init__(self, fault: str, at: int, kind: str) -> None:
        self.fault, self.at, self.kind, self.passed = fault, at, kind, 0

    def reach(self, kind: str) -> None:
        if self.kind not in ("", kind):
            return
        self.passed += 1
        if self.passed != self.at:
            return
        if self.fault == "hold":
            print("held", flush=True)
            sys.stdin.readline()
        else:
            os.kill(os.getpid(), getattr(signal, self.fault))


class Stop:
    """A step before which the fault may happen."""

    def __init__(self, step: Any, points: Points) -> None:
        self.step, self.points = step, points
        self.final = plans.is_final(step)

    @property
    def label(self) -> str:
        return str(self.step.label)

    def do(self, context: Any) -> Any:
        self.points.reach("step")
        return self.step.do(context)


def arm(points: Points) -> None:
    """Put the points into the two places that all changes pass."""
    apply, write = plans.apply, FileTrail.write

    def stopping(plan: plans.Plan, context: plans.RunContext) -> None:
        apply(plan._replace(steps=tuple(Stop(step, points) for step in plan.steps)), context)

    def writing(trail: FileTrail, line: dict[str, object], thing: Any) -> None:
        points.reach("line")
        write(trail, line, thing)
        points.reach("line")

    plans.apply = stopping
    setattr(FileTrail, "write", writing)  # noqa: B010


def main() -> None:
    tool, fault, point, *words = sys.argv[1:]
    kind, _, number = point.rpartition(":")
    points = Points(fault, int(number), kind)
    arm(points)
    sys.argv = [str(CHECKOUT / "bin" / tool), *words]
    commands: dict[str, Callable[[], int]] = {"virtprov-install": app.install, "virtprov-clone": app.clone}
    if fault == "count":
        import atexit

        atexit.register(lambda: print(f"points: {points.passed}", flush=True))
    raise SystemExit(commands[tool]())


if __name__ == "__main__":
    main()
