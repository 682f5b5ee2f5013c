from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from virtprov.host.connection import NEW_ENOUGH, Host, connect
from virtprov.support.errors import HostError, XmlError


@pytest.fixture
def folder(tmp_path: Path, hosts: Path) -> Path:
    """A copy of the recorded KVM host, to take things away from."""
    return Path(shutil.copytree(hosts / "kvm", tmp_path / "host"))


def opened(folder: Path) -> Host:
    return connect(f"recorded://{folder}")


# -- the folder ------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(HostError, match="^there is no recorded host at '/no/such/place'$") as caught:
        connect("recorded:///no/such/place")
    assert "recorded:///path/to/DIR" in caught.value.hint


def test_a_folder_without_host_json(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="is no recorded host: it has no host.json$"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[]", 'under "uri"'),
        ("{}", 'under "uri"'),
        ('{"uri": ""}', 'under "uri"'),
        ('{"uri": 5}', 'under "uri"'),
        ('{"uri": "qemu:///system", "default_bridge": 1}', "default_bridge"),
        ('{"uri": "qemu:///system", "libvirt_version": "9.0"}', "9000000"),
        ('{"uri": "qemu:///system", "pools": {"a": [1]}}', "pools"),
        ('{"uri": "qemu:///system", "pools": {"a": ["x", 1, 1]}}', "pools"),
        ('{"uri": "qemu:///system", "pools": []}', "pools"),
        ('{"uri": "qemu:///system", "pools_off": 5}', "pools"),
    ],
)
def test_a_host_json_that_makes_no_sense(folder: Path, text: str, message: str) -> None:
    (folder / "host.json").write_text(text)
    with pytest.raises(HostError, match=message) as caught:
        opened(folder)
    assert str(folder / "host.json") in str(caught.value)
    assert '"uri": "qemu:///system"' in caught.value.hint


def test_a_host_json_that_is_no_text(folder: Path) -> None:
    (folder / "host.json").write_bytes(b"\xff\xfe")
    with pytest.raises(HostError, match="host.json' cannot be read: "):
        opened(folder)


def test_a_relative_folder_with_odd_characters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = folder.rename(folder.parent / "my host #1 100%")
    monkeypatch.chdir(odd.parent)
    assert connect(f"recorded://{odd.name}").guests.names() == ("7", "db", "web")


def test_versions_that_are_not_said_are_new_enough(folder: Path) -> None:
    (folder / "host.json").write_text('{"uri": "qemu:///session"}')
    host = opened(folder)
    assert (host.libvirt_version(), host.hypervisor_version()) == (NEW_ENOUGH, NEW_ENOUGH)
    assert host.networks.default_bridge() is None and host.is_session


# -- capabilities ----------------------------------------------------------------------------------------


def test_without_capabilities_the_test_driver_answers(folder: Path) -> None:
    (folder / "capabilities.xml").unlink()
    kinds = opened(folder).capabilities.of_host().guests
    assert {domain.name for kind in kinds for domain in kind.domain_types} == {"test"}


def test_broken_capabilities_say_whose_they_are(folder: Path) -> None:
    (folder / "capabilities.xml").write_text("<capabilities>")
    with pytest.raises(XmlError, match="the capabilities of qemu:///system is not well-formed"):
        _ = opened(folder).capabilities.of_host().host_arch


# -- domain capabilities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (("x86_64", "q35", "kvm", None), ("pc-q35-8.2", "kvm")),
        (("x86_64", "pc", "kvm", None), ("pc-i440fx-8.2", "kvm")),
        (("x86_64", "pc-q35-6.1", "kvm", None), ("pc-q35-8.2", "kvm")),
        (("x86_64", "pc-i440fx-2.1", "kvm", None), ("pc-i440fx-8.2", "kvm")),
        (("x86_64", "q35", "qemu", None), ("pc-q35-8.2", "qemu")),
        (("x86_64", "pc", "qemu", None), ("pc-q35-8.2", "qemu")),
        (("x86_64", "q35", "xen", None), ("pc-q35-8.2", "kvm")),
        (("x86_64", "q35", None, "/usr/bin/qemu-system-x86_64"), ("pc-q35-8.2", "qemu")),
        (("aarch64", "virt", "kvm", None), ("virt-8.2", "qemu")),
        (("aarch64", None, None, None), ("virt-8.2", "qemu")),
        ((None, "q35", "kvm", None), ("pc-q35-8.2", "kvm")),
        (("ppc64", "pseries", "qemu", None), None),
    ],
)
def test_the_nearest_of_several_answers(
    kvm: Host, question: tuple[str | None, str | None, str | None, str | None], answer: tuple[str, str] | None
) -> None:
    found = kvm.capabilities.of_guest(*question)
    assert (found and (found.machine, found.virt_type)) == answer


def test_a_single_answer_is_for_every_question(hosts: Path) -> None:
    host = connect(f"recorded://{hosts / 'remote'}")
    for question in (("x86_64", "pc", "kvm"), ("aarch64", "virt", "qemu"), (None, None, None)):
        found = host.capabilities.of_guest(*question)
        assert found is not None and found.machine == "pc-q35-8.2"


def test_a_single_answer_of_another_name_is_for_its_architecture(folder: Path) -> None:
    for path in folder.glob("domcapabilities-x86_64-*"):
        path.unlink()
    assert opened(folder).capabilities.of_guest("x86_64", "q35", "kvm") is None
    assert opened(folder).capabilities.of_guest("aarch64", "virt", "kvm") is not None


def test_without_files_there_is_no_answer(folder: Path) -> None:
    for path in folder.glob("domcapabilities*"):
        path.unlink()
    assert opened(folder).capabilities.of_guest("x86_64", "q35", "kvm") is None


# -- the inventory ---------------------------------------------------------------------------------------


def test_without_an_inventory_nothing_is_there(folder: Path) -> None:
    (folder / "inventory.xml").unlink()
    (folder / "host.json").write_text('{"uri": "qemu:///system", "pools_off": ["attic"]}')
    host = opened(folder)
    assert host.guests.names() == host.networks.names() == host.storage.pool_names() == host.devices.names() == ()


def test_a_broken_inventory_is_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "inventory.xml").write_text("<node><domain></node>")
    with pytest.raises(HostError, match=f"^cannot use the inventory '{folder}/inventory.xml': "):
        opened(folder)
    assert capfd.readouterr().err == ""


def test_pools_have_the_recorded_sizes_and_states(kvm: Host) -> None:
    images, attic = kvm.storage.pool("images"), kvm.storage.pool("attic")
    assert images is not None and attic is not None
    assert (images.capacity, images.allocation, images.available) == (536870912000, 322122547200, 214748364800)
    assert images.active and not attic.active


def test_something_off_that_the_inventory_lacks(folder: Path) -> None:
    facts = json.loads((folder / "host.json").read_text())
    (folder / "host.json").write_text(json.dumps(facts | {"pools_off": ["nowhere"]}))
    with pytest.raises(HostError, match="nowhere"):
        opened(folder)


def test_writing_to_a_recorded_host_leaves_the_folder_alone(folder: Path) -> None:
    before = (folder / "inventory.xml").read_bytes()
    host = opened(folder)
    host.guests.define("<domain type='kvm'><name>new</name><memory>1</memory><os><type>hvm</type></os></domain>")
    assert host.guests.find("new") is not None
    assert (folder / "inventory.xml").read_bytes() == before and opened(folder).guests.find("new") is None
