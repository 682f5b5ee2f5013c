"""What the host is asked before anything is made: what it cannot do is refused, what libvirt takes is warned of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.install.checks import device_checks, host_checks
from virtprov.actions.install.checks.missing_files import check_files
from virtprov.guest.boot import Method
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host, connect
from virtprov.host.facts.capabilities import Capabilities
from virtprov.host.facts.domcaps import DomainCapabilities
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


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("<tpm><backend type='passthrough'><device path='/nosuch/tpm9'/></backend></tpm>", "--tpm /nosuch/tpm9: file"),
        ("<rng model='virtio'><backend model='random'>/nosuch</backend></rng>", "--rng /nosuch: file not found"),
        ("<serial type='dev'><source path='/nosuch'/></serial>", "--serial path=/nosuch: file not found"),
        ("<input type='evdev'><source dev='/nosuch'/></input>", "--input source.dev=/nosuch: file not found"),
        ("<input type='passthrough'><source evdev='/nosuch'/></input>", "--input source.evdev=/nosuch: file not"),
        ("<serial type='file'><source path='/nosuch/a'/></serial>", "--serial path=/nosuch/a: the directory /nosuch "),
        (
            "<channel type='unix'><source mode='bind' path='/nosuch/a'/></channel>",
            "--channel path=/nosuch/a: the directory /nosuch does not exist",
        ),
    ],
)
def test_devices_of_the_host_and_folders_that_are_not_there(
    device: str, message: str, recorded: Host, tmp_path: Path
) -> None:
    guest = about(recorded, "", devices=device).guest
    with pytest.raises(HostError) as caught:
        check_files(guest, "qemu")
    assert message in caught.value.message and "--check host=off" in caught.value.hint
    check_files(guest, "test")
    (tmp_path / "tpm9").touch()
    check_files(about(recorded, "", devices=device.replace("/nosuch", str(tmp_path))).guest, "qemu")


def test_a_socket_of_somebody_else_may_come_later(recorded: Host) -> None:
    device = "<channel type='unix'><source mode='connect' path='/nosuch/a'/></channel>"
    check_files(about(recorded, "", devices=device).guest, "qemu")


def test_a_cpu_feature_that_libvirt_does_not_know(
    recorded: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "map.xml").write_text("<cpus><feature name='vmx'/><feature name='svm'/></cpus>")
    guest = about(recorded, "<cpu><model>qemu64</model><feature name='vmxx' policy='require'/></cpu>").guest
    monkeypatch.setattr(device_checks, "CPU_MAP", str(tmp_path / "none.xml"))
    device_checks.check_features(guest)
    monkeypatch.setattr(device_checks, "CPU_MAP", str(tmp_path / "map.xml"))
    with pytest.raises(HostError, match="does not know the CPU feature 'vmxx'") as caught:
        device_checks.check_features(guest)
    assert "'vmx'" in caught.value.hint
    device_checks.check_features(about(recorded, "<cpu><feature name='svm'/></cpu>").guest)


def capable(monkeypatch: pytest.MonkeyPatch, host: Host, inside: str) -> None:
    """Let the host report these capabilities."""
    known = Capabilities(f"<capabilities><host>{inside}</host></capabilities>")
    monkeypatch.setattr(type(host.capabilities), "of_host", lambda source: known)


def test_a_security_driver_that_the_host_does_not_use(recorded: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    label = "<seclabel type='dynamic' model='selinux'/>"
    capable(monkeypatch, recorded, "")
    device_checks.check(about(recorded, label))
    capable(
        monkeypatch, recorded, "<secmodel><model>apparmor</model></secmodel><secmodel><model>dac</model></secmodel>"
    )
    with pytest.raises(HostError, match="--seclabel model=selinux: not a security driver of the host") as caught:
        device_checks.check(about(recorded, label))
    assert "apparmor and dac" in caught.value.hint
    device_checks.check(about(recorded, label.replace("selinux", "dac")))


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("<vcpu cpuset='0,9'>1</vcpu>", "--vcpus cpuset: the host has no CPU 9 (it has 0-1 and 3)"),
        ("<cputune><vcpupin vcpu='0' cpuset='2'/></cputune>", "--cputune vcpupin.cpuset: the host has no CPU 2"),
        ("<cputune><emulatorpin cpuset='4-5'/></cputune>", "--cputune emulatorpin.cpuset: the host has no CPU 4"),
        ("<numatune><memory nodeset='1-7'/></numatune>", "--numatune: the host has no NUMA node 2 (it has 0-1)"),
        ("<vcpu cpuset='0-1,3'>1</vcpu><numatune><memory nodeset='1'/></numatune>", ""),
        ("<vcpu cpuset='auto'>1</vcpu>", ""),
        ("<vcpu>1</vcpu>", ""),
    ],
)
def test_processors_and_nodes_that_the_host_does_not_have(
    inside: str, sentence: str, recorded: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = about(recorded, inside)
    device_checks.check(setting)
    cells = "<cell id='0'><cpus><cpu id='0'/><cpu id='1'/></cpus></cell><cell id='1'><cpus><cpu id='3'/></cpus></cell>"
    capable(monkeypatch, recorded, f"<topology><cells>{cells}</cells></topology>")
    setting.warnings.clear()
    device_checks.check(setting)
    assert [warning for warning in setting.warnings if sentence not in warning] == []
    assert bool(setting.warnings) == bool(sentence)


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
