"""The command line parts shared by the three commands: the parser, common flags, one flag for each option group."""

from __future__ import annotations

import argparse

from virtprov.cli import compat
from virtprov.cli.printing import talk
from virtprov.options.catalogue import GROUPS, help_line
from virtprov.options.guest_words import WORDS
from virtprov.support.errors import ParseError, UsageError, nearest
from virtprov.support.terminal.visible import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NoReturn

    Target = argparse.ArgumentParser | argparse._ArgumentGroup

OLD_FLAGS = {
    "network": ("-w",),
    "hostdev": ("--host-device",),
    "sound": ("--soundhw",),
    "seclabel": ("--security",),
    "launchSecurity": ("--launchsecurity",),
}
"""Other names of a group's flag; the long ones are not shown in the help, except for SHOWN."""
SHOWN = "--security"
"""An old name that programs look for in the help."""


class _Untranslated:
    """Keep argparse from looking for translations: there are none, and the search takes longer than the help."""

    __slots__ = ("_kept",)

    def __enter__(self) -> None:
        self._kept = argparse._  # type: ignore[attr-defined]
        argparse._ = str  # type: ignore[attr-defined]

    def __exit__(self, *raised: object) -> None:
        argparse._ = self._kept  # type: ignore[attr-defined]


class Parser(argparse.ArgumentParser):
    """argparse's parser, with failures as UsageError. Uses of argparse's private members are in this class.

    Long flags may be abbreviated if they are unambiguous; those in `fresh`, which virt-install does not have, must be
    written in full, so that abbreviations that work there also work here.
    """

    _words: tuple[str, ...] = ()

    def __init__(self, **settings: Any) -> None:
        with _Untranslated():
            super().__init__(formatter_class=_Formatter, add_help=False, **settings)
        self.fresh: set[str] = set()

    def flag(self, word: str) -> argparse.Action | None:
        """Return the flag for a word, abbreviated or not; None if there is none, or several."""
        known = self._option_string_actions.get(word)
        if known is not None or not word.startswith("--") or word == "--" or "=" in word:
            return known
        found = self._get_option_tuples(word)
        return found[0][0] if len(found) == 1 else None

    def flags(self) -> list[str]:
        """Return the main name of every long flag shown in the help, sorted."""
        shown = [action for action in self._actions if action.help != argparse.SUPPRESS]
        long = ([name for name in action.option_strings if name.startswith("--")] for action in shown)
        return sorted(names[0] for names in long if names)

    def most_names(self) -> int | None:
        """Return how many positional arguments there can be, such as the names of guests; None for any number."""
        positional = self._get_positional_actions()
        return None if any(action.nargs == "*" for action in positional) else len(positional)

    def find_given(self, args: argparse.Namespace, besides: Iterable[str]) -> str:
        """Return a flag whose value in `args` is not its default, "" if there is none.

        `besides` are attributes of flags that are ignored.
        """
        for action in self._actions:
            if (
                action.dest not in besides
                and action.dest in args
                and getattr(args, action.dest) != self.get_default(action.dest)
            ):
                return max(action.option_strings, key=len, default=action.dest)
        return ""

    def given_words(self) -> list[str]:
        """Return the words of the command line that is parsed."""
        return list(self._words)

    def format_help(self) -> str:
        """Return the help as text."""
        with _Untranslated():
            return super().format_help()

    def add_fresh(self, target: Target, flag: str, **settings: Any) -> None:
        """Add a flag that virt-install does not have to the parser or one of its groups."""
        self.fresh.add(flag)
        target.add_argument(flag, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the command line; raises UsageError for arguments that are not valid text."""
        for word in args or ():
            if not word.isascii() and any("\udc80" <= letter <= "\udcff" for letter in word):
                raise UsageError(
                    f"the argument {word[:80]!a} is not valid UTF-8",
                    hint="XML can only hold valid text; rename the file if this is a file name",
                )
        self._words = tuple(args or ())
        with _Untranslated():
            read = super().parse_known_args(args, namespace)
        talk.heard(read[0])
        return read

    def error(self, message: str) -> NoReturn:
        """Report an error in the command line; raises ParseError."""
        flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
        words, hint = _in_our_words(message, flags)
        hint = _hint_at_dash(message, self._words) or hint
        raise ParseError(words, hint=hint or f"`{self.prog} --help` lists all flags")

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        found: dict[int, Any] = {}
        for candidate in super()._get_option_tuples(option_string):
            if candidate[1] not in self.fresh:
                found.setdefault(id(candidate[0]), candidate)
        return list(found.values())


_INSTEAD = {
    "--crypto": "libvirt's element <crypto> is set with --xml ./devices/crypto/@model=VALUE",
    "--iommufd": "libvirt's element <iommufd> is set with --xml ./iommufd/@enabled=yes",
    "--eject": "`virtprov-xml GUEST --edit target.dev=sda --disk path=` ejects the medium of a drive",
    "--insert": "`virtprov-xml GUEST --edit target.dev=sda --disk /path/image.iso` inserts a medium into a drive",
    "--clone": "`virtprov-clone --original GUEST --auto-clone` clones a guest",
    "--snapshot": "`virsh snapshot-create-as GUEST NAME` takes a snapshot",
    "--resize": "`virsh vol-resize` enlarges the volume of a disk, `virsh blockresize` that of a running guest",
    "--list": "`virsh list --all` lists guests",
    "--size": "--disk size=GIB creates a disk of this size",
    "--user-data": "--cloud-init user-data=FILE gives the guest a user-data document",
    "--hostname": "--cloud-init hostname=NAME names the guest",
    "--ssh-key": "--cloud-init ssh-key=FILE lets the owner of the key log in",
    "--passwd": "--cloud-init password-file=FILE sets the password of the image's user",
    "--password": "--cloud-init password-file=FILE sets the password of the image's user",
    "--rename": "`virsh domrename GUEST NEW` renames a guest that is shut off",
    "--delete": "`virtprov-install --remove GUEST` removes a guest and its disks",
}
"""What to use instead of flags that people expect; the elements are newer than the schema of many hosts."""


def _hint_at_element(flag: str, flags: list[str]) -> str:
    """Return a hint if libvirt has an element of this name, for which there is no option; otherwise ""."""
    from virtprov.xml.schema import schema_files

    graph = schema_files.load() if "--xml" in flags else None
    if graph is None:
        return ""
    name = flag.removeprefix("--")
    for above in ("devices", ""):
        state = graph.child(graph.start(), above) if above else graph.start()
        if name in graph.children(state):
            attributes = graph.attributes(graph.child(state, name))
            part = f"/@{attributes[0]}" if attributes else ""
            return f"libvirt's element <{name}> is set with --xml ./{above + '/' if above else ''}{name}{part}=VALUE"
    return ""


def _in_our_words(message: str, flags: list[str]) -> tuple[str, str]:
    """Translate a message of argparse, and return a hint; "" if only the list of all flags helps."""
    start, _, rest = message.partition(": ")
    if start == "unrecognized arguments":
        unknown = rest.split()[0] if rest.strip() else ""
        if unknown.startswith("--"):
            flag = unknown.partition("=")[0]
            return message, _INSTEAD.get(flag, "") or nearest(flag, flags) or _hint_at_element(flag, flags)
        return message, "" if unknown.startswith("-") else "a value must follow a flag; quote values with spaces"
    if not start.startswith("argument "):
        return message, "write the flag in full" if start == "ambiguous option" else ""
    name = _longest(start.removeprefix("argument "))
    if rest.startswith("expected"):
        return f"{name} requires a value", f"`{name} help` lists its sub-options" if name[2:] in GROUPS else ""
    if rest.startswith("not allowed with argument "):
        other = _longest(rest.removeprefix("not allowed with argument "))
        return f"{name} and {other} cannot be used together", "omit one of them"
    what, _, value = rest.partition(": ")
    if what == "invalid choice":
        value, _, choices = value.partition(" (choose from ")
        listed = choices.removesuffix(")").replace("'", "")
        return f"{name} {value}: invalid choice", f"choose from {listed}"
    if what.startswith("invalid "):
        return f"{name} {value}: not a number", f"for example {name} 30"
    return message, ""


def _hint_at_dash(message: str, words: tuple[str, ...]) -> str:
    """Return a hint if a flag seems to have no value because its value begins with a dash; otherwise ""."""
    names, _, rest = message.removeprefix("argument ").partition(": ")
    if not rest.startswith("expected"):
        return ""
    for flag, value in zip(words, words[1:], strict=False):
        if flag in names.split("/") and value.startswith("-") and (" " in value or not value.startswith("--")):
            from shlex import quote

            return f"write a value that begins with a dash after '=': {flag}={quote(value)}"
    return ""


def _longest(names: str) -> str:
    """Return the name to use for a flag for which argparse lists all names: `-w/--network`."""
    spelled = names.split("/")
    old = {flag for flags in OLD_FLAGS.values() for flag in flags}
    known = [name for name in spelled if name[2:] in GROUPS]
    return known[0] if known else max((name for name in spelled if name not in old), key=len, default=spelled[-1])


def _columns() -> int:
    """Return the width of the terminal without the modules that argparse would load for that."""
    import os

    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (OSError, ValueError):
        return 80


class _Formatter(argparse.HelpFormatter):
    """Help with room for long flags, without old names of flags."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=max(_columns() - 2, 40))

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return super()._format_action_invocation(action)
        hidden = {flag for flags in OLD_FLAGS.values() for flag in flags if flag.startswith("--")} - {SHOWN}
        names = ", ".join(flag for flag in action.option_strings if flag not in hidden)
        return names if action.nargs == 0 else f"{names} {self._format_args(action, '')}"


class _PrintScript(argparse.Action):
    """Print the completion script for a shell, or put those of all commands where it looks (`--install`), and exit.

    virtprov-install has another --install, which takes a value: so it is only looked for as a word of the line.
    """

    def __call__(self, parser: argparse.ArgumentParser, space: object, values: Any, flag: str | None = None) -> None:
        import sys

        words = parser.given_words() if isinstance(parser, Parser) else []
        if "--install" in words:
            from virtprov.cli.printing.output import Output
            from virtprov.cli.shells import install

            is_quiet = "--quiet" in words or "-q" in words
            install.main(values, Output(json=talk.parse_talk(words).json, quiet=is_quiet))
        else:
            from virtprov.cli.shells.scripts import script

            sys.stdout.write(script(values, parser.prog))
        parser.exit()


def parser(tool: str, *, usage: str, description: str, connect: Sequence[str] = ("--connect",)) -> Parser:
    """Return a parser with the first flags of every command: help, version, connection."""
    command = Parser(prog=tool, usage=usage, description=description, epilog=_EPILOG)
    group = command.add_argument_group("options")
    group.add_argument("-h", "--help", action="help", help="show this help and exit")
    group.add_argument("--version", action="version", version=_version(), help="show the version and exit")
    command.add_fresh(
        group,
        "--completion",
        action=_PrintScript,
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        help="print (or --install) a script for bash, zsh or fish",
    )
    group.add_argument(*connect, dest="connect", metavar="URI", help="URI of the hypervisor, such as qemu:///system")
    return command


_EPILOG = "`--GROUP help` lists the sub-options of a group, such as `--disk help`. The man page has examples."


def _version() -> str:
    from virtprov import __version__

    return compat.held.version or __version__


def add_talk(parser: Parser, group: Target) -> None:
    """Add --quiet, --debug, --output and --color."""
    group.add_argument("-q", "--quiet", action="store_true", help="print only results and errors")
    group.add_argument("-d", "--debug", action="store_true", help="print detailed debug messages")
    parser.add_fresh(
        group,
        "--output",
        choices=("text", "json"),
        default="text",
        metavar="text|json",
        help="print the result as text or as a JSON object",
    )
    parser.add_fresh(
        group,
        "--color",
        choices=("auto", "always", "never"),
        default=compat.held.color,
        metavar="WHEN",
        help="colours: auto (on a terminal), always, never",
    )


def add_groups(
    target: Target,
    groups: Iterable[str],
    *,
    bare: Iterable[str] = (),
    action: str | type[argparse.Action] = "append",
) -> None:
    """Add a flag for each option group; it can be repeated, and its raw values are a list in order.

    `bare` are groups that can be given without a value, `action` is the argparse action for values.
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
    """Add --osinfo, which older scripts call --os-variant; the last one is used."""
    target.add_argument(
        "--osinfo",
        "--os-variant",
        dest="osinfo",
        metavar="NAME",
        help=help_line("osinfo"),
    )


def add_schema(parser: Parser, group: Target) -> None:
    """--no-schema-check."""
    parser.add_fresh(
        group,
        "--no-schema-check",
        action="store_true",
        default=compat.held.libvirt_decides,
        help="accept values and XML unknown to libvirt's schema",
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


def add_words(parser: Parser, group: Target) -> None:
    """Add a flag for each word of what goes into a guest."""
    for word in WORDS:
        if word.several:
            parser.add_fresh(group, f"--{word.name}", action="append", default=[], metavar=word.metavar, help=word.help)
        else:
            parser.add_fresh(group, f"--{word.name}", default="", metavar=word.metavar, help=word.help)


def words(args: argparse.Namespace) -> dict[str, Any]:
    """Return the values of these flags, by the names of their fields."""
    return {word.field: getattr(args, word.field) for word in WORDS}


def texts(args: argparse.Namespace, group: str) -> list[str]:
    """Return the raw values of an option group; if only the last one is used, a list with at most one."""
    found = getattr(args, destination(group))
    if found is None:
        return []
    return [found] if isinstance(found, str) else list(found)


def destination(group: str) -> str:
    """Return the name of the attribute with the values of an option group."""
    return group.replace("-", "_")
