"""What the three commands share on the command line: the parser, common flags, one flag for each option group."""

from __future__ import annotations

import argparse
from contextlib import contextmanager

from virtprov.cli import talk
from virtprov.options.catalogue import GROUPS, help_line
from virtprov.support.errors import UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, NoReturn

    Target = argparse.ArgumentParser | argparse._ArgumentGroup

OLD_FLAGS = {
    "network": ("-w",),
    "hostdev": ("--host-device",),
    "sound": ("--soundhw",),
    "seclabel": ("--security",),
    "launchSecurity": ("--launchsecurity",),
}
"""Other spellings of a group's flag; the long ones are not shown in the help."""


def _wrapped(text: str, width: int) -> list[str]:
    """Cut a text into lines at its blanks."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += (" " if lines[-1] else "") + word
    return lines


@contextmanager
def _untranslated() -> Iterator[None]:
    """Keep argparse from looking for translations of its words: ours have none, and the search outlasts the help."""
    kept = argparse._  # type: ignore[attr-defined]
    argparse._ = str  # type: ignore[attr-defined]
    try:
        yield
    finally:
        argparse._ = kept  # type: ignore[attr-defined]


class Parser(argparse.ArgumentParser):
    """argparse's parser, with failures as UsageError. What is needed of argparse's own members is in this class.

    Long flags may be cut short as long as they stay unambiguous; those in `fresh`, which virt-install does
    not have, must be written out, so that what was unambiguous there is so here.
    """

    def __init__(self, **settings: Any) -> None:
        with _untranslated():
            super().__init__(formatter_class=_Formatter, add_help=False, **settings)
        self.fresh: set[str] = set()

    def flag(self, word: str) -> argparse.Action | None:
        """The flag that a word means, cut short or not; None when it means none, or several."""
        known = self._option_string_actions.get(word)
        if known is not None or not word.startswith("--") or word == "--" or "=" in word:
            return known
        found = self._get_option_tuples(word)
        return found[0][0] if len(found) == 1 else None

    def flags(self) -> list[str]:
        """Every long flag that the help shows, under its first name, sorted."""
        shown = [action for action in self._actions if action.help != argparse.SUPPRESS]
        long = ([name for name in action.option_strings if name.startswith("--")] for action in shown)
        return sorted(names[0] for names in long if names)

    def takes_names(self) -> bool:
        """Whether there are words that belong to no flag, such as the names of guests."""
        return bool(self._get_positional_actions())

    def format_help(self) -> str:
        """The help as a text."""
        with _untranslated():
            return super().format_help()

    def add_fresh(self, target: Target, flag: str, **settings: Any) -> None:
        """Add a flag of our own to the parser or one of its groups."""
        self.fresh.add(flag)
        target.add_argument(flag, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read the command line; raises UsageError for words that are no text."""
        for word in args or ():
            if not word.isascii() and any("\udc80" <= letter <= "\udcff" for letter in word):
                raise UsageError(
                    f"the word {word[:80]!a} on the command line is not UTF-8",
                    hint="names and values go into XML, which is text; rename a file that is called so",
                )
        with _untranslated():
            read = super().parse_known_args(args, namespace)
        talk.heard(read[0])
        return read

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line; raises UsageError."""
        words, hint = _in_our_words(message, [flag for flag in self._option_string_actions if flag.startswith("--")])
        raise UsageError(words, hint=hint or f"`{self.prog} --help` lists all flags")

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        found: dict[int, Any] = {}
        for candidate in super()._get_option_tuples(option_string):
            if candidate[1] not in self.fresh:
                found.setdefault(id(candidate[0]), candidate)
        return list(found.values())


def _in_our_words(message: str, flags: list[str]) -> tuple[str, str]:
    """What argparse says, and what to try; "" where only the list of all flags helps."""
    start, _, rest = message.partition(": ")
    if start == "unrecognized arguments":
        unknown = rest.split()[0] if rest.strip() else ""
        if unknown.startswith("--"):
            return message, nearest(unknown.partition("=")[0], flags)
        return message, "" if unknown.startswith("-") else "every value belongs to a flag; quote one that holds blanks"
    if not start.startswith("argument "):
        return message, "write the flag out" if start == "ambiguous option" else ""
    name = _longest(start.removeprefix("argument "))
    if rest.startswith("expected"):
        return f"{name} needs a value", f"`{name} help` lists what it takes" if name[2:] in GROUPS else ""
    if rest.startswith("not allowed with argument "):
        other = _longest(rest.removeprefix("not allowed with argument "))
        return f"{name} and {other} exclude each other", "leave out one of them"
    what, _, value = rest.partition(": ")
    if what == "invalid choice":
        value, _, choices = value.partition(" (choose from ")
        listed = choices.removesuffix(")").replace("'", "")
        return f"{name} {value}: there is no such choice", f"there are {listed}"
    if what.startswith("invalid "):
        return f"{name} {value}: this is no number", f"for example {name} 30"
    return message, ""


def _longest(names: str) -> str:
    """The flag to speak of where argparse names all its spellings: `-w/--network`."""
    spelled = names.split("/")
    old = {flag for flags in OLD_FLAGS.values() for flag in flags}
    known = [name for name in spelled if name[2:] in GROUPS]
    return known[0] if known else max((name for name in spelled if name not in old), key=len, default=spelled[-1])


def _columns() -> int:
    """The width of the terminal; what argparse would load to find it takes longer than the rest of the help."""
    import os

    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (OSError, ValueError):
        return 80


class _Formatter(argparse.HelpFormatter):
    """Help with room for long flags; old spellings of a flag are left out."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=max(_columns() - 2, 40))

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in _wrapped(text, width - len(indent)))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        hidden = {flag for flags in OLD_FLAGS.values() for flag in flags if flag.startswith("--")}
        names = ", ".join(flag for flag in action.option_strings if flag not in hidden)
        return names if action.nargs == 0 else f"{names} {self._format_args(action, '')}"


