"""--sysinfo in a guest: one element a type."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.write import compose, subopts
from virtprov.guest.write.assign import resolve
from virtprov.options.catalogue import table
from virtprov.xml import path, tree


def guest(*texts: str) -> Guest:
    """A guest made of these uses of --sysinfo."""
    made, rows = Guest.parse("<domain><os/></domain>"), table("sysinfo")
    devices, words = compose.write_all(made, [("sysinfo", resolve(rows, subopts.pairs(rows, text))) for text in texts])
    assert (devices, words) == ([], {})
    return made


def test_uses_of_one_type_are_one_element() -> None:
    root = guest("bios.vendor=a", "type=fwcfg,entry0=x", "system.serial=s", "bios.vendor=b").root
    assert [node.get("type") for node in tree.children(root, "sysinfo")] == ["smbios", "fwcfg"]
    assert path.get(root, "./sysinfo/bios/entry[@name='vendor']") == "b"
    assert path.get(root, "./sysinfo/system/entry[@name='serial']") == "s"


@pytest.mark.parametrize(
    ("text", "mode", "elements"),
    [("host", "host", 0), ("emulate", "emulate", 0), ("smbios", "sysinfo", 1), ("type=fwcfg", None, 1)],
)
def test_where_smbios_comes_from(text: str, mode: str | None, elements: int) -> None:
    root = guest(text).root
    assert path.get(root, "./os/smbios/@mode") == mode
    assert len(tree.children(root, "sysinfo")) == elements
