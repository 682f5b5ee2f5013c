"""virtprov-install --doctor: what a host can do, what it lacks, and the commands that mend that."""

from __future__ import annotations

from virtprov.support.errors import UsageError
from virtprov.support.text import join_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from virtprov.actions.doctor.examine import Report
    from virtprov.actions.doctor.finding import Answer
    from virtprov.cli.parser import Parser
    from virtprov.cli.printing.output import Output
    from virtprov.host.connection import Host

_BESIDE = ("doctor", "connect", "output", "quiet", "debug", "color")
"""The attributes of flags that can be used together."""


def main(args: Namespace, parser: Parser, output: Output) -> int:
    """Examine the host, and print what was found; returns 1 if it cannot create guests. Raises UsageError."""
    from virtprov.actions.doctor.examine import examine
    from virtprov.actions.doctor.finding import HOST, LIMITED, MACHINE, MISSING, OK

    other = parser.find_given(args, _BESIDE)
    if other:
        raise UsageError(f"{other} cannot be used with --doctor", hint="omit one of them")
    report = examine(args.connect, _connect)
    width = max(len(answer.check.title) for answer in report.answers)
    state_width = max(len(answer.finding.state) for answer in report.answers)
    marks = {OK: "good", LIMITED: "warning", MISSING: "error"}
    for number, (heading, where) in enumerate((("HOST", HOST), ("THIS MACHINE", MACHINE))):
        if number:
            output.result("\n")
        rows = [row for answer in report.answers if answer.check.where == where for row in _rows(answer, report)]
        output.table((f"{heading:{width}}", f"{'STATE':{state_width}}", "FOUND"), rows, marks=marks)
    output.summary("")
    output.summary(_summarize(report))
    output.object(
        "doctor",
        {
            "uri": report.uri,
            "machine": report.machine,
            "is_session": report.is_session,
            "is_recorded": report.is_recorded,
            "ready": report.is_ready,
            "checks": [answer.facts() for answer in report.answers],
        },
    )
    return 0 if report.is_ready else 1


def _connect(uri: str | None) -> Host:
    from virtprov.cli.connecting import connect

    return connect(uri)


def _rows(answer: Answer, report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the lines for an answer: what was found and, unless all is well, what needs it and what fixes it.

    On this machine, only the commands of its system are shown.
    """
    from virtprov.actions.doctor.finding import ANY, MACHINE, OK, family_here

    finding = answer.finding
    yield answer.check.title, finding.state, finding.found
    if finding.state == OK:
        return
    yield "", "", f"needed for: {answer.check.used_for}"
    is_here = answer.check.where == MACHINE or not (report.machine or report.is_recorded)
    mine = family_here() if is_here else ANY
    for mend in finding.mends:
        if mine in (ANY, mend.system) or mend.system == ANY:
            where = f" on {mend.system.capitalize()}" if mend.system and mine == ANY else ""
            yield "", "", f"fix{where}: {mend.command}"
    if finding.hint:
        yield "", "", f"hint: {finding.hint}"


def _summarize(report: Report) -> str:
    from virtprov.actions.doctor.finding import MISSING

    missing = [each.check for each in report.answers if each.finding.state == MISSING]
    vital = [check.title for check in missing if check.is_needed]
    if vital:
        return f"This host cannot create guests yet: {join_words(vital)} {_are(len(vital))} missing."
    rest = f"; {join_words(check.title for check in missing)} {_are(len(missing))} missing" if missing else ""
    return f"This host can create guests{rest}."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
