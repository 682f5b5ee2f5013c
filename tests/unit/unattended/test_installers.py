"""Which installer a system has, and how it gets its answers."""

from __future__ import annotations

import pytest

from virtprov.osinfo.find_profile import find, generic
from virtprov.support.errors import UsageError
from virtprov.unattended.installers import DISK, INITRD, KERNEL, find_installer, initrd_file, kernel_args

from . import sample

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")


@pytest.mark.parametrize(
    ("system", "name", "cdrom", "location"),
    [
        ("fedora43", "kickstart", DISK, INITRD),
        ("rhel6.9", "kickstart", DISK, INITRD),
        ("almalinux9", "kickstart", DISK, INITRD),
        ("debian13", "preseed", KERNEL, INITRD),
        ("ubuntu18.04", "preseed", KERNEL, INITRD),
        ("ubuntu20.04", "autoinstall", KERNEL, DISK),
        ("opensuse15.6", "autoyast", DISK, INITRD),
        ("opensuse42.3", "autoyast", DISK, INITRD),
        ("opensuse16.0", "agama", DISK, DISK),
        ("sles16.0", "agama", DISK, DISK),
        ("opensusetumbleweed", "tumbleweed", DISK, DISK),
        ("win7", "autounattend", DISK, ""),
        ("win2k22", "autounattend", DISK, ""),
        ("alpinelinux3.20", "alpine", DISK, DISK),
    ],
)
def test_the_installer_of_a_system(system: str, name: str, cdrom: str, location: str) -> None:
    found = find_installer(find(system, []))
    assert (found.name, found.cdrom, found.location) == (name, cdrom, location)


@pytest.mark.parametrize("system", ["freebsd14.0", "archlinux", "nixos-24.05", "solaris10", "winxp", "openbsd7.4"])
def test_a_system_without_answers_is_refused_by_name(system: str) -> None:
    profile = find(system, [])
    with pytest.raises(UsageError) as caught:
        find_installer(profile)
    assert profile.name in caught.value.message and "cloud image" in caught.value.hint


def test_an_unknown_system_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--unattended requires a known operating system") as caught:
        find_installer(generic())
    assert "--osinfo" in caught.value.hint


@pytest.mark.parametrize(
    ("system", "args"),
    [
        ("fedora17", ("ks=file:/fedora.ks",)),
        ("fedora43", ("inst.ks=file:/fedora.ks",)),
        ("rhel6.9", ("ks=file:/rhel.ks",)),
        ("rhel9.4", ("inst.ks=file:/rhel.ks",)),
        ("debian13", ("auto=true", "priority=critical")),
        ("ubuntu24.04", ("autoinstall",)),
        ("opensuse15.6", ("autoyast=file:///autoinst.xml",)),
        ("opensuse16.0", ()),
    ],
)
def test_what_the_kernel_is_told(system: str, args: tuple[str, ...]) -> None:
    profile = find(system, [])
    installer = find_installer(profile)
    assert kernel_args(installer, profile, initrd_file(installer, profile)) == args


def test_every_answer_on_a_disk_has_its_label() -> None:
    for installer in map(sample.installer_of, sample.SYSTEMS):
        ways = {installer.cdrom, installer.location}
        assert bool(installer.label) == (DISK in ways), installer.name
