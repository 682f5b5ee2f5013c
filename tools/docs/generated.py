"""The pages of the reference that the code writes: options, sub-options and the functions for programs.

`write(folder)` puts them into `folder`, which is a copy of docs/reference.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))

from tools.docs.schema_page import schema_page  # noqa: E402

COMMANDS = {
    "virtprov-install": ("install.command", "create, show and remove guests"),
    "virtprov-clone": ("clone", "copy a guest and its disks"),
    "virtprov-xml": ("edit.command", "change, add and remove parts of guests"),
}
EXPLAINED = {
    "boot": "[UEFI, Secure Boot and TPM](../../howto/firmware.md)",
    "cloud-init": "[documents of your own](../guest-options.md#documents-of-your-own)",
    "copy": "[clone a guest or a template](../../howto/clone-template.md)",
    "cpu": "[processors, memory and devices](../../howto/hardware.md)",
    "disk": "[give a guest disks](../../howto/disks.md)",
    "filesystem": "[a shared folder](../../howto/hardware.md#a-shared-folder)",
    "hostdev": "[processors, memory and devices](../../howto/hardware.md)",
    "image": "[cloud images](../cloud-images.md)",
    "install": "[places to install from](../places.md)",
    "network": "[networks and fixed addresses](../../howto/network.md)",
    "unattended": "[what is answered](../unattended.md#what-is-answered)",
}
"""The pages that explain the sub-options of a group."""
MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#$"})


def write(folder: Path) -> None:
    """Write all pages of the reference that are generated into `folder`."""
    for tool, (module, purpose) in COMMANDS.items():
        parser = import_module(f"virtprov.cli.{module}").build_parser()
        (folder / f"{tool}.md").write_text("\n".join(command_page(tool, purpose, parser)) + "\n", encoding="utf-8")
    groups = folder / "groups"
    groups.mkdir(exist_ok=True)
    from virtprov.options import catalogue

    for group in catalogue.GROUPS:
        (groups / f"{group}.md").write_text("\n".join(group_page(group)) + "\n", encoding="utf-8")
    (folder / "sub-options.md").write_text("\n".join(group_list()) + "\n", encoding="utf-8")
    (folder / "json-keys.md").write_text("\n".join(schema_page()) + "\n", encoding="utf-8")
    (folder / "api.md").write_text("\n".join(api_page()) + "\n", encoding="utf-8")


def escape(text: str) -> str:
    """Return text in which nothing is Markdown."""
    return text.translate(MARKS)


# -- options -------------------------------------------------------------------------------------------


def command_page(tool: str, purpose: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the lines of the page of one command, from its parser."""
    from virtprov.options import catalogue

    yield f"# {tool}\n"
    yield f"For everyone who looks up an option of `{tool}`: {purpose}. `{tool} --help` prints the same list.\n"
    yield f"{escape(' '.join((parser.description or '').split()))}\n"
    for section in parser._action_groups:
        actions = [action for action in section._group_actions if action.help != argparse.SUPPRESS]
        if not actions:
            continue
        yield f"## {(section.title or '').capitalize()}\n"
        yield "| option | meaning |\n|---|---|"
        for action in actions:
            name = action.dest if action.option_strings else ""
            group = next((flag[2:] for flag in action.option_strings if flag[2:] in catalogue.GROUPS), name)
            more = f" ([sub-options](groups/{group}.md))" if group in catalogue.GROUPS else ""
            yield f"| `{spell(action)}` | {escape(action.help or '')}{more} |"
        yield ""
    yield "The [exit codes](exit-codes.md) and the [JSON output](json.md) have pages of their own."


def spell(action: argparse.Action) -> str:
    """Return an option as the help shows it, with its value."""
    names = ", ".join(action.option_strings)
    value = action.metavar
    if isinstance(value, tuple):
        value = " ".join(value)
    if action.nargs == "+":
        value = f"{value} ..."
    text = f"{names} {value or ''}".strip() if action.nargs != 0 else names
    return text.replace("|", "\\|")


