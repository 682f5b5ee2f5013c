"""--ensure: made if it is not there, left alone if it is what is described, refused if it is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import virtprov
from virtprov import Differs, HostError, NewGuest, UsageError
from virtprov.host.connection import Host, connect
from virtprov.library import ensuring
from virtprov.library.install_request import to_request
from virtprov.support.errors import ProvError
from virtprov.support.user_files import lock

KVM = Path(__file__).resolve().parents[2] / "data" / "hosts" / "kvm"
PLAIN = NewGuest(
    name="fresh", memory=1024, osinfo="debian12", disks="size=1,pool=images", networks="network=default",
    import_disk=True, no_login=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def bundled_profiles(only_bundled_profiles: None) -> None:
    """Nothing here depends on the profiles of this machine."""


@pytest.fixture
def kvm() -> Iterator[Host]:
    with connect(f"recorded://{KVM}") as host:
        yield host


def test_a_guest_that_is_not_there_is_made(kvm: Host) -> None:
    made = virtprov.install(kvm, PLAIN._replace(ensure=True))
    assert made.state == "created" and kvm.guests.find("fresh") is not None


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"memory": "memory=2048,currentMemory=1024"},
        {"vcpus": 4},
        {"vcpus": "2,maxvcpus=4,sockets=4"},
        {"graphics": "none"},
        {"graphics": "vnc,listen=0.0.0.0,password=secret"},
        {"graphics": ["vnc", "spice"]},
        {"networks": "none"},
        {"networks": ["network=default,mac=52:54:00:00:00:07", "user"]},
        {"networks": "network=default,model=e1000e"},
        {"disks": ["size=1,pool=images", "size=2,pool=images,bus=scsi,cache=none,format=raw"]},
        {"disks": "none", "install": "bootdev=network"},
        {"options": {"cpu": "host-passthrough"}},
        {"options": {"cpu": "host-model,+vmx"}},
        {"options": {"boot": "uefi"}},
        {"options": {"boot": "hd,network,menu=on"}},
        {"options": {"rng": "/dev/urandom", "tpm": "emulator", "watchdog": "default"}},
        {"options": {"metadata": "title=Web,description=the web server"}},
        {"options": {"controller": "scsi,model=virtio-scsi", "channel": "spicevmc"}},
        {"options": {"features": "acpi=off", "clock": "offset=localtime"}},
        {"options": {"xml": "./description=by hand"}},
        {"options": {"tpm": "none", "rng": "none"}},
        {"machine": "q35"},
        {"arch": "x86_64", "virt_type": "kvm", "os_type": "hvm"},
        {"autostart": True},
    ],
    ids=str,
)
def test_the_same_again_changes_nothing(kvm: Host, words: dict[str, Any]) -> None:
    wanted = PLAIN._replace(ensure=True, **words)
    first = virtprov.install(kvm, wanted)
    stored = kvm.guests.xml("fresh", inactive=True)
    again = virtprov.install(kvm, wanted)
    assert (again.state, again.uuid, again.macs) == ("unchanged", first.uuid, first.macs)
    assert again.xml == stored == kvm.guests.xml("fresh", inactive=True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"memory": 2048}, "--memory 2048: it has <memory unit='KiB'>1048576</memory>"),
        ({"vcpus": 8}, "--vcpus 8: it has <vcpu"),
        ({"disks": "size=2,pool=images"}, "--disk size=2,pool=images: the disk has 1 GiB"),
        ({"disks": "path=/srv/other.img"}, "--disk path=/srv/other.img: it has no such device"),
        ({"disks": "size=1,pool=images,format=raw"}, "the disk has the format qcow2"),
        ({"disks": ["size=1,pool=images", "size=1,pool=images"]}, "it has no such device"),
        ({"disks": "none"}, "--disk none: it has 1 disk"),
        ({"networks": "network=other"}, "--network network=other: it has no such device"),
        ({"networks": "network=default,mac=52:54:00:00:00:09"}, "it has no such device"),
        ({"networks": "network=default,reserve=192.168.122.50"}, "192.168.122.50 is not reserved for it"),
        ({"networks": "none"}, "--network none: it has 1 network"),
        ({"graphics": "spice,password=secret"}, "--graphics spice,password=***: "),
        ({"osinfo": "fedora39"}, "--osinfo fedora39: its metadata names http://debian.org/debian/12"),
        ({"machine": "pc"}, "--machine pc: it has"),
        ({"arch": "i686"}, "--arch i686: it has x86_64"),
        ({"virt_type": "qemu"}, "--virt-type qemu: it has kvm"),
        ({"autostart": True}, "--autostart: it does not start when the host boots"),
        ({"publish": "8022:22"}, "--publish 8022:22: the port is not forwarded"),
        ({"transient": True}, "--transient: it is persistent"),
        ({"options": {"xml": "./description=by hand"}}, "--xml ./description=by hand: it lacks <description>"),
        ({"options": {"tpm": "emulator"}, "memory": 512}, "; "),
    ],
    ids=str,
)
def test_what_differs_is_said_and_nothing_is_changed(kvm: Host, words: dict[str, Any], why: str) -> None:
    virtprov.install(kvm, PLAIN)
    stored, volumes = kvm.guests.xml("fresh", inactive=True), kvm.storage.volume_names("images")
    with pytest.raises(Differs) as caught:
        virtprov.install(kvm, PLAIN._replace(ensure=True, **words))
    assert caught.value.exit_code == 10
    assert caught.value.message.startswith("guest 'fresh' exists, but differs: ") and why in caught.value.message
    assert "secret" not in caught.value.message
    assert kvm.guests.xml("fresh", inactive=True) == stored and kvm.storage.volume_names("images") == volumes


def test_it_needs_a_name(kvm: Host) -> None:
    with pytest.raises(UsageError, match="--ensure requires the name of the guest"):
        virtprov.install(kvm, PLAIN._replace(name="", ensure=True))
    with pytest.raises(UsageError, match="--ensure and --reinstall cannot be used together"):
        ensuring.hold(kvm, to_request(PLAIN._replace(reinstall="fresh")), print)


def test_without_it_a_guest_of_that_name_is_an_error(kvm: Host) -> None:
    virtprov.install(kvm, PLAIN)
    with pytest.raises(HostError, match="guest 'fresh' already exists on the host"):
        virtprov.install(kvm, PLAIN)


def test_two_at_once(kvm: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits for the first."""
    request, said = to_request(PLAIN), list[str]()
    with ensuring.hold(kvm, request, said.append):
        monkeypatch.setattr(lock, "WAIT_SECONDS", 0.0)
        with pytest.raises(ProvError, match="another virtprov-install has been creating 'fresh'"):
            ensuring.hold(kvm, request, said.append)
    monkeypatch.undo()
    held, entered = ensuring.hold(kvm, request, said.append), threading.Event()

    def second() -> None:
        with ensuring.hold(kvm, request, said.append):
            entered.set()

    with held:
        other = threading.Thread(target=second)
        other.start()
        assert not entered.is_set()
    assert entered.wait(60)
    other.join()
