"""What an edit removes because only the old value of a selector allows it, although the schema does not say so.

The documents on both sides were defined with libvirt 9.0; it refuses the first one with the new selector.
"""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing.changes import EDIT, EditRequest, change
from virtprov.actions.schema_check import check_change
from virtprov.guest.document import Guest
from virtprov.guest.write import gather
from virtprov.xml import tree

DRIVER = "name='vhost' queues='4' iommu='on' packed='on'"
CASES = [
    ("cpu", "host-model", "<cpu mode='maximum'><cache mode='passthrough'/></cpu>", "<cpu mode='host-model'/>"),
    (
        "cpu",
        "host-model",
        "<cpu mode='maximum'><cache level='3' mode='emulate'/></cpu>",
        "<cpu mode='host-model'><cache level='3' mode='emulate'/></cpu>",
    ),
    (
        "clock",
        "offset=utc",
        "<clock offset='variable' adjustment='3600' basis='utc'/>",
        "<clock offset='utc'/>",
    ),
    (
        "network",
        "model=e1000",
        f"<interface type='bridge'><source bridge='b'/><model type='virtio'/><driver {DRIVER}>"
        "<host csum='off'/></driver></interface>",
        "<interface type='bridge'><source bridge='b'/><model type='e1000'/></interface>",
    ),
    (
        "network",
        "model=virtio-transitional",
        f"<interface type='bridge'><source bridge='b'/><model type='virtio'/><driver {DRIVER}/></interface>",
        "<interface type='bridge'><source bridge='b'/><model type='virtio-transitional'/>"
        f"<driver {DRIVER}/></interface>",
    ),
    (
        "disk",
        "target.bus=scsi,target.dev=sda",
        "<disk><driver name='qemu' iothread='1'/><source file='/x'/><target dev='vda' bus='virtio'/></disk>",
        "<disk><driver name='qemu'/><source file='/x'/><target dev='sda' bus='scsi'/></disk>",
    ),
    (
        "controller",
        "model=lsilogic",
        "<controller type='scsi' index='0' model='virtio-scsi'><driver queues='2' max_sectors='512'/></controller>",
        "<controller type='scsi' index='0' model='lsilogic'/>",
    ),
    (
        "iommu",
        "model=virtio",
        "<iommu model='intel'><driver intremap='on' caching_mode='on'/></iommu>",
        "<iommu model='virtio'/>",
    ),
    (
        "hostdev",
        "model=vfio-ccw",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci' display='on' ramfb='on'/>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'/>",
    ),
    (
        "tpm",
        "backend.version=1.2",
        "<tpm model='tpm-tis'><backend type='emulator' version='2.0'><active_pcr_banks><sha256/></active_pcr_banks>"
        "</backend></tpm>",
        "<tpm model='tpm-tis'><backend type='emulator' version='1.2'/></tpm>",
    ),
    (
        "shmem",
        "model.type=ivshmem-plain",
        "<shmem name='s'><model type='ivshmem-doorbell'/><server path='/s'/><msi vectors='4'/></shmem>",
        "<shmem name='s'><model type='ivshmem-plain'/></shmem>",
    ),
    (
        "shmem",
        "model.type=ivshmem-doorbell,server.path=/s",
        "<shmem name='s'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>",
        "<shmem name='s'><model type='ivshmem-doorbell'/><server path='/s'/></shmem>",
    ),
    (
        "memdev",
        "model=virtio-pmem",
        "<memory model='nvdimm'><source><path>/n</path></source><target><size>4</size><node>0</node></target></memory>",
        "<memory model='virtio-pmem'><source><path>/n</path></source><target><size>4</size></target></memory>",
    ),
    (
        "filesystem",
        "driver.type=virtiofs",
        "<filesystem type='mount' accessmode='mapped' multidevs='remap' fmode='644'><driver type='path' "
        "wrpolicy='immediate'/><source dir='/a'/><target dir='t'/></filesystem>",
        "<filesystem type='mount'><driver type='virtiofs'/><source dir='/a'/><target dir='t'/></filesystem>",
    ),
    (
        "filesystem",
        "driver.type=virtiofs",
        "<filesystem accessmode='passthrough'><source dir='/a'/><target dir='t'/></filesystem>",
        "<filesystem accessmode='passthrough'><driver type='virtiofs'/><source dir='/a'/><target dir='t'/>"
        "</filesystem>",
    ),
    ("sound", "model=ac97", "<sound model='ich9'><codec type='micro'/></sound>", "<sound model='ac97'/>"),
    ("memballoon", "model=none", "<memballoon model='virtio' autodeflate='on'/>", "<memballoon model='none'/>"),
    (
        "serial",
        "pty",
        "<serial type='tcp'><source mode='bind' host='h' service='1'/><protocol type='telnet'/></serial>",
        "<serial type='pty'/>",
    ),
    (
        "serial",
        "type=file,path=/l",
        "<serial type='udp'><source mode='bind' host='h' service='1'/><source mode='connect' host='i' service='2'/>"
        "<log file='/log'/></serial>",
        "<serial type='file'><source path='/l'/><log file='/log'/></serial>",
    ),
    (
        "channel",
        "spicevmc",
        "<channel type='unix'><source mode='bind' path='/x'/><target type='virtio' name='n'/></channel>",
        "<channel type='spicevmc'><target type='virtio' name='n'/></channel>",
    ),
]


