"""What the user sees: the result on standard output, everything else on standard error."""

from __future__ import annotations

import sys

from virtprov.cli import streams
from virtprov.support import waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from virtprov.actions.run.plan import World
    from virtprov.host.connection import Host


class Output:
    """Where words go. `json` collects the result into one object; `quiet` keeps only results and failures."""

    __slots__ = ("json", "quiet", "warnings")

    acts = False
    """Whether this run changes, or may have changed, a host: then its result must not be lost in silence."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.warnings: list[str] = []
        waiting.state.tell = self.say

    def say(self, sentence: str) -> None:
        """Tell the user something on the way; silent with --quiet."""
        if not self.quiet:
            sys.stderr.write(sentence + "\n")

    def warn(self, sentence: str, *, always: bool = False) -> None:
        """Warn the user; JSON carries warnings as well. `always` is for what must be read beside printed XML."""
        self.warnings.append(sentence)
        if always or not self.quiet:
            sys.stderr.write(f"warning: {sentence}\n")

    def on_note(self, text: str) -> None:
        """As `say`, for the library."""
        self.say(text)

    def on_warning(self, text: str) -> None:
        """As `warn`, for the library."""
        self.warn(text)

    def warn_each(self, sentences: Iterable[str]) -> None:
        """Warn the user of several things."""
        for sentence in sentences:
            self.warn(sentence)

    def result(self, text: str) -> None:
        """A result in words, for standard output; JSON has its own."""
        if not self.json:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def document(self, text: str) -> None:
        """XML as a result: for programs, so it is printed as it is."""
        if not self.json:
            streams.exactly(text if text.endswith("\n") else text + "\n")

    def password(self, sentence: str) -> None:
        """A result that is said only once: on standard error where standard output takes nothing."""
        self.result(sentence)
        if not self.json and not streams.arrived():
            sys.stderr.write(sentence + "\n")

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
            streams.exactly(json.dumps(body, indent=2) + "\n")
            if not streams.arrived():
                for word in dict.fromkeys(_passwords(body)):
                    sys.stderr.write(f"Password for root's first login: {word}\n")

    def world(self, host: Host) -> World:
        """What steps act upon, with progress on standard error, and a trail for the case that the run is killed."""
        from virtprov.actions.run import trail
        from virtprov.actions.run.plan import World
        from virtprov.cli import talk
        from virtprov.support.progress import make

        Output.acts = True
        world = World(host, make(sys.stderr, quiet=self.quiet), self.say, self.warn)
        world.trail = trail.for_host(talk.tool, host, self.warn)
        return world


def confirm(question: str) -> bool:
    """Ask a yes/no question on standard error; anything but y or yes is no.

    Raises ProvError when what is asked about could not be shown.
    """
    if not streams.arrived():
        from virtprov.support.errors import ProvError

        raise ProvError("standard output cannot be written: what is asked about was not shown, and is not done")
    sys.stderr.write(f"{question} (y/n): ")
    sys.stderr.flush()
    answer = _answer()
    if not (sys.stdin and sys.stdin.isatty()):
        sys.stderr.write("\n")  # nobody pressed Enter on the screen
    return answer.strip().lower() in ("y", "yes")


def _passwords(body: object) -> Iterator[str]:
    """Every password that was made up and that an object says, wherever in it."""
    if isinstance(body, dict):
        word = body.get("root_password")
        if word:
            yield str(word)
        body = list(body.values())
    if isinstance(body, list | tuple):
        for part in body:
            yield from _passwords(part)


def _answer() -> str:
    """A line of standard input; "" where there is none."""
    try:
        return sys.stdin.readline() if sys.stdin else ""
    except (OSError, UnicodeDecodeError):
        return ""
