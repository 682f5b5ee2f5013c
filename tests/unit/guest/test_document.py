import pytest

from virtprov.guest.document import Guest
from virtprov.support.errors import XmlError


def guest(os: str, more: str = "", kind: str = "kvm") -> Guest:
    return Guest.parse(f"<domain type='{kind}'><name>g</name><os>{os}</os>{more}</domain>")


def test_platform_predicates() -> None:
    q35 = guest("<type arch='x86_64' machine='pc-q35-9.0'>hvm</type>")
    assert q35.is_x86 and q35.is_q35 and q35.has_pcie and not q35.is_virtio_only
    assert guest("<type arch='aarch64' machine='virt'>hvm</type>").is_arm_virt
    assert guest("<type arch='s390x' machine='s390-ccw-virtio'>hvm</type>").is_virtio_only
    assert guest("<type>exe</type>", kind="lxc").is_container
    assert guest("<type>xen</type>", kind="xen").is_xen_pv


@pytest.mark.parametrize(
    ("os", "uefi"),
    [
        ("<type>hvm</type>", False),
        ("<type>hvm</type><loader type='rom'>/x</loader>", False),
        ("<type>hvm</type><loader type='pflash'>/x</loader>", True),
        ("<type>hvm</type><nvram>/x</nvram>", True),
    ],
)
def test_uefi_is_seen_however_it_is_written(os: str, uefi: bool) -> None:
    assert guest(os).is_uefi is uefi


def test_another_document_is_refused_by_its_name() -> None:
    with pytest.raises(XmlError, match="has a <pool> element instead of <domain>"):
        Guest.parse("<pool type='dir'/>", "stdin")


def test_devices_and_disks_by_kind() -> None:
    made = guest("<type>hvm</type>", "<devices><!-- kept --><disk/><disk device='cdrom'/><sound/></devices>")
    assert [node.tag for node in made.devices()] == ["disk", "disk", "sound"]
    assert len(made.disks("disk")) == 1 and len(made.disks("cdrom")) == 1


def test_a_copy_is_a_guest_of_its_own() -> None:
    one = guest("<type>hvm</type>")
    two = one.copy()
    two.put("./name", "other")
    assert (one.name, two.name) == ("g", "other")


def test_comments_and_unknown_parts_survive_a_change() -> None:
    made = guest("<type>hvm</type>", "<!-- mine --><x:y xmlns:x='urn:x' z='1'/>")
    made.put("./memory", "1024")
    assert "<!-- mine -->" in made.text() and 'xmlns:x="urn:x"' in made.text()


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ("", 1),
        ("sockets='2' dies='2' cores='3'", 12),
        ("cores='0'", 0),
        ("cores='x'", None),
        ("cores='1234567890'", None),
    ],
)
def test_the_processors_of_a_topology(parts: str, count: int | None) -> None:
    assert Guest.parse(f"<domain><cpu><topology {parts}/></cpu></domain>").count_in_topology() == count
    assert Guest.parse("<domain><cpu/></domain>").count_in_topology() is None
