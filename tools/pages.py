"""Build the man pages: `tools/pages.py DIR` writes them into DIR, with the functions that setup.cfg names.

A page has the parser's help, then the sub-options of each group from the option tables, then the sections of
man/common.in and man/TOOL.in. The date is that of the changelog and the width is fixed, so the same tree always gives
the same bytes.
"""

from __future__ import annotations

import argparse
import calendar
import configparser
import os
import re
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
SHARED = ("address.", "alias.", "boot.", "xpath", "clearxml")
SHARED_TEXT = r"""In option names, \fIN\fR is a number that counts from 0. An empty value removes a setting.
Each group that corresponds to an element also accepts \fBxpath\fIN\fB.set=\fIXPATH\fR=\fIVALUE\fR,
\fBxpath\fIN\fB.create\fR, \fBxpath\fIN\fB.delete\fR and \fBclearxml=yes\fR; each device accepts \fBaddress.*\fR,
\fBalias.name\fR and, if libvirt allows it, \fBboot.order\fR."""


def install() -> argparse.ArgumentParser:
    """Return the parser of virtprov-install, with its extra sections."""
    return _with_sections("install")


def clone() -> argparse.ArgumentParser:
    """Return the parser of virtprov-clone, with its extra sections."""
    return _with_sections("clone")


def edit() -> argparse.ArgumentParser:
    """Return the parser of virtprov-xml, with its extra sections."""
    return _with_sections("edit")


def _with_sections(tool: str) -> argparse.ArgumentParser:
    sys.path.insert(0, str(TOP))
    module = "clone" if tool == "clone" else f"{tool}.command"
    parser: argparse.ArgumentParser = import_module(f"virtprov.cli.{module}").build_parser()
    tables = sub_options(parser)
    extra = [("sub-options", tables)] if tables else []
    extra += [part for name in ("common", tool) for part in sections(TOP / "man" / f"{name}.in")]
    pages = [{"heading": heading, "content": text} for heading, text in extra]
    parser._manpage = pages  # type: ignore[attr-defined]  # argparse-manpage reads the sections from here
    return parser


def sections(path: Path) -> list[tuple[str, str]]:
    """Read roff text with `[Heading]` sections, and escape its dashes so that they can be copied and pasted."""
    text = re.sub(r"(?<!\\)-", r"\\-", path.read_text())
    parts = re.split(r"^\[([^\]]+)\]\n", text, flags=re.MULTILINE)
    return [(heading, text.strip()) for heading, text in zip(parts[1::2], parts[2::2], strict=True)]


def sub_options(parser: argparse.ArgumentParser) -> str:
    """Return roff text with the sub-options of every group that `parser` has a flag for; "" if there is none."""
    from virtprov.options import catalogue

    flags = parser._option_string_actions
    groups = [group for group in catalogue.GROUPS if f"--{group}" in flags]
    if not groups:
        return ""
    lines = [".nh", *_adjust("l"), SHARED_TEXT]  # do not hyphenate names, and do not spread them over the line
    for group in groups:
        names = [_spell(row) for row in catalogue.table(group).rows if not row.name.startswith(SHARED)]
        if names:
            lines += [".TP", rf"\fB\-\-{_roff(group)}\fR", ", ".join(names)]
    return "\n".join([*lines, ".hy", *_adjust("b")])


def _adjust(side: str) -> list[str]:
    """Return roff requests for adjusted lines; the string is for groff 1.23, which adjusts each paragraph anew."""
    return [f".ds AD {side}", f".ad {side}"]


def _spell(row: object) -> str:
    from virtprov.options.model import NUMBER, Row

    assert isinstance(row, Row)
    name = r"\fIN\fR".join(_roff(part) for part in row.name.split(NUMBER))
    return name + "=" + r"|\:".join(map(_roff, row.values)) if row.values else name


def _roff(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def released() -> int:
    """Return the date of the newest dated heading of the changelog, in seconds since 1970."""
    found = re.search(r"^## .*(\d{4}-\d\d-\d\d)", (TOP / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    if found is None:
        sys.exit("CHANGELOG.md has no heading with a date")
    return calendar.timegm(time.strptime(found[1], "%Y-%m-%d"))


def write(folder: Path) -> None:
    """Write all pages into `folder`, which is created if missing."""
    config = configparser.ConfigParser()
    config.read(TOP / "setup.cfg")
    spec = config["build_manpages"]["manpages"]
    spec = re.sub(r"^man/", f"{folder.resolve()}/", spec.strip(), flags=re.MULTILINE)
    fixed = {"COLUMNS": "100", "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": str(released())}
    argv = [sys.executable, "setup.py", "-q", "build_manpages", "--manpages", spec]
    subprocess.run(argv, cwd=TOP, env={**os.environ, **fixed}, check=True)
    for page in folder.glob("*.1"):
        page.write_text(without_blank_lines(page.read_text()))


def without_blank_lines(page: str) -> str:
    """Replace blank lines, which roff prints as gaps, by paragraph macros; drop them before another macro."""
    return re.sub(r"\n\n+", "\n.PP\n", re.sub(r"\n\n+(?=\.)", "\n", page))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
