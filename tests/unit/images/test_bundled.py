"""The addresses of cloud images that come with virtprov hold together, and mean what distributions publish."""

from __future__ import annotations

import base64
import json
import re

import pytest

from tests.unit.images.conftest import Mirror
from virtprov.images.image import ImageRequest
from virtprov.images.image_facts import BIOS, UEFI
from virtprov.images.resolve import resolve_image
from virtprov.osinfo.find_profile import find
from virtprov.osinfo.image_profiles import CloudImage, CloudSystem, all_systems

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")
A, LONG, MD5 = "a" * 64, "b" * 128, "c" * 32
PARTS = {"arch", "build", "revision", "firmware", "file", "stem"}


def every_image() -> list[tuple[CloudSystem, CloudImage]]:
    return [(system, image) for system in all_systems() for image in system.images]


def test_every_address_is_sound() -> None:
    for system, image in every_image():
        for url in (image.url, image.build_url, image.index.url, image.builds.url, *image.checksums, image.signature):
            assert set(re.findall(r"\{(.*?)\}", url)) <= PARTS, (system.os_id, url)
        for url in (image.url, image.build_url):
            assert re.fullmatch(r"https?://[^\s/]+/\S+|", url), (system.os_id, url)
        assert image.arches
        assert image.variant


def test_nothing_without_cloud_init_is_offered() -> None:
    """Debian's variant `nocloud` is not for the seed NoCloud: root logs in without a password."""
    found = {image.url for system, image in every_image() if "debian" in system.os_id}
    assert found
    assert [url for url in found if "nocloud" in url] == []


def test_every_name_leads_to_one_system() -> None:
    names = [name for system in all_systems() for name in (*system.names, *system.short_ids)]
    assert len(names) == len(set(names))
    assert all(find(system.short_ids[0]).os_id == system.os_id for system in all_systems())


def fixed(url: str, text: str) -> dict[str, str]:
    return {url: text}


def bsd(name: str) -> str:
    return f"# {name}: 5 bytes\nSHA256 ({name}) = {A}\n"


def listed(*names: str, mark: str = "  ", digits: str = A) -> str:
    return "".join(f"{digits}{mark}{name}\n" for name in names)


def debian_json(name: str) -> str:
    code = base64.b64encode(bytes.fromhex(LONG)).decode().rstrip("=")
    annotations = {"cloud.debian.org/digest": f"sha512:{code}"}
    item = {"kind": "Upload", "data": {"ref": f"x/{name}"}, "metadata": {"annotations": annotations}}
    return json.dumps({"items": [item]})


