"""Characters that XML does not allow, in what is booted: refused with the name of the flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.places import trees
from virtprov.cli.install import command
from virtprov.support.errors import UsageError

KVM = f"recorded://{Path(__file__).resolve().parents[3] / 'data' / 'hosts' / 'kvm'}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.write(tmp_path / "tree", trees.FEDORA)


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["--location", "http://host/tree\x01/"], "--location"),
        (["--location", "TREE", "--extra-args", "console=ttyS0\x01"], "--extra-args"),
        (["--location", "ODD"], "--location"),
        (["--cdrom", "http://host/cd\x01.iso"], "--cdrom"),
    ],
)
def test_characters_that_xml_does_not_allow(words: list[str], flag: str, tree: Path, tmp_path: Path) -> None:
    odd = trees.write(tmp_path / "odd", {name.replace("vmlinuz", "vm\x02linuz"): b"x" for name in trees.FEDORA})
    (odd / ".treeinfo").write_bytes(trees.FEDORA[".treeinfo"].replace(b"vmlinuz", b"vm\x02linuz"))
    words = [{"TREE": str(tree), "ODD": str(odd)}.get(word, word) for word in words]
    guest = ["--connect", KVM, "--name", "new", "--memory", "2048", "--disk", "none", "--osinfo", "linux2022"]
    with pytest.raises(UsageError, match=f"{flag}.*: .* contains a character that is not allowed in XML"):
        command.main([*guest, *words, "--print-xml"])
