"""What the first boot of a copy renews: the documents, and the script run on a folder that looks like a system."""

from __future__ import annotations

import email
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from virtprov.cloudinit import documents, renewal, seed
from virtprov.cloudinit.renewal import Renewal
from virtprov.cloudinit.seed_request import NAMES, SeedRequest
from virtprov.cloudinit.value_sources import Source
from virtprov.support.errors import InputError
from virtprov.support.logins import ssh_key

OLD, NEW = "52:54:00:aa:bb:01", "52:54:00:cc:dd:02"
MACS = Renewal(((OLD, NEW),))


def test_the_network_settings_ask_by_mac() -> None:
    both = Renewal(((OLD, "52:54:00:CC:DD:02"), ("", "52:54:00:cc:dd:03")))
    made = yaml.safe_load(seed.build(SeedRequest(renewal=both)).documents["network-config"])
    asks = {"dhcp4": True, "dhcp-identifier": "mac"}
    assert made == {
        "version": 2,
        "ethernets": {
            "nic0": {"match": {"macaddress": NEW}, **asks},
            "nic1": {"match": {"macaddress": "52:54:00:cc:dd:03"}, **asks, "optional": True},
        },
    }


def test_a_seed_of_a_copy() -> None:
    made = seed.build(SeedRequest(guest_name="web2", renewal=MACS)).documents
    user_data = yaml.safe_load(made["user-data"])
    ((program, *words),) = user_data["bootcmd"]
    assert (program, words[:2]) == ("cloud-init-per", ["instance", "virtprov-renew"])
    assert user_data["preserve_hostname"] is False and user_data["ssh_deletekeys"] is True
    assert yaml.safe_load(made["meta-data"])["local-hostname"] == "web2"
    assert NEW.encode() in made["network-config"]


def test_keys_of_other_types_stay_beside_the_one_of_the_seed() -> None:
    """The script has renewed them by then, and sshd may be told to use them."""
    key = ssh_key.generate()
    made = seed.build(SeedRequest(guest_name="web2", renewal=MACS, host_key=key)).documents
    user_data = yaml.safe_load(made["user-data"])
    assert user_data["ssh_deletekeys"] is False
    assert user_data["ssh_keys"] == {"ed25519_private": key.private, "ed25519_public": key.public}


def test_a_copy_without_interfaces_has_no_network_settings() -> None:
    assert "network-config" not in seed.build(SeedRequest(guest_name="web2", renewal=Renewal())).documents


def test_the_users_network_settings_are_used(tmp_path: Path) -> None:
    own = tmp_path / "net"
    own.write_text("version: 2\nethernets: {eth0: {dhcp4: true}}\n")
    made = seed.build(SeedRequest(guest_name="web2", renewal=MACS, network_config=str(own)))
    assert made.documents["network-config"] == own.read_bytes()


def test_the_users_bootcmd_is_kept() -> None:
    text = "#cloud-config\nbootcmd: [[touch, /run/mine]]\n"
    data = documents.user_data(SeedRequest(), documents.Wishes(renewal=MACS), Source("'ud'", text.encode())).data
    first, second = (part for part in email.message_from_bytes(data).walk() if not part.is_multipart())
    assert first.get_payload(decode=True) == text.encode()
    ours: Any = yaml.safe_load(bytes(second.get_payload(decode=True)))
    assert "virtprov-renew" in ours["bootcmd"][0] and "merge_how" in ours and "users" not in ours
    with pytest.raises(InputError, match="its 'bootcmd' is not a list"):
        documents.user_data(
            SeedRequest(), documents.Wishes(renewal=MACS), Source("'ud'", b"#cloud-config\nbootcmd: touch\n")
        )


def test_accounts_stay_as_they_are_unless_asked() -> None:
    made = yaml.safe_load(documents.user_data(SeedRequest(), documents.Wishes(renewal=MACS), None).data)
    assert made["users"] == []
    with_key = yaml.safe_load(
        documents.user_data(SeedRequest(), documents.Wishes(renewal=MACS, image_user_keys=("k",)), None).data
    )
    assert "users" not in with_key and with_key["ssh_authorized_keys"] == ["k"]


def test_it_is_no_sub_option() -> None:
    assert "renewal" not in NAMES and "hostname" in NAMES


