"""What the host is asked before anything is made: what it cannot do is refused, what libvirt takes is warned of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.install.checks import device_checks, host_checks
from virtprov.guest.boot import Method
from virtprov.guest.document import Guest
from virtprov.guest.rule_context import RuleContext
from virtprov.host.connection import Host, connect
from virtprov.host.domcaps import DomainCapabilities
from virtprov.osinfo.find_profile import generic
from virtprov.support.errors import HostError

KVM = Path(__file__).resolve().parents[4] / "data" / "hosts" / "kvm"


def enum(name: str, *values: str) -> str:
    return f"<enum name='{name}'>{''.join(f'<value>{value}</value>' for value in values)}</enum>"


DOMCAPS = f"""<domainCapabilities><path>/usr/bin/qemu</path><domain>kvm</domain><machine>q35</machine>
<arch>x86_64</arch><vcpu max='288'/><cpu><mode name='host-passthrough' supported='no'/>
<mode name='maximum' supported='yes'/><mode name='custom' supported='yes'>
<model usable='yes'>Skylake-Server</model><model usable='yes' canonical='Skylake-Client-v1'>Skylake-Client</model>
</mode></cpu><devices><disk supported='yes'>{enum("bus", "virtio", "sata")}</disk>
<graphics supported='yes'>{enum("type", "vnc")}</graphics><video supported='yes'>{enum("modelType", "vga", "virtio")}
</video><tpm supported='no'/></devices></domainCapabilities>"""


def about(host: Any, inside: str, *, devices: str = "", domcaps: str = DOMCAPS) -> RuleContext:
    """A guest with this inside, on a host that offers what DOMCAPS says."""
    guest = Guest.parse(
        "<domain type='kvm'><name>g</name><memory>65536</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>"
        f"{inside}<devices>{devices}</devices></domain>"
    )
    setting = RuleContext(guest, host, generic())
    setting._domcaps = DomainCapabilities(domcaps)
    return setting


@pytest.fixture
def recorded() -> Iterator[Host]:
    with connect(f"recorded://{KVM}") as host:
        yield host


@pytest.mark.parametrize(
    ("inside", "devices", "message", "hint"),
    [
        (
            "<cpu><model>host-passthrogh</model></cpu>",
            "",
            "--cpu host-passthrogh: the host does not know this CPU model",
            "'host-passthro",
        ),
        ("<cpu><model>Skylake-Servr</model></cpu>", "", "--cpu Skylake-Servr", "'Skylake-Server'"),
        (
            "<cpu mode='host-passthrough'/>",
            "",
            "--cpu host-passthrough: not supported by the host for",
            "offers maximum",
        ),
        ("<vcpu>4096</vcpu>", "", "--vcpus 4096: machine type q35 supports at most 288", "give fewer"),
        (
            "",
            "<interface type='user'><model type='virtoi'/></interface>",
            "--network model=virtoi: unknown network card model of QEMU",
            "'virtio'",
        ),
        ("", "<video><model type='vrtio'/></video>", "--video model.type=vrtio", "'virtio'"),
        ("", "<graphics type='spice'/>", "--graphics type=spice: not supported by the host for", "it offers vnc"),
        ("", "<disk><target bus='ide'/></disk>", "--disk target.bus=ide", "it offers virtio and sata"),
        ("", "<tpm model='tpm-crb'/>", "--tpm model=tpm-crb", "omit --tpm"),
        (
            "",
            "<graphics type='vnc' passwd='ninechars'/>",
            "--graphics vnc: the password has 9 bytes, but VNC allows at most 8",
            "shorter",
        ),
    ],
)
def test_what_the_hypervisor_does_not_know(recorded: Host, inside: str, devices: str, message: str, hint: str) -> None:
    setting = about(recorded, inside, devices=devices)
    with pytest.raises(HostError) as caught:
        host_checks._check_resources(setting)
        device_checks.check(setting)
    assert message in caught.value.message
    assert hint in caught.value.hint and "--check host=off" in caught.value.hint


@pytest.mark.parametrize(
    ("inside", "devices"),
    [
        ("<cpu><model>Skylake-Client-v1</model></cpu>", ""),
        ("<cpu mode='maximum'/><vcpu>288</vcpu>", ""),
        ("", "<interface type='user'><model type='vmxnet3'/></interface><video><model type='none'/></video>"),
        ("", "<disk device='floppy'><target bus='fdc'/></disk><graphics type='vnc' passwd='eightltr'/>"),
    ],
)
def test_what_it_knows(recorded: Host, inside: str, devices: str) -> None:
    setting = about(recorded, inside, devices=devices)
    host_checks._check_resources(setting)
    device_checks.check(setting)
    assert setting.warnings == []


def test_what_it_knows_of_another_machine_type_is_no_reason(recorded: Host) -> None:
    other = DOMCAPS.replace("<machine>q35</machine>", "<machine>pc-i440fx-9.0</machine>")
    inside, disk = "<vcpu>4096</vcpu>", "<disk><target bus='ide'/></disk>"
    setting = about(recorded, inside, devices=disk, domcaps=other)
    host_checks._check_resources(setting)
    device_checks.check(setting)
    same = about(recorded, inside, devices=disk, domcaps=other.replace("pc-i440fx-9.0", "pc-q35-9.0"))
    with pytest.raises(HostError, match="--disk target.bus=ide"):
        device_checks.check(same)


def test_a_host_that_does_not_say_is_not_doubted(recorded: Host) -> None:
    bare = "<domainCapabilities><domain>kvm</domain></domainCapabilities>"
    setting = about(recorded, "<cpu><model>x</model></cpu>", devices="<video><model type='x'/></video>", domcaps=bare)
    device_checks.check(setting)


def test_more_memory_than_the_host_has_is_warned_of(recorded: Host) -> None:
    setting = about(recorded, "")
    setting.guest.put("./memory", "999999999999")
    host_checks._check_resources(setting)
    (sentence,) = setting.warnings
    assert "the guest gets 976,562,499 MiB of memory, but the host has only " in sentence


def test_a_usual_guest_costs_two_calls(recorded: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(self.inner, name)

    setting = about(recorded, "", devices="<interface type='network'><source network='default'/></interface>")
    assert setting.capabilities.xml  # asked for by every guest
    monkeypatch.setattr(recorded._link, "conn", Counting(recorded._link.conn))
    host_checks.check(setting, recorded, Method())
    assert asked == ["networkLookupByName"]  # and isActive of what it found
