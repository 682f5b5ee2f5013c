"""Devices that come and go together."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.edits.companions import after_edit, after_removal
from virtprov.guest.offline import Offline
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.osinfo.find_profile import generic
from virtprov.xml import tree

SPICE = (
    "<graphics type='spice'/><channel type='spicevmc'/><redirdev type='spicevmc'/><audio type='spice'/><sound/>"
    "<channel type='unix'/>"
)


def guest(devices: str) -> Guest:
    return Guest.parse(
        f"<domain type='kvm'><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>{devices}</devices></domain>"
    )


def tags(changed: Guest) -> list[str]:
    return [str(device.tag) for device in changed.devices()]


def removed(devices: str, tag: str) -> list[str]:
    """The tags that are left when the first device of a kind goes."""
    changed = guest(devices)
    gone = changed.devices(tag)[0]
    copy = tree.copy(gone)
    tree.remove(gone)
    after_removal(changed, copy)
    return tags(changed)


def edited(devices: str, kind: str) -> Guest:
    changed = guest(devices)
    shown = changed.devices("graphics")[0]
    before = tree.copy(shown)
    shown.set("type", kind)
    after_edit(RuleContext(changed, Offline(changed), generic()), shown, before)
    return changed


def test_spices_helpers_go_with_the_last_spice_display() -> None:
    assert removed(SPICE, "graphics") == ["sound", "channel"]
    assert removed(SPICE + "<graphics type='spice'/>", "graphics")[-1] == "graphics"
    assert "redirdev" in removed(SPICE + "<graphics type='spice'/>", "graphics")


@pytest.mark.parametrize(
    ("devices", "tag", "left"),
    [
        ("<serial type='pty'/><console type='pty'/>", "serial", []),
        ("<serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial'/></console>",
         "serial", []),
        ("<serial type='pty'/><console type='pty'><target type='virtio'/></console>", "serial", ["console"]),
        ("<serial type='pty'/><console type='file'/>", "serial", ["console"]),
        ("<serial type='pty'><target port='1'/></serial><console type='pty'/>", "serial", ["console"]),
        ("<serial type='pty'/><console type='pty'/>", "console", ["serial"]),
    ],
)  # fmt: skip
def test_a_serial_port_takes_its_console_along(devices: str, tag: str, left: list[str]) -> None:
    assert removed(devices, tag) == left


def test_from_spice_to_vnc() -> None:
    assert tags(edited(SPICE, "vnc")) == ["graphics", "sound", "channel"]


def test_from_vnc_to_spice() -> None:
    changed = edited("<graphics type='vnc'/>", "spice")
    assert sorted(tags(changed)) == ["channel", "graphics", "redirdev", "redirdev", "sound"]
    assert changed.get("./features/vmport/@state") == "off"


def test_what_is_there_is_not_added_again() -> None:
    devices = "<graphics type='vnc'/><sound model='ac97'/><redirdev type='tcp'/><channel type='spicevmc'/>"
    assert tags(edited(devices, "spice")) == ["graphics", "sound", "redirdev", "channel"]


def test_other_edits_have_no_consequences() -> None:
    assert tags(edited(SPICE, "spice")) == tags(guest(SPICE))


def test_nothing_names_a_removed_audio_backend() -> None:
    guest = Guest.parse(
        "<domain type='kvm'><devices>"
        "<sound model='ich9'><audio id='2'/></sound><sound model='ich6'><audio id='1'/></sound>"
        "<graphics type='vnc'><audio id='2'/></graphics><audio id='1' type='none'/><audio id='2' type='none'/>"
        "</devices></domain>"
    )
    gone = guest.devices("audio")[1]
    tree.remove(gone)
    after_removal(guest, gone)
    assert [node.get("id") for node in guest.root.iter("audio")] == ["1", "1"]
