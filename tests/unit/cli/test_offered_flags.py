"""What `--help` offers works: no flag that it shows is refused as one that is not supported yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from virtprov.cli import clone
from virtprov.cli.edit import command as edit
from virtprov.cli.edit import flags as edit_flags
from virtprov.cli.install import command as install

HOST = ("--connect", "test:///default")
COMMANDS: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "install": (
        install,
        install.build_parser,
        ("--name", "z", "--memory", "64", "--disk", "none", "--osinfo", "generic", "--dry-run"),
    ),
    "clone": (clone, clone.build_parser, ("--original", "test", "--name", "z", "--print-xml")),
    "edit": (edit, edit_flags.build_parser, ("test", "--edit", "--memory", "64", "--print-diff")),
}


def words_of(command: str, flag: str, folder: Path) -> list[str]:
    """A command line with this flag, and with a value if it takes one."""
    action = COMMANDS[command][1]().flag(flag)
    assert action is not None
    if action.nargs == 0:
        return [flag]
    return [f"{flag}={action.choices[0] if action.choices else folder / 'x'}"]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_help_shows_is_there(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    module, build, around = COMMANDS[command]
    refused = set()
    for flag in build().flags():
        try:
            module.main([*HOST, *around, *words_of(command, flag, tmp_path)])
            said = ""
        except (Exception, SystemExit) as problem:
            said = f"{problem} {getattr(problem, 'hint', '')}"
        printed = capsys.readouterr()
        if any(word in said + printed.out + printed.err for word in ("not supported yet", "in this release")):
            refused.add(flag)
    assert refused == set()
