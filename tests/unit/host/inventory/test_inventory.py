from __future__ import annotations

from collections.abc import Callable

import libvirt
import pytest

from virtprov.host.connection import Host
from virtprov.host.facts.info import size, volume_info
from virtprov.host.failures import NotThere
from virtprov.xml.tree import parse

WEB = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"


# -- guests ----------------------------------------------------------------------------------------------


def test_a_guest_by_name_uuid_and_id(kvm: Host) -> None:
    guest = kvm.guests.find("db")
    assert guest is not None and guest.id is not None
    assert (guest.name, guest.state, guest.active, guest.persistent) == ("db", "running", True, True)
    assert kvm.guests.find(guest.uuid) == kvm.guests.find(guest.uuid.upper()) == kvm.guests.find(str(guest.id)) == guest
    assert kvm.guests.find(guest.uuid.replace("-", "")) == guest


def test_a_guest_that_is_off_has_no_id(kvm: Host) -> None:
    guest = kvm.guests.find("web")
    assert guest is not None
    assert guest == ("web", WEB, None, "shut off", False, True)


def test_a_name_goes_before_an_id(make_host: Callable[[str], Host]) -> None:
    domain = "<domain type='test'><name>{}</name><memory>1</memory><os><type>hvm</type></os></domain>".format
    host = make_host(domain("one") + domain("1"))
    first, second = host.guests.find("one"), host.guests.find("1")
    assert first is not None and second is not None
    assert (first.id, second.name, second.id) == (1, "1", 2)


def test_a_transient_guest(kvm: Host) -> None:
    guest = kvm.guests.find("7")
    assert guest is not None
    assert (guest.name, guest.state, guest.active, guest.persistent) == ("7", "paused", True, False)


@pytest.mark.parametrize("key", ["", "nobody", "99", "12345678901234567890", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9eff"])
def test_no_such_guest(kvm: Host, key: str) -> None:
    assert kvm.guests.find(key) is None


def test_documents_of_a_guest(kvm: Host) -> None:
    running, stored = kvm.guests.xml("db"), kvm.guests.xml("db", inactive=True)
    assert " id='" in running and " id='" not in stored
    assert "<name>db</name>" in stored


def test_passwords_only_on_request(kvm: Host) -> None:
    assert "sesame" not in kvm.guests.xml("web")
    assert "passwd='sesame'" in kvm.guests.xml("web", secure=True)


def test_the_document_of_a_missing_guest_hints_at_its_name(kvm: Host) -> None:
    with pytest.raises(NotThere, match="^qemu:///system has no guest 'wbe'$") as caught:
        kvm.guests.xml("wbe")
    assert caught.value.hint == "did you mean 'web'?"
    with pytest.raises(NotThere) as caught:
        kvm.guests.xml("zzzzzzzz")
    assert caught.value.hint == "choose from: 7, db, web"


def test_all_guests_for_the_checks_that_need_them(kvm: Host) -> None:
    assert kvm.guests.names() == ("7", "db", "web")
    macs = {node.get("address") for text in kvm.guests.documents() for node in parse(text).iter("mac")}
    assert macs == {"52:54:00:11:22:33", "52:54:00:11:22:44"}
    assert sorted(" id='" in text for text in kvm.guests.documents()) == [False, True, True]
    assert sorted(" id='" in text for text in kvm.guests.documents(inactive=True)) == [False, False, False]


# -- networks --------------------------------------------------------------------------------------------


def test_networks(kvm: Host) -> None:
    network, spare = kvm.networks.find("default"), kvm.networks.find("spare")
    assert network is not None and spare is not None
    assert (network.bridge, network.forward, network.active) == ("virbr0", "nat", True)
    assert (spare.bridge, spare.forward, spare.active) == ("virbr7", "", False)
    assert network.xml.startswith("<network") and network.uuid == "0b9e3c5a-5d5e-4a9c-9a25-1f3b0a6f3a01"
    assert kvm.networks.find("lan") is None
    assert kvm.networks.names() == ("default", "spare")


# -- pools -----------------------------------------------------------------------------------------------


def test_a_pool(kvm: Host) -> None:
    pool = kvm.storage.pool("fast")
    assert pool is not None
    assert (pool.name, pool.type, pool.active, pool.path) == ("fast", "logical", True, "/dev/fast")
    assert pool.allocation == 20 * 1024**3 and pool.available == pool.capacity - pool.allocation
    assert kvm.storage.pool("slow") is None
    assert kvm.storage.pool_names() == ("attic", "fast", "images")
    assert sorted(pool.name for pool in kvm.storage.pools()) == ["attic", "fast", "images"]


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("/srv/images", "images"),
        ("/srv/images/", "images"),
        ("/srv/./attic//", "attic"),
        ("/dev/fast", "fast"),
        ("/srv", None),
        ("/srv/images/more", None),
        ("", None),
    ],
)
def test_the_pool_over_a_directory(kvm: Host, directory: str, name: str | None) -> None:
    pool = kvm.storage.pool_at(directory)
    assert (pool.name if pool else None) == name


