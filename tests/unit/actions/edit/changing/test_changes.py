"""Changes to a guest's document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.actions.edit.changing import changes
from virtprov.actions.edit.changing.changes import ADD, BUILD, EDIT, REMOVE, ChangeResult, EditRequest, change
from virtprov.guest.document import OS_ID, Guest
from virtprov.guest.write import gather
from virtprov.guest.write.select import Selector
from virtprov.host.connection import Host, connect
from virtprov.osinfo.find_profile import find
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree

HOSTS = Path(__file__).resolve().parents[4] / "data" / "hosts"
GUEST = """<domain type='kvm'>
  <!-- mine -->
  <name>g</name>
  <memory unit='KiB'>1048576</memory>
  <os>
    <type arch='x86_64' machine='pc-q35-8.2'>hvm</type>
  </os>
  <cpu mode='custom' match='exact'><model>core2duo</model><feature name='ht' policy='require'/></cpu>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/images/web.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <boot order='1'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:11:22:33'/>
      <source network='default'/>
      <boot order='2'/>
    </interface>
  </devices>
</domain>
"""


@pytest.fixture
def kvm() -> Iterator[Host]:
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


def made(action: str, group: str, *texts: str, host: Host | None = None, position: str = "") -> ChangeResult:
    """What comes of `--ACTION --GROUP TEXT ...` on the guest above."""
    uses = tuple(gather.group_uses(group, texts)[0]) if action != REMOVE else ()
    selector = Selector(texts[0]) if action == REMOVE else Selector(position)
    return change(EditRequest(action, group, uses, selector), Guest.parse(GUEST), host)


def test_the_document_that_was_given_stays_as_it_was() -> None:
    guest = Guest.parse(GUEST)
    change(EditRequest(EDIT, "memory", tuple(gather.group_uses("memory", ["5"])[0])), guest, None)
    assert guest.text() == Guest.parse(GUEST).text()


def test_comments_and_order_are_kept() -> None:
    before, after = GUEST.splitlines(), made(EDIT, "memory", "2048").guest.text().splitlines()
    kept = [line.replace("'", '"') for line in before if "memory" not in line.lower()]
    assert [line for line in after if "memory" not in line.lower()] == kept


def test_uses_of_one_group_come_one_after_the_other() -> None:
    nic = made(EDIT, "network", "model=foo", "model=virtio,link.state=down").elements[0]
    assert path.get(nic, "./model/@type") == "virtio" and path.get(nic, "./link/@state") == "down"


def test_the_elements_before_and_after_are_told() -> None:
    changed = made(EDIT, "network", "model=virtio")
    (was,), (now,) = changed.before, changed.elements
    assert path.get(was, "./model/@type") is None and path.get(now, "./model/@type") == "virtio"


def test_clearing_comes_first() -> None:
    guest = made(EDIT, "cpu", "host-passthrough,clearxml=yes").guest
    assert tree.to_text(guest.ensure("./cpu")) == '<cpu mode="host-passthrough"/>\n'
    disk = made(EDIT, "disk", "clearxml=yes,type=block").elements[0]
    assert dict(disk.attrib) == {"type": "block"} and len(disk) == 0


def test_a_place_in_the_boot_order_pushes_the_others_back() -> None:
    guest = made(EDIT, "network", "boot.order=1").guest
    assert [path.get(each, "./boot/@order") for each in guest.devices()] == ["2", "1"]


def test_a_new_device_gets_what_it_needs_and_no_other_is_touched(kvm: Host) -> None:
    changed = made(ADD, "disk", "size=3,pool=images", host=kvm)
    (disk,) = changed.elements
    assert path.get(disk, "./target/@dev") == "sda"
    assert path.get(disk, "./source/@file") == "/srv/images/g.qcow2"
    assert [volume.capacity for making in changed.makings for volume in making.volumes] == [3 << 30]
    old = changed.guest.disks()[0]
    assert tree.same(old, Guest.parse(GUEST).disks()[0])


@pytest.mark.parametrize(("action", "word"), [(ADD, ""), (ADD, ",size=1"), (EDIT, "path=")])
def test_the_directory_of_a_disk_becomes_a_pool_on_request(kvm: Host, tmp_path: Path, action: str, word: str) -> None:
    """Programs that call virt-xml look for the disk in a pool."""
    image = tmp_path / "x.img"
    if "size" not in word:
        image.touch()
    text = f"path={image}" if action == EDIT else f"{image}{word}"
    request = EditRequest(action, "disk", tuple(gather.group_uses("disk", [text])[0]))
    pools = [
        [(pool.name, pool.target) for making in made.makings for pool in making.pools]
        for asked in (False, True)
        if (made := change(request._replace(directory_pools=asked), Guest.parse(GUEST), kvm))
    ]
    assert pools == [[], [(tmp_path.name, str(tmp_path))]]


@pytest.mark.parametrize("text", ["backing_store=/srv/images/base.qcow2", "format=raw", "size=40"])
def test_what_only_new_disks_have_is_warned_of(kvm: Host, text: str) -> None:
    changed = made(EDIT, "disk", text, host=kvm)
    assert [f"--disk {text.partition('=')[0]}= is only used to create a disk" in each for each in changed.warnings] == [
        True
    ]
    assert made(EDIT, "disk", "driver.type=raw", host=kvm).warnings == ()


def test_two_new_disks_do_not_share_a_name(kvm: Host) -> None:
    changed = made(ADD, "disk", "size=1,pool=images", "size=1,pool=images", host=kvm)
    assert [path.get(disk, "./source/@file") for disk in changed.elements] == [
        "/srv/images/g.qcow2",
        "/srv/images/g-1.qcow2",
    ]
    assert [path.get(disk, "./target/@dev") for disk in changed.elements] == ["sda", "sdb"]


def test_the_named_system_is_noted_and_heeded(kvm: Host) -> None:
    uses = tuple(gather.group_uses("network", ["network=default"])[0])
    guest = change(EditRequest(ADD, "network", uses, profile=find("debian12")), Guest.parse(GUEST), kvm).guest
    assert guest.get(OS_ID) == "http://debian.org/debian/12"
    assert path.get(guest.devices("interface")[1], "./model/@type") == "virtio"


def test_the_system_noted_in_the_guest_is_heeded(kvm: Host) -> None:
    guest = Guest.parse(GUEST)
    guest.put(OS_ID, "http://debian.org/debian/12")
    uses = tuple(gather.group_uses("network", ["network=default"])[0])
    changed = change(EditRequest(ADD, "network", uses), guest, kvm)
    assert path.get(changed.elements[0], "./model/@type") == "virtio"


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("os_name=debian12", "http://debian.org/debian/12"),
        ("os_full_id=http://debian.org/debian/11", "http://debian.org/debian/11"),
        ("os_name=", ""),
    ],
)
def test_the_system_in_the_metadata(text: str, noted: str) -> None:
    assert made(EDIT, "metadata", text).guest.get(OS_ID) == noted


def test_removing_returns_what_was_there() -> None:
    changed = made(REMOVE, "network", "1")
    assert changed.guest.devices("interface") == []
    assert path.get(changed.elements[0], "./mac/@address") == "52:54:00:11:22:33"


@pytest.mark.parametrize(
    ("group", "text", "built"),
    [
        ("sound", "ich9", '<sound model="ich9"/>'),
        ("cpu", "host-model", '<cpu mode="host-model"/>'),
        ("boot", "menu=on", '<os><bootmenu enable="yes"/></os>'),
        ("boot", "machine=q35", '<os><type arch="x86_64" machine="q35">hvm</type></os>'),
        ("boot", "uefi", '<os firmware="efi"/>'),
        ("features", "acpi=on", "<features><acpi/></features>"),
        ("seclabel", "type=none", '<seclabel type="none"/>'),
    ],
)
def test_building_shows_the_new_element_alone(group: str, text: str, built: str) -> None:
    (node,) = made(BUILD, group, text).elements
    assert tree.same(node, tree.parse(built)), tree.to_text(node)


def test_an_empty_guest_fits_the_host(kvm: Host) -> None:
    assert (changes.blank(kvm).domain_type, changes.blank(kvm).arch) == ("kvm", "x86_64")
    assert (changes.blank(None).domain_type, changes.blank(None).os_type) == ("kvm", "hvm")


@pytest.mark.parametrize(
    ("action", "group"),
    [(ADD, "memory"), (REMOVE, "clock"), (BUILD, "memory"), (BUILD, "xml"), (ADD, "convert-to-q35"), (BUILD, "vcpus")],
)
def test_actions_that_a_group_does_not_take(action: str, group: str) -> None:
    with pytest.raises(UsageError):
        changes.check_group(action, group)


@pytest.mark.parametrize(
    ("action", "group"), [(EDIT, "memory"), (EDIT, "convert-to-vnc"), (ADD, "disk"), (ADD, "seclabel"), (BUILD, "cpu")]
)
def test_actions_that_a_group_takes(action: str, group: str) -> None:
    changes.check_group(action, group)


def test_a_processor_gets_a_mode_only_with_a_model() -> None:
    bare = Guest.parse("<domain><cpu><model>a</model></cpu></domain>")

    def after(text: str) -> str:
        uses = tuple(gather.group_uses("cpu", [text])[0])
        cpu = change(EditRequest(EDIT, "cpu", uses), bare, None).elements[0]
        return tree.to_text(cpu).rstrip()

    assert after("model=a") == "<cpu><model>a</model></cpu>"
    assert after("check=none") == '<cpu check="none"><model>a</model></cpu>'
    assert after("b") == '<cpu mode="custom" match="exact"><model>b</model></cpu>'


@pytest.mark.parametrize("text", ["default", "type=default", "default,model=virtio"])
def test_the_usual_network_in_place_of_another(kvm: Host, text: str) -> None:
    """As a new interface is connected: to the host's own bridge, and without one to the network `default`."""
    guest = Guest.parse(GUEST)
    (nic,) = guest.devices("interface")
    nic.set("type", "bridge")
    path.put(nic, "./source/@network", None)
    path.put(nic, "./source/@bridge", "other0")
    path.put(nic, "./backend/@type", "passt")
    uses = tuple(gather.group_uses("network", [text])[0])
    (bridged,) = change(EditRequest(EDIT, "network", uses), guest.copy(), kvm).elements
    assert bridged.get("type") == "bridge" and path.get(bridged, "./source/@bridge") == "br0"
    (changed,) = change(EditRequest(EDIT, "network", uses), guest, None).elements
    assert changed.get("type") == "network" and path.get(changed, "./source/@network") == "default"
    assert path.get(changed, "./source/@bridge") is None and path.get(changed, "./backend/@type") is None
    assert (path.get(changed, "./model/@type") == "virtio") is ("virtio" in text)


SPICE = """<graphics type='spice' autoport='yes' defaultMode='secure'><listen type='address'/>\
<image compression='off'/>\
<mouse mode='client'/><gl enable='no'/></graphics></devices>"""


@pytest.mark.parametrize(("is_recorded", "kept"), [(False, ["listen"]), (True, ["listen", "image", "mouse", "gl"])])
def test_what_libvirt_skips_itself_is_removed_where_its_schema_is_known(
    kvm: Host, is_recorded: bool, kept: list[str]
) -> None:
    guest = Guest.parse(GUEST.replace("</devices>", SPICE))
    request = EditRequest(EDIT, "graphics", tuple(gather.group_uses("graphics", ["type=vnc"])[0]))
    (display,) = change(request, guest, kvm if is_recorded else None).elements
    assert [str(part.tag) for part in display] == kept
    assert "defaultMode" not in display.attrib
