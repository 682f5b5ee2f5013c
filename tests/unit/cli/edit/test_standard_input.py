"""Edits of XML on standard input, from the command line to the document: what only fits the old document goes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.edit import command
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

GUEST = """<domain type='kvm'>
  <name>g</name>
  <memory unit='KiB'>1048576</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
    <boot dev='network'/>
  </os>
  <cpu mode='host-passthrough' check='none' migratable='on'/>
  <devices>
    <disk type='block' device='disk'>
      <driver name='qemu' type='raw' queues='4'/>
      <source dev='/dev/vg/a'/>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
    </disk>
    <disk type='file' device='disk'>
      <source file='/b'/>
      <target dev='sda' bus='sata'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:11:22:33'/>
      <source network='default' portgroup='x'/>
      <model type='virtio'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </interface>
    <input type='tablet' bus='usb'>
      <address type='usb' bus='0' port='1'/>
    </input>
    <graphics type='spice' autoport='yes'>
      <listen type='address'/>
      <image compression='off'/>
    </graphics>
    <video>
      <model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1' primary='yes'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>
    </video>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
  </devices>
</domain>
"""


class Run:
    """Runs virtprov-xml with the document on standard input."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.text = GUEST
        self.err = ""

    def __call__(self, *words: str) -> int:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(self.text.encode())))
        status = app.run("virtprov-xml", command.main, list(words))
        seen = self._capsys.readouterr()
        self.text, self.err = seen.out, seen.err
        return status

    def edit(self, *words: str) -> Element:
        """The document that the change leaves; nothing is wrong with it."""
        assert self(*words) == 0, self.err
        assert "does not accept" not in self.err
        return tree.parse(self.text)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


GONE = [
    ("cpu", "host-model", "./cpu", {"mode": "host-model"}),
    ("cpu", "host,-invtsc", "./cpu", {"mode": "host-model"}),
    ("cpu", "EPYC", "./cpu", {"mode": "custom", "check": "none", "match": "exact"}),
    ("video", "model.type=virtio", "./devices/video/model",
     {"type": "virtio", "vram": "65536", "heads": "1", "primary": "yes"}),
    ("graphics", "vnc", "./devices/graphics", {"type": "vnc", "autoport": "yes"}),
    ("network", "type=bridge,source.bridge=br0", "./devices/interface/source", {"bridge": "br0"}),
    ("network", "bridge=br0", "./devices/interface/source", {"bridge": "br0"}),
    ("disk", "source.file=/x.img", "./devices/disk/source", {"file": "/x.img"}),
    ("disk", "type=network,source.protocol=nbd,source.host0.name=h", "./devices/disk/source", {"protocol": "nbd"}),
    ("xml", "./devices/interface/@type=user", "./devices/interface", {"type": "user"}),
]  # fmt: skip


@pytest.mark.parametrize(("group", "value", "where", "left"), GONE)
def test_what_only_fits_the_old_type_goes(run: Run, group: str, value: str, where: str, left: dict[str, str]) -> None:
    node = path.find(run.edit("--edit", f"--{group}", value), where)
    assert node is not None
    assert dict(node.attrib) == left


def test_elements_go_as_well(run: Run) -> None:
    root = run.edit(
        "--edit", "--graphics", "vnc", "--edit", "--network", "user", "--edit", "--rng", "backend.model=builtin"
    )
    assert path.find(root, "./devices/graphics/image") is None
    assert path.find(root, "./devices/interface/source") is None
    assert path.get(root, "./devices/rng/backend") == ""


def test_a_disk_follows_the_source_that_is_named(run: Run) -> None:
    assert path.get(run.edit("--edit", "--disk", "source.file=/x.img"), "./devices/disk/@type") == "file"
    assert path.get(run.edit("--edit", "--disk", "source.dev=/dev/x"), "./devices/disk/@type") == "block"


def test_what_is_named_stays(run: Run) -> None:
    assert run("--edit", "--cpu", "mode=host-model,migratable=on") == 0
    assert path.get(tree.parse(run.text), "./cpu/@migratable") == "on"
    assert "'migratable' only with mode=host-passthrough or maximum" in run.err


def test_what_goes_is_said_with_debug(run: Run) -> None:
    run.edit("--edit", "--cpu", "host-model", "--debug")
    assert "remove migratable='on' of <cpu>" in run.err


