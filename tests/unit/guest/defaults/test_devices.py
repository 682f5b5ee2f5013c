"""Controllers, consoles, channels, random numbers, balloon and other small devices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import devices
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Show = Callable[..., list[str]]

XHCI = ["qemu-xhci 15"]
EHCI = ["ich9-ehci1 None", "ich9-uhci1 None", "ich9-uhci2 None", "ich9-uhci3 None"]


def apply(setting: RuleContext, *names: str) -> RuleContext:
    for rule in (*devices.USB_PCI, *devices.RULES):
        if rule.name in names and rule.applies(setting):
            rule.write(setting)
    return setting


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({"profile": "debian12"}, XHCI),
        ({"profile": "generic"}, EHCI),
        ({"profile": "winxp"}, EHCI),
        ({"arch": "aarch64", "machine": "virt"}, XHCI),
        ({"arch": "riscv64", "machine": "virt"}, XHCI),
        ({"arch": "loongarch64", "machine": "virt"}, XHCI),
        ({"arch": "ppc64le", "machine": "pseries"}, XHCI),
        ({"arch": "s390x", "machine": "s390-ccw-virtio", "profile": "debian12"}, []),
        ({"arch": "armv7l", "machine": "vexpress-a15"}, []),
        ({"devices": "<controller type='usb' model='none'/>"}, ["none None"]),
        ({"os_type": "exe", "machine": ""}, []),
        ({"os_type": "xen", "domain": "xen"}, []),
    ],
)
def test_usb(said: dict[str, str], made: list[str], setting_of: Make) -> None:
    setting = apply(setting_of(**said), "usb")
    assert [f"{each.get('model')} {each.get('ports')}" for each in devices.controllers(setting, "usb")] == made


def test_companions_share_the_ports(setting_of: Make, show: Show) -> None:
    setting = apply(setting_of(), "usb")
    assert show(setting.guest, "controller")[1:] == [
        f'<controller type="usb" model="ich9-uhci{number}"><master startport="{port}"/></controller>'
        for number, port in ((1, 0), (2, 2), (3, 4))
    ]


@pytest.mark.parametrize(("uri", "kind"), [("xen:///", "xen"), ("bhyve:///", "bhyve"), ("vz:///", "vz")])
def test_other_hypervisors_bring_their_own_usb(uri: str, kind: str, setting_of: Make, host_of: Record) -> None:
    setting = apply(setting_of(host=host_of(uri, {"domains": kind}), domain=kind), "usb")
    assert devices.controllers(setting, "usb") == []


@pytest.mark.parametrize(
    ("said", "ports"),
    [
        ({}, 14),
        ({"choices": {"root_ports": 3}}, 3),
        ({"machine": "pc"}, 0),
        ({"domain": "xen"}, 0),
        ({"arch": "aarch64", "machine": "virt"}, 14),
        ({"arch": "riscv64", "machine": "virt"}, 14),
        ({"arch": "s390x", "machine": "s390-ccw-virtio"}, 0),
    ],
)
def test_pcie_machines_have_ports_to_plug_into(said: dict[str, str], ports: int, setting_of: Make) -> None:
    found = devices.controllers(apply(setting_of(**said), "pcie-root-ports"), "pci")
    assert [each.get("model") for each in found] == (["pcie-root"] + ["pcie-root-port"] * ports if ports else [])


@pytest.mark.parametrize(
    ("choices", "given"), [({"root_ports": 0}, ""), ({}, "<controller type='pci' model='pcie-root'/>")]
)
def test_ports_are_left_to_the_user(choices: dict[str, int], given: str, setting_of: Make) -> None:
    setting = setting_of(given, choices=choices)
    before = setting.guest.text()
    assert apply(setting, "pcie-root-ports").guest.text() == before


SCSI_DISK = "<disk type='file' device='disk'><target dev='sda' bus='scsi'/></disk>"
VIRTIO_SCSI = ['<controller type="scsi" model="virtio-scsi"/>']


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({"devices": SCSI_DISK, "profile": "debian12"}, VIRTIO_SCSI),
        ({"devices": SCSI_DISK, "profile": "winxp"}, []),
        ({"devices": SCSI_DISK, "arch": "s390x", "machine": "s390-ccw-virtio"}, VIRTIO_SCSI),
        ({"devices": SCSI_DISK, "profile": "debian12", "domain": "xen"}, []),
        (
            {"devices": SCSI_DISK + "<controller type='scsi' model='lsilogic'/>", "profile": "debian12"},
            ['<controller type="scsi" model="lsilogic"/>'],
        ),
        ({"profile": "debian12"}, []),
    ],
)
def test_scsi_disks_get_a_controller(said: dict[str, str], made: list[str], setting_of: Make, show: Show) -> None:
    assert show(apply(setting_of(**said), "scsi-controller").guest, "controller") == made


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({}, ['<console type="pty"/>']),
        ({"os_type": "exe", "machine": ""}, ['<console type="pty"/>']),
        ({"refused": "console"}, []),
        ({"devices": "<serial type='file'/>"}, []),
        ({"devices": "<console type='null'/>"}, ['<console type="null"/>']),
        (
            {"arch": "s390x", "machine": "s390-ccw-virtio"},
            ['<console type="pty"><target type="sclp"/></console>'],
        ),
    ],
)
def test_consoles(said: dict[str, str], made: list[str], setting_of: Make, show: Show) -> None:
    assert show(apply(setting_of(**said), "console").guest, "console") == made


def test_bhyve_talks_through_a_null_modem_pair(setting_of: Make, host_of: Record, show: Show) -> None:
    setting = apply(setting_of(host=host_of("bhyve:///", {"domains": "bhyve"}), domain="bhyve"), "console")
    (console,) = show(setting.guest, "console")
    uuid = setting.guest.uuid
    assert console == (f'<console type="nmdm"><source master="/dev/nmdm{uuid}A" slave="/dev/nmdm{uuid}B"/></console>')


AGENT = '<channel type="unix"><source mode="bind"/><target type="virtio" name="org.qemu.guest_agent.0"/></channel>'


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({"profile": "debian12"}, [AGENT]),
        ({"profile": "generic"}, []),
        ({"profile": "generic", "arch": "s390x", "machine": "s390-ccw-virtio"}, [AGENT]),
        ({"profile": "debian12", "refused": "channel"}, []),
        ({"profile": "debian12", "devices": "<channel type='pty'/>"}, ['<channel type="pty"/>']),
        ({"profile": "debian12", "domain": "xen"}, []),
    ],
)
def test_the_agents_channel(said: dict[str, str], made: list[str], setting_of: Make, show: Show) -> None:
    assert show(apply(setting_of(**said), "guest-agent-channel").guest, "channel") == made


RNG = ['<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>']
BALLOON = ['<memballoon model="virtio"/>']


@pytest.mark.parametrize(
    ("rule", "tag", "said", "made"),
    [
        ("rng", "rng", {"profile": "debian12"}, RNG),
        ("rng", "rng", {"profile": "winxp"}, []),
        ("rng", "rng", {"profile": "debian12", "refused": "rng"}, []),
        ("rng", "rng", {"profile": "debian12", "domain": "xen"}, []),
        ("rng", "rng", {"profile": "debian12", "arch": "armv7l", "machine": "vexpress-a9"}, []),
        ("balloon", "memballoon", {"profile": "debian12"}, BALLOON),
        ("balloon", "memballoon", {"profile": "generic"}, []),
        ("balloon", "memballoon", {"profile": "debian12", "refused": "memballoon"}, []),
        ("balloon", "memballoon", {"profile": "debian12", "arch": "armv7l", "machine": "vexpress-a9"}, []),
        (
            "balloon",
            "memballoon",
            {"profile": "debian12", "devices": "<memballoon model='none'/>"},
            ['<memballoon model="none"/>'],
        ),
    ],
)
def test_what_the_system_drives(
    rule: str, tag: str, said: dict[str, str], made: list[str], setting_of: Make, show: Show
) -> None:
    assert show(apply(setting_of(**said), rule).guest, tag) == made


SPICE_AGENT = '<target type="virtio" name="com.redhat.spice.0"/>'


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("<watchdog model='default'/>", '<watchdog model="i6300esb" action="reset"/>'),
        ("<watchdog model='itco' action='none'/>", '<watchdog model="itco" action="none"/>'),
        ("<vsock/>", '<vsock model="virtio"><cid auto="yes"/></vsock>'),
        ("<vsock model='default'/>", '<vsock model="virtio"><cid auto="yes"/></vsock>'),
        ("<vsock><cid address='7'/></vsock>", '<vsock model="virtio"><cid address="7"/></vsock>'),
        ("<panic model='default'/>", "<panic/>"),
        ("<panic model='pvpanic'/>", '<panic model="pvpanic"/>'),
        ("<memballoon model='default'/>", '<memballoon model="virtio"/>'),
        ("<rng><backend model='random'/></rng>", '<rng model="virtio"><backend model="random"/></rng>'),
        ("<smartcard mode='default'/>", '<smartcard mode="passthrough" type="spicevmc"/>'),
        ("<smartcard mode='passthrough' type='tcp'/>", '<smartcard mode="passthrough" type="tcp"/>'),
        ("<redirdev/>", '<redirdev bus="usb" type="spicevmc"/>'),
        ("<redirdev type='tcp'/>", '<redirdev type="tcp" bus="usb"/>'),
        ("<channel type='spicevmc'/>", f'<channel type="spicevmc">{SPICE_AGENT}</channel>'),
        ("<channel type='qemu-vdagent'/>", f'<channel type="qemu-vdagent">{SPICE_AGENT}</channel>'),
        (
            "<channel type='spicevmc'><target type='virtio' name='mine'/></channel>",
            '<channel type="spicevmc"><target type="virtio" name="mine"/></channel>',
        ),
        (
            "<channel type='unix'><target name='a'/></channel>",
            '<channel type="unix"><source mode="bind"/><target name="a"/></channel>',
        ),
        (
            "<parallel type='unix'><source path='/s'/></parallel>",
            '<parallel type="unix"><source path="/s" mode="bind"/></parallel>',
        ),
        (
            "<serial type='unix'><source mode='connect' path='/s'/></serial>",
            '<serial type="unix"><source mode="connect" path="/s"/></serial>',
        ),
        ("<serial type='pty'/>", '<serial type="pty"/>'),
    ],
)
def test_details_that_a_name_alone_leaves_open(given: str, made: str, setting_of: Make, show: Show) -> None:
    setting = setting_of(given)
    devices.fill_details(setting)
    assert show(list(setting.guest.ensure("./devices"))) == [made]


def test_details_of_devices_that_were_there_stay(setting_of: Make, show: Show) -> None:
    setting = setting_of("<vsock/><watchdog/>")
    setting.fresh = [setting.guest.devices("vsock")[0]]
    devices.fill_details(setting)
    assert show(setting.guest, "watchdog") == ["<watchdog/>"]
    assert show(setting.guest, "vsock") != ["<vsock/>"]


def scsi_disks(*names: str, more: str = "") -> str:
    return "".join(f"<disk type='file' device='disk'><target dev='{each}' bus='scsi'/>{more}</disk>" for each in names)


@pytest.mark.parametrize(
    ("devices", "profile", "made"),
    [
        (scsi_disks("sda", "sdg"), "debian12", ["virtio-scsi"]),
        (scsi_disks("sda", "sdh"), "debian12", ["virtio-scsi", "virtio-scsi 1"]),
        (scsi_disks("sdaa"), "debian12", ["virtio-scsi", "virtio-scsi 1", "virtio-scsi 2", "virtio-scsi 3"]),
        (scsi_disks("odd name"), "debian12", ["virtio-scsi"]),
        (scsi_disks("sdh") + "<controller type='scsi' model='lsilogic'/>", "debian12", ["lsilogic", "lsilogic 1"]),
        (scsi_disks("sdh") + "<controller type='scsi'/>", "debian12", [""]),
        (scsi_disks("sdh", more="<address type='drive' controller='0'/>"), "debian12", []),
        (scsi_disks("sdh"), "win7", []),
    ],
)
def test_scsi_controllers_for_many_disks(devices: str, profile: str, made: list[str], setting_of: Make) -> None:
    guest = apply(setting_of(devices=devices, profile=profile), "scsi-controller").guest
    found = [f"{each.get('model', '')} {each.get('index', '')}".strip() for each in guest.devices("controller")]
    assert found == made
