"""Abbreviations of virt-install's, virt-clone's and virt-xml's flags mean the same flag here.

tests/data/peer_flags.json lists the flags of version 4.1, hidden ones as well, as its own parsers have them, and those
that version 5.1 added. Names of one flag are in one line.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from virtprov.cli import clone
from virtprov.cli.edit import command
from virtprov.cli.install.flags import install_parser
from virtprov.cli.parser import Parser

PEERS = json.loads((Path(__file__).resolve().parents[2] / "data" / "peer_flags.json").read_text())
OURS = {"virt-clone": clone.build_parser, "virt-install": install_parser, "virt-xml": command.build_parser}
OWN = {("virt-xml", "--file"), ("virt-xml", "--check")}
"""Words that are flags of our own, written in full, and abbreviations there: of --filesystem, and of --check-cpu."""


def groups(tool: str, *versions: str) -> list[list[str]]:
    return [line.split() for version in versions for line in PEERS[tool][version]]


def abbreviations(flags: list[list[str]]) -> dict[str, str]:
    """Every prefix that argparse takes for exactly one of the flags' names, with that name."""
    names = [name for group in flags for name in group if name.startswith("--")]
    found = {}
    for name in names:
        for end in range(len("--x"), len(name)):
            prefix = name[:end]
            if prefix not in names and sum(other.startswith(prefix) for other in names) == 1:
                found[prefix] = name
    return found


def parser(tool: str) -> Parser:
    made = OURS[tool]()
    assert isinstance(made, Parser)
    return made


@pytest.mark.parametrize("versions", [("4.1",), ("4.1", "5.1")], ids=["4.1", "5.1"])
@pytest.mark.parametrize("tool", OURS)
def test_every_unique_prefix_of_a_peers_flag_means_that_flag(tool: str, versions: tuple[str, ...]) -> None:
    ours, known = parser(tool), abbreviations(groups(tool, *versions))
    assert len(known) > 80
    wrong = {prefix for prefix, name in known.items() if ours.flag(prefix) is not (ours.flag(name) or name)}
    assert {(tool, prefix) for prefix in wrong} == {own for own in OWN if own[0] == tool}


@pytest.mark.parametrize("tool", OURS)
def test_every_flag_of_the_peers_is_known(tool: str) -> None:
    ours = parser(tool)
    for names in groups(tool, "4.1", "5.1"):
        found = {id(ours.flag(name)) for name in names}
        assert len(found) == 1 and ours.flag(names[0]) is not None, names


@pytest.mark.parametrize(("argv", "name"), [(["-o", "a", "--na", "b"], "b"), (["a", "--na", "b"], "b")])
def test_an_abbreviated_command_line_of_virt_clone(argv: list[str], name: str) -> None:
    assert clone.to_request(parser("virt-clone").parse_args(argv)).name == name