def run_in(folder: Path, script: str) -> None:
    """Run the script with its system folders in `folder`, and programs that note their call."""
    programs = folder / "bin"
    programs.mkdir()
    calls = {
        "systemctl": 'test "$1" = -q',
        "systemd-machine-id-setup": f"echo 22222222222222222222222222222222 > {folder}/etc/machine-id",
        "ssh-keygen": 'for last; do :; done; echo new > "$last"; echo new > "$last.pub"',
        "ip": ":", "netplan": ":", "timeout": '"$@"',
    }  # fmt: skip
    for name, does in calls.items():
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\n{does}\n')
        (programs / name).chmod(0o755)
    (folder / "calls").write_text("")
    for top in ("/etc", "/run", "/var/lib", "/usr/lib"):
        script = script.replace(top, f"{folder}{top}")
    words = ["sh", "-c", script]
    done = subprocess.run(words, env={"PATH": f"{programs}:{os.environ['PATH']}"}, capture_output=True, timeout=30)
    assert done.returncode in (0, 1)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    files = {
        "etc/machine-id": "11111111111111111111111111111111\n",
        "etc/ssh/ssh_host_ed25519_key": "old",
        "etc/ssh/ssh_host_ed25519_key.pub": "old",
        "etc/ssh/ssh_config": "mine",
        "etc/systemd/network/20-lan.network": f"[Match]\nMACAddress={OLD.upper()}\n[Network]\nDHCP=yes\n",
        "etc/systemd/network/30-fixed.network": f"[Match]\nMACAddress={OLD}\n[Network]\nDHCP=no\nAddress=10.0.0.9/24\n",
        "etc/systemd/network/40-other.network": "[Match]\nName=eth9\n[Network]\nAddress=10.0.0.9/24\n",
        "etc/systemd/network/10-name.link": f"[Match]\nMACAddress={OLD}\n[Link]\nName=lan0\n",
        "etc/netplan/50-cloud-init.yaml": f"{{ethernets: {{a: {{match: {{macaddress: '{OLD}'}}, dhcp4: true}}}}}}\n",
        "etc/NetworkManager/system-connections/My net.nmconnection": f"mac-address={OLD}\n[ipv4]\nmethod=auto\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("run/systemd/netif/leases", "var/lib/dbus"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "run/systemd/netif/leases/2").write_text("ADDRESS=10.0.0.9\n")
    return tmp_path


def test_ids_and_keys_are_renewed(system: Path) -> None:
    run_in(system, renewal.script(MACS))
    assert (system / "etc/machine-id").read_text() == "2" * 32 + "\n"
    assert (system / "var/lib/dbus/machine-id").resolve() == system / "etc/machine-id"
    assert (system / "etc/ssh/ssh_host_ed25519_key").read_text() == "new\n"
    assert (system / "etc/ssh/ssh_config").read_text() == "mine"
    assert "ssh-keygen -q -t ed25519 -N  -f" in (system / "calls").read_text()


def test_an_empty_machine_id_is_left_to_systemd(system: Path) -> None:
    (system / "etc/machine-id").write_text("")
    run_in(system, renewal.script(MACS))
    assert (system / "etc/machine-id").read_text() == ""


def test_network_files_follow_the_mac_address(system: Path) -> None:
    run_in(system, renewal.script(MACS))
    etc, kept = system / "etc", system / renewal.KEPT.lstrip("/")
    for name in ("systemd/network/20-lan.network", "systemd/network/10-name.link", "netplan/50-cloud-init.yaml"):
        assert NEW in (etc / name).read_text() and OLD not in (etc / name).read_text().lower()
    assert NEW in (etc / "NetworkManager/system-connections/My net.nmconnection").read_text()
    assert not (etc / "systemd/network/30-fixed.network").exists()
    assert OLD in (kept / "30-fixed.network").read_text()
    assert (etc / "systemd/network/40-other.network").exists()
    assert "netplan apply" in (system / "calls").read_text()


def test_networkd_forgets_its_lease_and_asks_again(system: Path) -> None:
    run_in(system, renewal.script(MACS))
    assert not list((system / "run/systemd/netif/leases").iterdir())
    calls = (system / "calls").read_text()
    assert "systemctl kill --signal=KILL systemd-networkd" in calls and "systemctl restart systemd-networkd" in calls


def test_networkd_that_asks_by_mac_is_left_alone(system: Path) -> None:
    for name in ("10-name.link", "20-lan.network", "30-fixed.network", "40-other.network"):
        (system / "etc/systemd/network" / name).unlink()
    (system / "etc/netplan/50-cloud-init.yaml").unlink()
    (system / "etc/NetworkManager/system-connections/My net.nmconnection").unlink()
    (system / "run/systemd/network").mkdir()
    by_mac = "[Network]\nDHCP=ipv4\n[DHCPv4]\nClientIdentifier=mac\n"
    (system / "run/systemd/network/10-netplan-nic0.network").write_text(by_mac)
    run_in(system, renewal.script(MACS))
    assert "kill" not in (system / "calls").read_text()
    assert list((system / "run/systemd/netif/leases").iterdir())