@pytest.mark.parametrize(
    ("group", "value", "where"),
    [
        ("disk", "target.bus=sata", "./devices/disk"),
        ("network", "model.type=usb-net", "./devices/interface"),
        ("video", "model.type=ramfb", "./devices/video"),
        ("input", "bus=virtio", "./devices/input"),
    ],
)
def test_the_address_goes_with_the_bus(run: Run, group: str, value: str, where: str) -> None:
    assert path.find(run.edit("--edit", f"--{group}", value), f"{where}/address") is None


@pytest.mark.parametrize(
    ("group", "value", "where"),
    [
        ("disk", "driver.cache=none", "./devices/disk"),
        ("network", "model.type=e1000e", "./devices/interface"),
        ("video", "model.type=virtio", "./devices/video"),
        ("disk", "target.bus=sata,address.type=drive", "./devices/disk"),
    ],
)
def test_an_address_of_the_same_kind_or_a_given_one_stays(run: Run, group: str, value: str, where: str) -> None:
    assert path.find(run.edit("--edit", f"--{group}", value), f"{where}/address") is not None


def test_a_disk_on_another_bus_gets_a_free_name_of_it(run: Run) -> None:
    disk = path.find(run.edit("--edit", "target.dev=vda", "--disk", "target.bus=sata"), "./devices/disk")
    assert disk is not None
    assert path.get(disk, "./target/@dev") == "sdb"
    assert path.get(disk, "./driver/@queues") is None


def test_a_name_that_fits_or_is_given_stays(run: Run) -> None:
    assert (
        path.get(run.edit("--edit", "--disk", "target.bus=sata,target.dev=sdx"), "./devices/disk/target/@dev") == "sdx"
    )
    root = run.edit("--edit", "2", "--disk", "target.bus=scsi")
    assert path.get(root, "./devices/disk[2]/target/@dev") == "sda"


@pytest.mark.parametrize(
    "words",
    [
        ["--edit", "target.dev=sda", "--disk", "boot_order=1"],
        ["--edit", "--disk", "boot.order=1"],
        ["--add-device", "--network", "network=default,boot.order=1"],
    ],
)
def test_a_device_in_the_boot_order_replaces_the_order_in_os(run: Run, words: list[str]) -> None:
    root = run.edit(*words)
    assert path.find(root, "./os/boot") is None
    assert [node.get("order") for node in root.iter("boot")] == ["1"]


def test_an_added_device_moves_the_others_back(run: Run) -> None:
    run.edit("--edit", "--disk", "boot.order=1")
    root = run.edit("--add-device", "--network", "network=default,boot.order=1")
    assert path.get(root, "./devices/disk/boot/@order") == "2"
    assert path.get(root, "./devices/interface[2]/boot/@order") == "1"


@pytest.mark.parametrize(
    "memory",
    ["<memory unit='MB'>TBD</memory>", "<memory unit='GiB'/>", "<memory unit='furlong'>7</memory>", "<memory/>",
     "<memory unit='GiB'>1</memory>"],
)  # fmt: skip
def test_new_memory_never_keeps_an_old_unit(run: Run, memory: str) -> None:
    run.text = GUEST.replace("<memory unit='KiB'>1048576</memory>", memory)
    root = run.edit("--edit", "--memory", "5120")
    assert path.get(root, "./memory") == "5242880"
    assert path.get(root, "./memory/@unit") in (None, "KiB")


def test_memory_of_a_numa_cell_never_keeps_an_old_unit(run: Run) -> None:
    run.text = GUEST.replace("migratable='on'/>", "><numa><cell id='0' cpus='0' memory='1' unit='GiB'/></numa></cpu>")
    cell = path.find(run.edit("--edit", "--cpu", "numa.cell0.memory=2097152"), "./cpu/numa/cell")
    assert cell is not None
    assert (cell.get("memory"), cell.get("unit")) == ("2097152", "KiB")


PFLASH = "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader><nvram>/n</nvram>"


@pytest.mark.parametrize("words", ["uefi", "firmware=efi", "uefi,bootmenu.enable=yes"])
@pytest.mark.parametrize("loader", [PFLASH, "<loader>/usr/share/OVMF/OVMF_CODE.fd</loader>"])
def test_a_uefi_loader_is_uefi_already(run: Run, loader: str, words: str) -> None:
    run.text = GUEST.replace("<boot dev='hd'/>", loader, 1)
    root = run.edit("--edit", "--boot", words)
    assert path.get(root, "./os/@firmware") is None
    assert path.find(root, "./os/loader") is not None
    assert "already uses UEFI" in run.err


