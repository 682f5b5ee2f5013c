"""What goes into a new guest by options of its own, and a first login whose host key is known beforehand."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import last_line
from lab.guests import BOOT_DEADLINE, SSH, Shell, until
from lab.host import Done, Host
from lab.image import Image
from lab.web import serving

from tests.unit.unattended import sample

pytestmark = pytest.mark.live

NAME = "quay"
ADDRESS, ADDRESS6 = "192.168.122.220", "fd00:122::dc"
LOG = f"/var/log/libvirt/{NAME}.log"
DONE = "test -s /var/tmp/ran && test $(id -u) = 0"
"""Runs in the guest through ssh, because it has no channel for the agent."""
PACKAGE = "lab-crane"
CONTROL = f"""\
Package: {PACKAGE}
Version: 1.0
Architecture: all
Maintainer: Lab <lab@example.org>
Description: a package of the tests
"""
SCRIPT = "#!/bin/sh\necho lifted: straße\n"


class Made(NamedTuple):
    """The guest, what the command said, and the ssh configuration with its entry."""

    host: Host
    key: Path
    done: Done
    config: Path

    def ssh(self, command: str) -> Done:
        """Log in with nothing but the entry and the key; an unknown host key is refused."""
        words: list[str | Path] = [
            "ssh",
            "-F",
            self.config,
            "-i",
            self.key,
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=60",
            "-o",
            "ServerAliveInterval=30",  # the guest of a connection may reboot
        ]
        return self.host.execute([*words, NAME, command])

    def run(self, command: str) -> str:
        done = self.ssh(command)
        assert done.rc == 0, done.err
        return done.out.strip()


def make_repository(folder: Path) -> None:
    """A repository for apt in one folder, with one package."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(CONTROL)
    (tree / "opt").mkdir()
    (tree / "opt/crane").write_text("up\n")
    deb = folder / f"{PACKAGE}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", tree, deb], check=True, capture_output=True)
    shutil.rmtree(tree)
    size = deb.stat().st_size
    digest = subprocess.run(["sha256sum", deb], check=True, capture_output=True, text=True).stdout.split()[0]
    (folder / "Packages").write_text(f"{CONTROL}Filename: ./{deb.name}\nSize: {size}\nSHA256: {digest}\n")


def publish_image(folder: Path, image: Image) -> None:
    """Publish the image as Debian does: a description has the digest in base64."""
    name, build = "debian-12-generic-amd64", "20260801-2200"
    place = folder / "images/cloud/bookworm"
    (place / build).mkdir(parents=True)
    (place / "latest").mkdir()
    disk = place / build / f"{name}-{build}.qcow2"
    disk.symlink_to(image.disk)
    with image.disk.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode().rstrip("=")
    facts = {"kind": "Upload", "data": {"ref": f"bookworm/{build}/{disk.name}"}}
    facts |= {"metadata": {"annotations": {"cloud.debian.org/digest": f"sha512:{digest}"}}}
    (place / f"latest/{name}.json").write_text(json.dumps({"items": [facts]}))


