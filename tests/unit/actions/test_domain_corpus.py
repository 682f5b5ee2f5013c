"""Every kind of edit, over guests in the shapes that people keep (tests/data/domains).

What libvirt's schema and its parser took before an edit they take after it, and nothing changes but what was named.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import libvirt
import pytest
from lxml import etree

from virtprov.actions.edit.changing import original, outcome
from virtprov.actions.edit.changing.changes import EditRequest
from virtprov.library import cloning, listening
from virtprov.library.connecting import open_host
from virtprov.library.edit_request import Change, to_request
from virtprov.options.catalogue import CONVERSIONS, GROUPS, XML, table
from virtprov.support.errors import ProvError
from virtprov.xml import keep

DOMAINS = Path(__file__).resolve().parents[2] / "data" / "domains"
FILES = sorted(DOMAINS.glob("*.xml"))
SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"


class Case(NamedTuple):
    """An edit, and the places (paths without numbers) that it may change.

    `needs` and `alone` are XPaths of what a guest must have for it, or must not have.
    """

    action: str
    group: str
    value: str
    places: tuple[str, ...]
    which: str | None = None
    needs: str = ""
    alone: str = ""

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.action, self.group, self.value, self.which)))

    def fits(self, root: etree._Element) -> bool:
        """Whether a guest has what the edit needs."""
        return (not self.needs or bool(root.xpath(self.needs))) and not (self.alone and root.xpath(self.alone))


def edit(group: str, value: str, *places: str, needs: str = "") -> Case:
    rows = table(group)
    return Case("edit", group, value, places, None, needs or (f"devices/{rows.tag}" if rows.is_device else ""))


HVM = "os/type[.='hvm']"
PC = "os/type[@machine='pc' or starts-with(@machine, 'pc-i440fx')]"
GUEST = (
    edit("memory", "3072", "memory", "currentMemory"),
    edit("vcpus", "8", "vcpu", "vcpus", "cpu/topology"),
    edit("cpu", "host-model", "cpu"),
    edit("cpu", "host-passthrough", "cpu"),
    edit("cpu", "Skylake-Client,+vmx", "cpu"),
    edit("metadata", "title=new,description=words", "title", "description"),
    edit("xml", "./metadata/x=1", "metadata"),
    edit("iothreads", "3", "iothreads", "iothreadids"),
    edit("seclabel", "baselabel=+0:+0", "seclabel", needs="seclabel[1][@type='dynamic']"),
    edit("keywrap", "cipher0.name=aes,cipher0.state=on", "keywrap"),
    edit("cputune", "vcpupin0.vcpu=0,vcpupin0.cpuset=1-2", "cputune"),
    # virt-xml and virtprov-xml leave placement=auto beside nodes, which libvirt takes although its schema does not
    edit("numatune", "1,mode=preferred", "numatune", needs="self::*[not(numatune/memory/@placement='auto')]"),
    edit("memtune", "hard_limit=4000000", "memtune"),
    edit("blkiotune", "weight=200", "blkiotune"),
    edit("memorybacking", "nosharepages=on,locked=yes", "memoryBacking"),
    edit("features", "acpi=on,apic=on,kvm.hidden.state=on", "features"),
    edit("clock", "offset=localtime", "clock"),
    edit("pm", "suspend_to_mem.enabled=on", "pm"),
    edit("events", "on_crash=restart", "on_crash"),
    edit("resource", "/virtual/lab", "resource"),
    edit("sysinfo", "type=smbios,bios.vendor=Lab", "sysinfo", "os/smbios", needs="sysinfo[@type='smbios']"),
    edit("qemu-commandline", "-display none", "qemu:commandline"),
    edit("launchSecurity", "type=sev,policy=1", "launchSecurity"),
    edit("boot", "hd,menu=on", "os/boot", "os/bootmenu", "devices/*/boot", needs=HVM),
    edit("idmap", "clearxml=yes", "idmap"),
)
ADDED = {
    "disk": ("nbd://example.com:10809/added,bus=virtio",),
    "network": ("default,mac=52:54:00:aa:aa:aa",),
    "graphics": ("vnc", "video", "audio", "input"),
    "controller": ("type=scsi,model=virtio-scsi",),
    "input": ("keyboard,bus=virtio",),
    "serial": ("pty", "console"),
    "parallel": ("pty",),
    "channel": ("unix,target.type=virtio,target.name=org.example.added", "controller"),
    "console": ("pty,target.type=virtio", "controller"),
    "hostdev": (
        "type=pci,source.address.domain=0,source.address.bus=7,source.address.slot=0,source.address.function=0",
    ),
    "filesystem": ("/srv/added,/added",),
    "sound": ("ich9", "codec"),
    "audio": ("id=9,type=none",),
    "watchdog": ("i6300esb,action=reset",),
    "video": ("vga",),
    "smartcard": ("passthrough,type=spicevmc", "controller"),
    "redirdev": ("usb,type=spicevmc", "controller"),
    "memballoon": ("virtio",),
    "tpm": ("emulator,model=tpm-tis",),
    "rng": ("/dev/random",),
    "panic": ("isa",),
    "shmem": ("added,model.type=ivshmem-plain,size=4,size.unit=M",),
    "memdev": ("virtio-pmem,source.path=/srv/pmem,target.size=256", "maxMemory"),
    "vsock": ("virtio,cid.auto=yes",),
    "iommu": ("intel",),
    "pstore": ("acpi-erst,path=/srv/pstore,size=8",),
}
NEEDED = {"input": "self::domain[@type='kvm' or @type='qemu']", "panic": "not(devices/panic[@model='isa'])"}
SINGLE = ("memballoon", "watchdog", "tpm", "vsock", "iommu", "pstore")
CHANGED = {
    "disk": "cache=none",
    "network": "link.state=up",
    "graphics": "keymap=en-us",
    "controller": "alias.name=ua-mine",
    "input": "alias.name=ua-mine",
    "serial": "log.file=/var/log/mine",
    "parallel": "log.file=/var/log/mine",
    "channel": "alias.name=ua-mine",
    "console": "log.file=/var/log/mine",
    "hostdev": "rom.bar=off",
    "filesystem": "readonly=on",
    "sound": "model=ich6",
    "audio": "type=none",
    "watchdog": "action=poweroff",
    "video": "model.heads=1",
    "smartcard": "mode=host",
    "redirdev": "boot.order=9",
    "memballoon": "model=none",
    "tpm": "model=tpm-crb",
    "rng": "rate.bytes=100",
    "panic": "alias.name=ua-mine",
    "shmem": "size=16",
    "memdev": "access=private",
    "vsock": "cid.auto=yes",
    "iommu": "driver.eim=on",
    "pstore": "size=16",
}
REMOVED = {
    "graphics": ("devices/channel", "devices/redirdev", "devices/smartcard"),
    "audio": ("devices/sound", "devices/graphics"),
}
"""What goes with the devices of a group."""
SPICE = ("features/vmport", *(f"devices/{tag}" for tag in "channel redirdev controller sound smartcard audio".split()))
BRANCHES = (
    edit("video", "model=virtio", "devices/video"),
    edit("video", "model=qxl", "devices/video"),
    edit("graphics", "vnc", "devices/graphics", *SPICE),
    edit("graphics", "spice", "devices/graphics", *SPICE),
    edit("network", "user", "devices/interface"),
    edit("network", "bridge=br7", "devices/interface"),
    edit("network", "default", "devices/interface"),
    edit("disk", "target.bus=sata", "devices/disk", "devices/controller"),
    edit("disk", "source.file=/srv/other.img", "devices/disk"),
    edit("disk", "boot.order=1", "devices/disk", "os/boot", "devices/*/boot"),
    edit("boot", "uefi", "os", "features/smm", needs=HVM),
    edit("boot", "kernel=/srv/linux,initrd=/srv/initrd", "os", needs=HVM),
    edit("convert-to-q35", "default", "os/type", "devices", "features", "cpu", needs=PC),
    edit("convert-to-vnc", "default", "devices"),
)


def _devices() -> Iterator[Case]:
    for group in GROUPS:
        rows = table(group)
        if rows.is_device:
            value, *companions = ADDED[group]
            here = f"devices/{rows.tag}"
            near = tuple(f"devices/{tag}" for tag in (rows.tag, *companions))
            change = CHANGED[group]
            alone = here if group in SINGLE else ""
            yield Case("add-device", group, value, near, needs=NEEDED.get(group, ""), alone=alone)
            yield Case("remove-device", group, "all", (*near, *REMOVED.get(group, ())), needs=here)
            yield Case("edit", group, change, near[:1], None if change.startswith("alias") else "all", here)


CASES = (*GUEST, *_devices(), *BRANCHES)

NOT_OF_THIS_TYPE = "the user names a value that one of the selected devices cannot have"
IMPOSSIBLE = {
    ("14-gpu-passthrough", "add-device video vga"): "a guest with 'none' has no other video device",
    ("34-mdev-vgpu", "add-device video vga"): "a guest with 'none' has no other video device",
    ("16-numa-pinning", "edit disk source.file=/srv/other.img"): "a LUN is a block device",
    ("34-mdev-vgpu", "edit graphics keymap=en-us all"): NOT_OF_THIS_TYPE,
    ("44-many-consoles", "edit graphics keymap=en-us all"): NOT_OF_THIS_TYPE,
    ("46-gl-virgl", "edit graphics keymap=en-us all"): NOT_OF_THIS_TYPE,
    ("36-vdpa-and-vhostuser", "edit disk cache=none all"): NOT_OF_THIS_TYPE,
    ("36-vdpa-and-vhostuser", "edit disk target.bus=sata"): NOT_OF_THIS_TYPE,
    ("39-rom-loader-bios", "edit disk target.bus=sata"): NOT_OF_THIS_TYPE,
}
"""(file, edit) -> why libvirt cannot take it: every way to do what the user asks for is refused."""


class Fact(NamedTuple):
    place: str
    value: str


def facts(root: etree._Element) -> list[Fact]:
    """List everything that a document says, in its order, each with the path of its element."""
    found: list[Fact] = []

    def visit(node: etree._Element, above: str) -> None:
        if not isinstance(node.tag, str):
            found.append(Fact(f"{above}/(comment)", node.text or ""))
            return
        tag = node.tag.replace(QEMU, "qemu:")
        place = f"{above}/{tag}" if above else tag
        found.append(Fact(place, (node.text or "").strip()))
        found.extend(Fact(f"{place}/@{name}", str(value)) for name, value in sorted(node.attrib.items()))
        for child in node:
            visit(child, place)

    for child in root:
        visit(child, "")
    return found


def beside(every: list[Fact], places: tuple[str, ...]) -> list[Fact]:
    """Leave out what is at or below the given places (`*` stands for one element), and empty elements around it."""
    wanted = [place.split("/") for place in places]

    def named(fact: Fact) -> bool:
        steps = fact.place.split("/")
        return any(
            len(steps) >= len(place) and all(want in ("*", step) for want, step in zip(place, steps, strict=False))
            for place in wanted
        )

    above = {"devices", *(place.rpartition("/")[0] for place in places)}
    return [fact for fact in every if not named(fact) and not (fact.value == "" and fact.place in above)]


class Judges:
    """libvirt's schema, and the parser of its drivers."""

    def __init__(self) -> None:
        self.schema = etree.RelaxNG(etree.parse(SCHEMA))
        self.names = Path(SCHEMA).with_name("domaincommon.rng").read_text()
        libvirt.registerErrorHandler(lambda *_: None, None)
        self.test = libvirt.open("test:///default")

    def knows(self, case: Case) -> bool:
        """Whether the installed libvirt has such a device at all."""
        return f'<element name="{table(case.group).tag}">' in self.names or not table(case.group).is_device

    def refusals(self, root: etree._Element) -> dict[str, str]:
        """Return who refuses a guest, and why."""
        found = {} if self.schema.validate(root) else {"schema": str(self.schema.error_log.last_error)}
        whole = etree.fromstring(etree.tostring(root))
        devices = whole.find("devices")
        if devices is not None and devices.find("controller[@type='usb']") is None:
            devices.append(etree.fromstring("<controller type='usb'/>"))  # which the drivers for QEMU and Xen add
        try:
            self.test.defineXML(etree.tostring(whole, encoding="unicode")).undefine()
        except libvirt.libvirtError as refusal:
            found["driver"] = str(refusal)
        return found


