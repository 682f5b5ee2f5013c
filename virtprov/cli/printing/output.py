"""The output: the result on standard output, everything else on standard error."""

from __future__ import annotations

import sys

from virtprov.cli.printing import safe_streams
from virtprov.support.slow_calls import waiting
from virtprov.support.terminal.visible import on_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from virtprov.actions.run.plan import RunContext
    from virtprov.host.connection import Host

    Facts = Mapping[str, object]


class Output:
    """Where output goes. `json` collects the result in one object; `quiet` only prints results and failures."""

    __slots__ = ("json", "quiet", "warnings")

    acts = False
    """Whether this run changes, or may have changed, a host: then a result that cannot be written is an error."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.warnings: list[str] = []
        waiting.state.tell = self.say

    def say(self, sentence: str, *, always: bool = False) -> None:
        """Print a message; silent with --quiet. `always` prints it even next to printed XML."""
        if always or not self.quiet:
            sys.stderr.write(on_one_line(sentence) + "\n")

    def warn(self, sentence: str, *, always: bool = False) -> None:
        """Print a warning, which is also part of the JSON output. `always` prints it even next to printed XML."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)
        if always or not self.quiet:
            tell("warning", on_one_line(sentence))

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
        """Print a result as text on standard output; JSON output has its own."""
        if not self.json:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def line(self, sentence: str) -> None:
        """Print a result of one line, whatever the names in it contain."""
        self.result(on_one_line(sentence))

    def document(self, text: str, *, always: bool = False) -> None:
        """Print XML as a result: for programs, so it is not changed. JSON output has its own, unless `always`."""
        if always or not self.json:
            safe_streams.exactly(text if text.endswith("\n") else text + "\n")

    def diff(self, text: str) -> None:
        """Print a diff as a result."""
        if not self.json:
            show_diff(sys.stdout, text)

    def heading(self, text: str) -> None:
        """Print the line above the lines of a table."""
        if not self.json:
            safe_streams.styled(sys.stdout, [("heading", f"{text}\n")])

    def columns(self) -> int | None:
        """Return the width of the terminal that results are printed on; None if they go elsewhere."""
        from virtprov.support.terminal import progress

        return progress.columns(sys.stdout) if sys.stdout.isatty() else None

    def table(
        self, headings: Sequence[str], rows: Iterable[Sequence[str]], *, marks: Mapping[str, str] | None = None
    ) -> None:
        """Print a table as a result, whatever its cells contain; on a terminal, it has the width of that.

        `marks` are words of the second column, each with its style.
        """
        if self.json:
            return
        from virtprov.support.terminal import table

        cells = [[on_one_line(cell) for cell in row] for row in rows]
        first, *rest = table.lines(headings, cells, self.columns())
        self.heading(first)
        at = first.index(headings[1])
        for line in rest:
            word = line[at:].split(" ", 1)[0]
            style = (marks or {}).get(word, "")
            safe_streams.styled(sys.stdout, [("", line[:at]), (style, word), ("", f"{line[at + len(word) :]}\n")])

    def password(self, sentence: str) -> None:
        """Print a result that is shown only once: on standard error if standard output cannot be written."""
        self.line(sentence)
        if not self.json and not safe_streams.flush_output():
            sys.stderr.write(on_one_line(sentence) + "\n")

    def summary(self, sentence: str) -> None:
        """Print the last line: a result that --quiet omits."""
        if not self.quiet:
            self.line(sentence)

    def object(self, schema: str, facts: Facts) -> None:
        """Print the result as one JSON object, if JSON output is selected; see `emit` for `schema`."""
        if self.json:
            body = {**facts, "warnings": self.warnings}
            emit(schema, body)
            if not safe_streams.flush_output():
                for word in dict.fromkeys(_passwords(body)):
                    sys.stderr.write(f"Password for root's first login: {word}\n")

    def items(self, schema: str, items: Sequence[Facts]) -> None:
        """As `object`, for the one result that is a list."""
        if self.json:
            emit(schema, items)

    def context(self, host: Host) -> RunContext:
        """Return the context for steps, with progress on standard error, and a recovery log."""
        from virtprov.actions.run import trail
        from virtprov.actions.run.plan import RunContext
        from virtprov.cli.printing import talk
        from virtprov.support.terminal.progress import make

        Output.acts = True
        context = RunContext(host, make(sys.stderr, quiet=self.quiet), self.say, self.warn)
        context.trail = trail.for_host(talk.tool, host, self.warn)
        return context


def tell(label: str, sentence: str, *, before: str = "") -> None:
    """Print a sentence on standard error, after a label in its colour: "error", "warning" or "hint"."""
    safe_streams.styled(sys.stderr, [("", before), (label, f"{label}:"), ("", f" {sentence}\n")])


def show_diff(stream: TextIO, text: str) -> None:
    """Print a diff on standard output or standard error."""
    from virtprov.cli.printing import colors

    safe_streams.styled(stream, colors.split_diff(text))


def emit(schema: str, body: object) -> None:
    """Print a JSON object; it follows the schema of this name in cli/schemas, which the tests check."""
    import json

    safe_streams.exactly(json.dumps(body, indent=2) + "\n")


def confirm(question: str) -> bool:
    """Ask a yes/no question on standard error; anything but y or yes means no.

    Raises ProvError if the change to confirm could not be shown.
    """
    if not safe_streams.flush_output():
        from virtprov.support.errors import ProvError

        raise ProvError(
            "cannot write to standard output: nothing has been done, because the change to confirm could not be shown"
        )
    sys.stderr.write(f"{on_one_line(question)} (y/n): ")
    sys.stderr.flush()
    answer = _answer()
    if not (sys.stdin and sys.stdin.isatty()):
        sys.stderr.write("\n")  # nobody pressed Enter on the screen
    return answer.strip().lower() in ("y", "yes")


def _passwords(body: object) -> Iterator[str]:
    """Return every generated password in an object."""
    if isinstance(body, dict):
        word = body.get("root_password")
        if word:
            yield str(word)
        body = list(body.values())
    if isinstance(body, list | tuple):
        for part in body:
            yield from _passwords(part)


def _answer() -> str:
    """Return a line of standard input; "" at its end."""
    try:
        return sys.stdin.readline() if sys.stdin else ""
    except (OSError, UnicodeDecodeError):
        return ""
