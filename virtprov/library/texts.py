"""Values of option groups in programs, converted to those of the command line."""

from __future__ import annotations

from virtprov.support.errors import ParseError, UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def parse_wait(text: str) -> float:
    """Return the time of --wait in minutes: "30", "90s", "1h30m"; -1 for any negative number, which means no limit.

    Raises ParseError for anything else.
    """
    from virtprov.support.units import parse_duration

    word = text.strip()
    if word[:1] == "-" and word[1:].replace(".", "", 1).isdecimal():
        return -1.0
    try:
        return min(parse_duration(word, default="m", what="duration") / 60, _LONGEST)
    except (UsageError, ValueError, OverflowError) as problem:  # the last two: more digits than a number has
        why = problem.message if isinstance(problem, UsageError) else "the number is too long"
        raise ParseError(
            f"--wait: {why}",
            hint="for example --wait 30 (minutes), --wait 90s, or --wait alone to wait without a limit",
        ) from None


def parse_checks(values: list[str]) -> Checks:
    """Parse every use of --check; raises UsageError."""
    from virtprov.actions.request import Checks
    from virtprov.guest.write import gather

    options = gather.words("check", values)
    checks = Checks()
    if options.pop("all", "yes") == "no":
        checks = Checks(*(False for _ in checks))._replace(name_in_use=True)  # as virt-install has it
    return checks._replace(**{name: value == "yes" for name, value in options.items()})
