"""What the user sees: the result on standard output, everything else on standard error."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtprov.actions.run.plan import Plan, World
    from virtprov.host.connection import Host


class Output:
    """Where words go. `json` collects the result into one object; `quiet` keeps only results and failures."""

    __slots__ = ("json", "quiet", "warnings")

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.warnings: list[str] = []

    def say(self, sentence: str) -> None:
        """Tell the user something on the way; silent with --quiet."""
        if not self.quiet:
            sys.stderr.write(sentence + "\n")

    def warn(self, sentence: str, *, always: bool = False) -> None:
        """Warn the user; JSON carries warnings as well. `always` is for what must be read beside printed XML."""
        self.warnings.append(sentence)
        if always or not self.quiet:
            sys.stderr.write(f"warning: {sentence}\n")

    def result(self, text: str) -> None:
        """A result in words, for standard output; JSON has its own."""
        if not self.json:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def summary(self, sentence: str) -> None:
        """The closing line: a result, but one that --quiet leaves out."""
        if not self.quiet:
            self.result(sentence)

    def object(self, facts: Mapping[str, object]) -> None:
        """The result as one JSON object, when JSON is asked for."""
        if self.json:
            import json

            body = dict(facts)
            body["warnings"] = self.warnings
            sys.stdout.write(json.dumps(body, indent=2) + "\n")

    def tell_plan(self, plan: Plan) -> None:
        """Pass on what the plan has to say."""
        for sentence in plan.notes:
            self.say(sentence)
        for sentence in plan.warnings:
            self.warn(sentence)

    def world(self, host: Host) -> World:
        """What steps act upon, with progress on standard error, and a trail for the case that the run is killed."""
        import os

        from virtprov.actions.run import trail
        from virtprov.actions.run.plan import World
        from virtprov.support.progress import make

        world = World(host, make(sys.stderr, quiet=self.quiet), self.say, self.warn)
        world.trail = trail.for_host(os.path.basename(sys.argv[0]), host, self.warn)
        return world


def confirm(question: str, ask: Callable[[str], str] | None = None) -> bool:
    """Ask a yes/no question on standard error; anything but y or yes is no."""
    sys.stderr.write(f"{question} (y/n): ")
    sys.stderr.flush()
    answer = ask(question) if ask is not None else sys.stdin.readline()
    if ask is None and not sys.stdin.isatty():
        sys.stderr.write("\n")  # nobody pressed Enter on the screen
    return answer.strip().lower() in ("y", "yes")
