from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.host import recorder
from virtprov.host.connection import Host, connect
from virtprov.host.recorder import record
from virtprov.support.errors import InputError

MACHINES = ("pc", "q35", "virt")


def answers(host: Host, machines: tuple[str, ...] = MACHINES) -> dict[object, object]:
    """Everything a host says about itself, the `machines` and what is on it; ids of running guests are counted anew."""
    found: dict[object, object] = {
        name: getattr(host, name)() for name in ("libvirt_version", "hypervisor_version")
    }
    found["default_bridge"] = host.networks.default_bridge()
    found |= {name: getattr(host, name) for name in ("uri", "driver", "is_remote", "is_session")}
    found["capabilities"] = host.capabilities.of_host().xml
    for name in host.guests.names():
        guest = host.guests.find(name)
        found["guest", name] = guest and guest._replace(id=None)
        found["stored", name] = host.guests.xml(name, inactive=True)
        found["running", name] = re.sub(r" id='\d+'", "", host.guests.xml(name))
    for pool in host.storage.pools():
        found["pool", pool.name] = pool
        found["volumes", pool.name] = sorted(host.storage.volumes(pool.name))
    found |= {("network", name): host.networks.find(name) for name in host.networks.names()}
    found |= {("device", device.name): device for device in host.devices.all()}
    for kind in host.capabilities.of_host().guests:
        for domain in kind.domain_types:
            for machine in (None, *machines):
                answer = host.capabilities.of_guest(kind.arch, machine, domain.name, domain.emulator)
                found[kind.arch, domain.name, machine] = answer and answer.xml
    return found


@pytest.mark.parametrize("name", ["kvm", "remote"])
def test_a_recorded_host_is_recorded_again(hosts: Path, tmp_path: Path, name: str) -> None:
    host = connect(f"recorded://{hosts / name}")
    assert record(host, str(tmp_path / "copy")) == ()
    copy = connect(f"recorded://{tmp_path / 'copy'}")
    assert answers(copy) == answers(host)


def test_the_test_driver_is_recorded(tmp_path: Path) -> None:
    host = connect("test:///default")
    assert record(host, str(tmp_path / "copy")) == ()
    copy = connect(f"recorded://{tmp_path / 'copy'}")
    # it names no machines; asked for any, the one of libvirt 11.3 says the name back
    assert answers(copy, machines=()) == answers(host, machines=())
    assert copy.guests.names() and copy.devices.names()


def test_what_a_recording_consists_of(kvm: Host, tmp_path: Path) -> None:
    record(kvm, str(tmp_path / "copy"))
    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names >= {"host.json", "capabilities.xml", "inventory.xml", "domcapabilities-x86_64-pc-q35-8.2-kvm.xml"}
    assert len(names) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["copy"], "no temporary folder is left"


def test_a_host_with_one_answer_has_one_file(hosts: Path, tmp_path: Path) -> None:
    record(connect(f"recorded://{hosts / 'remote'}"), str(tmp_path / "copy"))
    assert [path.name for path in (tmp_path / "copy").glob("domcap*")] == ["domcapabilities.xml"]


def test_passwords_are_not_recorded(kvm: Host, tmp_path: Path) -> None:
    assert "sesame" in kvm.guests.xml("web", secure=True)
    record(kvm, str(tmp_path / "copy"))
    assert not [path for path in (tmp_path / "copy").iterdir() if "sesame" in path.read_text()]


def test_states_of_guests_are_recorded(make_host: Callable[[str], Host], tmp_path: Path) -> None:
    domain = "<domain type='test'><name>{}</name><memory>1</memory><os><type>hvm</type></os></domain>".format
    host = make_host("".join(map(domain, ("running", "paused", "off", "saved"))))
    host.guests._domains.get("paused").suspend()
    host.guests.destroy("off")
    host.guests._domains.get("saved").managedSave(0)
    host.guests.create(domain("transient"))
    record(host, str(tmp_path / "copy"))
    copy = connect(f"recorded://{tmp_path / 'copy'}")
    states = {name: guest.state for name in copy.guests.names() if (guest := copy.guests.find(name))}
    assert states == {
        "running": "running", "paused": "paused", "off": "shut off", "saved": "shut off", "transient": "running",
    }  # fmt: skip
    assert copy.guests._domains.get("saved").hasManagedSaveImage(0) == 1
    transient = copy.guests.find("transient")
    assert transient is not None and not transient.persistent


def test_what_the_test_driver_cannot_read_is_left_out_and_told(
    kvm: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = recorder._networks
    odd = recorder.Item("the network 'odd'", "<network><name>odd</name><ip address='x'/></network>")
    monkeypatch.setattr(recorder, "_networks", lambda host: [*plain(host), odd])
    (note,) = record(kvm, str(tmp_path / "copy"))
    assert note.startswith("the network 'odd' is left out: ")
    assert answers(connect(f"recorded://{tmp_path / 'copy'}")) == answers(kvm)


# -- the folder ------------------------------------------------------------------------------------------


def test_an_empty_folder_is_filled(kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    record(kvm, str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "host.json").exists()


def test_a_folder_with_something_in_it_is_left_alone(kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine").touch()
    with pytest.raises(InputError, match="is not an empty folder"):
        record(kvm, str(tmp_path / "copy"))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is not an empty folder"):
        record(kvm, str(tmp_path / "file"))
    assert {path.name for path in tmp_path.rglob("*")} == {"copy", "mine", "file"}


def test_a_folder_that_cannot_be_made(kvm: Host, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^cannot write the recorded host to '.*/no/such': No such file"):
        record(kvm, str(tmp_path / "no" / "such"))


def test_a_recording_that_fails_leaves_nothing(kvm: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(host: Host) -> list[recorder.Item]:
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "_guests", fail)
    with pytest.raises(KeyboardInterrupt):
        record(kvm, str(tmp_path / "copy"))
    assert list(tmp_path.iterdir()) == []
