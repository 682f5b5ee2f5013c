"""--metadata and --sysinfo."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments

Say = Callable[[str, str], Assignments]


def test_texts_may_hold_commas_and_line_ends(part: Callable[..., str], edit: Callable[..., object]) -> None:
    text = "name=new,description=hey this is,very,very=new desc\\',title=This is my,funky=new title"
    assert part("metadata", ".", text, base="<domain/>") == (
        "<domain><name>new</name><title>This is my,funky=new title</title>"
        "<description>hey this is,very,very=new desc'</description></domain>"
    )


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("genid=abc,genid_enable=yes", "<genid>abc</genid>"),
        ("genid_enable=yes,genid=abc", "<genid>abc</genid>"),
        ("genid_enable=on", "<genid/>"),
    ],
)
def test_genid_of_a_new_guest(part: Callable[..., str], text: str, xml: str) -> None:
    assert part("metadata", "./genid", text, base="<domain/>") == xml


def test_genid_of_a_guest_that_has_one(part: Callable[..., str]) -> None:
    base = "<domain><genid>abc</genid></domain>"
    assert part("metadata", "./genid", "genid_enable=yes", base=base) == "<genid>abc</genid>"
    assert part("metadata", "./genid", "genid_enable=no", base=base) == ""


def test_systems_are_looked_up_by_the_caller(say: Say) -> None:
    assert say("metadata", "os_name=fedora13").verbs == {"os_name": "fedora13"}
    assert say("metadata", "os_full_id=http://x/y").verbs == {"os_full_id": "http://x/y"}


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        (
            "bios_vendor=Acme LLC,bios.version=1.2",
            '<sysinfo type="smbios"><bios><entry name="vendor">Acme LLC</entry>'
            '<entry name="version">1.2</entry></bios></sysinfo>',
        ),
        (
            "entry0.name=opt/a,entry0=b",
            '<sysinfo type="fwcfg"><entry name="opt/a">b</entry></sysinfo>',
        ),
        (
            "smbios,system_serial=a,baseBoard_asset=b,chassis.sku=c",
            '<sysinfo type="smbios"><system><entry name="serial">a</entry></system>'
            '<baseBoard><entry name="asset">b</entry></baseBoard>'
            '<chassis><entry name="sku">c</entry></chassis></sysinfo>',
        ),
        (
            "chassis.sku=c,chassis.serial=b,chassis.version=2,chassis.manufacturer=a",
            '<sysinfo type="smbios"><chassis><entry name="manufacturer">a</entry><entry name="version">2</entry>'
            '<entry name="serial">b</entry><entry name="sku">c</entry></chassis></sysinfo>',
        ),
        (
            "type=fwcfg,entry0.name=foo,entry0.file=bar,entry0=baz",
            '<sysinfo type="fwcfg"><entry name="foo" file="bar">baz</entry></sysinfo>',
        ),
        (
            "oemStrings.entry2=complicated parsing, foo=bar,oemStrings.entry1=t1,oemStrings.entry0=t0",
            '<sysinfo type="smbios"><oemStrings><entry>t0</entry><entry>t1</entry>'
            "<entry>complicated parsing, foo=bar</entry></oemStrings></sysinfo>",
        ),
    ],
)
def test_sysinfo(built: Callable[[str, str], str], text: str, xml: str) -> None:
    assert built("sysinfo", text) == xml


@pytest.mark.parametrize(
    ("text", "mode", "places"),
    [
        ("host", "host", 0),
        ("emulate", "emulate", 0),
        ("type=host", "host", 0),
        ("bios.vendor=x", "sysinfo", 2),
        ("smbios", "sysinfo", 1),
        ("fwcfg", None, 1),
    ],
)
def test_where_smbios_comes_from(say: Say, text: str, mode: str | None, places: int) -> None:
    said = say("sysinfo", text)
    assert said.verbs.get("smbios.mode") == mode
    assert len(said.places) == places
