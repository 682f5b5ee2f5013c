"""--boot and --idmap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.options import boot
from virtprov.support.errors import UsageError

Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("boot1.dev=hd,boot.dev=network", '<os><boot dev="network"/><boot dev="hd"/></os>'),
        ("menu=on,useserial=no", '<os><bootmenu enable="yes"/><bios useserial="no"/></os>'),
        (
            "kernel=/k,initrd=/i,kernel_args=console=ttyAMA0,1234 rw,dtb=/d",
            "<os><kernel>/k</kernel><initrd>/i</initrd><cmdline>console=ttyAMA0,1234 rw</cmdline><dtb>/d</dtb></os>",
        ),
        ("extra_args=a,b", "<os><cmdline>a,b</cmdline></os>"),
        (
            "loader=/l,loader_ro=yes,loader_type=pflash,loader_secure=no,nvram=/n,nvram_template=/t",
            '<os><loader readonly="yes" type="pflash" secure="no">/l</loader><nvram template="/t">/n</nvram></os>',
        ),
        ("nvram.template=/t,nvram.templateFormat=raw", '<os><nvram template="/t" templateFormat="raw"/></os>'),
        (
            "firmware=efi,firmware.feature0.enabled=true,firmware.feature0.name=secure-boot",
            '<os firmware="efi"><firmware><feature enabled="yes" name="secure-boot"/></firmware></os>',
        ),
        (
            "firmware.secure-boot=yes,firmware.enrolled-keys=no",
            '<os><firmware><feature name="secure-boot" enabled="yes"/><feature name="enrolled-keys" enabled="no"/>'
            "</firmware></os>",
        ),
        ("acpi.table=/x,acpi.table.type=slic", '<os><acpi><table type="slic">/x</table></acpi></os>'),
        ("rebootTimeout=3,smbios_mode=host", '<os><bios rebootTimeout="3"/><smbios mode="host"/></os>'),
        (
            "initenv0.name=MYENV,initenv0=some value,initdir=/d,inituser=u,initgroup=g",
            '<os><initenv name="MYENV">some value</initenv>'
            "<initdir>/d</initdir><inituser>u</inituser><initgroup>g</initgroup></os>",
        ),
        ("initarg1=bar=baz,initarg=foo", "<os><initarg>foo</initarg><initarg>bar=baz</initarg></os>"),
        ("arch=ppc64,machine=pseries,os_type=hvm", '<os><type arch="ppc64" machine="pseries">hvm</type></os>'),
        ("none", "<os/>"),
    ],
)
def test_documents(built: Callable[[str, str], str], text: str, xml: str) -> None:
    assert built("boot", text) == xml


def test_places_outside_of_os(edit: Callable[..., object], part: Callable[..., str]) -> None:
    assert part("boot", ".", "emulator=/e,bootloader=/b,bootloader_args=x,domain_type=lxc", base="<domain/>") == (
        '<domain type="lxc"><bootloader>/b</bootloader><bootloader_args>x</bootloader_args>'
        "<devices><emulator>/e</emulator></devices></domain>"
    )


@pytest.mark.parametrize(
    ("text", "order"), [("hd,cdrom", ["hd", "cdrom"]), ("network,menu=on,fd=yes", ["network", "fd"]), ("menu=on", [])]
)
def test_devices_keep_the_order_they_were_said_in(say: Say, text: str, order: list[str]) -> None:
    assert boot.order(say("boot", text).verbs) == order


def test_devices_replace_the_order_that_was_there(part: Callable[..., str]) -> None:
    assert part("boot", "./os", "network") == '<os><type arch="i686">hvm</type><boot dev="network"/></os>'


def test_init_arguments_are_words_and_replace_the_old_ones(part: Callable[..., str]) -> None:
    base = "<domain><os><initarg>a</initarg><initarg>b</initarg><initarg>c</initarg></os></domain>"
    text = "'initargs=x \"y z\"'"
    assert part("boot", "./os", text, base=base) == "<os><initarg>x</initarg><initarg>y z</initarg></os>"


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("uefi", {"uefi": "yes"}),
        ("uefi=on", {"uefi": "yes"}),
        ("uefi=off", {"uefi": "no"}),
        ("secure-boot=on", {"secure-boot": "yes"}),
        ("refresh-machine-type=yes", {"refresh-machine-type": "yes"}),
    ],
)
def test_switches_for_the_rules(say: Say, text: str, verbs: dict[str, str]) -> None:
    assert say("boot", text).verbs == verbs


@pytest.mark.parametrize("text", ["menu=foobar", "foo", "uefi=perhaps", "menu", "bootmenu.timeout=soon"])
def test_refusals(say: Say, text: str) -> None:
    with pytest.raises(UsageError):
        say("boot", text)


@pytest.mark.parametrize(
    "text", ["uid_start=0,uid_target=1000,gid_count=10", "uid.start=0,uid.target=1000,gid.count=10"]
)
def test_idmap(built: Callable[[str, str], str], text: str) -> None:
    assert built("idmap", text) == '<idmap><uid start="0" target="1000"/><gid count="10"/></idmap>'
