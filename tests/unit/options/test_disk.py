"""--disk: short words, old names, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError

Built = Callable[[str, str], str]
Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("cache=none,io=native,bus=sata", '<disk><driver cache="none" io="native"/><target bus="sata"/></disk>'),
        ("perms=ro", "<disk><readonly/></disk>"),
        ("perms=sh", "<disk><shareable/></disk>"),
        ("perms=rw", "<disk/>"),
        ("readonly=on,shareable=off", "<disk><readonly/></disk>"),
        ("cache=none,driver.cache=unsafe", '<disk><driver cache="unsafe"/></disk>'),
        (
            "source_protocol=nbd,source_host_transport=unix,source.host.socket=/s",
            '<disk><source protocol="nbd"><host transport="unix" socket="/s"/></source></disk>',
        ),
        (
            "source.host0.name=a,source.host1.name=b,source.host1.port=0x10",
            '<disk><source><host name="a"/><host name="b" port="16"/></source></disk>',
        ),
        (
            "seclabel.model=dac,seclabel1.model=selinux,seclabel1.relabel=no,seclabel0.label=foo,bar,baz,wwn=1",
            '<disk><source><seclabel model="dac"><label>foo,bar,baz</label></seclabel>'
            '<seclabel model="selinux" relabel="no"/></source><wwn>1</wwn></disk>',
        ),
        (
            "driver.metadata_cache.max_size=2048,driver.metadata_cache.max_size.unit=KiB",
            '<disk><driver><metadata_cache><max_size unit="KiB">2048</max_size></metadata_cache></driver></disk>',
        ),
        (
            "type=nvme,source.type=pci,source.managed=no,source.address.bus=0x02",
            '<disk type="nvme"><source type="pci" managed="no"><address bus="2"/></source></disk>',
        ),
        (
            "reservations.managed=no,reservations.source.mode=client",
            '<disk><source><reservations managed="no"><source mode="client"/></reservations></source></disk>',
        ),
        (
            "read_bytes_sec=1,iotune.write_iops_sec=2",
            "<disk><iotune><read_bytes_sec>1</read_bytes_sec><write_iops_sec>2</write_iops_sec></iotune></disk>",
        ),
        ("transient=on,transient.shareBacking=yes", '<disk><transient shareBacking="yes"/></disk>'),
    ],
)
def test_places(built: Built, text: str, xml: str) -> None:
    assert built("disk", text) == xml


def test_storage_words_are_left_for_the_host(say: Say) -> None:
    said = say("disk", "/x/a=b.img,size=.5,sparse=no,format=raw,backing_store=/b,backing_format=qcow2")
    assert said.verbs == {
        "path": "/x/a=b.img",
        "size": ".5",
        "sparse": "no",
        "format": "raw",
        "backing_store": "/b",
        "backing_format": "qcow2",
    }
    assert not said.places


def test_addresses_are_paths(say: Say) -> None:
    assert say("disk", "http://[1:2::3]:80/x?a=b").verbs == {"path": "http://[1:2::3]:80/x?a=b"}


@pytest.mark.parametrize("text", ["perms=badformat", "perms=", "size"])
def test_refusals(say: Say, text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        say("disk", f"/x,{text}" if text == "size" else text)
    assert text.partition("=")[0] in refusal.value.message
