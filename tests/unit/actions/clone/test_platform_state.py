"""What becomes of each part of the machine in a clone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.clone import draft, platform_state
from virtprov.actions.clone.platform_state import Part
from virtprov.actions.request import CloneRequest
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.host.facts.info import NetworkInfo

MAC = "52:54:00:0a:0b:0e"
NETWORK = f"""<network><name>default</name><ip address='10.0.0.1' netmask='255.255.255.0'><dhcp>
<host mac='{MAC.upper()}' name='one' ip='10.0.0.50'/><host mac='52:54:00:00:00:99' ip='10.0.0.51'/>
</dhcp></ip></network>"""


def parts_of(host: Any, devices: str, *, os: str = "", more: str = "") -> list[Part]:
    text = (
        f"<domain type='kvm'><name>one</name><uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e6f</uuid>{more}"
        f"<memory>65536</memory><os><type arch='x86_64' machine='q35'>hvm</type>{os}</os><devices>{devices}</devices>"
        "</domain>"
    )
    made = draft.plan(CloneRequest(document=text.encode(), name="two", auto=True), host)
    return [part for part in made.parts if part.part != "uuid"]


@pytest.mark.parametrize(
    ("devices", "part", "fate"),
    [
        ("<vsock model='virtio'><cid auto='no' address='5'/></vsock>", "vsock address", "renewed"),
        ("<graphics type='vnc' port='5901'/>", "display port", "renewed"),
        ("<graphics type='vnc'><listen type='socket' socket='/run/x'/></graphics>", "display socket", "renewed"),
        ("<tpm model='tpm-crb'><backend type='emulator'/></tpm>", "TPM", "renewed"),
        ("<tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>", "TPM", "shared"),
        ("<serial type='file'><source path='/var/log/one.log'/></serial>", "output file", "renewed"),
        ("<parallel type='file'><source path='/tmp/one.log'/></parallel>", "output file", "shared"),
        ("<serial type='pty'><log file='/var/log/one.log'/></serial>", "log file", "renewed"),
        ("<serial type='tcp'><source mode='bind' host='::1' service='4444'/></serial>", "socket", "shared"),
        ("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>", "host device", "shared"),
    ],
)
def test_parts_that_are_devices(kvm: Host, devices: str, part: str, fate: str) -> None:
    assert [(found.part, found.fate) for found in parts_of(kvm, devices)] == [(part, fate)]


def test_parts_that_the_guest_remembers_are_copied(kvm: Host) -> None:
    disk = (
        "<disk type='file' device='disk'><source file='/srv/images/web.qcow2'/><target dev='vda' bus='virtio'/>"
        "<serial>S1</serial><wwn>5000c50015ea71aa</wwn></disk>"
    )
    found = parts_of(
        kvm, disk, more="<sysinfo type='smbios'><chassis><entry name='serial'>C1</entry></chassis></sysinfo>"
    )
    assert found == [
        Part("SMBIOS chassis serial number", "copied", "C1"),
        Part("disk serial number", "copied", "S1"),
        Part("disk WWN", "copied", "5000c50015ea71aa"),
        Part("backing image", "shared", "/srv/images/base.qcow2"),
    ]
    (note,) = platform_state.note_copied(tuple(found))
    assert note.startswith("The clone has the original's SMBIOS chassis serial numbers, disk serial numbers")


def test_one_log_of_two_devices_stays_one(kvm: Host) -> None:
    log = "<log file='/var/log/one.log'/>"
    found = parts_of(kvm, f"<serial type='pty'>{log}</serial><console type='pty'>{log}</console>")
    assert [part.value for part in found] == ["/var/log/two.log"] * 2


@pytest.mark.parametrize(
    "nvram",
    [
        "<nvram type='block'><source dev='/dev/vg/vars'/></nvram>",
        "<nvram type='volume'><source pool='images' volume='web.qcow2'/></nvram>",
        "<nvram type='network'><source protocol='iscsi' name='iqn.x/0'><host name='h'/></source></nvram>",
    ],
)
def test_variables_that_are_no_file_are_made_anew(kvm: Host, nvram: str) -> None:
    assert Part("UEFI variables", "renewed") in parts_of(kvm, "", os=f"<loader type='pflash'>/x.fd</loader>{nvram}")


def test_only_what_is_there_is_listed(kvm: Host) -> None:
    assert parts_of(kvm, "") == []


def test_generated_sockets_do_not_hide_those_of_others(kvm: Host) -> None:
    generated = "/var/lib/libvirt/qemu/channel/target/domain-7-one/org.a"
    channel = "<channel type='unix'><source mode='bind' path='{}'/><target type='virtio' name='{}'/></channel>"
    found = parts_of(kvm, channel.format(generated, "org.a") + channel.format("/run/mine", "org.b"))
    assert found == [Part("socket", "renewed"), Part("socket", "shared", "/run/mine")]


class WithLease(StandIn):
    """A host whose network keeps an address for the original."""

    def __init__(self, host: Host) -> None:
        self.real = host

    def networks_find(self, name: str) -> NetworkInfo | None:
        return NetworkInfo(name, "", True, "virbr0", "nat", NETWORK)


def test_a_fixed_address_stays_with_the_original(kvm: Host) -> None:
    nic = f"<interface type='network'><mac address='{MAC}'/><source network='default'/></interface>"
    found = parts_of(WithLease(kvm), nic)
    assert Part("fixed address", "left", "10.0.0.50 in network 'default'") in found
    assert len([part for part in found if part.fate == "left"]) == 1
    assert any("10.0.0.50" in note for note in platform_state.note_copied(tuple(found)))


def test_display_sockets_are_chosen_by_libvirt(kvm: Host) -> None:
    text = (
        b"<domain type='kvm'><name>one</name><memory>1</memory><os><type arch='x86_64'>hvm</type></os><devices>"
        b"<graphics type='vnc' socket='/run/x'/></devices></domain>"
    )
    made = draft.plan(CloneRequest(document=text, name="two", auto=True), kvm)
    (display,) = Guest.parse(made.plan.documents[0]).devices("graphics")
    assert display.get("socket") is None and [child.get("type") for child in display] == ["socket"]


FILTER = (
    "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>"
    "<filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.9'/></filterref></interface>"
)
PORT = "<virtualport type='{}'><parameters interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport>"
BRIDGE = "<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/>{}</interface>"
ROOT = "<filesystem type='mount'><source dir='/srv/x'/><target dir='x'/></filesystem>"
NVDIMM = "<memory model='nvdimm'><source><path>/srv/dimm</path></source><target><size>1</size></target></memory>"


@pytest.mark.parametrize(
    ("devices", "part", "fate"),
    [
        (BRIDGE.format(PORT.format("openvswitch")), "virtual port", "renewed"),
        (BRIDGE.format(PORT.format("midonet")), "virtual port", "shared"),
        (BRIDGE.format("<target dev='tap7' managed='no'/>"), "host interface", "shared"),
        ("<interface type='vhostuser'><source type='unix' path='/s' mode='server'/></interface>",
         "vhost-user socket", "shared"),
        (FILTER, "network filter address", "copied"),
        ("<graphics type='dbus' address='unix:path=/run/x'/>", "display socket", "renewed"),
        ("<pstore backend='acpi-erst'><path>/var/one.erst</path></pstore>", "crash log file", "renewed"),
        ("<audio id='1' type='file' path='/var/one.wav'/>", "audio file", "renewed"),
        ("<input type='evdev'><source dev='/dev/input/event1'/></input>", "input device", "shared"),
        ("<lease><lockspace>s</lockspace><key>k</key><target path='/l'/></lease>", "lease", "shared"),
        ("<shmem name='s'/>", "shared memory", "shared"),
        (NVDIMM, "memory file", "shared"),
        (ROOT, "folder", "shared"),
        ("<tpm><backend type='emulator'><encryption secret='6dd3e4a5-1d76-44ce-961f-f119f5aad935'/></backend></tpm>",
         "TPM secret", "shared"),
    ],
)  # fmt: skip
def test_parts_beyond_the_common_ones(kvm: Host, devices: str, part: str, fate: str) -> None:
    found = [(each.part, each.fate) for each in parts_of(kvm, devices)]
    assert (part, fate) in found
    assert {name for name, _ in found} <= {part, "MAC address", "TPM"}


def test_files_that_both_guests_read_are_named(kvm: Host) -> None:
    fw_cfg = "<sysinfo type='fwcfg'><entry name='opt/x' file='/srv/x.txt'/></sysinfo>"
    found = parts_of(kvm, ROOT, os="<kernel>/boot/k</kernel><initrd>/boot/i</initrd>", more=fw_cfg)
    assert platform_state.note_shared(tuple(found)) == [
        "The clone shares with the original: folder /srv/x, boot file /boot/k, boot file /boot/i, "
        "fw_cfg file /srv/x.txt."
    ]
    assert platform_state.note_shared(tuple(parts_of(kvm, ""))) == []


@pytest.mark.parametrize(
    ("devices", "warning"),
    [
        (BRIDGE.format(PORT.format("midonet")), "virtual port 09b11c53"),
        (BRIDGE.format("<target dev='tap7' managed='no'/>"), "host interface tap7"),
        ("<input type='evdev'><source dev='/dev/input/event1'/></input>", "input device /dev/input/event1"),
        ("<lease><lockspace>s</lockspace><key>k</key><target path='/l'/></lease>", "lease 'k'"),
        ("<interface type='server'><source address='1.2.3.4' port='5558'/></interface>", "port 5558"),
        (NVDIMM, "shared memory /srv/dimm"),
        (FILTER, "only lets the original's address 10.0.0.9 pass"),
    ],
)
def test_what_two_running_guests_cannot_share_is_a_warning(kvm: Host, devices: str, warning: str) -> None:
    text = (
        "<domain type='kvm'><name>one</name><memory>1</memory><os><type arch='x86_64'>hvm</type></os>"
        f"<devices>{devices}</devices></domain>"
    )
    (found,) = draft.plan(CloneRequest(document=text.encode(), name="two", auto=True), kvm).plan.warnings
    assert warning in found


@pytest.mark.parametrize(
    ("os", "nvram"),
    [
        ("<loader type='pflash' readonly='yes'>/x.fd</loader><nvram template='/t.fd'/>", "two_VARS.fd"),
        ("<loader type='pflash' readonly='yes'>/x</loader><nvram template='/t' format='qcow2'/>", "two_VARS.qcow2"),
        ("<loader type='pflash' readonly='yes' stateless='yes'>/x.fd</loader>", ""),
        ("<varstore template='/t.json' path='/srv/one.json'/>", "two_VARS.json"),
        ("<loader type='rom'>/bios.bin</loader>", ""),
    ],
)
def test_variables_without_a_path_are_where_libvirt_keeps_them(kvm: Host, os: str, nvram: str) -> None:
    text = (
        "<domain type='kvm'><name>one</name><memory>1</memory>"
        f"<os><type arch='x86_64'>hvm</type>{os}</os><devices/></domain>"
    )
    made = draft.plan(CloneRequest(document=text.encode(), name="two", auto=True), kvm)
    assert (made.nvram or "").rpartition("/")[2] == nvram
    if "varstore" in os:
        assert Guest.parse(made.plan.documents[0]).get("./os/varstore/@path") == "/srv/two_VARS.json"