@pytest.fixture(scope="module")
def judges() -> Judges:
    return Judges()


@cache
def request(case: Case) -> EditRequest:
    return to_request(Change(case.action, case.group, case.value, case.which))


def problems(file: Path, judges: Judges) -> Iterator[tuple[str, str]]:
    """Yield each edit of a guest that goes wrong, and what goes wrong."""
    data = file.read_bytes()
    source = original.from_bytes(data)
    before = etree.fromstring(data)
    refused, known = judges.refusals(before), facts(before)
    for case in CASES:
        if not case.fits(before) or not judges.knows(case):
            continue
        try:
            made = outcome.make((request(case),), source, outcome.ApplyOptions(), None)
        except ProvError as refusal:
            yield case.text, f"refused: {refusal}"
            continue
        after = etree.fromstring(made.guest.text())
        for judge, why in judges.refusals(after).items() if made.diff else ():
            if judge not in refused:
                yield case.text, why
        kept, left = beside(known, case.places), beside(facts(after), case.places)
        if kept != left:
            gone = [fact for fact in kept if fact not in left]
            come = [fact for fact in left if fact not in kept]
            yield case.text, f"changed beside it: {gone} -> {come}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_edits(file: Path, judges: Judges) -> None:
    assert [problem for problem in problems(file, judges) if (file.stem, problem[0]) not in IMPOSSIBLE] == []