def make_authority(folder: Path) -> Path:
    """A certificate of a CA of its own."""
    path = folder / "ca.pem"
    argv = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {folder}/ca.key -out {path} -days 30 -subj".split()
    subprocess.run([*argv, "/CN=Harbour CA"], check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def made(lab: Host, image: Image, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The guest, made by one command that waits until it is ready."""
    folder = tmp_path_factory.mktemp("words")
    make_repository(folder)
    publish_image(folder, image)
    (folder / "crane.sh").write_text(SCRIPT)
    (folder / "crane.sh").chmod(0o750)
    (folder / "sources").write_text("deb [trusted=yes] http://192.168.122.1:8000/ ./\n")
    config = lab.state / "home/ssh-config"
    config.write_text("Host other\n    User me\n")
    words: list[str | Path] = [
        *("virtprov-install", "--virt-type", "qemu", "--name", NAME, "--image", "debian12"),
        *("--image-mirror", "http://192.168.122.1:8000", "--disk", "size=3"),
        *("--memory", "768", "--vcpus", "1", "--graphics", "none", "--noautoconsole"),
        *("--channel", "none", "--wait", f"ready,run={DONE},timeout=15m"),
        *("--network", f"network=default,static={ADDRESS}/24,{ADDRESS6}/64,gateway=192.168.122.1,dns=192.168.122.1"),
        *("--ssh-key", f"{key}.pub", "--timezone", "Asia/Tokyo", "--package", PACKAGE),
        *("--write", f"{folder}/crane.sh:/usr/local/bin/crane", "--write", f"{folder}/sources:/etc/apt/sources.list"),
        *("--run", "crane > /var/tmp/ran", "--run", "cat /opt/crane >> /var/tmp/ran"),
        *("--ca-certs", make_authority(folder), "--ssh-config", config, "--serial", f"pty,log.file={LOG}"),
    ]
    with serving(lab, folder):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(lab.inside(lab.own(words)), text=True, **pipes)  # type: ignore[call-overload]
        last_line.measure(NAME, lab.uri, process, lab.outside(LOG))
        out, err = process.communicate(timeout=1200)
    done = Done(process.returncode, out, err)
    assert done.rc == 0, done.out + done.err
    yield Made(lab, key, done, config)
    lab.try_virsh("destroy", NAME)
    lab.virsh("undefine", NAME, "--remove-all-storage")
    assert lab.run(["virtprov-install", "--image-cache", "prune"]).rc == 0


def test_the_first_login_is_verified(made: Made) -> None:
    done = made.ssh("id -un; hostname; sudo -n id -un")
    assert (done.rc, done.out.split()) == (0, ["debian", NAME, "root"]), done.err
    assert done.err == "", "nothing is asked and nothing is added: the host key was known"
    entry = made.config.read_text()
    assert entry.startswith("Host other\n    User me\n") and f"    HostName {ADDRESS}\n" in entry
    assert "    StrictHostKeyChecking yes\n" in entry


def test_what_was_waited_for_is_so(made: Made) -> None:
    state, *_, disk = made.done.out.splitlines()
    assert state == f"Guest '{NAME}' is running and ready."
    assert disk.startswith("  disk:") and "not connected" not in made.done.err


def test_cloud_init_finds_nothing_wrong_with_the_seed(made: Made) -> None:
    """By cloud-init's own schema."""
    said = made.run("sudo cloud-init schema --system 2>&1")
    assert "Valid" in said and "Invalid" not in said and "deprecated" not in said.lower(), said


def test_cloud_init_takes_the_answers_for_ubuntus_installer(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are user-data of cloud-init, which passes on the key `autoinstall`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wanted = sample.everything("ubuntu24.04", tmp_path)
    data = base64.b64encode(sample.text(wanted, "ubuntu24.04", tmp_path).encode()).decode()
    said = made.run(f"echo {data} | base64 -d > answers; cloud-init schema --config-file answers 2>&1")
    assert "Valid" in said and "Invalid" not in said, said


def test_another_host_key_is_refused(made: Made) -> None:
    uuid = made.host.virsh("domuuid", NAME)
    known = made.host.state / "home/.local/state/virtprov/known_hosts" / uuid
    assert stat.S_IMODE(known.stat().st_mode) == 0o600
    text = known.read_text()
    try:
        other = made.key.with_suffix(".pub").read_text().split()[1]
        known.write_text(f"{uuid} ssh-ed25519 {other}\n")
        refused = made.ssh("true")
    finally:
        known.write_text(text)
    assert refused.rc == 255 and "Host key verification failed" in refused.err


def test_only_the_seeds_host_key_is_there(made: Made) -> None:
    assert made.run("ls /etc/ssh/ssh_host_*_key; stat -c %a /etc/ssh/ssh_host_ed25519_key").split() == [
        "/etc/ssh/ssh_host_ed25519_key",
        "600",
    ]


def test_root_does_not_get_the_key(made: Made) -> None:
    refused = made.host.execute([*SSH, "-i", made.key, f"root@{ADDRESS}", "true"])
    assert refused.rc != 0


def test_time_zone_packages_files_and_commands_are_inside(made: Made) -> None:
    assert made.run("date +%Z; readlink -f /etc/localtime").split() == ["JST", "/usr/share/zoneinfo/Asia/Tokyo"]
    assert made.run(f"dpkg-query -W -f '${{Status}}' {PACKAGE}") == "install ok installed"
    assert (
        made.run("stat -c '%a %U' /usr/local/bin/crane; sudo cat /usr/local/bin/crane") == f"750 root\n{SCRIPT}".strip()
    )
    assert made.run("cat /var/tmp/ran") == "lifted: straße\nup"


def test_the_authority_is_trusted(made: Made) -> None:
    folders = "/usr/share/ca-certificates /usr/local/share/ca-certificates"  # older and newer versions of cloud-init
    files = made.run(f"find {folders} -name 'cloud-init-ca-cert*'").split()
    assert made.run(f"openssl verify -CApath /etc/ssl/certs {files[0]}").endswith(": OK")


def test_the_address_is_fixed(made: Made) -> None:
    listed = json.loads(made.run("ip -json address show scope global"))
    found = {(each["local"], each["prefixlen"]) for one in listed for each in one["addr_info"] if each}
    assert {(ADDRESS, 24), (ADDRESS6, 64)} <= found
    assert made.run("ip -4 route show default").startswith("default via 192.168.122.1 ")


def test_nothing_secret_is_left_here(made: Made) -> None:
    assert "-seed" not in made.host.virsh("vol-list", "default")
    left = subprocess.run(["grep", "-rl", "PRIVATE KEY", made.host.state / "home"], capture_output=True, text=True)
    assert left.stdout == ""
    shown = made.done.out + made.done.err
    assert "PRIVATE" not in shown and "Traceback" not in shown


def test_the_guest_keeps_its_key_and_its_address(made: Made) -> None:
    """The guest itself reboots: its QEMU process stays, and with it the serial number that names the seed."""
    shell = Shell(made.host, ADDRESS, "debian", made.key)
    which = "cat /proc/sys/kernel/random/boot_id"
    before = made.run(which)
    made.ssh("sudo systemctl reboot")
    until(
        "the guest has rebooted",
        lambda: shell.try_run(which).out.strip() not in ("", before),
        lambda seconds: time.sleep(min(seconds, 0.5)),
        BOOT_DEADLINE,
    )
    assert made.run("hostname") == NAME