# -- volumes ---------------------------------------------------------------------------------------------


def test_a_volume(kvm: Host) -> None:
    volume = kvm.storage.volume("images", "web.qcow2")
    assert volume is not None
    assert volume._replace(xml="") == (
        "images", "web.qcow2", "/srv/images/web.qcow2", "/srv/images/web.qcow2", "file", "qcow2",
        10737418240, 1048576, "/srv/images/base.qcow2", "qcow2", "",
        0, "",
    )  # fmt: skip
    assert volume.xml.startswith("<volume")


def test_what_a_host_knows_of_the_file_of_a_volume() -> None:
    """As `virsh vol-dumpxml` prints it for a file of a directory pool."""
    volume = volume_info(
        "<volume type='file'><name>v</name><capacity unit='bytes'>9</capacity><physical unit='bytes'>8</physical>"
        "<target><path>/p/v</path><timestamps><mtime>1341933637.273190990</mtime></timestamps></target></volume>",
        "p",
    )
    assert (volume.physical, volume.mtime) == (8, "1341933637.273190990")


def test_a_block_volume_has_no_format(kvm: Host) -> None:
    volume = kvm.storage.volume("fast", "db")
    assert volume is not None
    assert (volume.type, volume.format, volume.capacity, volume.backing_path) == ("block", "", 20 * 1024**3, "")


def test_volumes_that_are_not_there(kvm: Host) -> None:
    assert kvm.storage.volume("images", "nothing") is None
    assert kvm.storage.volume("nowhere", "web.qcow2") is None
    assert kvm.storage.volume("attic", "old.img") is None, "its pool is off"


def test_a_volume_by_its_path(kvm: Host) -> None:
    found = kvm.storage.volume_at("/dev/fast/db")
    assert found is not None and (found.pool, found.name) == ("fast", "db")
    assert kvm.storage.volume_at("/srv/images/nothing") is None
    assert kvm.storage.volume_at("/srv/attic/old.img") is None
    assert kvm.storage.volume_at("web.qcow2") is None
    assert kvm.storage.volume_at("") is None


def test_only_the_pool_over_a_missing_path_is_refreshed_and_once(kvm: Host) -> None:
    kvm.storage.volume_at("/elsewhere/file")
    assert kvm.storage._refreshed == set()
    kvm.storage.volume_at("/srv/attic/old.img")
    assert kvm.storage._refreshed == set(), "a pool that is off cannot be refreshed"
    kvm.storage.volume_at("/srv/images/late.qcow2")
    kvm.storage.volume_at("/srv/images/later.qcow2")
    assert kvm.storage._refreshed == {"images"}


def test_the_volumes_of_a_pool(kvm: Host) -> None:
    assert kvm.storage.volume_names("images") == ("base.qcow2", "web.qcow2")
    assert kvm.storage.volume_names("attic") == () and list(kvm.storage.volumes("attic")) == []
    paths = {volume.path for volume in kvm.storage.volumes("images")}
    assert paths == {"/srv/images/base.qcow2", "/srv/images/web.qcow2"}
    with pytest.raises(NotThere, match="has no pool 'imges'") as caught:
        kvm.storage.volume_names("imges")
    assert caught.value.hint == "did you mean 'images'?"


