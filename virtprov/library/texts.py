"""Values of option groups in programs, converted to those of the command line."""

from __future__ import annotations

from virtprov.support.errors import ParseError, UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from virtprov.actions.goals import Goals
    from virtprov.actions.request import Checks
    from virtprov.osinfo.os_request import OsinfoRequest

    Value = str | int | Sequence[str]
    """One use of an option group, or several."""


def as_list(value: Value | None) -> list[str]:
    """Return the texts of a value; none for None and for an empty text."""
    if value is None or value == "":
        return []
    return [str(value)] if isinstance(value, (str, int)) else [str(text) for text in value]


def check_group(name: str, known: Iterable[str]) -> None:
    """Raise UsageError for an unknown option group."""
    groups = tuple(known)
    if name not in groups:
        raise UsageError(
            f"unknown option group '{name}'",
            hint=nearest(name, groups) or "`virtprov-install --help` and `virtprov-xml --help` list them",
        )


def refuse_standard_input(group: str, texts: Iterable[str]) -> None:
    """Raise UsageError for a sub-option that would read standard input, which belongs to the program."""
    for text in texts:
        for part in text.split(","):
            name, _, value = part.partition("=")
            if value.strip() == "-":
                raise UsageError(
                    f"--{group} {name.strip()}=-: only the commands can read standard input",
                    hint="give a file name",
                )


def parse_osinfo(text: str | None) -> OsinfoRequest:
    """Read the value of --osinfo; raises UsageError."""
    import os

    from virtprov.guest.write import gather
    from virtprov.osinfo.os_request import from_options, parse_word

    tidy = ",".join("=".join(word.strip() for word in part.split("=")) for part in (text or "").split(","))
    return parse_word(text, os.environ) or from_options(gather.words("osinfo", [tidy]), os.environ)


_LONGEST = 60.0 * 24 * 366 * 100
"""A century in minutes: waits are clocks of the system, which cannot count for ever."""


def parse_wait(text: str) -> float | Goals:
    """Return the value of --wait: a time in minutes, or what to wait for.

    A time is "30", "90s", "1h30m"; -1 stands for any negative number, which means no limit. What to wait for is
    "ssh", "ip,run=COMMAND,timeout=5m" ... Raises ParseError for anything else.
    """
    from virtprov.actions.goals import GOALS

    word = text.strip()
    names = [part.partition("=")[0].strip() for part in word.split(",")]
    if names[0][:1].isalpha() or any(name in (*GOALS, _TIMEOUT) for name in names):
        return _parse_goals(word)
    return _parse_time(word)


def split_wait(value: float | str | Goals | None) -> tuple[float | None, Goals | None]:
    """Return the minutes to wait (None: do not wait), and what to wait for, if that is given. Raises ParseError."""
    from virtprov.actions.goals import MINUTES, Goals

    wait = parse_wait(value) if isinstance(value, str) else value
    if not isinstance(wait, Goals):
        return wait, None
    return MINUTES if wait.minutes is None else wait.minutes, wait


def _parse_time(word: str) -> float:
    from virtprov.support.notation.units import parse_duration

    if word[:1] == "-" and word[1:].replace(".", "", 1).isdecimal():
        return -1.0
    try:
        return min(parse_duration(word, default="m", what="duration") / 60, _LONGEST)
    except (UsageError, ValueError, OverflowError) as problem:  # the last two: more digits than a number has
        why = problem.message if isinstance(problem, UsageError) else "the number is too long"
        raise ParseError(
            f"--wait: {why}",
            hint="for example --wait 30 (minutes), --wait 90s, --wait ready, or --wait alone to wait without a limit",
        ) from None


_TIMEOUT = "timeout"
_WORDS = "use ip, ssh, agent, cloud-init, ready, shutdown, run=COMMAND, timeout=30m; or a time alone, such as 90s"


def _parse_goals(text: str) -> Goals:
    from virtprov.actions.goals import GOALS, RUN, Goals
    from virtprov.guest.write.subopts import split

    words: list[str] = []
    commands: list[str] = []
    minutes: float | None = None
    for part in split(text, "wait"):
        word, equals, value = part.strip().partition("=")
        if word == _TIMEOUT:
            minutes = _parse_time(value)
            if minutes == 0:
                raise ParseError("--wait: timeout=0 leaves no time to wait", hint="give a time, such as timeout=90s")
            continue
        if word not in GOALS:
            raise ParseError(f"--wait: unknown word '{word}'", hint=nearest(word, (*GOALS, _TIMEOUT)) or _WORDS)
        if bool(equals) != (word == RUN) or (equals and not value.strip()):
            why = "run requires a command" if word == RUN else f"{word} has no value"
            raise ParseError(f"--wait: {why}", hint=_WORDS)
        if word == RUN:
            commands.append(value)
        if word not in words:
            words.append(word)
    if not words:
        raise ParseError("--wait: timeout= is given, but nothing to wait for", hint=_WORDS)
    return Goals(tuple(words), tuple(commands), minutes)


def parse_checks(values: list[str]) -> Checks:
    """Parse every use of --check; raises UsageError."""
    from virtprov.actions.request import Checks
    from virtprov.guest.write import gather

    options = gather.words("check", values)
    checks = Checks()
    if options.pop("all", "yes") == "no":
        checks = Checks(*(False for _ in checks))._replace(name_in_use=True)  # as virt-install has it
    return checks._replace(**{name: value == "yes" for name, value in options.items()})
