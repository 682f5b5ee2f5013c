"""`--edit --boot loader=` on a guest whose firmware libvirt selects; libvirt 9.0 refuses guests that have both."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing.changes import EDIT, EditRequest, change
from virtprov.guest.document import Guest
from virtprov.guest.write import gather

START = """<domain type='kvm'><name>g</name><os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>
<firmware><feature enabled='yes' name='secure-boot'/></firmware></os></domain>"""


def edited(text: str, xml: str = START) -> Guest:
    uses = tuple(gather.group_uses("boot", [text])[0])
    return change(EditRequest(EDIT, "boot", uses), Guest.parse(xml), None).guest


@pytest.mark.parametrize("text", ["loader=/x.fd", "loader=/x.fd,loader.type=pflash,loader.readonly=yes"])
def test_a_loader_replaces_the_selection(text: str) -> None:
    guest = edited(text)
    assert guest.get("./os/loader") == "/x.fd"
    assert not guest.has("./os/@firmware") and not guest.has("./os/firmware")


@pytest.mark.parametrize("text", ["loader.secure=yes", "menu=on", "kernel=/k"])
def test_other_settings_keep_it(text: str) -> None:
    guest = edited(text)
    assert guest.get("./os/@firmware") == "efi" and guest.has("./os/firmware")


def test_features_of_uefi_go_with_it() -> None:
    guest = edited("firmware=bios")
    assert guest.get("./os/@firmware") == "bios" and not guest.has("./os/firmware")


def test_what_is_named_beside_a_loader_stays() -> None:
    assert edited("loader=/x.fd,firmware=efi").get("./os/@firmware") == "efi"


def test_the_loader_that_the_guest_has_changes_nothing() -> None:
    both = """<domain type='kvm'><name>web</name>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type><loader>/x.fd</loader></os><devices/></domain>"""
    assert edited("loader=/x.fd", both).get("./os/@firmware") == "efi"
    assert edited("loader=/y.fd", both).get("./os/@firmware") == ""