@pytest.mark.parametrize(
    ("text", "size_in_bytes"),
    [
        ("<capacity>5</capacity>", 5),
        ("<capacity unit='bytes'>5</capacity>", 5),
        ("<capacity unit='B'>5</capacity>", 5),
        ("<capacity unit='K'>5</capacity>", 5 * 1024),
        ("<capacity unit='KiB'>5</capacity>", 5 * 1024),
        ("<capacity unit='KB'>5</capacity>", 5000),
        ("<capacity unit='GB'>5</capacity>", 5 * 10**9),
        ("<capacity unit='TiB'>5</capacity>", 5 * 1024**4),
        ("<capacity/>", 0),
    ],
)
def test_sizes_with_units(text: str, size_in_bytes: int) -> None:
    assert size(parse(text)) == size_in_bytes


# -- devices of the host ---------------------------------------------------------------------------------


def test_devices_by_name_and_by_capability(kvm: Host) -> None:
    device = kvm.devices.find("pci_0000_00_1f_2")
    assert device is not None
    assert (device.parent, device.capability) == ("computer", "pci")
    assert "0x8086" in device.xml
    assert kvm.devices.find("pci_0000_00_00_0") is None
    assert kvm.devices.names("usb_device") == ("usb_1_1",)
    assert [found.name for found in kvm.devices.all("pci")] == ["pci_0000_00_1f_2"]
    assert kvm.devices.names() == ("computer", "pci_0000_00_1f_2", "usb_1_1")
    assert kvm.devices.names("mdev") == ()


def test_a_volume_as_the_pools_know_it(make_host: Callable[[str], Host], monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host("<pool type='dir'><name>p</name><target><path>/p</path></target></pool>")
    refreshed: list[int] = []
    monkeypatch.setattr(libvirt.virStoragePool, "refresh", lambda pool, flags: refreshed.append(flags))
    assert host.storage.volume_at("/p/new.img", fresh=False) is None and refreshed == []
    assert host.storage.volume_at("/p/new.img") is None and refreshed == [0]


def test_pools_are_listed_once(make_host: Callable[[str], Host], monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host("<pool type='dir'><name>p</name><target><path>/p</path></target></pool>")
    plain, listed = libvirt.virConnect.listAllStoragePools, []

    def counted(conn: libvirt.virConnect, flags: int = 0) -> object:
        listed.append(flags)
        return plain(conn, flags)

    monkeypatch.setattr(libvirt.virConnect, "listAllStoragePools", counted)
    assert [host.storage.pool_at(where) is not None for where in ("/p", "/p/", "/q", "/p")] == [True, True, False, True]
    assert len(listed) == 1
    host.storage.create_pool("<pool type='dir'><name>q</name><target><path>/q</path></target></pool>")
    assert host.storage.pool_at("/q") is not None
    host.storage.remove_pool("q")
    assert host.storage.pool_at("/q") is None


def test_what_an_image_stands_on(kvm: Host) -> None:
    web = kvm.storage.volume("images", "web.qcow2")
    assert web is not None and web.backing_path
    assert kvm.storage.backing_of(web.path) == web.backing_path
    assert (
        kvm.storage.backing_of(web.backing_path)
        == kvm.storage.backing_of("/srv/images/nothing")
        == kvm.storage.backing_of("")
        == ""
    )


def test_pools_that_other_commands_make_for_a_moment(make_host: Callable[[str], Host]) -> None:
    host = make_host(
        "<pool type='dir'><name>virtprov-0b2c3d4e</name><target><path>/p</path></target>"
        "<volume type='file'><name>v</name><capacity>1</capacity><target><path>/p/v</path></target></volume></pool>"
    )
    assert (
        host.storage.pool_at("/p") is None
        and host.storage.volume_at("/p/v") is None
        and host.storage.volume_at("/p/w") is None
    )
    host.storage.create_pool("<pool type='dir'><name>virtprov-1b2c3d4e</name><target><path>/q</path></target></pool>")
    found = host.storage.pool_at("/q")
    assert found is not None and found.name == "virtprov-1b2c3d4e"