@pytest.mark.parametrize(
    "loader", ["<loader type='rom'>/bios.bin</loader>", "<loader>/usr/lib/xen/boot/hvmloader</loader>"]
)
@pytest.mark.parametrize("words", ["uefi", "firmware=efi"])
def test_a_bios_loader_goes(run: Run, loader: str, words: str) -> None:
    run.text = GUEST.replace("<boot dev='hd'/>", loader, 1)
    root = run.edit("--edit", "--boot", words)
    assert path.get(root, "./os/@firmware") == "efi"
    assert path.find(root, "./os/loader") is None


def test_a_uefi_loader_can_get_settings(run: Run) -> None:
    run.text = GUEST.replace("<boot dev='hd'/>", PFLASH, 1)
    root = run.edit("--edit", "--boot", "uefi,loader.secure=yes")
    assert path.get(root, "./os/@firmware") is None
    assert path.get(root, "./os/loader/@secure") == "yes"


def test_a_selection_beside_the_loader_that_libvirt_wrote_stays(run: Run) -> None:
    run.text = GUEST.replace("<os>", "<os firmware='efi'>").replace("<boot dev='hd'/>", PFLASH, 1)
    root = run.edit("--edit", "--boot", "firmware=efi,bootmenu.enable=yes")
    assert path.get(root, "./os/@firmware") == "efi"
    assert path.find(root, "./os/loader") is not None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--disk", "/new,target.dev=sda"], "more than one device has the target name 'sda'"),
        (["--disk", "/new,device=cdrom,target.bus=virtio"], "is a cdrom, which the bus 'virtio' does not support"),
    ],
)
def test_what_libvirt_refuses_is_a_warning(run: Run, words: list[str], sentence: str) -> None:
    assert run("--add-device", *words, "--check", "path_exists=off") == 0
    assert "libvirt does not accept the XML: " in run.err and sentence in run.err
    run.edit("--edit", "--memory", "5")
    assert "does not accept" not in run.err


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (["disk[1]", "disk[2]"], "more than one device has the boot order '7'"),
        (["disk[1]"], "devices cannot have a boot order beside <boot> in <os>"),
    ],
)
def test_boot_orders_that_libvirt_refuses_are_a_warning(run: Run, places: list[str], sentence: str) -> None:
    words = [word for place in places for word in ("--xml", f"./devices/{place}/boot/@order=7")]
    assert run("--edit", *words) == 0
    assert f"libvirt does not accept the XML: {sentence}" in run.err


def test_one_fault_is_one_warning(run: Run) -> None:
    assert run("--add-device", "--video", "model.type=virtio,model.ram=1") == 0
    assert run.err.count("does not accept") == 1


@pytest.mark.parametrize("words", [["--remove-device", "--sound", "all"], ["--edit", "all", "--sound", "model=ich9"]])
def test_all_of_none_is_a_warning(run: Run, words: list[str]) -> None:
    assert run(*words) == 0
    assert "warning: the guest has no --sound to" in run.err
    assert run("--remove-device", "--sound", "1") == 2


def test_a_value_that_no_libvirt_knows_is_not_written(run: Run) -> None:
    assert run("--edit", "--graphics", "type=none,port=5902") == 0
    root = tree.parse(run.text)
    assert path.get(root, "./devices/graphics/@type") == "spice"
    assert path.get(root, "./devices/graphics/@port") == "5902"
    assert "invalid value 'none'" in run.err
    assert "not written" in run.err
    run.text = GUEST
    assert run("--edit", "--no-schema-check", "--graphics", "type=none") == 0
    assert path.get(tree.parse(run.text), "./devices/graphics/@type") == "none"
    run.text = GUEST
    assert run("--add-device", "--graphics", "type=none") == 2


def test_what_libvirt_would_refuse_is_a_warning(run: Run) -> None:
    assert run("--edit", "--xml", "./devices/disk/@colour=red") == 0
    assert "libvirt does not accept the XML: unknown attribute 'colour'" in run.err
    assert run("--edit", "--memory", "512") == 0  # it was there before
    assert "does not accept" not in run.err
    run.text = GUEST
    assert run("--edit", "--disk", "target.removable=on") == 0
    assert "'target.removable' only with bus=usb" in run.err


def test_a_file_is_checked_like_standard_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "g.xml").write_text(GUEST)
    assert run("--file", str(tmp_path / "g.xml"), "--in-place", "--edit", "--xml", "./devices/disk/@colour=red") == 0
    assert "unknown attribute 'colour'" in run.err
    assert "colour" in (tmp_path / "g.xml").read_text()