def test_the_impossible_edits_are_still_impossible(judges: Judges) -> None:
    found = {
        (stem, edit)
        for stem in {stem for stem, _ in IMPOSSIBLE}
        for edit, _ in problems(DOMAINS / f"{stem}.xml", judges)
    }
    assert set(IMPOSSIBLE) <= found


def test_every_option_group_is_tried() -> None:
    assert {case.group for case in CASES} == {*XML, *CONVERSIONS}


IDENTITY = tuple(
    """name uuid title genid sysinfo os/nvram devices/interface/mac devices/interface/target devices/graphics/@port
    devices/graphics/@tlsPort devices/graphics/@websocket devices/graphics/@autoport devices/vsock
    devices/channel/source devices/tpm/backend devices/serial/source/@path devices/console/source/@path
    devices/serial/log devices/console/log devices/interface/backend/@logFile devices/graphics/listen/@socket
    devices/graphics/@socket devices/interface/virtualport/parameters""".split()
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_clones(file: Path, judges: Judges) -> None:
    before = etree.fromstring(file.read_bytes())
    disks = tuple(before.xpath("devices/disk/target/@dev"))
    copy = cloning.Copy(original_xml=file.read_bytes(), name="copy", skip_copy=disks, nvram="/srv/copy.fd")
    with open_host("test:///default") as host:
        made = cloning.Cloning(host, cloning.to_request(copy), listening.Collector(None)).made
    after = etree.fromstring(made.plan.documents[0].encode())
    assert [judge for judge in judges.refusals(after) if judge not in judges.refusals(before)] == []
    assert beside(facts(after), IDENTITY) == beside(facts(before), IDENTITY)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_rest_of_a_file_stays_byte_for_byte(file: Path) -> None:
    data = file.read_bytes()
    letters, what = original.read_file(str(file))
    source = original.from_file(letters, what)
    added = to_request(Change("add-device", "rng", "/dev/random"))
    made = outcome.make((added,), source, outcome.ApplyOptions(), None)
    written = outcome.apply_to_file(letters, made)
    old, new = letters.text, keep.letters(written, what).text
    start, end = old.index("<domain"), len(old) - len(old[old.rindex("</domain>") :])
    assert new.startswith(old[:start]) and new.endswith(old[end:])
    assert made.diff and etree.fromstring(written).find("devices/rng") is not None
    assert written[:3] == data[:3]
    removed = to_request(Change("remove-device", "rng", "-1"))
    again = original.from_file(keep.letters(written, what), what)
    reverted = outcome.make((removed,), again, outcome.ApplyOptions(), None)
    back = outcome.apply_to_file(keep.letters(written, what), reverted)
    assert beside(facts(etree.fromstring(back)), ("x",)) == beside(facts(etree.fromstring(data)), ("x",))