class _PrintScript(argparse.Action):
    """Print the completion script for a shell, and leave."""

    def __call__(self, parser: argparse.ArgumentParser, space: object, values: Any, flag: str | None = None) -> None:
        import sys

        from virtprov.cli.shells import script

        sys.stdout.write(script(values, parser.prog))
        parser.exit()


def parser(tool: str, *, usage: str, description: str, connect: Sequence[str] = ("--connect",)) -> Parser:
    """A parser with the flags that every command has first: help, version, connection."""
    made = Parser(prog=tool, usage=usage, description=description, epilog=_EPILOG)
    group = made.add_argument_group("options")
    group.add_argument("-h", "--help", action="help", help="show this help and leave")
    group.add_argument("--version", action="version", version=_version(), help="show the version and leave")
    made.add_fresh(
        group,
        "--completion",
        action=_PrintScript,
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        help="print the completion script for bash, zsh or fish",
    )
    group.add_argument(*connect, dest="connect", metavar="URI", help="the hypervisor's libvirt URI, as qemu:///system")
    return made


_EPILOG = "`--GROUP help` lists the sub-options of a group, such as `--disk help`. The man page has examples."


def _version() -> str:
    from virtprov import __version__

    return __version__


def add_talk(made: Parser, group: Target) -> None:
    """How much is said, and in which form: --quiet, --debug, --output."""
    group.add_argument("-q", "--quiet", action="store_true", help="say only results and failures")
    group.add_argument("-d", "--debug", action="store_true", help="say in detail what is done")
    made.add_fresh(
        group,
        "--output",
        choices=("text", "json"),
        default="text",
        metavar="text|json",
        help="results as text, or as one JSON object",
    )


def add_groups(
    target: Target,
    groups: Iterable[str],
    *,
    bare: Iterable[str] = (),
    action: str | type[argparse.Action] = "append",
) -> None:
    """A flag for each option group; it may be repeated, and its raw values are a list in the order given.

    `bare` names groups that may be given without a value, `action` what argparse does with one.
    """
    lone = set(bare)
    for name in groups:
        old = OLD_FLAGS.get(name, ())
        short, long = [flag for flag in old if len(flag) == 2], [flag for flag in old if len(flag) > 2]
        target.add_argument(
            *short,
            f"--{name}",
            *long,
            dest=destination(name),
            action=action,
            default=[],
            nargs="?" if name in lone else None,
            const="default" if name in lone else None,
            metavar="...",
            help=help_line(name),
        )


def add_osinfo(target: Target) -> None:
    """--osinfo, which older scripts call --os-variant; the last one counts."""
    target.add_argument(
        "--osinfo",
        "--os-variant",
        dest="osinfo",
        metavar="NAME",
        help=help_line("osinfo"),
    )


def add_schema(made: Parser, group: Target) -> None:
    """--no-schema-check."""
    made.add_fresh(
        group,
        "--no-schema-check",
        action="store_true",
        help="take names, values and XML that libvirt's schema here does not know",
    )


def add_check(target: Target) -> None:
    """--check."""
    target.add_argument(
        "--check",
        action="append",
        default=[],
        metavar="...",
        help=help_line("check"),
    )


def texts(args: argparse.Namespace, group: str) -> list[str]:
    """The raw values of an option group; where only the last one counts, a list of one or none."""
    found = getattr(args, destination(group))
    if found is None:
        return []
    return [found] if isinstance(found, str) else list(found)


def destination(group: str) -> str:
    """The name under which the parsed arguments keep the values of an option group."""
    return group.replace("-", "_")
