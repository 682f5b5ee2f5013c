"""The entry of fw_cfg that enables cloud-init again: added, and removed with the seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.actions.seed import fw_cfg
from virtprov.actions.seed.replace import plan_eject
from virtprov.guest.document import Guest
from virtprov.host.connection import connect

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"
OWN = "<sysinfo type='fwcfg'><entry name='opt/mine'>x</entry></sysinfo>"
SMBIOS = "<sysinfo type='smbios'><system><entry name='serial'>s</entry></system></sysinfo>"


def guest(more: str = "", *, kind: str = "kvm", arch: str = "x86_64", machine: str = "q35") -> Guest:
    return Guest.parse(
        f"<domain type='{kind}'><name>g</name>{more}<os><type arch='{arch}' machine='{machine}'>hvm</type></os>"
        "<devices/></domain>"
    )


@pytest.mark.parametrize("more", ["", OWN, SMBIOS, SMBIOS + OWN])
def test_what_is_added_is_removed_with_the_seed(more: str) -> None:
    made = guest(more)
    before = made.text()
    fw_cfg.enable_cloud_init(made)
    assert "r! /etc/cloud/cloud-init.disabled" in made.text() and made.text().count('type="fwcfg"') == 1
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        assert "".join(plan_eject(made, host).guest.text().split()) == "".join(before.split())


def test_the_same_credential_of_others_is_left() -> None:
    own = OWN.replace("opt/mine", "opt/io.systemd.credentials/tmpfiles.extra")
    made = guest(own)
    assert not fw_cfg.enable_cloud_init(made) and made.text() == guest(own).text()
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        assert plan_eject(guest(own), host).guest.text() == guest(own).text()


@pytest.mark.parametrize(
    ("made", "is_possible"),
    [
        (guest(), True),
        (guest(arch="aarch64", machine="virt-8.2"), True),
        (guest(arch="s390x", machine="s390-ccw-virtio"), False),
        (guest(kind="xen"), False),
    ],
)
def test_machines_with_fw_cfg(made: Guest, is_possible: bool) -> None:
    assert fw_cfg.is_possible(made) is is_possible
    assert fw_cfg.enable_cloud_init(made) is is_possible