def group_list() -> Iterator[str]:
    """Yield the lines of the page that lists all groups of sub-options."""
    from virtprov.options import catalogue

    yield "# Sub-options\n"
    yield "For everyone who wants to know what can follow `--disk`, `--network` and the other options that describe a"
    yield "part of a guest. `--disk help` prints the list of a group on a terminal.\n"
    yield "Sub-options are separated by commas: `--disk size=20,bus=scsi`. An empty value removes a setting. A name"
    yield "that is not listed, but is in libvirt's schema, works as well. Each group that stands for an element also"
    yield "takes `clearxml=yes`, `xpathN.set=XPATH=VALUE`, `xpathN.create=` and `xpathN.delete=`.\n"
    yield "| option | meaning |\n|---|---|"
    for group in catalogue.GROUPS:
        yield f"| [`--{group}`](groups/{group}.md) | {escape(catalogue.help_line(group))} |"
    yield "\n```{toctree}\n:hidden:\n"
    yield from (f"groups/{group}" for group in catalogue.GROUPS)
    yield "```"


def group_page(group: str) -> Iterator[str]:
    """Yield the lines of the page of one group, from the rows of its table."""
    from virtprov.options import catalogue

    yield f"# --{group}\n"
    purpose = escape(catalogue.help_line(group)).removesuffix(" ...")
    yield f"For everyone who looks up a sub-option of `--{group}`: {purpose}.\n"
    if group in EXPLAINED:
        yield f"They are explained in {EXPLAINED[group]}.\n"
    rows = [row for row in catalogue.table(group).rows if not row.hidden]
    if not rows:
        yield "This option has a single value, and no sub-options."
        return
    if any("[0-9]*" in row.name for row in rows):
        yield "N stands for a number that counts from 0.\n"
    yield "| sub-option | value | place in the XML | older names |\n|---|---|---|---|"
    for row in rows:
        name, values = number(row.name), ", ".join(f"`{value}`" for value in row.values)
        path = f"`{number(row.path)}`".replace("|", "\\|") if row.path else ""
        old = ", ".join(f"`{number(name)}`" for name in row.old)
        yield f"| `{name}` | {values or escape(row.kind.expects)} | {path} | {old} |"


def number(text: str) -> str:
    """Return a name or a path with N for its number."""
    return text.replace("[0-9]*", "N").replace("[#]", "[N]")


# -- functions for programs ----------------------------------------------------------------------------


def api_page() -> Iterator[str]:
    """Yield the lines of the page of everything that `import virtprov` offers, from its docstrings."""
    import virtprov

    yield "# Python functions and types\n"
    yield "For programmers who look up a function, a field or an error of the library; [how to use"
    yield "it](../howto/library.md) is on its own page.\n"
    kinds: dict[str, list[str]] = {"Functions": [], "Requests and results": [], "Errors": []}
    for name in virtprov.__all__:
        value = getattr(virtprov, name)
        if not inspect.isclass(value):
            kinds["Functions"].append(name)
        else:
            kinds["Errors" if issubclass(value, Exception) else "Requests and results"].append(name)
    for kind, names in kinds.items():
        yield f"## {kind}\n"
        for name in names:
            yield from api_entry(name, getattr(virtprov, name))


def api_entry(name: str, value: object) -> Iterator[str]:
    """Yield what the docstring of a function, a type or an error says."""
    yield f"### {name}\n"
    if inspect.isfunction(value):
        yield f"```python\n{name}{inspect.signature(value)}\n```\n"
    yield from described(inspect.getdoc(value) or "")
    if not inspect.isclass(value):
        return
    if issubclass(value, Exception):
        yield f"Exit code of a command: {getattr(value, 'exit_code', 1)}.\n"
        return
    for method, function in vars(value).items():
        if not method.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield f"`{method}{inspect.signature(function)}`: {' '.join(function.__doc__.split())}\n"


def described(text: str) -> Iterator[str]:
    """Yield a docstring: its paragraphs, and its aligned lists as they are."""
    for part in text.split("\n\n"):
        if any("  " in line.strip() or line.startswith(" ") for line in part.splitlines()):
            yield f"```text\n{part}\n```\n"
        else:
            yield f"{part}\n"