def edited(group: str, text: str, device: str) -> tuple[Guest, Guest]:
    """The guest before and after `--edit --GROUP TEXT`."""
    inner = device if group in ("cpu", "clock") else f"<devices>{device}</devices>"
    guest = Guest.parse(f"<domain type='kvm'><name>g</name><os><type arch='x86_64'>hvm</type></os>{inner}</domain>")
    uses = tuple(gather.group_uses(group, [text])[0])
    return guest, change(EditRequest(EDIT, group, uses), guest, None).guest


@pytest.mark.parametrize(("group", "text", "before", "after"), CASES)
def test_what_fits_only_the_old_selector_goes(group: str, text: str, before: str, after: str) -> None:
    result = edited(group, text, before)[1].root
    place = result if group in ("cpu", "clock") else tree.children(result, "devices")[0]
    (device,) = tree.children(place, str(tree.parse(before).tag))
    assert tree.same(device, tree.parse(after)), tree.to_text(device)


def test_what_the_user_names_stays_and_is_warned_of() -> None:
    guest, result = edited(
        "controller", "model=lsilogic,driver.queues=4", "<controller type='scsi' model='virtio-scsi'/>"
    )
    (warning,) = check_change(result.root, guest.root)
    assert "can have 'driver.queues' only with model=virtio-scsi" in warning


def test_what_libvirt_ignores_is_not_called_refused() -> None:
    guest, result = edited("sound", "codec0.type=micro", "<sound model='ac97'/>")
    assert check_change(result.root, guest.root) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("<name>a</name>", "<name>a/b</name>", "contains a slash"),
        ("<memory>5</memory>", "<memory>0</memory>", "the guest has no memory"),
        ("<name>a/b</name>", "<name>a/b</name>", ""),
    ],
)
def test_names_and_sizes_that_libvirt_refuses(before: str, after: str, words: str) -> None:
    def guest(part: str) -> Guest:
        rest = "" if "name" in part else "<name>g</name>"
        return Guest.parse(f"<domain type='kvm'>{rest}{part}<os><type>hvm</type></os></domain>")

    warnings = check_change(guest(after).root, guest(before).root)
    assert [words in warning for warning in warnings] == ([True] if words else [])


def test_a_device_stays_whole_beside_a_type_that_it_cannot_have() -> None:
    disk = "<disk type='file' device='disk'><source file='/x'/><target dev='sda' bus='scsi'/></disk>"
    guest, result = edited("disk", "device=lun", disk)
    assert tree.same(result.disks()[0], tree.parse(disk.replace("'disk'", "'lun'")))
    (warning,) = check_change(result.root, guest.root)
    assert "device='lun' only with type=" in warning