@pytest.mark.parametrize("words", [["--edit", "--boot", "shim=/x"], ["--add-device", "--sound", "ich9,streams=2"]])
def test_an_option_that_libvirt_drops_is_a_warning(run: Run, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from virtprov.guest.write import schema_rows

    monkeypatch.setattr(schema_rows, "is_known", lambda graph, where: False)
    assert run(*words) == 0
    assert "does not know --" in run.err
    assert "omit it" in run.err
    assert run("--no-schema-check", *words) == 0
    assert "omit it" not in run.err


def test_a_missing_disk_can_be_named_if_asked(run: Run) -> None:
    assert run("--add-device", "--disk", "/nowhere/x.qcow2") == 2
    run.text = GUEST
    root = run.edit("--add-device", "--disk", "/nowhere/x.qcow2", "--check", "path_exists=off")
    disk = path.find(root, "./devices/disk[3]")
    assert disk is not None
    assert path.get(disk, "./source/@file") == "/nowhere/x.qcow2"
    assert path.get(disk, "./driver/@type") == "qcow2"
    assert path.get(disk, "./target/@dev") == "vdb" or path.get(disk, "./target/@dev") == "sdb"


@pytest.mark.parametrize("words", ["vol=p/x.qcow2", "source.pool=p,source.volume=x.qcow2"])
def test_a_volume_of_another_host_can_be_named_if_asked(run: Run, words: str) -> None:
    assert run("--add-device", "--disk", words) == 2
    assert "storage pool 'p' can only be looked up on a host" in run.err and "--check path_exists=off" in run.err
    run.text = GUEST
    root = run.edit("--add-device", "--disk", words, "--check", "path_exists=off")
    disk = path.find(root, "./devices/disk[3]")
    assert disk is not None and disk.get("type") == "volume"
    assert path.get(disk, "./source/@pool") == "p" and path.get(disk, "./source/@volume") == "x.qcow2"
    assert path.get(disk, "./driver/@type") == "qcow2"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("pool=p,size=1", "storage pool 'p' can only be looked up on a host"),
        ("vol=p/x,as=path", "the path of the volume 'p/x' is not known"),
        ("vol=px", "vol=px"),
    ],
)
def test_a_disk_that_only_a_host_knows_is_refused(run: Run, words: str, sentence: str) -> None:
    assert run("--add-device", "--disk", words, "--check", "path_exists=off") == 2
    assert sentence in run.err


@pytest.mark.parametrize("words", ["/nowhere/x.qcow2", "/nowhere/x.iso,device=cdrom", "/nowhere/x,size=1"])
def test_the_hint_for_a_missing_disk_thinks_of_other_hosts(run: Run, words: str) -> None:
    assert run("--add-device", "--disk", words) == 2
    assert "on another host" in run.err and "--check path_exists=off" in run.err


def test_a_disk_is_selected_by_its_target_name(run: Run) -> None:
    root = run.edit("--remove-device", "--disk", "vda")
    assert [node.get("dev") for node in root.iter("target")] == ["sda"]
    root = run.edit("--edit", "sda", "--disk", "cache=none")
    assert path.get(root, "./devices/disk/driver/@cache") == "none"
    assert run("--remove-device", "--disk", "vdz") == 2


def test_bootmenu_is_on(run: Run) -> None:
    assert path.get(run.edit("--edit", "--boot", "bootmenu=on"), "./os/bootmenu/@enable") == "yes"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--eject", "sda"], "--edit target.dev=sda --disk path="),
        (["--insert", "sda"], "--disk /path/image.iso"),
        (["--edit", "--crypto", "model=virtio"], "--xml ./devices/crypto/@model=VALUE"),
        (["--edit", "--iommufd", "enabled=yes"], "--xml ./iommufd/@enabled=yes"),
        (["--edit", "--lease", "key=a"], "--xml ./devices/lease"),
        (["--edit", "--iothreads", "iothreadids.iothread.idd=3"], "iothreadids.iothread0.id"),
        (["--edit", "--disk", "source.host.nam=3"], "source.host0.name"),
    ],
)
def test_hints_name_what_can_be_typed(run: Run, words: list[str], hint: str) -> None:
    assert run(*words) == 2
    assert hint in run.err
    assert "[0-9]" not in run.err


@pytest.mark.parametrize(
    "words",
    [
        ["--edit", "--boot", "initargs='\"'"],
        ["--edit", "--cpu", "require=\x1bX"],
        ["--edit", "--qemu-commandline", '"'],
        ["--edit", "--xml", "./a/@\x1bb=1"],
        ["--edit", "--xml", "./a/@1b=1"],
    ],
)
def test_odd_characters_are_no_bug(run: Run, words: list[str]) -> None:
    assert run(*words) == 2
    assert "bug" not in run.err
