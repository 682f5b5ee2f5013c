import pytest

from virtprov.guest.document import Guest
from virtprov.guest.edits import identity

RICH = """<domain type='kvm' id='3'><name>web</name><uuid>db69fa1f-eef0-e567-3c20-3ef16f10376b</uuid>
<genid>db69fa1f-eef0-e567-3c20-3ef16f10376c</genid><title>old</title>
<sysinfo type='smbios'><system><entry name='uuid'>db69fa1f-eef0-e567-3c20-3ef16f10376b</entry></system></sysinfo>
<devices>
<interface type='network'><mac address='52:54:00:11:22:33'/><target dev='vnet5'/></interface>
<interface type='network'><mac address='52:54:00:11:22:34'/></interface>
<graphics type='vnc' port='5901'/>
<vsock model='virtio'><cid auto='no' address='5'/></vsock>
<channel type='unix'><source mode='bind' path='/run/libvirt/qemu/channel/3-web/org.qemu.guest_agent.0'/>
<target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<channel type='unix'><source mode='bind' path='/tmp/mine'/><target type='virtio' name='org.mine'/></channel>
</devices></domain>"""
UUID = "00000000-0000-4000-8000-000000000001"


def renewed(*macs: str) -> Guest:
    guest = Guest.parse(RICH)
    identity.renew(guest, "copy", UUID, macs)
    return guest


def test_nothing_of_the_source_is_left() -> None:
    text = renewed().text()
    for mark in ("web", "db69fa1f", "52:54:00:11:22:33", "vnet5", "5901", "<title>", ' id="3"', 'address="5"'):
        assert mark not in text, mark
    assert UUID in text and "/tmp/mine" in text


def test_a_bios_uuid_follows_the_guest() -> None:
    assert renewed().get("./sysinfo/system/entry[@name='uuid']") == UUID


def test_given_addresses_are_taken_in_order() -> None:
    nics = renewed("RANDOM", "52:54:00:aa:bb:cc").devices("interface")
    macs = [nic.find("mac").get("address") for nic in nics]  # type: ignore[union-attr]
    assert macs[1] == "52:54:00:aa:bb:cc" and macs[0] not in ("RANDOM", "52:54:00:11:22:33")


@pytest.mark.parametrize(
    ("source", "taken", "name"),
    [
        ("web", (), "web-clone"),
        ("web", ("web-clone",), "web-clone1"),
        ("web-clone", (), "web-clone1"),
        ("web-clone7", ("web-clone8",), "web-clone9"),
        ("my-clones", (), "my-clones-clone"),
    ],
)
def test_names_of_copies_count_up(source: str, taken: tuple[str, ...], name: str) -> None:
    assert identity.clone_name(source, taken.__contains__) == name


@pytest.mark.parametrize(
    ("where", "taken", "made"),
    [
        ("/p/web.qcow2", (), "/p/copy.qcow2"),
        ("/p/data.img", (), "/p/data-clone.img"),
        ("/p/data.img", ("/p/data-clone.img",), "/p/data-clone-1.img"),
        ("/dev/vg/lv", (), "/dev/vg/lv-clone"),
        ("/p/name.of.something", (), "/p/name.of.something-clone"),
    ],
)
def test_paths_of_copies(where: str, taken: tuple[str, ...], made: str) -> None:
    assert identity.clone_path(where, "web", "copy", taken.__contains__) == made


def test_firmware_variables_lie_beside_the_sources() -> None:
    assert identity.nvram_path("/nv/web_VARS.fd", "copy") == "/nv/copy_VARS.fd"
    assert identity.nvram_path("/nv/web", "copy") == "/nv/copy_VARS.fd"


SHARING = """<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>web</name><devices>
<shmem name='looking-glass'><model type='ivshmem-plain'/><size unit='M'>32</size></shmem>
<shmem name='cluster'><model type='ivshmem-doorbell'/><server path='/run/ivshmem.sock'/></shmem>
</devices><qemu:commandline>
<qemu:arg value='-object'/><qemu:arg value='memory-backend-file,id=lg,share=on,mem-path=/dev/kvmfr0,size=32M'/>
<qemu:arg value='{"qom-type":"memory-backend-file","mem-path": "/dev/shm/second","size":1}'/>
</qemu:commandline></domain>"""


def test_memory_that_both_guests_write_is_named() -> None:
    assert identity.warn_of_shared(Guest.parse(SHARING)) == [
        f"both guests read and write the shared memory {name}: give the clone its own"
        for name in ("'looking-glass' (/dev/shm/looking-glass)", "'/dev/kvmfr0'", "'/dev/shm/second'")
    ]
