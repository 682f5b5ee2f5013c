"""Values of option groups in programs, converted to those of the command line."""

from __future__ import annotations

from virtprov.support.errors import UsageError, nearest

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


def parse_checks(values: list[str]) -> Checks:
    """Parse every use of --check; raises UsageError."""
    from virtprov.actions.request import Checks
    from virtprov.guest.write import gather

    options = gather.words("check", values)
    checks = Checks()
    if options.pop("all", "yes") == "no":
        checks = Checks(*(False for _ in checks))._replace(name_in_use=True)  # as virt-install has it
    return checks._replace(**{name: value == "yes" for name, value in options.items()})