FEDORA = "https://download.fedoraproject.org/pub/fedora/linux/releases/43/Cloud/x86_64/images"
ALMA = "https://repo.almalinux.org/almalinux/10/cloud/x86_64/images"
COREOS = {"location": "https://builds.coreos.example.org/c.qcow2.xz", "sha256": A, "uncompressed-sha256": A}
# Name -> arch, the only files that are read, and the image that is found: its folder and name.
FOUND: dict[str, tuple[str, dict[str, str], str]] = {
    "debian13": (
        "x86_64",
        fixed(
            "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-amd64.json",
            debian_json("debian-13-generic-amd64-20260810-2565.qcow2"),
        ),
        "https://cloud.debian.org/images/cloud/trixie/20260810-2565/debian-13-generic-amd64-20260810-2565.qcow2",
    ),
    "debiansid": (
        "aarch64",
        fixed(
            "https://cloud.debian.org/images/cloud/sid/daily/latest/debian-sid-generic-arm64-daily.json",
            debian_json("debian-sid-generic-arm64-daily-20260810-2565.qcow2"),
        ),
        "https://cloud.debian.org/images/cloud/sid/daily/20260810-2565/debian-sid-generic-arm64-daily-20260810-2565.qcow2",
    ),
    "ubuntu24.04": (
        "x86_64",
        fixed(
            "https://cloud-images.ubuntu.com/releases/noble/release/SHA256SUMS",
            listed("ubuntu-24.04-server-cloudimg-amd64.img", "ubuntu-24.04-server-cloudimg-amd64.img.zsync", mark=" *"),
        ),
        "https://cloud-images.ubuntu.com/releases/noble/release/ubuntu-24.04-server-cloudimg-amd64.img",
    ),
    "fedora43": (
        "x86_64",
        fixed(
            "https://getfedora.org/releases.json",
            json.dumps([
                {"version": version, "arch": "x86_64", "sha256": A, "size": "5", "link": f"{FEDORA}/{name}"}
                for version, name in (
                    ("43", "Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2"),
                    ("43 Beta", "Fedora-Cloud-Base-Generic-43-1.7.x86_64.qcow2"),
                    ("43", "Fedora-Cloud-Base-UEFI-UKI-43-1.6.x86_64.qcow2"),
                )
            ]),
        ),
        f"{FEDORA}/Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2",
    ),
    "fedora41": (
        "s390x",
        fixed(
            "https://archives.fedoraproject.org/pub/archive/fedora-secondary/releases/41/Cloud/s390x/images/"
            "Fedora-Cloud-41-1.4-s390x-CHECKSUM",
            bsd("Fedora-Cloud-Base-Generic-41-1.4.s390x.qcow2"),
        ),
        "https://archives.fedoraproject.org/pub/archive/fedora-secondary/releases/41/Cloud/s390x/images/"
        "Fedora-Cloud-Base-Generic-41-1.4.s390x.qcow2",
    ),
    "centos-stream9": (
        "x86_64",
        fixed(
            "https://cloud.centos.org/centos/9-stream/x86_64/images/CHECKSUM",
            bsd("CentOS-Stream-GenericCloud-9-20260701.0.x86_64.qcow2")
            + bsd("CentOS-Stream-GenericCloud-9-20260801.0.x86_64.qcow2")
            + bsd("CentOS-Stream-GenericCloud-x86_64-9-20260901.0.x86_64.qcow2"),
        ),
        "https://cloud.centos.org/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-20260801.0.x86_64.qcow2",
    ),
    "rocky9": (
        "x86_64",
        fixed(
            "https://dl.rockylinux.org/pub/rocky/9/images/x86_64/Rocky-9-GenericCloud-Base.latest.x86_64.qcow2.CHECKSUM",
            bsd("Rocky-9-GenericCloud-Base-9.6-20260531.0.x86_64.qcow2"),
        ),
        "https://dl.rockylinux.org/pub/rocky/9/images/x86_64/Rocky-9-GenericCloud-Base-9.6-20260531.0.x86_64.qcow2",
    ),
    "almalinux10": (
        "x86_64",
        fixed(
            f"{ALMA}/CHECKSUM",
            listed("AlmaLinux-10-GenericCloud-ext4-10.2-20260526.0.x86_64.qcow2", digits="d" * 64)
            + listed(
                "AlmaLinux-10-GenericCloud-10.2-20260526.0.x86_64.qcow2",
                "AlmaLinux-10-GenericCloud-latest.x86_64.qcow2",
            ),
        ),
        f"{ALMA}/AlmaLinux-10-GenericCloud-10.2-20260526.0.x86_64.qcow2",
    ),
    "ol9": (
        "x86_64",
        fixed(
            "https://yum.oracle.com/templates/OracleLinux/ol9-template.json",
            json.dumps({
                "base_url": "/templates/OracleLinux/OL9/u5/x86_64",
                "kvm": {"image": "OL9U5_x86_64-kvm-b253.qcow2", "sha256": A},
            }),
        ),
        "https://yum.oracle.com/templates/OracleLinux/OL9/u5/x86_64/OL9U5_x86_64-kvm-b253.qcow2",
    ),
    "leap16.0": (
        "s390x",
        fixed(
            "https://download.opensuse.org/distribution/leap/16.0/appliances/"
            "Leap-16.0-Minimal-VM.s390x-s390x-Cloud.qcow2.sha256",
            listed("Leap-16.0-Minimal-VM.s390x-s390x-Cloud.qcow2"),
        ),
        "https://download.opensuse.org/distribution/leap/16.0/appliances/Leap-16.0-Minimal-VM.s390x-s390x-Cloud.qcow2",
    ),
    "tumbleweed": (
        "x86_64",
        fixed(
            "https://download.opensuse.org/tumbleweed/appliances/SHA256SUMS",
            listed(
                "openSUSE-Tumbleweed-Minimal-VM.x86_64-1.0.0-Cloud-Snapshot20260823.qcow2",
                "openSUSE-Tumbleweed-Minimal-VM.x86_64-Cloud.qcow2",
            ),
        ),
        "https://download.opensuse.org/tumbleweed/appliances/"
        "openSUSE-Tumbleweed-Minimal-VM.x86_64-1.0.0-Cloud-Snapshot20260823.qcow2",
    ),
    "archlinux": (
        "x86_64",
        fixed(
            "https://geo.mirror.pkgbuild.com/images/latest/Arch-Linux-x86_64-cloudimg.qcow2.SHA256",
            listed("Arch-Linux-x86_64-cloudimg-20260815.401234.qcow2"),
        ),
        "https://geo.mirror.pkgbuild.com/images/v20260815.401234/Arch-Linux-x86_64-cloudimg-20260815.401234.qcow2",
    ),
    "alpine3.23": (
        "x86_64",
        {
            "https://dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/": "".join(
                f'<a href="nocloud_alpine-3.23.{number}-x86_64-{kind}.qcow2">x</a>'
                for number in (2, 10)
                for kind in ("bios-cloudinit-r0", "uefi-cloudinit-r0", "bios-tiny-r0", "bios-cloudinit-metal-r0")
            ),
            "https://dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/"
            "nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2.sha512": LONG,
        },
        "https://dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud/nocloud_alpine-3.23.10-x86_64-bios-cloudinit-r0.qcow2",
    ),
    "gentoo": (
        "x86_64",
        {
            "https://distfiles.gentoo.org/releases/amd64/autobuilds/latest-di-amd64-cloudinit.txt": (
                "# ts=1787504400\n20260823T164906Z/di-amd64-cloudinit-20260823T164906Z.qcow2 641466368\n"
            ),
            "https://distfiles.gentoo.org/releases/amd64/autobuilds/20260823T164906Z/"
            "di-amd64-cloudinit-20260823T164906Z.qcow2.sha256": listed("di-amd64-cloudinit-20260823T164906Z.qcow2"),
        },
        "https://distfiles.gentoo.org/releases/amd64/autobuilds/20260823T164906Z/di-amd64-cloudinit-20260823T164906Z.qcow2",
    ),
    "kali": (
        "x86_64",
        fixed(
            "https://kali.download/cloud-images/current/SHA256SUMS",
            listed(*(f"kali-linux-2026.2-cloud-genericcloud-{arch}.tar.xz" for arch in ("amd64", "arm64"))),
        ),
        "https://kali.download/cloud-images/kali-2026.2/kali-linux-2026.2-cloud-genericcloud-amd64.tar.xz",
    ),
    "amazonlinux2023": (
        "aarch64",
        fixed(
            "https://cdn.amazonlinux.com/al2023/os-images/latest/kvm-arm64/SHA256SUMS",
            listed("al2023-kvm-2023.8.20260818.0-kernel-6.1-arm64.xfs.gpt.qcow2"),
        ),
        "https://cdn.amazonlinux.com/al2023/os-images/2023.8.20260818.0/kvm-arm64/"
        "al2023-kvm-2023.8.20260818.0-kernel-6.1-arm64.xfs.gpt.qcow2",
    ),
    "cirros0.5.2": (
        "x86_64",
        fixed("https://download.cirros-cloud.net/0.5.2/MD5SUMS", listed("cirros-0.5.2-x86_64-disk.img", digits=MD5)),
        "https://download.cirros-cloud.net/0.5.2/cirros-0.5.2-x86_64-disk.img",
    ),
    "freebsd14.3": (
        "aarch64",
        fixed(
            "https://download.freebsd.org/releases/VM-IMAGES/14.3-RELEASE/aarch64/Latest/CHECKSUM.SHA512",
            f"SHA512 (FreeBSD-14.3-RELEASE-arm64-aarch64-BASIC-CLOUDINIT-ufs.qcow2.xz) = {LONG}\n",
        ),
        "https://download.freebsd.org/releases/VM-IMAGES/14.3-RELEASE/aarch64/Latest/"
        "FreeBSD-14.3-RELEASE-arm64-aarch64-BASIC-CLOUDINIT-ufs.qcow2.xz",
    ),
    "fedora-coreos-stable": (
        "s390x",
        fixed(
            "https://builds.coreos.fedoraproject.org/streams/stable.json",
            json.dumps({
                "architectures": {"s390x": {"artifacts": {"qemu": {"formats": {"qcow2.xz": {"disk": COREOS}}}}}}
            }),
        ),
        COREOS["location"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_an_image_is_found_as_the_distribution_publishes_it(name: str, mirror: Mirror) -> None:
    arch, files, url = FOUND[name]
    for place, content in files.items():
        mirror.put(place, content)
    found = resolve_image(ImageRequest(name, name=name), arch=arch, read=mirror.read)
    assert found.url == url
    assert found.digest is not None
    assert set(files) <= set(mirror.asked)


def test_every_distribution_is_tried_here() -> None:
    files = {system.os_id.split("/")[2] for system in all_systems() if any(image.checksums for image in system.images)}
    tried = {
        system.os_id.split("/")[2] for system in all_systems() if {*system.names, *system.short_ids} & FOUND.keys()
    }
    assert files <= tried


def test_a_gone_build_of_ubuntu_names_those_that_are_there(mirror: Mirror) -> None:
    item = {"disk1.img": {"path": "server/x.img", "sha256": A}}
    versions = {version: {"items": item} for version in ("20260712", "20260801")}
    url = "https://cloud-images.ubuntu.com/releases/streams/v1/com.ubuntu.cloud:released:download.json"
    mirror.put(url, json.dumps({"products": {"com.ubuntu.cloud:server:24.04:amd64": {"versions": versions}}}))
    with pytest.raises(Exception, match="build 20200101 not found") as caught:
        resolve_image(ImageRequest("x", name="ubuntu24.04", build="20200101"), arch="x86_64", read=mirror.read)
    assert "there are builds 20260801, 20260712" in getattr(caught.value, "hint", "")
    mirror.put(
        "https://cloud-images.ubuntu.com/releases/noble/release-20260712/SHA256SUMS",
        listed("ubuntu-24.04-server-cloudimg-amd64.img", mark=" *"),
    )
    found = resolve_image(ImageRequest("x", name="ubuntu24.04", build="20260712"), arch="x86_64", read=mirror.read)
    assert "/release-20260712/" in found.url


@pytest.mark.parametrize(
    ("name", "user", "floor", "firmware", "config"),
    [
        ("debian13", "debian", "", "", "cloud-init"),
        ("ubuntu24.04", "ubuntu", "", "", "cloud-init"),
        ("centos-stream9", "cloud-user", "", BIOS, "cloud-init"),
        ("centos-stream10", "cloud-user", "x86-64-v3", BIOS, "cloud-init"),
        ("rocky10", "rocky", "x86-64-v3", "", "cloud-init"),
        ("almalinux10", "almalinux", "x86-64-v3", "", "cloud-init"),
        ("rhel10", "cloud-user", "x86-64-v3", "", "cloud-init"),
        ("ol9", "", "", "", "cloud-init"),
        ("ol8", "", "", BIOS, "cloud-init"),
        ("alpine3.23", "alpine", "", "", "cloud-init"),
        ("freebsd14.3", "freebsd", "", "", "nuageinit"),
        ("flatcar", "core", "", "", "ignition"),
        ("talos", "", "", "", "talos"),
    ],
)
def test_what_is_known_about_the_system(name: str, user: str, floor: str, firmware: str, config: str) -> None:
    request = ImageRequest("x", name=name, url="https://example.org/x.qcow2", checksum=f"sha256:{A}")
    facts = resolve_image(request, arch="x86_64", read=lambda url, limit: None).facts
    assert (facts.default_user, facts.cpu_floor, facts.firmware, facts.configured_by) == (user, floor, firmware, config)
    assert facts.ready_port == (50000 if name == "talos" else 0)


def test_variants_with_other_needs() -> None:
    request = ImageRequest("x", name="almalinux10", variant="v2", verifies=False)
    found = resolve_image(request, arch="x86_64", read=lambda url, limit: None)
    assert (found.facts.cpu_floor, "x86_64_v2" in found.url) == ("x86-64-v2", True)
    request = ImageRequest("x", name="fedora43", variant="uki", build="1.6", verifies=False)
    with pytest.raises(Exception, match="build 1.6 not found"):
        resolve_image(request, arch="x86_64", read=lambda url, limit: None)
    facts = [image for system, image in every_image() if image.variant == "uki"]
    assert {image.firmware for image in facts} == {(UEFI,)}
